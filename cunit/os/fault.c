/* fault.c - see fault.h; without <unistd.h>, whose inline functions of a fortified build
 * would be in the way */
#include "cunit/os/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>

struct iovec;

long syscall(long number, ...);
ssize_t read(int fd, void *p, size_t n);
ssize_t pread(int fd, void *p, size_t n, off_t at);
ssize_t write(int fd, const void *p, size_t n);
ssize_t pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t writev(int fd, const struct iovec *iov, int n);
int fsync(int fd);
int fdatasync(int fd);
int ftruncate(int fd, off_t size);
int rename(const char *from, const char *to);
int link(const char *from, const char *to);
int mkdir(const char *path, mode_t mode);
int open(const char *path, int flags, ...);

static struct {
    struct {
        int nth, times, errno_value, calls;
    } call[FAULT_NCALLS];
    size_t most;                        /* 0: no limit */
    bool interrupt;                     /* the next transfer */
} plan;

void fault_fail(enum fault_call c, int nth, int times, int errno_value)
{
    plan.call[c].nth = plan.call[c].calls + nth;
    plan.call[c].times = times;
    plan.call[c].errno_value = errno_value;
}

void fault_short(size_t n)
{
    plan.most = n;
}

void fault_clear(void)
{
    memset(&plan, 0, sizeof plan);
}

int fault_calls(enum fault_call c)
{
    return plan.call[c].calls;
}

/* Count the call; true: it shall fail. */
static bool fails(enum fault_call c)
{
    int n = ++plan.call[c].calls;

    if (!plan.call[c].nth || n < plan.call[c].nth || n >= plan.call[c].nth + plan.call[c].times)
        return false;
    errno = plan.call[c].errno_value;
    return true;
}

/* The same for a transfer, which may also be cut and interrupted. */
static bool transfer_fails(enum fault_call c, size_t *n)
{
    if (fails(c))
        return true;
    if (!plan.most)
        return false;
    plan.interrupt = !plan.interrupt;
    if (plan.interrupt) {
        errno = EINTR;
        return true;
    }
    if (*n > plan.most)
        *n = plan.most;
    return false;
}

ssize_t read(int fd, void *p, size_t n)
{
    return transfer_fails(FAULT_READ, &n) ? -1 : syscall(SYS_read, fd, p, n);
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
    return transfer_fails(FAULT_READ, &n) ? -1 : syscall(SYS_pread64, fd, p, n, at);
}

ssize_t write(int fd, const void *p, size_t n)
{
    return transfer_fails(FAULT_WRITE, &n) ? -1 : syscall(SYS_write, fd, p, n);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    return transfer_fails(FAULT_WRITE, &n) ? -1 : syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t writev(int fd, const struct iovec *iov, int n)
{
    /* a limited one moves a part of its first piece */
    const struct { const void *base; size_t len; } *first = (const void *)iov;
    size_t len = n ? first->len : 0;

    if (transfer_fails(FAULT_WRITEV, &len))
        return -1;
    return plan.most ? syscall(SYS_write, fd, first->base, len) : syscall(SYS_writev, fd, iov, n);
}

int fsync(int fd)
{
    return fails(FAULT_SYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return fails(FAULT_DATASYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t size)
{
    return fails(FAULT_TRUNCATE) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int rename(const char *from, const char *to)
{
    return fails(FAULT_RENAME) ? -1 : (int)syscall(SYS_renameat2, -100, from, -100, to, 0);
}

int link(const char *from, const char *to)
{
    return fails(FAULT_LINK) ? -1 : (int)syscall(SYS_linkat, -100, from, -100, to, 0);
}

int mkdir(const char *path, mode_t mode)
{
    return fails(FAULT_MKDIR) ? -1 : (int)syscall(SYS_mkdirat, -100, path, mode);
}

int open(const char *path, int flags, ...)
{
    va_list ap;

    va_start(ap, flags);
    mode_t mode = va_arg(ap, mode_t);
    va_end(ap);
    return fails(FAULT_OPEN) ? -1 : (int)syscall(SYS_openat, -100, path, flags, mode);
}

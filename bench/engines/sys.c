/* sys.c - system calls that end the program on failure: see engines.h */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "bench/driver/drive.h"
#include "bench/engines/engines.h"

static void check(bool ok, const char *what)
{
    if (!ok)
        drive_cannot("%s: %s", what, strerror(errno));
}

void sys_lock(int fd, enum hold hold, int64_t byte)
{
    static const short types[] = { F_RDLCK, F_WRLCK, F_UNLCK };
    struct flock l = { .l_type = types[hold], .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

    check(fcntl(fd, F_SETLKW, &l) == 0, "fcntl");
}

bool sys_try_lock(int fd, int64_t byte)
{
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
    int rc = fcntl(fd, F_SETLK, &l);

    check(rc == 0 || errno == EACCES || errno == EAGAIN, "fcntl");
    return rc == 0;
}

int sys_open(int dir, const char *name, int flags)
{
    int fd = openat(dir, name, flags | O_CLOEXEC, 0600);

    check(fd >= 0, name);
    return fd;
}

void sys_read(int fd, void *to, size_t n, int64_t at)
{
    check(pread(fd, to, n, at) == (ssize_t)n, "pread");
}

void sys_write(int fd, const void *from, size_t n, int64_t at)
{
    check(pwrite(fd, from, n, at) == (ssize_t)n, "pwrite");
}

void sys_fsync(struct task *t, int fd)
{
    __atomic_add_fetch(&t->syncs, 1, __ATOMIC_RELAXED);
    check(fsync(fd) == 0, "fsync");
}

void sys_fdatasync(struct task *t, int fd)
{
    t->syncs++;
    check(fdatasync(fd) == 0, "fdatasync");
}

void sys_syncfs(struct task *t)
{
    t->syncs++;
    check(syncfs(t->top) == 0, "syncfs");
}

/* interpose_file.c - the wrapped calls that change files: see interpose.h
 *
 * Each does_*() makes one change and, in a recorded run, writes it down under the log's lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cunit/lab/lab_core.h"
#include "cunit/lab/lab_write.h"

/* The 64-bit name of a function is the same function. */
#define ALSO(type, name, of, ...) type name(__VA_ARGS__) __attribute__((alias(#of)))

/* One change without data: made, and on success noted, as one step. */
#define CHANGE(op, call, ...)                                      \
    ({                                                             \
        bool rec_ = lab_recording(op);                             \
        if (rec_)                                                  \
            lab_log_lock();                                        \
        long done_ = (call);                                       \
        int saved_ = errno;                                        \
        if (rec_) {                                                \
            if (done_ >= 0)                                        \
                lab_log(&(struct lab_note){ __VA_ARGS__ });        \
            lab_log_unlock();                                      \
        }                                                          \
        errno = saved_;                                            \
        done_;                                                     \
    })

/* ---- open ---- */

static long does_open(struct lab_op *op, int dirfd, const char *path, int flags, mode_t mode)
{
    bool rec = (flags & (O_CREAT | O_TRUNC)) && lab_recording(op);

    if (!rec)
        return syscall(SYS_openat, dirfd, path, flags, mode);
    lab_log_lock();
    uint64_t before = lab_ino_at(op->path);
    long fd = syscall(SYS_openat, dirfd, path, flags, mode);
    int saved = errno;
    if (fd >= 0) {
        uint64_t ino = lab_ino((int)fd);
        struct lab_note n = { .type = EV_CREATE, .path = op->path, .ino = ino, .arg = mode };
        if (before) {                   /* it was there: at most its bytes are gone */
            n.type = EV_TRUNCATE;
            n.arg = 0;
        }
        if (!before || (flags & O_TRUNC))
            lab_log(&n);
    }
    lab_log_unlock();
    errno = saved;
    return fd;
}

static int open_any(int dirfd, const char *path, int flags, mode_t mode)
{
    struct lab_op op;

    lab_op_path(&op, flags & (O_CREAT | O_TRUNC) ? LAB_CREATE : LAB_OPEN, dirfd, path);
    return (int)LAB_RUN(&op, -1, does_open(&op, dirfd, path, flags, mode));
}

/* The mode is there only when a file may be made. */
#define MODE_ARGUMENT(flags)                                  \
    ({                                                        \
        mode_t mode_ = 0;                                     \
        if ((flags) & (O_CREAT | __O_TMPFILE)) {              \
            va_list ap_;                                      \
            va_start(ap_, flags);                             \
            mode_ = (mode_t)va_arg(ap_, int);                 \
            va_end(ap_);                                      \
        }                                                     \
        mode_;                                                \
    })

int open(const char *path, int flags, ...)
{
    return open_any(AT_FDCWD, path, flags, MODE_ARGUMENT(flags));
}
ALSO(int, open64, open, const char *path, int flags, ...);

int openat(int dirfd, const char *path, int flags, ...)
{
    return open_any(dirfd, path, flags, MODE_ARGUMENT(flags));
}
ALSO(int, openat64, openat, int dirfd, const char *path, int flags, ...);

int creat(const char *path, mode_t mode)
{
    return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
ALSO(int, creat64, creat, const char *path, mode_t mode);

int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0);
}
ALSO(int, __open64_2, __open_2, const char *path, int flags);

int __openat_2(int dirfd, const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags)
{
    return open_any(dirfd, path, flags, 0);
}
ALSO(int, __openat64_2, __openat_2, int dirfd, const char *path, int flags);

/* ---- writes ---- */

ssize_t write(int fd, const void *p, size_t n)
{
    struct iovec v = { (void *)p, n };

    return lab_write(LAB_WRITE, fd, &v, 1, LAB_HERE, 0);
}

ssize_t writev(int fd, const struct iovec *v, int nv)
{
    return lab_write(LAB_WRITEV, fd, v, nv, LAB_HERE, 0);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    struct iovec v = { (void *)p, n };

    return lab_write(LAB_PWRITE, fd, &v, 1, at, 0);
}
ALSO(ssize_t, pwrite64, pwrite, int fd, const void *p, size_t n, off_t at);

ssize_t pwritev(int fd, const struct iovec *v, int nv, off_t at)
{
    return lab_write(LAB_PWRITEV, fd, v, nv, at, 0);
}
ALSO(ssize_t, pwritev64, pwritev, int fd, const struct iovec *v, int nv, off_t at);

ssize_t pwritev2(int fd, const struct iovec *v, int nv, off_t at, int flags)
{
    return lab_write(LAB_PWRITEV, fd, v, nv, at, flags);
}
ALSO(ssize_t, pwritev64v2, pwritev2, int fd, const struct iovec *v, int nv, off_t at, int flags);

ssize_t copy_file_range(int in, off_t *in_at, int out, off_t *out_at, size_t n, unsigned flags)
{
    struct lab_op op;

    lab_op_fd(&op, LAB_COPY_RANGE, out, LAB_SEND);
    enum lab_verdict v = lab_before(&op);
    long r = v == LAB_PRETEND ? (long)n : -1;
    if (v == LAB_MAKE)
        r = lab_does_copy(&op, out, out_at, syscall(SYS_copy_file_range, in, in_at, out, out_at,
                                                    lab_allowed(&op, n), flags));
    return lab_after(&op, r, (long)n);
}

ssize_t sendfile(int out, int in, off_t *at, size_t n)
{
    struct lab_op op;

    lab_op_fd(&op, LAB_COPY_RANGE, out, LAB_SEND);
    enum lab_verdict v = lab_before(&op);
    long r = v == LAB_PRETEND ? (long)n : -1;
    if (v == LAB_MAKE)
        r = lab_does_copy(&op, out, NULL, syscall(SYS_sendfile, out, in, at, lab_allowed(&op, n)));
    return lab_after(&op, r, (long)n);
}
ALSO(ssize_t, sendfile64, sendfile, int out, int in, off_t *at, size_t n);

/* ---- size ---- */

int ftruncate(int fd, off_t size)
{
    struct lab_op op;

    lab_op_fd(&op, LAB_TRUNCATE, fd, LAB_NCALLS);
    return (int)LAB_RUN(&op, 0, CHANGE(&op, syscall(SYS_ftruncate, fd, size), .type = EV_TRUNCATE,
                                       .ino = lab_ino(fd), .at = (uint64_t)size));
}
ALSO(int, ftruncate64, ftruncate, int fd, off_t size);

int truncate(const char *path, off_t size)
{
    struct lab_op op;

    lab_op_path(&op, LAB_TRUNCATE, AT_FDCWD, path);
    return (int)LAB_RUN(&op, 0, CHANGE(&op, syscall(SYS_truncate, path, size), .type = EV_TRUNCATE,
                                       .ino = lab_ino_at(op.path), .at = (uint64_t)size));
}
ALSO(int, truncate64, truncate, const char *path, off_t size);

int fallocate(int fd, int mode, off_t at, off_t n)
{
    struct lab_op op;

    lab_op_fd(&op, LAB_FALLOCATE, fd, LAB_NCALLS);
    return (int)LAB_RUN(&op, 0, lab_does_fallocate(&op, fd, mode, at, n));
}
ALSO(int, fallocate64, fallocate, int fd, int mode, off_t at, off_t n);

/* Returns the error; errno is left alone. */
int posix_fallocate(int fd, off_t at, off_t n)
{
    int saved = errno;
    int r = fallocate(fd, 0, at, n) < 0 ? errno : 0;

    errno = saved;
    return r;
}
ALSO(int, posix_fallocate64, posix_fallocate, int fd, off_t at, off_t n);

/* ---- syncs ---- */

/* The call itself is made without the lock: others go on writing, and are not covered by it. */
static long does_sync(struct lab_op *op, int fd, long number, enum lab_event_type begin)
{
    uint64_t at = 0;
    bool rec = lab_recording(op);
    struct lab_note n = { .type = begin, .path = op->path, .ino = rec ? lab_ino(fd) : 0 };

    if (rec) {
        lab_log_lock();
        at = lab_log(&n);
        lab_log_unlock();
    }
    long r = syscall(number, fd);
    int saved = errno;
    if (rec && r >= 0) {
        n.type = begin == EV_SYNC_BEGIN ? EV_SYNC_END : EV_SYNCFS_END;
        n.at = at;
        lab_log_lock();
        lab_log(&n);
        lab_log_unlock();
    }
    errno = saved;
    return r;
}

int fsync(int fd)
{
    struct lab_op op;

    lab_op_fd(&op, LAB_FSYNC, fd, LAB_NCALLS);
    return (int)LAB_RUN(&op, 0, does_sync(&op, fd, SYS_fsync, EV_SYNC_BEGIN));
}

int fdatasync(int fd)
{
    struct lab_op op;

    lab_op_fd(&op, LAB_FDATASYNC, fd, LAB_NCALLS);
    return (int)LAB_RUN(&op, 0, does_sync(&op, fd, SYS_fdatasync, EV_SYNC_BEGIN));
}

int syncfs(int fd)
{
    struct lab_op op;

    lab_op_fd(&op, LAB_SYNCFS, fd, LAB_NCALLS);
    return (int)LAB_RUN(&op, 0, does_sync(&op, fd, SYS_syncfs, EV_SYNCFS_BEGIN));
}

/* Starts or awaits writing back, which is no promise: nothing is noted. */
int sync_file_range(int fd, off_t at, off_t n, unsigned flags)
{
    struct lab_op op;

    lab_op_fd(&op, LAB_SYNC_RANGE, fd, LAB_NCALLS);
    return (int)LAB_RUN(&op, 0, syscall(SYS_sync_file_range, fd, at, n, flags));
}

/* ---- names ---- */

int renameat2(int fromfd, const char *from, int tofd, const char *to, unsigned flags)
{
    struct lab_op op, target;

    lab_op_path(&op, LAB_RENAME, fromfd, from);
    lab_op_path(&target, LAB_RENAME, tofd, to);
    return (int)LAB_RUN(&op, 0, CHANGE(&op, syscall(SYS_renameat2, fromfd, from, tofd, to, flags),
                                       .type = EV_RENAME, .path = op.path, .path2 = target.path,
                                       .arg = flags));
}

int renameat(int fromfd, const char *from, int tofd, const char *to)
{
    return renameat2(fromfd, from, tofd, to, 0);
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int fromfd, const char *from, int tofd, const char *to, int flags)
{
    struct lab_op op, source;

    lab_op_path(&source, LAB_LINK, fromfd, from);
    lab_op_path(&op, LAB_LINK, tofd, to);
    return (int)LAB_RUN(&op, 0, CHANGE(&op, syscall(SYS_linkat, fromfd, from, tofd, to, flags),
                                       .type = EV_LINK, .path = source.path, .path2 = op.path));
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int symlinkat(const char *text, int dirfd, const char *path)
{
    struct lab_op op;

    lab_op_path(&op, LAB_LINK, dirfd, path);
    return (int)LAB_RUN(&op, 0, CHANGE(&op, syscall(SYS_symlinkat, text, dirfd, path),
                                       .type = EV_SYMLINK, .path = text, .path2 = op.path));
}

int symlink(const char *text, const char *path)
{
    return symlinkat(text, AT_FDCWD, path);
}

int unlinkat(int dirfd, const char *path, int flags)
{
    struct lab_op op;
    bool dir = flags & AT_REMOVEDIR;

    lab_op_path(&op, dir ? LAB_RMDIR : LAB_UNLINK, dirfd, path);
    return (int)LAB_RUN(&op, 0, CHANGE(&op, syscall(SYS_unlinkat, dirfd, path, flags),
                                       .type = dir ? EV_RMDIR : EV_UNLINK, .path = op.path));
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
    struct lab_op op;

    lab_op_path(&op, LAB_MKDIR, dirfd, path);
    return (int)LAB_RUN(&op, 0, CHANGE(&op, syscall(SYS_mkdirat, dirfd, path, mode),
                                       .type = EV_MKDIR, .path = op.path, .arg = mode,
                                       .ino = lab_ino_at(op.path)));
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

/* ---- attributes ---- */

/* The time as the file has it afterwards. */
static uint64_t time_of(int dirfd, const char *path, int flags)
{
    struct stat st;

    if (fstatat(dirfd, path, &st, flags) < 0)
        return 0;
    return (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
}

int utimensat(int dirfd, const char *path, const struct timespec t[2], int flags)
{
    struct lab_op op;

    lab_op_path(&op, LAB_UTIMES, dirfd, path);
    return (int)LAB_RUN(&op, 0, CHANGE(&op, syscall(SYS_utimensat, dirfd, path, t, flags),
                                       .type = EV_TIMES, .ino = lab_ino_at(op.path),
                                       .arg = time_of(dirfd, path, flags)));
}

int futimens(int fd, const struct timespec t[2])
{
    struct lab_op op;

    lab_op_fd(&op, LAB_UTIMES, fd, LAB_NCALLS);
    return (int)LAB_RUN(&op, 0, CHANGE(&op, syscall(SYS_utimensat, fd, NULL, t, 0),
                                       .type = EV_TIMES, .ino = lab_ino(fd),
                                       .arg = time_of(fd, "", AT_EMPTY_PATH)));
}

int fchmod(int fd, mode_t mode)
{
    struct lab_op op;

    lab_op_fd(&op, LAB_CHMOD, fd, LAB_NCALLS);
    return (int)LAB_RUN(&op, 0, CHANGE(&op, syscall(SYS_fchmod, fd, mode), .type = EV_MODE,
                                       .ino = lab_ino(fd), .arg = mode));
}

int chmod(const char *path, mode_t mode)
{
    struct lab_op op;

    lab_op_path(&op, LAB_CHMOD, AT_FDCWD, path);
    return (int)LAB_RUN(&op, 0, CHANGE(&op, syscall(SYS_chmod, path, mode), .type = EV_MODE,
                                       .ino = lab_ino_at(op.path), .arg = mode));
}

/* lab_write.c - see lab_write.h */
#include "cunit/lab/lab_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cunit/lab/lab_net.h"

/* A write that is put off (LAB_LATER): one per process. */
static struct {
    char *bytes;
    size_t n;
    int fd;
    off_t at;
    uint64_t after; /* changes to come before it */
} later;

static size_t total(const struct iovec *v, int nv)
{
    size_t n = 0;

    for (int i = 0; i < nv; i++)
        n += v[i].iov_len;
    return n;
}

/* The first n bytes in one piece of memory, outside of malloc (whose failures may be planned). */
static char *gather(const struct iovec *v, int nv, size_t n)
{
    char *all = (char *)syscall(SYS_mmap, NULL, n + 1, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
    size_t have = 0;

    if (all == MAP_FAILED)
        abort();
    for (int i = 0; i < nv && have < n; i++) {
        size_t piece = v[i].iov_len < n - have ? v[i].iov_len : n - have;
        memcpy(all + have, v[i].iov_base, piece);
        have += piece;
    }
    return all;
}

static void release(char *all, size_t n)
{
    syscall(SYS_munmap, all, n + 1);
}

static long raw_write(int fd, const struct iovec *v, int nv, off_t at, int flags)
{
    if (flags)
        return syscall(SYS_pwritev2, fd, v, nv, at, (off_t)0, flags);
    if (at == LAB_HERE)
        return nv == 1 ? syscall(SYS_write, fd, v->iov_base, v->iov_len)
                       : syscall(SYS_writev, fd, v, nv);
    return nv == 1 ? syscall(SYS_pwrite64, fd, v->iov_base, v->iov_len, at)
                   : syscall(SYS_pwritev, fd, v, nv, at, (off_t)0);
}

/* A write to a file opened with O_SYNC or O_DSYNC, or with RWF_DSYNC, is a sync of that file too.
 */
static bool is_synchronous(int fd, int flags)
{
    return (flags & (RWF_SYNC | RWF_DSYNC)) || (syscall(SYS_fcntl, fd, F_GETFL) & O_DSYNC);
}

static void note_sync(const struct lab_op *op, int fd)
{
    struct lab_note n = { .type = EV_SYNC_BEGIN, .path = op->path, .ino = lab_ino(fd) };

    n.at = lab_log(&n);
    n.type = EV_SYNC_END;
    lab_log(&n);
}

static long recorded_write(struct lab_op *op, int fd, const struct iovec *v, int nv, off_t at,
                           int flags)
{
    lab_log_lock();
    long r = raw_write(fd, v, nv, at, flags);
    int saved = errno;
    if (r > 0) {
        off_t end = syscall(SYS_lseek, fd, (off_t)0, SEEK_CUR);
        char *all = gather(v, nv, (size_t)r);
        lab_log(&(struct lab_note){ .type = EV_WRITE,
                                    .ino = lab_ino(fd),
                                    .data = all,
                                    .n = (size_t)r,
                                    .at = (uint64_t)(at == LAB_HERE ? end - r : at) });
        release(all, (size_t)r);
        if (is_synchronous(fd, flags))
            note_sync(op, fd);
    }
    lab_log_unlock();
    errno = saved;
    return r;
}

/* At most n bytes of v. */
static long does_write(struct lab_op *op, int fd, const struct iovec *v, int nv, size_t n, off_t at,
                       int flags)
{
    bool rec = op->call != LAB_SEND && lab_recording(op);
    struct iovec one;

    if (n < total(v, nv)) {
        one = (struct iovec){ gather(v, nv, n), n };
        long r =
            rec ? recorded_write(op, fd, &one, 1, at, flags) : raw_write(fd, &one, 1, at, flags);
        release(one.iov_base, n);
        return r;
    }
    return rec ? recorded_write(op, fd, v, nv, at, flags) : raw_write(fd, v, nv, at, flags);
}

/* ---- put off ---- */

static void make_later_write(void)
{
    struct iovec v = { later.bytes, later.n };
    struct lab_op op;

    lab_op_fd(&op, LAB_PWRITE, later.fd, LAB_NCALLS);
    does_write(&op, later.fd, &v, 1, later.n, later.at, 0);
    syscall(SYS_close, later.fd);
    release(later.bytes, later.n);
    later.bytes = NULL;
}

void lab_tick(void)
{
    if (later.bytes && --later.after == 0)
        make_later_write();
}

static long put_off(const struct lab_op *op, int fd, const struct iovec *v, int nv, off_t at)
{
    size_t n = total(v, nv);

    if (later.bytes)
        make_later_write();
    later.at = at;
    if (at == LAB_HERE) {
        later.at = syscall(SYS_lseek, fd, (off_t)0, SEEK_CUR);
        syscall(SYS_lseek, fd, (off_t)n, SEEK_CUR);
    }
    later.bytes = gather(v, nv, n);
    later.n = n;
    later.fd = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3);
    later.after = op->rule->count ? op->rule->count : 1;
    return (long)n;
}

/* ---- the whole ---- */

ssize_t lab_write(enum lab_call call, int fd, const struct iovec *v, int nv, off_t at, int flags)
{
    struct lab_op op;
    long all = (long)total(v, nv), r = -1;

    lab_op_fd(&op, call, fd, LAB_SEND);
    enum lab_verdict verdict = lab_before(&op);
    if (verdict == LAB_PRETEND)
        r = all;
    else if (verdict == LAB_MAKE && op.rule && op.rule->action == LAB_LATER && op.call != LAB_SEND)
        r = put_off(&op, fd, v, nv, at);
    else if (verdict == LAB_MAKE && op.watched && op.call == LAB_SEND)
        r = lab_does_send(&op, fd, v, nv, lab_allowed(&op, (size_t)all));
    else if (verdict == LAB_MAKE)
        r = does_write(&op, fd, v, nv, lab_allowed(&op, (size_t)all), at, flags);
    return lab_after(&op, r, all);
}

/* What has arrived in the file is read back: the source may be anything. */
long lab_does_copy(struct lab_op *op, int out, const off_t *out_at, long done)
{
    int saved = errno;

    if (done > 0 && op->call == LAB_SEND)
        lab_note_sendfile(op, out, (size_t)done);
    else if (done > 0 && lab_recording(op)) {
        off_t end = out_at ? *out_at : syscall(SYS_lseek, out, (off_t)0, SEEK_CUR);
        char path[32];
        snprintf(path, sizeof path, "/proc/self/fd/%d", out);
        int again = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
        char *bytes = gather(NULL, 0, (size_t)done);
        lab_log_lock();
        if (syscall(SYS_pread64, again, bytes, (size_t)done, end - done) == done)
            lab_log(&(struct lab_note){ .type = EV_WRITE,
                                        .ino = lab_ino(out),
                                        .data = bytes,
                                        .n = (size_t)done,
                                        .at = (uint64_t)(end - done) });
        lab_log_unlock();
        release(bytes, (size_t)done);
        syscall(SYS_close, again);
    }
    errno = saved;
    return done;
}

long lab_does_fallocate(struct lab_op *op, int fd, int mode, off_t at, off_t n)
{
    static const char zero[4096];
    bool rec = lab_recording(op);

    if (rec)
        lab_log_lock();
    long r = syscall(SYS_fallocate, fd, mode, at, n);
    int saved = errno;
    if (rec && r >= 0) {
        if (!(mode & FALLOC_FL_KEEP_SIZE))
            lab_log(&(struct lab_note){
                .type = EV_EXTEND, .ino = lab_ino(fd), .at = (uint64_t)(at + n) });
        for (off_t end = at + n;
             (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) && at < end;) {
            size_t piece = end - at < (off_t)sizeof zero ? (size_t)(end - at) : sizeof zero;
            lab_log(&(struct lab_note){ .type = EV_WRITE,
                                        .ino = lab_ino(fd),
                                        .data = zero,
                                        .n = piece,
                                        .at = (uint64_t)at });
            at += (off_t)piece;
        }
    }
    if (rec)
        lab_log_unlock();
    errno = saved;
    return r;
}

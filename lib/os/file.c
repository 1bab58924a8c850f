/* file.c - see file.h; replacing and copying are in file_replace.c */
#include "lib/os/file.h"
#include "lib/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    TRANSFER_MAX = 1 << 30,             /* one system call moves no more than 2 GB anyway */
    LOAD_STEP = 4096,
    WRITEV_BATCH = 64,
};

/* Missing and existing files are the caller's business; everything else is logged. */
static err_t failed(const char *what, const char *path)
{
    if (errno == EEXIST)
        return ERR_EXISTS;
    if (errno == ENOENT)
        return ERR_NOTFOUND;
    return LOG_IO(what, path);
}

err_t file_open(const char *path, int flags, mode_t mode, int *fd_out)
{
    do
        *fd_out = open(path, flags | O_CLOEXEC, mode);
    while (*fd_out < 0 && errno == EINTR);
    return *fd_out < 0 ? failed("open", path) : ERR_OK;
}

void file_close(int *fd)
{
    const int saved = errno;

    /* after EINTR the descriptor is gone as well (Linux), so never repeat */
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = saved;
}

bool file_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

err_t file_stat(const char *path, struct stat *out)
{
    return stat(path, out) < 0 ? failed("stat", path) : ERR_OK;
}

err_t file_size(int fd, const char *path, uint64_t *out)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return LOG_IO("fstat", path);
    *out = (uint64_t)st.st_size;
    return ERR_OK;
}

bool file_is_same(int fd, const char *path)
{
    struct stat a, b;

    return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

static size_t chunk(size_t n)
{
    return n < TRANSFER_MAX ? n : TRANSFER_MAX;
}

err_t file_read(int fd, const char *path, void *dst, size_t n, size_t *got)
{
    char *p = dst;

    for (*got = 0; *got < n;) {
        ssize_t r = read(fd, p + *got, chunk(n - *got));
        if (r == 0)
            break;
        if (r > 0)
            *got += (size_t)r;
        else if (errno != EINTR)
            return LOG_IO("read", path);
    }
    return ERR_OK;
}

err_t file_pread(int fd, const char *path, void *dst, size_t n, uint64_t at, size_t *got)
{
    char *p = dst;

    for (*got = 0; *got < n;) {
        ssize_t r = pread(fd, p + *got, chunk(n - *got), (off_t)(at + *got));
        if (r == 0)
            break;
        if (r > 0)
            *got += (size_t)r;
        else if (errno != EINTR)
            return LOG_IO("pread", path);
    }
    return ERR_OK;
}

err_t file_pread_all(int fd, const char *path, void *dst, size_t n, uint64_t at)
{
    size_t got;
    err_t err = file_pread(fd, path, dst, n, at, &got);

    if (err || got == n)
        return err;
    log_err("IOERROR: file ends too early: filename=<%s> offset=<%llu> wanted=<%zu> got=<%zu>",
            path, (unsigned long long)at, n, got);
    return ERR_CORRUPT;
}

static err_t too_large(const char *path, size_t max)
{
    log_err("IOERROR: file too large: filename=<%s> limit=<%zu>", path, max);
    return ERR_LIMIT;
}

/* Read on until the end, one byte more than max at most. */
static err_t load(int fd, const char *path, size_t max, struct buf *out)
{
    err_t err = ERR_OK;

    while (err == ERR_OK && out->n <= max) {
        size_t room, got;
        buf_reserve(out, LOAD_STEP);
        room = out->cap - out->n;
        err = file_pread(fd, path, out->p + out->n, room, out->n, &got);
        if (err == ERR_OK)
            out->n += got;
        if (got < room)
            break;
    }
    if (err == ERR_OK && out->n > max)
        err = too_large(path, max);
    return err;
}

err_t file_load_fd(int fd, const char *path, size_t max, struct buf *out)
{
    uint64_t size;
    err_t err = file_size(fd, path, &size);

    buf_reset(out);
    if (err == ERR_OK && size > max)
        err = too_large(path, max);
    if (err == ERR_OK) {
        buf_reserve(out, (size_t)size + 1);     /* the byte more finds the end at once */
        err = load(fd, path, max, out);
    }
    if (err)
        buf_reset(out);
    return err;
}

err_t file_load(const char *path, size_t max, struct buf *out)
{
    int fd;
    err_t err = file_open(path, O_RDONLY, 0, &fd);

    buf_reset(out);
    if (err == ERR_OK)
        err = file_load_fd(fd, path, max, out);
    file_close(&fd);
    return err;
}

/* What a write call moved, or -1: logged by the caller.  A call that moves nothing would
 * be repeated for ever. */
static ssize_t moved(ssize_t r)
{
    if (r == 0)
        errno = ENOSPC;
    if (r > 0)
        return r;
    return errno == EINTR ? 0 : -1;
}

err_t file_write_all(int fd, const char *path, const void *src, size_t n)
{
    const char *p = src;

    while (n) {
        ssize_t r = moved(write(fd, p, chunk(n)));
        if (r < 0)
            return LOG_IO("write", path);
        p += r;
        n -= (size_t)r;
    }
    return ERR_OK;
}

err_t file_pwrite_all(int fd, const char *path, const void *src, size_t n, uint64_t at)
{
    const char *p = src;

    while (n) {
        ssize_t r = moved(pwrite(fd, p, chunk(n), (off_t)at));
        if (r < 0)
            return LOG_IO("pwrite", path);
        p += r;
        at += (uint64_t)r;
        n -= (size_t)r;
    }
    return ERR_OK;
}

/* Fill a batch from parts[*i] on, of which `done` bytes are written; returns its length. */
static int gather(struct iovec *iov, const struct slice *parts, size_t n, size_t i, size_t done)
{
    int count = 0;
    size_t total = 0;

    for (; i < n && count < WRITEV_BATCH && total < TRANSFER_MAX; i++) {
        struct slice s = slice_skip(parts[i], done);
        done = 0;
        if (s.n == 0)
            continue;
        size_t take = chunk(s.n);
        iov[count++] = (struct iovec){ (void *)(uintptr_t)s.p, take };
        total += take;
        if (take < s.n)
            break;
    }
    return count;
}

/* at < 0: at the current position. */
static err_t put_parts(int fd, const char *path, const struct slice *parts, size_t n, off_t at)
{
    struct iovec iov[WRITEV_BATCH];
    size_t i = 0, done = 0;             /* parts before i, and done bytes of it, are out */

    for (;;) {
        int count = gather(iov, parts, n, i, done);
        if (count == 0)
            return ERR_OK;
        ssize_t r = moved(at < 0 ? writev(fd, iov, count) : pwritev(fd, iov, count, at));
        if (r < 0)
            return LOG_IO("writev", path);
        at += at < 0 ? 0 : r;
        done += (size_t)r;
        while (i < n && done >= parts[i].n)
            done -= parts[i++].n;
    }
}

err_t file_writev_all(int fd, const char *path, const struct slice *parts, size_t n)
{
    return put_parts(fd, path, parts, n, -1);
}

err_t file_pwritev_all(int fd, const char *path, const struct slice *parts, size_t n, uint64_t at)
{
    return put_parts(fd, path, parts, n, (off_t)at);
}

err_t file_truncate(int fd, const char *path, uint64_t size)
{
    int r;

    do
        r = ftruncate(fd, (off_t)size);
    while (r < 0 && errno == EINTR);
    return r < 0 ? LOG_IO("ftruncate", path) : ERR_OK;
}

err_t file_set_mtime(const char *path, time_t t)
{
    const struct timespec times[2] = { { .tv_sec = t }, { .tv_sec = t } };

    return utimensat(AT_FDCWD, path, times, 0) < 0 ? failed("utimensat", path) : ERR_OK;
}

err_t file_unlink(const char *path)
{
    return unlink(path) < 0 ? failed("unlink", path) : ERR_OK;
}

err_t file_rename(const char *from, const char *to)
{
    return rename(from, to) < 0 ? failed("rename", from) : ERR_OK;
}

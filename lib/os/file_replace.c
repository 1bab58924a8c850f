/* file_replace.c - new contents for a name in one step, and copies; see file.h */
#include "lib/base/log.h"
#include "lib/os/file.h"
#include "lib/os/path.h"
#include "lib/os/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { COPY_BLOCK = 64 * 1024 };

/* Remove what we made and could not finish; the failure before it was logged already. */
static void discard(const char *path)
{
    const int saved = errno;

    unlink(path);
    errno = saved;
}

err_t file_replace_begin(const char *tmp, mode_t mode, int *fd_out)
{
    return file_open(tmp, O_RDWR | O_CREAT | O_TRUNC, mode, fd_out);
}

static err_t open_parent(const char *path, struct buf *dir, int *fd_out)
{
    buf_add_slice(dir, path_dirname(slice_cstr(path)));
    err_t err = file_open(buf_cstr(dir), O_RDONLY | O_DIRECTORY, 0, fd_out);
    return err == ERR_NOTFOUND ? LOG_IO("open", dir->p) : err;
}

/* The directory is opened first, so that want of descriptors does not show when the name is given.
 */
err_t file_replace_commit(const char *path, const char *tmp, int *fd, enum file_durability how)
{
    struct buf dir = BUF_INIT;
    int dirfd = -1;
    err_t err = ERR_OK;

    if (how == FILE_SYNC)
        err = sync_data(*fd, tmp);
    if (!err && how == FILE_SYNC)
        err = open_parent(path, &dir, &dirfd);
    file_close(fd);
    if (err == ERR_OK)
        err = file_rename(tmp, path);
    if (err)
        discard(tmp);
    else if (how == FILE_SYNC)
        err = sync_dir_fd(dirfd, dir.p);
    file_close(&dirfd);
    buf_fini(&dir);
    return err;
}

void file_replace_abort(const char *tmp, int *fd)
{
    if (*fd < 0)
        return;
    file_close(fd);
    discard(tmp);
}

err_t file_replace(const char *path, const char *tmp, struct slice bytes, mode_t mode,
                   enum file_durability how)
{
    int fd;
    err_t err = file_replace_begin(tmp, mode, &fd);

    if (err)
        return err;
    err = file_write_all(fd, tmp, bytes.p, bytes.n);
    if (err) {
        file_replace_abort(tmp, &fd);
        return err;
    }
    return file_replace_commit(path, tmp, &fd, how);
}

/* Plain reads and writes: a trace of them is a complete record of what reached the disk,
 * which one of copy_file_range() is not. */
static err_t copy_bytes(int from, const char *src, int to, const char *dst)
{
    char block[COPY_BLOCK];
    size_t got;
    err_t err;

    do {
        err = file_read(from, src, block, sizeof block, &got);
        if (err == ERR_OK)
            err = file_write_all(to, dst, block, got);
    } while (err == ERR_OK && got == sizeof block);
    return err;
}

static err_t copy_time(int from, const char *src, int to, const char *dst)
{
    struct stat st;

    if (fstat(from, &st) < 0)
        return LOG_IO("fstat", src);
    const struct timespec times[2] = { st.st_atim, st.st_mtim };
    return futimens(to, times) < 0 ? LOG_IO("futimens", dst) : ERR_OK;
}

static err_t copy_open(int from, const char *src, int to, const char *dst, unsigned flags)
{
    err_t err = copy_bytes(from, src, to, dst);

    if (err == ERR_OK && flags & FILE_COPY_TIME)
        err = copy_time(from, src, to, dst);
    if (err == ERR_OK && flags & FILE_COPY_SYNC)
        err = flags & FILE_COPY_TIME ? sync_file(to, dst) : sync_data(to, dst);
    return err;
}

err_t file_copy(const char *src, const char *dst, mode_t mode, unsigned flags)
{
    int from, to;
    err_t err = file_open(src, O_RDONLY, 0, &from);

    if (err)
        return err;
    err = file_open(dst, O_WRONLY | O_CREAT | O_EXCL, mode, &to);
    if (err == ERR_OK) {
        err = copy_open(from, src, to, dst, flags);
        if (err)
            discard(dst);
    }
    file_close(&to);
    file_close(&from);
    return err;
}

err_t file_link_or_copy(const char *src, const char *dst, mode_t mode, unsigned flags,
                        bool *linked_out)
{
    bool linked = link(src, dst) == 0;
    err_t err = ERR_OK;

    if (!linked) {
        switch (errno) {
        case EEXIST:
            err = ERR_EXISTS;
            break;
        case ENOENT:
            err = ERR_NOTFOUND;
            break;
        case EXDEV:
        case EMLINK:
        case EPERM:
        case EOPNOTSUPP:
            err = file_copy(src, dst, mode, flags);
            break;
        default:
            err = LOG_IO("link", dst);
        }
    }
    if (linked_out)
        *linked_out = linked;
    return err;
}

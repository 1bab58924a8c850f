/* sync.c - see sync.h */
#include "lib/os/sync.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/os/file.h"
#include "lib/os/path.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static struct {
    uint64_t count;
    bool disabled;
    sync_failure_fn *on_failure;
    void *arg;
} state;

void sync_on_failure(sync_failure_fn *fn, void *arg)
{
    state.on_failure = fn;
    state.arg = arg;
}

void sync_failed(const char *path, int error)
{
    const int saved = errno;

    if (state.on_failure)
        state.on_failure(state.arg, path, error);
    errno = saved;
}

static err_t call(int (*fn)(int), const char *name, int fd, const char *path)
{
    int r;

    if (state.disabled)
        return ERR_OK;
    do {
        state.count++;
        r = fn(fd);
    } while (r < 0 && errno == EINTR);
    if (r == 0)
        return ERR_OK;
    err_t err = LOG_IO(name, path);
    sync_failed(path, errno);
    return err;
}

err_t sync_data(int fd, const char *path)
{
    return call(fdatasync, "fdatasync", fd, path);
}

err_t sync_file(int fd, const char *path)
{
    return call(fsync, "fsync", fd, path);
}

/* As fsync, but what cannot be synced needs no sync. */
static int sync_names(int fd)
{
    int r = fsync(fd);

    return r < 0 && errno == EINVAL ? 0 : r;
}

err_t sync_dir_fd(int fd, const char *dir)
{
    return call(sync_names, "fsync", fd, dir);
}

err_t sync_dir(const char *dir)
{
    int fd;

    if (state.disabled)
        return ERR_OK;
    err_t err = file_open(dir, O_RDONLY | O_DIRECTORY, 0, &fd);
    if (err == ERR_NOTFOUND)
        err = LOG_IO("open", dir);      /* nobody syncs a directory that may be missing */
    if (err == ERR_OK)
        err = sync_dir_fd(fd, dir);
    file_close(&fd);
    return err;
}

err_t sync_parent(const char *path)
{
    struct buf dir = BUF_INIT;

    buf_add_slice(&dir, path_dirname(slice_cstr(path)));
    err_t err = sync_dir(buf_cstr(&dir));
    buf_fini(&dir);
    return err;
}

uint64_t sync_count(void)
{
    return state.count;
}

void sync_set_enabled(bool on)
{
    state.disabled = !on;
}

/* durable.c - see durable.h */
#include "imap/store/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/os/file.h"
#include "lib/os/path.h"
#include "lib/os/sync.h"

enum { FILE_MODE = 0600, DIR_MODE = 0755 };

/* Process-wide: what tests plug in, and the figures. */
static struct {
    durable_hook_fn *hook;
    void *arg;
    struct durable_counts counts;
} state;

void durable_set_hook(durable_hook_fn *fn, void *arg)
{
    state.hook = fn;
    state.arg = arg;
}

struct durable_counts durable_counts(void)
{
    return state.counts;
}

static err_t ask_hook(const char *name, const char *path)
{
    int e = state.hook ? state.hook(state.arg, name, path) : 0;

    if (!e)
        return ERR_OK;
    errno = e;
    return LOG_IO(name, path);
}

static err_t step(const char *name, const char *path)
{
    state.counts.steps++;
    return ask_hook(name, path);
}

static err_t sync_step(const char *name, const char *path)
{
    state.counts.syncs++;
    return ask_hook(name, path);
}

/* ---- files ---- */

err_t durable_create(const char *path, bool replace, int *fd_out)
{
    const int flags = O_RDWR | O_CREAT | O_EXCL;
    err_t err = step("create", path);

    *fd_out = -1;
    if (!err)
        err = file_open(path, flags, FILE_MODE, fd_out);
    if (err == ERR_EXISTS && replace) {
        err = durable_unlink(path);
        if (!err)
            err = file_open(path, flags, FILE_MODE, fd_out);
    }
    return err;
}

err_t durable_write(int fd, const char *path, const void *p, size_t n)
{
    err_t err = step("write", path);
    return err ? err : file_write_all(fd, path, p, n);
}

err_t durable_pwrite(int fd, const char *path, const void *p, size_t n, uint64_t at)
{
    err_t err = step("pwrite", path);
    return err ? err : file_pwrite_all(fd, path, p, n, at);
}

err_t durable_pwritev(int fd, const char *path, const struct slice *pieces, size_t n, uint64_t at)
{
    err_t err = step("pwrite", path);
    return err ? err : file_pwritev_all(fd, path, pieces, n, at);
}

err_t durable_truncate(int fd, const char *path, uint64_t size)
{
    err_t err = step("truncate", path);
    return err ? err : file_truncate(fd, path, size);
}

/* ---- names ---- */

err_t durable_rename(const char *from, const char *to)
{
    err_t err = step("rename", to);
    return err ? err : file_rename(from, to);
}

err_t durable_unlink(const char *path)
{
    err_t err = step("unlink", path);
    if (!err)
        err = file_unlink(path);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static void join(struct buf *out, const char *dir, const char *name)
{
    path_join(out, dir, name);
    (void)buf_cstr(out);
}

err_t durable_unlink_at(int dirfd, const char *dir, const char *name)
{
    struct buf path = BUF_INIT;

    join(&path, dir, name);
    err_t err = step("unlink", path.p);
    if (!err && unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
        err = LOG_IO("unlink", path.p);
    buf_fini(&path);
    return err;
}

static bool must_copy(int e)
{
    return e == EXDEV || e == EMLINK || e == EPERM || e == EOPNOTSUPP;
}

err_t durable_copy(const char *from, const char *to, bool sync)
{
    err_t err = step("copy", to);

    if (err)
        return err;
    state.counts.syncs += sync;
    return file_copy(from, to, FILE_MODE, FILE_COPY_TIME | (sync ? FILE_COPY_SYNC : 0));
}

err_t durable_link_at(const char *from, int dirfd, const char *dir, const char *to, bool may_link,
                      bool *copied_out)
{
    struct buf path = BUF_INIT;

    join(&path, dir, to);
    err_t err = step("link", path.p);
    if (!err && may_link && linkat(AT_FDCWD, from, dirfd, to, 0) < 0) {
        may_link = !must_copy(errno);
        if (may_link && (errno == EEXIST || errno == ENOENT))
            err = errno == EEXIST ? ERR_EXISTS : ERR_NOTFOUND;
        else if (may_link)
            err = LOG_IO("link", path.p);
    }
    if (!err && !may_link) {
        err = durable_copy(from, path.p, false);
        if (!err && copied_out)
            *copied_out = true;
    }
    buf_fini(&path);
    return err;
}

err_t durable_make_dirs(const char *path)
{
    struct slice parent = path_dirname(slice_cstr(path));
    struct buf up = BUF_INIT;

    if (file_exists(path))
        return ERR_OK;
    buf_add_slice(&up, parent);
    err_t err = parent.n && !slice_eqs(parent, path) ? durable_make_dirs(buf_cstr(&up)) : ERR_OK;
    if (!err)
        err = step("mkdir", path);
    if (!err && mkdir(path, DIR_MODE) < 0 && errno != EEXIST)
        err = LOG_IO("mkdir", path);
    if (!err)
        err = durable_sync_dir(buf_cstr(&up));
    buf_fini(&up);
    return err;
}

err_t durable_remove_dir(const char *path)
{
    err_t err = step("rmdir", path);

    if (!err && rmdir(path) < 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
        err = LOG_IO("rmdir", path);
    return err;
}

/* ---- syncs ---- */

err_t durable_sync_file(int fd, const char *path)
{
    err_t err = sync_step("sync", path);
    return err ? err : sync_data(fd, path);
}

err_t durable_sync_dir(const char *path)
{
    err_t err = sync_step("syncdir", path);
    return err ? err : sync_dir(path);
}

err_t durable_sync_fs(int fd, const char *path)
{
    err_t err = sync_step("syncfs", path);

    if (!err && syncfs(fd) < 0) {
        err = LOG_IO("syncfs", path);
        sync_failed(path, errno);
    }
    return err;
}

static err_t replace(const char *path, struct slice bytes, bool sync)
{
    struct buf tmp = BUF_INIT;
    int fd = -1;

    buf_addf(&tmp, "%s.NEW", path);
    const char *name = buf_cstr(&tmp);
    err_t err = durable_create(name, true, &fd);
    if (!err)
        err = durable_write(fd, name, bytes.p, bytes.n);
    if (!err && sync)
        err = durable_sync_file(fd, name);
    if (!err)
        err = durable_rename(name, path);
    if (err && fd >= 0)
        (void)!unlink(name);
    file_close(&fd);
    buf_fini(&tmp);
    return err;
}

err_t durable_replace(const char *path, struct slice bytes)
{
    return replace(path, bytes, true);
}

err_t durable_replace_later(const char *path, struct slice bytes)
{
    return replace(path, bytes, false);
}

/* In any case: the clock of the file system may be a tick ahead of ours. */
static void set_time(int fd, const char *path, time_t mtime)
{
    const struct timespec times[2] = { { .tv_sec = mtime }, { .tv_sec = mtime } };

    if (futimens(fd, times) < 0)
        log_debug("cannot set the time of %s", path);
}

err_t durable_write_at(int dirfd, const char *dir, const char *name, struct slice bytes,
                       time_t mtime)
{
    struct buf path = BUF_INIT;

    join(&path, dir, name);
    err_t err = step("create", path.p);
    int fd = err ? -1 : openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (!err && fd < 0)
        err = errno == EEXIST ? ERR_EXISTS : LOG_IO("create", path.p);
    if (!err)
        err = durable_write(fd, path.p, bytes.p, bytes.n);
    if (!err)
        set_time(fd, path.p, mtime);
    file_close(&fd);
    buf_fini(&path);
    return err;
}

/* ---- batches ---- */

struct durable_item {
    int fd;
    const char *path;
    bool is_dir, done;
    dev_t dev;
    err_t result;
};

static struct durable_item *item_at(const struct durable *d, size_t i)
{
    return VEC_AT(&d->items, struct durable_item, i);
}

void durable_init(struct durable *d)
{
    vec_init(&d->items, sizeof(struct durable_item));
}

void durable_fini(struct durable *d)
{
    vec_fini(&d->items);
}

void durable_reset(struct durable *d)
{
    durable_fini(d);
    durable_init(d);
}

static size_t add(struct durable *d, int fd, const char *path, bool is_dir)
{
    for (size_t i = d->items.n; i-- > 0;)
        if (item_at(d, i)->fd == fd)
            return i;
    *VEC_PUSH(&d->items, struct durable_item) =
        (struct durable_item){ .fd = fd, .path = path, .is_dir = is_dir };
    return d->items.n - 1;
}

size_t durable_add_file(struct durable *d, int fd, const char *path)
{
    return add(d, fd, path, false);
}

size_t durable_add_dir(struct durable *d, int dirfd, const char *path)
{
    return add(d, dirfd, path, true);
}

static void find_devices(struct durable *d)
{
    struct stat st;

    for (size_t i = 0; i < d->items.n; i++)
        if (fstat(item_at(d, i)->fd, &st) == 0)
            item_at(d, i)->dev = st.st_dev;
}

static size_t count_on(const struct durable *d, dev_t dev)
{
    size_t n = 0;

    for (size_t i = 0; i < d->items.n; i++)
        n += item_at(d, i)->dev == dev;
    return n;
}

/* One syncfs() for everything on the file system of `it`. */
static err_t sync_all_on(struct durable *d, const struct durable_item *it)
{
    err_t err = durable_sync_fs(it->fd, it->path);

    for (size_t i = 0; i < d->items.n; i++) {
        struct durable_item *other = item_at(d, i);
        if (other->dev == it->dev && !other->done) {
            other->done = true;
            other->result = err;
        }
    }
    return err;
}

static err_t sync_one(struct durable_item *it)
{
    err_t err = sync_step(it->is_dir ? "syncdir" : "sync", it->path);

    if (!err)
        err = it->is_dir ? sync_dir_fd(it->fd, it->path) : sync_data(it->fd, it->path);
    it->done = true;
    it->result = err;
    return err;
}

err_t durable_flush(struct durable *d)
{
    bool many = d->items.n >= DURABLE_SYNCFS_MIN;
    err_t first = ERR_OK;

    if (many)
        find_devices(d);
    for (size_t i = 0; i < d->items.n; i++) {
        struct durable_item *it = item_at(d, i);
        if (it->done)
            continue;
        err_t err = many && count_on(d, it->dev) >= DURABLE_SYNCFS_MIN ? sync_all_on(d, it)
                                                                       : sync_one(it);
        if (!first)
            first = err;
    }
    return first;
}

err_t durable_result(const struct durable *d, size_t item)
{
    return item_at(d, item)->result;
}

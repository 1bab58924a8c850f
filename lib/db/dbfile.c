/* dbfile.c - see dbfile.h */
#include "lib/db/dbfile.h"

#include <fcntl.h>

#include "lib/base/log.h"
#include "lib/db/db_impl.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"
#include "lib/os/lock.h"
#include "lib/os/sync.h"

static err_t note_identity(struct dbfile *f)
{
    struct stat st;

    if (fstat(f->fd, &st) != 0)
        return LOG_IO("fstat", f->path);
    f->dev = st.st_dev;
    f->ino = st.st_ino;
    f->size = (uint64_t)st.st_size;
    return ERR_OK;
}

static int open_flags(const struct dbfile *f)
{
    return f->readonly ? O_RDONLY : O_RDWR;
}

static err_t open_existing(struct dbfile *f)
{
    err_t err = file_open(f->path, open_flags(f), 0, &f->fd);

    if ((err == ERR_DENIED || err == ERR_READONLY) && !f->readonly) {
        f->readonly = true;
        err = file_open(f->path, O_RDONLY, 0, &f->fd);
    }
    return err;
}

/* O_EXCL tells who made it, for the name must be made durable once. */
static err_t create_empty(struct dbfile *f)
{
    err_t err = dir_make_parents(f->path, DB_DIR_MODE);

    if (!err)
        err = file_open(f->path, O_RDWR | O_CREAT | O_EXCL, DB_MODE, &f->fd);
    if (err == ERR_EXISTS)
        return open_existing(f);
    if (!err && !dbfile_is_derived(f))
        err = sync_parent(f->path);
    if (err)
        file_close(&f->fd);
    return err;
}

static err_t open_any(struct dbfile *f)
{
    err_t err = open_existing(f);

    if (err == ERR_NOTFOUND && (*f->flags & DB_CREATE) && !(*f->flags & DB_RDONLY))
        err = create_empty(f);
    if (!err)
        err = note_identity(f);
    if (err)
        file_close(&f->fd);
    return err;
}

err_t dbfile_open(struct dbfile *f, const char *path, const unsigned *flags)
{
    *f = (struct dbfile){
        .path = path,
        .fd = -1,
        .flags = flags,
        .readonly = *flags & DB_RDONLY,
        .map = FILEMAP_INIT,
    };
    return open_any(f);
}

void dbfile_close(struct dbfile *f)
{
    filemap_fini(&f->map);
    file_close(&f->fd);                 /* drops the lock as well */
    f->held = DBFILE_FREE;
}

static err_t map_all(struct dbfile *f)
{
    return filemap_refresh(&f->map, f->fd, f->size, f->path);
}

/* The path names another file, or none, by now. */
static err_t open_again(struct dbfile *f)
{
    filemap_fini(&f->map);
    file_close(&f->fd);
    return open_any(f);
}

/* First opened for reading by somebody; now a writer shares the handle. */
static err_t make_writable(struct dbfile *f)
{
    f->readonly = false;
    err_t err = open_again(f);

    if (!err && f->readonly)
        err = ERR_READONLY;
    return err;
}

/* Lock what fd is, then see what path is: the same, another file, or gone. */
static err_t lock_current(struct dbfile *f, enum lock_mode mode, bool *replaced)
{
    struct stat st;
    err_t err = f->fd < 0 ? ERR_NOTFOUND : lock_file(f->fd, f->path, mode, DB_LOCK_TIMEOUT_MS);

    while (!err) {
        err = file_stat(f->path, &st);
        if (!err && st.st_dev == f->dev && st.st_ino == f->ino) {
            f->size = (uint64_t)st.st_size;
            return ERR_OK;
        }
        if (err && err != ERR_NOTFOUND)
            break;
        *replaced = true;
        err = open_again(f);
        if (!err)
            err = lock_file(f->fd, f->path, mode, DB_LOCK_TIMEOUT_MS);
    }
    if (err == ERR_NOTFOUND && f->fd < 0) {     /* closed by a failure before: try anew */
        *replaced = true;
        err = open_any(f);
        return err ? err : lock_current(f, mode, replaced);
    }
    return err;
}

err_t dbfile_lock(struct dbfile *f, enum dbfile_held held, bool *replaced)
{
    bool other = false;
    err_t err = ERR_OK;

    if (held == DBFILE_EXCLUSIVE && f->readonly) {
        err = make_writable(f);
        other = true;
    }
    if (!err)
        err = lock_current(f, held == DBFILE_SHARED ? LOCK_SHARED : LOCK_EXCLUSIVE, &other);
    if (!err) {
        f->held = held;
        if (other)
            filemap_fini(&f->map);
        err = map_all(f);
    }
    if (err)
        dbfile_unlock(f);
    if (replaced)
        *replaced = other;
    return err;
}

void dbfile_unlock(struct dbfile *f)
{
    if (f->held != DBFILE_FREE)
        lock_release(f->fd, f->path);
    f->held = DBFILE_FREE;
}

err_t dbfile_refresh(struct dbfile *f, bool *replaced)
{
    struct stat st;
    err_t err = f->fd < 0 ? ERR_NOTFOUND : file_stat(f->path, &st);

    *replaced = false;
    if (!err && st.st_dev == f->dev && st.st_ino == f->ino) {
        f->size = (uint64_t)st.st_size;
        return map_all(f);
    }
    if (err && err != ERR_NOTFOUND)
        return err;
    *replaced = true;
    err = open_again(f);
    return err ? err : map_all(f);
}

err_t dbfile_write(struct dbfile *f, const void *p, size_t n, uint64_t at)
{
    err_t err = file_pwrite_all(f->fd, f->path, p, n, at);

    if (!err && at + n > f->size) {
        f->size = at + n;
        err = map_all(f);
    }
    return err;
}

err_t dbfile_truncate(struct dbfile *f, uint64_t size)
{
    err_t err = file_truncate(f->fd, f->path, size);

    if (err)
        return err;
    f->size = size;
    return map_all(f);
}

err_t dbfile_sync(struct dbfile *f)
{
    return dbfile_is_derived(f) ? ERR_OK : sync_data(f->fd, f->path);
}

bool dbfile_is_derived(const struct dbfile *f)
{
    return *f->flags & DB_DERIVED;
}

mode_t dbfile_mode(const struct dbfile *f)
{
    struct stat st;

    return f->fd >= 0 && fstat(f->fd, &st) == 0 ? st.st_mode & 07777 : DB_MODE;
}

err_t dbfile_ok(struct dbfile *f)
{
    return filemap_ok(&f->map, f->path);
}

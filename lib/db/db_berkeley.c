/* db_berkeley.c - the berkeley engine, for databases of installations that come from it
 *
 * Such a file cannot be changed in place so that it survives a crash without libdb's own log
 * environment.  So a transaction keeps its changes in memory and its commit writes a new
 * file, as the flat engine does; it is a btree, also where a hash file was.
 *
 * libdb opens and closes the file as it likes, and every close would drop a lock on it: the
 * lock is therefore on "<path>.lock".  Readers need none.
 */
#ifdef HAVE_LIBDB

#include "lib/base/mem.h"
#include "lib/db/berkeley_file.h"
#include "lib/db/db_impl.h"
#include "lib/db/dbfile.h"
#include "lib/db/ordmap.h"
#include "lib/db/overlay.h"
#include "lib/os/file.h"
#include "lib/os/lock.h"

struct berkeley {
    struct dbfile file;                 /* which file it is; libdb opens the path itself */
    int lock;                           /* -1: not locked */
    struct berkeley_file *lib;          /* NULL: the file is empty, or not open */
    ino_t lib_ino;                      /* the file that lib has open */
    struct ordmap *pending;
};

static struct berkeley *state(struct db *db)
{
    return db->state;
}

/* ---- the file of the moment --------------------------------------------- */

static err_t close_lib(struct berkeley *b)
{
    b->lib_ino = 0;
    return berkeley_file_close(&b->lib);
}

/* After the file was looked at: let libdb have the same one open. */
static err_t follow(struct db *db)
{
    struct berkeley *b = state(db);

    if (b->lib && b->lib_ino == b->file.ino)
        return ERR_OK;
    err_t err = close_lib(b);
    if (err || b->file.size == 0)
        return err;
    const char *is = db_recognise(dbfile_bytes(&b->file));
    if (!is || strcmp(is, "berkeley") != 0)
        return db_not_ours(&b->file, "berkeley");
    b->lib_ino = b->file.ino;
    return berkeley_file_open(db->path, db_order(db), &b->lib);
}

static err_t berkeley_open(struct db *db)
{
    struct berkeley *b = mem_zalloc(sizeof *b);
    bool replaced;

    db->state = b;
    b->lock = -1;
    err_t err = dbfile_open(&b->file, db->path, &db->flags);
    if (!err)
        err = dbfile_refresh(&b->file, &replaced);
    return err ? err : follow(db);
}

static void berkeley_close(struct db *db)
{
    struct berkeley *b = state(db);
    err_t err = close_lib(b);

    lock_path_drop(&b->lock);
    (void)err;                          /* nothing was written through it */
    dbfile_close(&b->file);
    ordmap_free(&b->pending);
    mem_free(b);
    db->state = NULL;
}

/* ---- reading ------------------------------------------------------------ */

static err_t source_seek(void *arg, struct slice from, bool inclusive, struct slice *key,
                         struct slice *value)
{
    struct berkeley *b = arg;

    return b->lib ? berkeley_file_seek(b->lib, from, inclusive, key, value) : ERR_NOTFOUND;
}

static err_t source_next(void *arg, struct slice *key, struct slice *value)
{
    struct berkeley *b = arg;

    return b->lib ? berkeley_file_next(b->lib, key, value) : ERR_NOTFOUND;
}

static err_t read_begin(struct db *db)
{
    bool replaced;

    if (db->txn)
        return ERR_OK;
    err_t err = dbfile_refresh(&state(db)->file, &replaced);
    return err ? err : follow(db);
}

static err_t lookup(struct db *db, struct slice key, struct slice *value)
{
    struct berkeley *b = state(db);
    const struct ordmap_entry *e = b->pending ? ordmap_find(b->pending, key) : NULL;
    struct slice found;

    if (e) {
        *value = e->value;
        return e->deleted ? ERR_NOTFOUND : ERR_OK;
    }
    err_t err = source_seek(b, key, true, &found, value);
    return !err && db_order(db)(found, key) != 0 ? ERR_NOTFOUND : err;
}

static err_t berkeley_fetch(struct db *db, struct slice key, struct buf *value)
{
    struct slice v;
    err_t err = read_begin(db);

    if (!err)
        err = lookup(db, key, &v);
    if (!err)
        buf_add_slice(value, v);
    return err;
}

static err_t berkeley_collect(struct db *db, struct slice from, bool inclusive, struct slice prefix,
                              struct db_batch *batch)
{
    struct berkeley *b = state(db);
    struct overlay_source src = { source_seek, source_next, b };
    err_t err = read_begin(db);

    if (err)
        return err;
    return overlay_collect(&src, b->pending, db_order(db), from, inclusive, prefix, batch);
}

/* ---- transactions ------------------------------------------------------- */

static err_t take_lock(struct db *db)
{
    struct buf name = BUF_INIT;

    buf_addf(&name, "%s" DBFILE_LOCK_SUFFIX, db->path);
    err_t err = lock_path_take(buf_cstr(&name), LOCK_EXCLUSIVE, DB_LOCK_TIMEOUT_MS,
                               &state(db)->lock);
    buf_fini(&name);
    return err;
}

static err_t berkeley_begin(struct db *db)
{
    struct berkeley *b = state(db);
    err_t err = take_lock(db);

    if (!err)
        err = read_begin(db);
    if (err)
        lock_path_drop(&b->lock);
    else
        b->pending = ordmap_new(db_order(db));
    return err;
}

static err_t put_one(void *arg, struct slice key, struct slice value)
{
    return berkeley_file_put(arg, key, value);
}

static err_t fill_new(struct db *db, const char *path, const struct overlay_source *src)
{
    struct berkeley *b = state(db);
    struct berkeley_file *fresh;
    err_t err = berkeley_file_fill(path, db_order(db), &fresh);

    if (!err && src)
        err = overlay_walk(src, b->pending, db_order(db), SLICE_NULL, true, put_one, fresh);
    err_t closed = berkeley_file_close(&fresh);
    return err ? err : closed;
}

static err_t write_anew(struct db *db, const struct overlay_source *src)
{
    struct buf name = BUF_INIT;
    int fd;

    buf_addf(&name, "%s" DBFILE_NEW_SUFFIX, db->path);
    err_t err = file_replace_begin(buf_cstr(&name), dbfile_mode(&state(db)->file), &fd);
    if (!err) {
        err = fill_new(db, buf_cstr(&name), src);
        if (err)
            file_replace_abort(buf_cstr(&name), &fd);
        else
            err = file_replace_commit(db->path, buf_cstr(&name), &fd,
                                      db->flags & DB_DERIVED ? FILE_NOSYNC : FILE_SYNC);
    }
    buf_fini(&name);
    return err;
}

static void end_txn(struct berkeley *b)
{
    ordmap_free(&b->pending);
    lock_path_drop(&b->lock);
}

static err_t berkeley_commit(struct db *db)
{
    struct berkeley *b = state(db);
    struct overlay_source src = { source_seek, source_next, b };
    err_t err = ordmap_count(b->pending) ? write_anew(db, &src) : ERR_OK;

    end_txn(b);
    return err;
}

static void berkeley_abort(struct db *db)
{
    end_txn(state(db));
}

static err_t berkeley_store(struct db *db, struct slice key, struct slice value,
                            enum db_store_mode mode)
{
    struct slice old;
    err_t err = lookup(db, key, &old);

    if (!err && mode == DB_STORE_NEW)
        return ERR_EXISTS;
    if (err && err != ERR_NOTFOUND)
        return err;
    if (err || !slice_eq(old, value))
        ordmap_put(state(db)->pending, key, value);
    return ERR_OK;
}

static err_t berkeley_remove(struct db *db, struct slice key)
{
    struct slice old;
    err_t err = lookup(db, key, &old);

    if (!err)
        ordmap_put_tombstone(state(db)->pending, key);
    return err;
}

static err_t berkeley_recreate(struct db *db)
{
    err_t err = take_lock(db);

    if (err)
        return err;
    err = write_anew(db, NULL);
    lock_path_drop(&state(db)->lock);
    return err;
}

static struct dbfile *berkeley_dbfile(struct db *db)
{
    return &state(db)->file;
}

const struct db_engine db_berkeley_engine = {
    .name = "berkeley",
    .order = order_raw,
    .open = berkeley_open,
    .close = berkeley_close,
    .fetch = berkeley_fetch,
    .collect = berkeley_collect,
    .begin = berkeley_begin,
    .commit = berkeley_commit,
    .abort = berkeley_abort,
    .store = berkeley_store,
    .remove = berkeley_remove,
    .recreate = berkeley_recreate,
    .file = berkeley_dbfile,
};

#else

typedef int db_berkeley_is_not_built;   /* ISO C wants something in a file */

#endif

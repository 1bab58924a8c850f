/* db_skiplist.c - the skiplist engine: locks and decisions; see db_skiplist_impl.h */
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/db/db_skiplist_impl.h"

enum { LOCK_ATTEMPTS = 8 };             /* a lock may have to be taken again after a recovery */

static struct skiplist *state(struct db *db)
{
    return db->state;
}

enum view { VIEW_CLEAN, VIEW_UNCLEAN, VIEW_EMPTY, VIEW_BROKEN };

static bool is_empty(const struct dbfile *f)
{
    if (f->size > SL_FIRST_AT)
        return false;
    for (size_t i = 0; i < f->map.len; i++)
        if (f->map.base[i])
            return false;
    return true;
}

static enum view look(struct skiplist *sl)
{
    const uint8_t *p = dbfile_at(&sl->file, 0, SL_HEADER_SIZE);
    bool known = p && sl->raw[0] && memcmp(p, sl->raw, SL_HEADER_SIZE) == 0;

    if (!p || (!known && !sl_header_parse(p, &sl->header)))
        return is_empty(&sl->file) ? VIEW_EMPTY : VIEW_BROKEN;
    memcpy(sl->raw, p, SL_HEADER_SIZE);
    sl_view_committed(sl);
    return sl_is_complete(sl) ? VIEW_CLEAN : VIEW_UNCLEAN;
}

/* Exclusive lock held.  ERR_AGAIN: another file is in place now. */
static err_t make_clean(struct db *db, bool force)
{
    struct skiplist *sl = state(db);
    enum view view = look(sl);
    err_t err;

    switch (view) {
    case VIEW_CLEAN:
    case VIEW_UNCLEAN:
        if (view == VIEW_CLEAN && !(force && sl->header.recovered < db_env_stamp()))
            return ERR_OK;
        err = sl_recover(sl);
        return err ? err : ERR_AGAIN;
    case VIEW_EMPTY:
        err = sl_format(sl);
        sl_view_committed(sl);
        return err;
    case VIEW_BROKEN:
        break;
    }
    return db_not_ours(&sl->file, "skiplist");
}

/* force: the server was started since the file was last recovered, do it now. */
static err_t lock_exclusive(struct db *db, bool force)
{
    struct skiplist *sl = state(db);
    err_t err = ERR_AGAIN;

    for (unsigned i = 0; err == ERR_AGAIN && i < LOCK_ATTEMPTS; i++) {
        err = dbfile_lock(&sl->file, DBFILE_EXCLUSIVE, NULL);
        if (!err)
            err = make_clean(db, force);
        if (err)
            dbfile_unlock(&sl->file);
    }
    sl->lenient = false;
    return err;
}

static err_t lock_shared(struct db *db)
{
    struct skiplist *sl = state(db);

    for (unsigned i = 0; i < LOCK_ATTEMPTS; i++) {
        err_t err = dbfile_lock(&sl->file, DBFILE_SHARED, NULL);
        if (err)
            return err;
        enum view view = look(sl);
        sl->lenient = view != VIEW_CLEAN;
        bool may_not_repair = (db->flags & DB_RDONLY) || sl->file.readonly;
        if (view == VIEW_UNCLEAN && may_not_repair)
            err = sl_check_size(sl);
        else if (view == VIEW_BROKEN)
            err = db_not_ours(&sl->file, "skiplist");
        if (!err && (view == VIEW_CLEAN || may_not_repair))
            return ERR_OK;
        dbfile_unlock(&sl->file);
        if (err)
            return err;
        err = lock_exclusive(db, false);
        if (err)
            return err;
        dbfile_unlock(&sl->file);
    }
    return ERR_AGAIN;
}

static void sl_close(struct db *db)
{
    struct skiplist *sl = state(db);

    dbfile_close(&sl->file);
    buf_fini(&sl->tail);
    patches_fini(&sl->patches);
    mem_free(sl);
    db->state = NULL;
}

static err_t sl_open(struct db *db)
{
    struct skiplist *sl = mem_zalloc(sizeof *sl);

    db->state = sl;
    sl->cmp = db_order(db);
    sl->dice = ((uint64_t)rand_u32() << 32 | rand_u32()) | 1;
    patches_init(&sl->patches);
    err_t err = dbfile_open(&sl->file, db->path, &db->flags);
    if (!err)
        err = lock_shared(db);
    if (err)
        return err;
    dbfile_unlock(&sl->file);
    if (sl->header.recovered >= db_env_stamp() || (db->flags & DB_RDONLY) || sl->file.readonly)
        return ERR_OK;
    err = lock_exclusive(db, true);
    if (!err)
        dbfile_unlock(&sl->file);
    return err;
}

/* ---- reading ------------------------------------------------------------ */

static err_t read_begin(struct db *db)
{
    if (!db->txn)
        return lock_shared(db);
    sl_start_operation(state(db));
    return ERR_OK;
}

static err_t read_end(struct db *db, err_t err)
{
    struct skiplist *sl = state(db);
    err_t gone = dbfile_ok(&sl->file);

    if (!db->txn)
        dbfile_unlock(&sl->file);
    return gone && (!err || err == ERR_NOTFOUND) ? ERR_CORRUPT : err;
}

/* An empty file that may not be written to. */
static bool is_void(const struct skiplist *sl)
{
    return sl->lenient && sl->file.size < SL_FIRST_AT;
}

static err_t sl_fetch(struct db *db, struct slice key, struct buf *value)
{
    struct skiplist *sl = state(db);
    struct sl_place place = { .found = false };
    err_t err = read_begin(db);

    if (err)
        return err;
    if (!is_void(sl))
        err = sl_find(sl, key, &place);
    if (!err && !place.found)
        err = ERR_NOTFOUND;
    if (!err)
        buf_add_slice(value, place.rec.value);
    return read_end(db, err);
}

static err_t sl_collect_locked(struct db *db, struct slice from, bool inclusive,
                               struct slice prefix, struct db_batch *batch)
{
    err_t err = read_begin(db);

    if (err)
        return err;
    if (is_void(state(db)))
        batch->end = true;
    else
        err = sl_collect(state(db), from, inclusive, prefix, batch);
    return read_end(db, err);
}

/* ---- transactions ------------------------------------------------------- */

static err_t sl_begin(struct db *db)
{
    err_t err = lock_exclusive(db, false);

    if (!err)
        state(db)->spilled = false;
    return err;
}

/* Something may be in the file: without COMMIT it does not count, and recovery removes it.
 * If that fails the next one to lock the file tries again. */
static void undo(struct db *db)
{
    struct skiplist *sl = state(db);
    bool spilled = sl->spilled;

    if (spilled && sl->file.size > sl->base && dbfile_truncate(&sl->file, sl->base) != ERR_OK)
        sl->spilled = false;
    sl_txn_forget(sl);
    if (spilled && look(sl) == VIEW_UNCLEAN && sl_recover(sl) != ERR_OK)
        memset(sl->raw, 0, sizeof sl->raw);
}

static err_t sl_commit(struct db *db)
{
    struct skiplist *sl = state(db);
    err_t err = ERR_OK;

    if (sl_txn_changed(sl)) {
        err = sl_txn_commit(sl);
        if (err)
            undo(db);
    }
    if (!err)
        db_note_dead_space(db, sl->file.size, sl->header.logstart,
                           2ull * sl->header.logstart + SL_REPACK_SLACK);
    sl->spilled = false;
    dbfile_unlock(&sl->file);
    return err;
}

static void sl_abort(struct db *db)
{
    undo(db);
    dbfile_unlock(&state(db)->file);
}

static err_t sl_store_in_txn(struct db *db, struct slice key, struct slice value,
                             enum db_store_mode mode)
{
    return sl_store(state(db), key, value, mode);
}

static err_t sl_remove_in_txn(struct db *db, struct slice key)
{
    return sl_remove(state(db), key);
}

/* ---- care --------------------------------------------------------------- */

static err_t sl_check_locked(struct db *db, struct buf *report)
{
    err_t err = read_begin(db);

    if (err)
        return err;
    if (!is_void(state(db)))
        err = sl_check(state(db), report);
    return read_end(db, err);
}

static err_t sl_dump_locked(struct db *db, int detail, struct buf *out)
{
    err_t err = read_begin(db);

    (void)detail;
    if (err)
        return err;
    if (!is_void(state(db)))
        err = sl_dump(state(db), out);
    return read_end(db, err);
}

static err_t sl_repack(struct db *db)
{
    struct skiplist *sl = state(db);
    err_t err = lock_exclusive(db, false);

    if (err)
        return err;
    err = sl_checkpoint(sl);
    dbfile_unlock(&sl->file);
    return err;
}

static err_t sl_recreate(struct db *db)
{
    struct skiplist *sl = state(db);
    err_t err = dbfile_lock(&sl->file, DBFILE_EXCLUSIVE, NULL);

    if (err)
        return err;
    sl_txn_forget(sl);
    err = sl_empty_out(sl);
    dbfile_unlock(&sl->file);
    return err;
}

static struct dbfile *sl_file(struct db *db)
{
    return &state(db)->file;
}

const struct db_engine db_skiplist_engine = {
    .name = "skiplist",
    .order = order_signed,
    .open = sl_open,
    .close = sl_close,
    .fetch = sl_fetch,
    .collect = sl_collect_locked,
    .begin = sl_begin,
    .commit = sl_commit,
    .abort = sl_abort,
    .store = sl_store_in_txn,
    .remove = sl_remove_in_txn,
    .check = sl_check_locked,
    .repack = sl_repack,
    .dump = sl_dump_locked,
    .recreate = sl_recreate,
    .file = sl_file,
};

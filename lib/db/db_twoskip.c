/* db_twoskip.c - the twoskip engine: locks, views and decisions; see db_twoskip_impl.h
 *
 * A reader takes the shared lock for one operation, looks at the header, and reads through
 * the map.  Whoever finds the file unclean (no writer can be active then) takes the
 * exclusive lock and recovers it first.
 */
#include <sys/stat.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/db/db_twoskip_impl.h"

enum { LOCK_ATTEMPTS = 8 };             /* a lock may have to be taken again after a recovery */

static struct twoskip *state(struct db *db)
{
    return db->state;
}

/* ---- views of a locked file --------------------------------------------- */

enum view { VIEW_CLEAN, VIEW_UNCLEAN, VIEW_EMPTY, VIEW_BROKEN };

/* A new file, or one whose creator was cut off by a power failure before its bytes were
 * on disk: nothing but zeros. */
static bool is_empty(const struct dbfile *f)
{
    if (f->size > TS_FIRST_AT)
        return false;
    for (size_t i = 0; i < f->map.len; i++)
        if (f->map.base[i])
            return false;
    return true;
}

static enum view look(struct twoskip *ts)
{
    const uint8_t *p = dbfile_at(&ts->file, 0, TS_HEADER_SIZE);

    bool known = p && ts->raw[0] && memcmp(p, ts->raw, TS_HEADER_SIZE) == 0;
    if (!p || (!known && !ts_header_parse(p, &ts->header)))
        return is_empty(&ts->file) ? VIEW_EMPTY : VIEW_BROKEN;
    memcpy(ts->raw, p, TS_HEADER_SIZE);
    if ((ts->header.flags & TS_DIRTY) || ts->header.current_size != ts->file.size)
        return VIEW_UNCLEAN;
    return VIEW_CLEAN;
}

/* Exclusive lock held.  ERR_AGAIN: another file is in place. */
static err_t make_clean(struct db *db)
{
    struct twoskip *ts = state(db);
    err_t err;

    switch (look(ts)) {
    case VIEW_CLEAN:
        return ERR_OK;
    case VIEW_EMPTY:
        return ts_format(ts, 1);
    case VIEW_UNCLEAN:
        err = ts_recover(ts);
        if (err)
            memset(ts->raw, 0, sizeof ts->raw);
        return err;
    case VIEW_BROKEN:
        break;
    }
    return db_not_ours(&ts->file, "twoskip");
}

static err_t lock_exclusive(struct db *db)
{
    struct twoskip *ts = state(db);
    err_t err = ERR_AGAIN;

    for (unsigned i = 0; err == ERR_AGAIN && i < LOCK_ATTEMPTS; i++) {
        err = dbfile_lock(&ts->file, DBFILE_EXCLUSIVE, NULL);
        if (!err)
            err = make_clean(db);
        if (err)
            dbfile_unlock(&ts->file);
    }
    if (!err) {
        ts->lenient = false;
        ts_view_committed(ts);
    }
    return err;
}

/* What a reader can do with a file that it may not repair.  One that has lost its end is not read
 * as if there had never been one: what a crash leaves is never shorter than its header says. */
static err_t view_leniently(struct db *db, enum view view)
{
    struct twoskip *ts = state(db);

    if (view == VIEW_UNCLEAN && ts->header.current_size > ts->file.size)
        return db_corrupt(ts->file.path, "file is shorter than its header says",
                          ts->header.current_size);
    if (view == VIEW_EMPTY) {
        ts->header = (struct ts_header){ .version = TS_VERSION };
        memset(ts->raw, 0, sizeof ts->raw);
    }
    ts->lenient = true;
    ts_view_committed(ts);
    return ERR_OK;
}

static err_t lock_shared(struct db *db)
{
    struct twoskip *ts = state(db);

    for (unsigned i = 0; i < LOCK_ATTEMPTS; i++) {
        err_t err = dbfile_lock(&ts->file, DBFILE_SHARED, NULL);
        if (err)
            return err;
        enum view view = look(ts);
        if (view == VIEW_CLEAN) {
            ts->lenient = false;
            ts_view_committed(ts);
            return ERR_OK;
        }
        if (view != VIEW_BROKEN && ((db->flags & DB_RDONLY) || ts->file.readonly)) {
            err = view_leniently(db, view);
            if (err)
                dbfile_unlock(&ts->file);
            return err;
        }
        if (view == VIEW_BROKEN)
            err = db_not_ours(&ts->file, "twoskip");
        dbfile_unlock(&ts->file);
        if (err)
            return err;
        err = lock_exclusive(db);
        if (err)
            return err;
        dbfile_unlock(&ts->file);
    }
    return ERR_AGAIN;
}

/* ---- open and close ------------------------------------------------------ */

static void ts_close(struct db *db)
{
    struct twoskip *ts = state(db);

    dbfile_close(&ts->file);
    buf_fini(&ts->tail);
    patches_fini(&ts->patches);
    mem_free(ts);
    db->state = NULL;
}

static err_t ts_open(struct db *db)
{
    struct twoskip *ts = mem_zalloc(sizeof *ts);

    db->state = ts;
    ts->cmp = db_order(db);
    ts->dice = ((uint64_t)rand_u32() << 32 | rand_u32()) | 1;
    patches_init(&ts->patches);
    err_t err = dbfile_open(&ts->file, db->path, &db->flags);
    if (!err)
        err = lock_shared(db);
    if (!err)
        dbfile_unlock(&ts->file);
    return err;
}

/* ---- reading ------------------------------------------------------------ */

/* Begin and end of an operation that reads: inside a transaction there is nothing to lock. */
static err_t read_begin(struct db *db)
{
    if (!db->txn)
        return lock_shared(db);
    ts_start_operation(state(db));
    return ERR_OK;
}

static err_t read_end(struct db *db, err_t err)
{
    struct twoskip *ts = state(db);
    err_t gone = dbfile_ok(&ts->file);

    if (!db->txn)
        dbfile_unlock(&ts->file);
    return gone && (!err || err == ERR_NOTFOUND) ? ERR_CORRUPT : err;
}

static bool is_void(const struct twoskip *ts)
{
    return ts->lenient && ts->base == 0;
}

static err_t ts_fetch(struct db *db, struct slice key, struct buf *value)
{
    struct twoskip *ts = state(db);
    struct ts_place place = { .found = false };
    err_t err = read_begin(db);

    if (err)
        return err;
    if (!is_void(ts))
        err = ts_find(ts, key, &place);
    if (!err && !place.found)
        err = ERR_NOTFOUND;
    if (!err)
        buf_add_slice(value, place.rec.value);
    return read_end(db, err);
}

static err_t ts_collect_locked(struct db *db, struct slice from, bool inclusive,
                               struct slice prefix, struct db_batch *batch)
{
    err_t err = read_begin(db);

    if (err)
        return err;
    if (is_void(state(db)))
        batch->end = true;
    else
        err = ts_collect(state(db), from, inclusive, prefix, batch);
    return read_end(db, err);
}

/* ---- transactions ------------------------------------------------------- */

static err_t ts_begin(struct db *db)
{
    err_t err = lock_exclusive(db);

    if (!err)
        ts_txn_begin(state(db));
    return err;
}

/* Exclusive lock held; the file may have been written to. */
static void undo(struct db *db)
{
    struct twoskip *ts = state(db);
    bool spilled = ts->spilled;

    ts_txn_forget(ts);
    if (spilled && look(ts) == VIEW_UNCLEAN && ts_recover(ts) != ERR_OK)
        memset(ts->raw, 0, sizeof ts->raw);         /* the next one to lock it tries again */
}

/* The commit failed half-way: make the header say "unclean" whatever it says now. */
static void disown(struct twoskip *ts, const struct ts_header *before)
{
    ts->header = *before;
    ts->header.flags |= TS_DIRTY;
    if (ts_write_header(ts) != ERR_OK)
        memset(ts->raw, 0, sizeof ts->raw);
}

static err_t ts_commit(struct db *db)
{
    struct twoskip *ts = state(db);
    struct ts_header before;
    err_t err = ERR_OK;

    if (ts_txn_changed(ts)) {
        if (!ts_header_parse(ts->raw, &before))
            before = ts->header;
        err = ts_txn_commit(ts);
        if (err) {
            disown(ts, &before);
            undo(db);
        }
    }
    if (!err)
        db_note_dead_space(db, ts->header.current_size, ts->header.repack_size, TS_REPACK_SLACK);
    dbfile_unlock(&ts->file);
    return err;
}

static void ts_abort(struct db *db)
{
    undo(db);
    dbfile_unlock(&state(db)->file);
}

static err_t ts_store_in_txn(struct db *db, struct slice key, struct slice value,
                             enum db_store_mode mode)
{
    return ts_store(state(db), key, value, mode);
}

static err_t ts_remove_in_txn(struct db *db, struct slice key)
{
    return ts_remove(state(db), key);
}

/* ---- care --------------------------------------------------------------- */

static err_t ts_check_locked(struct db *db, struct buf *report)
{
    err_t err = read_begin(db);

    if (!err && !is_void(state(db)))
        err = ts_check(state(db), report);
    return err ? err : read_end(db, err);
}

static err_t ts_dump_locked(struct db *db, int detail, struct buf *out)
{
    err_t err = read_begin(db);

    (void)detail;
    if (err)
        return err;
    if (!is_void(state(db)))
        err = ts_dump(state(db), out);
    return read_end(db, err);
}

static err_t ts_repack_locked(struct db *db)
{
    struct twoskip *ts = state(db);
    err_t err = lock_exclusive(db);

    if (err)
        return err;
    err = ts_repack(ts);
    dbfile_unlock(&ts->file);
    return err;
}

/* Whatever is in the file, an empty database is what will be there. */
static err_t ts_recreate(struct db *db)
{
    struct twoskip *ts = state(db), fresh;
    err_t err = dbfile_lock(&ts->file, DBFILE_EXCLUSIVE, NULL);

    if (err)
        return err;
    ts_txn_forget(ts);
    ts->header.generation = 0;
    err = ts_replace_begin(ts, &fresh);
    if (!err)
        err = ts_replace_commit(ts, &fresh);
    memset(ts->raw, 0, sizeof ts->raw);
    dbfile_unlock(&ts->file);
    return err;
}

static struct dbfile *ts_file(struct db *db)
{
    return &state(db)->file;
}

/* Changes are appended; only a repack, which makes another file, starts again. */
static err_t ts_version(struct db *db, struct db_version *out)
{
    const struct twoskip *ts = state(db);
    struct stat st;
    err_t err = read_begin(db);

    if (err)
        return err;
    if (fstat(ts->file.fd, &st) < 0)
        err = LOG_IO("fstat", ts->file.path);
    else
        *out = (struct db_version){ .file = st.st_ino, .generation = ts->header.generation,
                                    .size = ts->header.current_size,
                                    .records = ts->header.num_records };
    return read_end(db, err);
}

const struct db_engine db_twoskip_engine = {
    .name = "twoskip",
    .order = order_raw,
    .open = ts_open,
    .close = ts_close,
    .fetch = ts_fetch,
    .collect = ts_collect_locked,
    .begin = ts_begin,
    .commit = ts_commit,
    .abort = ts_abort,
    .store = ts_store_in_txn,
    .remove = ts_remove_in_txn,
    .check = ts_check_locked,
    .repack = ts_repack_locked,
    .dump = ts_dump_locked,
    .recreate = ts_recreate,
    .file = ts_file,
    .version = ts_version,
};

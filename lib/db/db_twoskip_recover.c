/* db_twoskip_recover.c - a twoskip file after a crash (formats/cyrusdb.md section 5.7)
 *
 * roll_back() goes to the last commit: level 0 knows it, the other levels are set right from
 * it, what is behind the committed size is cut off.  Where that fails because a committed
 * record is damaged, rescue() replays all intact transactions into a new file.
 */
#include "lib/base/endian.h"
#include "lib/base/log.h"
#include "lib/base/vec.h"
#include "lib/db/db_twoskip_impl.h"
#include "lib/db/ordmap.h"

/* ---- first way: roll back ----------------------------------------------- */

/* Pointers into what will be cut off become 0, so that they cannot come to life again when
 * the file grows. */
static void clear_level0(struct twoskip *ts, const struct ts_rec *r)
{
    for (unsigned i = 0; i < 2; i++)
        if (be64_get(r->ptrs + TS_PTR_SIZE * i) >= ts->header.current_size)
            ts_set_raw_pointer(ts, r, i, 0);
}

/* Record `at` of level k is followed by `next`. */
static err_t fix_level(struct twoskip *ts, uint64_t at, unsigned k, uint64_t next)
{
    struct ts_rec r;
    err_t err = ts_read(ts, at, &r);

    if (!err && ts_pointer(ts, &r, k) != next)
        ts_set_raw_pointer(ts, &r, k + 1, next);
    return err;
}

/* `at` follows prev_at on level 0; last[] are the ends of the levels so far. */
static err_t take_record(struct twoskip *ts, uint64_t prev_at, const struct ts_rec *r,
                         uint64_t *last)
{
    struct ts_rec prev;
    err_t err = ts_read(ts, prev_at, &prev);

    if (!err && prev.type == TS_RECORD && ts->cmp(prev.key, r->key) >= 0)
        err = db_corrupt(ts->file.path, "keys are not in order", r->at);
    for (unsigned k = 1; !err && k < r->level; k++) {
        err = fix_level(ts, last[k], k, r->at);
        last[k] = r->at;
    }
    return err;
}

/* Walk level 0, collect all corrections as patches. */
static err_t correct_pointers(struct twoskip *ts)
{
    uint64_t last[TS_MAX_LEVEL], at = TS_DUMMY_AT, prev_at, count = 0;
    struct ts_rec r;

    for (unsigned k = 0; k < TS_MAX_LEVEL; k++)
        last[k] = TS_DUMMY_AT;
    ts->budget *= 2 + TS_MAX_LEVEL;     /* every record is looked at several times */
    err_t err = ts_read(ts, at, &r);
    for (; !err; count++) {
        clear_level0(ts, &r);
        prev_at = at;
        err = ts_read(ts, at, &r);      /* a patch may hold the head now */
        if (!err)
            err = ts_next(ts, &r, &at, &r);
        if (err || at == 0)
            break;
        err = take_record(ts, prev_at, &r, last);
    }
    for (unsigned k = 1; !err && k < TS_MAX_LEVEL; k++)
        err = fix_level(ts, last[k], k, 0);
    ts->header.num_records = count;
    return err;
}

static err_t write_dirty(struct twoskip *ts)
{
    if (ts->header.flags & TS_DIRTY)
        return ERR_OK;
    ts->header.flags |= TS_DIRTY;
    err_t err = ts_write_header(ts);
    return err ? err : dbfile_sync(&ts->file);
}

/* ERR_CORRUPT: the walk failed, nothing was changed. */
static err_t roll_back(struct twoskip *ts)
{
    uint64_t size = ts->header.current_size;

    if (size > ts->file.size)
        return db_corrupt(ts->file.path, "file is shorter than its header says", size);
    ts_view_committed(ts);
    err_t err = correct_pointers(ts);
    if (err) {
        patches_clear(&ts->patches);
        return err;
    }
    err = write_dirty(ts);
    if (!err)
        err = patches_write(&ts->patches, &ts->file);
    if (!err && ts->file.size > size)
        err = dbfile_truncate(&ts->file, size);
    if (!err)
        err = dbfile_sync(&ts->file);
    if (err)
        return err;
    ts->header.flags &= ~(uint32_t)TS_DIRTY;
    err = ts_write_header(ts);
    return err ? err : dbfile_sync(&ts->file);
}

/* ---- second way: rescue ------------------------------------------------- */

struct rescue {
    struct twoskip *ts;
    struct ordmap *live;                /* what the replayed transactions have stored */
    struct vec found;                   /* uint64_t: records of the current transaction */
    uint64_t bad_at;                    /* last place that could not be read; 0: none */
    uint64_t replayed, skipped;         /* transactions */
};

/* The deleted key is the live one before the record that the pointer names. */
static void replay_delete(struct rescue *rs, const struct ts_rec *r)
{
    uint64_t next_at = be64_get(r->ptrs);
    struct slice before = SLICE_NULL;
    struct ts_rec next;

    if (next_at) {
        if (!ts_parse(rs->ts, next_at, &next) || next.type != TS_RECORD)
            return;
        before = next.key;
    }
    const struct ordmap_entry *e = ordmap_before(rs->live, before);
    if (e)
        ordmap_remove(rs->live, e->key);
}

/* A commit record at `at` for a transaction that began at `start`. */
static void replay(struct rescue *rs, uint64_t at, uint64_t start)
{
    bool intact = start < at && rs->bad_at < start;

    for (size_t i = 0; intact && i < rs->found.n; i++) {
        uint64_t rec_at = *VEC_AT(&rs->found, uint64_t, i);
        struct ts_rec r;
        if (rec_at < start || !ts_parse(rs->ts, rec_at, &r))
            continue;
        if (r.type == TS_RECORD)
            ordmap_put(rs->live, r.key, r.value);
        else
            replay_delete(rs, &r);
    }
    if (intact)
        rs->replayed++;
    else
        rs->skipped++;
    rs->found.n = 0;
}

static void scan(struct rescue *rs)
{
    struct twoskip *ts = rs->ts;
    uint64_t at = TS_FIRST_AT, size;
    struct ts_rec r;
    bool blank;

    for (; at < ts->base; at += size) {
        size = ts_item_size(ts, at, &r, &blank);
        if (size == 0) {                /* not even a head: look for the next one */
            rs->bad_at = at;
            size = TS_ALIGN;
        } else if (!blank && !ts_tail_ok(&r)) {
            rs->bad_at = at;
        } else if (!blank && r.type == TS_COMMIT) {
            replay(rs, at, be64_get(r.ptrs));
        } else if (!blank && r.type != TS_DUMMY) {
            *VEC_PUSH(&rs->found, uint64_t) = at;
        }
    }
}

static err_t store_all(const struct ordmap *live, struct twoskip *fresh)
{
    err_t err = ERR_OK;

    for (const struct ordmap_entry *e = ordmap_seek(live, SLICE_NULL, true); !err && e;
         e = ordmap_next(e))
        err = ts_store(fresh, e->key, e->value, DB_STORE_ANY);
    return err;
}

static err_t write_rescued(struct rescue *rs)
{
    struct twoskip fresh;
    err_t err = ts_replace_begin(rs->ts, &fresh);

    if (err)
        return err;
    err = store_all(rs->live, &fresh);
    if (err) {
        ts_replace_abort(rs->ts, &fresh);
        return err;
    }
    return ts_replace_commit(rs->ts, &fresh);
}

static err_t rescue(struct twoskip *ts)
{
    struct rescue rs = { .ts = ts, .live = ordmap_new(ts->cmp), .found = VEC_INIT(uint64_t) };
    err_t err;

    ts_view_committed(ts);
    ts->base = ts->file.size;           /* transactions behind the committed size count too */
    scan(&rs);
    if (rs.replayed == 0) {
        err = db_corrupt(ts->file.path, "nothing can be rescued", 0);
    } else {
        err = write_rescued(&rs);
        if (!err)
            log_err("DBERROR: rescued %zu records: filename=<%s> transactions=<%llu> lost=<%llu>",
                    ordmap_count(rs.live), ts->file.path, (unsigned long long)rs.replayed,
                    (unsigned long long)rs.skipped);
    }
    ordmap_free(&rs.live);
    vec_fini(&rs.found);
    return err ? err : ERR_AGAIN;
}

err_t ts_recover(struct twoskip *ts)
{
    err_t err = roll_back(ts);

    if (err == ERR_CORRUPT && !dbfile_is_derived(&ts->file))
        return rescue(ts);
    if (!err)
        log_notice("DBNOTICE: recovered: filename=<%s> records=<%llu>", ts->file.path,
                   (unsigned long long)ts->header.num_records);
    return err;
}

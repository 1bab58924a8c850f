/* db_twoskip_write.c - changes to a twoskip file
 *
 * Order of durable writes of a commit (formats/cyrusdb.md section 5.5):
 *   header with DIRTY, sync | new records and changed heads, commit record, sync |
 *   header without DIRTY and with the new size, sync
 * Until the last sync a crash leads back to the state before, because level 0 keeps the
 * pointer that was valid at the last commit.
 */
#include "lib/base/bug.h"
#include "lib/base/crc32.h"
#include "lib/base/endian.h"
#include "lib/db/db_twoskip_impl.h"

enum { SPILL_BYTES = 8 * 1024 * 1024 };     /* a transaction keeps at most this in memory */

/* ---- records ------------------------------------------------------------ */

/* Length fields and level; returns the offset of the pointers. */
static size_t put_fixed(uint8_t *h, uint8_t type, unsigned level, uint64_t keylen, uint64_t vallen)
{
    size_t n = TS_R_FIXED;

    h[TS_R_TYPE] = type;
    h[TS_R_LEVEL] = (uint8_t)level;
    be16_put(h + TS_R_KEYLEN, keylen < TS_LONG_KEY ? (uint16_t)keylen : TS_LONG_KEY);
    be32_put(h + TS_R_VALLEN, vallen < TS_LONG_VALUE ? (uint32_t)vallen : TS_LONG_VALUE);
    if (keylen >= TS_LONG_KEY) {
        be64_put(h + n, keylen);
        n += TS_LONG_SIZE;
    }
    if (vallen >= TS_LONG_VALUE) {
        be64_put(h + n, vallen);
        n += TS_LONG_SIZE;
    }
    return n;
}

static void add_padding(struct buf *b, uint64_t end, uint64_t headlen)
{
    if (headlen > TS_HEAD_IN_SECTOR)
        return;
    for (; (end + TS_ALIGN) % TS_SECTOR > (end - TS_ALIGN + headlen) % TS_SECTOR; end += TS_ALIGN)
        buf_add(b, TS_BLANK, TS_ALIGN);
}

/* Append a record to the tail; returns its offset. */
static uint64_t append(struct twoskip *ts, uint8_t type, unsigned level, const uint64_t *ptrs,
                       struct slice key, struct slice value)
{
    static const char zeros[TS_ALIGN];
    uint8_t h[TS_HEAD_MAX];
    size_t n = put_fixed(h, type, level, key.n, value.n);
    size_t pad = (TS_ALIGN - (key.n + value.n) % TS_ALIGN) % TS_ALIGN;
    uint32_t crc = crc32_of(key.p, key.n);

    for (unsigned i = 0; i <= level; i++, n += TS_PTR_SIZE)
        be64_put(h + n, ptrs[i]);
    be32_put(h + n, crc32_of(h, n));
    crc = crc32_add(crc, value.p, value.n);
    be32_put(h + n + TS_CRCS_SIZE / 2, crc32_add(crc, zeros, pad));
    n += TS_CRCS_SIZE;

    add_padding(&ts->tail, ts_end(ts), n);
    uint64_t at = ts_end(ts);
    buf_add(&ts->tail, h, n);
    buf_add_slice(&ts->tail, key);
    buf_add_slice(&ts->tail, value);
    buf_add(&ts->tail, zeros, pad);
    return at;
}

static void set_pointer_in_head(uint8_t *head, size_t headlen, size_t ptr_at, uint64_t value)
{
    be64_put(head + ptr_at, value);
    be32_put(head + headlen - TS_CRCS_SIZE, crc32_of(head, headlen - TS_CRCS_SIZE));
}

/* The bytes of a head that may be changed: in the tail, or a patch. */
static uint8_t *writable_head(struct twoskip *ts, uint64_t at, uint64_t headlen)
{
    if (at >= ts->base)
        return (uint8_t *)ts->tail.p + (at - ts->base);

    uint8_t *p = patches_find(&ts->patches, at);
    return p ? p : patches_add(&ts->patches, at, at, dbfile_at(&ts->file, at, headlen), headlen);
}

void ts_set_raw_pointer(struct twoskip *ts, const struct ts_rec *r, unsigned i, uint64_t value)
{
    size_t ptr_at = r->headlen - TS_CRCS_SIZE - TS_PTR_SIZE * (r->level + 1u - i);

    set_pointer_in_head(writable_head(ts, r->at, r->headlen), r->headlen, ptr_at, value);
}

/* Which of the two level 0 pointers may go: never the one that the last commit needs. */
static unsigned level0_victim(const struct twoskip *ts, const struct ts_rec *r)
{
    uint64_t a = be64_get(r->ptrs), b = be64_get(r->ptrs + TS_PTR_SIZE);

    if (a >= ts->start)
        return 0;
    if (b >= ts->start)
        return 1;
    return b > a ? 0 : 1;
}

/* Set the pointer of a level; keeps the head CRC right. */
static err_t set_pointer(struct twoskip *ts, uint64_t at, unsigned level, uint64_t value)
{
    struct ts_rec r;

    if (!ts_parse(ts, at, &r) || level >= r.level)
        return db_corrupt(ts->file.path, "file changes under its lock", at);
    ts_set_raw_pointer(ts, &r, level ? level + 1 : level0_victim(ts, &r), value);
    return ERR_OK;
}

/* ---- store and delete --------------------------------------------------- */

void ts_txn_begin(struct twoskip *ts)
{
    ts_view_committed(ts);
    ts->start = ts->header.current_size;
    ts->spilled = false;
}

void ts_txn_forget(struct twoskip *ts)
{
    ts->tail.n = 0;
    patches_clear(&ts->patches);
    ts->spilled = false;
    if (!ts_header_parse(ts->raw, &ts->header))     /* undo what was counted */
        memset(ts->raw, 0, sizeof ts->raw);
}

bool ts_txn_changed(const struct twoskip *ts)
{
    return ts->spilled || ts->tail.n > 0;
}

static unsigned toss_level(struct twoskip *ts)
{
    unsigned level = 1;

    ts->dice ^= ts->dice << 13;
    ts->dice ^= ts->dice >> 7;
    ts->dice ^= ts->dice << 17;
    for (uint64_t v = ts->dice >> 8; level < TS_MAX_LEVEL && (v & 1); v >>= 1)
        level++;
    return level;
}

static err_t spill_if_large(struct twoskip *ts)
{
    if (ts->tail.n + patches_bytes(&ts->patches) < SPILL_BYTES)
        return ERR_OK;
    return ts_flush(ts);
}

/* Make what precedes the place point to targets[k] on levels 0 to n-1. */
static err_t link_levels(struct twoskip *ts, const struct ts_place *place, const uint64_t *targets,
                         unsigned n)
{
    err_t err = ERR_OK;

    for (unsigned k = 0; !err && k < n; k++)
        err = set_pointer(ts, place->prev[k], k, targets[k]);
    return err;
}

err_t ts_store(struct twoskip *ts, struct slice key, struct slice value, enum db_store_mode mode)
{
    struct ts_place place;
    uint64_t targets[TS_MAX_LEVEL], ptrs[TS_MAX_LEVEL + 1] = { 0 };

    ts_start_operation(ts);
    err_t err = ts_find(ts, key, &place);
    if (err)
        return err;
    if (place.found && mode == DB_STORE_NEW)
        return ERR_EXISTS;
    if (place.found && slice_eq(place.rec.value, value))
        return ERR_OK;

    unsigned old = place.found ? place.rec.level : 0, level = toss_level(ts);
    for (unsigned k = 0; k < TS_MAX_LEVEL; k++)
        targets[k] = k < old ? ts_pointer(ts, &place.rec, k) : place.next[k];
    for (unsigned k = 0; k < level; k++)
        ptrs[k + 1] = targets[k];
    uint64_t at = append(ts, TS_RECORD, level, ptrs, key, value);
    for (unsigned k = 0; k < level; k++)
        targets[k] = at;
    err = link_levels(ts, &place, targets, level > old ? level : old);
    if (!place.found)
        ts->header.num_records++;
    return err ? err : spill_if_large(ts);
}

err_t ts_remove(struct twoskip *ts, struct slice key)
{
    struct ts_place place;
    struct ts_rec next;
    uint64_t targets[TS_MAX_LEVEL], after = 0;

    ts_start_operation(ts);
    err_t err = ts_find(ts, key, &place);
    if (!err && !place.found)
        return ERR_NOTFOUND;
    if (!err)
        err = ts_next(ts, &place.rec, &after, &next);
    if (err)
        return err;

    unsigned level = place.rec.level;
    for (unsigned k = 1; k < level; k++)
        targets[k] = ts_pointer(ts, &place.rec, k);
    targets[0] = append(ts, TS_DELETE, 0, &after, SLICE_NULL, SLICE_NULL);
    err = link_levels(ts, &place, targets, level);
    if (ts->header.num_records)
        ts->header.num_records--;
    return err ? err : spill_if_large(ts);
}

/* ---- to the file -------------------------------------------------------- */

err_t ts_write_header(struct twoskip *ts)
{
    ts_header_pack(&ts->header, ts->raw);
    return dbfile_write(&ts->file, ts->raw, sizeof ts->raw, 0);
}

/* The committed numbers stay as they are on disk; only the flag is set. */
static err_t mark_dirty(struct twoskip *ts)
{
    uint8_t raw[TS_HEADER_SIZE];
    struct ts_header old;

    BUG_UNLESS(ts_header_parse(ts->raw, &old));
    old.flags |= TS_DIRTY;
    ts_header_pack(&old, raw);
    err_t err = dbfile_write(&ts->file, raw, sizeof raw, 0);
    return err ? err : dbfile_sync(&ts->file);
}

err_t ts_flush(struct twoskip *ts)
{
    err_t err = ts->spilled || ts->fresh ? ERR_OK : mark_dirty(ts);

    ts->spilled = true;
    if (!err && ts->tail.n)
        err = dbfile_write(&ts->file, ts->tail.p, ts->tail.n, ts->base);
    if (!err)
        err = patches_write(&ts->patches, &ts->file);
    if (err)
        return err;
    ts->base += ts->tail.n;
    if (ts->tail.cap > SPILL_BYTES / 8)
        buf_fini(&ts->tail);
    ts->tail.n = 0;
    return ERR_OK;
}

err_t ts_txn_commit(struct twoskip *ts)
{
    append(ts, TS_COMMIT, 0, &ts->start, SLICE_NULL, SLICE_NULL);
    err_t err = ts_flush(ts);
    if (!err && !ts->fresh)
        err = dbfile_sync(&ts->file);
    if (err)
        return err;
    ts->header.current_size = ts->base;
    ts->header.flags &= ~(uint32_t)TS_DIRTY;
    err = ts_write_header(ts);
    return err || ts->fresh ? err : dbfile_sync(&ts->file);
}

err_t ts_format(struct twoskip *ts, uint64_t generation)
{
    uint64_t ptrs[TS_MAX_LEVEL + 1] = { 0 };

    ts->header = (struct ts_header){
        .version = TS_VERSION, .generation = generation, .repack_size = TS_FIRST_AT,
        .current_size = TS_FIRST_AT,
    };
    ts->base = TS_DUMMY_AT;
    ts->tail.n = 0;
    append(ts, TS_DUMMY, TS_MAX_LEVEL, ptrs, SLICE_NULL, SLICE_NULL);

    uint8_t all[TS_FIRST_AT];
    ts_header_pack(&ts->header, ts->raw);
    memcpy(all, ts->raw, TS_HEADER_SIZE);
    memcpy(all + TS_HEADER_SIZE, ts->tail.p, TS_DUMMY_SIZE);
    err_t err = dbfile_write(&ts->file, all, sizeof all, 0);
    if (!err && !ts->fresh)
        err = dbfile_sync(&ts->file);
    ts_view_committed(ts);
    return err;
}

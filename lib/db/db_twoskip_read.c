/* db_twoskip_read.c - header, records, search and walk of a twoskip file */
#include "lib/base/crc32.h"
#include "lib/base/endian.h"
#include "lib/db/db_twoskip_impl.h"

bool ts_header_parse(const uint8_t *p, struct ts_header *out)
{
    if (memcmp(p, TS_MAGIC, TS_MAGIC_SIZE) != 0 || be32_get(p + TS_H_CRC) != crc32_of(p, TS_H_CRC))
        return false;
    *out = (struct ts_header){
        .version = be32_get(p + TS_H_VERSION),
        .flags = be32_get(p + TS_H_FLAGS),
        .generation = be64_get(p + TS_H_GENERATION),
        .num_records = be64_get(p + TS_H_NUM_RECORDS),
        .repack_size = be64_get(p + TS_H_REPACK_SIZE),
        .current_size = be64_get(p + TS_H_CURRENT_SIZE),
    };
    return out->version <= TS_VERSION && out->current_size >= TS_FIRST_AT &&
        out->current_size % TS_ALIGN == 0;
}

void ts_header_pack(const struct ts_header *h, uint8_t *p)
{
    memcpy(p, TS_MAGIC, TS_MAGIC_SIZE);
    be32_put(p + TS_H_VERSION, h->version);
    be64_put(p + TS_H_GENERATION, h->generation);
    be64_put(p + TS_H_NUM_RECORDS, h->num_records);
    be64_put(p + TS_H_REPACK_SIZE, h->repack_size);
    be64_put(p + TS_H_CURRENT_SIZE, h->current_size);
    be32_put(p + TS_H_FLAGS, h->flags);
    be32_put(p + TS_H_CRC, crc32_of(p, TS_H_CRC));
}

uint64_t ts_end(const struct twoskip *ts)
{
    return ts->base + ts->tail.n;
}

/* More reads than the file can have records means that its pointers run in a circle. */
void ts_start_operation(struct twoskip *ts)
{
    ts->budget = ts_end(ts) / TS_HEAD_MIN + 2 * TS_MAX_LEVEL;
}

void ts_view_committed(struct twoskip *ts)
{
    ts->base = ts->header.current_size;
    ts->tail.n = 0;
    patches_clear(&ts->patches);
    ts_start_operation(ts);
}

/* Where the bytes at `at` are, and how many of them belong to the same source. */
static const uint8_t *locate(const struct twoskip *ts, uint64_t at, uint64_t *avail)
{
    if (at >= ts->base) {
        if (at - ts->base >= ts->tail.n)
            return NULL;
        *avail = ts->tail.n - (at - ts->base);
        return (const uint8_t *)ts->tail.p + (at - ts->base);
    }
    uint64_t end = ts->base < ts->file.map.len ? ts->base : ts->file.map.len;
    if (at >= end)
        return NULL;
    *avail = end - at;
    return (const uint8_t *)ts->file.map.base + at;
}

static bool is_type_and_level(uint8_t type, uint8_t level)
{
    switch (type) {
    case TS_DUMMY:
        return level == TS_MAX_LEVEL;
    case TS_RECORD:
        return level >= 1 && level <= TS_MAX_LEVEL;
    case TS_DELETE:
    case TS_COMMIT:
        return level == 0;
    }
    return false;
}

bool ts_parse(const struct twoskip *ts, uint64_t at, struct ts_rec *r)
{
    uint64_t avail = 0;
    const uint8_t *p = at % TS_ALIGN || at < TS_DUMMY_AT ? NULL : locate(ts, at, &avail);

    if (!p || avail < TS_HEAD_MIN || !is_type_and_level(p[TS_R_TYPE], p[TS_R_LEVEL]) ||
        (p[TS_R_TYPE] == TS_DUMMY) != (at == TS_DUMMY_AT))
        return false;
    r->at = at;
    r->type = p[TS_R_TYPE];
    r->level = p[TS_R_LEVEL];

    uint64_t keylen = be16_get(p + TS_R_KEYLEN), vallen = be32_get(p + TS_R_VALLEN);
    size_t n = TS_R_FIXED;
    r->headlen = n + (keylen == TS_LONG_KEY ? TS_LONG_SIZE : 0) +
        (vallen == TS_LONG_VALUE ? TS_LONG_SIZE : 0) + TS_PTR_SIZE * (r->level + 1u) + TS_CRCS_SIZE;
    if (r->headlen > avail)
        return false;
    if (keylen == TS_LONG_KEY) {
        keylen = be64_get(p + n);
        n += TS_LONG_SIZE;
    }
    if (vallen == TS_LONG_VALUE) {
        vallen = be64_get(p + n);
        n += TS_LONG_SIZE;
    }
    avail -= r->headlen;
    if (keylen > avail || vallen > avail - keylen || (r->type == TS_RECORD && keylen == 0))
        return false;
    r->taillen = (keylen + vallen + TS_ALIGN - 1) / TS_ALIGN * TS_ALIGN;
    if (r->taillen > avail)
        return false;
    r->key = slice_make(p + r->headlen, keylen);
    r->value = slice_make(p + r->headlen + keylen, vallen);

    const uint8_t *patched = at < ts->base ? patches_find(&ts->patches, at) : NULL;
    const uint8_t *head = patched ? patched : p;
    r->ptrs = head + n;
    size_t crc_at = r->headlen - TS_CRCS_SIZE;
    return be32_get(head + crc_at) == crc32_of(head, crc_at);
}

err_t ts_read(struct twoskip *ts, uint64_t at, struct ts_rec *out)
{
    if (ts->budget == 0)
        return db_corrupt(ts->file.path, "records point in a circle", at);
    ts->budget--;
    if (ts_parse(ts, at, out))
        return ERR_OK;
    return db_corrupt(ts->file.path, "no record where one should be", at);
}

bool ts_tail_ok(const struct ts_rec *r)
{
    const uint8_t *crc = r->ptrs + TS_PTR_SIZE * (r->level + 1u) + TS_CRCS_SIZE / 2;

    return be32_get(crc) == crc32_of(r->key.p, r->taillen);
}

err_t ts_check_tail(struct twoskip *ts, const struct ts_rec *r)
{
    if (ts_tail_ok(r))
        return ERR_OK;
    return db_corrupt(ts->file.path, "wrong checksum of key and value", r->at);
}

/* Level 0 has two pointers; the newer of those that are committed counts (section 5.4). */
static uint64_t level0_pointer(const struct twoskip *ts, const struct ts_rec *r)
{
    uint64_t a = be64_get(r->ptrs);

    if (r->level == 0)
        return a;
    uint64_t b = be64_get(r->ptrs + TS_PTR_SIZE), end = ts_end(ts);
    if (a >= end)
        return b;
    if (b >= end)
        return a;
    return a > b ? a : b;
}

uint64_t ts_pointer(const struct twoskip *ts, const struct ts_rec *r, unsigned level)
{
    if (level == 0)
        return level0_pointer(ts, r);

    uint64_t v = be64_get(r->ptrs + TS_PTR_SIZE * (level + 1));
    /* left by a transaction that did not end: level 0 knows all records */
    return ts->lenient && v >= ts_end(ts) ? 0 : v;
}

/* Follow delete records from *at to a live record; *at becomes 0 at the end. */
static err_t skip_deleted(struct twoskip *ts, uint64_t *at, struct ts_rec *out)
{
    while (*at) {
        err_t err = ts_read(ts, *at, out);
        if (err)
            return err;
        if (out->type == TS_RECORD)
            return ERR_OK;
        if (out->type != TS_DELETE)
            return db_corrupt(ts->file.path, "pointer to something that is no record", *at);
        *at = level0_pointer(ts, out);
    }
    return ERR_OK;
}

err_t ts_next(struct twoskip *ts, const struct ts_rec *r, uint64_t *at_out, struct ts_rec *out)
{
    uint64_t at = level0_pointer(ts, r);
    struct ts_rec next;
    err_t err = skip_deleted(ts, &at, &next);

    if (err)
        return err;
    *at_out = at;
    if (at)
        *out = next;
    return ERR_OK;
}

/* Keys were compared without a look at their checksums.  A damaged one that led astray, or was
 * the key looked for, is next to where the search has ended. */
static err_t check_place(struct twoskip *ts, const struct ts_place *place,
                         const struct ts_rec *before)
{
    err_t err = place->next[0] ? ts_check_tail(ts, &place->rec) : ERR_OK;

    return err || place->found ? err : ts_check_tail(ts, before);
}

err_t ts_find(struct twoskip *ts, struct slice key, struct ts_place *out)
{
    struct ts_rec cur, next;
    uint64_t bound = 0;                 /* nearest record known not to be below key */
    err_t err = ts_read(ts, TS_DUMMY_AT, &cur);

    out->found = false;
    for (unsigned k = TS_MAX_LEVEL; !err && k-- > 0; ) {
        uint64_t at;
        for (;;) {
            at = ts_pointer(ts, &cur, k);
            if (at == 0 || at == bound)
                break;
            if ((err = skip_deleted(ts, &at, &next)) || at == 0 || at == bound)
                break;
            if (next.level <= k) {
                err = db_corrupt(ts->file.path, "record is not on the level that leads to it", at);
                break;
            }
            int c = ts->cmp(next.key, key);
            if (c >= 0) {
                bound = at;
                out->rec = next;
                out->found = c == 0;
                break;
            }
            cur = next;
        }
        out->prev[k] = cur.at;
        out->next[k] = at;
    }
    if (!err && bound != out->next[0])
        err = db_corrupt(ts->file.path, "record is missing from the lowest level", bound);
    return err ? err : check_place(ts, out, &cur);
}

/* A walk that did not go forward might not end. */
static err_t next_ascending(struct twoskip *ts, struct ts_rec *r, uint64_t *at)
{
    struct slice key = r->key;
    err_t err = ts_next(ts, r, at, r);

    if (!err && *at && ts->cmp(key, r->key) >= 0)
        err = db_corrupt(ts->file.path, "keys are not in order", *at);
    return err;
}

err_t ts_collect(struct twoskip *ts, struct slice from, bool inclusive, struct slice prefix,
                 struct db_batch *batch)
{
    struct ts_place place;
    err_t err = ts_find(ts, from, &place);

    if (err)
        return err;
    uint64_t at = place.next[0];
    struct ts_rec r = place.rec;
    if (at && place.found && !inclusive)
        err = next_ascending(ts, &r, &at);
    while (!err && at && !db_batch_full(batch)) {
        enum db_match match = db_prefix_match(ts->cmp, r.key, prefix);
        if (match == DB_MATCH_PAST) {
            at = 0;
            break;
        }
        err = ts_check_tail(ts, &r);
        if (!err && match == DB_MATCH_YES)
            db_batch_add(batch, r.key, r.value);
        if (!err)
            err = next_ascending(ts, &r, &at);
    }
    batch->end = at == 0;
    return err;
}

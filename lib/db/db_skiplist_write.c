/* db_skiplist_write.c - changes to a skiplist file; the order is in db_skiplist_impl.h */
#include "lib/base/clock.h"
#include "lib/base/endian.h"
#include "lib/base/log.h"
#include "lib/db/db_skiplist_impl.h"

enum { SPILL_BYTES = 8 * 1024 * 1024 };     /* a transaction keeps at most this in memory */

static void add_string(struct buf *b, struct slice s)
{
    static const char zeros[SL_WORD];

    buf_add_be32(b, (uint32_t)s.n);
    buf_add_slice(b, s);
    buf_add(b, zeros, (SL_WORD - s.n % SL_WORD) % SL_WORD);
}

size_t sl_add_record(struct buf *b, uint32_t type, struct slice key, struct slice value,
                     const uint32_t *ptrs, unsigned level)
{
    size_t at = b->n;

    buf_add_be32(b, type);
    add_string(b, key);
    add_string(b, value);
    for (unsigned k = 0; k < level; k++)
        buf_add_be32(b, ptrs[k]);
    buf_add_be32(b, SL_END);
    return at;
}

void sl_pack_empty(uint8_t bytes[SL_FIRST_AT])
{
    struct sl_header h = { .logstart = SL_FIRST_AT, .recovered = (uint32_t)clock_now() };

    memset(bytes, 0, SL_FIRST_AT);
    sl_header_pack(&h, bytes);
    be32_put(bytes + SL_DUMMY_AT, SL_DUMMY);
    be32_put(bytes + SL_FIRST_AT - SL_WORD, SL_END);
}

err_t sl_format(struct skiplist *sl)
{
    uint8_t all[SL_FIRST_AT];

    sl_pack_empty(all);
    err_t err = dbfile_write(&sl->file, all, sizeof all, 0);
    if (!err)
        err = dbfile_sync(&sl->file);
    memcpy(sl->raw, all, sizeof sl->raw);
    if (!sl_header_parse(sl->raw, &sl->header))
        memset(sl->raw, 0, sizeof sl->raw);
    return err;
}

void sl_txn_forget(struct skiplist *sl)
{
    sl->tail.n = 0;
    patches_clear(&sl->patches);
    sl->spilled = false;
    if (!sl_header_parse(sl->raw, &sl->header))
        memset(sl->raw, 0, sizeof sl->raw);
}

bool sl_txn_changed(const struct skiplist *sl)
{
    return sl->spilled || sl->tail.n > 0;
}

static unsigned toss_level(struct skiplist *sl)
{
    unsigned level = 1;

    sl->dice ^= sl->dice << 13;
    sl->dice ^= sl->dice >> 7;
    sl->dice ^= sl->dice << 17;
    for (uint64_t v = sl->dice >> 8; level < SL_MAX_LEVEL && (v & 1); v >>= 1)
        level++;
    return level;
}

static err_t set_pointer(struct skiplist *sl, uint32_t at, unsigned level, uint32_t value)
{
    struct sl_rec r;

    if (!sl_parse(sl, at, &r) || level >= r.level)
        return db_corrupt(sl->file.path, "file changes under its lock", at);

    uint8_t *ptrs = NULL;
    if (at >= sl->base)
        ptrs = (uint8_t *)sl->tail.p + (r.ptrs_at - sl->base);
    else
        ptrs = patches_find(&sl->patches, at);
    if (!ptrs)
        ptrs = patches_add(&sl->patches, at, r.ptrs_at, r.ptrs, SL_WORD * r.level);
    be32_put(ptrs + SL_WORD * level, value);
    return ERR_OK;
}

/* Write what is in memory, in an order that leaves the file unfinished to its end. */
static err_t flush(struct skiplist *sl)
{
    uint8_t raw[SL_HEADER_SIZE];
    err_t err = ERR_OK;

    sl->spilled = true;
    if (sl->tail.n)
        err = dbfile_write(&sl->file, sl->tail.p, sl->tail.n, sl->base);
    if (!err)
        err = dbfile_sync(&sl->file);
    if (err)
        return err;
    sl->base += sl->tail.n;
    sl->tail.n = 0;
    sl_header_pack(&sl->header, raw);
    if (memcmp(raw, sl->raw, sizeof raw) != 0)      /* a higher level than ever before */
        err = dbfile_write(&sl->file, raw, sizeof raw, 0);
    if (!err)
        err = patches_write(&sl->patches, &sl->file);
    return err;
}

static err_t after_change(struct skiplist *sl, err_t err)
{
    if (!err && sl->tail.n + patches_bytes(&sl->patches) >= SPILL_BYTES)
        err = flush(sl);
    return err;
}

static err_t check_room(struct skiplist *sl, struct slice key, struct slice value)
{
    uint64_t more = (uint64_t)key.n + value.n + SL_WORD * (SL_MAX_LEVEL + 16);

    if (more < SL_SIZE_MAX && sl_end(sl) + more < SL_SIZE_MAX)
        return ERR_OK;
    log_err("DBERROR: a skiplist file cannot be larger than 4 GB: filename=<%s>", sl->file.path);
    return ERR_LIMIT;
}

static void add_delete(struct skiplist *sl, uint32_t at)
{
    buf_add_be32(&sl->tail, SL_DELETE);
    buf_add_be32(&sl->tail, at);
}

static err_t link_levels(struct skiplist *sl, const struct sl_place *place, uint32_t at,
                         unsigned level)
{
    err_t err = ERR_OK;

    for (unsigned k = 0; !err && k < level; k++)
        err = set_pointer(sl, place->prev[k], k, at);
    return err;
}

err_t sl_store(struct skiplist *sl, struct slice key, struct slice value, enum db_store_mode mode)
{
    struct sl_place place;
    uint32_t ptrs[SL_MAX_LEVEL];
    unsigned level;

    sl_start_operation(sl);
    err_t err = sl_find(sl, key, &place);
    if (!err)
        err = check_room(sl, key, value);
    if (err)
        return err;
    if (place.found && mode == DB_STORE_NEW)
        return ERR_EXISTS;
    if (place.found && slice_eq(place.rec.value, value))
        return ERR_OK;

    level = place.found ? place.rec.level : toss_level(sl);
    for (unsigned k = 0; k < level; k++)
        ptrs[k] = place.found ? sl_pointer(sl, &place.rec, k) : place.next[k];
    if (place.found)
        add_delete(sl, place.rec.at);
    uint32_t at = (uint32_t)(sl->base + sl_add_record(&sl->tail, SL_ADD, key, value, ptrs, level));
    if (level > sl->header.curlevel)
        sl->header.curlevel = level;
    return after_change(sl, link_levels(sl, &place, at, level));
}

err_t sl_remove(struct skiplist *sl, struct slice key)
{
    struct sl_place place;

    sl_start_operation(sl);
    err_t err = sl_find(sl, key, &place);
    if (!err && !place.found)
        return ERR_NOTFOUND;
    if (!err)
        err = check_room(sl, SLICE_NULL, SLICE_NULL);
    if (err)
        return err;

    uint32_t next[SL_MAX_LEVEL];
    for (unsigned k = 0; k < place.rec.level; k++)
        next[k] = sl_pointer(sl, &place.rec, k);
    add_delete(sl, place.rec.at);
    unsigned level = place.rec.level;
    for (unsigned k = 0; !err && k < level; k++)
        err = set_pointer(sl, place.prev[k], k, next[k]);
    return after_change(sl, err);
}

err_t sl_txn_commit(struct skiplist *sl)
{
    uint8_t commit[SL_WORD];
    err_t err = flush(sl);

    if (err)
        return err;
    be32_put(commit, SL_COMMIT);
    err = dbfile_write(&sl->file, commit, sizeof commit, sl->base);
    if (!err)
        err = dbfile_sync(&sl->file);
    if (!err)
        sl_header_pack(&sl->header, sl->raw);
    return err;
}

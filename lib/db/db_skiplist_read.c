/* db_skiplist_read.c - header, records, search and walk of a skiplist file */
#include "lib/base/endian.h"
#include "lib/db/db_skiplist_impl.h"

bool sl_header_parse(const uint8_t *p, struct sl_header *out)
{
    if (memcmp(p, SL_MAGIC, SL_MAGIC_SIZE) != 0 || be32_get(p + SL_H_VERSION) != SL_VERSION ||
        be32_get(p + SL_H_MAXLEVEL) != SL_MAX_LEVEL)
        return false;
    *out = (struct sl_header){
        .curlevel = be32_get(p + SL_H_CURLEVEL),
        .listsize = be32_get(p + SL_H_LISTSIZE),
        .logstart = be32_get(p + SL_H_LOGSTART),
        .recovered = be32_get(p + SL_H_RECOVERED),
    };
    return out->curlevel <= SL_MAX_LEVEL && out->logstart >= SL_FIRST_AT &&
        out->logstart % SL_WORD == 0;
}

void sl_header_pack(const struct sl_header *h, uint8_t *p)
{
    memcpy(p, SL_MAGIC, SL_MAGIC_SIZE);
    be32_put(p + SL_H_VERSION, SL_VERSION);
    be32_put(p + SL_H_MINOR, SL_MINOR);
    be32_put(p + SL_H_MAXLEVEL, SL_MAX_LEVEL);
    be32_put(p + SL_H_CURLEVEL, h->curlevel);
    be32_put(p + SL_H_LISTSIZE, h->listsize);
    be32_put(p + SL_H_LOGSTART, h->logstart);
    be32_put(p + SL_H_RECOVERED, h->recovered);
}

uint64_t sl_end(const struct skiplist *sl)
{
    return sl->base + sl->tail.n;
}

void sl_start_operation(struct skiplist *sl)
{
    sl->budget = sl_end(sl) / SL_RECORD_MIN + 2 * SL_MAX_LEVEL;
}

void sl_view_committed(struct skiplist *sl)
{
    sl->base = sl->file.size < SL_SIZE_MAX ? sl->file.size : SL_SIZE_MAX;
    sl->tail.n = 0;
    patches_clear(&sl->patches);
    sl_start_operation(sl);
}

static const uint8_t *locate(const struct skiplist *sl, uint64_t at, uint64_t *avail)
{
    if (at >= sl->base) {
        if (at - sl->base >= sl->tail.n)
            return NULL;
        *avail = sl->tail.n - (at - sl->base);
        return (const uint8_t *)sl->tail.p + (at - sl->base);
    }
    uint64_t end = sl->base < sl->file.map.len ? sl->base : sl->file.map.len;
    if (at >= end)
        return NULL;
    *avail = end - at;
    return (const uint8_t *)sl->file.map.base + at;
}

bool sl_word(const struct skiplist *sl, uint64_t at, uint32_t *out)
{
    uint64_t avail = 0;
    const uint8_t *p = locate(sl, at, &avail);

    if (!p || avail < SL_WORD)
        return false;
    *out = be32_get(p);
    return true;
}

/* Length word and padded bytes at *n; moves on. */
static bool take_string(const uint8_t *p, uint64_t avail, uint64_t *n, struct slice *out)
{
    if (avail - *n < SL_WORD)
        return false;
    uint64_t len = be32_get(p + *n), padded = (len + SL_WORD - 1) / SL_WORD * SL_WORD;
    *n += SL_WORD;
    if (padded > avail - *n)
        return false;
    *out = slice_make(p + *n, len);
    *n += padded;
    return true;
}

static bool take_pointers(const uint8_t *p, uint64_t avail, uint64_t *n, unsigned *level)
{
    for (*level = 0; *level <= SL_MAX_LEVEL; ++*level) {
        if (avail - *n < SL_WORD)
            return false;
        uint32_t v = be32_get(p + *n);
        *n += SL_WORD;
        if (v == SL_END)
            return *level > 0;
    }
    return false;
}

bool sl_parse(const struct skiplist *sl, uint64_t at, struct sl_rec *r)
{
    uint64_t avail = 0, n = SL_WORD;
    const uint8_t *p = at % SL_WORD || at < SL_DUMMY_AT ? NULL : locate(sl, at, &avail);

    if (!p || avail < SL_RECORD_MIN)
        return false;
    r->at = (uint32_t)at;
    r->type = be32_get(p);
    if ((r->type == SL_DUMMY) != (at == SL_DUMMY_AT))
        return false;
    if (r->type != SL_INORDER && r->type != SL_ADD && r->type != SL_DUMMY)
        return false;
    if (!take_string(p, avail, &n, &r->key) || !take_string(p, avail, &n, &r->value))
        return false;
    r->ptrs = p + n;
    r->ptrs_at = (uint32_t)(at + n);
    if (!take_pointers(p, avail, &n, &r->level))
        return false;
    r->size = n;

    const uint8_t *patched = at < sl->base ? patches_find(&sl->patches, at) : NULL;
    if (patched)
        r->ptrs = patched;
    return r->type == SL_DUMMY ? r->level == SL_MAX_LEVEL : r->key.n > 0;
}

err_t sl_read(struct skiplist *sl, uint64_t at, struct sl_rec *out)
{
    if (sl->budget == 0)
        return db_corrupt(sl->file.path, "records point in a circle", at);
    sl->budget--;
    if (sl_parse(sl, at, out))
        return ERR_OK;
    return db_corrupt(sl->file.path, "no record where one should be", at);
}

uint32_t sl_pointer(const struct skiplist *sl, const struct sl_rec *r, unsigned level)
{
    uint32_t v = be32_get(r->ptrs + SL_WORD * level);

    return sl->lenient && v >= sl->base ? 0 : v;
}

/* Follow a pointer; the key found must be above `below` (empty: the dummy's). */
static err_t step(struct skiplist *sl, uint32_t at, unsigned level, struct slice below,
                  struct sl_rec *out)
{
    err_t err = sl_read(sl, at, out);

    if (!err && (out->type == SL_DUMMY || out->level <= level))
        err = db_corrupt(sl->file.path, "record is not on the level that leads to it", at);
    if (!err && below.n && sl->cmp(out->key, below) <= 0)
        err = db_corrupt(sl->file.path, "keys are not in order", at);
    return err;
}

err_t sl_next(struct skiplist *sl, const struct sl_rec *r, uint32_t *at_out, struct sl_rec *out)
{
    uint32_t at = sl_pointer(sl, r, 0);
    struct sl_rec next;
    err_t err = at ? step(sl, at, 0, r->key, &next) : ERR_OK;

    if (err)
        return err;
    *at_out = at;
    if (at)
        *out = next;
    return ERR_OK;
}

err_t sl_find(struct skiplist *sl, struct slice key, struct sl_place *out)
{
    struct sl_rec cur, next;
    uint32_t bound = 0;
    err_t err = sl_read(sl, SL_DUMMY_AT, &cur);

    out->found = false;
    for (unsigned k = SL_MAX_LEVEL; !err && k-- > 0; ) {
        uint32_t at;
        while ((at = sl_pointer(sl, &cur, k)) != 0 && at != bound) {
            err = step(sl, at, k, cur.key, &next);
            if (err)
                break;
            int c = sl->cmp(next.key, key);
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
        err = db_corrupt(sl->file.path, "record is missing from the lowest level", bound);
    return err;
}

err_t sl_collect(struct skiplist *sl, struct slice from, bool inclusive, struct slice prefix,
                 struct db_batch *batch)
{
    struct sl_place place;
    err_t err = sl_find(sl, from, &place);

    if (err)
        return err;
    uint32_t at = place.next[0];
    struct sl_rec r = place.rec;
    if (at && place.found && !inclusive)
        err = sl_next(sl, &r, &at, &r);
    while (!err && at && !db_batch_full(batch)) {
        enum db_match match = db_prefix_match(sl->cmp, r.key, prefix);
        if (match == DB_MATCH_PAST) {
            at = 0;
            break;
        }
        if (match == DB_MATCH_YES)
            db_batch_add(batch, r.key, r.value);
        err = sl_next(sl, &r, &at, &r);
    }
    batch->end = at == 0;
    return err;
}

bool sl_is_complete(const struct skiplist *sl)
{
    uint64_t size = sl->file.size;
    uint32_t last, before, before2;

    if (size % SL_WORD || size < SL_FIRST_AT || !sl_word(sl, size - SL_WORD, &last))
        return false;
    if (size == sl->header.logstart)
        return last == SL_END;
    if (size < sl->header.logstart || last != SL_COMMIT)
        return false;
    return sl_word(sl, size - 2 * SL_WORD, &before) && sl_word(sl, size - 3 * SL_WORD, &before2) &&
        (before == SL_END || before2 == SL_DELETE);
}

err_t sl_check_size(const struct skiplist *sl)
{
    if (sl->file.size >= sl->header.logstart)
        return ERR_OK;
    return db_corrupt(sl->file.path, "file is shorter than its header says", sl->header.logstart);
}

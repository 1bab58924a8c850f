/* db_twoskip_check.c - consistency and dump of a twoskip file */
#include "lib/base/endian.h"
#include "lib/db/db_twoskip_impl.h"

uint64_t ts_item_size(const struct twoskip *ts, uint64_t at, struct ts_rec *r, bool *blank)
{
    const uint8_t *p = dbfile_at(&ts->file, at, TS_ALIGN);

    *blank = p && memcmp(p, TS_BLANK, TS_ALIGN) == 0;
    if (*blank)
        return TS_ALIGN;
    return ts_parse(ts, at, r) ? r->headlen + r->taillen : 0;
}

/* ---- check -------------------------------------------------------------- */

struct check {
    struct twoskip *ts;
    struct buf *report;
    bool bad;
};

static void complain(struct check *c, uint64_t at, const char *what)
{
    c->bad = true;
    buf_addf(c->report, "%08llX: %s\n", (unsigned long long)at, what);
}

/* From start to end: every byte belongs to an intact record or a filler. */
static void check_layout(struct check *c)
{
    uint64_t size;
    struct ts_rec r;
    bool blank;

    for (uint64_t at = TS_DUMMY_AT; at < c->ts->base; at += size) {
        size = ts_item_size(c->ts, at, &r, &blank);
        if (size == 0) {
            complain(c, at, "unreadable from here on");
            return;
        }
        if (blank)
            continue;
        if (!ts_tail_ok(&r))
            complain(c, at, "wrong checksum of key and value");
        if (r.type == TS_COMMIT && be64_get(r.ptrs) > at)
            complain(c, at, "commit record names a later place");
        if (r.headlen <= TS_HEAD_IN_SECTOR &&
            (at + TS_ALIGN) % TS_SECTOR > (at - TS_ALIGN + r.headlen) % TS_SECTOR)
            complain(c, at, "record head crosses a sector");
    }
}

/* A live record: is it what each of its levels expects?  expect[] moves on. */
static void check_levels(struct check *c, const struct ts_rec *r, uint64_t *expect)
{
    for (unsigned k = 1; k < r->level; k++) {
        if (expect[k] != r->at)
            complain(c, r->at, "levels lead to different records");
        expect[k] = ts_pointer(c->ts, r, k);
    }
}

static void check_links(struct check *c)
{
    struct twoskip *ts = c->ts;
    uint64_t expect[TS_MAX_LEVEL], at = TS_DUMMY_AT, count = 0;
    struct slice prev = SLICE_NULL;
    struct ts_rec r;

    err_t err = ts_read(ts, at, &r);
    if (err) {
        complain(c, at, "no dummy record");
        return;
    }
    for (unsigned k = 1; k < TS_MAX_LEVEL; k++)
        expect[k] = ts_pointer(ts, &r, k);
    for (;; count++, prev = r.key) {
        if (ts_next(ts, &r, &at, &r) != ERR_OK) {
            complain(c, at, "next record cannot be read");
            return;
        }
        if (at == 0)
            break;
        if (prev.n && ts->cmp(prev, r.key) >= 0)
            complain(c, at, "keys are not in order");
        check_levels(c, &r, expect);
    }
    for (unsigned k = 1; k < TS_MAX_LEVEL; k++)
        if (expect[k])
            complain(c, expect[k], "level does not end with the last record");
    if (count != ts->header.num_records)
        complain(c, TS_H_NUM_RECORDS, "number of records differs");
}

err_t ts_check(struct twoskip *ts, struct buf *report)
{
    struct check c = { ts, report, false };

    ts_start_operation(ts);
    check_layout(&c);
    check_links(&c);
    return c.bad ? ERR_CORRUPT : ERR_OK;
}

/* ---- dump --------------------------------------------------------------- */

/* Level 0's pointers on the first line and in front of the second, as it has two. */
static void dump_pointers(const struct ts_rec *r, struct buf *out)
{
    buf_addf(out, "\t%08llX \n\t", (unsigned long long)be64_get(r->ptrs));
    for (unsigned i = 1; i <= r->level; i++) {
        buf_addf(out, "%08llX ", (unsigned long long)be64_get(r->ptrs + TS_PTR_SIZE * i));
        if (i % 8 == 0)
            buf_adds(out, "\n\t");
    }
    buf_addc(out, '\n');
}

static void dump_record(const struct ts_rec *r, struct buf *out)
{
    switch (r->type) {
    case TS_DELETE:
        buf_addf(out, "DELETE ptr=%08llX\n", (unsigned long long)be64_get(r->ptrs));
        return;
    case TS_COMMIT:
        buf_addf(out, "COMMIT start=%08llX\n", (unsigned long long)be64_get(r->ptrs));
        return;
    }
    buf_addf(out, "%s kl=%zu dl=%zu lvl=%u (", r->type == TS_DUMMY ? "DUMMY" : "RECORD", r->key.n,
             r->value.n, r->level);
    for (size_t i = 0; i < r->key.n; i++)
        buf_addc(out, r->key.p[i] ? r->key.p[i] : '-');
    buf_adds(out, ")\n");
    dump_pointers(r, out);
}

err_t ts_dump(struct twoskip *ts, struct buf *out)
{
    const struct ts_header *h = &ts->header;
    uint64_t size;
    struct ts_rec r;
    bool blank;

    buf_addf(out, "HEADER: v=%u fl=%u num=%llu sz=(%08llX/%08llX)\n", h->version, h->flags,
             (unsigned long long)h->num_records, (unsigned long long)h->current_size,
             (unsigned long long)h->repack_size);
    for (uint64_t at = TS_DUMMY_AT; at < ts->base; at += size) {
        size = ts_item_size(ts, at, &r, &blank);
        buf_addf(out, "%08llX ", (unsigned long long)at);
        if (size == 0) {
            buf_adds(out, "ERROR [unreadable]\n");
            return ERR_CORRUPT;
        }
        if (blank)
            buf_adds(out, "BLANK\n");
        else
            dump_record(&r, out);
    }
    return ERR_OK;
}

/* db_skiplist_recover.c - replay of the log, the rewritten file, consistency and dump */
#include "lib/base/clock.h"
#include "lib/base/endian.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"
#include "lib/db/db_skiplist_impl.h"
#include "lib/db/ordmap.h"
#include "lib/os/file.h"

/* ---- items in the order of the file ------------------------------------- */

/* What is at `at`: its size, 0 if unreadable.  *type is 0 for a word of zeros, which is
 * skipped; rec is set for records with a key. */
static uint64_t item_at(const struct skiplist *sl, uint64_t at, uint32_t *type, struct sl_rec *rec)
{
    if (!sl_word(sl, at, type))
        return 0;
    switch (*type) {
    case 0:
    case SL_COMMIT:
        return SL_WORD;
    case SL_DELETE:
        return 2 * SL_WORD;
    }
    return sl_parse(sl, at, rec) ? rec->size : 0;
}

/* ---- replay ------------------------------------------------------------- */

struct replay {
    struct skiplist *sl;
    struct ordmap *live;                /* key -> offset, 8 bytes */
    struct vec pending;                 /* uint64_t: log items since the last COMMIT */
    uint64_t end;                       /* behind the last finished transaction */
};

static void take_live(struct replay *rp, const struct sl_rec *r)
{
    uint8_t at[8];

    be64_put(at, r->at);
    ordmap_put(rp->live, r->key, slice_make(at, sizeof at));
}

static void apply_pending(struct replay *rp)
{
    for (size_t i = 0; i < rp->pending.n; i++) {
        uint64_t at = *VEC_AT(&rp->pending, uint64_t, i);
        uint32_t type, target;
        struct sl_rec r;
        if (item_at(rp->sl, at, &type, &r) == 0)
            continue;
        if (type == SL_ADD)
            take_live(rp, &r);
        else if (sl_word(rp->sl, at + SL_WORD, &target) && sl_parse(rp->sl, target, &r))
            ordmap_remove(rp->live, r.key);
    }
    rp->pending.n = 0;
}

/* Read the whole file; false: something unreadable stands before its end. */
static bool replay_all(struct replay *rp)
{
    struct skiplist *sl = rp->sl;
    uint64_t at = SL_FIRST_AT, size;
    uint32_t type;
    struct sl_rec r;
    bool in_order = true;

    rp->end = at;
    for (; (size = item_at(sl, at, &type, &r)) != 0; at += size) {
        if (type == SL_INORDER && in_order) {
            take_live(rp, &r);
            rp->end = at + size;
        } else if (type == SL_COMMIT) {
            apply_pending(rp);
            rp->end = at + size;
        } else if (type == SL_ADD || type == SL_DELETE) {
            in_order = false;
            *VEC_PUSH(&rp->pending, uint64_t) = at;
        } else if (type != 0) {
            return false;
        }
    }
    return at >= sl->base;
}

/* ---- a new file --------------------------------------------------------- */

struct writer {
    struct buf out;
    uint32_t count, curlevel;
    size_t link_at[SL_MAX_LEVEL];       /* where the pointer to the next record goes */
};

static void writer_init(struct writer *w)
{
    uint8_t all[SL_FIRST_AT];

    *w = (struct writer){ .out = BUF_INIT };
    sl_pack_empty(all);
    buf_add(&w->out, all, sizeof all);
    for (unsigned k = 0; k < SL_MAX_LEVEL; k++)
        w->link_at[k] = SL_FIRST_AT - SL_WORD * (SL_MAX_LEVEL + 1 - k);
}

static void writer_add(struct writer *w, const struct sl_rec *r)
{
    static const uint32_t none[SL_MAX_LEVEL];
    size_t at = sl_add_record(&w->out, SL_INORDER, r->key, r->value, none, r->level);

    for (unsigned k = 0; k < r->level; k++) {
        be32_put(w->out.p + w->link_at[k], (uint32_t)at);
        w->link_at[k] = w->out.n - SL_WORD * (r->level + 1 - k);
    }
    if (r->level > w->curlevel)
        w->curlevel = r->level;
    w->count++;
}

/* Put it in place of the file; frees the writer's memory. */
static err_t writer_end(struct writer *w, struct skiplist *sl)
{
    struct sl_header h = {
        .curlevel = w->curlevel, .listsize = w->count, .logstart = (uint32_t)w->out.n,
        .recovered = (uint32_t)clock_now(),
    };
    struct buf name = BUF_INIT;

    sl_header_pack(&h, (uint8_t *)w->out.p);
    buf_addf(&name, "%s" DBFILE_NEW_SUFFIX, sl->file.path);
    err_t err = file_replace(sl->file.path, buf_cstr(&name), buf_slice(&w->out),
                             dbfile_mode(&sl->file),
                             dbfile_is_derived(&sl->file) ? FILE_NOSYNC : FILE_SYNC);
    buf_fini(&name);
    buf_fini(&w->out);
    memset(sl->raw, 0, sizeof sl->raw);
    return err;
}

err_t sl_empty_out(struct skiplist *sl)
{
    struct writer w;

    writer_init(&w);
    return writer_end(&w, sl);
}

err_t sl_recover(struct skiplist *sl)
{
    struct replay rp = {
        .sl = sl, .live = ordmap_new(sl->cmp), .pending = VEC_INIT(uint64_t),
    };
    struct writer w;
    struct sl_rec r;

    sl_view_committed(sl);
    const bool whole = replay_all(&rp);
    if (sl_check_size(sl) == ERR_OK && !whole)
        log_err("DBERROR: unreadable from here on, cut off: filename=<%s> offset=<%llu> "
                "size=<%llu>", sl->file.path, (unsigned long long)rp.end,
                (unsigned long long)sl->base);
    writer_init(&w);
    const struct ordmap_entry *e = ordmap_seek(rp.live, SLICE_NULL, true);
    for (; e; e = ordmap_next(e))
        if (sl_parse(sl, be64_get(e->value.p), &r))
            writer_add(&w, &r);
    log_notice("DBNOTICE: recovered: filename=<%s> records=<%u>", sl->file.path, w.count);
    ordmap_free(&rp.live);
    vec_fini(&rp.pending);
    return writer_end(&w, sl);
}

err_t sl_checkpoint(struct skiplist *sl)
{
    struct writer w;
    struct sl_rec r;
    uint32_t at = SL_DUMMY_AT;

    writer_init(&w);
    sl_start_operation(sl);
    err_t err = sl_read(sl, at, &r);
    while (!err && !(err = sl_next(sl, &r, &at, &r)) && at)
        writer_add(&w, &r);
    if (!err)
        return writer_end(&w, sl);
    buf_fini(&w.out);
    return err;
}

/* ---- check -------------------------------------------------------------- */

static bool complain(struct buf *report, uint64_t at, const char *what)
{
    buf_addf(report, "%04llX: %s\n", (unsigned long long)at, what);
    return false;
}

/* Every level is part of the level below it and leads through the same records. */
static bool check_links(struct skiplist *sl, struct buf *report, uint64_t *count)
{
    uint32_t expect[SL_MAX_LEVEL], at = SL_DUMMY_AT;
    struct sl_rec r;
    bool ok = true;

    if (sl_read(sl, at, &r) != ERR_OK)
        return complain(report, at, "no dummy record");
    for (unsigned k = 0; k < SL_MAX_LEVEL; k++)
        expect[k] = sl_pointer(sl, &r, k);
    for (*count = 0; ; ++*count) {
        if (sl_next(sl, &r, &at, &r) != ERR_OK)
            return complain(report, expect[0], "next record cannot be read");
        if (at == 0)
            break;
        for (unsigned k = 0; k < r.level; k++) {
            if (expect[k] != at)
                ok = complain(report, at, "levels lead to different records");
            expect[k] = sl_pointer(sl, &r, k);
        }
    }
    for (unsigned k = 0; k < SL_MAX_LEVEL; k++)
        if (expect[k])
            ok = complain(report, expect[k], "level does not end with the last record");
    return ok;
}

err_t sl_check(struct skiplist *sl, struct buf *report)
{
    struct replay rp = {
        .sl = sl, .live = ordmap_new(sl->cmp), .pending = VEC_INIT(uint64_t),
    };
    uint64_t count = 0;

    sl_start_operation(sl);
    bool ok = check_links(sl, report, &count);
    if (!replay_all(&rp))
        ok = complain(report, rp.end, "unreadable behind here");
    else if (ok && ordmap_count(rp.live) != count)
        ok = complain(report, rp.end, "log and lists have different numbers of records");
    ordmap_free(&rp.live);
    vec_fini(&rp.pending);
    return ok ? ERR_OK : ERR_CORRUPT;
}

/* ---- dump --------------------------------------------------------------- */

static void dump_record(const struct sl_rec *r, struct buf *out)
{
    const char *type = r->type == SL_DUMMY ? "DUMMY" : r->type == SL_ADD ? "ADD" : "INORDER";

    buf_addf(out, "%s kl=%zu dl=%zu lvl=%u\n\t", type, r->key.n, r->value.n, r->level);
    for (unsigned k = 0; k < r->level; k++)
        buf_addf(out, "%04X ", be32_get(r->ptrs + SL_WORD * k));
    buf_addc(out, '\n');
}

err_t sl_dump(struct skiplist *sl, struct buf *out)
{
    uint64_t size;
    uint32_t type, target = 0;
    struct sl_rec r;

    for (uint64_t at = SL_DUMMY_AT; at < sl->base; at += size) {
        size = item_at(sl, at, &type, &r);
        if (type == 0 && size)
            continue;
        buf_addf(out, "%04llX: ", (unsigned long long)at);
        if (size == 0) {
            buf_adds(out, "ERROR\n");
            return ERR_CORRUPT;
        }
        if (type == SL_COMMIT)
            buf_adds(out, "COMMIT \n");
        else if (type == SL_DELETE && sl_word(sl, at + SL_WORD, &target))
            buf_addf(out, "DELETE offset=%04X\n", target);
        else
            dump_record(&r, out);
    }
    return ERR_OK;
}

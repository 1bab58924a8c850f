/* cmd_fetch.c - FETCH and UID FETCH: the loop over messages and the items of each
 *
 * Order of cost: index record (mapped), cache record (mapped), message file.  Each item says
 * which it needs, so that FETCH (FLAGS UID) touches one file.
 */
#include "imap/imapd/fetch.h"

#include <inttypes.h>

#include "imap/imapd/qresync.h"
#include "lib/base/log.h"
#include "lib/text/date_imap.h"

/* The reply of one message is collected up to this size before it goes to the stream. */
enum { REPLY_FLUSH = 32768 };

struct fetch_run {
    struct session *s;
    struct fetch f;
    struct mailbox *mb;
    struct buf b;                   /* reply not yet handed to the stream */
    struct ranges newly_seen;       /* message numbers whose \Seen this command set */
    unsigned failed;                /* messages that could not be read */
};

struct item_ctx {
    uint32_t msgno, recno;
    struct record rec;
    struct cache_record cache;
};

typedef void put_fn(struct fetch_run *, const struct item_ctx *);

static void put_flags(struct fetch_run *r, const struct item_ctx *c)
{
    buf_adds(&r->b, "FLAGS ");
    view_flags_text(r->s->view, c->recno, &r->b);
}

static void put_uid(struct fetch_run *r, const struct item_ctx *c)
{
    buf_adds(&r->b, "UID ");
    buf_add_u64(&r->b, c->rec.uid);
}

static void put_internaldate(struct fetch_run *r, const struct item_ctx *c)
{
    buf_adds(&r->b, "INTERNALDATE \"");
    date_imap_format(&r->b, (time_t)c->rec.internaldate);
    buf_addc(&r->b, '"');
}

static void put_modseq(struct fetch_run *r, const struct item_ctx *c)
{
    buf_adds(&r->b, "MODSEQ (");
    buf_add_u64(&r->b, c->rec.modseq);
    buf_addc(&r->b, ')');
}

static void put_size(struct fetch_run *r, const struct item_ctx *c)
{
    buf_adds(&r->b, "RFC822.SIZE ");
    buf_add_u64(&r->b, c->rec.size);
}

static void put_envelope(struct fetch_run *r, const struct item_ctx *c)
{
    buf_adds(&r->b, "ENVELOPE ");
    buf_add_slice(&r->b, c->cache.item[CACHE_ENVELOPE]);
}

static void put_bodystructure(struct fetch_run *r, const struct item_ctx *c)
{
    buf_adds(&r->b, "BODYSTRUCTURE ");
    buf_add_slice(&r->b, c->cache.item[CACHE_BODYSTRUCTURE]);
}

static void put_body(struct fetch_run *r, const struct item_ctx *c)
{
    buf_adds(&r->b, "BODY ");
    buf_add_slice(&r->b, c->cache.item[CACHE_BODY]);
}

/* In the order of the reply. */
static const struct item_row {
    unsigned item;
    put_fn *put;
    bool needs_cache;
} item_rows[] = {
    { F_FLAGS, put_flags, false },
    { F_UID, put_uid, false },
    { F_INTERNALDATE, put_internaldate, false },
    { F_MODSEQ, put_modseq, false },
    { F_SIZE, put_size, false },
    { F_ENVELOPE, put_envelope, true },
    { F_BODYSTRUCTURE, put_bodystructure, true },
    { F_BODY, put_body, true },
};

#define NROWS (sizeof item_rows / sizeof *item_rows)

static bool needs_cache(const struct fetch *f)
{
    for (size_t i = 0; i < NROWS; i++)
        if ((f->items & item_rows[i].item) && item_rows[i].needs_cache)
            return true;
    for (size_t i = 0; i < f->sections.n; i++) {
        const struct fetch_section *sec = VEC_AT(&f->sections, struct fetch_section, i);
        if (sec->nparts || sec->fields_cached)
            return true;
    }
    return false;
}

/* A blank between items, none after "(". */
static void separate(struct fetch_run *r, size_t start)
{
    if (r->b.n != start)
        buf_addc(&r->b, ' ');
}

static err_t put_sections(struct fetch_run *r, const struct item_ctx *c, bool first)
{
    for (size_t i = 0; i < r->f.sections.n; i++) {
        err_t err;
        if (!first || i > 0)
            buf_addc(&r->b, ' ');
        err = fetch_put_section(r->s, VEC_AT(&r->f.sections, struct fetch_section, i), c->recno,
                                &c->cache, &r->b);
        if (err)
            return err;
    }
    return ERR_OK;
}

/* A \Seen that this command set is told like any change: RFC 7162 3.1.4 wants the MODSEQ, 3.2.4 the UID. */
static unsigned items_of_change(const struct session *s)
{
    return F_FLAGS | (s->enabled & ENABLED_CONDSTORE ? F_MODSEQ : 0u) | (s->enabled & ENABLED_QRESYNC ? F_UID : 0u);
}

static err_t put_message(struct fetch_run *r, const struct item_ctx *c)
{
    unsigned items = r->f.items;
    size_t start;
    err_t err;

    if (ranges_has(&r->newly_seen, c->msgno))
        items |= items_of_change(r->s);
    buf_adds(&r->b, "* ");
    buf_add_u64(&r->b, c->msgno);
    buf_adds(&r->b, " FETCH (");
    start = r->b.n;
    for (size_t i = 0; i < NROWS; i++) {
        if (!(items & item_rows[i].item))
            continue;
        separate(r, start);
        item_rows[i].put(r, c);
    }
    err = put_sections(r, c, r->b.n == start);
    buf_adds(&r->b, ")\r\n");
    return err;
}

/* What the items need is read before the reply begins, so that a message that cannot be read leaves no half
 * line behind. */
static err_t prepare(struct fetch_run *r, struct item_ctx *c, bool want_cache)
{
    struct slice message;
    err_t err = ERR_OK;

    if (!mailbox_record_ok(r->mb, c->recno))
        return ERR_CORRUPT;
    mailbox_record(r->mb, c->recno, &c->rec);
    if (want_cache)
        err = mailbox_cache(r->mb, c->recno, &c->cache);
    for (size_t i = 0; !err && i < r->f.sections.n; i++) {
        if (!section_is_top_header(VEC_AT(&r->f.sections, struct fetch_section, i))) {
            err = mailbox_message(r->mb, c->recno, &message);
            break;
        }
    }
    return err;
}

static void fetch_one(struct fetch_run *r, uint32_t msgno, bool want_cache)
{
    struct item_ctx c = { .msgno = msgno, .recno = view_recno(r->s->view, msgno) };
    size_t start = r->b.n;
    err_t err;

    if (c.recno == 0) {                         /* expunged by another session and gone: RFC 2180 4.1.2 */
        r->failed++;
        return;
    }
    if (r->f.has_changedsince && mailbox_modseq_at(r->mb, c.recno) <= r->f.changedsince)
        return;
    err = prepare(r, &c, want_cache);
    if (!err && (err = put_message(r, &c)) != ERR_OK) {
        if (r->b.n < start)
            r->s->state = ST_LOGOUT;            /* part of the line is out: nothing can follow it */
        else
            buf_truncate(&r->b, start);
    }
    if (err)
        r->failed++;
    if (r->b.n >= REPLY_FLUSH) {
        stream_put_slice(r->s->base->stream, buf_slice(&r->b));
        buf_reset(&r->b);
    }
}

/* Messages of the set that this user has not seen get \Seen, all in one commit, before the
 * replies that show it. */
static void mark_seen(struct fetch_run *r, const struct ranges *msgnos)
{
    struct view *v = r->s->view;
    struct ranges uids = RANGES_INIT;
    bool internal = view_seen_is_internal(v);
    struct flag_change change = { .touch = !internal };
    struct commit *c = NULL;
    uint32_t m;
    err_t err = ERR_OK;

    if (internal)
        change.system_mask = change.system_value = FLAG_SEEN;

    for (struct ranges_iter it = { 0 }; ranges_next(msgnos, &it, &m);) {
        if (view_is_expunged(v, m) || view_is_seen(v, view_recno(v, m)))
            continue;
        ranges_add(&r->newly_seen, m, m);
        ranges_add(&uids, view_uid(v, m), view_uid(v, m));
    }
    if (!ranges_empty(&uids)) {
        err = view_commit_begin(v, &c);
        for (struct ranges_iter it = { 0 }; !err && ranges_next(&r->newly_seen, &it, &m);)
            if (!view_is_expunged(v, m))
                err = commit_flags(c, view_recno(v, m), &change);
        if (!err && !internal)
            err = view_store_seen(v, &uids, true);
        if (!err)
            err = view_commit_end(v, &c, &r->newly_seen);
        else
            commit_abort(&c);
    }
    if (err)
        ranges_clear(&r->newly_seen);
    ranges_fini(&uids);
}

static bool may_mark_seen(const struct fetch_run *r)
{
    const struct view *v = r->s->view;

    return r->f.sets_seen && !view_is_readonly(v) && (view_rights(v) & ACL_S);
}

static void tell_vanished(struct fetch_run *r, const struct ranges *uids)
{
    struct ranges gone = RANGES_INIT;

    qresync_vanished(r->s, r->f.changedsince, uids, &gone);
    if (!ranges_empty(&gone)) {
        struct buf text = BUF_INIT;
        ranges_format(&gone, &text);
        untagged(r->s, "VANISHED (EARLIER) %.*s", SLICE_ARG(buf_slice(&text)));
        buf_fini(&text);
    }
    ranges_fini(&gone);
}

static void run(struct fetch_run *r, const struct ranges *msgnos)
{
    bool want_cache = needs_cache(&r->f);
    uint32_t m;

    if (may_mark_seen(r))
        mark_seen(r, msgnos);
    for (struct ranges_iter it = { 0 }; ranges_next(msgnos, &it, &m);) {
        fetch_one(r, m, want_cache);
        if (stream_error(r->s->base->stream))
            break;
    }
    stream_put_slice(r->s->base->stream, buf_slice(&r->b));
    mailbox_message_done(r->mb);
    if (r->failed)
        reply_no(r->s, "EXPUNGEISSUED", "Some of the requested messages no longer exist or cannot be read");
    else
        reply_ok(r->s, "Completed");
}

void cmd_fetch(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct fetch_run r = { .s = s, .mb = view_mailbox(s->view), .b = BUF_INIT };
    struct ranges msgnos = RANGES_INIT, uids = RANGES_INIT;
    struct imapset set;
    err_t err;

    if ((err = imaptok_sp(&s->tok)) != ERR_OK || (err = imaptok_set(&s->tok, &set)) != ERR_OK) {
        args_bad(s, err);
        return;
    }
    if (fetch_read(s, &r.f) == ERR_OK) {
        err = view_resolve(s->view, &set, s->is_uid, &msgnos);
        if (err) {
            reply_resolve(s, err);
        } else {
            if (r.f.vanished) {
                imapset_resolve(&set, mailbox_head(r.mb)->last_uid, &uids);
                tell_vanished(&r, &uids);
            }
            run(&r, &msgnos);
        }
    }
    fetch_fini(&r.f);
    buf_fini(&r.b);
    ranges_fini(&r.newly_seen);
    ranges_fini(&msgnos);
    ranges_fini(&uids);
}

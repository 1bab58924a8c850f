/* cmd_fetch.c - FETCH and UID FETCH: the loop over messages and the items of each
 *
 * Order of cost: index record (mapped), cache record (mapped), message file.  Each item says
 * which it needs, so that FETCH (FLAGS UID) touches one file.
 */
#include "imap/imapd/annotation.h"

#include "imap/imapd/progress.h"
#include "imap/imapd/qresync.h"
#include "lib/base/log.h"

/* The reply of one message is collected up to this size before it goes to the stream. */
enum { REPLY_FLUSH = 32768 };

/* The rows of one reply: precomputed, a FETCH FLAGS of 100,000 messages walks one row each. */
struct reply_rows {
    const struct fetch_item_row *row[FETCH_ITEMS_MAX];
    size_t n;
};

struct fetch_run {
    struct session *s;
    struct fetch f;
    struct mailbox *mb;
    struct buf b;                   /* reply not yet handed to the stream */
    struct ranges newly_seen;       /* message numbers whose \Seen this command set */
    struct reply_rows rows, rows_seen;      /* rows_seen: of a message whose \Seen was set */
    bool needs_cache, needs_message;
    unsigned failed;                /* messages that could not be read */
    bool unknown_cte;               /* some because nobody knows their transfer encoding */
    bool unknown_part;              /* some because they have no such part to be annotated */
};

static void plan_items(struct fetch_run *r)
{
    for (size_t i = 0; i < r->rows.n; i++) {
        r->needs_cache |= r->rows.row[i]->needs_cache;
        r->needs_message |= r->rows.row[i]->needs_message;
    }
    r->needs_cache |= r->f.annotations && annotation_wants_parts(r->f.annotations);
    for (size_t i = 0; i < r->f.sections.n; i++) {
        const struct fetch_section *sec = VEC_AT(&r->f.sections, struct fetch_section, i);
        r->needs_cache |= sec->nparts || sec->fields_cached;
        r->needs_message |= !section_is_top_header(sec);
    }
}

/* A blank between items, none after "(". */
static void separate(struct fetch_run *r, size_t start)
{
    if (r->b.n != start)
        buf_addc(&r->b, ' ');
}

static err_t put_sections(struct fetch_run *r, const struct fetch_message *c, bool first)
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

/* A \Seen that this command set is told like any change: RFC 7162 3.2.4 wants UID and MODSEQ. */
static unsigned items_of_change(const struct session *s)
{
    return F_FLAGS | (s->enabled & ENABLED_CONDSTORE ? F_MODSEQ : 0u)
           | ((s->enabled & (ENABLED_CONDSTORE | ENABLED_UIDONLY)) == ENABLED_CONDSTORE ? F_UID : 0u);
}

static err_t put_message(struct fetch_run *r, const struct fetch_message *c)
{
    const struct reply_rows *rows = ranges_has(&r->newly_seen, c->msgno) ? &r->rows_seen : &r->rows;
    size_t start;
    err_t err;

    view_fetch_head(r->s, c->msgno, &r->b);
    start = r->b.n;
    for (size_t i = 0; i < rows->n; i++) {
        separate(r, start);
        rows->row[i]->put(c);
    }
    err = put_sections(r, c, r->b.n == start);
    buf_adds(&r->b, ")\r\n");
    return err;
}

static err_t check_sections(struct fetch_run *r, const struct fetch_message *c)
{
    err_t err = ERR_OK;

    for (size_t i = 0; !err && i < r->f.sections.n; i++)
        err = fetch_check_section(VEC_AT(&r->f.sections, struct fetch_section, i), &c->rec, &c->cache);
    return err;
}

/* What the items need is read before the reply begins, so that a message that cannot be read leaves no half
 * line behind. */
static err_t prepare(struct fetch_run *r, struct fetch_message *c)
{
    struct slice message;
    err_t err = ERR_OK;

    if (!mailbox_record_ok(r->mb, c->recno))
        return ERR_CORRUPT;
    mailbox_record(r->mb, c->recno, &c->rec);
    if (r->needs_cache)
        err = mailbox_cache(r->mb, c->recno, &c->cache);
    if (!err)
        err = check_sections(r, c);
    if (!err && r->f.annotations)
        err = annotation_check_parts(r->f.annotations, &c->rec, &c->cache);
    if (!err && r->needs_message)
        err = mailbox_message(r->mb, c->recno, &message);
    return err;
}

/* CHANGEDSINCE leaves it out: neither told nor \Seen. */
static bool is_unchanged(const struct fetch_run *r, uint32_t recno)
{
    return r->f.has_changedsince && mailbox_modseq_at(r->mb, recno) <= r->f.changedsince;
}

static void flush_reply(struct fetch_run *r)
{
    stream_put_slice(r->s->base->stream, buf_slice(&r->b));
    buf_reset(&r->b);
}

static void fetch_one(struct fetch_run *r, uint32_t msgno)
{
    struct fetch_message c = { .s = r->s, .msgno = msgno, .recno = view_recno(r->s->view, msgno), .b = &r->b,
                               .annotations = r->f.annotations };
    size_t start = r->b.n;
    err_t err;

    if (c.recno == 0) {                         /* expunged by another session and gone: RFC 2180 4.1.2 */
        r->failed++;
        return;
    }
    if (is_unchanged(r, c.recno))
        return;
    err = prepare(r, &c);
    r->unknown_cte |= err == ERR_UNSUPPORTED;
    r->unknown_part |= err == ERR_BADNAME;
    if (!err && (err = put_message(r, &c)) != ERR_OK) {
        if (r->b.n < start)
            r->s->state = ST_LOGOUT;            /* part of the line is out: nothing can follow it */
        else
            buf_truncate(&r->b, start);
    }
    if (err)
        r->failed++;
    if (r->b.n >= REPLY_FLUSH)
        flush_reply(r);
}

/* Messages of the set that this user has not seen. */
static void find_unseen(struct fetch_run *r, const struct ranges *msgnos, struct ranges *uids)
{
    struct view *v = r->s->view;
    uint32_t m;

    for (struct ranges_iter it = { 0 }; ranges_next(msgnos, &it, &m);) {
        if (view_is_expunged(v, m) || view_is_seen(v, view_recno(v, m)) || is_unchanged(r, view_recno(v, m)))
            continue;
        ranges_add(&r->newly_seen, m, m);
        ranges_add(uids, view_uid(v, m), view_uid(v, m));
    }
}

/* Those that another session has made \Seen meanwhile stay as they are. */
static err_t change_unseen(struct fetch_run *r, struct commit *c, const struct ranges *uids)
{
    struct view *v = r->s->view;
    const bool internal = view_seen_is_internal(v);
    struct flag_change change = { .touch = !internal };
    err_t err = internal ? ERR_OK : view_reread_seen(v);
    uint32_t m;

    if (internal)
        change.system_mask = change.system_value = FLAG_SEEN;
    for (struct ranges_iter it = { 0 }; !err && ranges_next(&r->newly_seen, &it, &m);)
        if (!view_is_expunged(v, m) && !view_is_seen(v, view_recno(v, m)))
            err = commit_flags(c, view_recno(v, m), &change);
    return err || internal ? err : view_store_seen(v, uids, true);
}

/* They get \Seen, all in one commit, before the replies that show it. */
static void mark_seen(struct fetch_run *r, const struct ranges *msgnos)
{
    struct view *v = r->s->view;
    struct ranges uids = RANGES_INIT;
    struct commit *c = NULL;
    err_t err = ERR_OK;

    find_unseen(r, msgnos, &uids);
    if (!ranges_empty(&uids)) {
        err = view_commit_begin(v, &c);
        if (!err)
            err = change_unseen(r, c, &uids);
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

/* progress: NULL where no command waits for the end. */
static void put_messages(struct fetch_run *r, const struct ranges *msgnos, struct progress *progress)
{
    uint32_t m;

    r->rows.n = fetch_item_rows(r->f.items, r->rows.row);
    r->rows_seen.n = fetch_item_rows(r->f.items | items_of_change(r->s), r->rows_seen.row);
    plan_items(r);
    if (may_mark_seen(r))
        mark_seen(r, msgnos);
    if (r->f.annotations)
        (void)view_annotations_open(r->s->view);
    for (struct ranges_iter it = { 0 }; ranges_next(msgnos, &it, &m);) {
        fetch_one(r, m);
        if (progress && progress_due(progress)) {
            flush_reply(r);
            progress_tell(progress);
        }
        if (stream_error(r->s->base->stream))
            break;
    }
    flush_reply(r);
    mailbox_message_done(r->mb);
}

void fetch_tell(struct session *s, const struct fetch *f, const struct ranges *msgnos)
{
    struct fetch_run r = { .s = s, .f = *f, .mb = view_mailbox(s->view), .b = BUF_INIT };

    if (!view_has_modseqs(s->view))
        r.f.items &= ~(unsigned)F_MODSEQ;
    put_messages(&r, msgnos, NULL);
    buf_fini(&r.b);
    ranges_fini(&r.newly_seen);
}

static void run(struct fetch_run *r, const struct ranges *msgnos)
{
    struct progress progress;

    progress_begin(&progress, r->s, ranges_count(msgnos));
    put_messages(r, msgnos, &progress);
    if (r->unknown_part)
        reply_bad(r->s, "No such body part");
    else if (r->unknown_cte)
        reply_no(r->s, "UNKNOWN-CTE", "The encoding of a part is unknown");
    else if (r->failed)
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
                view_resolve_uids(s->view, &set, &uids);
                tell_vanished(&r, &uids);
            }
            fetch_narrow(&r.f, &msgnos);
            run(&r, &msgnos);
        }
    }
    fetch_fini(&r.f);
    buf_fini(&r.b);
    ranges_fini(&r.newly_seen);
    ranges_fini(&msgnos);
    ranges_fini(&uids);
}

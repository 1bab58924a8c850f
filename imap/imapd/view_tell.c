/* view_tell.c - what the client is told of changes, and when (RFC 3501 7.4.1, RFC 7162 3.2)
 *
 * Order: EXPUNGE or VANISHED (only where message numbers may change), EXISTS and RECENT, new
 * keywords, then flags of messages whose modseq is news.
 */
#include "imap/imapd/annotation.h"
#include "imap/imapd/notify.h"
#include "imap/imapd/search_context.h"
#include "imap/imapd/view_impl.h"

#include "lib/base/log.h"
#include "lib/conf/conf.h"
#include "lib/text/imapout.h"

static struct stream *o(struct view *v)
{
    return v->session->base->stream;
}

bool view_has_news(const struct view *v, uint32_t msgno)
{
    uint32_t recno = view_recno(v, msgno);
    uint64_t modseq = recno ? mailbox_modseq_at(v->mb, recno) : 0;

    return modseq > v->told_modseq && (modseq > v->skip_modseq || !ranges_has(&v->skip, msgno));
}

/* Expunged since told: their UIDs go to `gone`; messages with new flags to `changed`, their UIDs, also of those that
 * the client knows of, to `touched`. */
static void scan(struct view *v, struct ranges *changed, struct ranges *touched)
{
    for (uint32_t m = 1; m <= v->n; m++) {
        uint32_t recno = view_recno(v, m), uid;
        uint64_t modseq;
        if (!recno || (modseq = mailbox_modseq_at(v->mb, recno)) <= v->told_modseq ||
            !mailbox_record_ok(v->mb, recno))
            continue;
        uid = mailbox_uid_at(v->mb, recno);
        if (mailbox_flags_at(v->mb, recno) & FLAG_INT_EXPUNGED) {
            ranges_add(&v->gone, uid, uid);
            continue;
        }
        ranges_add(touched, uid, uid);
        if (view_has_news(v, m))
            ranges_add(changed, m, m);
    }
}

static void put_vanished(struct view *v)
{
    struct buf set = BUF_INIT;

    ranges_format(&v->gone, &set);
    stream_printf(o(v), "* VANISHED %.*s\r\n", SLICE_ARG(buf_slice(&set)));
    buf_fini(&set);
}

/* Take messages out of the view, telling each; numbers in `changed` follow. */
static void tell_expunged(struct view *v, struct ranges *changed)
{
    bool vanished = v->session->enabled & (ENABLED_QRESYNC | ENABLED_UIDONLY);
    struct ranges still = RANGES_INIT;
    uint32_t kept = 0;

    if (ranges_empty(&v->gone))
        return;
    view_materialise(v);
    if (vanished)
        put_vanished(v);
    for (uint32_t i = 0; i < v->n; i++) {
        struct view_msg m = *VEC_AT(&v->msg, struct view_msg, i);
        if (ranges_has(&v->gone, m.uid)) {
            if (!vanished)
                stream_printf(o(v), "* %u EXPUNGE\r\n", kept + 1);
            continue;
        }
        *VEC_AT(&v->msg, struct view_msg, kept++) = m;
        if (ranges_has(changed, i + 1))
            ranges_add(&still, kept, kept);
    }
    v->n = kept;
    v->msg.n = kept;
    ranges_clear(&v->gone);
    ranges_copy(changed, &still);
    ranges_fini(&still);
    ranges_clear(&v->skip);                     /* numbers have moved */
}

/* Records behind those known. */
static void tell_new(struct view *v)
{
    uint32_t total = mailbox_nrecords(v->mb), before = v->n;

    for (uint32_t r = v->known + 1; r <= total; r++) {
        bool live = !(mailbox_flags_at(v->mb, r) & FLAG_INT_EXPUNGED);
        if (!live)
            view_materialise(v);
        else if (!v->same)
            *VEC_PUSH(&v->msg, struct view_msg) = (struct view_msg){ mailbox_uid_at(v->mb, r), r };
        v->n += live;
    }
    v->known = total;
    if (v->n == before)
        return;
    view_claim_recent(v, view_uid(v, v->n));
    stream_printf(o(v), "* %u EXISTS\r\n", v->n);
    if (!(v->session->enabled & ENABLED_REV2))
        stream_printf(o(v), "* %u RECENT\r\n", view_recent(v));
}

void view_fetch_head(struct session *s, uint32_t msgno, struct buf *out)
{
    bool uidonly = s->enabled & ENABLED_UIDONLY;

    buf_adds(out, "* ");
    buf_add_u64(out, uidonly ? view_uid(s->view, msgno) : msgno);
    buf_adds(out, uidonly ? " UIDFETCH (" : " FETCH (");
}

/* RFC 7162 3.2.4, RFC 5465 5.1, RFC 9051 7.5.2; with UIDFETCH it stands in front. */
static bool wants_uid(const struct session *s)
{
    const bool wants = s->is_uid || s->notify || (s->enabled & (ENABLED_CONDSTORE | ENABLED_REV2));

    return wants && !(s->enabled & ENABLED_UIDONLY);
}

/* since: names of annotations that changed behind it are told too; 0: none. */
static void put_flags(struct session *s, uint32_t msgno, uint64_t since)
{
    struct view *v = s->view;
    uint32_t recno = view_recno(v, msgno);
    struct buf b = BUF_INIT;

    view_fetch_head(s, msgno, &b);
    buf_adds(&b, "FLAGS ");
    view_flags_text(v, recno, &b);
    if (wants_uid(s))
        buf_addf(&b, " UID %u", view_uid(v, msgno));
    if ((s->enabled & ENABLED_CONDSTORE) && recno)
        buf_addf(&b, " MODSEQ (%llu)", (unsigned long long)mailbox_modseq_at(v->mb, recno));
    if (since)
        annotation_put_changed(s, view_uid(v, msgno), since, &b);
    buf_adds(&b, ")\r\n");
    stream_put_slice(o(v), buf_slice(&b));
    buf_fini(&b);
}

void view_put_flags(struct session *s, uint32_t msgno)
{
    put_flags(s, msgno, 0);
}

static void add_keywords(const struct view *v, struct buf *b)
{
    for (unsigned i = 0; i < USER_FLAGS_MAX; i++) {
        struct slice name = mailbox_flag_name(v->mb, i);
        if (name.n) {
            buf_addc(b, ' ');
            buf_add_slice(b, name);
        }
    }
}

static void add_permanent(const struct view *v, struct buf *b)
{
    size_t start = b->n;

    if (v->readonly)
        return;
    if (v->rights & ACL_W)
        buf_adds(b, " \\Answered \\Flagged \\Draft");
    if (v->rights & ACL_T)
        buf_adds(b, " \\Deleted");
    if (v->rights & ACL_S)
        buf_adds(b, " \\Seen");
    if (v->rights & ACL_W) {
        add_keywords(v, b);
        buf_adds(b, " \\*");
    }
    if (b->n > start) {                         /* without the first blank */
        memmove(b->p + start, b->p + start + 1, b->n - start - 1);
        buf_truncate(b, b->n - 1);
    }
}

void view_put_flag_lists(struct session *s)
{
    struct view *v = s->view;
    struct buf b = BUF_INIT;

    add_keywords(v, &b);
    if (v->flags_told.n && slice_eq(buf_slice(&b), slice_skip(buf_slice(&v->flags_told), 1))) {
        buf_fini(&b);
        return;
    }
    buf_reset(&v->flags_told);
    buf_addc(&v->flags_told, '!');              /* so that an empty list differs from none told */
    buf_add_slice(&v->flags_told, buf_slice(&b));
    stream_printf(o(v), "* FLAGS (\\Answered \\Flagged \\Draft \\Deleted \\Seen%.*s)\r\n",
                  SLICE_ARG(buf_slice(&b)));
    buf_reset(&b);
    add_permanent(v, &b);
    stream_printf(o(v), "* OK [PERMANENTFLAGS (%.*s)] Ok\r\n", SLICE_ARG(buf_slice(&b)));
    buf_fini(&b);
}

/* \Seen that another session of this user changed. */
static void note_foreign_seen(struct view *v, struct ranges *changed, struct ranges *touched)
{
    uint32_t uid, m;

    if (v->seen_internal || view_reread_seen(v) != ERR_OK)
        return;
    for (struct ranges_iter it = { 0 }; ranges_next(&v->seen_news, &it, &uid);)
        if (uid <= mailbox_head(v->mb)->last_uid && (m = view_msgno_of_uid(v, uid)) != 0) {
            ranges_add(changed, m, m);
            ranges_add(touched, uid, uid);
        }
    ranges_clear(&v->seen_news);
}

static void tell_flags(struct view *v, const struct ranges *changed, bool all)
{
    const bool annotations = v->tells_annotations && !ranges_empty(changed) && view_annotations_open(v);
    uint32_t m;

    for (struct ranges_iter it = { 0 }; ranges_next(changed, &it, &m);)
        put_flags(v->session, m, annotations ? v->annotations_modseq : 0);
    if (all)                                    /* nothing is held back */
        v->annotations_modseq = v->told_modseq;
}

/* The client must not take the modseqs it saw for "all told" while an expunge below them is held back, and may
 * do so again once that is out (RFC 7162 3.2, 6). */
static void tell_modseq(struct view *v, bool was_held)
{
    bool held = !ranges_empty(&v->gone);

    if (!held)
        v->whole_modseq = v->told_modseq;
    if ((v->session->enabled & ENABLED_QRESYNC) && (held || was_held))
        stream_printf(o(v), "* OK [HIGHESTMODSEQ %llu] %s\r\n", (unsigned long long)view_modseq(v),
                      held ? "VANISHED is delayed" : "Ok");
}

/* The mailbox was deleted. */
static void tell_gone(struct view *v, bool may_expunge)
{
    struct ranges none = RANGES_INIT;

    if (conf_bool(CONF_DISCONNECT_ON_VANISHED_MAILBOX)) {
        reply_bye(v->session, "Mailbox has been deleted");
        return;
    }
    if (!may_expunge)
        return;
    for (uint32_t m = 1; m <= v->n; m++)
        ranges_add(&v->gone, view_uid(v, m), view_uid(v, m));
    tell_expunged(v, &none);
    ranges_fini(&none);
}

void view_warn(struct session *s)
{
    struct view *v = s->view;
    const time_t when = mailbox_repaired(v->mb);

    if (when && when != v->warned)
        untagged(
            s,
            "NO [ALERT] Mailbox was damaged and has been repaired: flags of messages may be lost");
    v->warned = when;
}

/* Flags that may not be told now wait; those that waited are told when they may. */
static void hold_flags(struct view *v, bool may_tell, struct ranges *changed)
{
    uint32_t m;

    if (may_tell) {
        view_msgnos(v, &v->unsaid, changed);
        ranges_clear(&v->unsaid);
        return;
    }
    for (struct ranges_iter it = { 0 }; ranges_next(changed, &it, &m);)
        ranges_add(&v->unsaid, view_uid(v, m), view_uid(v, m));
    ranges_clear(changed);
}

/* Contexts, and the items of new messages: UIDs behind `last`. */
static void tell_contexts(struct session *s, struct ranges *touched, uint32_t last)
{
    struct view *v = s->view;
    struct ranges fresh = RANGES_INIT;

    if (v->n && view_uid(v, v->n) > last) {
        ranges_add(&fresh, last + 1, view_uid(v, v->n));
        ranges_union(touched, &fresh);
        ranges_subtract(&fresh, &v->own);
        ranges_clear(&v->own);
    }
    contexts_changed(s, touched, &fresh);
    ranges_fini(&fresh);
}

void view_own(struct view *v, const struct ranges *uids)
{
    ranges_union(&v->own, uids);
}

bool view_holds_news(const struct view *v)
{
    return !ranges_empty(&v->gone);
}

/* What may be told now (enum notify_event).  Without NOTIFY: everything. */
static unsigned what_to_tell(const struct session *s, bool may_expunge)
{
    unsigned want = notify_selected(s);

    if (s->cmd && (s->cmd->flags & C_EXPUNGES))
        want |= NOTIFY_EXPUNGE;                 /* that is its answer */
    return may_expunge ? want : want & ~(unsigned)NOTIFY_EXPUNGE;
}

static void tell_news(struct session *s, unsigned want)
{
    struct view *v = s->view;
    struct ranges changed = RANGES_INIT, touched = RANGES_INIT;
    uint32_t last = v->n ? view_uid(v, v->n) : 0;
    bool was_held = !ranges_empty(&v->gone);

    if (mailbox_head(v->mb)->highestmodseq != v->told_modseq) {
        scan(v, &changed, &touched);
        v->told_modseq = mailbox_head(v->mb)->highestmodseq;
    }
    if (want & NOTIFY_FLAGS)
        note_foreign_seen(v, &changed, &touched);
    hold_flags(v, want & NOTIFY_FLAGS, &changed);
    contexts_gone(s, &v->gone);
    if (want & NOTIFY_EXPUNGE)
        tell_expunged(v, &changed);
    if (want & NOTIFY_NEW)
        tell_new(v);
    if (want & (NOTIFY_NEW | NOTIFY_FLAGS))
        view_put_flag_lists(s);
    tell_flags(v, &changed, want & NOTIFY_FLAGS);
    tell_contexts(s, &touched, last);
    tell_modseq(v, was_held);
    ranges_fini(&changed);
    ranges_fini(&touched);
}

void view_tell(struct session *s, bool may_expunge)
{
    struct view *v = s->view;
    enum mailbox_news news = MAILBOX_SAME;
    unsigned want = what_to_tell(s, may_expunge);
    err_t err = mailbox_refresh(v->mb, &news);

    if (err == ERR_NOTFOUND || (!err && view_is_gone(v))) {
        tell_gone(v, may_expunge);
        return;
    }
    if (err == ERR_CORRUPT) { /* and cannot be repaired: nothing of it can be believed */
        reply_bye(s, "Mailbox is damaged");
        return;
    }
    if (err)
        return;                                 /* logged; the old picture stays */
    view_resync(v);
    view_warn(s);
    if (want)
        tell_news(s, want);
}

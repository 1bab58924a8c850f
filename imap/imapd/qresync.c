/* qresync.c - see qresync.h */
#include "imap/imapd/qresync.h"

#include "imap/imapd/view.h"

static err_t read_set(struct session *s, struct ranges *out)
{
    struct imapset set;
    err_t err = imaptok_set(&s->tok, &set);

    if (!err && (set.saved || set.has_star))
        err = ERR_SYNTAX;
    if (!err)
        imapset_resolve(&set, 0, out);
    return err;
}

/* "(seqs uids)": sets of equal size. */
static err_t read_sample(struct session *s, struct qresync *q)
{
    err_t err = imaptok_open(&s->tok);

    if (s->enabled & ENABLED_UIDONLY) {         /* RFC 9586 */
        s->tok.why = "[UIDREQUIRED] Message numbers are not allowed now";
        return ERR_SYNTAX;
    }
    if (err || (err = read_set(s, &q->seq)) != ERR_OK || (err = imaptok_sp(&s->tok)) != ERR_OK
        || (err = read_set(s, &q->seq_uids)) != ERR_OK || (err = imaptok_close(&s->tok)) != ERR_OK)
        return err;
    return ranges_count(&q->seq) == ranges_count(&q->seq_uids) ? ERR_OK : ERR_SYNTAX;
}

err_t qresync_read(struct session *s, struct qresync *q)
{
    struct imaptok *t = &s->tok;
    err_t err;

    if ((err = imaptok_sp(t)) != ERR_OK || (err = imaptok_open(t)) != ERR_OK
        || (err = imaptok_nz_number(t, &q->uidvalidity)) != ERR_OK || (err = imaptok_sp(t)) != ERR_OK
        || (err = imaptok_number64(t, &q->modseq)) != ERR_OK)
        return err;
    q->given = true;
    if (imaptok_accept_sp(t)) {
        if (imaptok_peek(t) != '(') {
            q->has_known = true;
            err = read_set(s, &q->known);
            if (!err && imaptok_accept_sp(t))
                err = read_sample(s, q);
        } else {
            err = read_sample(s, q);
        }
    }
    return err ? err : imaptok_close(t);
}

void qresync_fini(struct qresync *q)
{
    ranges_fini(&q->known);
    ranges_fini(&q->seq);
    ranges_fini(&q->seq_uids);
}

/* The mailbox still has a record of every expunge after `since`. */
static void recorded(struct mailbox *mb, uint64_t since, struct ranges *out)
{
    for (uint32_t r = 1; r <= mailbox_nrecords(mb); r++) {
        uint32_t uid = mailbox_uid_at(mb, r);
        if ((mailbox_flags_at(mb, r) & FLAG_INT_EXPUNGED) && mailbox_modseq_at(mb, r) > since)
            ranges_add(out, uid, uid);
    }
}

static void not_existing(struct session *s, struct ranges *out)
{
    uint32_t last = mailbox_head(view_mailbox(s->view))->last_uid;

    if (last)
        ranges_add(out, 1, last);
    for (uint32_t m = 1; m <= view_exists(s->view); m++)
        ranges_remove(out, view_uid(s->view, m), view_uid(s->view, m));
}

void qresync_vanished(struct session *s, uint64_t since, const struct ranges *wanted, struct ranges *out)
{
    struct mailbox *mb = view_mailbox(s->view);

    if (since >= mailbox_head(mb)->deletedmodseq)
        recorded(mb, since, out);
    else
        not_existing(s, out);
    if (wanted)
        ranges_intersect(out, wanted);
}

/* The client's sample shows how far its numbers agree with ours: below that nothing vanished that it does not know
 * of (RFC 7162 3.2.5.2). */
static uint32_t agreed_below(struct session *s, const struct qresync *q)
{
    struct ranges_iter a = { 0 }, b = { 0 };
    uint32_t seq, uid, last = 0;

    while (ranges_next(&q->seq, &a, &seq) && ranges_next(&q->seq_uids, &b, &uid)) {
        if (seq > view_exists(s->view) || view_uid(s->view, seq) != uid)
            break;
        last = uid;
    }
    return last;
}

static void tell_vanished(struct session *s, const struct qresync *q)
{
    struct ranges gone = RANGES_INIT;
    struct buf b = BUF_INIT;
    uint32_t agreed = agreed_below(s, q);

    qresync_vanished(s, q->modseq, q->has_known ? &q->known : NULL, &gone);
    if (agreed)
        ranges_remove(&gone, 1, agreed);
    if (!ranges_empty(&gone)) {
        ranges_format(&gone, &b);
        untagged(s, "VANISHED (EARLIER) %.*s", SLICE_ARG(buf_slice(&b)));
    }
    buf_fini(&b);
    ranges_fini(&gone);
}

void qresync_tell(struct session *s, const struct qresync *q)
{
    struct mailbox *mb = view_mailbox(s->view);

    if (q->uidvalidity != mailbox_head(mb)->uidvalidity)
        return;
    tell_vanished(s, q);
    for (uint32_t m = 1; m <= view_exists(s->view); m++) {
        uint32_t recno = view_recno(s->view, m);
        if (mailbox_modseq_at(mb, recno) <= q->modseq)
            continue;
        if (!q->has_known || ranges_has(&q->known, view_uid(s->view, m)))
            view_put_flags(s, m);
    }
}

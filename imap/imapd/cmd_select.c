/* cmd_select.c - SELECT, EXAMINE, CLOSE, UNSELECT, CHECK (RFC 3501 6.3, 3691, 7162) */
#include "imap/imapd/imapd.h"

#include <inttypes.h>

#include "imap/imapd/notify.h"
#include "imap/imapd/list_tell.h"
#include "imap/imapd/qresync.h"
#include "imap/imapd/quota_alert.h"
#include "imap/imapd/view.h"
#include "imap/store/msgannot.h"
#include "imap/store/poplock.h"
#include "lib/base/log.h"
#include "lib/text/imapout.h"

struct select_params {
    struct qresync qresync;
    bool annotate;                              /* RFC 5257 4.2 */
};

/* Parameters behind the mailbox name: CONDSTORE, QRESYNC (...), ANNOTATE. */
static err_t read_params(struct session *s, struct select_params *p)
{
    struct slice word;
    bool more;
    err_t err;

    if (imaptok_at_end(&s->tok))
        return ERR_OK;
    if ((err = imaptok_sp(&s->tok)) != ERR_OK)
        return err;
    err = imaptok_open(&s->tok);
    while (!err && (err = imaptok_more(&s->tok, &more)) == ERR_OK && more) {
        if ((err = imaptok_atom(&s->tok, &word)) != ERR_OK)
            break;
        if (slice_eqs_nocase(word, "CONDSTORE"))
            s->enabled |= ENABLED_CONDSTORE;
        else if (slice_eqs_nocase(word, "QRESYNC") && (s->enabled & ENABLED_QRESYNC))
            err = qresync_read(s, &p->qresync);
        else if (slice_eqs_nocase(word, "ANNOTATE"))
            p->annotate = true;
        else
            err = ERR_SYNTAX;
    }
    return err;
}

static void leave_mailbox(struct session *s)
{
    if (!s->view)
        return;
    serve_proc(s->base, NULL, NULL);
    view_close(&s->view);
    s->state = ST_AUTH;
    notify_selection(s);
}

/* RFC 7162 3.2.11: the old mailbox is closed before the new one speaks. */
static void say_closed(struct session *s)
{
    if (s->state == ST_SELECTED)
        untagged(s, "OK [CLOSED] Ok");
}

/* RFC 5257 4.1.  Private values can be written by everybody who may read, but for EXAMINE. */
static void tell_annotations(struct session *s)
{
    if (view_is_examined(s->view))
        untagged(s, "OK [ANNOTATIONS READ-ONLY] Ok");
    else
        untagged(s, "OK [ANNOTATIONS %d] Ok", MSGANNOT_VALUE_MAX);
}

/* given: the name as the client wrote it. */
static void describe(struct session *s, struct slice given, struct qresync *q)
{
    struct view *v = s->view;
    const struct index_head *h = mailbox_head(view_mailbox(v));
    uint32_t unseen;

    untagged(s, "%" PRIu32 " EXISTS", view_exists(v));
    if (!(s->enabled & ENABLED_REV2))
        untagged(s, "%" PRIu32 " RECENT", view_recent(v));
    view_put_flag_lists(s);
    unseen = s->enabled & (ENABLED_UIDONLY | ENABLED_REV2) ? 0 : view_first_unseen(v);
    if (unseen)
        untagged(s, "OK [UNSEEN %" PRIu32 "] Ok", unseen);
    untagged(s, "OK [UIDVALIDITY %" PRIu32 "] Ok", h->uidvalidity);
    untagged(s, "OK [UIDNEXT %" PRIu32 "] Ok", h->last_uid + 1);
    if (view_has_modseqs(v))
        untagged(s, "OK [HIGHESTMODSEQ %" PRIu64 "] Ok", h->highestmodseq);
    else
        untagged(s, "OK [NOMODSEQ] The index of this mailbox is of an old version");
    /* RFC 8474 4.2 */
    untagged(s, "OK [MAILBOXID (%.*s)] Ok", SLICE_ARG(mailbox_uniqueid(view_mailbox(v))));
    untagged(s, "OK [URLMECH INTERNAL] Ok");    /* RFC 4467 BASE.7.1 */
    tell_annotations(s);
    if (s->enabled & ENABLED_REV2)              /* RFC 9051 6.3.2 */
        list_tell(s, mailbox_name(view_mailbox(v)), given, LIST_TELL_EXISTS);
    s->modseq_told = s->enabled & ENABLED_CONDSTORE;
    if (q->given && view_has_modseqs(v))        /* RFC 7162 3.2.5.1 */
        qresync_tell(s, q);
}

static err_t open_view(struct session *s, const struct mbentry *entry, rights_t rights)
{
    struct mailbox *mb;
    bool examine = slice_eqs_nocase(slice_cstr(s->cmd->name), "EXAMINE");
    err_t err = mailbox_open_entry(s->base->store, entry, &mb);

    return err ? err : view_open(s, mb, rights, examine ? VIEW_READONLY : 0, &s->view);
}

static err_t read_args(struct session *s, struct slice *given, struct slice *name, struct select_params *p)
{
    err_t err;

    if ((err = imaptok_sp(&s->tok)) != ERR_OK) {
        args_bad(s, err);
        return err;
    }
    if ((err = args_mailbox_given(s, given, name)) != ERR_OK)
        return err;
    if ((err = read_params(s, p)) != ERR_OK) {
        args_bad(s, err);
        return err;
    }
    return args_end(s);
}

static void select_mailbox(struct session *s, struct slice given, struct slice name, struct select_params *p)
{
    struct mbentry entry;
    rights_t rights;
    err_t err;

    say_closed(s);
    leave_mailbox(s);                           /* also when what follows fails: RFC 3501 6.3.1 */
    mbentry_init(&entry);
    if (session_access(s, name, OP_SELECT, &entry, &rights) == ERR_OK) {
        err = open_view(s, &entry, rights);
        if (err) {
            reply_err(s, err);
        } else {
            s->state = ST_SELECTED;
            notify_selection(s);
            serve_proc(s->base, arena_cstr(s->base->command, name), s->cmd->name);
            quota_alert(s);
            view_warn(s);
            if (p->annotate)
                view_tell_annotations(s->view);
            describe(s, given, &p->qresync);
            reply_ok_code(s, view_is_readonly(s->view) ? "READ-ONLY" : "READ-WRITE", "Completed");
        }
    }
    mbentry_fini(&entry);
}

void cmd_select(void *session, const struct command *cmd)
{
    struct select_params p = { .annotate = false };
    struct slice given, name;

    if (read_args(session, &given, &name, &p) == ERR_OK)
        select_mailbox(session, given, name, &p);
    qresync_fini(&p.qresync);
}

/* Remove what is marked \Deleted, silently (CLOSE). */
static err_t expunge_deleted(struct session *s)
{
    struct view *v = s->view;
    struct mailbox *mb = view_mailbox(v);
    struct commit *c;
    err_t err;

    if (view_is_readonly(v) || !(view_rights(v) & ACL_E))
        return ERR_OK;
    if (mailbox_head(mb)->deleted == 0)
        return ERR_OK;
    err = poplock_test(mailbox_entry(mb));
    if (err)
        return err;
    err = view_commit_begin(v, &c);
    if (err)
        return err;
    for (uint32_t r = 1; !err && r <= mailbox_nrecords(mb); r++) {
        uint32_t flags = mailbox_flags_at(mb, r);
        if ((flags & FLAG_DELETED) && !(flags & FLAG_INT_EXPUNGED))
            err = commit_expunge(c, r);
    }
    if (err) {
        commit_abort(&c);
        return err;
    }
    return view_commit_end(v, &c, NULL);
}

void cmd_close(void *session, const struct command *cmd)
{
    struct session *s = session;
    err_t err;

    if (args_end(s) != ERR_OK)
        return;
    err = expunge_deleted(s);
    leave_mailbox(s);
    if (err)
        reply_err(s, err);
    else
        reply_ok(s, "Completed");               /* RFC 7162 3.2.8: no HIGHESTMODSEQ, it would skip changes */
}

void cmd_unselect(void *session, const struct command *cmd)
{
    struct session *s = session;

    if (args_end(s) != ERR_OK)
        return;
    leave_mailbox(s);
    reply_ok(s, "Completed");
}

/* Everything acknowledged is durable already: a checkpoint has nothing to do. */
void cmd_check(void *session, const struct command *cmd)
{
    struct session *s = session;

    if (args_end(s) == ERR_OK)
        reply_ok(s, "Completed");
}

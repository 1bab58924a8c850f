/* cmd_expunge.c - EXPUNGE and UID EXPUNGE (RFC 3501 6.4.3, 4315 2.1) */
#include "imap/imapd/imapd.h"

#include <inttypes.h>

#include "imap/imapd/view.h"
#include "imap/store/poplock.h"

/* Every \Deleted message, or those of the UID set. */
static err_t expunge(struct session *s, const struct ranges *uids)
{
    struct view *v = s->view;
    struct mailbox *mb = view_mailbox(v);
    struct commit *c;
    err_t err = view_commit_begin(v, &c);

    for (uint32_t r = 1; !err && r <= mailbox_nrecords(mb); r++) {
        uint32_t flags = mailbox_flags_at(mb, r);
        if (!(flags & FLAG_DELETED) || (flags & FLAG_INT_EXPUNGED))
            continue;
        if (!uids || ranges_has(uids, mailbox_uid_at(mb, r)))
            err = commit_expunge(c, r);
    }
    if (err) {
        commit_abort(&c);
        return err;
    }
    return view_commit_end(v, &c, NULL);
}

static err_t read_uids(struct session *s, struct ranges *uids)
{
    struct imapset set;
    err_t err;

    if ((err = imaptok_sp(&s->tok)) != ERR_OK || (err = imaptok_set(&s->tok, &set)) != ERR_OK) {
        args_bad(s, err);
        return err;
    }
    view_resolve_uids(s->view, &set, uids);
    return ERR_OK;
}

void cmd_expunge(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct ranges uids = RANGES_INIT;
    char code[64];
    err_t err = ERR_OK;

    if ((s->is_uid && read_uids(s, &uids) != ERR_OK) || args_end(s) != ERR_OK) {
        ranges_fini(&uids);
        return;
    }
    if (view_is_readonly(s->view))
        err = ERR_READONLY;
    else
        err = policy_check(OP_EXPUNGE, view_rights(s->view));
    if (!err)
        err = poplock_test(mailbox_entry(view_mailbox(s->view)));
    if (!err && mailbox_head(view_mailbox(s->view))->deleted > 0)
        err = expunge(s, s->is_uid ? &uids : NULL);
    ranges_fini(&uids);
    if (err) {
        reply_err(s, err);
        return;
    }
    if (s->enabled & ENABLED_CONDSTORE) {       /* RFC 7162 3.2.7 */
        snprintf(code, sizeof code, "HIGHESTMODSEQ %" PRIu64,
                 mailbox_head(view_mailbox(s->view))->highestmodseq);
        reply_ok_code(s, code, "Completed");
    } else {
        reply_ok(s, "Completed");
    }
}

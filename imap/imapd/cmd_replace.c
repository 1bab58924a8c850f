/* cmd_replace.c - REPLACE and UID REPLACE: a message takes the place of another, both or none (RFC 8508) */
#include "imap/imapd/append.h"

#include "imap/imapd/view.h"
#include "imap/store/poplock.h"

/* What it needs of the selected mailbox: that of STORE \Deleted and EXPUNGE (RFC 8508 3.4). */
static err_t may_replace(struct session *s)
{
    const rights_t need = ACL_T | ACL_E;

    if (view_is_readonly(s->view))
        return ERR_READONLY;
    if ((view_rights(s->view) & need) != need)
        return ERR_DENIED;
    return poplock_test(mailbox_entry(view_mailbox(s->view)));
}

/* The one message that is meant, by its number as told.  false: the answer is out. */
static bool read_number(struct session *s, uint32_t *msgno)
{
    struct imapset set;
    struct ranges found = RANGES_INIT;
    err_t err = imaptok_sp(&s->tok);

    if (!err)
        err = imaptok_set(&s->tok, &set);
    if (!err && (set.saved || set.n != 1 || set.item[0].lo != set.item[0].hi)) {
        s->tok.why = "One message number expected";
        err = ERR_SYNTAX;
    }
    if (err) {
        args_bad(s, err);
        return false;
    }
    err = view_resolve(s->view, &set, s->is_uid, &found);
    *msgno = ranges_min(&found);
    ranges_fini(&found);
    if (err)
        reply_bad(s, "Invalid message sequence number");
    else if (!*msgno)
        reply_no(s, "NONEXISTENT", "No such message in mailbox");
    return !err && *msgno;
}

/* APPENDUID in an untagged OK, since the EXPUNGE follows it (RFC 8508 4.1). */
static void answer(struct append_run *r, err_t err)
{
    struct buf code = BUF_INIT;

    if (err) {
        append_refuse(r, err);
    } else {
        if (append_uid_code(r, &code))
            untagged(r->s, "OK [%s] Replacement message ready", buf_cstr(&code));
        reply_ok(r->s, "Completed");
    }
    buf_fini(&code);
}

void cmd_replace(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct append_run r;
    uint32_t msgno;

    if (!read_number(s, &msgno)) {
        append_drain(s);
        return;
    }
    err_t err = may_replace(s);
    if (err) {
        reply_err(s, err);
        append_drain(s);
        return;
    }
    if (append_begin(&r, s) && append_take(&r, false))
        answer(&r, append_store_instead(&r, msgno));
    append_end(&r);
}

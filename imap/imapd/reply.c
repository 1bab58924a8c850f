/* reply.c - tagged replies and what kinds of failure are called in IMAP; see imapd.h */
#include "imap/imapd/imapd.h"

#include <inttypes.h>

#include "imap/imapd/notify.h"
#include "imap/imapd/view.h"
#include "imap/store/policy.h"
#include "lib/text/imapout.h"

/* Response codes: RFC 5530; words: as 3.6 says them where it says anything. */
static const struct {
    const char *code, *text;
} words[ERR_NKINDS] = {
    [ERR_NOTFOUND] = { "NONEXISTENT", "Mailbox does not exist" },
    [ERR_EXISTS] = { "ALREADYEXISTS", "Mailbox already exists" },
    [ERR_DENIED] = { "NOPERM", "Permission denied" },
    [ERR_OVERQUOTA] = { "OVERQUOTA", "Over quota" },
    [ERR_LIMIT] = { "LIMIT", "A limit of the server was exceeded" },
    [ERR_SYNTAX] = { "CLIENTBUG", "Malformed argument" },
    [ERR_BADNAME] = { "CANNOT", "Invalid mailbox name" },
    [ERR_LOCKED] = { "INUSE", "Mailbox is locked" },
    [ERR_INUSE] = { "INUSE", "Mailbox is in use by another session" },
    [ERR_AGAIN] = { "UNAVAILABLE", "Try again later" },
    [ERR_TIMEOUT] = { "UNAVAILABLE", "Timed out" },
    [ERR_IO] = { "SERVERBUG", "System I/O error" },
    [ERR_CORRUPT] = { "CORRUPTION", "Mailbox format corruption detected" },
    [ERR_NOSPACE] = { "UNAVAILABLE", "The server is out of space" },
    [ERR_READONLY] = { "CANNOT", "Mailbox is read-only" },
    [ERR_CLOSED] = { "UNAVAILABLE", "The other side has gone" },
    [ERR_AUTH] = { "AUTHENTICATIONFAILED", "authentication failure" },
    [ERR_UNSUPPORTED] = { "CANNOT", "Operation is not supported on mailbox" },
};

static void put(struct session *s, const char *status, const char *code, const char *text)
{
    struct stream *o = out(s);

    stream_put_slice(o, s->tag);
    stream_puts(o, status);
    if (code) {
        stream_puts(o, "[");
        stream_puts(o, code);
        stream_puts(o, "] ");
    }
    stream_puts(o, text);
    stream_puts(o, "\r\n");
    s->replied = true;
}

/* RFC 7162 3.1: the first command that enables CONDSTORE while a mailbox is selected is answered with the mailbox's
 * HIGHESTMODSEQ.  A SELECT after it says so anyway. */
static void tell_modseq(struct session *s)
{
    if (s->modseq_told || !(s->enabled & ENABLED_CONDSTORE))
        return;
    s->modseq_told = true;
    if (view_has_modseqs(s->view))
        untagged(s, "OK [HIGHESTMODSEQ %" PRIu64 "] CONDSTORE enabled", view_modseq(s->view));
}

static void tell_changes(struct session *s)
{
    if (!s->cmd)
        return;
    /* before the selected mailbox is looked at: what is heard of it now is seen then */
    if ((s->state & ST_LOGGED_IN) && !(s->cmd->flags & C_NO_NEWS))
        notify_tell(s);
    if (s->state != ST_SELECTED || !s->view)
        return;
    view_tell(s, s->cmd->flags & C_MAY_EXPUNGE);
    if (s->state == ST_SELECTED)
        tell_modseq(s);
}

/* What a command read of the selected mailbox may be wrong: a record is damaged, or somebody has
 * cut the index underneath. */
static bool was_misled(const struct session *s)
{
    return s->state == ST_SELECTED && s->view && s->cmd && s->cmd->states == ST_SELECTED &&
           !(s->cmd->flags & C_WRITE) && mailbox_read_ok(view_mailbox(s->view)) != ERR_OK;
}

void reply_ok_code(struct session *s, const char *code, const char *text)
{
    if (was_misled(s)) {
        reply_err(s, ERR_IO);
        return;
    }
    tell_changes(s);
    put(s, " OK ", code, text);
}

void reply_ok(struct session *s, const char *text)
{
    reply_ok_code(s, NULL, text);
}

void reply_no(struct session *s, const char *code, const char *text)
{
    tell_changes(s);
    put(s, " NO ", code, text);
}

void reply_bad(struct session *s, const char *text)
{
    put(s, " BAD ", NULL, text);
}

void reply_err(struct session *s, err_t err)
{
    const char *text = words[err].text;

    reply_no(s, words[err].code, text ? text : "Internal error");
}

void reply_resolve(struct session *s, err_t err)
{
    if (err == ERR_SYNTAX)
        reply_bad(s, "Invalid message sequence number");
    else
        reply_err(s, err);
}

void reply_bye(struct session *s, const char *text)
{
    stream_puts(out(s), "* BYE ");
    stream_puts(out(s), text);
    stream_puts(out(s), "\r\n");
    s->state = ST_LOGOUT;
}

void untagged(struct session *s, const char *fmt, ...)
{
    struct buf line = BUF_INIT;
    va_list ap;

    buf_adds(&line, "* ");
    va_start(ap, fmt);
    buf_vaddf(&line, fmt, ap);
    va_end(ap);
    buf_adds(&line, "\r\n");
    stream_put_slice(out(s), buf_slice(&line));
    buf_fini(&line);
}

void reply_login(struct session *s, const char *text)
{
    struct buf code = BUF_INIT, line = BUF_INIT;

    buf_adds(&code, "CAPABILITY ");
    capability_text(s, &code);
    buf_addf(&line, "%s SESSIONID=<%s>", text, s->base->session_id);
    put(s, " OK ", buf_cstr(&code), buf_cstr(&line));
    buf_fini(&code);
    buf_fini(&line);
}

err_t session_access(struct session *s, struct slice intname, enum policy_op op,
                     struct mbentry *entry, rights_t *rights_out)
{
    rights_t rights = 0;
    err_t err = mblist_access(s->base->store, intname, s->base->ident, s->base->is_admin, entry,
                              &rights);

    if (!err && !mbentry_is_mail(entry))
        err = ERR_NOTFOUND;
    if (!err)
        err = policy_check(op, rights);
    if (err)
        reply_err(s, err);
    if (rights_out)
        *rights_out = rights;
    return err;
}

void session_put_mailbox(struct session *s, struct buf *b, struct slice intname)
{
    struct buf ext = BUF_INIT;

    namespace_to_external(s->ns, intname, &ext);
    imapout_mailbox(b, buf_slice(&ext), out_flags(s));
    buf_fini(&ext);
}

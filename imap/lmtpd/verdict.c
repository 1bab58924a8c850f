/* verdict.c - what a kind of failure is called in LMTP: reply code and enhanced code (RFC 2034, 3463) */
#include "imap/lmtpd/lmtpd.h"

#include "imap/serve/limits.h"
#include "lib/conf/conf.h"

/* Anything that may be different later is temporary: the MTA keeps the message. */
static const struct {
    int code;
    const char *enhanced, *text;
} words[ERR_NKINDS] = {
    [ERR_OVERQUOTA] = { 452, "4.2.2", "Over quota" },
    [ERR_LIMIT] = { 552, "5.2.3", "Message is too large" },
    [ERR_LOCKED] = { 451, "4.2.1", "Mailbox is locked" },
    [ERR_INUSE] = { 451, "4.2.1", "Mailbox is in use" },
    [ERR_NOTFOUND] = { 451, "4.2.0", "Mailbox has gone meanwhile" },
    [ERR_CORRUPT] = { 451, "4.2.0", "Mailbox has an invalid format" },
    [ERR_IO] = { 451, "4.3.0", "System I/O error" },
    [ERR_NOSPACE] = { 452, "4.3.1", "Out of space" },
    [ERR_READONLY] = { 451, "4.3.2", "Server is in read-only mode" },
};

static void put(struct session *s, err_t err)
{
    int code = words[err].code ? words[err].code : 451;
    const char *enhanced = words[err].enhanced ? words[err].enhanced : "4.3.0";
    const char *text = words[err].text ? words[err].text : "Temporary failure";

    if (err == ERR_OVERQUOTA && conf_bool(CONF_LMTP_OVER_QUOTA_PERM_FAILURE)) {
        code = 552;
        enhanced = "5.2.2";
    }
    reply(s, "%d %s %s SESSIONID=<%s>", code, enhanced, text, s->base->session_id);
}

void verdict_rcpt(struct session *s, err_t err)
{
    switch (err) {
    case ERR_OK:
        reply(s, "250 2.1.5 ok");
        break;
    case ERR_NOTFOUND:
    case ERR_BADNAME:
        reply(s, "550-Mailbox unknown.  Either there is no mailbox associated with this");
        reply(s, "550-name or you do not have authorization to see it.");
        reply(s, "550 5.1.1 User unknown");
        break;
    case ERR_DENIED:
        reply(s, "550-You do not have permission to post a message to this mailbox.");
        reply(s, "550-Please contact the owner of this mailbox in order to submit");
        reply(s, "550-your message, or postmaster if you believe you");
        reply(s, "550-received this message in error.");
        reply(s, "550 5.7.1 Permission denied");
        break;
    default:
        put(s, err);
    }
}

void verdict_data(struct session *s, err_t err)
{
    if (err == ERR_OK)
        reply(s, "250 2.1.5 Success SESSIONID=<%s>", s->base->session_id);
    else
        put(s, err);
}

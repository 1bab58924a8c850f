/* session.c - one IMAP connection: see the state diagram in imapd.h */
#include "imap/imapd/imapd.h"

#include "imap/imapd/notify.h"
#include "imap/imapd/view.h"
#include "imap/serve/limits.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/conf.h"

/* RFC 3501 5.4: an inactivity timer must be at least 30 minutes. */
enum { MIN_IDLE_SECONDS = 30 * 60 };
enum { ALERT_MAX = 1024 };                      /* bytes of msg/motd that are shown */

static int64_t idle_timeout_ms(const struct session *s)
{
    int64_t seconds;

    if (s->state == ST_NOAUTH)
        return (int64_t)limit_value(LIMIT_PRELOGIN_SECONDS) * 1000;
    seconds = conf_seconds(CONF_TIMEOUT);
    if (seconds < MIN_IDLE_SECONDS)
        seconds = MIN_IDLE_SECONDS;
    return seconds * 1000;
}

void session_enter(struct session *s)
{
    struct session_base *b = s->base;

    s->actor = (struct actor){ .ident = b->ident, .is_admin = b->is_admin };
    s->ns = namespace_new(ident_userid(b->ident), b->is_admin);
    s->state = ST_AUTH;
    s->failed_logins = 0;
    stream_set_timeout(b->stream, idle_timeout_ms(s));
}

void session_leave(struct session *s)
{
    notify_free(&s->notify);
    view_close(&s->view);
    namespace_free(&s->ns);
    serve_logout(s->base);
    s->actor = (struct actor){ 0 };
    s->state = ST_NOAUTH;
    s->enabled = 0;
    s->modseq_told = false;
    s->failed_logins = s->bad_commands = 0;
    stream_set_timeout(s->base->stream, idle_timeout_ms(s));
}

static void greet(struct session *s)
{
    struct buf caps = BUF_INIT, banner = BUF_INIT;
    char motd[ALERT_MAX];

    capability_text(s, &caps);
    serve_banner("IMAP", &banner);
    stream_printf(out(s), "* OK [CAPABILITY %.*s] %s server ready\r\n", SLICE_ARG(buf_slice(&caps)),
                  buf_cstr(&banner));
    buf_fini(&banner);
    buf_fini(&caps);
    if (serve_motd(motd, sizeof motd))
        untagged(s, "OK [ALERT] %s", motd);
}

/* Which words for a row that may not run now?  NULL: it may. */
static const char *why_not(const struct session *s)
{
    const struct command *c = s->cmd;

    if (c->states & s->state) {
        if ((c->flags & C_NO_TLS) && stream_is_tls(s->base->stream))
            return "TLS is active already";
        return NULL;
    }
    if (s->state == ST_NOAUTH)
        return "Please login first";
    if (c->states == ST_NOAUTH)
        return "Already logged in";
    return "Please select a mailbox first";
}

static void run_command(struct session *s)
{
    const char *refusal = why_not(s);

    s->bad_commands = 0;
    if (refusal) {
        reply_bad(s, refusal);
        return;
    }
    if ((s->enabled & ENABLED_UIDONLY) && (s->cmd->flags & C_NUMBERS)) {        /* RFC 9586 */
        reply_bad(s, "[UIDREQUIRED] Message numbers are not allowed now");
        return;
    }
    if ((s->cmd->flags & C_ADMIN) && !s->base->is_admin) {
        reply_err(s, ERR_DENIED);
        return;
    }
    if ((s->cmd->flags & C_WRITE) && conf_bool(CONF_READONLY)) {
        reply_no(s, "CANNOT", "The server is in read-only mode");
        return;
    }
    if (s->view)                                /* what others changed counts, told or not */
        view_refresh(s->view);
    s->cmd->run(s, s->cmd);
}

/* Malformed commands in a row before login end the connection. */
static void count_bad(struct session *s)
{
    if (s->state == ST_NOAUTH && ++s->bad_commands >= limit_value(LIMIT_BAD_COMMANDS)) {
        log_notice("too many bad commands before login from %s", s->base->client);
        reply_bye(s, limit_answer(LIMIT_BAD_COMMANDS, LIMIT_P_IMAP));
    }
}

static void say_goodbye(struct session *s, err_t err)
{
    if (err == ERR_TIMEOUT)
        reply_bye(s, "Idle for too long");
    else if (err == ERR_LIMIT)
        reply_bye(s, "Too much input");
    else if (err == ERR_SYNTAX)
        reply_bye(s, "Malformed compressed data");
    s->state = ST_LOGOUT;
}

/* One command, or the end. */
static void serve_one(struct session *s)
{
    const char *why = NULL;
    err_t err;

    if (serve_must_end(s->base, &why)) {
        reply_bye(s, why && *why ? why : "Server shutting down");
        return;
    }
    s->replied = false;
    err = notify_wait(s, idle_timeout_ms(s));
    if (!err)
        err = args_read_command(s);
    if (err == ERR_SYNTAX && stream_error(s->base->stream))
        err = stream_error(s->base->stream);
    if (err == ERR_OK)
        run_command(s);
    else if (err == ERR_SYNTAX && !stream_error(s->base->stream))
        count_bad(s);
    else if (err != ERR_AGAIN)
        say_goodbye(s, err);
    arena_reset(s->base->command);
    if (stream_error(s->base->stream))
        s->state = ST_LOGOUT;
}

void session_run(struct session_base *base)
{
    struct session s = { .base = base, .state = ST_NOAUTH, .input = BUF_INIT };
    const char *why = NULL;

    if (serve_must_end(base, &why)) {
        reply_bye(&s, why && *why ? why : "Server shutting down");
    } else {
        stream_set_timeout(base->stream, idle_timeout_ms(&s));
        greet(&s);
    }
    while (s.state != ST_LOGOUT)
        serve_one(&s);
    notify_free(&s.notify);
    view_close(&s.view);
    namespace_free(&s.ns);
    buf_fini(&s.input);
    if (stream_flush(base->stream) != ERR_OK)
        log_debug("the last reply did not reach %s", base->client);
}

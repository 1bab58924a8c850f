/* session.c - one LMTP connection: see the states in lmtpd.h */
#include "imap/lmtpd/lmtpd.h"

#include "imap/serve/limits.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"

enum { LINE_MAX_BYTES = 4096, DEFAULT_TIMEOUT_S = 360 };

static bool preauth_option;                     /* -a; set once from the command line */

void session_set_preauth(bool on)
{
    preauth_option = on;
}

void reply(struct session *s, const char *fmt, ...)
{
    struct buf line = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(&line, fmt, ap);
    va_end(ap);
    buf_adds(&line, "\r\n");
    stream_put_slice(out(s), buf_slice(&line));
    buf_fini(&line);
}

static void lmtp_lhlo(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct slice name = slice_trim(s->args);
    struct buf mechs = BUF_INIT;

    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] >= 0x7f)
            name = SLICE_NULL;
    if (name.n == 0 || name.n > 255) {
        reply(s, "501 5.5.4 Syntax error in parameters");
        return;
    }
    envelope_reset(s);
    buf_reset(&s->lhlo);
    buf_add_slice(&s->lhlo, name);
    s->state = LS_GREETED;
    reply(s, "250-%s", conf_servername());
    reply(s, "250-8BITMIME");
    reply(s, "250-ENHANCEDSTATUSCODES");
    reply(s, "250-PIPELINING");
    if (conf_int(CONF_MAXMESSAGESIZE) > 0)
        reply(s, "250-SIZE %llu", (unsigned long long)limit_value(LIMIT_MESSAGE));
    else
        reply(s, "250-SIZE");
    if (s->base->tls && !stream_is_tls(out(s)) && !s->base->is_unix)
        reply(s, "250-STARTTLS");
    if (s->preauth) {
        reply(s, "250-AUTH EXTERNAL");
    } else if (!s->base->ident) {
        sasl_server_mechs(s->base->sasl, "", " ", &mechs);
        if (mechs.n)
            reply(s, "250-AUTH %.*s", SLICE_ARG(buf_slice(&mechs)));
    }
    reply(s, "250-IGNOREQUOTA");
    reply(s, "250 Ok SESSIONID=<%s>", s->base->session_id);
    buf_fini(&mechs);
}

static void lmtp_noop(void *session, const struct command *cmd)
{
    reply(session, "250 2.0.0 ok");
}

static void lmtp_rset(void *session, const struct command *cmd)
{
    struct session *s = session;

    envelope_reset(s);
    reply(s, "250 2.0.0 Ok SESSIONID=<%s>", s->base->session_id);
}

static void lmtp_vrfy(void *session, const struct command *cmd)
{
    reply(session, "252 2.3.3 try RCPT to attempt delivery");
}

static void lmtp_quit(void *session, const struct command *cmd)
{
    struct session *s = session;

    reply(s, "221 2.0.0 bye");
    s->state = LS_END;
}

static void lmtp_starttls(void *session, const struct command *cmd)
{
    struct session *s = session;

    if (!s->base->tls || stream_is_tls(out(s)) || s->base->is_unix) {
        reply(s, "502 5.5.1 TLS not available");
        return;
    }
    reply(s, "220 2.0.0 Begin TLS negotiation now");
    if (stream_flush(out(s)) != ERR_OK || serve_starttls(s->base) != ERR_OK) {
        s->state = LS_END;
        return;
    }
    envelope_reset(s);
    buf_reset(&s->lhlo);
    s->state = LS_START;                        /* RFC 3207 4.2: the client starts again */
}

/* ---- AUTH (RFC 4954) */

static void conclude(struct session *s, enum login_result result, const char *why)
{
    switch (result) {
    case LOGIN_OK:
        reply(s, "235 2.7.0 Authenticated!");
        if (stream_flush(out(s)) != ERR_OK || serve_login_layer(s->base) != ERR_OK)
            s->state = LS_END;
        break;
    case LOGIN_NO_MECH:
        reply(s, "504 5.5.4 Unrecognized authentication type");
        break;
    case LOGIN_BAD:
        reply(s, "501 5.5.4 cannot decode authentication data");
        break;
    case LOGIN_CANCELLED:
        reply(s, "501 5.5.4 Authentication cancelled");
        break;
    case LOGIN_UNAVAILABLE:
        reply(s, "454 4.7.0 %s", why ? why : "Authentication is not available now");
        break;
    case LOGIN_CLOSED:
        s->state = LS_END;
        break;
    case LOGIN_TOO_MANY:
        reply(s, "421 4.7.0 %s", why ? why : "Too many connections");
        s->state = LS_END;
        break;
    default:
        reply(s, "535 5.7.8 %s", why ? why : "authentication failed");
    }
}

static void lmtp_auth(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct linetok t;
    struct slice mech, initial;
    const char *why = NULL;
    enum login_result result;
    bool has_initial;

    linetok_init(&t, s->args);
    if (s->preauth || s->base->ident) {
        reply(s, "503 5.5.0 already authenticated");
        return;
    }
    if (!linetok_word(&t, &mech)) {
        reply(s, "501 5.5.4 Syntax error in parameters");
        return;
    }
    has_initial = linetok_word(&t, &initial);
    result = serve_login_dialogue(s->base, mech, has_initial ? &initial : NULL, "334 ", &why);
    conclude(s, result, why);
}

static const struct command commands[] = {
    /* name       handler         allowed in                          flags    args */
    { "AUTH",     lmtp_auth,      LS_GREETED,                         C_QUIET, NULL },
    { "DATA",     lmtp_data,      LS_GREETED | LS_MAIL | LS_RCPT,     C_WRITE, NULL },
    { "LHLO",     lmtp_lhlo,      LS_ANY,                             0,       NULL },
    { "MAIL",     lmtp_mail,      LS_GREETED | LS_MAIL | LS_RCPT,     C_WRITE, NULL },
    { "NOOP",     lmtp_noop,      LS_ANY,                             0,       NULL },
    { "QUIT",     lmtp_quit,      LS_ANY,                             0,       NULL },
    { "RCPT",     lmtp_rcpt,      LS_GREETED | LS_MAIL | LS_RCPT,     C_WRITE, NULL },
    { "RSET",     lmtp_rset,      LS_ANY,                             0,       NULL },
    { "STARTTLS", lmtp_starttls,  LS_GREETED,                         C_NO_TLS, NULL },
    { "VRFY",     lmtp_vrfy,      LS_ANY,                             0,       NULL },
};

static void run_line(struct session *s, struct slice line)
{
    struct slice word, copy = arena_dup(s->base->command, line);
    const struct command *cmd;

    s->args = slice_split(copy, ' ', &word, NULL);
    cmd = cmd_find(commands, sizeof commands / sizeof *commands, word);
    if (!cmd) {
        reply(s, "500 5.5.2 Syntax error");
        if (!s->base->ident && !s->preauth && ++s->bad_commands >= limit_value(LIMIT_BAD_COMMANDS)) {
            reply(s, "421 4.7.0 %s", limit_answer(LIMIT_BAD_COMMANDS, LIMIT_P_LMTP));
            s->state = LS_END;
        }
    } else if (!(cmd->states & s->state)) {
        reply(s, s->state == LS_START ? "503 5.5.1 Say LHLO first" : "503 5.5.1 Bad sequence of commands");
    } else if ((cmd->flags & C_WRITE) && conf_bool(CONF_READONLY)) {
        verdict_data(s, ERR_READONLY);
    } else {
        s->bad_commands = 0;
        cmd->run(s, cmd);
    }
}

static void serve_one(struct session *s)
{
    const char *why = NULL;
    struct slice line;
    err_t err;

    if (serve_must_end(s->base, &why)) {
        reply(s, "421 4.3.0 lmtpd: %s", why && *why ? why : "Server shutting down");
        s->state = LS_END;
        return;
    }
    err = stream_line(out(s), LINE_MAX_BYTES, &line);
    if (err == ERR_OK) {
        run_line(s, line);
    } else if (err == ERR_LIMIT) {
        log_notice("command line too long from %s", s->base->client);
        reply(s, "500 5.5.2 %s", limit_answer(LIMIT_LINE_PRELOGIN, LIMIT_P_LMTP));
    } else if (err == ERR_TIMEOUT) {
        reply(s, "421 4.4.1 Timed out waiting for a command");
        s->state = LS_END;
    } else if (err != ERR_AGAIN) {
        s->state = LS_END;
    }
    arena_reset(s->base->command);
    if (stream_error(out(s)))
        s->state = LS_END;
}

static void greet(struct session *s)
{
    struct buf banner = BUF_INIT;

    serve_banner("LMTP", &banner);
    reply(s, "220 %s server ready", buf_cstr(&banner));
    buf_fini(&banner);
}

void session_run(struct session_base *base)
{
    struct session s = { .base = base, .state = LS_START };

    s.preauth = base->is_unix || preauth_option;
    vec_init(&s.rcpts, sizeof(struct rcpt));
    stream_set_timeout(base->stream, DEFAULT_TIMEOUT_S * 1000);
    greet(&s);
    while (s.state != LS_END)
        serve_one(&s);
    envelope_reset(&s);
    vec_fini(&s.rcpts);
    buf_fini(&s.from);
    buf_fini(&s.lhlo);
    if (stream_flush(base->stream) != ERR_OK)
        log_debug("the last reply did not reach %s", base->client);
}

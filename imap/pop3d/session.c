/* session.c - one POP3 connection: the loop, and the commands before login; see pop3d.h */
#include "imap/pop3d/pop3d.h"

#include <inttypes.h>

#include "imap/serve/limits.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/conf.h"

/* RFC 1939 3: the inactivity timer must be at least 10 minutes. */
enum { LINE_MAX_BYTES = 2048, MIN_TIMEOUT_S = 600 };

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

static void set_timeout(struct session *s)
{
    int64_t seconds = (int64_t)limit_value(LIMIT_PRELOGIN_SECONDS);

    if (s->state == PS_TRANS) {
        seconds = conf_seconds(CONF_POPTIMEOUT);
        if (seconds < MIN_TIMEOUT_S)
            seconds = MIN_TIMEOUT_S;
    }
    stream_set_timeout(out(s), seconds * 1000);
}

/* ---- login */

static void open_maildrop(struct session *s)
{
    err_t err = maildrop_open(s->base->store, s->base->ident, buf_slice(&s->folder), &s->drop);

    switch (err) {
    case ERR_OK:
        s->state = PS_TRANS;
        set_timeout(s);
        reply(s, "+OK Mailbox locked and ready SESSIONID=<%s>", s->base->session_id);
        return;
    case ERR_INUSE:
        reply(s, "-ERR [IN-USE] Mailbox is in use by another POP3 session");
        break;
    case ERR_AGAIN:
        reply(s, "-ERR [LOGIN-DELAY] Logins must be at least %" PRId64 " minute(s) apart",
              conf_seconds(CONF_POPMINPOLL) / 60);
        break;
    case ERR_NOTFOUND:
    case ERR_DENIED:
        reply(s, "-ERR [SYS/PERM] Unable to open maildrop: mailbox does not exist");
        break;
    default:
        reply(s, "-ERR [SYS/TEMP] Unable to open maildrop");
    }
    s->state = PS_END;
}

static void conclude(struct session *s, enum login_result result, const char *why)
{
    switch (result) {
    case LOGIN_OK:
        open_maildrop(s);
        return;
    case LOGIN_NO_MECH:
        reply(s, "-ERR authenticating: no mechanism available");
        return;
    case LOGIN_BAD:
        reply(s, "-ERR authenticating: %s", why ? why : "cannot decode authentication data");
        break;
    case LOGIN_CANCELLED:
        reply(s, "-ERR Client canceled authentication");
        break;
    case LOGIN_UNAVAILABLE:
        reply(s, "-ERR [SYS/TEMP] %s", why ? why : "Authentication is not available now");
        return;
    case LOGIN_CLOSED:
        s->state = PS_END;
        return;
    case LOGIN_TOO_MANY:
        reply(s, "-ERR [SYS/TEMP] %s", why ? why : "Too many open connections");
        break;
    default:
        reply(s, "-ERR [AUTH] %s", why ? why : "Invalid login");
    }
    if (++s->failed_logins >= limit_value(LIMIT_FAILED_LOGINS))
        s->state = PS_END;
}

/* user+folder: the folder is kept for later, the user part logs in. */
static struct slice take_folder(struct session *s, struct slice user)
{
    struct slice head, folder;
    bool found;

    buf_reset(&s->folder);
    if (!conf_bool(CONF_POPSUBFOLDERS))
        return user;
    folder = slice_split(user, '+', &head, &found);
    if (!found)
        return user;
    buf_add_slice(&s->folder, folder);
    return head;
}

static bool plain_refused(struct session *s)
{
    if (sasl_server_plain_allowed(s->base->sasl))
        return false;
    reply(s, "-ERR [AUTH] USER command only available under a layer");
    return true;
}

static void pop_user(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct slice user = slice_trim(s->args);

    if (plain_refused(s))
        return;
    if (user.n == 0) {
        reply(s, "-ERR Missing argument");
        return;
    }
    buf_reset(&s->user);
    buf_add_slice(&s->user, user);
    reply(s, "+OK Name is a valid mailbox");
}

static void pop_pass(void *session, const struct command *cmd)
{
    struct session *s = session;
    const char *why = NULL;
    struct slice user;

    if (s->user.n == 0) {
        reply(s, "-ERR Must give USER command");
        return;
    }
    if (plain_refused(s))
        return;
    user = take_folder(s, buf_slice(&s->user));
    conclude(s, serve_login_password(s->base, user, s->args, &why), why);
    buf_reset(&s->user);
}

static void pop_apop(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct linetok t;
    struct slice user, digest;
    const char *why = NULL;

    linetok_init(&t, s->args);
    if (!sasl_server_apop_challenge(s->base->sasl)) {
        reply(s, "-ERR [AUTH] APOP is not enabled");
    } else if (!linetok_word(&t, &user) || !linetok_word(&t, &digest) || !linetok_at_end(&t)) {
        reply(s, "-ERR Missing argument");
    } else {
        user = take_folder(s, user);
        conclude(s, serve_login_apop(s->base, user, digest, &why), why);
    }
}

static void list_mechanisms(struct session *s)
{
    struct buf mechs = BUF_INIT;

    sasl_server_mechs(s->base->sasl, "", "\r\n", &mechs);
    reply(s, "+OK List of supported mechanisms follows");
    if (mechs.n)
        reply(s, "%.*s", SLICE_ARG(buf_slice(&mechs)));
    reply(s, ".");
    buf_fini(&mechs);
}

/* RFC 5034 */
static void pop_auth(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct linetok t;
    struct slice mech, initial;
    const char *why = NULL;
    enum login_result result;
    bool has_initial;

    linetok_init(&t, s->args);
    if (!linetok_word(&t, &mech)) {
        list_mechanisms(s);
        return;
    }
    buf_reset(&s->folder);
    has_initial = linetok_word(&t, &initial);
    result = serve_login_dialogue(s->base, mech, has_initial ? &initial : NULL, "+ ", &why);
    conclude(s, result, why);
    if (result == LOGIN_OK && (stream_flush(out(s)) != ERR_OK || serve_login_layer(s->base) != ERR_OK))
        s->state = PS_END;
}

/* RFC 2449 */
static void pop_capa(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct buf mechs = BUF_INIT;
    int64_t expire = conf_seconds(CONF_POPEXPIRETIME);

    sasl_server_mechs(s->base->sasl, "", " ", &mechs);
    reply(s, "+OK List of capabilities follows");
    if (mechs.n)
        reply(s, "SASL %.*s", SLICE_ARG(buf_slice(&mechs)));
    if (s->base->tls && !stream_is_tls(out(s)) && s->state == PS_AUTH)
        reply(s, "STLS");
    if (expire < 0)
        reply(s, "EXPIRE NEVER");
    else
        reply(s, "EXPIRE %" PRId64, expire / 86400);
    reply(s, "LOGIN-DELAY %" PRId64, conf_seconds(CONF_POPMINPOLL));
    reply(s, "TOP");
    reply(s, "UIDL");
    reply(s, "PIPELINING");
    reply(s, "RESP-CODES");
    reply(s, "AUTH-RESP-CODE");
    if (s->state == PS_AUTH && sasl_server_plain_allowed(s->base->sasl))
        reply(s, "USER");
    reply(s, "IMPLEMENTATION Cyrus POP3 %s-halcyon", PACKAGE_VERSION);
    reply(s, ".");
    buf_fini(&mechs);
}

static void pop_stls(void *session, const struct command *cmd)
{
    struct session *s = session;

    if (!s->base->tls) {
        reply(s, "-ERR STLS is not enabled: the server has no certificate");
        return;
    }
    reply(s, "+OK Begin TLS negotiation now");
    if (stream_flush(out(s)) != ERR_OK || serve_starttls(s->base) != ERR_OK)
        s->state = PS_END;
    buf_reset(&s->user);
}

static void pop_quit_early(void *session, const struct command *cmd)
{
    struct session *s = session;

    reply(s, "+OK");
    s->state = PS_END;
}

static const struct command early_commands[] = {
    /* name    handler          allowed in  flags               args */
    { "APOP",  pop_apop,        PS_AUTH,    C_QUIET,            NULL },
    { "AUTH",  pop_auth,        PS_AUTH,    C_QUIET,            NULL },
    { "CAPA",  pop_capa,        PS_ANY,     0,                  NULL },
    { "PASS",  pop_pass,        PS_AUTH,    C_QUIET,            NULL },
    { "QUIT",  pop_quit_early,  PS_AUTH,    0,                  NULL },
    { "STLS",  pop_stls,        PS_AUTH,    C_NO_TLS,           NULL },
    { "USER",  pop_user,        PS_AUTH,    0,                  NULL },
};

/* ---- the loop */

static const struct command *find(const struct session *s, struct slice word)
{
    const struct command *c = cmd_find(early_commands, sizeof early_commands / sizeof *early_commands, word);

    if (c && (c->states & s->state))
        return c;
    return cmd_find(pop_trans_commands, pop_ntrans_commands, word);
}

static void run_line(struct session *s, struct slice line)
{
    struct slice word, copy = arena_dup(s->base->command, line);
    const struct command *cmd;

    s->args = slice_split(copy, ' ', &word, NULL);
    cmd = find(s, word);
    if (!cmd || !(cmd->states & s->state)) {
        reply(s, "-ERR %s", cmd ? "Command is not valid in this state" : "Unrecognized command");
        if (s->state == PS_AUTH && ++s->bad_commands >= limit_value(LIMIT_BAD_COMMANDS))
            s->state = PS_END;
    } else if ((cmd->flags & C_NO_TLS) && stream_is_tls(out(s))) {
        reply(s, "-ERR TLS is active already");
    } else if ((cmd->flags & C_WRITE) && conf_bool(CONF_READONLY)) {
        reply(s, "-ERR [SYS/TEMP] The server is in read-only mode");
    } else {
        s->bad_commands = 0;
        if (cmd->flags & C_QUIET)
            stream_log_pause(out(s), true);
        cmd->run(s, cmd);
        if (cmd->flags & C_QUIET)
            stream_log_pause(out(s), false);
    }
    mem_wipe((char *)copy.p, cmd && (cmd->flags & C_QUIET) ? copy.n : 0);
}

static void serve_one(struct session *s)
{
    const char *why = NULL;
    struct slice line;
    err_t err;

    if (serve_must_end(s->base, &why)) {
        reply(s, "-ERR [SYS/TEMP] %s", why && *why ? why : "Server shutting down");
        s->state = PS_END;
        return;
    }
    err = stream_line(out(s), LINE_MAX_BYTES, &line);
    if (err == ERR_OK) {
        run_line(s, line);
    } else if (err == ERR_LIMIT) {
        log_notice("command line too long from %s", s->base->client);
        reply(s, "-ERR %s", limit_answer(LIMIT_LINE_PRELOGIN, LIMIT_P_POP3));
    } else if (err == ERR_TIMEOUT) {
        reply(s, "-ERR [SYS/TEMP] Autologout; idle for too long");
        s->state = PS_END;
    } else if (err != ERR_AGAIN) {
        s->state = PS_END;
    }
    arena_reset(s->base->command);
    if (stream_error(out(s)))
        s->state = PS_END;
}

static void greet(struct session *s)
{
    const char *challenge = sasl_server_apop_challenge(s->base->sasl);
    struct buf banner = BUF_INIT;

    serve_banner("POP3", &banner);
    reply(s, "+OK %s server ready%s%s", buf_cstr(&banner), challenge ? " " : "", challenge ? challenge : "");
    buf_fini(&banner);
}

static void log_end(const struct session *s)
{
    if (s->base->ident)
        log_info("counts: retr=<%" PRIu32 "> dele=<%" PRIu32 "> bytes=<%" PRIu64 "> sessionid=<%s>",
                 s->retrieved, s->deleted, s->retrieved_bytes, s->base->session_id);
}

void session_run(struct session_base *base)
{
    struct session s = { .base = base, .state = PS_AUTH };

    set_timeout(&s);
    greet(&s);
    while (s.state != PS_END)
        serve_one(&s);
    log_end(&s);
    maildrop_close(&s.drop);
    buf_fini(&s.user);
    buf_fini(&s.folder);
    if (stream_flush(base->stream) != ERR_OK)
        log_debug("the last reply did not reach %s", base->client);
}

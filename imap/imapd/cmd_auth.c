/* cmd_auth.c - LOGIN, AUTHENTICATE, UNAUTHENTICATE, STARTTLS, ID, LOGOUT */
#include "imap/imapd/imapd.h"

#include <sys/utsname.h>

#include "imap/serve/limits.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"
#include "lib/text/imapout.h"

enum { ID_PAIRS_MAX = 30 };

/* Answer to a finished login attempt. */
static void conclude(struct session *s, enum login_result result, const char *why, const char *method)
{
    struct buf text = BUF_INIT;

    switch (result) {
    case LOGIN_OK:
        session_enter(s);
        if (why)                                /* plaintextloginalert */
            untagged(s, "OK [ALERT] %s", why);
        reply_login(s, "User logged in");
        break;
    case LOGIN_NO_MECH:
        reply_no(s, "CANNOT", "no mechanism available");
        break;
    case LOGIN_BAD:
        reply_bad(s, why ? why : "Invalid authentication data");
        break;
    case LOGIN_CANCELLED:
        reply_bad(s, "Client canceled authentication");
        break;
    case LOGIN_UNAVAILABLE:
        reply_no(s, "UNAVAILABLE", why ? why : "Authentication is not available now");
        break;
    case LOGIN_CLOSED:
        s->state = ST_LOGOUT;
        break;
    case LOGIN_TOO_MANY:
        reply_no(s, "LIMIT", why ? why : "Too many open connections");
        break;
    case LOGIN_DENIED:
        reply_no(s, "AUTHORIZATIONFAILED", why ? why : "Access denied");
        break;
    default:
        buf_addf(&text, "%s%s", method, why ? why : "authentication failure");
        reply_no(s, "AUTHENTICATIONFAILED", buf_cstr(&text));
    }
    buf_fini(&text);
    if (result != LOGIN_OK && s->state == ST_NOAUTH
        && ++s->failed_logins >= limit_value(LIMIT_FAILED_LOGINS))
        reply_bye(s, limit_answer(LIMIT_FAILED_LOGINS, LIMIT_P_IMAP));
}

void cmd_login(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct slice user, pass;
    const char *why = NULL;
    enum login_result result;
    err_t err;

    if ((err = imaptok_sp(&s->tok)) != ERR_OK || (err = imaptok_astring(&s->tok, &user)) != ERR_OK
        || (err = imaptok_sp(&s->tok)) != ERR_OK || (err = imaptok_astring(&s->tok, &pass)) != ERR_OK) {
        args_bad(s, err);
        return;
    }
    if (args_end(s) != ERR_OK)
        return;
    if (!sasl_server_plain_allowed(s->base->sasl)) {
        log_notice("badlogin: %s plaintext login refused without TLS", s->base->client);
        reply_no(s, "PRIVACYREQUIRED", "Login only available under a layer");
        return;
    }
    result = serve_login_password(s->base, user, pass, &why);
    buf_wipe(&s->input);
    conclude(s, result, why, "Login failed: ");
}

/* Initial response (RFC 4959), still in base64.  ERR_NOTFOUND: none given. */
static err_t initial_response(struct session *s, struct slice *initial)
{
    if (imaptok_at_end(&s->tok))
        return ERR_NOTFOUND;
    if (imaptok_sp(&s->tok) != ERR_OK || imaptok_word(&s->tok, initial) != ERR_OK)
        return ERR_SYNTAX;
    return imaptok_end(&s->tok);
}

void cmd_authenticate(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct slice mech, initial;
    const char *why = NULL;
    enum login_result result;
    err_t err, given;

    if ((err = imaptok_sp(&s->tok)) != ERR_OK || (err = imaptok_atom(&s->tok, &mech)) != ERR_OK) {
        args_bad(s, err);
        return;
    }
    mech = arena_dup(s->base->command, mech);
    given = initial_response(s, &initial);
    if (given && given != ERR_NOTFOUND) {
        reply_bad(s, "Invalid initial response");
        return;
    }
    result = serve_login_dialogue(s->base, mech, given ? NULL : &initial, "+ ", &why);
    buf_wipe(&s->input);
    conclude(s, result, why, "");
    if (result == LOGIN_OK && (stream_flush(out(s)) != ERR_OK || serve_login_layer(s->base) != ERR_OK))
        s->state = ST_LOGOUT;
}

void cmd_starttls(void *session, const struct command *cmd)
{
    struct session *s = session;

    if (args_end(s) != ERR_OK)
        return;
    if (!s->base->tls) {
        reply_no(s, "CANNOT", "Starttls is not enabled: the server has no certificate");
        return;
    }
    reply_ok(s, "Begin TLS negotiation now");
    if (stream_flush(out(s)) != ERR_OK || serve_starttls(s->base) != ERR_OK)
        s->state = ST_LOGOUT;
}

/* RFC 8437.  Never answered NO: the client may have sent its next login already. */
void cmd_unauthenticate(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct buf code = BUF_INIT;

    if (args_end(s) != ERR_OK)
        return;
    session_leave(s);
    buf_adds(&code, "CAPABILITY ");
    capability_text(s, &code);
    reply_ok_code(s, buf_cstr(&code), "Completed");
    buf_fini(&code);
    if (serve_unlayer(s->base) != ERR_OK)
        s->state = ST_LOGOUT;
}

/* What the client says of itself goes to the log, once. */
static err_t read_id(struct session *s, struct buf *log)
{
    struct slice field, value;
    bool more;
    unsigned n = 0;
    err_t err;

    if (imaptok_accept_word(&s->tok, "NIL"))
        return ERR_OK;
    err = imaptok_open(&s->tok);
    while (!err && (err = imaptok_more(&s->tok, &more)) == ERR_OK && more) {
        if (++n > ID_PAIRS_MAX)
            return ERR_LIMIT;
        if ((err = imaptok_string(&s->tok, &field)) != ERR_OK || (err = imaptok_sp(&s->tok)) != ERR_OK
            || (err = imaptok_nstring(&s->tok, &value)) != ERR_OK)
            break;
        buf_addf(log, " %.*s=<%.*s>", SLICE_ARG(field), SLICE_ARG(value));
    }
    return err;
}

/* RFC 2971 */
void cmd_id(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct buf log = BUF_INIT;
    struct utsname u;
    err_t err;

    if ((err = imaptok_sp(&s->tok)) != ERR_OK || (err = read_id(s, &log)) != ERR_OK) {
        args_bad(s, err);
    } else if (args_end(s) == ERR_OK) {
        if (log.n)
            log_info("client id: sessionid=<%s>%s", s->base->session_id, buf_cstr(&log));
        if (uname(&u) != 0)
            memset(&u, 0, sizeof u);
        if (!conf_bool(CONF_IMAPIDRESPONSE))
            untagged(s, "ID NIL");
        else
            untagged(s, "ID (\"name\" \"Halcyon\" \"version\" \"%s\" \"vendor\" \"Halcyon\""
                    " \"os\" \"%s\" \"os-version\" \"%s\")", PACKAGE_VERSION "-halcyon", u.sysname, u.release);
        reply_ok(s, "Completed");
    }
    buf_fini(&log);
}

void cmd_logout(void *session, const struct command *cmd)
{
    struct session *s = session;

    if (args_end(s) != ERR_OK)
        return;
    reply_bye(s, "LOGOUT received");
    reply_ok(s, "Completed");
}

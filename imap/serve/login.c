/* login.c - one set of rules for logging in, whatever the protocol
 *
 * Check of the proof (lib/auth), then of what else may forbid it: user_deny.db and the number of
 * sessions.  Log lines:
 *   login: <client> <user> <mechanism>[+TLS] User logged in SESSIONID=<...>
 *   badlogin: <client> <mechanism> (<user>) [<reason>]
 * Passwords and responses never reach the log.
 */
#include <errno.h>
#include <poll.h>

#include "imap/serve/serve_impl.h"
#include "imap/store/mblist.h"
#include "imap/store/mbname.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"

/* ---- questions of the SASL dialogue ---- */

/* loginuseacl: who holds "a" on a user's INBOX may act as that user. */
static bool may_act(void *arg, struct slice authn, struct slice authz)
{
    struct serve_conn *c = arg;
    struct ident *id = ident_new(authn);
    struct buf inbox = BUF_INIT;
    struct mbentry entry;
    rights_t rights = 0;

    if (!c->base.store)
        return false;
    mbentry_init(&entry);
    mbname_inbox(authz, &inbox);
    err_t err = mblist_access(c->base.store, buf_slice(&inbox), id, false, &entry, &rights);
    mbentry_fini(&entry);
    buf_fini(&inbox);
    ident_free(&id);
    return err == ERR_OK && (rights & ACL_A);
}

/* The dialogue whose layer is on the stream stays until the stream ends. */
err_t conn_new_sasl(struct serve_conn *c)
{
    struct session_base *b = &c->base;
    struct sasl_server_config cfg = {
        .service = b->service->protocol,
        .local_ip_port = b->local_ip_port[0] ? b->local_ip_port : NULL,
        .remote_ip_port = b->remote_ip_port[0] ? b->remote_ip_port : NULL,
        .is_lmtp = strcmp(b->service->protocol, "lmtp") == 0,
        .may_act = may_act,
        .arg = c,
    };

    struct sasl_server *fresh;
    err_t err = sasl_server_open(&cfg, &fresh);

    if (err)
        return err;
    if (b->sasl != c->layered)
        sasl_server_close(&b->sasl);
    b->sasl = fresh;
    return starttls_tell_sasl(b);
}

/* ---- pauses ---- */

/* Wait, unless the client leaves (false) or the process is to end. */
static bool pause_ms(struct session_base *b, int64_t ms)
{
    struct pollfd p = { .fd = stream_fd(b->stream), .events = POLLRDHUP };
    uint64_t now = clock_mono_ms(), end = now + (ms > 0 ? (uint64_t)ms : 0);

    for (; now < end && !shutdown_term(); now = clock_mono_ms()) {
        int n = poll(&p, 1, end - now > INT32_MAX ? INT32_MAX : (int)(end - now));
        if (n > 0 || (n < 0 && errno != EINTR))
            return false;
    }
    return true;
}

/* ---- outcomes ---- */

static const char *refusal(struct serve_conn *c, const char *text)
{
    snprintf(c->why, sizeof c->why, "%s", text);
    return c->why;
}

static const char *tls_suffix(const struct session_base *b)
{
    return stream_is_tls(b->stream) ? "+TLS" : "";
}

/* Log a refusal and wait; what to say is set already. */
static enum login_result failed(struct serve_conn *c, struct slice user, enum login_result result)
{
    struct session_base *b = &c->base;

    log_notice("badlogin: %s %s%s (%.*s) [%s]", b->client, sasl_server_mech(b->sasl), tls_suffix(b),
               SLICE_ARG(user), sasl_server_error(b->sasl));
    return pause_ms(b, conf_seconds(CONF_FAILEDLOGINPAUSE) * 1000) ? result : LOGIN_CLOSED;
}

/* Result and words for each way a dialogue may fail. */
static const struct outcome {
    err_t err;
    enum login_result result;
    const char *text;
} outcomes[] = {
    { ERR_AUTH, LOGIN_FAILED, "authentication failure" },
    { ERR_BADNAME, LOGIN_FAILED, "Invalid user" },
    { ERR_DENIED, LOGIN_DENIED, NULL },         /* denied_text() */
    { ERR_UNSUPPORTED, LOGIN_NO_MECH, "no mechanism available" },
    { ERR_SYNTAX, LOGIN_BAD, "bad protocol / cancel" },
    { ERR_IO, LOGIN_UNAVAILABLE, "authentication is not available now, try again later" },
};

static const char *denied_text(const struct serve_conn *c, struct slice user)
{
    if (slice_eqs_nocase(user, "anonymous"))
        return "Anonymous login is not permitted";
    if (!sasl_server_plain_allowed(c->base.sasl) && sasl_server_userid(c->base.sasl).n == 0)
        return "encryption needed to use mechanism";
    return "not authorized";
}

static enum login_result refuse(struct serve_conn *c, struct slice user, err_t err,
                                const char **why)
{
    const struct outcome *o = outcomes;

    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        if (outcomes[i].err == err)
            o = &outcomes[i];
    *why = refusal(c, o->text ? o->text : denied_text(c, user));
    return failed(c, user, o->result);
}

/* maxlogins_per_host, maxlogins_per_user: 0 is no limit. */
static bool too_many(struct serve_conn *c, struct slice user, const char **why)
{
    int64_t host_max = conf_int(CONF_MAXLOGINS_PER_HOST);
    int64_t user_max = conf_int(CONF_MAXLOGINS_PER_USER);
    uint32_t hosts = 0, users = 0;
    const char *what = NULL;

    if (host_max <= 0 && user_max <= 0)
        return false;
    procfile_count(c, user, &hosts, &users);
    if (host_max > 0 && hosts >= host_max)
        what = "Too many open connections from your host";
    else if (user_max > 0 && users >= user_max)
        what = "Too many open connections for this user";
    if (!what)
        return false;
    log_notice("badlogin: %s (%.*s) too many sessions: host=<%u> user=<%u>", c->base.client,
               SLICE_ARG(user), hosts, users);
    *why = refusal(c, what);
    return true;
}

/* The proof is good: everything else that may forbid the session, then its start. */
static enum login_result admit(struct serve_conn *c, const char **why)
{
    struct session_base *b = &c->base;
    struct slice user = sasl_server_userid(b->sasl);
    bool plain = strcmp(sasl_server_mech(b->sasl), "plaintext") == 0;

    if (deny_check(c, user, c->why, sizeof c->why)) {
        log_notice("badlogin: %s (%.*s) denied by user_deny.db", b->client, SLICE_ARG(user));
        *why = c->why;
        return LOGIN_DENIED;
    }
    if (too_many(c, user, why))
        return LOGIN_TOO_MANY;
    if (plain && conf_seconds(CONF_PLAINTEXTLOGINPAUSE) > 0 && !stream_is_tls(b->stream) &&
        !pause_ms(b, conf_seconds(CONF_PLAINTEXTLOGINPAUSE) * 1000))
        return LOGIN_CLOSED;
    telemetry_stop(c);
    ident_free(&b->ident);                      /* an administrator may log in again */
    b->ident = slice_eqs(user, "anonymous") ? ident_new_anonymous() : ident_new(user);
    b->is_admin = ident_is_admin(b->ident);
    log_notice("login: %s %.*s %s%s User logged in SESSIONID=<%s>", b->client, SLICE_ARG(user),
               sasl_server_mech(b->sasl), tls_suffix(b), b->session_id);
    procfile_write(c, NULL);
    procfile_title(c, NULL);
    telemetry_start(c);
    *why = plain && !stream_is_tls(b->stream) ? conf_string(CONF_PLAINTEXTLOGINALERT) : NULL;
    return LOGIN_OK;
}

/* ---- the four ways in ---- */

/* A new proof after one that put a layer on the stream needs a dialogue of its own. */
static bool prepare(struct serve_conn *c, const char **why)
{
    if (c->base.sasl && c->base.sasl != c->layered)
        return true;
    if (conn_new_sasl(c) == ERR_OK)
        return true;
    *why = "authentication is not available";
    return false;
}

/* imapd -N: whoever says so is it.  For servers behind a front end that has checked. */
static enum login_result trust(struct serve_conn *c, struct slice user, const char **why)
{
    err_t err = sasl_server_trust(c->base.sasl, user);

    return err ? refuse(c, user, err, why) : admit(c, why);
}

enum login_result serve_login_password(struct session_base *base, struct slice user,
                                       struct slice pass, const char **why)
{
    struct serve_conn *c = conn_of(base);

    if (!prepare(c, why))
        return LOGIN_UNAVAILABLE;
    if (c->serve->no_password)
        return trust(c, user, why);
    err_t err = sasl_server_password(base->sasl, user, pass);
    return err ? refuse(c, user, err, why) : admit(c, why);
}

enum login_result serve_login_apop(struct session_base *base, struct slice user,
                                   struct slice digest_hex, const char **why)
{
    struct serve_conn *c = conn_of(base);

    if (!prepare(c, why))
        return LOGIN_UNAVAILABLE;
    err_t err = sasl_server_apop(base->sasl, user, digest_hex);
    return err ? refuse(c, user, err, why) : admit(c, why);
}

static enum login_result go_on(struct serve_conn *c, err_t err, const char **why)
{
    if (err == ERR_AGAIN)
        return LOGIN_CONTINUE;
    if (err == ERR_OK)
        return admit(c, why);
    return refuse(c, sasl_server_claimed(c->base.sasl), err, why);
}

enum login_result serve_login_begin(struct session_base *base, struct slice mech,
                                    const struct slice *initial, struct buf *challenge,
                                    const char **why)
{
    if (!prepare(conn_of(base), why))
        return LOGIN_UNAVAILABLE;
    return go_on(conn_of(base), sasl_server_begin(base->sasl, mech, initial, challenge), why);
}

enum login_result serve_login_step(struct session_base *base, struct slice response,
                                   struct buf *challenge, const char **why)
{
    return go_on(conn_of(base), sasl_server_next(base->sasl, response, challenge), why);
}

enum login_result serve_login_cancel(struct session_base *base, const char **why)
{
    sasl_server_cancel(base->sasl);
    *why = refusal(conn_of(base), "Client canceled authentication");
    return LOGIN_CANCELLED;
}

err_t serve_login_layer(struct session_base *base)
{
    struct sasl_layer layer;

    if (!sasl_server_wrap(base->sasl, &layer))
        return ERR_OK;
    struct stream_wrap wrap = { .arg = layer.arg, .encode = layer.encode, .decode = layer.decode,
                                .maxout = layer.maxout };
    struct serve_conn *c = conn_of(base);
    err_t err = c->layered ? ERR_EXISTS : stream_start_wrap(base->stream, &wrap);
    if (err == ERR_OK)
        c->layered = base->sasl;
    return err;
}

err_t serve_unlayer(struct session_base *base)
{
    struct serve_conn *c = conn_of(base);
    err_t err = stream_stop_layers(base->stream);

    if (err)
        return err;
    if (c->layered != base->sasl)
        sasl_server_close(&c->layered);
    c->layered = NULL;
    return ERR_OK;
}

void serve_logout(struct session_base *base)
{
    struct serve_conn *c = conn_of(base);

    log_info("logout: %s SESSIONID=<%s>", base->client, base->session_id);
    telemetry_stop(c);
    ident_free(&base->ident);
    base->is_admin = false;
    c->mailbox[0] = '\0';
    procfile_write(c, NULL);
    if (base->store)
        store_session_end(base->store);
    if (conn_new_sasl(c) != ERR_OK)
        log_warn("no new login is possible in this connection");
}

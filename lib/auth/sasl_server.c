/* sasl_server.c - see sasl_server.h */
#include "lib/auth/sasl_server.h"

#include <sasl/saslutil.h>
#include <stdarg.h>

#include "lib/auth/ident.h"
#include "lib/auth/sasl_impl.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/conf.h"

enum { CHALLENGE_MAX = 1024, MIN_LAYER_BITS = 2 };

struct sasl_server {
    sasl_conn_t *conn;
    sasl_callback_t callbacks[3];
    struct sasl_server_config cfg;              /* its strings live as long as the connection */
    unsigned outer_ssf;
    bool has_tls;
    struct sasl_bindings bindings;
    char mech[24];                              /* what runs or ran last */
    struct buf userid, authid;                  /* canonical; set on success */
    struct buf claimed;                         /* last name that canon_user() was asked about */
    char error[400];
    err_t refused;                              /* why a callback said no, if one did */
    char apop[CHALLENGE_MAX];
};

static void PRINTF_LIKE(2, 3) set_error(struct sasl_server *s, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(s->error, sizeof s->error, fmt, ap);
    va_end(ap);
}

/* ---- what the library asks us ---- */

static bool is_anonymous_mech(const struct sasl_server *s)
{
    return strcmp(s->mech, "ANONYMOUS") == 0;
}

static int canon_user(sasl_conn_t *conn, void *context, const char *in, unsigned in_n,
                      unsigned flags, const char *realm, char *out, unsigned out_max,
                      unsigned *out_n)
{
    struct sasl_server *s = context;
    struct buf canonical = BUF_INIT;
    err_t err = ERR_OK;

    (void)conn, (void)flags, (void)realm;
    buf_reset(&s->claimed);
    buf_add(&s->claimed, in, in_n < IDENT_MAX ? in_n : IDENT_MAX);
    if (is_anonymous_mech(s))
        buf_adds(&canonical, "anonymous");
    else
        err = ident_canonify(slice_make(in, in_n), &canonical);
    if (err == ERR_OK && canonical.n >= out_max)
        err = ERR_BADNAME;
    if (err == ERR_OK) {
        memcpy(out, canonical.p, canonical.n);
        out[canonical.n] = '\0';
        *out_n = (unsigned)canonical.n;
    } else if (err == ERR_DENIED) {
        set_error(s, "cross-realm login %.*s denied", (int)in_n, in);
    } else {
        set_error(s, "invalid user");
    }
    s->refused = err;
    buf_fini(&canonical);
    return err == ERR_OK ? SASL_OK : SASL_BADAUTH;
}

/* May who proved to be authn act as authz?  Both are canonical. */
static bool may_proxy(struct sasl_server *s, struct slice authn, struct slice authz)
{
    struct ident *id = ident_new(authn);
    bool trusted = ident_is_admin(id) || ident_in_option(id, CONF_PROXYSERVERS);

    ident_free(&id);
    if (trusted || slice_eq(authn, authz))
        return true;
    return conf_bool(CONF_LOGINUSEACL) && s->cfg.may_act &&
           s->cfg.may_act(s->cfg.arg, authn, authz);
}

static bool may_use_lmtp(struct slice authn)
{
    struct ident *id = ident_new(authn);
    bool is_admin = ident_is_admin(id) || ident_in_words(id, conf_text("lmtp_admins"));

    ident_free(&id);
    return is_admin;
}

static int proxy_policy(sasl_conn_t *conn, void *context, const char *user, unsigned user_n,
                        const char *auth, unsigned auth_n, const char *realm, unsigned realm_n,
                        struct propctx *props)
{
    struct sasl_server *s = context;
    struct slice authn = slice_make(auth, auth_n), authz = slice_make(user, user_n);

    (void)conn, (void)realm, (void)realm_n, (void)props;
    s->refused = ERR_OK;
    if (is_anonymous_mech(s) && !s->cfg.is_lmtp)
        return SASL_OK;
    if (s->cfg.is_lmtp && !may_use_lmtp(authn))
        set_error(s, "only admins may authenticate");
    else if (!may_proxy(s, authn, authz))
        set_error(s, "user %.*s is not allowed to proxy", SLICE_ARG(authn));
    else
        return SASL_OK;
    s->refused = ERR_DENIED;
    return SASL_NOAUTHZ;
}

err_t sasl_server_setup(const char *appname)
{
    static sasl_callback_t callbacks[] = {
        { SASL_CB_GETOPT, SASL_FN(sasl_conf_getopt), NULL },
        { SASL_CB_LOG, SASL_FN(sasl_conf_log), NULL },
        { SASL_CB_LIST_END, NULL, NULL },
    };
    int result = sasl_server_init(callbacks, appname);

    if (result == SASL_OK)
        return ERR_OK;
    log_err("the SASL library does not start: %s", sasl_errstring(result, NULL, NULL));
    return ERR_IO;
}

/* ---- a connection ---- */

/* Which mechanisms may be used as things stand. */
static err_t set_properties(struct sasl_server *s)
{
    sasl_security_properties_t p = {
        .min_ssf = (sasl_ssf_t)conf_int(CONF_SASL_MINIMUM_LAYER),
        .max_ssf = (sasl_ssf_t)conf_int(CONF_SASL_MAXIMUM_LAYER),
        .maxbufsize = SASL_BUFFER_MAX,
    };

    if (!sasl_server_plain_allowed(s))
        p.security_flags |= SASL_SEC_NOPLAINTEXT;
    if (!conf_bool(CONF_ALLOWANONYMOUSLOGIN))
        p.security_flags |= SASL_SEC_NOANONYMOUS;
    return sasl_setprop(s->conn, SASL_SEC_PROPS, &p) == SASL_OK ? ERR_OK : ERR_IO;
}

err_t sasl_server_open(const struct sasl_server_config *cfg, struct sasl_server **out)
{
    struct sasl_server *s = mem_zalloc(sizeof *s);
    int result;

    s->cfg = *cfg;
    s->callbacks[0] = (sasl_callback_t){ SASL_CB_CANON_USER, SASL_FN(canon_user), s };
    s->callbacks[1] = (sasl_callback_t){ SASL_CB_PROXY_POLICY, SASL_FN(proxy_policy), s };
    s->callbacks[2].id = SASL_CB_LIST_END;
    *out = NULL;
    /* None of our protocols carries data with its positive reply (RFC 3501 6.2.2, 4954 4, 5034 4): the library
     * sends them as a last challenge. */
    result = sasl_server_new(s->cfg.service, conf_servername(), NULL, s->cfg.local_ip_port,
                             s->cfg.remote_ip_port, s->callbacks, 0, &s->conn);
    if (result != SASL_OK || set_properties(s) != ERR_OK) {
        log_err("SASL: no new connection: %s", sasl_errstring(result, NULL, NULL));
        sasl_server_close(&s);
        return ERR_IO;
    }
    *out = s;
    return ERR_OK;
}

void sasl_server_close(struct sasl_server **sp)
{
    struct sasl_server *s = *sp;

    if (!s)
        return;
    *sp = NULL;
    sasl_dispose(&s->conn);
    sasl_bindings_fini(&s->bindings);
    buf_fini(&s->userid);
    buf_fini(&s->authid);
    buf_fini(&s->claimed);
    mem_free(s);
}

err_t sasl_server_set_tls(struct sasl_server *s, const struct sasl_outer *outer)
{
    s->outer_ssf = outer->ssf;
    err_t err = sasl_set_outer(s->conn, outer, &s->bindings);
    return err ? err : set_properties(s);
}

void sasl_server_set_preauth(struct sasl_server *s, const char *userid)
{
    if (sasl_setprop(s->conn, SASL_AUTH_EXTERNAL, userid) != SASL_OK)
        log_warn("SASL: EXTERNAL is not available for %s", userid);
}

bool sasl_server_plain_allowed(const struct sasl_server *s)
{
    return s->outer_ssf >= MIN_LAYER_BITS ||
           (conf_bool(CONF_ALLOWPLAINTEXT) && !conf_bool(CONF_TLS_REQUIRED));
}

/* tls_required: no authentication of any kind without a layer outside. */
static bool is_closed(const struct sasl_server *s)
{
    return conf_bool(CONF_TLS_REQUIRED) && s->outer_ssf < MIN_LAYER_BITS;
}

void sasl_server_mechs(struct sasl_server *s, const char *prefix, const char *sep, struct buf *out)
{
    struct buf between = BUF_INIT;
    const char *list = NULL;
    unsigned n = 0;

    if (is_closed(s))
        return;
    buf_addf(&between, "%s%s", sep, prefix);
    if (sasl_listmech(s->conn, NULL, prefix, buf_cstr(&between), "", &list, &n, NULL) == SASL_OK)
        buf_add(out, list, n);
    buf_fini(&between);
}

/* ---- the dialogue ---- */

static void take_id(sasl_conn_t *conn, int property, struct buf *out)
{
    const void *p = NULL;

    buf_reset(out);
    if (sasl_getprop(conn, property, &p) == SASL_OK && p)
        buf_adds(out, p);
}

/* Turn a result into a kind; remember ids or the reason. */
static err_t conclude(struct sasl_server *s, int result)
{
    err_t err = sasl_kind(result);

    if (err == ERR_AGAIN)
        return err;
    if (err == ERR_OK) {
        take_id(s->conn, SASL_USERNAME, &s->userid);
        take_id(s->conn, SASL_AUTHUSER, &s->authid);
        if (s->userid.n > 0)
            return ERR_OK;
        err = ERR_AUTH;
    }
    if (s->refused) {                           /* ours: set_error() was called */
        err = s->refused == ERR_DENIED ? ERR_DENIED : ERR_AUTH;
        s->refused = ERR_OK;
        return err;
    }
    set_error(s, "%s", sasl_errdetail(s->conn));
    return err;
}

static void take_challenge(struct buf *challenge, const char *p, unsigned n)
{
    buf_reset(challenge);
    if (p && n > 0)
        buf_add(challenge, p, n);
}

static void start_anew(struct sasl_server *s, struct slice mech)
{
    size_t n = mech.n < sizeof s->mech - 1 ? mech.n : sizeof s->mech - 1;

    for (size_t i = 0; i < n; i++) {
        char c = mech.p[i];
        s->mech[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    s->mech[n] = '\0';
    s->error[0] = '\0';
    s->refused = ERR_OK;
    buf_reset(&s->userid);
    buf_reset(&s->authid);
    buf_reset(&s->claimed);
}

/* The first message of SCRAM-*-PLUS names the binding it uses: "p=tls-unique,..." (RFC 5802 7).
 * The library knows one at a time, so it is given the one that the client chose. */
static void follow_binding(struct sasl_server *s, struct slice message)
{
    struct slice name;

    if (strncmp(s->mech, "SCRAM-", 6) != 0 || !slice_starts(message, SLICE_LIT("p=")))
        return;
    slice_split(slice_skip(message, 2), ',', &name, NULL);
    for (size_t i = 0; i < s->bindings.n; i++)
        if (slice_eqs(name, s->bindings.cb[i].name))
            sasl_setprop(s->conn, SASL_CHANNEL_BINDING, &s->bindings.cb[i]);
}

err_t sasl_server_begin(struct sasl_server *s, struct slice mech, const struct slice *initial,
                        struct buf *challenge)
{
    const char *out = NULL;
    unsigned n = 0;

    buf_reset(challenge);
    if (!sasl_is_mech_name(mech)) {
        start_anew(s, SLICE_LIT("?"));
        set_error(s, "not the name of a mechanism");
        return ERR_UNSUPPORTED;
    }
    start_anew(s, mech);
    if (is_closed(s)) {
        set_error(s, "encryption needed to authenticate");
        return ERR_DENIED;
    }
    if (initial)
        follow_binding(s, *initial);
    int result = sasl_server_start(s->conn, s->mech, initial ? initial->p ? initial->p : "" : NULL,
                                   initial ? (unsigned)initial->n : 0, &out, &n);
    take_challenge(challenge, out, n);
    return conclude(s, result);
}

err_t sasl_server_next(struct sasl_server *s, struct slice response, struct buf *challenge)
{
    const char *out = NULL;
    unsigned n = 0;

    follow_binding(s, response);                /* if it is the first */
    int result = sasl_server_step(s->conn, response.p ? response.p : "", (unsigned)response.n,
                                  &out, &n);

    take_challenge(challenge, out, n);
    return conclude(s, result);
}

void sasl_server_cancel(struct sasl_server *s)
{
    set_error(s, "the client gave up");
    s->refused = ERR_OK;
}

/* ---- plaintext and APOP ---- */

static err_t log_in_anonymous(struct sasl_server *s)
{
    if (!conf_bool(CONF_ALLOWANONYMOUSLOGIN)) {
        set_error(s, "anonymous login refused");
        return ERR_DENIED;
    }
    buf_adds(&s->userid, "anonymous");
    buf_adds(&s->authid, "anonymous");
    return ERR_OK;
}

err_t sasl_server_password(struct sasl_server *s, struct slice user, struct slice password)
{
    struct buf canonical = BUF_INIT;
    err_t err;

    start_anew(s, SLICE_LIT("PLAIN"));
    memcpy(s->mech, "plaintext", sizeof "plaintext");
    if (!sasl_server_plain_allowed(s)) {
        set_error(s, "plaintext login needs encryption");
        return ERR_DENIED;
    }
    if (slice_eqs_nocase(user, "anonymous"))
        return log_in_anonymous(s);
    err = ident_canonify(user, &canonical);
    if (err) {
        set_error(s, err == ERR_DENIED ? "cross-realm login denied" : "invalid user");
        err = err == ERR_DENIED ? ERR_AUTH : ERR_BADNAME;
    } else if (memchr(password.n ? password.p : "", 0, password.n)) {
        set_error(s, "NUL in password");
        err = ERR_AUTH;
    } else if (s->cfg.is_lmtp && !may_use_lmtp(buf_slice(&canonical))) {
        set_error(s, "only admins may authenticate");
        err = ERR_DENIED;
    } else {
        /* the library's verifiers want both NUL terminated, whatever the lengths say */
        struct buf secret = BUF_INIT;
        buf_add_slice(&secret, password);
        err = conclude(s, sasl_checkpass(s->conn, buf_cstr(&canonical), (unsigned)canonical.n,
                                         buf_cstr(&secret), (unsigned)secret.n));
        buf_wipe(&secret);
        buf_fini(&secret);
    }
    buf_fini(&canonical);
    return err;
}

err_t sasl_server_trust(struct sasl_server *s, struct slice user)
{
    start_anew(s, SLICE_LIT("NONE"));
    err_t err = ident_canonify(user, &s->userid);
    if (err)
        set_error(s, "invalid user");
    buf_add_slice(&s->authid, buf_slice(&s->userid));
    return err;
}

const char *sasl_server_apop_challenge(struct sasl_server *s)
{
    if (!conf_bool(CONF_ALLOWAPOP) || is_closed(s))
        return NULL;
    if (!s->apop[0] && sasl_mkchal(s->conn, s->apop, sizeof s->apop, 1) <= 0)
        s->apop[0] = '\0';
    return s->apop[0] ? s->apop : NULL;
}

err_t sasl_server_apop(struct sasl_server *s, struct slice user, struct slice digest_hex)
{
    struct buf canonical = BUF_INIT;
    err_t err;

    start_anew(s, SLICE_LIT("APOP"));
    if (!s->apop[0]) {
        set_error(s, "no challenge was given");
        return ERR_UNSUPPORTED;
    }
    if (ident_canonify(user, &canonical) != ERR_OK || memchr(digest_hex.p, 0, digest_hex.n)) {
        set_error(s, "invalid user");
        err = ERR_AUTH;
    } else {
        buf_addc(&canonical, ' ');
        buf_add_slice(&canonical, digest_hex);
        const char *response = buf_cstr(&canonical);
        err = conclude(s, sasl_checkapop(s->conn, s->apop, (unsigned)strlen(s->apop), response,
                                         (unsigned)canonical.n));
    }
    buf_fini(&canonical);
    return err;
}

/* ---- results ---- */

struct slice sasl_server_userid(const struct sasl_server *s)
{
    return buf_slice(&s->userid);
}

struct slice sasl_server_authid(const struct sasl_server *s)
{
    return buf_slice(&s->authid);
}

struct slice sasl_server_claimed(const struct sasl_server *s)
{
    return buf_slice(&s->claimed);
}

const char *sasl_server_mech(const struct sasl_server *s)
{
    return s->mech;
}

const char *sasl_server_error(const struct sasl_server *s)
{
    return s->error;
}

bool sasl_server_wrap(struct sasl_server *s, struct sasl_layer *out)
{
    return sasl_get_layer(s->conn, out);
}

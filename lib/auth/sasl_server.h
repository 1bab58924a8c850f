/* sasl_server.h - one authentication dialogue with Cyrus SASL, without protocol words
 *
 * Options sasl_* of imapd.conf go to the library through its callback.  Proxy authorisation
 * (authorisation id other than authentication id) follows admins, proxyservers and loginuseacl;
 * the last needs a question to the store, given as a callback.
 */
#ifndef AUTH_SASL_SERVER_H
#define AUTH_SASL_SERVER_H

#include "lib/auth/sasl_layer.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct sasl_server;

/* Once per process: library start with the callbacks; appname for its logs.  Failure is logged. */
err_t sasl_server_setup(const char *appname) NODISCARD;

struct sasl_server_config {
    const char *service;                        /* "imap", "pop", "lmtp", "sieve", ... */
    const char *local_ip_port, *remote_ip_port; /* "1.2.3.4;143" or NULL (unix socket) */
    bool is_lmtp;                               /* only admins and lmtp_admins may log in */
    /* loginuseacl: may `authn` act as `authz`? NULL: no. */
    bool (*may_act)(void *arg, struct slice authn, struct slice authz);
    void *arg;
};
/* A dialogue for one connection; the strings of the configuration must live as long.  Failures
 * are logged. */
err_t sasl_server_open(const struct sasl_server_config *, struct sasl_server **out) NODISCARD;
void sasl_server_close(struct sasl_server **);

/* State of the outer layer; everything is copied.  Call after STARTTLS. */
err_t sasl_server_set_tls(struct sasl_server *, const struct sasl_outer *) NODISCARD;
/* EXTERNAL means this user: over unix sockets. */
void sasl_server_set_preauth(struct sasl_server *, const char *userid);

/* Mechanisms usable now, in one text with the given affixes ("AUTH=", " ").  Plaintext ones only
 * when allowplaintext or TLS; none when tls_required and no TLS; filtered by sasl_mech_list. */
void sasl_server_mechs(struct sasl_server *, const char *prefix, const char *sep, struct buf *out);
bool sasl_server_plain_allowed(const struct sasl_server *);

/* First step.  initial: decoded initial response or NULL for none.  Results:
 * ERR_OK: authenticated (see below; *challenge is empty);
 * ERR_AGAIN: *challenge to be sent; ERR_AUTH: refused; ERR_UNSUPPORTED: no such mechanism;
 * ERR_SYNTAX; ERR_DENIED: authenticated but may not act as the authorisation id or not allowed
 * here; ERR_IO: the password store does not answer (temporary).
 * Failures are logged as "badlogin: ..." by the caller with sasl_server_error(). */
err_t sasl_server_begin(struct sasl_server *, struct slice mech, const struct slice *initial,
                        struct buf *challenge) NODISCARD;
/* The client's answer to a challenge; results as above. */
err_t sasl_server_next(struct sasl_server *, struct slice response,
                       struct buf *challenge) NODISCARD;
void sasl_server_cancel(struct sasl_server *);  /* client sent "*" */

/* LOGIN / PASS: checks a plaintext password through the library; same results.  Also used for the
 * anonymous login of allowanonymouslogin (user "anonymous"). */
err_t sasl_server_password(struct sasl_server *, struct slice user,
                           struct slice password) NODISCARD;
/* Accept a name without proof (imapd -N); only the rules for names apply. */
err_t sasl_server_trust(struct sasl_server *, struct slice user) NODISCARD;
/* APOP: challenge made at start (NULL when not available); check of the digest. */
const char *sasl_server_apop_challenge(struct sasl_server *);
err_t sasl_server_apop(struct sasl_server *, struct slice user, struct slice digest_hex) NODISCARD;

/* After ERR_OK: canonical ids (borrowed). */
struct slice sasl_server_userid(const struct sasl_server *);    /* who the session acts as */
struct slice sasl_server_authid(const struct sasl_server *);    /* who proved itself */
/* Name a failed attempt was for, as far as it became known; "" if not. */
struct slice sasl_server_claimed(const struct sasl_server *);
const char *sasl_server_mech(const struct sasl_server *);       /* "PLAIN", "plaintext", ... */
const char *sasl_server_error(const struct sasl_server *);      /* reason of the last failure */
/* The negotiated security layer, to be put on the stream after the positive reply; false: none.
 * It lives as long as the sasl_server. */
bool sasl_server_wrap(struct sasl_server *, struct sasl_layer *out);

#endif

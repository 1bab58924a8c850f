/* sasl_client.h - the client's side of one authentication dialogue, without protocol words
 *
 * For imtest, deliver and connections to other servers.  The caller moves the bytes: it sends
 * what begin and step give, encoded as its protocol wants, and feeds the server's challenges.
 */
#ifndef AUTH_SASL_CLIENT_H
#define AUTH_SASL_CLIENT_H

#include "lib/auth/sasl_layer.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct sasl_client;

/* Once per process. */
err_t sasl_client_setup(void) NODISCARD;
/* An option for the library and its plug-ins, in place of a configuration; before setup. */
void sasl_client_option(struct slice name, struct slice value);

enum sasl_ask {
    SASL_ASK_AUTHNAME, SASL_ASK_USERID, SASL_ASK_REALM, SASL_ASK_PASSWORD, SASL_ASK_ECHO,
    SASL_ASK_NOECHO
};
struct sasl_client_config {
    const char *service;                        /* "imap", "pop", ... */
    const char *host;                           /* server's name, for digests and tickets */
    const char *local_ip_port, *remote_ip_port; /* "1.2.3.4;143" or NULL */
    const char *authname;                       /* who proves itself; NULL: asked for */
    const char *userid;                         /* to act as; NULL or "": the same */
    const char *realm;                          /* NULL: the server's first */
    const char *password;                       /* NULL: asked for */
    unsigned min_ssf, max_ssf;                  /* bounds of the security layer */
    /* Asked for what is missing; prompt is the mechanism's text or a default. NULL: fail. */
    err_t (*ask)(void *arg, enum sasl_ask what, const char *prompt, struct buf *out);
    void *arg;
};
/* The strings of the configuration are copied. */
err_t sasl_client_open(const struct sasl_client_config *, struct sasl_client **out) NODISCARD;
void sasl_client_close(struct sasl_client **);

/* Strength of TLS below, our own certificate's identity and channel binding.  Call after the
 * handshake. */
err_t sasl_client_set_tls(struct sasl_client *, const struct sasl_outer *) NODISCARD;

/* Choose from blank-separated mechanism names.  *initial gets the initial response if the
 * mechanism has one and want_initial is set; *has_initial tells (it may be empty).
 * ERR_UNSUPPORTED: no common mechanism; ERR_AUTH: the mechanism failed (sasl_client_error). */
err_t sasl_client_begin(struct sasl_client *, struct slice mechs, bool want_initial,
                        struct buf *initial, bool *has_initial) NODISCARD;
/* Answer a challenge.  ERR_OK: *response is to be sent; ERR_AUTH. */
err_t sasl_client_next(struct sasl_client *, struct slice challenge,
                       struct buf *response) NODISCARD;
bool sasl_client_is_done(const struct sasl_client *);   /* the mechanism needs nothing more */

const char *sasl_client_mech(const struct sasl_client *);   /* chosen name; "" before begin */
unsigned sasl_client_ssf(const struct sasl_client *);       /* layer negotiated, in bits */
const char *sasl_client_error(const struct sasl_client *);  /* text of the last failure */
/* The negotiated layer, as sasl_server_wrap. */
bool sasl_client_wrap(struct sasl_client *, struct sasl_layer *out);

#endif

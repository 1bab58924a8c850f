/* tls.h - server side TLS contexts from imapd.conf (tls_* options), OpenSSL 3
 *
 * One context per process, made at start so that an unreadable certificate is told then.
 * Sessions are resumed through a cache that all processes share (tls_server_set_cache), for
 * TLS 1.2 and 1.3 alike; self-contained tickets are not used, since each process would have keys
 * of its own.  SNI names are logged.  No renegotiation, no compression.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct tls_server;
struct tls_conn;                                /* one connection; owned by its stream */

bool tls_is_configured(void);                   /* a certificate and key are set */
/* On failure one sentence naming option, file and cure in *why. */
err_t tls_server_new(struct tls_server **out, struct buf *why) NODISCARD;
void tls_server_free(struct tls_server **);

/* Where sessions are kept between processes (tls_sessions.db, opened by imap/serve).  Without a
 * cache nothing is resumed.  id and value are opaque; expiry in the value is the cache's. */
struct tls_cache {
    void *arg;
    void (*store)(void *arg, struct slice id, struct slice session);
    bool (*fetch)(void *arg, struct slice id, struct buf *session);
    void (*remove)(void *arg, struct slice id);
};
void tls_server_set_cache(struct tls_server *, const struct tls_cache *);   /* copied */

/* ---- client side: imtest, connections to other servers ---- */
struct tls_client;
struct tls_client_config {
    const char *ca_file, *ca_dir;               /* both NULL: the peer is not verified */
    const char *cert_file, *key_file;           /* own certificate; NULL: none */
    const char *const *alpn;                    /* protocols offered, NULL terminated, or NULL */
};
err_t tls_client_new(const struct tls_client_config *, struct tls_client **out,
                     struct buf *why) NODISCARD;
void tls_client_free(struct tls_client **);

struct stream;
/* Facts of the established connection. */
int tls_ssf(const struct stream *);             /* cipher bits; 0 without TLS */
const char *tls_cipher(const struct stream *);  /* "TLSv1.3 with cipher X (256/256 bits)", or "" */
const char *tls_client_cn(const struct stream *);           /* verified certificate's CN, or NULL */
bool tls_was_resumed(const struct stream *);    /* from the session cache */
/* Channel binding data of type "tls-exporter" (RFC 9266), "tls-unique" or "tls-server-end-point"
 * (RFC 5929).  tls-unique is not defined for TLS 1.3; what is given there is the client's
 * Finished message, which clients of libsasl 2.1 use.  ERR_UNSUPPORTED: not to be had. */
err_t tls_channel_binding(const struct stream *, const char *type, struct buf *out) NODISCARD;

#endif

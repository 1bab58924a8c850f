/* tls_impl.h - what the TLS files of lib/net share; see tls.h and stream_tls.c */
#ifndef NET_TLS_IMPL_H
#define NET_TLS_IMPL_H

#include <openssl/ssl.h>

#include "lib/net/stream_impl.h"
#include "lib/net/tls.h"

struct tls_server {
    SSL_CTX *ctx;
    struct tls_cache cache;                     /* all NULL: nothing is resumed */
    bool wants_client_cert;
};

struct tls_client {
    SSL_CTX *ctx;
    bool verify;
};

/* The TLS layer of one stream. */
struct tls_conn {
    struct layer layer;
    SSL *ssl;
    struct buf wire;                            /* records not written yet */
    err_t below;                                /* why the layer below failed in a callback */
    char text[200];                             /* tls_cipher() */
    char cn[256];                               /* tls_client_cn(); "" for none */
};

/* Newest error of OpenSSL as text; empties its queue. */
const char *tls_error_text(char *dst, size_t size);

/* Load a certificate chain and its key into the context, with a full sentence on failure. */
err_t tls_load_pair(SSL_CTX *, const char *cert_option, const char *cert, const char *key_option,
                    const char *key, struct buf *why) NODISCARD;

#endif

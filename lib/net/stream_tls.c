/* stream_tls.c - the TLS layer of a stream
 *
 * OpenSSL reads and writes through a BIO of ours that stands on the layer below, so that
 * deadlines and signals are handled in one place.  Records are collected and leave in one write;
 * reads take what is there (read-ahead), so that a command costs one read and one write as
 * without TLS.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/tls_impl.h"

enum { CB_BYTES = 32 };

const char *tls_error_text(char *dst, size_t size)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    if (reason)
        snprintf(dst, size, "%s", reason);
    else if (code)
        ERR_error_string_n(code, dst, size);
    else
        snprintf(dst, size, "no reason given");
    ERR_clear_error();
    return dst;
}

/* ---- the BIO below OpenSSL ---- */

static err_t send_wire(struct tls_conn *t, bool flush)
{
    err_t err = ERR_OK;

    if (t->wire.n > 0 || flush)
        err = layer_write(t->layer.below, t->wire.p, t->wire.n, flush);
    buf_reset(&t->wire);
    return err;
}

static int below_failed(BIO *bio, struct tls_conn *t, err_t err)
{
    t->below = err;
    if (err == ERR_CLOSED)
        return 0;
    BIO_set_retry_read(bio);
    return -1;
}

static int bio_read(BIO *bio, char *dst, int cap)
{
    struct tls_conn *t = BIO_get_data(bio);
    size_t n = 0;

    BIO_clear_retry_flags(bio);
    err_t err = send_wire(t, false);            /* a handshake's flight before its answer */
    if (err == ERR_OK)
        err = t->layer.below->ops->read(t->layer.below, dst, (size_t)cap, &n);
    return err ? below_failed(bio, t, err) : (int)n;
}

static int bio_write(BIO *bio, const char *src, int n)
{
    struct tls_conn *t = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    buf_add(&t->wire, src, (size_t)n);
    if (t->wire.n >= STREAM_BULK) {
        err_t err = send_wire(t, false);
        if (err)
            return below_failed(bio, t, err);
    }
    return n;
}

static long bio_ctrl(BIO *bio, int cmd, long larg, void *parg)
{
    (void)bio, (void)larg, (void)parg;
    return cmd == BIO_CTRL_FLUSH;               /* flushed by bio_read() and tls_write() */
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static const BIO_METHOD *bio_method(void)
{
    static BIO_METHOD *method;                  /* one for the process */

    if (!method) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
        BIO_meth_set_read(method, bio_read);
        BIO_meth_set_write(method, bio_write);
        BIO_meth_set_ctrl(method, bio_ctrl);
        BIO_meth_set_create(method, bio_create);
    }
    return method;
}

/* ---- the layer ---- */

/* Kind of a failed SSL_* call. */
static err_t ssl_failed(struct tls_conn *t, int rc, const char *what)
{
    char reason[200];
    err_t err = t->below;
    int kind = SSL_get_error(t->ssl, rc);

    t->below = ERR_OK;
    if (err) {
        ERR_clear_error();
        return err;
    }
    if (kind == SSL_ERROR_ZERO_RETURN)
        return ERR_CLOSED;
    log_notice("TLS %s failed: %s", what, tls_error_text(reason, sizeof reason));
    return ERR_CLOSED;
}

static err_t tls_read(struct layer *l, char *dst, size_t cap, size_t *n_out)
{
    struct tls_conn *t = (struct tls_conn *)l;

    ERR_clear_error();
    int rc = SSL_read_ex(t->ssl, dst, cap, n_out);
    return rc > 0 ? ERR_OK : ssl_failed(t, rc, "read");
}

static err_t tls_write(struct layer *l, const struct iovec *v, int n, bool flush)
{
    struct tls_conn *t = (struct tls_conn *)l;

    for (int i = 0; i < n; i++) {
        size_t done;
        if (v[i].iov_len == 0)
            continue;
        ERR_clear_error();
        int rc = SSL_write_ex(t->ssl, v[i].iov_base, v[i].iov_len, &done);
        if (rc <= 0)
            return ssl_failed(t, rc, "write");
    }
    return send_wire(t, flush);
}

static bool tls_pending(struct layer *l)
{
    struct tls_conn *t = (struct tls_conn *)l;

    return SSL_has_pending(t->ssl) || l->below->ops->pending(l->below);
}

static void tls_close(struct layer *l)
{
    struct tls_conn *t = (struct tls_conn *)l;

    if (SSL_is_init_finished(t->ssl)) {
        SSL_shutdown(t->ssl);
        if (send_wire(t, true) != ERR_OK)
            buf_reset(&t->wire);
    }
    SSL_free(t->ssl);
    ERR_clear_error();
    buf_fini(&t->wire);
    mem_free(t);
}

static const struct layer_ops tls_ops = { tls_read, tls_write, tls_pending, tls_close };

/* Make the layer and push it; its handshake is still to be done. */
static struct tls_conn *push_tls(struct stream *s, SSL_CTX *ctx)
{
    struct tls_conn *t = mem_zalloc(sizeof *t);
    BIO *bio = BIO_new(bio_method());

    t->layer.ops = &tls_ops;
    t->ssl = SSL_new(ctx);
    if (!t->ssl || !bio) {
        SSL_free(t->ssl);
        BIO_free(bio);
        mem_free(t);
        return NULL;
    }
    BIO_set_data(bio, t);
    SSL_set_bio(t->ssl, bio, bio);
    stream_push(s, &t->layer);
    return t;
}

static void note_facts(struct tls_conn *t)
{
    X509 *peer = SSL_get0_peer_certificate(t->ssl);
    int total = 0, used = SSL_get_cipher_bits(t->ssl, &total);

    snprintf(t->text, sizeof t->text, "%s with cipher %s (%d/%d bits)", SSL_get_version(t->ssl),
             SSL_get_cipher_name(t->ssl), used, total);
    if (!peer || SSL_get_verify_result(t->ssl) != X509_V_OK)
        return;
    int n = X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, t->cn,
                                      sizeof t->cn);
    if (n < 0 || strlen(t->cn) != (size_t)n)    /* absent, or with a NUL inside */
        t->cn[0] = '\0';
}

static err_t handshake(struct stream *s, struct tls_conn *t, int (*run)(SSL *))
{
    ERR_clear_error();
    int rc = run(t->ssl);
    err_t err = rc == 1 ? send_wire(t, true) : ssl_failed(t, rc, "negotiation");
    if (err) {
        if (send_wire(t, true) != ERR_OK)       /* an alert that may tell the peer why */
            buf_reset(&t->wire);
        return s->rerr = s->werr = err;
    }
    note_facts(t);
    s->tls = t;
    return ERR_OK;
}

err_t stream_start_tls(struct stream *s, struct tls_server *server)
{
    if (s->tls)
        return ERR_EXISTS;
    err_t err = stream_flush(s);
    if (err)
        return err;
    stream_drop_input(s);                       /* it came without protection */
    struct tls_conn *t = push_tls(s, server->ctx);
    if (!t)
        return s->rerr = s->werr = ERR_IO;
    err = handshake(s, t, SSL_accept);
    if (err == ERR_OK)
        log_info("starttls: %.*s %s) %s%s", (int)strlen(t->text) - 1, t->text,
                 SSL_session_reused(t->ssl) ? "reused" : "new",
                 t->cn[0] ? "authenticated as " : "no authentication", t->cn);
    return err;
}

static bool is_address(const char *host)
{
    ASN1_OCTET_STRING *ip = a2i_IPADDRESS(host);
    bool is_ip = ip != NULL;

    ASN1_OCTET_STRING_free(ip);
    ERR_clear_error();
    return is_ip;
}

err_t stream_start_tls_client(struct stream *s, struct tls_client *client, const char *host)
{
    if (s->tls)
        return ERR_EXISTS;
    err_t err = stream_flush(s);
    if (err)
        return err;
    stream_drop_input(s);
    struct tls_conn *t = push_tls(s, client->ctx);
    if (!t)
        return s->rerr = s->werr = ERR_IO;
    if (host && is_address(host)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), host);
    } else if (host && *host) {
        SSL_set_tlsext_host_name(t->ssl, host);
        SSL_set1_host(t->ssl, host);
    }
    return handshake(s, t, SSL_connect);
}

/* ---- facts ---- */

int tls_ssf(const struct stream *s)
{
    return s->tls ? SSL_get_cipher_bits(s->tls->ssl, NULL) : 0;
}

const char *tls_cipher(const struct stream *s)
{
    return s->tls ? s->tls->text : "";
}

const char *tls_client_cn(const struct stream *s)
{
    return s->tls && s->tls->cn[0] ? s->tls->cn : NULL;
}

bool tls_was_resumed(const struct stream *s)
{
    return s->tls && SSL_session_reused(s->tls->ssl);
}

/* RFC 5929 3: the first Finished message of the handshake: the client's, or the server's when the
 * session was resumed. */
static size_t first_finished(const SSL *ssl, void *dst, size_t size)
{
    bool ours = (SSL_is_server(ssl) != 0) == (SSL_session_reused(ssl) != 0);

    return ours ? SSL_get_finished(ssl, dst, size) : SSL_get_peer_finished(ssl, dst, size);
}

static size_t exporter(const SSL *ssl, unsigned char *dst)
{
    static const char label[] = "EXPORTER-Channel-Binding";

    return SSL_export_keying_material((SSL *)(uintptr_t)ssl, dst, CB_BYTES, label, sizeof label - 1,
                                      NULL, 0, 0) == 1 ? CB_BYTES : 0;
}

/* RFC 5929 4.1: the certificate's digest by its own signature's algorithm, SHA-256 in place of
 * what is weaker. */
static size_t end_point(const SSL *ssl, unsigned char *dst)
{
    X509 *cert = SSL_is_server(ssl) ? SSL_get_certificate(ssl) : SSL_get0_peer_certificate(ssl);
    int nid = NID_undef;
    unsigned n = 0;

    if (!cert || !OBJ_find_sigid_algs(X509_get_signature_nid(cert), &nid, NULL))
        return 0;
    const EVP_MD *md = nid == NID_md5 || nid == NID_sha1 ? EVP_sha256() : EVP_get_digestbynid(nid);
    return md && X509_digest(cert, md, dst, &n) == 1 ? n : 0;
}

err_t tls_channel_binding(const struct stream *s, const char *type, struct buf *out)
{
    unsigned char data[EVP_MAX_MD_SIZE];
    size_t n = 0;

    if (!s->tls)
        return ERR_UNSUPPORTED;
    if (strcmp(type, "tls-exporter") == 0)
        n = exporter(s->tls->ssl, data);
    else if (strcmp(type, "tls-unique") == 0)
        n = first_finished(s->tls->ssl, data, sizeof data);
    else if (strcmp(type, "tls-server-end-point") == 0)
        n = end_point(s->tls->ssl, data);
    ERR_clear_error();
    if (n == 0 || n > sizeof data)
        return ERR_UNSUPPORTED;
    buf_reset(out);
    buf_add(out, data, n);
    return ERR_OK;
}

/* tls_client.c - TLS contexts of clients, and loading certificates: see tls.h */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/net/tls_impl.h"

/* OpenSSL's words for a file that cannot be opened say nothing; ask the system first. */
static err_t check_readable(const char *option, const char *path, struct buf *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        close(fd);
        return ERR_OK;
    }
    err_t err = err_from_errno(errno);
    buf_addf(why, "%s: cannot read %s (%s); %s", option, path, strerror(errno),
             err == ERR_DENIED ? "make it readable for the account the mail system runs as"
                               : "correct the path or make the file");
    return err;
}

static err_t pair_failed(const char *option, const char *path, const char *cure, struct buf *why)
{
    char reason[200];

    buf_addf(why, "%s: %s is of no use (%s); %s", option, path,
             tls_error_text(reason, sizeof reason), cure);
    return ERR_BADNAME;
}

/* A key with a passphrase is refused instead of asking a terminal that is not there. */
static int no_passphrase(char *dst, int size, int writing, void *arg)
{
    (void)dst, (void)size, (void)writing, (void)arg;
    return -1;
}

err_t tls_load_pair(SSL_CTX *ctx, const char *cert_option, const char *cert,
                    const char *key_option, const char *key, struct buf *why)
{
    err_t err;

    ERR_clear_error();
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    if ((err = check_readable(cert_option, cert, why)) ||
        (err = check_readable(key_option, key, why)))
        return err;
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
        return pair_failed(cert_option, cert, "it must hold a certificate chain in PEM form", why);
    if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
        return pair_failed(key_option, key,
                           "it must hold the certificate's key in PEM form, without a passphrase",
                           why);
    if (SSL_CTX_check_private_key(ctx) != 1)
        return pair_failed(key_option, key, "give the key that the certificate was made from", why);
    return ERR_OK;
}

static err_t set_alpn(SSL_CTX *ctx, const char *const *names)
{
    struct buf wire = BUF_INIT;

    for (; names && *names; names++) {
        buf_addc(&wire, (char)strlen(*names));
        buf_adds(&wire, *names);
    }
    int rc = wire.n ? SSL_CTX_set_alpn_protos(ctx, (unsigned char *)wire.p, (unsigned)wire.n) : 0;
    buf_fini(&wire);
    return rc == 0 ? ERR_OK : ERR_BADNAME;
}

static err_t configure(struct tls_client *c, const struct tls_client_config *cfg, struct buf *why)
{
    c->verify = cfg->ca_file || cfg->ca_dir;
    SSL_CTX_set_options(c->ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_read_ahead(c->ctx, 1);
    SSL_CTX_set_verify(c->ctx, c->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    if (c->verify && SSL_CTX_load_verify_locations(c->ctx, cfg->ca_file, cfg->ca_dir) != 1) {
        const char *from = cfg->ca_file ? cfg->ca_file : cfg->ca_dir;
        return pair_failed("CA", from, "it must hold trusted certificates in PEM form", why);
    }
    if (set_alpn(c->ctx, cfg->alpn) != ERR_OK) {
        buf_addf(why, "the list of application protocols is not usable");
        return ERR_BADNAME;
    }
    if (!cfg->cert_file)
        return ERR_OK;
    return tls_load_pair(c->ctx, "certificate", cfg->cert_file, "key",
                         cfg->key_file ? cfg->key_file : cfg->cert_file, why);
}

err_t tls_client_new(const struct tls_client_config *cfg, struct tls_client **out, struct buf *why)
{
    struct tls_client *c = mem_zalloc(sizeof *c);
    err_t err = ERR_IO;

    c->ctx = SSL_CTX_new(TLS_client_method());
    if (c->ctx)
        err = configure(c, cfg, why);
    else
        buf_addf(why, "the TLS library does not start");
    if (err)
        tls_client_free(&c);
    *out = c;
    return err;
}

void tls_client_free(struct tls_client **cp)
{
    struct tls_client *c = *cp;

    if (!c)
        return;
    *cp = NULL;
    SSL_CTX_free(c->ctx);
    mem_free(c);
}

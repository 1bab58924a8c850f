/* tls.c - the server's TLS context: see tls.h */
#include "lib/net/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/conf.h"
#include "lib/net/tls_impl.h"

enum { PAIRS_MAX = 2, SESSION_MAX = 64 << 10, SESSION_LIFE_MAX = 24 * 3600 };

static const char *file_option(enum conf_id id)
{
    const char *value = conf_string(id);

    return value && *value && strcmp(value, "disabled") != 0 ? value : NULL;
}

bool tls_is_configured(void)
{
    return file_option(CONF_TLS_SERVER_CERT) && file_option(CONF_TLS_SERVER_KEY);
}

/* ---- certificates ---- */

/* Take the next of some comma-separated names. */
static bool next_name(struct slice *list, struct buf *name)
{
    struct slice head;

    *list = slice_split(*list, ',', &head, NULL);
    buf_reset(name);
    buf_add_slice(name, slice_trim(head));
    return name->n > 0;
}

static err_t load_pairs(SSL_CTX *ctx, struct buf *why)
{
    struct slice certs = slice_cstr(conf_string(CONF_TLS_SERVER_CERT));
    struct slice keys = slice_cstr(conf_string(CONF_TLS_SERVER_KEY));
    struct buf cert = BUF_INIT, key = BUF_INIT;
    err_t err = ERR_OK;

    for (int i = 0; i < PAIRS_MAX && !err && next_name(&certs, &cert); i++) {
        if (!next_name(&keys, &key)) {
            buf_addf(why, "tls_server_key names fewer files than tls_server_cert;"
                          " give one key for each certificate, in the same order");
            err = ERR_BADNAME;
            break;
        }
        err = tls_load_pair(ctx, "tls_server_cert", buf_cstr(&cert), "tls_server_key",
                            buf_cstr(&key), why);
    }
    if (!err && slice_trim(certs).n > 0) {
        buf_addf(why, "tls_server_cert names more than %d files; leave one RSA and one EC pair",
                 PAIRS_MAX);
        err = ERR_LIMIT;
    }
    buf_fini(&cert);
    buf_fini(&key);
    return err;
}

/* ---- versions, ciphers, curves ---- */

static err_t set_versions(SSL_CTX *ctx, struct buf *why)
{
    static const struct {
        const char *word;
        uint64_t off;
    } versions[] = {
        { "tls1_0", SSL_OP_NO_TLSv1 },
        { "tls1_1", SSL_OP_NO_TLSv1_1 },
        { "tls1_2", SSL_OP_NO_TLSv1_2 },
        { "tls1_3", SSL_OP_NO_TLSv1_3 },
    };
    enum { N = sizeof versions / sizeof *versions };
    bool on = false;

    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    for (size_t i = 0; i < N; i++) {
        if (conf_has_word(CONF_TLS_VERSIONS, slice_cstr(versions[i].word)))
            on = true;
        else
            SSL_CTX_set_options(ctx, versions[i].off);
    }
    if (on)
        return ERR_OK;
    buf_addf(why, "tls_versions: \"%s\" leaves no version;"
                  " use words out of tls1_0 tls1_1 tls1_2 tls1_3",
             conf_string(CONF_TLS_VERSIONS));
    return ERR_BADNAME;
}

/* TLS 1.3 names ("TLS_AES_128_GCM_SHA256") go one way, all others the other. */
static err_t set_ciphers(SSL_CTX *ctx, struct buf *why)
{
    struct slice rest = slice_cstr(conf_string(CONF_TLS_CIPHERS)), word;
    struct buf old = BUF_INIT, suites = BUF_INIT;
    bool ok = true;

    while (rest.n > 0) {
        rest = slice_split(rest, ':', &word, NULL);
        struct buf *list = slice_starts(word, SLICE_LIT("TLS_")) ? &suites : &old;
        if (list->n > 0)
            buf_addc(list, ':');
        buf_add_slice(list, word);
    }
    if (suites.n > 0)
        ok = SSL_CTX_set_ciphersuites(ctx, buf_cstr(&suites)) == 1;
    if (ok && old.n > 0)
        ok = SSL_CTX_set_cipher_list(ctx, buf_cstr(&old)) == 1;
    if (!ok)
        buf_addf(why, "tls_ciphers: \"%s\" holds no usable cipher; see openssl ciphers -v",
                 conf_string(CONF_TLS_CIPHERS));
    buf_fini(&old);
    buf_fini(&suites);
    return ok ? ERR_OK : ERR_BADNAME;
}

static err_t set_groups(SSL_CTX *ctx, struct buf *why)
{
    const char *groups = conf_string(CONF_TLS_ECCURVE);

    /* the documented default would make every client that begins with X25519 start over */
    if (conf_is_default(CONF_TLS_ECCURVE) || !groups || !*groups || strcmp(groups, "auto") == 0)
        return ERR_OK;
    if (SSL_CTX_set1_groups_list(ctx, groups) == 1)
        return ERR_OK;
    buf_addf(why, "tls_eccurve: \"%s\" is not a known curve; see openssl ecparam -list_curves",
             groups);
    return ERR_BADNAME;
}

static err_t set_dhparam(SSL_CTX *ctx, struct buf *why)
{
    const char *path = file_option(CONF_TLS_SERVER_DHPARAM);
    EVP_PKEY *dh = NULL;

    SSL_CTX_set_dh_auto(ctx, 1);
    if (!path)
        return ERR_OK;
    BIO *in = BIO_new_file(path, "r");
    if (in)
        dh = PEM_read_bio_Parameters(in, NULL);
    BIO_free(in);
    if (dh && SSL_CTX_set0_tmp_dh_pkey(ctx, dh) == 1)
        return ERR_OK;
    EVP_PKEY_free(dh);
    buf_addf(why, "tls_server_dhparam: %s holds no usable parameters; make it with openssl dhparam",
             path);
    return ERR_BADNAME;
}

/* ---- client certificates ---- */

/* With "optional" a certificate that does not verify counts as none: the result is looked at
 * when its name is asked for. */
static int accept_any(int ok, X509_STORE_CTX *store)
{
    (void)ok, (void)store;
    return 1;
}

static err_t set_crl(SSL_CTX *ctx, struct buf *why)
{
    const char *path = file_option(CONF_TLS_CRL_FILE);
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);

    if (!path)
        return ERR_OK;
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (!lookup || X509_load_crl_file(lookup, path, X509_FILETYPE_PEM) <= 0) {
        buf_addf(why, "tls_crl_file: %s holds no readable revocation list", path);
        return ERR_BADNAME;
    }
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return ERR_OK;
}

static err_t set_client_certs(struct tls_server *t, struct buf *why)
{
    const char *mode = conf_enum_word(CONF_TLS_CLIENT_CERTS);
    const char *ca_file = file_option(CONF_TLS_CLIENT_CA_FILE);
    const char *ca_dir = file_option(CONF_TLS_CLIENT_CA_DIR);

    if (strcmp(mode, "off") == 0)
        return ERR_OK;
    if (!ca_file && !ca_dir) {
        if (strcmp(mode, "require") != 0)
            return ERR_OK;                      /* nothing could be verified: do not ask */
        buf_addf(why, "tls_client_certs: require needs tls_client_ca_file or tls_client_ca_dir");
        return ERR_BADNAME;
    }
    if (SSL_CTX_load_verify_locations(t->ctx, ca_file, ca_dir) != 1) {
        buf_addf(why, "tls_client_ca_file, tls_client_ca_dir: no certificates can be read from %s",
                 ca_file ? ca_file : ca_dir);
        return ERR_BADNAME;
    }
    if (ca_file)
        SSL_CTX_set_client_CA_list(t->ctx, SSL_load_client_CA_file(ca_file));
    bool require = strcmp(mode, "require") == 0;
    SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER | (require ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                       require ? NULL : accept_any);
    return set_crl(t->ctx, why);
}

/* ---- session cache ---- */

static int session_new(SSL *ssl, SSL_SESSION *session)
{
    struct tls_server *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    unsigned id_n;
    const unsigned char *id = SSL_SESSION_get_id(session, &id_n);
    int n = i2d_SSL_SESSION(session, NULL);

    if (!t->cache.store || id_n == 0 || n <= 0 || n > SESSION_MAX)
        return 0;
    unsigned char *der = mem_alloc((size_t)n), *p = der;
    i2d_SSL_SESSION(session, &p);
    t->cache.store(t->cache.arg, slice_make(id, id_n), slice_make(der, (size_t)n));
    mem_wipe(der, (size_t)n);
    mem_free(der);
    return 0;                                   /* the library keeps no reference */
}

static SSL_SESSION *session_get(SSL *ssl, const unsigned char *id, int id_n, int *copy)
{
    struct tls_server *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    SSL_SESSION *session = NULL;
    struct buf der = BUF_INIT;

    *copy = 0;
    if (t->cache.fetch && t->cache.fetch(t->cache.arg, slice_make(id, (size_t)id_n), &der)) {
        const unsigned char *p = (const unsigned char *)der.p;
        session = d2i_SSL_SESSION(NULL, &p, (long)der.n);
    }
    buf_wipe(&der);
    buf_fini(&der);
    return session;
}

static void session_remove(SSL_CTX *ctx, SSL_SESSION *session)
{
    struct tls_server *t = SSL_CTX_get_app_data(ctx);
    unsigned id_n;
    const unsigned char *id = SSL_SESSION_get_id(session, &id_n);

    if (t->cache.remove && id_n > 0)
        t->cache.remove(t->cache.arg, slice_make(id, id_n));
}

static void no_resumption(SSL_CTX *ctx)
{
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
}

void tls_server_set_cache(struct tls_server *t, const struct tls_cache *cache)
{
    int64_t life = conf_seconds(CONF_TLS_SESSION_TIMEOUT);

    if (life <= 0)
        return;
    t->cache = *cache;
    SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_num_tickets(t->ctx, 1);
    SSL_CTX_set_timeout(t->ctx, life < SESSION_LIFE_MAX ? life : SESSION_LIFE_MAX);
    SSL_CTX_sess_set_new_cb(t->ctx, session_new);
    SSL_CTX_sess_set_get_cb(t->ctx, session_get);
    SSL_CTX_sess_set_remove_cb(t->ctx, session_remove);
}

/* ---- the context ---- */

static int log_sni(SSL *ssl, int *alert, void *arg)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)alert, (void)arg;
    if (name)
        log_debug("starttls: client asks for server name %s", name);
    return SSL_TLSEXT_ERR_OK;
}

static err_t configure(struct tls_server *t, struct buf *why)
{
    err_t err;

    SSL_CTX_set_options(t->ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                    SSL_OP_SINGLE_DH_USE);
    if (conf_bool(CONF_TLS_PREFER_SERVER_CIPHERS))
        SSL_CTX_set_options(t->ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(t->ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(t->ctx, 1);
    SSL_CTX_set_app_data(t->ctx, t);
    SSL_CTX_set_tlsext_servername_callback(t->ctx, log_sni);
    SSL_CTX_set_session_id_context(t->ctx, (const unsigned char *)"halcyon", 7);
    no_resumption(t->ctx);
    if ((err = set_versions(t->ctx, why)) || (err = set_ciphers(t->ctx, why)) ||
        (err = set_groups(t->ctx, why)) || (err = set_dhparam(t->ctx, why)) ||
        (err = load_pairs(t->ctx, why)))
        return err;
    return set_client_certs(t, why);
}

err_t tls_server_new(struct tls_server **out, struct buf *why)
{
    *out = NULL;
    if (!tls_is_configured()) {
        buf_addf(why, "no TLS: tls_server_cert and tls_server_key are not both set");
        return ERR_UNSUPPORTED;
    }
    struct tls_server *t = mem_zalloc(sizeof *t);
    t->ctx = SSL_CTX_new(TLS_server_method());
    if (!t->ctx) {
        mem_free(t);
        buf_addf(why, "the TLS library does not start");
        return ERR_IO;
    }
    err_t err = configure(t, why);
    if (err)
        tls_server_free(&t);
    *out = t;
    ERR_clear_error();
    return err;
}

void tls_server_free(struct tls_server **tp)
{
    struct tls_server *t = *tp;

    if (!t)
        return;
    *tp = NULL;
    t->cache = (struct tls_cache){ 0 };
    SSL_CTX_free(t->ctx);
    mem_free(t);
}

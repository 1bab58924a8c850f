/* tls_test.c - handshakes with a client in another process
 * covers: TL-02 TL-03 TL-05 TL-06 TL-08 TL-09
 */
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cunit/net/certs.h"
#include "cunit/test.h"
#include "lib/base/mem.h"
#include "lib/net/stream.h"
#include "lib/net/tls.h"

enum { BULK = 300000 };

static void make_certs(void)
{
    static bool done;

    if (done)
        return;
    done = true;
    certs_make("rsa", "localhost", true, NULL);
    certs_make("ec", "localhost", false, NULL);
    certs_make("ca", "Test CA", false, NULL);
    certs_make("alice", "alice", false, "ca");
    certs_make("mallory", "alice", false, NULL);
}

static void load_conf(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void load_conf(const char *fmt, ...)
{
    struct buf lines = BUF_INIT;
    va_list ap;

    make_certs();
    va_start(ap, fmt);
    buf_vaddf(&lines, fmt, ap);
    va_end(ap);
    certs_conf(buf_cstr(&lines), "imap");
    buf_fini(&lines);
}

static void load_pair(const char *extra)
{
    make_certs();
    load_conf("tls_server_cert: %s\ntls_server_key: %s\n%s", certs_path("rsa.pem"), certs_path("rsa.key"),
              extra);
}

static struct tls_server *new_server(void)
{
    struct tls_server *t = NULL;
    struct buf why = BUF_INIT;

    if (tls_server_new(&t, &why) != ERR_OK) {
        CU_FAIL_FATAL("no server context");
    }
    buf_fini(&why);
    return t;
}

/* Run a client in a child on the other end of the pair; returns our stream. */
static struct stream *with_client(int (*client)(int fd, const void *arg), const void *arg, pid_t *pid)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        CU_FAIL_FATAL("socketpair");
    *pid = fork();
    if (*pid == 0) {
        close(fds[0]);
        alarm(20);
        _exit(client(fds[1], arg));
    }
    close(fds[1]);
    struct stream *s = stream_new(fds[0], fds[0]);
    stream_set_timeout(s, 20000);
    return s;
}

static int end_client(struct stream **s, pid_t pid)
{
    int status = -1;

    stream_close(s);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

/* ---- the client of most tests: our own ---- */

struct want {
    const char *ca, *cert, *key;
    const char *host;
};

static const char *const binding_types[] = { "tls-exporter", "tls-unique", "tls-server-end-point" };

/* Sends the types and bytes of its channel bindings, takes and returns bulk. */
static int own_client(int fd, const void *arg)
{
    const struct want *want = arg;
    struct tls_client_config cfg = { .ca_file = want->ca, .cert_file = want->cert, .key_file = want->key };
    struct tls_client *c;
    struct stream *s = stream_new(fd, fd);
    struct buf why = BUF_INIT, binding = BUF_INIT, bulk = BUF_INIT;

    stream_set_timeout(s, 20000);
    if (tls_client_new(&cfg, &c, &why) != ERR_OK)
        return 2;
    if (stream_start_tls_client(s, c, want->host) != ERR_OK)
        return 3;
    for (size_t i = 0; i < sizeof binding_types / sizeof *binding_types; i++) {
        if (tls_channel_binding(s, binding_types[i], &binding) != ERR_OK)
            return 4;
        stream_printf(s, "%s %zu\r\n", binding_types[i], binding.n);
        stream_put_slice(s, buf_slice(&binding));
    }
    if (stream_exact(s, BULK, &bulk) != ERR_OK)
        return 5;
    stream_put_large(s, buf_slice(&bulk));
    err_t err = stream_flush(s);
    stream_close(&s);
    tls_client_free(&c);
    buf_fini(&binding);
    buf_fini(&bulk);
    buf_fini(&why);
    return err;
}

/* The client sends the same binding as we find ourselves. */
static void check_binding(struct stream *s, const char *type)
{
    struct buf ours = BUF_INIT, theirs = BUF_INIT, head = BUF_INIT;
    struct slice line;

    CU_ASSERT_EQUAL(tls_channel_binding(s, type, &ours), ERR_OK);
    CU_ASSERT(ours.n >= 12);
    buf_addf(&head, "%s %zu", type, ours.n);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    CU_ASSERT(slice_eq(line, buf_slice(&head)));
    CU_ASSERT_EQUAL(stream_exact(s, ours.n, &theirs), ERR_OK);
    CU_ASSERT(slice_eq(buf_slice(&theirs), buf_slice(&ours)));
    buf_fini(&ours);
    buf_fini(&theirs);
    buf_fini(&head);
}

/* What own_client does, seen from the server. */
static void serve_own_client(struct stream *s)
{
    struct buf bulk = BUF_INIT, back = BUF_INIT;
    struct slice line;

    CU_ASSERT(stream_is_tls(s));
    CU_ASSERT(tls_ssf(s) >= 128);
    for (size_t i = 0; i < sizeof binding_types / sizeof *binding_types; i++)
        check_binding(s, binding_types[i]);
    CU_ASSERT_EQUAL(tls_channel_binding(s, "nonsense", &bulk), ERR_UNSUPPORTED);
    for (int i = 0; i < BULK; i++)
        buf_addc(&bulk, (char)(i * 31 + i / 1000));
    stream_put_large(s, buf_slice(&bulk));
    CU_ASSERT_EQUAL(stream_exact(s, BULK, &back), ERR_OK);
    CU_ASSERT(slice_eq(buf_slice(&back), buf_slice(&bulk)));
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_CLOSED);
    buf_fini(&bulk);
    buf_fini(&back);
}

static const struct {
    const char *conf, *version;
} version_rows[] = {
    { "", "TLSv1.3 with cipher " },
    { "tls_versions: tls1_2\n", "TLSv1.2 with cipher " },
    { "tls_versions: tls1_2 tls1_3\ntls_eccurve: prime256v1\n", "TLSv1.3 with cipher " },
    { "tls_versions: tls1_2\ntls_ciphers: ECDHE-RSA-AES128-GCM-SHA256\ntls_prefer_server_ciphers: yes\n",
      "TLSv1.2 with cipher ECDHE-RSA-AES128-GCM-SHA256 (128/128 bits)" },
    { "tls_ciphers: TLS_CHACHA20_POLY1305_SHA256:DEFAULT\n",
      "TLSv1.3 with cipher TLS_CHACHA20_POLY1305_SHA256 (256/256 bits)" },
};

static void test_versions(void)
{
    const struct want want = { .host = "localhost" };

    for (size_t i = 0; i < sizeof version_rows / sizeof *version_rows; i++) {
        pid_t pid;
        load_pair(version_rows[i].conf);
        struct tls_server *t = new_server();
        struct stream *s = with_client(own_client, &want, &pid);
        CU_CHECK_ROW(i, stream_start_tls(s, t) == ERR_OK);
        CU_CHECK_ROW(i, slice_starts(slice_cstr(tls_cipher(s)), slice_cstr(version_rows[i].version)));
        serve_own_client(s);
        CU_CHECK_ROW(i, end_client(&s, pid) == 0);
        tls_server_free(&t);
    }
}

static void test_two_pairs(void)
{
    struct want want = { .host = "localhost" };
    pid_t pid;

    make_certs();
    load_conf("tls_server_cert: %s, %s\ntls_server_key: %s, %s\n", certs_path("rsa.pem"),
              certs_path("ec.pem"), certs_path("rsa.key"), certs_path("ec.key"));
    struct tls_server *t = new_server();
    /* a client that trusts only the EC certificate gets it */
    want.ca = certs_path("ec.pem");
    struct stream *s = with_client(own_client, &want, &pid);
    CU_ASSERT_EQUAL(stream_start_tls(s, t), ERR_OK);
    serve_own_client(s);
    CU_ASSERT_EQUAL(end_client(&s, pid), 0);
    tls_server_free(&t);
}

static void test_client_verifies(void)
{
    struct want want = { .host = "localhost" };
    make_certs();
    const char *const ca[] = { certs_path("ec.pem"), certs_path("rsa.pem") };
    pid_t pid;

    load_pair("");
    struct tls_server *t = new_server();
    want.ca = ca[0];                            /* not who signed it */
    struct stream *s = with_client(own_client, &want, &pid);
    CU_ASSERT_NOT_EQUAL(stream_start_tls(s, t), ERR_OK);
    CU_ASSERT_EQUAL(stream_error(s), ERR_CLOSED);
    CU_ASSERT_EQUAL(end_client(&s, pid), 3);
    want.ca = ca[1];
    want.host = "other.example";                /* not its name */
    s = with_client(own_client, &want, &pid);
    CU_ASSERT_NOT_EQUAL(stream_start_tls(s, t), ERR_OK);
    CU_ASSERT_EQUAL(end_client(&s, pid), 3);
    tls_server_free(&t);
}

static const struct {
    const char *mode, *cert;
    bool handshake;
    const char *cn;
} cert_rows[] = {
    { "optional", NULL, true, NULL },
    { "optional", "alice", true, "alice" },
    { "optional", "mallory", true, NULL },      /* right name, wrong signature */
    { "require", "alice", true, "alice" },
    { "require", NULL, false, NULL },
    { "require", "mallory", false, NULL },
    { "off", "alice", true, NULL },
};

static void test_client_certificates(void)
{
    for (size_t i = 0; i < sizeof cert_rows / sizeof *cert_rows; i++) {
        char extra[1000], cert[600], key[600];
        struct want want = { .host = "localhost" };
        pid_t pid;

        make_certs();
        if (cert_rows[i].cert) {
            snprintf(cert, sizeof cert, "%s/%s.pem", test_tmpdir(), cert_rows[i].cert);
            snprintf(key, sizeof key, "%s/%s.key", test_tmpdir(), cert_rows[i].cert);
            want.cert = cert;
            want.key = key;
        }
        snprintf(extra, sizeof extra, "tls_client_certs: %s\ntls_client_ca_file: %s\n", cert_rows[i].mode,
                 certs_path("ca.pem"));
        load_pair(extra);
        struct tls_server *t = new_server();
        struct stream *s = with_client(own_client, &want, &pid);
        err_t err = stream_start_tls(s, t);
        CU_CHECK_ROW(i, (err == ERR_OK) == cert_rows[i].handshake);
        if (err == ERR_OK) {
            const char *cn = tls_client_cn(s);
            CU_CHECK_ROW(i, slice_eqs(slice_cstr(cn), cert_rows[i].cn ? cert_rows[i].cn : ""));
            CU_CHECK_ROW(i, (cn != NULL) == (cert_rows[i].cn != NULL));
            serve_own_client(s);
        }
        end_client(&s, pid);
        tls_server_free(&t);
    }
}

/* ---- what is sent ahead ---- */

static int injecting_client(int fd, const void *arg)
{
    static const char ahead[] = "STARTTLS\r\nINJECTED\r\n";
    char ok[4];

    (void)arg;
    if (write(fd, ahead, sizeof ahead - 1) < 0 || read(fd, ok, sizeof ok) != sizeof ok)
        return 9;
    return own_client(fd, &(struct want){ .host = "localhost" });
}

static void test_injection_is_dropped(void)
{
    struct slice line;
    pid_t pid;

    load_pair("");
    struct tls_server *t = new_server();
    struct stream *s = with_client(injecting_client, NULL, &pid);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    stream_puts(s, "OK\r\n");
    CU_ASSERT_EQUAL(stream_start_tls(s, t), ERR_OK);
    serve_own_client(s);
    CU_ASSERT_EQUAL(end_client(&s, pid), 0);
    tls_server_free(&t);
}

static int plain_client(int fd, const void *arg)
{
    (void)arg;
    return write(fd, "NOT TLS AT ALL\r\n", 16) == 16 ? 0 : 1;
}

static void test_not_tls(void)
{
    struct slice line;
    pid_t pid;

    load_pair("");
    struct tls_server *t = new_server();
    struct stream *s = with_client(plain_client, NULL, &pid);
    CU_ASSERT_EQUAL(stream_start_tls(s, t), ERR_CLOSED);
    CU_ASSERT_FALSE(stream_is_tls(s));
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_CLOSED);
    end_client(&s, pid);
    tls_server_free(&t);
}

/* ---- waiting under TLS ---- */

static int line_client(int fd, const void *arg)
{
    struct tls_client_config cfg = { 0 };
    struct tls_client *c;
    struct stream *s = stream_new(fd, fd);
    struct buf why = BUF_INIT;
    struct slice line;

    (void)arg;
    stream_set_timeout(s, 20000);
    if (tls_client_new(&cfg, &c, &why) != ERR_OK || stream_start_tls_client(s, c, NULL) != ERR_OK)
        return 3;
    if (stream_line(s, 100, &line) != ERR_OK)
        return 4;
    stream_puts(s, "one\r\ntwo\r\n");
    if (stream_flush(s) != ERR_OK || stream_line(s, 100, &line) != ERR_OK)
        return 5;
    stream_close(&s);
    tls_client_free(&c);
    return 0;
}

static void test_wait(void)
{
    bool input, other;
    struct slice line;
    pid_t pid;

    load_pair("");
    struct tls_server *t = new_server();
    struct stream *s = with_client(line_client, NULL, &pid);
    CU_ASSERT_EQUAL(stream_start_tls(s, t), ERR_OK);
    CU_ASSERT_EQUAL(stream_wait(s, -1, 0, &input, &other), ERR_OK);
    CU_ASSERT_FALSE(input);
    stream_puts(s, "go\r\n");
    CU_ASSERT_EQUAL(stream_wait(s, -1, 20000, &input, &other), ERR_OK);
    CU_ASSERT(input);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    CU_ASSERT(slice_eqs(line, "two"));
    stream_puts(s, "end\r\n");
    CU_ASSERT_EQUAL(stream_wait(s, -1, 20000, &input, &other), ERR_CLOSED);
    CU_ASSERT_EQUAL(end_client(&s, pid), 0);
    tls_server_free(&t);
}

/* ---- session cache ---- */

struct memory_cache {
    struct buf id, session;
    int stored, fetched, removed;
};

static void cache_store(void *arg, struct slice id, struct slice session)
{
    struct memory_cache *m = arg;

    m->stored++;
    buf_reset(&m->id);
    buf_add_slice(&m->id, id);
    buf_reset(&m->session);
    buf_add_slice(&m->session, session);
}

static bool cache_fetch(void *arg, struct slice id, struct buf *session)
{
    struct memory_cache *m = arg;

    m->fetched++;
    if (!slice_eq(id, buf_slice(&m->id)))
        return false;
    buf_add_slice(session, buf_slice(&m->session));
    return true;
}

static void cache_remove(void *arg, struct slice id)
{
    struct memory_cache *m = arg;

    (void)id;
    m->removed++;
}

/* Plain OpenSSL: one connection, its session in *session. */
static int connect_once(SSL_CTX *ctx, int fd, SSL_SESSION **session)
{
    char got[10];
    SSL *ssl = SSL_new(ctx);

    SSL_set_fd(ssl, fd);
    if (*session)
        SSL_set_session(ssl, *session);
    if (SSL_connect(ssl) != 1 || SSL_read(ssl, got, sizeof got) != 4)
        return -1;
    SSL_SESSION_free(*session);
    *session = SSL_get1_session(ssl);
    int reused = SSL_session_reused(ssl);
    SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
    return reused;
}

/* Two descriptors, one after the other. */
static int resuming_client(int fd, const void *arg)
{
    const int *second = arg;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_SESSION *session = NULL;

    if (connect_once(ctx, fd, &session) != 0)
        return 2;
    return connect_once(ctx, *second, &session) == 1 ? 0 : 3;
}

static void greet(struct stream *s, struct tls_server *t, bool resumed)
{
    struct slice line;

    CU_ASSERT_EQUAL(stream_start_tls(s, t), ERR_OK);
    CU_ASSERT_EQUAL(tls_was_resumed(s), resumed);
    stream_puts(s, "hi\r\n");
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_CLOSED);
}

static void test_resumption(void)
{
    static const char *const versions[] = { "tls_versions: tls1_2\n", "tls_versions: tls1_3\n" };

    for (size_t i = 0; i < 2; i++) {
        struct memory_cache m = { .id = BUF_INIT };
        struct tls_cache cache = { &m, cache_store, cache_fetch, cache_remove };
        int fds[2];
        pid_t pid;

        load_pair(versions[i]);
        CU_ASSERT_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        struct stream *s = with_client(resuming_client, &fds[1], &pid);
        struct stream *s2 = stream_new(fds[0], fds[0]);
        close(fds[1]);
        /* another process, as good as: a new context with nothing but the cache in common */
        struct tls_server *t = new_server(), *t2 = new_server();
        tls_server_set_cache(t, &cache);
        tls_server_set_cache(t2, &cache);
        greet(s, t, false);
        greet(s2, t2, true);
        stream_close(&s2);
        CU_CHECK_ROW(i, end_client(&s, pid) == 0);
        CU_CHECK_ROW(i, m.stored >= 1 && m.fetched >= 1);
        tls_server_free(&t);
        tls_server_free(&t2);
        buf_fini(&m.id);
        buf_fini(&m.session);
    }
}

static void test_no_resumption_when_off(void)
{
    struct memory_cache m = { .id = BUF_INIT };
    struct tls_cache cache = { &m, cache_store, cache_fetch, cache_remove };
    struct want want = { .host = "localhost" };
    pid_t pid;

    load_pair("tls_session_timeout: 0\n");
    struct tls_server *t = new_server();
    tls_server_set_cache(t, &cache);
    struct stream *s = with_client(own_client, &want, &pid);
    CU_ASSERT_EQUAL(stream_start_tls(s, t), ERR_OK);
    serve_own_client(s);
    end_client(&s, pid);
    CU_ASSERT_EQUAL(m.stored, 0);
    tls_server_free(&t);
    buf_fini(&m.id);
    buf_fini(&m.session);
}

/* ---- what is wrong with the configuration ---- */

static void check_complaint(size_t row, const char *words)
{
    struct tls_server *t;
    struct buf why = BUF_INIT;

    CU_CHECK_ROW(row, tls_server_new(&t, &why) != ERR_OK);
    CU_CHECK_ROW(row, t == NULL);
    CU_CHECK_ROW(row, strstr(buf_cstr(&why), words) != NULL);
    CU_CHECK_ROW(row, strchr(buf_cstr(&why), '\n') == NULL);
    buf_fini(&why);
}

static void test_complaints(void)
{
    FILE *f;

    load_conf("%s", "");
    CU_ASSERT_FALSE(tls_is_configured());
    check_complaint(1, "not both set");
    load_conf("tls_server_cert: disabled\ntls_server_key: disabled\n");
    CU_ASSERT_FALSE(tls_is_configured());
    load_conf("tls_server_cert: /nonexistent/c.pem\ntls_server_key: %s\n", certs_path("rsa.key"));
    CU_ASSERT(tls_is_configured());
    check_complaint(2, "tls_server_cert: cannot read /nonexistent/c.pem (No such file");
    load_conf("tls_server_cert: %s\ntls_server_key: /nonexistent/k\n", certs_path("rsa.pem"));
    check_complaint(3, "tls_server_key: cannot read /nonexistent/k");
    load_conf("tls_server_cert: %s\ntls_server_key: %s\n", certs_path("rsa.pem"), certs_path("ec.key"));
    check_complaint(4, "tls_server_key");
    f = fopen(certs_path("garbage"), "w");
    fputs("not PEM\n", f);
    fclose(f);
    load_conf("tls_server_cert: %s\ntls_server_key: %s\n", certs_path("garbage"), certs_path("rsa.key"));
    check_complaint(5, "PEM form");
    load_conf("tls_server_cert: %s, %s\ntls_server_key: %s\n", certs_path("rsa.pem"), certs_path("ec.pem"),
              certs_path("rsa.key"));
    check_complaint(6, "fewer files");
    load_pair("tls_versions: tls9\n");
    check_complaint(7, "tls_versions");
    load_pair("tls_ciphers: NOSUCH\n");
    check_complaint(8, "tls_ciphers");
    load_pair("tls_eccurve: nosuch\n");
    check_complaint(9, "tls_eccurve");
    load_pair("tls_client_certs: require\n");
    check_complaint(10, "tls_client_ca_file");
    load_pair("tls_server_dhparam: /nonexistent\n");
    check_complaint(11, "tls_server_dhparam");
}

TEST_SUITE("tls", { "versions", test_versions }, { "two pairs", test_two_pairs },
           { "client verifies", test_client_verifies },
           { "client certificates", test_client_certificates },
           { "injection", test_injection_is_dropped }, { "not tls", test_not_tls },
           { "wait", test_wait }, { "resumption", test_resumption },
           { "resumption off", test_no_resumption_when_off }, { "complaints", test_complaints })

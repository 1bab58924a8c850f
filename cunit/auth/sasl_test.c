/* sasl_test.c - the server's dialogues, against the client's where there is one
 * covers: AU-01 AU-06 AU-07 AU-08 AU-12 AU-15 AU-16 AU-17 AU-18 AU-19 AU-20 AU-21 AU-27 DL-01
 */
#include "cunit/auth/auth_test.h"
#include "cunit/test.h"
#include "lib/auth/sasl_client.h"
#include "lib/auth/sasl_server.h"
#include "lib/conf/conf.h"

#define ALL_MECHS "sasl_mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256 ANONYMOUS EXTERNAL\n"

static struct sasl_server *open_server(bool is_lmtp, const struct sasl_outer *outer)
{
    struct sasl_server_config cfg = { .service = "imap", .local_ip_port = "127.0.0.1;143",
                                      .remote_ip_port = "127.0.0.1;4000", .is_lmtp = is_lmtp };
    struct sasl_server *s = NULL;

    if (sasl_server_open(&cfg, &s) != ERR_OK || (outer && sasl_server_set_tls(s, outer) != ERR_OK))
        CU_FAIL_FATAL("no server");
    return s;
}

static const struct sasl_outer tls = {
    .ssf = 256, .nbindings = 2,
    .bindings = { { "tls-exporter", { "0123456789abcdef0123456789abcdef", 32 } },
                  { "tls-unique", { "abcdefghijkl", 12 } } } };
static const struct sasl_outer tls_unique = {
    .ssf = 256, .nbindings = 1, .bindings = { { "tls-unique", { "abcdefghijkl", 12 } } } };
static const struct sasl_outer tls_alice = { .ssf = 256, .external_id = "alice" };

/* ---- which mechanisms ---- */

static const struct {
    const char *conf;
    const struct sasl_outer *outer;
    const char *with, *without;         /* blank-separated words */
    bool plain;
} mech_rows[] = {
    { "allowplaintext: yes\n", NULL, "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256", "EXTERNAL ANONYMOUS SCRAM-SHA-256-PLUS", true },
    { "allowplaintext: no\n", NULL, "CRAM-MD5 DIGEST-MD5 SCRAM-SHA-256", "PLAIN LOGIN", false },
    { "allowplaintext: no\n", &tls, "PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "EXTERNAL", true },
    { "allowplaintext: yes\ntls_required: yes\n", NULL, "", "PLAIN CRAM-MD5 SCRAM-SHA-256", false },
    { "tls_required: yes\n", &tls, "PLAIN CRAM-MD5", "", true },
    { "allowplaintext: no\n", &tls_alice, "EXTERNAL PLAIN", "", true },
    { "allowanonymouslogin: yes\n", NULL, "ANONYMOUS", "PLAIN", false },
    { "sasl_minimum_layer: 1\nallowplaintext: yes\n", NULL, "DIGEST-MD5", "PLAIN CRAM-MD5", true },
};

static bool has_word(const struct buf *text, struct slice word)
{
    struct slice rest = buf_slice(text), head;

    while (rest.n > 0) {
        rest = slice_split(rest, ' ', &head, NULL);
        if (slice_eq(head, word))
            return true;
    }
    return false;
}

/* Every word of the list is (not) there as AUTH=word. */
static bool all_words(const struct buf *text, const char *list, bool there)
{
    struct slice rest = slice_cstr(list), word;
    struct buf full = BUF_INIT;
    bool ok = true;

    while (rest.n > 0) {
        rest = slice_split(rest, ' ', &word, NULL);
        buf_reset(&full);
        buf_addf(&full, "AUTH=%.*s", SLICE_ARG(word));
        ok = ok && has_word(text, buf_slice(&full)) == there;
    }
    buf_fini(&full);
    return ok;
}

static void test_mechs(void)
{
    auth_start();
    for (size_t i = 0; i < sizeof mech_rows / sizeof *mech_rows; i++) {
        char conf[600];
        struct buf text = BUF_INIT;
        snprintf(conf, sizeof conf, "%s%s", ALL_MECHS, mech_rows[i].conf);
        auth_conf(conf);
        struct sasl_server *s = open_server(false, mech_rows[i].outer);
        sasl_server_mechs(s, "AUTH=", " ", &text);
        CU_CHECK_ROW(i, all_words(&text, mech_rows[i].with, true));
        CU_CHECK_ROW(i, all_words(&text, mech_rows[i].without, false));
        CU_CHECK_ROW(i, sasl_server_plain_allowed(s) == mech_rows[i].plain);
        sasl_server_close(&s);
        buf_fini(&text);
    }
}

/* ---- one round: PLAIN ---- */

static bool act_fred_only(void *arg, struct slice authn, struct slice authz)
{
    (void)arg;
    return slice_eqs(authn, "bob") && slice_eqs(authz, "fred");
}

static const struct {
    const char *conf;
    struct slice message;
    err_t err;
    const char *userid, *authid;
} plain_rows[] = {
    { "", { "\0alice\0secret", 13 }, ERR_OK, "alice", "alice" },
    { "", { "\0Alice\0secret", 13 }, ERR_OK, "alice", "alice" },
    { "", { "alice\0alice\0secret", 18 }, ERR_OK, "alice", "alice" },
    { "", { "\0alice\0wrong", 12 }, ERR_AUTH, NULL, NULL },
    { "", { "\0nosuch\0secret", 14 }, ERR_AUTH, NULL, NULL },
    { "", { "\0alice\0", 7 }, ERR_AUTH, NULL, NULL },
    { "", { "\0a/b\0secret", 11 }, ERR_AUTH, NULL, NULL },
    { "", { "\0alice@foo\0secret", 17 }, ERR_DENIED, NULL, NULL },
    { "", { "bob\0alice\0secret", 16 }, ERR_DENIED, NULL, NULL },
    { "admins: admin\n", { "bob\0admin\0secret", 16 }, ERR_OK, "bob", "admin" },
    { "proxyservers: proxy\n", { "bob\0proxy\0secret", 16 }, ERR_OK, "bob", "proxy" },
    { "loginuseacl: yes\n", { "fred\0bob\0secret", 15 }, ERR_OK, "fred", "bob" },
    { "loginuseacl: yes\n", { "alice\0bob\0secret", 16 }, ERR_DENIED, NULL, NULL },
    { "loginuseacl: no\n", { "fred\0bob\0secret", 15 }, ERR_DENIED, NULL, NULL },
    { "", { "", 0 }, ERR_AUTH, NULL, NULL },
    { "", { "nonsense", 8 }, ERR_AUTH, NULL, NULL },
    { "", { "\0alice\0secret\0", 14 }, ERR_AUTH, NULL, NULL },
};

static void test_plain(void)
{
    auth_start();
    for (size_t i = 0; i < sizeof plain_rows / sizeof *plain_rows; i++) {
        char conf[600];
        struct sasl_server_config cfg = { .service = "imap", .may_act = act_fred_only };
        struct sasl_server *s;
        struct buf challenge = BUF_INIT;
        snprintf(conf, sizeof conf, "allowplaintext: yes\n%s%s", ALL_MECHS, plain_rows[i].conf);
        auth_conf(conf);
        CU_ASSERT_EQUAL_FATAL(sasl_server_open(&cfg, &s), ERR_OK);
        err_t err = sasl_server_begin(s, SLICE_LIT("plain"), &plain_rows[i].message, &challenge);
        /* an empty or odd message may also count as malformed */
        CU_CHECK_ROW(i, err == plain_rows[i].err || (plain_rows[i].err == ERR_AUTH && err == ERR_SYNTAX));
        if (err == ERR_OK) {
            CU_CHECK_ROW(i, slice_eqs(sasl_server_userid(s), plain_rows[i].userid));
            CU_CHECK_ROW(i, slice_eqs(sasl_server_authid(s), plain_rows[i].authid));
            CU_CHECK_ROW(i, slice_eqs(slice_cstr(sasl_server_mech(s)), "PLAIN"));
        } else {
            CU_CHECK_ROW(i, *sasl_server_error(s) != '\0');
            CU_CHECK_ROW(i, strstr(sasl_server_error(s), "secret") == NULL);
            CU_CHECK_ROW(i, sasl_server_userid(s).n == 0);
        }
        sasl_server_close(&s);
        buf_fini(&challenge);
    }
}

static void test_lmtp_needs_admin(void)
{
    const struct slice user = { "\0alice\0secret", 13 }, lmtp = { "\0lmtpuser\0secret", 16 };
    struct buf challenge = BUF_INIT;

    auth_start();
    auth_conf("allowplaintext: yes\nlmtp_admins: lmtpuser\n" ALL_MECHS);
    struct sasl_server *s = open_server(true, NULL);
    CU_ASSERT_EQUAL(sasl_server_begin(s, SLICE_LIT("PLAIN"), &user, &challenge), ERR_DENIED);
    CU_ASSERT_STRING_EQUAL(sasl_server_error(s), "only admins may authenticate");
    CU_ASSERT_EQUAL(sasl_server_begin(s, SLICE_LIT("PLAIN"), &lmtp, &challenge), ERR_OK);
    CU_ASSERT_EQUAL(sasl_server_password(s, SLICE_LIT("alice"), SLICE_LIT("secret")), ERR_DENIED);
    sasl_server_close(&s);
    buf_fini(&challenge);
}

/* ---- several rounds ---- */

static void test_steps_and_cancel(void)
{
    struct buf challenge = BUF_INIT;

    auth_start();
    auth_conf("allowplaintext: yes\n" ALL_MECHS);
    struct sasl_server *s = open_server(false, NULL);
    CU_ASSERT_EQUAL(sasl_server_begin(s, SLICE_LIT("LOGIN"), NULL, &challenge), ERR_AGAIN);
    CU_ASSERT(challenge.n > 0);
    sasl_server_cancel(s);
    /* after a cancelled one a new dialogue is possible */
    CU_ASSERT_EQUAL(sasl_server_begin(s, SLICE_LIT("LOGIN"), NULL, &challenge), ERR_AGAIN);
    CU_ASSERT_EQUAL(sasl_server_next(s, SLICE_LIT("alice"), &challenge), ERR_AGAIN);
    CU_ASSERT_EQUAL(sasl_server_next(s, SLICE_LIT("secret"), &challenge), ERR_OK);
    CU_ASSERT(slice_eqs(sasl_server_userid(s), "alice"));
    CU_ASSERT_EQUAL(sasl_server_begin(s, SLICE_LIT("NOSUCH"), NULL, &challenge), ERR_UNSUPPORTED);
    CU_ASSERT_EQUAL(sasl_server_begin(s, SLICE_LIT("BAD NAME"), NULL, &challenge), ERR_UNSUPPORTED);
    CU_ASSERT_EQUAL(sasl_server_begin(s, SLICE_LIT(""), NULL, &challenge), ERR_UNSUPPORTED);
    CU_ASSERT(sasl_server_userid(s).n == 0);
    sasl_server_close(&s);
    buf_fini(&challenge);
}

struct run {
    const char *mech, *user, *password;
    const struct sasl_outer *outer;             /* of the server; the client's is the same, or */
    unsigned max_ssf;
    err_t err;
    bool layer;
    const struct sasl_outer *client_outer;      /* this */
};

/* Let our client and our server talk.  Result of the server, or ERR_UNSUPPORTED when the client
 * cannot. */
static err_t converse(const struct run *r, struct sasl_server *s, struct sasl_client *c)
{
    struct buf to_server = BUF_INIT, to_client = BUF_INIT;
    bool initial;
    err_t err = sasl_client_begin(c, slice_cstr(r->mech), true, &to_server, &initial);

    if (err == ERR_OK) {
        struct slice first = buf_slice(&to_server);
        err = sasl_server_begin(s, slice_cstr(r->mech), initial ? &first : NULL, &to_client);
    }
    for (int i = 0; i < 10 && (err == ERR_AGAIN || (err == ERR_OK && to_client.n > 0)); i++) {
        err_t end = err;
        err = sasl_client_next(c, buf_slice(&to_client), &to_server);
        if (err || end == ERR_OK)
            break;
        err = sasl_server_next(s, buf_slice(&to_server), &to_client);
    }
    buf_fini(&to_server);
    buf_fini(&to_client);
    return err;
}

/* Bytes through both ends of a layer. */
static void check_layer(size_t row, struct sasl_server *s, struct sasl_client *c)
{
    struct sasl_layer server, client;
    struct slice wire, plain;

    CU_CHECK_ROW(row, sasl_server_wrap(s, &server) && sasl_client_wrap(c, &client));
    CU_CHECK_ROW(row, sasl_client_ssf(c) > 1);
    CU_CHECK_ROW(row, client.encode(client.arg, SLICE_LIT("a NOOP\r\n"), &wire) == ERR_OK);
    CU_CHECK_ROW(row, slice_search(wire, SLICE_LIT("NOOP")) < 0);
    CU_CHECK_ROW(row, server.decode(server.arg, slice_cut(wire, 0, 3), &plain) == ERR_OK && plain.n == 0);
    CU_CHECK_ROW(row, server.decode(server.arg, slice_skip(wire, 3), &plain) == ERR_OK);
    CU_CHECK_ROW(row, slice_eqs(plain, "a NOOP\r\n"));
    CU_CHECK_ROW(row, server.encode(server.arg, SLICE_LIT("a OK\r\n"), &wire) == ERR_OK);
    CU_CHECK_ROW(row, client.decode(client.arg, wire, &plain) == ERR_OK);
    CU_CHECK_ROW(row, slice_eqs(plain, "a OK\r\n"));
    CU_CHECK_ROW(row, server.maxout > 0);
}

static const struct run runs[] = {
    { "PLAIN", "alice", "secret", NULL, 0, ERR_OK, false, NULL },
    { "LOGIN", "alice", "secret", NULL, 0, ERR_OK, false, NULL },
    { "CRAM-MD5", "alice", "secret", NULL, 0, ERR_OK, false, NULL },
    { "CRAM-MD5", "alice", "wrong", NULL, 0, ERR_AUTH, false, NULL },
    { "CRAM-MD5", "nosuch", "secret", NULL, 0, ERR_AUTH, false, NULL },
    { "DIGEST-MD5", "alice", "secret", NULL, 0, ERR_OK, false, NULL },
    { "DIGEST-MD5", "alice", "secret", NULL, 256, ERR_OK, true, NULL },
    { "DIGEST-MD5", "alice", "wrong", NULL, 0, ERR_AUTH, false, NULL },
    { "SCRAM-SHA-1", "alice", "secret", NULL, 0, ERR_OK, false, NULL },
    { "SCRAM-SHA-256", "alice", "secret", NULL, 0, ERR_OK, false, NULL },
    { "SCRAM-SHA-256", "alice", "wrong", NULL, 0, ERR_AUTH, false, NULL },
    { "SCRAM-SHA-256", "nosuch", "wrong", NULL, 0, ERR_AUTH, false, NULL },
    { "SCRAM-SHA-256-PLUS", "alice", "secret", &tls, 0, ERR_OK, false, NULL },
    { "SCRAM-SHA-256-PLUS", "alice", "wrong", &tls, 0, ERR_AUTH, false, NULL },
    { "SCRAM-SHA-256-PLUS", "alice", "secret", &tls, 0, ERR_OK, false, &tls_unique },
};

static void test_mechanisms(void)
{
    auth_start();
    auth_conf("allowplaintext: yes\n" ALL_MECHS);
    CU_ASSERT_EQUAL_FATAL(sasl_client_setup(), ERR_OK);
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        const struct run *r = &runs[i];
        struct sasl_client_config cfg = { .service = "imap", .host = "localhost", .authname = r->user,
                                          .password = r->password, .max_ssf = r->max_ssf };
        struct sasl_client *c;
        struct sasl_server *s = open_server(false, r->outer);
        CU_ASSERT_EQUAL_FATAL(sasl_client_open(&cfg, &c), ERR_OK);
        if (r->outer)
            CU_ASSERT_EQUAL(sasl_client_set_tls(c, r->client_outer ? r->client_outer : r->outer), ERR_OK);
        CU_CHECK_ROW(i, converse(r, s, c) == r->err);
        if (r->err == ERR_OK) {
            CU_CHECK_ROW(i, slice_eqs(sasl_server_userid(s), r->user));
            CU_CHECK_ROW(i, sasl_client_is_done(c));
        }
        if (r->layer)
            check_layer(i, s, c);
        sasl_client_close(&c);
        sasl_server_close(&s);
    }
}

/* A man in the middle of TLS has another channel. */
static void test_channel_binding_differs(void)
{
    static const struct sasl_outer other = {
        .ssf = 256, .nbindings = 1,
        .bindings = { { "tls-exporter", { "ffffffffffffffffffffffffffffffff", 32 } } } };
    const struct run r = { .mech = "SCRAM-SHA-256-PLUS" };
    struct sasl_client_config cfg = { .service = "imap", .host = "localhost", .authname = "alice",
                                      .password = "secret" };
    struct sasl_client *c;

    auth_start();
    auth_conf(ALL_MECHS);
    struct sasl_server *s = open_server(false, &tls);
    CU_ASSERT_EQUAL_FATAL(sasl_client_open(&cfg, &c), ERR_OK);
    CU_ASSERT_EQUAL(sasl_client_set_tls(c, &other), ERR_OK);
    CU_ASSERT_NOT_EQUAL(converse(&r, s, c), ERR_OK);
    CU_ASSERT(sasl_server_userid(s).n == 0);
    sasl_client_close(&c);
    sasl_server_close(&s);
}

static void test_external(void)
{
    struct buf challenge = BUF_INIT;
    struct slice none = SLICE_LIT(""), bob = SLICE_LIT("bob");

    auth_start();
    auth_conf(ALL_MECHS);
    struct sasl_server *s = open_server(false, &tls_alice);
    CU_ASSERT_EQUAL(sasl_server_begin(s, SLICE_LIT("EXTERNAL"), &none, &challenge), ERR_OK);
    CU_ASSERT(slice_eqs(sasl_server_userid(s), "alice"));
    CU_ASSERT_NOT_EQUAL(sasl_server_begin(s, SLICE_LIT("EXTERNAL"), &bob, &challenge), ERR_OK);
    CU_ASSERT(sasl_server_userid(s).n == 0);
    sasl_server_close(&s);
    s = open_server(false, NULL);
    CU_ASSERT_NOT_EQUAL(sasl_server_begin(s, SLICE_LIT("EXTERNAL"), &none, &challenge), ERR_OK);
    sasl_server_set_preauth(s, "postman");
    CU_ASSERT_EQUAL(sasl_server_begin(s, SLICE_LIT("EXTERNAL"), &none, &challenge), ERR_OK);
    CU_ASSERT(slice_eqs(sasl_server_userid(s), "postman"));
    sasl_server_close(&s);
    buf_fini(&challenge);
}

/* ---- passwords ---- */

static const struct {
    const char *conf;
    struct slice user, password;
    err_t err;
} password_rows[] = {
    { "allowplaintext: yes\n", { "alice", 5 }, { "secret", 6 }, ERR_OK },
    { "allowplaintext: yes\n", { "ALICE ", 6 }, { "secret", 6 }, ERR_OK },
    { "allowplaintext: yes\n", { "alice", 5 }, { "wrong", 5 }, ERR_AUTH },
    { "allowplaintext: yes\n", { "alice", 5 }, { "", 0 }, ERR_AUTH },
    { "allowplaintext: yes\n", { "alice", 5 }, { "secret\0x", 8 }, ERR_AUTH },
    { "allowplaintext: yes\n", { "alice\0x", 7 }, { "secret", 6 }, ERR_BADNAME },
    { "allowplaintext: yes\n", { "", 0 }, { "secret", 6 }, ERR_BADNAME },
    { "allowplaintext: yes\n", { "alice@x", 7 }, { "secret", 6 }, ERR_AUTH },
    { "allowplaintext: yes\n", { "anonymous", 9 }, { "x", 1 }, ERR_DENIED },
    { "allowplaintext: yes\nallowanonymouslogin: yes\n", { "anonymous", 9 }, { "x", 1 }, ERR_OK },
    { "allowplaintext: no\n", { "alice", 5 }, { "secret", 6 }, ERR_DENIED },
    { "allowplaintext: yes\ntls_required: yes\n", { "alice", 5 }, { "secret", 6 }, ERR_DENIED },
    { "allowplaintext: yes\nsasl_pwcheck_method: saslauthd\nsasl_saslauthd_path: /nonexistent/mux\n",
      { "alice", 5 }, { "secret", 6 }, ERR_IO },
};

static void test_passwords(void)
{
    auth_start();
    for (size_t i = 0; i < sizeof password_rows / sizeof *password_rows; i++) {
        auth_conf(password_rows[i].conf);
        struct sasl_server *s = open_server(false, NULL);
        err_t err = sasl_server_password(s, password_rows[i].user, password_rows[i].password);
        CU_CHECK_ROW(i, err == password_rows[i].err);
        CU_CHECK_ROW(i, (sasl_server_userid(s).n > 0) == (err == ERR_OK));
        CU_CHECK_ROW(i, slice_eqs(slice_cstr(sasl_server_mech(s)), "plaintext"));
        sasl_server_close(&s);
    }
}

static void test_trust(void)
{
    auth_start();
    struct sasl_server *s = open_server(false, NULL);
    CU_ASSERT_EQUAL(sasl_server_trust(s, SLICE_LIT("Fred")), ERR_OK);
    CU_ASSERT(slice_eqs(sasl_server_userid(s), "fred"));
    CU_ASSERT_NOT_EQUAL(sasl_server_trust(s, SLICE_LIT("a/b")), ERR_OK);
    sasl_server_close(&s);
}

static void test_apop(void)
{
    auth_start();
    auth_conf("allowapop: no\n");
    struct sasl_server *s = open_server(false, NULL);
    CU_ASSERT_PTR_NULL(sasl_server_apop_challenge(s));
    CU_ASSERT_EQUAL(sasl_server_apop(s, SLICE_LIT("alice"), SLICE_LIT("00")), ERR_UNSUPPORTED);
    sasl_server_close(&s);
    auth_conf("allowapop: yes\n");
    s = open_server(false, NULL);
    const char *challenge = sasl_server_apop_challenge(s);
    if (challenge) {                            /* the library may be built without */
        CU_ASSERT(challenge[0] == '<' && strchr(challenge, '@'));
        CU_ASSERT_PTR_EQUAL(sasl_server_apop_challenge(s), challenge);
        CU_ASSERT_NOT_EQUAL(sasl_server_apop(s, SLICE_LIT("alice"), SLICE_LIT("00112233445566778899aabbccddeeff")),
                            ERR_OK);
    }
    sasl_server_close(&s);
}

static void test_anonymous_mech(void)
{
    struct buf challenge = BUF_INIT;
    struct slice trace = SLICE_LIT("me@example");

    auth_start();
    auth_conf("allowanonymouslogin: yes\n" ALL_MECHS);
    struct sasl_server *s = open_server(false, NULL);
    CU_ASSERT_EQUAL(sasl_server_begin(s, SLICE_LIT("ANONYMOUS"), &trace, &challenge), ERR_OK);
    CU_ASSERT(slice_eqs(sasl_server_userid(s), "anonymous"));
    sasl_server_close(&s);
    auth_conf(ALL_MECHS);
    s = open_server(false, NULL);
    CU_ASSERT_NOT_EQUAL(sasl_server_begin(s, SLICE_LIT("ANONYMOUS"), &trace, &challenge), ERR_OK);
    sasl_server_close(&s);
    buf_fini(&challenge);
}

TEST_SUITE("sasl", { "mechs", test_mechs }, { "plain", test_plain },
           { "lmtp", test_lmtp_needs_admin }, { "steps", test_steps_and_cancel },
           { "mechanisms", test_mechanisms }, { "channel binding", test_channel_binding_differs },
           { "external", test_external }, { "passwords", test_passwords }, { "trust", test_trust },
           { "apop", test_apop }, { "anonymous", test_anonymous_mech })

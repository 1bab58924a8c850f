/* login_test.c - who gets in, who does not, and what is left behind
 * covers: AU-15 AU-17 AU-18 AU-24 AU-25 AU-26 AU-29 AU-36 AU-37 ST-02 ST-03 ST-04 ST-15
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cunit/serve/daemon.h"
#include "cunit/test.h"
#include "imap/serve/serve.h"
#include "lib/auth/sasl_client.h"
#include "lib/base/clock.h"
#include "lib/conf/conf.h"
#include "lib/db/db.h"

static const char *const once[] = { "-U", "0", NULL };

static int result(const char *answer)
{
    return *answer ? (int)strtol(answer, NULL, 10) : -1;
}

static const struct {
    const char *conf, *line;
    int result;
    const char *words;
} rows[] = {
    { "", "login alice secret", LOGIN_OK, "" },
    { "", "login ALICE secret", LOGIN_OK, "" },
    { "", "login alice wrong", LOGIN_FAILED, "authentication failure" },
    { "", "login nosuch secret", LOGIN_FAILED, "authentication failure" },
    { "", "login a/b secret", LOGIN_FAILED, "Invalid user" },
    { "", "login alice@other secret", LOGIN_FAILED, "authentication failure" },
    { "", "login anonymous x", LOGIN_DENIED, "Anonymous login is not permitted" },
    { "allowanonymouslogin: yes\n", "login anonymous x", LOGIN_OK, "" },
    { "sasl_mech_list: PLAIN LOGIN\n", "auth PLAIN |alice|secret", LOGIN_OK, "" },
    { "sasl_mech_list: PLAIN LOGIN\n", "auth PLAIN |alice|wrong", LOGIN_FAILED, "authentication failure" },
    { "sasl_mech_list: PLAIN LOGIN\n", "auth PLAIN bob|admin|secret", LOGIN_OK, "" },
    { "sasl_mech_list: PLAIN LOGIN\n", "auth PLAIN bob|alice|secret", LOGIN_DENIED, "not authorized" },
    { "sasl_mech_list: PLAIN LOGIN\n", "auth NOSUCH", LOGIN_NO_MECH, "no mechanism available" },
    { "sasl_mech_list: PLAIN LOGIN\n", "auth LOGIN", LOGIN_CONTINUE, NULL },
    { "tls_required: yes\n", "auth PLAIN |alice|secret", LOGIN_DENIED, "encryption needed to use mechanism" },
    { "plaintextloginalert: use TLS\n", "login alice secret", LOGIN_OK, "use TLS" },
};

static void test_results(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct daemon d;
        daemon_conf(rows[i].conf);
        daemon_start(&d, once);
        struct stream *s = daemon_connect(&d);
        const char *answer = daemon_ask(s, "%s", rows[i].line);
        CU_CHECK_ROW(i, result(answer) == rows[i].result);
        if (rows[i].words)
            CU_CHECK_ROW(i, strchr(answer, ' ') && strcmp(strchr(answer, ' ') + 1, rows[i].words) == 0);
        stream_close(&s);
        CU_CHECK_ROW(i, daemon_wait(&d) == 0);
    }
}

static void test_store_down(void)
{
    struct daemon d;

    daemon_conf("imaptest_sasl_pwcheck_method: saslauthd\n"
                "sasl_saslauthd_path: /nonexistent/mux\n");
    daemon_start(&d, once);
    struct stream *s = daemon_connect(&d);
    CU_ASSERT_EQUAL(result(daemon_ask(s, "login alice secret")), LOGIN_UNAVAILABLE);
    stream_close(&s);
    CU_ASSERT_EQUAL(daemon_wait(&d), 0);
}

static void test_dialogue(void)
{
    struct daemon d;

    daemon_conf("sasl_mech_list: PLAIN LOGIN\n");
    daemon_start(&d, once);
    struct stream *s = daemon_connect(&d);
    CU_ASSERT_EQUAL(result(daemon_ask(s, "auth LOGIN")), LOGIN_CONTINUE);
    CU_ASSERT_EQUAL(result(daemon_ask(s, "cancel")), LOGIN_CANCELLED);
    CU_ASSERT_EQUAL(result(daemon_ask(s, "auth LOGIN")), LOGIN_CONTINUE);
    CU_ASSERT_EQUAL(result(daemon_ask(s, "step alice")), LOGIN_CONTINUE);
    CU_ASSERT_EQUAL(result(daemon_ask(s, "step secret")), LOGIN_OK);
    stream_close(&s);
    CU_ASSERT_EQUAL(daemon_wait(&d), 0);
}

/* Our client's part of a DIGEST-MD5 dialogue, whose messages are text. */
static void talk_digest(struct stream *s, struct sasl_client *c)
{
    struct buf response = BUF_INIT;
    bool initial;

    CU_ASSERT_EQUAL(sasl_client_begin(c, SLICE_LIT("DIGEST-MD5"), false, &response, &initial), ERR_OK);
    const char *answer = daemon_ask(s, "auth DIGEST-MD5");
    for (int i = 0; i < 3 && result(answer) == LOGIN_CONTINUE; i++) {
        CU_ASSERT_EQUAL(sasl_client_next(c, slice_cstr(answer + 2), &response), ERR_OK);
        answer = daemon_ask(s, "step %s", buf_cstr(&response));
    }
    CU_ASSERT_EQUAL(result(answer), LOGIN_OK);
    buf_fini(&response);
}

/* The layer stays on the stream whoever logs in and out behind it. */
static void test_layer_outlives_login(void)
{
    struct sasl_client_config cfg = { .service = "imap", .host = "localhost", .authname = "alice",
                                      .password = "secret", .min_ssf = 56, .max_ssf = 256 };
    struct sasl_client *c;
    struct sasl_layer layer;
    struct daemon d;

    daemon_conf("sasl_mech_list: DIGEST-MD5 PLAIN\n");
    CU_ASSERT_EQUAL_FATAL(sasl_client_setup(), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(sasl_client_open(&cfg, &c), ERR_OK);
    daemon_start(&d, once);
    struct stream *s = daemon_connect(&d);
    talk_digest(s, c);
    CU_ASSERT_STRING_EQUAL(daemon_ask(s, "layer"), "ok");
    CU_ASSERT_FATAL(sasl_client_wrap(c, &layer));
    struct stream_wrap wrap = { layer.arg, layer.encode, layer.decode, layer.maxout };
    CU_ASSERT_EQUAL(stream_start_wrap(s, &wrap), ERR_OK);
    CU_ASSERT(strncmp(daemon_ask(s, "who"), "alice 0 ", 8) == 0);
    CU_ASSERT_STRING_EQUAL(daemon_ask(s, "logout"), "ok");
    CU_ASSERT(strncmp(daemon_ask(s, "who"), "- 0 ", 4) == 0);
    CU_ASSERT_EQUAL(result(daemon_ask(s, "login admin secret")), LOGIN_OK);
    CU_ASSERT(strncmp(daemon_ask(s, "who"), "admin 1 ", 8) == 0);
    CU_ASSERT_EQUAL(result(daemon_ask(s, "login bob secret")), LOGIN_OK);
    CU_ASSERT(strncmp(daemon_ask(s, "who"), "bob 0 ", 6) == 0);
    stream_close(&s);
    sasl_client_close(&c);
    CU_ASSERT_EQUAL(daemon_wait(&d), 0);
}

static void test_no_password_option(void)
{
    static const char *const args[] = { "-N", "-U", "0", NULL };
    struct daemon d;

    daemon_conf("");
    daemon_start(&d, args);
    struct stream *s = daemon_connect(&d);
    CU_ASSERT_EQUAL(result(daemon_ask(s, "login ../x any")), LOGIN_FAILED);
    CU_ASSERT_EQUAL(result(daemon_ask(s, "login Fred any")), LOGIN_OK);
    CU_ASSERT(strncmp(daemon_ask(s, "who"), "fred ", 5) == 0);
    stream_close(&s);
    CU_ASSERT_EQUAL(daemon_wait(&d), 0);
}

/* A client that leaves during the pause does not keep the process for its length. */
static void test_pause_ends_with_the_client(void)
{
    struct daemon d;

    daemon_conf("failedloginpause: 50s\n");
    daemon_start(&d, once);
    uint64_t begin = clock_mono_ms();
    struct stream *s = daemon_connect(&d);
    stream_puts(s, "login alice wrong\r\n");
    CU_ASSERT_EQUAL(stream_flush(s), ERR_OK);
    stream_close(&s);
    CU_ASSERT_EQUAL(daemon_wait(&d), 0);
    CU_ASSERT(clock_mono_ms() - begin < 30000);
}

/* What was pipelined behind a failure waits for the pause, too. */
static void test_pause_is_kept(void)
{
    struct daemon d;
    struct slice line;

    daemon_conf("failedloginpause: 1s\n");
    daemon_start(&d, once);
    struct stream *s = daemon_connect(&d);
    daemon_ask(s, "who");
    uint64_t begin = clock_mono_ms();
    CU_ASSERT_EQUAL(result(daemon_ask(s, "login alice wrong\r\nwho")), LOGIN_FAILED);
    CU_ASSERT(clock_mono_ms() - begin >= 990);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    stream_close(&s);
    CU_ASSERT_EQUAL(daemon_wait(&d), 0);
}

static void test_max_logins(void)
{
    struct daemon d[3];
    struct stream *s[3];

    daemon_conf("maxlogins_per_user: 2\nmaxlogins_per_host: 10\n");
    for (int i = 0; i < 3; i++) {
        daemon_start(&d[i], once);
        s[i] = daemon_connect(&d[i]);
    }
    CU_ASSERT_EQUAL(result(daemon_ask(s[0], "login alice secret")), LOGIN_OK);
    CU_ASSERT_EQUAL(result(daemon_ask(s[1], "login alice secret")), LOGIN_OK);
    CU_ASSERT_EQUAL(result(daemon_ask(s[2], "login alice secret")), LOGIN_TOO_MANY);
    CU_ASSERT_EQUAL(result(daemon_ask(s[2], "login bob secret")), LOGIN_OK);
    for (int i = 0; i < 3; i++) {
        stream_close(&s[i]);
        CU_ASSERT_EQUAL(daemon_wait(&d[i]), 0);
    }
    daemon_conf("maxlogins_per_host: 1\n");
    for (int i = 0; i < 2; i++) {
        daemon_start(&d[i], once);
        s[i] = daemon_connect(&d[i]);
        daemon_ask(s[i], "who");
    }
    CU_ASSERT_EQUAL(result(daemon_ask(s[1], "login alice secret")), LOGIN_TOO_MANY);
    stream_close(&s[0]);
    CU_ASSERT_EQUAL(daemon_wait(&d[0]), 0);
    CU_ASSERT_EQUAL(result(daemon_ask(s[1], "login alice secret")), LOGIN_OK);
    stream_close(&s[1]);
    CU_ASSERT_EQUAL(daemon_wait(&d[1]), 0);
}

/* ---- user_deny.db ---- */

static const struct {
    const char *value, *words;      /* NULL: lets in */
} deny_rows[] = {
    { "2\timaptest\tgo away", "go away" },
    { "2\t*\t", "Access to this service has been blocked" },
    { "2\tpop3,imap*\tno mail for you", "no mail for you" },
    { "2\tpop3,lmtp\tx", NULL },
    { "2\t*,!imaptest\tx", NULL },
    { "2\t!imaptest,*\tx", "x" },
    { "1\timaptest", "Access to this service has been blocked" },
    { "9\timaptest\tx", NULL },
    { "nonsense", NULL },
    { "2\t\tx", NULL },
};

static void test_deny(void)
{
    for (size_t i = 0; i < sizeof deny_rows / sizeof *deny_rows; i++) {
        struct daemon d;
        struct db *db;
        daemon_conf("");
        CU_ASSERT_EQUAL_FATAL(db_open("flat", daemon_path("user_deny.db"), DB_CREATE, &db), ERR_OK);
        CU_ASSERT_EQUAL(db_store_now(db, SLICE_LIT("bob"), slice_cstr(deny_rows[i].value)), ERR_OK);
        db_close(&db);
        daemon_start(&d, once);
        struct stream *s = daemon_connect(&d);
        const char *answer = daemon_ask(s, "login bob secret");
        CU_CHECK_ROW(i, result(answer) == (deny_rows[i].words ? LOGIN_DENIED : LOGIN_OK));
        if (deny_rows[i].words) {
            CU_CHECK_ROW(i, strcmp(strchr(answer, ' ') + 1, deny_rows[i].words) == 0);
            CU_CHECK_ROW(i, result(daemon_ask(s, "login alice secret")) == LOGIN_OK);
        }
        stream_close(&s);
        CU_CHECK_ROW(i, daemon_wait(&d) == 0);
        unlink(daemon_path("user_deny.db"));
    }
}

/* ---- telemetry ---- */

static void read_telemetry(const char *name, char *text, size_t size)
{
    char path[400];

    snprintf(path, sizeof path, "log/alice/%s", name);
    FILE *f = fopen(daemon_path(path), "r");
    size_t n = f ? fread(text, 1, size - 1, f) : 0;
    text[n] = '\0';
    if (f)
        fclose(f);
}

static void test_telemetry(void)
{
    struct daemon d;
    char text[4000], name[300];

    mkdir(daemon_path("log"), 0700);
    mkdir(daemon_path("log/alice"), 0700);
    for (int by_id = 0; by_id < 2; by_id++) {
        daemon_conf(by_id ? "telemetry_bysessionid: yes\n" : "");
        daemon_start(&d, once);
        struct stream *s = daemon_connect(&d);
        daemon_ask(s, "login alice secret");
        snprintf(name, sizeof name, "imaptest-%d", (int)d.pid);
        if (by_id)
            snprintf(name, sizeof name, "%s", daemon_ask(s, "id"));
        daemon_ask(s, "end");
        stream_close(&s);
        CU_ASSERT_EQUAL(daemon_wait(&d), 0);
        read_telemetry(name, text, sizeof text);
        CU_ASSERT(strncmp(text, "---------- alice ", 17) == 0);
        CU_ASSERT(strstr(text, "\n\n>") != NULL);       /* the answer to the login is the first */
        CU_ASSERT(strstr(text, "<end\r\n>") != NULL);
        CU_ASSERT(strstr(text, ">no\r\n") != NULL);
        CU_ASSERT_PTR_NULL(strstr(text, "secret"));
    }
    rmdir(daemon_path("log/alice"));
}

TEST_SUITE("login", { "results", test_results }, { "store down", test_store_down },
           { "dialogue", test_dialogue }, { "layer", test_layer_outlives_login },
           { "no password", test_no_password_option },
           { "pause and leave", test_pause_ends_with_the_client }, { "pause", test_pause_is_kept },
           { "max logins", test_max_logins }, { "deny", test_deny }, { "telemetry", test_telemetry })

/* serve_test.c - contract with master, life of a process, options
 * covers: ST-06 ST-08 ST-24 MP-01
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cunit/net/certs.h"
#include "cunit/serve/daemon.h"
#include "cunit/test.h"
#include "imap/serve/cmdtable.h"
#include "imap/serve/limits.h"
#include "imap/serve/serve.h"
#include "lib/conf/conf.h"

enum { AVAILABLE = 1, UNAVAILABLE = 2, CONNECTION = 3 };

static const char *const once[] = { "-U", "0", NULL };
static const char *const twice[] = { "-U", "2", NULL };

static void test_messages_and_uses(void)
{
    struct daemon d;
    char first[200];

    daemon_conf("");
    daemon_start(&d, twice);
    struct stream *s = daemon_connect(&d);
    CU_ASSERT(strncmp(daemon_ask(s, "who"), "- 0 ", 4) == 0);
    CU_ASSERT_EQUAL(daemon_message(&d), UNAVAILABLE);
    CU_ASSERT_EQUAL(daemon_message(&d), CONNECTION);
    snprintf(first, sizeof first, "%s", daemon_ask(s, "id"));
    CU_ASSERT_STRING_EQUAL(daemon_ask(s, "quit"), "");
    CU_ASSERT_EQUAL(daemon_message(&d), AVAILABLE);
    stream_close(&s);
    s = daemon_connect(&d);
    /* the second client gets the same process and nothing of the first */
    CU_ASSERT_STRING_NOT_EQUAL(daemon_ask(s, "id"), first);
    CU_ASSERT_STRING_NOT_EQUAL(daemon_ask(s, "id"), "");
    CU_ASSERT_EQUAL(daemon_message(&d), UNAVAILABLE);
    CU_ASSERT_EQUAL(daemon_message(&d), CONNECTION);
    stream_close(&s);
    CU_ASSERT_EQUAL(daemon_message(&d), -1);    /* -U 2: it ends instead of being available */
    CU_ASSERT_EQUAL(daemon_wait(&d), 0);
    CU_ASSERT_EQUAL(access(daemon_path("socket/imaptest-0.lock"), F_OK), 0);
}

static void test_no_state_between_clients(void)
{
    struct daemon d;

    daemon_conf("");
    daemon_start(&d, NULL);
    struct stream *s = daemon_connect(&d);
    CU_ASSERT_STRING_EQUAL(daemon_ask(s, "login admin secret"), "0 ");
    CU_ASSERT(strncmp(daemon_ask(s, "who"), "admin 1 ", 8) == 0);
    stream_close(&s);
    s = daemon_connect(&d);
    CU_ASSERT(strncmp(daemon_ask(s, "who"), "- 0 ", 4) == 0);
    CU_ASSERT_STRING_EQUAL(daemon_ask(s, "login alice secret"), "0 ");
    CU_ASSERT(strncmp(daemon_ask(s, "who"), "alice 0 ", 8) == 0);
    CU_ASSERT_STRING_EQUAL(daemon_ask(s, "logout"), "ok");
    CU_ASSERT(strncmp(daemon_ask(s, "who"), "- 0 ", 4) == 0);
    CU_ASSERT_STRING_EQUAL(daemon_ask(s, "login bob secret"), "0 ");
    stream_close(&s);
    CU_ASSERT_EQUAL(daemon_stop(&d), 0);
}

static void test_signals_when_idle(void)
{
    static const int signals[] = { SIGTERM, SIGQUIT, SIGHUP };
    struct daemon d;

    daemon_conf("");
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        daemon_start(&d, NULL);
        struct stream *s = daemon_connect(&d);
        daemon_ask(s, "who");
        stream_close(&s);
        for (int m = 0; m < 3; m++)
            CU_CHECK_ROW(i, daemon_message(&d) > 0);
        kill(d.pid, signals[i]);
        CU_CHECK_ROW(i, daemon_message(&d) == UNAVAILABLE);
        CU_CHECK_ROW(i, daemon_wait(&d) == 0);
    }
}

/* TERM ends a session that waits for a command; HUP does not. */
static void test_signals_in_a_session(void)
{
    struct daemon d;
    struct slice line;

    daemon_conf("");
    daemon_start(&d, NULL);
    struct stream *s = daemon_connect(&d);
    CU_ASSERT_STRING_EQUAL(daemon_ask(s, "end"), "no");
    kill(d.pid, SIGHUP);
    CU_ASSERT_STRING_EQUAL(daemon_ask(s, "end"), "no");
    kill(d.pid, SIGTERM);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_CLOSED);
    stream_close(&s);
    CU_ASSERT_EQUAL(daemon_wait(&d), 0);
}

static void test_reuse_time(void)
{
    static const char *const one_second[] = { "-T", "1", NULL };
    struct daemon d;

    daemon_conf("");
    daemon_start(&d, one_second);
    CU_ASSERT_EQUAL(daemon_message(&d), UNAVAILABLE);   /* nobody came */
    CU_ASSERT_EQUAL(daemon_wait(&d), 0);
}

/* ---- proc file, title, shutdown ---- */

static void read_proc(struct daemon *d, char *text, size_t size)
{
    char name[40];

    snprintf(name, sizeof name, "proc/%d", (int)d->pid);
    FILE *f = fopen(daemon_path(name), "r");
    text[0] = '\0';
    if (f) {
        if (!fgets(text, (int)size, f))
            text[0] = '\0';
        fclose(f);
    }
}

static void test_proc_file(void)
{
    struct daemon d;
    char text[1000], client[300], want[1000];

    daemon_conf("");
    daemon_start(&d, once);
    struct stream *s = daemon_connect(&d);
    snprintf(client, sizeof client, "%s", daemon_ask(s, "who") + 4);
    CU_ASSERT(strstr(client, "[127.0.0.1]") != NULL);
    read_proc(&d, text, sizeof text);
    snprintf(want, sizeof want, "imaptest\t%s\t\t\t\n", client);
    CU_ASSERT_STRING_EQUAL(text, want);
    daemon_ask(s, "login alice secret");
    daemon_ask(s, "proc user.alice.a-rather-long-name Select");
    read_proc(&d, text, sizeof text);
    snprintf(want, sizeof want, "imaptest\t%s\talice\tuser.alice.a-rather-long-name\tSelect\n", client);
    CU_ASSERT_STRING_EQUAL(text, want);
    daemon_ask(s, "proc user.alice Fetch");
    read_proc(&d, text, sizeof text);
    snprintf(want, sizeof want, "imaptest\t%s\talice\tuser.alice\tFetch\n", client);
    CU_ASSERT_STRING_EQUAL(text, want);
    stream_close(&s);
    CU_ASSERT_EQUAL(daemon_wait(&d), 0);
    read_proc(&d, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "");
}

static void test_shutdown_file(void)
{
    struct daemon d;

    daemon_conf("");
    mkdir(daemon_path("msg"), 0755);
    FILE *f = fopen(daemon_path("msg/shutdown"), "w");
    fputs("back at noon\nsecond line\n", f);
    fclose(f);
    daemon_start(&d, once);
    struct stream *s = daemon_connect(&d);
    CU_ASSERT_STRING_EQUAL(daemon_ask(s, "end"), "yes back at noon");
    stream_close(&s);
    CU_ASSERT_EQUAL(daemon_wait(&d), 0);
    unlink(daemon_path("msg/shutdown"));
}

/* ---- options and faults at start ---- */

static const struct {
    const char *conf;
    const char *const args[4];
    int status;
    const char *words;
} start_rows[] = {
    { "", { "-Z" }, 64, "usage: tested" },
    { "", { "-U", "many" }, 64, "usage: tested" },
    { "", { "stray" }, 64, "usage: tested" },
    { "", { "-X" }, 0, "" },
    { "", { "-X", "-a" }, 0, "" },
    { "", { "-X", "-s" }, 78, "tls_server_cert" },
    { "auth_mech: pts\n", { "-X" }, 78, "auth_mech: pts is not available" },
    { "tls_server_cert: /nonexistent/c\ntls_server_key: /nonexistent/k\n", { "-X" }, 78,
      "tls_server_cert: cannot read /nonexistent/c" },
    { "no colon here\n", { "-X" }, 78, "line " },
};

static void test_starts(void)
{
    const char *text;

    for (size_t i = 0; i < sizeof start_rows / sizeof *start_rows; i++) {
        daemon_conf("");
        FILE *f = fopen(daemon_path("imapd.conf"), "a");
        fputs(start_rows[i].conf, f);
        fclose(f);
        CU_CHECK_ROW(i, daemon_run(start_rows[i].args, &text) == start_rows[i].status);
        CU_CHECK_ROW(i, strstr(text, start_rows[i].words) != NULL);
        if (start_rows[i].status == 0)
            CU_CHECK_ROW(i, !*text);
    }
}

/* ---- TLS ---- */

static struct tls_client *new_client(void)
{
    struct tls_client_config cfg = { .ca_file = certs_path("srv.pem") };
    struct buf why = BUF_INIT;
    struct tls_client *c;

    if (tls_client_new(&cfg, &c, &why) != ERR_OK)
        CU_FAIL_FATAL("no client context");
    buf_fini(&why);
    return c;
}

static void tls_conf(const char *more)
{
    struct buf lines = BUF_INIT;

    certs_make("srv", "localhost", false, NULL);
    buf_addf(&lines, "tls_server_cert: %s\ntls_server_key: %s\nsasl_mech_list: PLAIN SCRAM-SHA-256\n%s",
             certs_path("srv.pem"), certs_path("srv.key"), more);
    daemon_conf(buf_cstr(&lines));
    buf_fini(&lines);
}

static void test_starttls(void)
{
    struct daemon d;

    tls_conf("tls_required: yes\n");
    daemon_start(&d, once);
    struct stream *s = daemon_connect(&d);
    CU_ASSERT(strncmp(daemon_ask(s, "login alice secret"), "0", 1) != 0);
    CU_ASSERT(strncmp(daemon_ask(s, "auth PLAIN |alice|secret"), "0", 1) != 0);
    CU_ASSERT_STRING_EQUAL(daemon_ask(s, "tls"), "go");
    struct tls_client *c = new_client();
    CU_ASSERT_EQUAL(stream_start_tls_client(s, c, "localhost"), ERR_OK);
    CU_ASSERT_STRING_EQUAL(daemon_ask(s, "auth PLAIN |alice|secret"), "0 ");
    CU_ASSERT(strncmp(daemon_ask(s, "who"), "alice ", 6) == 0);
    stream_close(&s);
    CU_ASSERT_EQUAL(daemon_wait(&d), 0);
    CU_ASSERT_EQUAL(access(daemon_path("tls_sessions.db"), F_OK), 0);
    tls_client_free(&c);
}

static void test_tls_at_once(void)
{
    static const char *const args[] = { "-s", "-U", "0", NULL };
    struct daemon d;

    tls_conf("tls_session_timeout: 0\n");
    daemon_start(&d, args);
    struct stream *s = daemon_connect(&d);
    struct tls_client *c = new_client();
    CU_ASSERT_EQUAL(stream_start_tls_client(s, c, "localhost"), ERR_OK);
    CU_ASSERT_STRING_EQUAL(daemon_ask(s, "login alice secret"), "0 ");
    stream_close(&s);
    CU_ASSERT_EQUAL(daemon_wait(&d), 0);
    tls_client_free(&c);
}

/* ---- tables ---- */

static void nothing(void *arg, const struct command *c)
{
    (void)arg, (void)c;
}

static void test_command_table(void)
{
    static const struct command table[] = {
        { "NOOP", nothing, 1, 0, "" }, { "LIST", nothing, 2, 0, "" }, { "UID COPY", nothing, 2, 0, "" },
    };

    CU_ASSERT_PTR_EQUAL(cmd_find(table, 3, SLICE_LIT("noop")), &table[0]);
    CU_ASSERT_PTR_EQUAL(cmd_find(table, 3, SLICE_LIT("LiSt")), &table[1]);
    CU_ASSERT_PTR_EQUAL(cmd_find(table, 3, SLICE_LIT("uid copy")), &table[2]);
    CU_ASSERT_PTR_NULL(cmd_find(table, 3, SLICE_LIT("NOO")));
    CU_ASSERT_PTR_NULL(cmd_find(table, 3, SLICE_LIT("NOOPX")));
    CU_ASSERT_PTR_NULL(cmd_find(table, 3, slice_make("NOOP\0", 5)));
    CU_ASSERT_PTR_NULL(cmd_find(table, 3, SLICE_LIT("")));
}

static void test_limits(void)
{
    daemon_conf("maxmessagesize: 5000\n");
    CU_ASSERT_EQUAL(limit_value(LIMIT_MESSAGE), 5000);
    daemon_conf("");
    CU_ASSERT_EQUAL(limit_value(LIMIT_MESSAGE), 100u << 20);
    CU_ASSERT_EQUAL(limit_value(LIMIT_LINE_PRELOGIN), 8192);
    CU_ASSERT_EQUAL(limit_value(LIMIT_LITERAL_PRELOGIN), 4096);
    CU_ASSERT_EQUAL(limit_value(LIMIT_FAILED_LOGINS), 3);
    CU_ASSERT(limit_closes(LIMIT_FAILED_LOGINS) && !limit_closes(LIMIT_LINE));
    for (int l = 0; l < LIMIT_N; l++) {
        CU_CHECK_ROW((size_t)l, limit_name((enum limit)l) != NULL);
        CU_CHECK_ROW((size_t)l, limit_value((enum limit)l) > 0);
        for (int p = LIMIT_P_IMAP; p <= LIMIT_P_LMTP; p++)
            CU_CHECK_ROW((size_t)l, limit_answer((enum limit)l, (enum limit_protocol)p) != NULL);
    }
}

TEST_SUITE("serve", { "messages", test_messages_and_uses },
           { "no state", test_no_state_between_clients }, { "idle signals", test_signals_when_idle },
           { "session signals", test_signals_in_a_session }, { "reuse time", test_reuse_time },
           { "proc file", test_proc_file }, { "shutdown", test_shutdown_file },
           { "starts", test_starts }, { "starttls", test_starttls },
           { "tls at once", test_tls_at_once }, { "commands", test_command_table },
           { "limits", test_limits })

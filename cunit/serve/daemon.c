/* daemon.c - see daemon.h */
#include "cunit/serve/daemon.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <sasl/sasl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cunit/test.h"
#include "imap/serve/serve.h"
#include "lib/auth/sasl_server.h"
#include "lib/conf/conf.h"

enum { STATUS_FD = 3, LISTEN_FD = 4, WATCHDOG_SECONDS = 60, ARGS_MAX = 20 };

/* The library's DIGEST-MD5 plug-in does not give back its ciphers. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libcrypto.so\n";
}

const char *daemon_path(const char *name)
{
    static char paths[8][500];
    static int turn;
    char *path = paths[turn++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", test_tmpdir(), name);
    return path;
}

/* ---- the daemon ---- */

static void answer_login(struct stream *s, enum login_result r, const char *why,
                         const struct buf *challenge)
{
    stream_printf(s, "%d ", (int)r);
    if (r == LOGIN_CONTINUE)
        stream_put_slice(s, buf_slice(challenge));
    else
        stream_puts(s, why ? why : "");
    stream_puts(s, "\r\n");
}

static void do_login(struct session_base *b, struct slice words)
{
    const char *why = NULL;
    struct slice user;
    struct buf empty = BUF_INIT;

    words = slice_split(words, ' ', &user, NULL);
    enum login_result r = serve_login_password(b, user, words, &why);
    answer_login(b->stream, r, why, &empty);
}

static void do_auth(struct session_base *b, struct slice words)
{
    struct buf challenge = BUF_INIT;
    const char *why = NULL;
    struct slice mech;
    bool has_initial;
    char text[300];

    words = slice_split(words, ' ', &mech, &has_initial);
    size_t n = words.n < sizeof text ? words.n : sizeof text;
    for (size_t i = 0; i < n; i++)              /* '|' stands for NUL */
        text[i] = words.p[i] == '|' ? '\0' : words.p[i];
    struct slice initial = slice_make(text, n);
    enum login_result r = serve_login_begin(b, mech, has_initial ? &initial : NULL, &challenge, &why);
    answer_login(b->stream, r, why, &challenge);
    buf_fini(&challenge);
}

static void do_step(struct session_base *b, struct slice words)
{
    struct buf challenge = BUF_INIT;
    const char *why = NULL;
    enum login_result r = serve_login_step(b, words, &challenge, &why);

    answer_login(b->stream, r, why, &challenge);
    buf_fini(&challenge);
}

static void do_cancel(struct session_base *b, struct slice words)
{
    const char *why = NULL;
    struct buf empty = BUF_INIT;
    enum login_result r = serve_login_cancel(b, &why);

    (void)words;
    answer_login(b->stream, r, why, &empty);
}

static void do_who(struct session_base *b, struct slice words)
{
    struct slice user = b->ident ? ident_userid(b->ident) : SLICE_LIT("-");

    (void)words;
    stream_printf(b->stream, "%.*s %d %s\r\n", SLICE_ARG(user), b->is_admin, b->client);
}

static void do_tls(struct session_base *b, struct slice words)
{
    (void)words;
    stream_puts(b->stream, "go\r\n");
    if (stream_flush(b->stream) != ERR_OK || serve_starttls(b) != ERR_OK)
        stream_puts(b->stream, "failed\r\n");
}

static void do_layer(struct session_base *b, struct slice words)
{
    (void)words;
    stream_puts(b->stream, "ok\r\n");
    if (stream_flush(b->stream) != ERR_OK || serve_login_layer(b) != ERR_OK)
        stream_puts(b->stream, "failed\r\n");
}

static void do_proc(struct session_base *b, struct slice words)
{
    char mailbox[100], command[100];
    struct slice head;

    words = slice_split(words, ' ', &head, NULL);
    snprintf(mailbox, sizeof mailbox, "%.*s", SLICE_ARG(head));
    snprintf(command, sizeof command, "%.*s", SLICE_ARG(words));
    serve_proc(b, mailbox, command);
    stream_puts(b->stream, "ok\r\n");
}

static void do_end(struct session_base *b, struct slice words)
{
    const char *why;

    (void)words;
    if (serve_must_end(b, &why))
        stream_printf(b->stream, "yes %s\r\n", why);
    else
        stream_puts(b->stream, "no\r\n");
}

static void do_logout(struct session_base *b, struct slice words)
{
    (void)words;
    serve_logout(b);
    stream_puts(b->stream, "ok\r\n");
}

static void do_id(struct session_base *b, struct slice words)
{
    (void)words;
    stream_printf(b->stream, "%s\r\n", b->session_id);
}

static const struct {
    const char *word;
    void (*run)(struct session_base *, struct slice words);
} verbs[] = {
    { "login", do_login }, { "auth", do_auth }, { "step", do_step }, { "cancel", do_cancel },
    { "who", do_who }, { "tls", do_tls }, { "proc", do_proc }, { "end", do_end },
    { "logout", do_logout }, { "id", do_id }, { "layer", do_layer },
};

static void session(struct session_base *b)
{
    struct slice line, word;

    while (stream_line(b->stream, 1000, &line) == ERR_OK) {
        struct slice words = slice_split(line, ' ', &word, NULL);
        if (slice_eqs(word, "quit"))
            return;
        for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
            if (slice_eqs(word, verbs[i].word))
                verbs[i].run(b, words);
        arena_reset(b->command);
    }
}

static bool own_option(int letter, const char *arg)
{
    return letter == 'a' && !arg;
}

static const struct service service = {
    .name = "tested", .protocol = "imap", .options = "a", .option = own_option, .session = session,
};

/* ---- set-up ---- */

static void add_users(void)
{
    static const char *const users[] = { "alice", "bob", "admin" };
    static bool done;

    if (done)
        return;
    done = true;
    CU_ASSERT_EQUAL_FATAL(sasl_server_setup("Cyrus"), ERR_OK);
    for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
        sasl_conn_t *conn = NULL;
        if (sasl_server_new("imap", "localhost", NULL, NULL, NULL, NULL, 0, &conn) != SASL_OK ||
            sasl_setpass(conn, users[i], "secret", 6, NULL, 0, SASL_SET_CREATE) != SASL_OK)
            CU_FAIL_FATAL("no user could be added to the sasldb");
        sasl_dispose(&conn);
    }
}

void daemon_conf(const char *lines)
{
    struct passwd *pw = getpwuid(getuid());
    const char *dir = test_tmpdir();
    struct buf why = BUF_INIT;
    FILE *f = fopen(daemon_path("imapd.conf"), "w");

    fprintf(f,
            "configdirectory: %s\ndefaultpartition: default\npartition-default: %s/data\n"
            "servername: localhost\nsasl_pwcheck_method: auxprop\nsasl_auxprop_plugin: sasldb\n"
            "sasl_sasldb_path: %s/sasldb2\nallowplaintext: yes\ncyrus_user: %s\nadmins: admin\n",
            dir, dir, dir, pw ? pw->pw_name : "nobody");
    if (!strstr(lines, "failedloginpause"))
        fputs("failedloginpause: 0\n", f);
    fputs(lines, f);
    fclose(f);
    conf_unload();
    if (conf_load(daemon_path("imapd.conf"), "imap", &why) != ERR_OK)
        CU_FAIL_FATAL("the test's imapd.conf does not load");
    buf_fini(&why);
    add_users();
}

/* As master does after fork: descriptors 3 and 4, environment, arguments. */
static NORETURN void run_child(const char *const *args, int status_fd, int listen_fd)
{
    char *argv[ARGS_MAX] = { strdup("tested"), strdup("-C"), strdup(daemon_path("imapd.conf")) };
    int argc = 3;

    alarm(WATCHDOG_SECONDS);
    for (; args && *args; args++)
        argv[argc++] = strdup(*args);
    if (listen_fd >= 0) {
        int spare = fcntl(listen_fd, F_DUPFD, 10), spare2 = fcntl(status_fd, F_DUPFD, 10);
        dup2(spare2, STATUS_FD);
        dup2(spare, LISTEN_FD);
        close(spare);
        close(spare2);
        for (int fd = LISTEN_FD + 1; fd < 64; fd++)     /* the ends that are the test's */
            close(fd);
        setenv("CYRUS_SERVICE", "imaptest", 1);
        setenv("CYRUS_ID", "0", 1);
    } else {
        unsetenv("CYRUS_SERVICE");
    }
    conf_unload();
    optind = 1;
    int status = serve_run(&service, argc, argv);
    fflush(NULL);
    _exit(status);
}

void daemon_start(struct daemon *d, const char *const *args)
{
    struct sockaddr_in addr = { .sin_family = AF_INET };
    socklen_t n = sizeof addr;
    int listener = socket(AF_INET, SOCK_STREAM, 0), status[2];

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&addr, n) != 0 || listen(listener, 5) != 0 ||
        getsockname(listener, (struct sockaddr *)&addr, &n) != 0 || pipe(status) != 0)
        CU_FAIL_FATAL("no listening socket");
    d->port = ntohs(addr.sin_port);
    d->pid = fork();
    if (d->pid == 0)
        run_child(args, status[1], listener);
    close(listener);
    close(status[1]);
    d->status_fd = status[0];
}

int daemon_wait(struct daemon *d)
{
    int status = 0;

    waitpid(d->pid, &status, 0);
    if (d->status_fd >= 0)
        close(d->status_fd);
    d->status_fd = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int daemon_stop(struct daemon *d)
{
    kill(d->pid, SIGTERM);
    return daemon_wait(d);
}

int daemon_message(struct daemon *d)
{
    int32_t m[2];

    if (read(d->status_fd, m, sizeof m) != sizeof m)
        return -1;
    return m[1] == d->pid ? m[0] : -2;
}

struct stream *daemon_connect(struct daemon *d)
{
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons((uint16_t)d->port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0)
        CU_FAIL_FATAL("connect");
    struct stream *s = stream_new(fd, fd);
    stream_set_timeout(s, WATCHDOG_SECONDS * 1000);
    return s;
}

const char *daemon_ask(struct stream *s, const char *fmt, ...)
{
    static char answer[1000];
    struct buf line = BUF_INIT;
    struct slice got;
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(&line, fmt, ap);
    va_end(ap);
    buf_adds(&line, "\r\n");
    stream_put_slice(s, buf_slice(&line));
    buf_fini(&line);
    answer[0] = '\0';
    if (stream_line(s, sizeof answer - 1, &got) == ERR_OK)
        snprintf(answer, sizeof answer, "%.*s", SLICE_ARG(got));
    return answer;
}

int daemon_run(const char *const *args, const char **text)
{
    static char errors[2000];
    int fds[2], status;
    size_t n = 0;
    ssize_t got;

    if (pipe(fds) != 0)
        CU_FAIL_FATAL("pipe");
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        dup2(fds[1], 2);
        close(fds[0]);
        close(fds[1]);
        run_child(args, -1, -1);
    }
    close(fds[1]);
    while (n < sizeof errors - 1 && (got = read(fds[0], errors + n, sizeof errors - 1 - n)) > 0)
        n += (size_t)got;
    errors[n] = '\0';
    close(fds[0]);
    waitpid(pid, &status, 0);
    *text = errors;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

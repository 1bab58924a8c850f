/* idle_test.c - the datagrams of idled's clients, byte for byte
 *
 * The test plays idled: it binds idlesocket and looks at what arrives.
 */
#include "cunit/test.h"
#include "imap/events/idle.h"
#include "imap/events/idle_format.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/conf/conf.h"
#include "lib/os/file.h"
#include "lib/os/sock.h"

static char directory[300];

static void load(const char *more)
{
    struct buf text = BUF_INIT, why = BUF_INIT;

    snprintf(directory, sizeof directory, "%s/idle", test_tmpdir());
    mkdir(directory, 0700);
    buf_addf(&text, "configdirectory: %s\npartition-default: %s\n%s", directory, directory, more);
    snprintf(directory, sizeof directory, "%s/idle/socket", test_tmpdir());
    mkdir(directory, 0700);
    CU_ASSERT_EQUAL_FATAL(conf_load_text(buf_slice(&text), NULL, &why), ERR_OK);
    buf_fini(&text);
    buf_fini(&why);
}

static int idled(void)
{
    int fd = -1;

    CU_ASSERT_EQUAL_FATAL(sock_bind_unix_dgram(conf_string(CONF_IDLESOCKET), 0777, &fd), ERR_OK);
    return fd;
}

/* Next datagram, with the path of its sender. */
static struct slice heard(int fd, char *from, size_t size)
{
    static char bytes[2000];
    struct sockaddr_un un;
    socklen_t len = sizeof un;
    ssize_t n;

    memset(&un, 0, sizeof un);
    n = recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&un, &len);
    snprintf(from, size, "%s", n < 0 ? "" : un.sun_path);
    return slice_make(bytes, n < 0 ? 0 : (size_t)n);
}

static struct slice expected(unsigned long which, const char *name)
{
    static char bytes[100];
    size_t n = strlen(name) + 1;

    memcpy(bytes, &which, sizeof which);
    memcpy(bytes + sizeof which, name, n);
    return slice_make(bytes, sizeof which + n);
}

static void changed(const char *mailbox)
{
    idle_tell(&(struct event){ .kind = EVENT_CHANGED, .what = EVENT_NEW, .mailbox = slice_cstr(mailbox) });
}

/* The datagram's part that 3.6.1 knows. */
static struct slice head(struct slice datagram)
{
    unsigned long which;
    struct slice name, body;

    CU_ASSERT_EQUAL_FATAL(idle_format_get(datagram, &which, &name, &body), ERR_OK);
    return slice_cut(datagram, 0, sizeof which + name.n + 1);
}

static void test_notify(void)
{
    char from[200];
    int fd;

    load("");
    changed("user.alice");                              /* nobody there */
    fd = idled();
    changed("user.alice");
    CU_ASSERT_TRUE(slice_eq(head(heard(fd, from, sizeof from)), expected(2, "user.alice")));
    CU_ASSERT_EQUAL(sizeof(unsigned long) + 11, expected(2, "user.alice").n);
    for (int i = 0; i < 5000; i++)                      /* a full queue is no reason to wait */
        changed("user.bob");
    close(fd);
    unlink(conf_string(CONF_IDLESOCKET));
    idle_forget();
    conf_unload();
}

static void test_life(void)
{
    char from[200], own[400];
    struct stat st;
    int server, fd;

    load("");
    server = idled();
    snprintf(own, sizeof own, "%s/idle.%ld", directory, (long)getpid());
    CU_ASSERT_EQUAL_FATAL(idle_start(SLICE_LIT("user.alice"), &fd), ERR_OK);
    CU_ASSERT_TRUE(slice_eq(heard(server, from, sizeof from), expected(0, "user.alice")));
    CU_ASSERT_STRING_EQUAL(from, own);
    CU_ASSERT_EQUAL(stat(own, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0777);

    CU_ASSERT_EQUAL(idle_read(fd, NULL), IDLE_NOTHING);
    CU_ASSERT_EQUAL(sock_send_unix_dgram(server, own, expected(2, "user.bob")), ERR_OK);
    CU_ASSERT_EQUAL(sock_send_unix_dgram(server, own, SLICE_LIT("rubbish")), ERR_OK);
    CU_ASSERT_EQUAL(sock_send_unix_dgram(server, own, expected(2, "user.alice")), ERR_OK);
    CU_ASSERT_EQUAL(sock_send_unix_dgram(server, own, expected(4, ".")), ERR_OK);
    CU_ASSERT_EQUAL(idle_read(fd, NULL), IDLE_CHANGED);
    CU_ASSERT_EQUAL(idle_read(fd, NULL), IDLE_ALERT);
    CU_ASSERT_EQUAL(idle_read(fd, NULL), IDLE_NOTHING);

    idle_refresh();                                     /* too early */
    CU_ASSERT_EQUAL(heard(server, from, sizeof from).n, 0);
    CU_ASSERT_EQUAL(idle_start(SLICE_LIT("user.bob"), &fd), ERR_OK);
    CU_ASSERT_TRUE(slice_eq(heard(server, from, sizeof from), expected(1, "user.alice")));
    CU_ASSERT_TRUE(slice_eq(heard(server, from, sizeof from), expected(0, "user.bob")));
    idle_stop();
    CU_ASSERT_TRUE(slice_eq(heard(server, from, sizeof from), expected(1, "user.bob")));
    CU_ASSERT_STRING_EQUAL(from, own);
    CU_ASSERT_FALSE(file_exists(own));
    idle_stop();
    CU_ASSERT_EQUAL(heard(server, from, sizeof from).n, 0);
    close(server);
    unlink(conf_string(CONF_IDLESOCKET));
    conf_unload();
}

static void test_without_idled(void)
{
    int fd;

    load("");
    CU_ASSERT_EQUAL(idle_start(SLICE_LIT("user.alice"), &fd), ERR_OK);
    CU_ASSERT_TRUE(fd >= 0);
    CU_ASSERT_EQUAL(idle_read(fd, NULL), IDLE_NOTHING);
    idle_stop();
    conf_unload();
}

static void test_off(void)
{
    char from[200];
    int server, fd;

    load("imapidlepoll: 0\n");
    server = idled();
    CU_ASSERT_FALSE(idle_is_enabled());
    CU_ASSERT_EQUAL(idle_start(SLICE_LIT("user.alice"), &fd), ERR_UNSUPPORTED);
    CU_ASSERT_EQUAL(fd, -1);
    changed("user.alice");
    CU_ASSERT_EQUAL(heard(server, from, sizeof from).n, 0);
    close(server);
    unlink(conf_string(CONF_IDLESOCKET));
    conf_unload();
}

static void test_format(void)
{
    char full[IDLE_FORMAT_WHOLE_MAX + 1] = "", name[IDLE_FORMAT_NAME_MAX];
    unsigned long which;
    struct slice got, body;
    int fd;

    memset(name, 'n', sizeof name);
    CU_ASSERT_EQUAL(idle_format_put(full, IDLE_FORMAT_NOOP, slice_make(name, sizeof name)),
                    IDLE_FORMAT_MAX);
    CU_ASSERT_EQUAL(idle_format_get(slice_make(full, IDLE_FORMAT_MAX), &which, &got, &body), ERR_OK);
    CU_ASSERT_EQUAL(which, IDLE_FORMAT_NOOP);
    CU_ASSERT_EQUAL(got.n, sizeof name);
    CU_ASSERT_EQUAL(idle_format_get(slice_make(full, IDLE_FORMAT_MAX - 1), &which, &got, &body),
                    ERR_SYNTAX);                        /* no NUL */
    CU_ASSERT_EQUAL(idle_format_get(slice_make(full, IDLE_FORMAT_WHOLE_MAX), &which, &got, &body), ERR_OK);
    CU_ASSERT_EQUAL(body.n, (size_t)IDLE_FORMAT_BODY_MAX);
    CU_ASSERT_EQUAL(idle_format_get(slice_make(full, IDLE_FORMAT_WHOLE_MAX + 1), &which, &got, &body),
                    ERR_SYNTAX);
    CU_ASSERT_EQUAL(idle_format_get(SLICE_NULL, &which, &got, &body), ERR_SYNTAX);
    CU_ASSERT_EQUAL(idle_format_get(expected(8, "x"), &which, &got, &body), ERR_SYNTAX);
    CU_ASSERT_EQUAL(idle_format_get(expected(1, ""), &which, &got, &body), ERR_SYNTAX);
    load("");
    CU_ASSERT_EQUAL(idle_start(slice_make(full, IDLE_FORMAT_NAME_MAX + 1), &fd), ERR_LIMIT);
    CU_ASSERT_EQUAL(fd, -1);
    conf_unload();
}

/* ---- watching ---- */

static void send_event(int server, const char *own, uint32_t generation, uint32_t number, const char *mailbox)
{
    const struct idle_mark mark = { generation, number };
    const struct event ev = { .kind = EVENT_CREATED, .mailbox = slice_cstr(mailbox), .acl = SLICE_LIT("alice\tlr\t") };
    struct buf b = BUF_INIT;
    char start[IDLE_FORMAT_MAX];

    buf_add(&b, start, idle_format_put(start, *mailbox ? IDLE_FORMAT_EVENT : IDLE_FORMAT_PING,
                                       *mailbox ? slice_cstr(mailbox) : IDLE_FORMAT_NO_NAME));
    buf_add(&b, &mark, sizeof mark);
    if (*mailbox)
        event_put(&ev, &b);
    CU_ASSERT_EQUAL(sock_send_unix_dgram(server, own, buf_slice(&b)), ERR_OK);
    buf_fini(&b);
}

/* A WATCH: its generation. */
static uint32_t watched(int server, char *own, size_t size, char scope, const char *name)
{
    struct slice got = heard(server, own, size), found, body;
    unsigned long which;
    uint32_t generation = 0;

    CU_ASSERT_EQUAL_FATAL(idle_format_get(got, &which, &found, &body), ERR_OK);
    CU_ASSERT_EQUAL(which, IDLE_FORMAT_WATCH);
    CU_ASSERT_TRUE(slice_eqs(found, name));
    CU_ASSERT_EQUAL_FATAL(body.n, 5);
    CU_ASSERT_EQUAL(body.p[0], scope);
    memcpy(&generation, body.p + 1, sizeof generation);
    return generation;
}

static void test_watch(void)
{
    char own[200];
    struct event ev;
    int server, fd, again;
    uint32_t g, g2;

    load("");
    idle_watch_begin();
    CU_ASSERT_EQUAL(idle_watch(IDLE_SCOPE_TREE, SLICE_LIT("user.alice"), &fd), ERR_CLOSED);
    server = idled();
    idle_watch_begin();
    CU_ASSERT_EQUAL_FATAL(idle_watch(IDLE_SCOPE_TREE, SLICE_LIT("user.alice"), &fd), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(idle_watch(IDLE_SCOPE_ONE, SLICE_LIT("shared"), &again), ERR_OK);
    CU_ASSERT_EQUAL(fd, again);
    g = watched(server, own, sizeof own, '/', "user.alice");
    CU_ASSERT_NOT_EQUAL(g, 0);
    CU_ASSERT_EQUAL(watched(server, own, sizeof own, '@', "shared"), g);
    send_event(server, own, g, 1, "shared");
    send_event(server, own, g + 1, 7, "shared");        /* of another time */
    send_event(server, own, g, 2, "user.alice.new");
    send_event(server, own, g, 2, "");
    CU_ASSERT_EQUAL(idle_read(fd, &ev), IDLE_EVENT);
    CU_ASSERT_TRUE(slice_eqs(ev.mailbox, "shared"));
    CU_ASSERT_EQUAL(ev.kind, EVENT_CREATED);
    CU_ASSERT_TRUE(slice_eqs(ev.acl, "alice\tlr\t"));
    CU_ASSERT_EQUAL(idle_read(fd, &ev), IDLE_EVENT);
    CU_ASSERT_TRUE(slice_eqs(ev.mailbox, "user.alice.new"));
    CU_ASSERT_EQUAL(idle_read(fd, &ev), IDLE_NOTHING);
    /* in IDLE besides: the socket is one */
    CU_ASSERT_EQUAL(idle_start(SLICE_LIT("user.alice"), &again), ERR_OK);
    CU_ASSERT_EQUAL(fd, again);
    CU_ASSERT_TRUE(slice_eq(heard(server, own, sizeof own), expected(0, "user.alice")));
    idle_stop();
    CU_ASSERT_TRUE(slice_eq(heard(server, own, sizeof own), expected(1, "user.alice")));
    CU_ASSERT_TRUE(file_exists(own));
    /* one is missing */
    send_event(server, own, g, 4, "shared");
    CU_ASSERT_EQUAL(idle_read(fd, &ev), IDLE_LOST);
    CU_ASSERT_TRUE(slice_eq(heard(server, own, sizeof own), expected(1, ".")));
    CU_ASSERT_FALSE(file_exists(own));
    /* the last ones are missing, or idled does not know us */
    for (int i = 0; i < 2; i++) {
        idle_watch_begin();
        CU_ASSERT_EQUAL_FATAL(idle_watch(IDLE_SCOPE_ONE, SLICE_LIT("."), &fd), ERR_OK);
        g2 = watched(server, own, sizeof own, '@', ".");
        CU_ASSERT_NOT_EQUAL(g, g2);
        g = g2;
        send_event(server, own, i ? g : 0, i ? 1 : 0, "");
        CU_ASSERT_EQUAL(idle_read(fd, &ev), IDLE_LOST);
        CU_ASSERT_EQUAL(heard(server, own, sizeof own).n, sizeof(long) + 2);
    }
    close(server);
    unlink(conf_string(CONF_IDLESOCKET));
    conf_unload();
}

static void test_event(void)
{
    static const struct {
        const char *text;
        size_t n;
        bool ok;
    } rows[] = {
#define ROW(t, ok) { t, sizeof(t) - 1, ok }
        ROW("Cnf\0" "12\0user.a\0\0\0\0\0", true),
        ROW("CL\0" "12\0user.a\0\0\0\0\0", true),
        ROW("Q\0" "12\0user.a\0\0\0\0\0", false),
        ROW("Cq\0" "12\0user.a\0\0\0\0\0", false),
        ROW("C\0x\0user.a\0\0\0\0\0", false),
        ROW("C\0" "1\0user.a\0\0\0\0", false),
        ROW("C\0" "1\0user.a\0\0\0\0\0\0", false),
        ROW("\0" "1\0user.a\0\0\0\0\0", false),
        ROW("", false),
    };
    struct event ev = { .kind = EVENT_ACL, .origin = 7, .mailbox = SLICE_LIT("m"), .entries = SLICE_LIT("/x\n") }, got;
    struct buf big = BUF_INIT, text = BUF_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_ASSERT_EQUAL(event_get(slice_make(rows[i].text, rows[i].n), &got) == ERR_OK, rows[i].ok);
    for (int i = 0; i < EVENT_TEXT_MAX; i++)
        buf_addc(&big, 'a');
    ev.acl = buf_slice(&big);
    event_put(&ev, &text);                              /* the ACL is left out */
    CU_ASSERT_EQUAL_FATAL(event_get(buf_slice(&text), &got), ERR_OK);
    CU_ASSERT_EQUAL(got.acl.n, 0);
    CU_ASSERT_TRUE(slice_eqs(got.entries, "/x\n"));
    CU_ASSERT_EQUAL(got.origin, 7);
    buf_fini(&big);
    buf_fini(&text);
}

TEST_SUITE("idle", { "watch", test_watch }, { "event", test_event }, { "notify", test_notify }, { "life", test_life },
           { "without idled", test_without_idled }, { "off", test_off }, { "format", test_format })

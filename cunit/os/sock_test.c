/* sock_test.c - sockets on the loopback */
#include "cunit/os/os_test.h"
#include "lib/base/clock.h"
#include "lib/os/file.h"
#include "lib/os/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/wait.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static void close_all(struct sock_listener *l, size_t n)
{
    for (size_t i = 0; i < n; i++)
        file_close(&l[i].fd);
}

static const char *port_text(const struct sock_addr *a)
{
    static char text[8];

    snprintf(text, sizeof text, "%u", sock_port(a));
    return text;
}

/* --- listening ----------------------------------------------------------- */

static void test_proto(void)
{
    enum sock_proto p = SOCK_TCP;

    CU_ASSERT(sock_proto_parse(SLICE_LIT("UDP4"), &p) == ERR_OK && p == SOCK_UDP4);
    CU_ASSERT(sock_proto_parse(SLICE_LIT("tcp6"), &p) == ERR_OK && p == SOCK_TCP6);
    CU_ASSERT_EQUAL(sock_proto_parse(SLICE_LIT("tcp5"), &p), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sock_proto_parse(SLICE_LIT(""), &p), ERR_SYNTAX);
}

static void test_listen_texts(void)
{
    static const struct {
        const char *text;
        enum sock_proto proto;
        err_t err;
        size_t least;
    } rows[] = {
        { "127.0.0.1:0", SOCK_TCP, ERR_OK, 1 },
        { "127.0.0.1:0", SOCK_TCP4, ERR_OK, 1 },
        { "127.0.0.1:0", SOCK_UDP, ERR_OK, 1 },
        { "localhost:0", SOCK_TCP4, ERR_OK, 1 },
        { "127.0.0.1:0", SOCK_TCP6, ERR_NOTFOUND, 0 },
        { "", SOCK_TCP, ERR_SYNTAX, 0 },
        { "localhost:", SOCK_TCP, ERR_SYNTAX, 0 },
        { "[::1]", SOCK_TCP, ERR_SYNTAX, 0 },
        { "[::1:0", SOCK_TCP, ERR_SYNTAX, 0 },
        { "[]:0", SOCK_TCP, ERR_SYNTAX, 0 },
        { "[::1]x:0", SOCK_TCP, ERR_SYNTAX, 0 },
        { "127.0.0.1:no-such-service-here", SOCK_TCP, ERR_NOTFOUND, 0 },
        { "127.0.0.1:99999", SOCK_TCP, ERR_NOTFOUND, 0 },
    };
    struct sock_listener l[SOCK_LISTEN_MAX];
    size_t n;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].text, "127.0.0.1:99999") == 0) {
            /* some resolvers take the number modulo 65536 */
            if (sock_listen(rows[i].text, rows[i].proto, 5, l, &n) == ERR_OK)
                close_all(l, n);
            continue;
        }
        CU_CHECK_ROW(i, sock_listen(rows[i].text, rows[i].proto, 5, l, &n) == rows[i].err);
        CU_CHECK_ROW(i, n >= rows[i].least && (n == 0) == (rows[i].err != ERR_OK));
        for (size_t k = 0; k < n; k++) {
            CU_CHECK_ROW(i, sock_is_inet(&l[k].addr) && sock_port(&l[k].addr) != 0);
            CU_CHECK_ROW(i, fcntl(l[k].fd, F_GETFD) & FD_CLOEXEC);
        }
        close_all(l, n);
    }
}

static void test_listen_taken(void)
{
    struct sock_listener a[SOCK_LISTEN_MAX], b[SOCK_LISTEN_MAX];
    char text[40];
    size_t n, m;

    CU_ASSERT(sock_listen("127.0.0.1:0", SOCK_TCP, 5, a, &n) == ERR_OK && n == 1);
    snprintf(text, sizeof text, "127.0.0.1:%s", port_text(&a[0].addr));
    CU_ASSERT_EQUAL(sock_listen(text, SOCK_TCP, 5, b, &m), ERR_INUSE);
    CU_ASSERT_EQUAL(m, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(syslog_double.line, "Address already in use"));
    close_all(a, n);
}

static void test_listen_unix(void)
{
    const char *path = in_tmp("sock");
    struct sock_listener l[SOCK_LISTEN_MAX];
    struct stat st;
    char big[200];
    size_t n;
    int fd, client, peer;
    char c;

    for (int round = 0; round < 2; round++) {   /* the second finds an old socket */
        CU_ASSERT(sock_listen(path, SOCK_TCP, 5, l, &n) == ERR_OK && n == 1);
        CU_ASSERT(stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0777);
        close_all(l, n);
    }
    make_file(in_tmp("plain"), "keep");
    CU_ASSERT_EQUAL(sock_listen(in_tmp("plain"), SOCK_TCP, 5, l, &n), ERR_INUSE);
    CU_ASSERT(file_is(in_tmp("plain"), "keep"));
    memset(big, 'x', sizeof big);
    big[0] = '/';
    big[sizeof big - 1] = '\0';
    CU_ASSERT_EQUAL(sock_listen(big, SOCK_TCP, 5, l, &n), ERR_LIMIT);
    CU_ASSERT_EQUAL(sock_connect_unix(big, 10, &fd), ERR_LIMIT);
    CU_ASSERT_EQUAL(sock_listen_unix(path, 0600, 5, &fd), ERR_OK);
    CU_ASSERT(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    CU_ASSERT_EQUAL(sock_connect_unix(path, 1000, &client), ERR_OK);
    struct sock_addr from;
    CU_ASSERT_EQUAL(sock_accept(fd, &peer, &from), ERR_OK);
    CU_ASSERT(write(client, "x", 1) == 1 && read(peer, &c, 1) == 1 && c == 'x');
    struct buf name = BUF_INIT;
    sock_add_name(&name, &from, true);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&name), "[local]");
    buf_fini(&name);
    file_close(&client);
    file_close(&peer);
    file_close(&fd);
    CU_ASSERT_EQUAL(sock_connect_unix(path, 1000, &client), ERR_CLOSED);
    CU_ASSERT_EQUAL(sock_connect_unix(in_tmp("none"), 1000, &client), ERR_CLOSED);
    CU_ASSERT_EQUAL(client, -1);
}

/* --- connecting ---------------------------------------------------------- */

static void test_connect(void)
{
    struct sock_listener l[SOCK_LISTEN_MAX];
    struct sock_addr from, local;
    size_t n;
    int client, peer;

    CU_ASSERT(sock_listen("127.0.0.1:0", SOCK_TCP, 5, l, &n) == ERR_OK && n == 1);
    CU_ASSERT_EQUAL(sock_connect("127.0.0.1", port_text(&l[0].addr), 5000, &client), ERR_OK);
    CU_ASSERT_EQUAL(fcntl(client, F_GETFL) & O_NONBLOCK, 0);
    CU_ASSERT(fcntl(client, F_GETFD) & FD_CLOEXEC);
    CU_ASSERT_EQUAL(sock_accept(l[0].fd, &peer, &from), ERR_OK);
    CU_ASSERT(fcntl(peer, F_GETFD) & FD_CLOEXEC);
    CU_ASSERT(sock_local(client, &local) == ERR_OK && sock_port(&local) == sock_port(&from));
    CU_ASSERT(sock_peer(peer, &from) == ERR_OK && sock_same_host(&from, &local));
    sock_set_nodelay(client, true);
    sock_set_cork(client, false);
    sock_set_keepalive(client, 77, 0, 3);
    int value = 0;
    socklen_t len = sizeof value;
    getsockopt(client, IPPROTO_TCP, TCP_NODELAY, &value, &len);
    CU_ASSERT(value != 0);
    getsockopt(client, IPPROTO_TCP, TCP_KEEPIDLE, &value, &len);
    CU_ASSERT_EQUAL(value, 77);
    CU_ASSERT_EQUAL(sock_wait(peer, POLLIN, 0), ERR_TIMEOUT);
    CU_ASSERT_EQUAL(sock_wait(peer, POLLOUT, 0), ERR_OK);
    file_close(&client);
    CU_ASSERT_EQUAL(sock_wait(peer, POLLIN, 5000), ERR_OK);
    file_close(&peer);
    sock_set_nonblocking(l[0].fd, true);
    CU_ASSERT_EQUAL(sock_accept(l[0].fd, &peer, NULL), ERR_AGAIN);
    CU_ASSERT_EQUAL(peer, -1);
    char port[8];
    snprintf(port, sizeof port, "%s", port_text(&l[0].addr));
    close_all(l, n);
    CU_ASSERT_EQUAL(sock_connect("127.0.0.1", port, 5000, &client), ERR_CLOSED);
    CU_ASSERT_EQUAL(client, -1);
    CU_ASSERT_EQUAL(sock_connect("127.0.0.1", "no-such-service", 100, &client), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(sock_accept(-1, &peer, NULL), ERR_IO);
    CU_ASSERT_EQUAL(sock_wait(9999, POLLIN, 0), ERR_IO);
    CU_ASSERT_EQUAL(sock_peer(0, &from), ERR_CLOSED);
}

/* Listeners that never accept: at some point a connection waits. */
static void test_connect_deadline(void)
{
    enum { TRIES = 20 };
    const char *path = in_tmp("busy");
    struct sock_listener l[SOCK_LISTEN_MAX];
    int fds[2 * TRIES], listener;
    size_t n, used = 0;
    err_t err = ERR_OK;

    CU_ASSERT(sock_listen("127.0.0.1:0", SOCK_TCP, 0, l, &n) == ERR_OK && n == 1);
    while (err == ERR_OK && used < TRIES)
        err = sock_connect("127.0.0.1", port_text(&l[0].addr), 60, &fds[used++]);
    CU_ASSERT_EQUAL(err, ERR_TIMEOUT);
    close_all(l, n);
    CU_ASSERT_EQUAL(sock_listen_unix(path, 0600, 0, &listener), ERR_OK);
    size_t before = used;
    uint64_t begin = 0;
    for (err = ERR_OK; err == ERR_OK && used < before + TRIES;) {
        begin = clock_mono_ms();
        err = sock_connect_unix(path, 60, &fds[used++]);
    }
    CU_ASSERT_EQUAL(err, ERR_TIMEOUT);
    CU_ASSERT(clock_mono_ms() - begin >= 59 && clock_mono_ms() - begin < 5000);
    CU_ASSERT_EQUAL(sock_connect_unix(path, 0, &fds[used++]), ERR_TIMEOUT);
    file_close(&listener);
    while (used)
        file_close(&fds[--used]);
}

static void on_alarm(int signo)
{
    (void)signo;
}

static void test_interrupt(void)
{
    const struct itimerval soon = { { 0, 5000 }, { 0, 5000 } }, never = { { 0, 0 }, { 0, 0 } };
    struct sigaction sa = { .sa_handler = on_alarm };
    struct sock_listener l[SOCK_LISTEN_MAX];
    size_t n;
    int fd;

    CU_ASSERT(sock_listen("127.0.0.1:0", SOCK_TCP, 5, l, &n) == ERR_OK && n == 1);
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    CU_ASSERT_EQUAL(sock_wait(l[0].fd, POLLIN, 60000), ERR_AGAIN);
    CU_ASSERT_EQUAL(sock_accept(l[0].fd, &fd, NULL), ERR_AGAIN);
    setitimer(ITIMER_REAL, &never, NULL);
    signal(SIGALRM, SIG_IGN);           /* one may still be on its way */
    close_all(l, n);
}

/* --- datagrams and descriptors ------------------------------------------- */

static void test_datagrams(void)
{
    const char *path = in_tmp("dgram");
    char raw[20], big[200];
    int in, out;
    err_t err = ERR_OK;

    CU_ASSERT_EQUAL(sock_new_unix_dgram(&out), ERR_OK);
    CU_ASSERT_EQUAL(sock_send_unix_dgram(out, path, SLICE_LIT("x")), ERR_CLOSED);
    CU_ASSERT_EQUAL(sock_bind_unix_dgram(path, 0666, &in), ERR_OK);
    CU_ASSERT_EQUAL(sock_send_unix_dgram(out, path, SLICE_LIT("hello")), ERR_OK);
    CU_ASSERT(recv(in, raw, sizeof raw, 0) == 5 && memcmp(raw, "hello", 5) == 0);
    for (int i = 0; err == ERR_OK && i < 100000; i++)
        err = sock_send_unix_dgram(out, path, SLICE_LIT("fill"));
    CU_ASSERT_EQUAL(err, ERR_AGAIN);
    CU_ASSERT_EQUAL(sock_send_unix_dgram_within(out, path, SLICE_LIT("late"), 0), ERR_AGAIN);
    CU_ASSERT_EQUAL(sock_send_unix_dgram_within(out, path, SLICE_LIT("late"), 10), ERR_AGAIN);
    pid_t reader = fork();
    if (reader == 0)
        _exit(recv(in, raw, sizeof raw, 0) != 4);
    CU_ASSERT_EQUAL(sock_send_unix_dgram_within(out, path, SLICE_LIT("late"), 60000), ERR_OK);
    CU_ASSERT_EQUAL(waitpid(reader, NULL, 0), reader);
    file_close(&in);
    CU_ASSERT_EQUAL(sock_send_unix_dgram(out, path, SLICE_LIT("x")), ERR_CLOSED);
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = '\0';
    CU_ASSERT_EQUAL(sock_send_unix_dgram(out, big, SLICE_LIT("x")), ERR_LIMIT);
    file_close(&out);
}

static void test_pass(void)
{
    static char large[SOCK_PASS_MAX];
    char raw[SOCK_PASS_MAX];
    int via[2], fd, got;
    size_t n;
    struct stat a, b;

    CU_ASSERT_EQUAL(sock_pair(via), ERR_OK);
    make_file(in_tmp("passed"), "content");
    CU_ASSERT_EQUAL(file_open(in_tmp("passed"), O_RDONLY, 0, &fd), ERR_OK);
    CU_ASSERT_EQUAL(sock_send_fd(via[0], fd, SLICE_LIT("one")), ERR_OK);
    memset(large, 'L', sizeof large);
    CU_ASSERT_EQUAL(sock_send_fd(via[0], fd, slice_make(large, sizeof large)), ERR_OK);
    CU_ASSERT_EQUAL(sock_recv_fd(via[1], raw, sizeof raw, &n, &got), ERR_OK);
    CU_ASSERT(slice_eqs(slice_make(raw, n), "one"));
    CU_ASSERT(fstat(fd, &a) == 0 && fstat(got, &b) == 0 && a.st_ino == b.st_ino);
    CU_ASSERT(fcntl(got, F_GETFD) & FD_CLOEXEC);
    file_close(&got);
    CU_ASSERT_EQUAL(sock_recv_fd(via[1], raw, sizeof raw, &n, &got), ERR_OK);
    CU_ASSERT(n == sizeof large && raw[n - 1] == 'L' && got >= 0);
    file_close(&got);
    CU_ASSERT_EQUAL(write(via[0], "bare", 4), 4);
    CU_ASSERT(sock_recv_fd(via[1], raw, sizeof raw, &n, &got) == ERR_OK && n == 4 && got == -1);
    CU_ASSERT_EQUAL(sock_send_fd(via[0], fd, SLICE_NULL), ERR_LIMIT);
    CU_ASSERT_EQUAL(sock_send_fd(via[0], fd, slice_make(large, sizeof large + 1)), ERR_LIMIT);
    file_close(&via[0]);
    CU_ASSERT_EQUAL(sock_recv_fd(via[1], raw, sizeof raw, &n, &got), ERR_CLOSED);
    CU_ASSERT_EQUAL(sock_send_fd(via[1], fd, SLICE_LIT("x")), ERR_CLOSED);
    file_close(&via[1]);
    file_close(&fd);
}

/* A peer that sends more descriptors than agreed must not fill our table. */
static void test_pass_many(void)
{
    enum { MANY = 20 };
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(MANY * sizeof(int))];
    } control = { .room = { 0 } };
    char byte = 'x', raw[10];
    struct iovec iov = { &byte, 1 };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
                          .msg_controllen = sizeof control.room };
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    int fds[MANY], via[2], got, before, after;
    size_t n;

    CU_ASSERT_EQUAL(sock_pair(via), ERR_OK);
    for (int i = 0; i < MANY; i++)
        fds[i] = via[0];
    *c = (struct cmsghdr){ CMSG_LEN(sizeof fds), SOL_SOCKET, SCM_RIGHTS };
    memcpy(CMSG_DATA(c), fds, sizeof fds);
    CU_ASSERT_EQUAL(sendmsg(via[0], &msg, 0), 1);
    CU_ASSERT_EQUAL(file_open("/dev/null", O_RDONLY, 0, &before), ERR_OK);
    CU_ASSERT_EQUAL(sock_recv_fd(via[1], raw, sizeof raw, &n, &got), ERR_OK);
    CU_ASSERT(n == 1 && got >= 0);
    CU_ASSERT_EQUAL(file_open("/dev/null", O_RDONLY, 0, &after), ERR_OK);
    CU_ASSERT(after <= before + 2);
    file_close(&after);
    file_close(&before);
    file_close(&got);
    file_close(&via[0]);
    file_close(&via[1]);
}

/* --- names --------------------------------------------------------------- */

static struct sock_addr v4(const char *ip, uint16_t port)
{
    struct sock_addr a = { .len = sizeof(struct sockaddr_in) };
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

    inet_pton(AF_INET, ip, &in.sin_addr);
    memcpy(&a.ss, &in, sizeof in);
    return a;
}

static struct sock_addr v6(const char *ip, uint16_t port)
{
    struct sock_addr a = { .len = sizeof(struct sockaddr_in6) };
    struct sockaddr_in6 in = { .sin6_family = AF_INET6, .sin6_port = htons(port),
                               .sin6_scope_id = 1 };

    inet_pton(AF_INET6, ip, &in.sin6_addr);
    memcpy(&a.ss, &in, sizeof in);
    return a;
}

static void test_names(void)
{
    const struct {
        struct sock_addr a;
        const char *ip, *ipport, *name;
    } rows[] = {
        { v4("192.0.2.1", 143), "192.0.2.1", "192.0.2.1;143", "[192.0.2.1]" },
        { v6("2001:db8::1", 993), "2001:db8::1", "2001:db8::1;993", "[2001:db8::1]" },
        { v6("::ffff:192.0.2.1", 25), "192.0.2.1", "192.0.2.1;25", "[192.0.2.1]" },
        { v6("fe80::1", 1), "fe80::1", "fe80::1;1", "[fe80::1]" },
        { { .ss = { .ss_family = AF_UNIX }, .len = sizeof(sa_family_t) }, "unix", "", "[local]" },
        { { .len = 0 }, "unknown", "", "[unknown]" },
    };
    struct buf b = BUF_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_reset(&b);
        sock_add_ip(&b, &rows[i].a);
        CU_CHECK_ROW(i, strcmp(buf_cstr(&b), rows[i].ip) == 0);
        buf_reset(&b);
        sock_add_ipport(&b, &rows[i].a);
        CU_CHECK_ROW(i, strcmp(buf_cstr(&b), rows[i].ipport) == 0);
        buf_reset(&b);
        sock_add_name(&b, &rows[i].a, false);
        CU_CHECK_ROW(i, strcmp(buf_cstr(&b), rows[i].name) == 0);
    }
    CU_ASSERT(sock_same_host(&rows[0].a, &rows[2].a));
    CU_ASSERT_FALSE(sock_same_host(&rows[0].a, &rows[1].a));
    CU_ASSERT_FALSE(sock_same_host(&rows[4].a, &rows[4].a));
    CU_ASSERT_FALSE(sock_same_host(&rows[5].a, &rows[5].a));
    CU_ASSERT_FALSE(sock_add_reverse(&b, &rows[4].a));
    buf_fini(&b);
}

/* What the name of the loopback is depends on the machine, its form does not. */
static void test_reverse(void)
{
    const struct sock_addr a = v4("127.0.0.1", 0);
    struct buf host = BUF_INIT, name = BUF_INIT, expected = BUF_INIT;

    if (sock_add_reverse(&host, &a))
        buf_addf(&expected, "%s ", buf_cstr(&host));
    buf_adds(&expected, "[127.0.0.1]");
    sock_add_name(&name, &a, true);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&name), buf_cstr(&expected));
    buf_fini(&host);
    buf_fini(&name);
    buf_fini(&expected);
}

TEST_SUITE("sock", { "proto", test_proto }, { "listen texts", test_listen_texts },
           { "listen taken", test_listen_taken }, { "listen unix", test_listen_unix },
           { "connect", test_connect }, { "connect deadline", test_connect_deadline },
           { "interrupt", test_interrupt }, { "datagrams", test_datagrams },
           { "pass", test_pass }, { "pass many", test_pass_many }, { "names", test_names },
           { "reverse", test_reverse })

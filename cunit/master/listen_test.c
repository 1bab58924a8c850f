/* listen_test.c - listen= as sockets; refusing for a while without losing the port
 *
 * covers: ST-20
 */
#include "cunit/test.h"
#include "master/listen.h"

#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/file.h"

static void test_split(void)
{
    static const struct {
        const char *text, *host, *port;
        err_t err;
        bool is_path;
    } rows[] = {
        { "imap", "", "imap", ERR_OK, false },
        { "143", "", "143", ERR_OK, false },
        { "localhost:imap", "localhost", "imap", ERR_OK, false },
        { "127.0.0.1:143", "127.0.0.1", "143", ERR_OK, false },
        { "[::1]:143", "::1", "143", ERR_OK, false },
        { "[127.0.0.1]:143", "127.0.0.1", "143", ERR_OK, false },
        { "*:143", "", "143", ERR_OK, false },
        { ":143", "", "143", ERR_OK, false },
        { "/run/x:1", "", "", ERR_OK, true },
        { "", "", "", ERR_SYNTAX, false },
        { "host:", "host", "", ERR_SYNTAX, false },
        { "[::1]143", "", "", ERR_SYNTAX, false },
        { "[]:143", "", "", ERR_SYNTAX, false },
        { "[::1", "", "", ERR_SYNTAX, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct listen_parts p;
        CU_CHECK_ROW(i, listen_split(slice_cstr(rows[i].text), &p) == rows[i].err);
        if (rows[i].err != ERR_OK)
            continue;
        CU_CHECK_ROW(i, slice_eqs(p.host, rows[i].host) && slice_eqs(p.port, rows[i].port));
        CU_CHECK_ROW(i, p.is_path == rows[i].is_path);
    }
}

static bool can_connect(const struct sock_addr *a)
{
    int fd = socket(a->ss.ss_family, SOCK_STREAM, 0);
    bool ok = fd >= 0 && connect(fd, (const struct sockaddr *)&a->ss, a->len) == 0;

    if (fd >= 0)
        close(fd);
    return ok;
}

static void test_pause(void)
{
    struct sock_listener l[SOCK_LISTEN_MAX];
    char text[60];
    size_t n;

    /* the port must be asked for by its number to be kept */
    CU_ASSERT_EQUAL_FATAL(listen_open("127.0.0.1:0", "tcp", 5, l, &n), ERR_OK);
    snprintf(text, sizeof text, "127.0.0.1:%u", sock_port(&l[0].addr));
    close(l[0].fd);
    CU_ASSERT_EQUAL_FATAL(listen_open(text, "tcp", 5, l, &n), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(n, 1);
    CU_ASSERT_STRING_EQUAL(listen_family(&l[0].addr), "ipv4");
    CU_ASSERT_TRUE(can_connect(&l[0].addr));
    CU_ASSERT_TRUE(listen_pause(l[0].fd, &l[0].addr));
    CU_ASSERT_FALSE(can_connect(&l[0].addr));
    CU_ASSERT_TRUE(listen_resume(l[0].fd, &l[0].addr, 5));
    CU_ASSERT_TRUE(can_connect(&l[0].addr));
    close(l[0].fd);
}

static void test_unix(void)
{
    struct sock_listener l[SOCK_LISTEN_MAX];
    char path[300];
    struct stat st;
    size_t n;

    snprintf(path, sizeof path, "%s/sock", test_tmpdir());
    for (int round = 0; round < 2; round++) {           /* an old socket is replaced */
        CU_ASSERT_EQUAL_FATAL(listen_open(path, "tcp", 5, l, &n), ERR_OK);
        CU_ASSERT_EQUAL_FATAL(n, 1);
        CU_ASSERT_EQUAL(stat(path, &st), 0);
        CU_ASSERT_EQUAL(st.st_mode & 0777, 0777);
        CU_ASSERT_STRING_EQUAL(listen_family(&l[0].addr), "unix");
        CU_ASSERT_TRUE(can_connect(&l[0].addr));
        CU_ASSERT_FALSE(listen_pause(l[0].fd, &l[0].addr));
        CU_ASSERT_TRUE(listen_fits(path, "tcp", l[0].fd, &l[0].addr));
        CU_ASSERT_FALSE(listen_fits(path, "udp", l[0].fd, &l[0].addr));
        CU_ASSERT_FALSE(listen_fits("/other", "tcp", l[0].fd, &l[0].addr));
        close(l[0].fd);
    }
    unlink(path);
}

static void test_refused(void)
{
    struct sock_listener l[SOCK_LISTEN_MAX];
    size_t n;

    CU_ASSERT_EQUAL(listen_open("127.0.0.1:nosuchname", "tcp", 5, l, &n), ERR_BADNAME);
    CU_ASSERT_EQUAL(listen_open("127.0.0.1:70000", "tcp", 5, l, &n), ERR_BADNAME);
    CU_ASSERT_EQUAL(listen_open("[::1", "tcp", 5, l, &n), ERR_SYNTAX);
    CU_ASSERT_EQUAL(listen_open("127.0.0.1:0", "sctp", 5, l, &n), ERR_SYNTAX);
    CU_ASSERT_EQUAL(n, 0);
}

static void test_in_use(void)
{
    struct sock_listener a[SOCK_LISTEN_MAX], b[SOCK_LISTEN_MAX];
    char text[60];
    size_t n;

    CU_ASSERT_EQUAL_FATAL(listen_open("127.0.0.1:0", "tcp4", 5, a, &n), ERR_OK);
    snprintf(text, sizeof text, "127.0.0.1:%u", sock_port(&a[0].addr));
    CU_ASSERT_EQUAL(listen_open(text, "tcp", 5, b, &n), ERR_INUSE);
    CU_ASSERT_EQUAL(n, 0);
    close(a[0].fd);
}

static void test_fits(void)
{
    struct sock_listener l[SOCK_LISTEN_MAX];
    unsigned port;
    char text[4][60];
    size_t n;

    CU_ASSERT_EQUAL_FATAL(listen_open("127.0.0.1:0", "tcp", 5, l, &n), ERR_OK);
    port = sock_port(&l[0].addr);
    snprintf(text[0], sizeof text[0], "127.0.0.1:%u", port);
    snprintf(text[1], sizeof text[1], "127.0.0.2:%u", port);
    snprintf(text[2], sizeof text[2], "%u", port);
    snprintf(text[3], sizeof text[3], "127.0.0.1:%u", port ^ 1);
    CU_ASSERT_TRUE(listen_fits(text[0], "tcp", l[0].fd, &l[0].addr));
    CU_ASSERT_TRUE(listen_fits(text[0], "tcp4", l[0].fd, &l[0].addr));
    CU_ASSERT_FALSE(listen_fits(text[0], "tcp6", l[0].fd, &l[0].addr));
    CU_ASSERT_FALSE(listen_fits(text[0], "udp", l[0].fd, &l[0].addr));
    CU_ASSERT_FALSE(listen_fits(text[1], "tcp", l[0].fd, &l[0].addr));
    CU_ASSERT_FALSE(listen_fits(text[2], "tcp", l[0].fd, &l[0].addr));
    CU_ASSERT_FALSE(listen_fits(text[3], "tcp", l[0].fd, &l[0].addr));
    close(l[0].fd);
}

TEST_SUITE("listen", { "split", test_split }, { "pause", test_pause }, { "unix", test_unix },
           { "refused", test_refused }, { "in use", test_in_use }, { "fits", test_fits })

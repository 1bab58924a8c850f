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

static void test_notify(void)
{
    char from[200];
    int fd;

    load("");
    idle_notify(SLICE_LIT("user.alice"));               /* nobody there */
    fd = idled();
    idle_notify(SLICE_LIT("user.alice"));
    CU_ASSERT_TRUE(slice_eq(heard(fd, from, sizeof from), expected(2, "user.alice")));
    CU_ASSERT_EQUAL(sizeof(unsigned long) + 11, expected(2, "user.alice").n);
    for (int i = 0; i < 5000; i++)                      /* a full queue is no reason to wait */
        idle_notify(SLICE_LIT("user.bob"));
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

    CU_ASSERT_EQUAL(idle_read(fd), IDLE_NOTHING);
    CU_ASSERT_EQUAL(sock_send_unix_dgram(server, own, expected(2, "user.bob")), ERR_OK);
    CU_ASSERT_EQUAL(sock_send_unix_dgram(server, own, SLICE_LIT("rubbish")), ERR_OK);
    CU_ASSERT_EQUAL(sock_send_unix_dgram(server, own, expected(2, "user.alice")), ERR_OK);
    CU_ASSERT_EQUAL(sock_send_unix_dgram(server, own, expected(4, ".")), ERR_OK);
    CU_ASSERT_EQUAL(idle_read(fd), IDLE_CHANGED);
    CU_ASSERT_EQUAL(idle_read(fd), IDLE_ALERT);
    CU_ASSERT_EQUAL(idle_read(fd), IDLE_NOTHING);

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
    CU_ASSERT_EQUAL(idle_read(fd), IDLE_NOTHING);
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
    idle_notify(SLICE_LIT("user.alice"));
    CU_ASSERT_EQUAL(heard(server, from, sizeof from).n, 0);
    close(server);
    unlink(conf_string(CONF_IDLESOCKET));
    conf_unload();
}

static void test_format(void)
{
    char full[IDLE_FORMAT_MAX + 1], name[IDLE_FORMAT_NAME_MAX];
    unsigned long which;
    struct slice got;
    int fd;

    memset(name, 'n', sizeof name);
    CU_ASSERT_EQUAL(idle_format_put(full, IDLE_FORMAT_NOOP, slice_make(name, sizeof name)),
                    IDLE_FORMAT_MAX);
    CU_ASSERT_EQUAL(idle_format_get(slice_make(full, IDLE_FORMAT_MAX), &which, &got), ERR_OK);
    CU_ASSERT_EQUAL(which, IDLE_FORMAT_NOOP);
    CU_ASSERT_EQUAL(got.n, sizeof name);
    CU_ASSERT_EQUAL(idle_format_get(slice_make(full, IDLE_FORMAT_MAX - 1), &which, &got),
                    ERR_SYNTAX);                        /* no NUL */
    CU_ASSERT_EQUAL(idle_format_get(slice_make(full, IDLE_FORMAT_MAX + 1), &which, &got),
                    ERR_SYNTAX);
    CU_ASSERT_EQUAL(idle_format_get(SLICE_NULL, &which, &got), ERR_SYNTAX);
    CU_ASSERT_EQUAL(idle_format_get(expected(5, "x"), &which, &got), ERR_SYNTAX);
    CU_ASSERT_EQUAL(idle_format_get(expected(1, ""), &which, &got), ERR_SYNTAX);
    load("");
    CU_ASSERT_EQUAL(idle_start(slice_make(full, IDLE_FORMAT_NAME_MAX + 1), &fd), ERR_LIMIT);
    CU_ASSERT_EQUAL(fd, -1);
    conf_unload();
}

TEST_SUITE("idle", { "notify", test_notify }, { "life", test_life },
           { "without idled", test_without_idled }, { "off", test_off }, { "format", test_format })

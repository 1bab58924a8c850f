/* notify_test.c - what the service manager hears
 *
 * covers: ST-25
 */
#include "cunit/test.h"
#include "master/notify.h"

#include <sys/socket.h>
#include <unistd.h>

#include "lib/os/sock.h"

static int manager(char *path, size_t size)
{
    int fd = -1;

    snprintf(path, size, "%s/notify", test_tmpdir());
    CU_ASSERT_EQUAL_FATAL(sock_bind_unix_dgram(path, 0600, &fd), ERR_OK);
    return fd;
}

static const char *heard(int fd)
{
    static char text[400];
    ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void test_life(void)
{
    struct notify n;
    char path[300], pid[60];
    int fd = manager(path, sizeof path);

    setenv("NOTIFY_SOCKET", path, 1);
    setenv("WATCHDOG_USEC", "3000000", 1);
    notify_open(&n);
    CU_ASSERT_TRUE(n.fd >= 0);
    CU_ASSERT_EQUAL(n.watchdog_ms, 1500);
    CU_ASSERT_PTR_NULL(getenv("NOTIFY_SOCKET"));
    CU_ASSERT_PTR_NULL(getenv("WATCHDOG_USEC"));
    notify_ready(&n);
    snprintf(pid, sizeof pid, "\nMAINPID=%ld", (long)getpid());
    CU_ASSERT_PTR_NOT_NULL(strstr(heard(fd), pid));
    notify_reloading(&n);
    CU_ASSERT_PTR_NOT_NULL(strstr(heard(fd), "RELOADING=1\n"));
    notify_watchdog(&n);
    CU_ASSERT_STRING_EQUAL(heard(fd), "WATCHDOG=1");
    notify_stopping(&n);
    CU_ASSERT_PTR_NOT_NULL(strstr(heard(fd), "STOPPING=1\n"));
    notify_close(&n);
    close(fd);
    unlink(path);
}

static void test_watchdog_of_another(void)
{
    struct notify n;
    char path[300];
    int fd = manager(path, sizeof path);

    setenv("NOTIFY_SOCKET", path, 1);
    setenv("WATCHDOG_USEC", "3000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    notify_open(&n);
    CU_ASSERT_EQUAL(n.watchdog_ms, 0);
    CU_ASSERT_PTR_NULL(getenv("WATCHDOG_PID"));
    notify_close(&n);
    close(fd);
    unlink(path);
}

/* Nobody, nonsense and a manager that has gone: nothing happens. */
static void test_nobody(void)
{
    static const char *const names[] = { NULL, "", "relative", "/", "/no/such/socket" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct notify n;
        if (names[i])
            setenv("NOTIFY_SOCKET", names[i], 1);
        notify_open(&n);
        CU_CHECK_ROW(i, n.fd == -1);
        notify_ready(&n);
        notify_close(&n);
    }
}

TEST_SUITE("notify", { "life", test_life }, { "watchdog of another", test_watchdog_of_another },
           { "nobody", test_nobody })

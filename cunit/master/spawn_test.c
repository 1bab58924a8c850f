/* spawn_test.c - how programs are found and what they are given
 *
 * covers: ST-19
 */
#include "cunit/test.h"
#include "master/spawn.h"

#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/proc.h"

static void test_find(void)
{
    struct buf path = BUF_INIT;

    CU_ASSERT_EQUAL(spawn_find("/bin/sh", &path), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&path), "/bin/sh");
    CU_ASSERT_EQUAL(spawn_find("/bin/no-such-program", &path), ERR_NOTFOUND);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&path), "/bin/no-such-program");
    CU_ASSERT_EQUAL(spawn_find("no-such-program", &path), ERR_NOTFOUND);
    CU_ASSERT_PTR_NOT_NULL(strstr(buf_cstr(&path), "/no-such-program"));
    buf_fini(&path);
}

/* Beside this very program there is this very program. */
static void test_find_beside(void)
{
    struct buf path = BUF_INIT;
    char self[1000];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    CU_ASSERT_FATAL(n > 0);
    self[n] = '\0';
    CU_ASSERT_EQUAL(spawn_find(strrchr(self, '/') + 1, &path), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&path), self);
    buf_fini(&path);
}

/* Exit status of a shell command that is started with these settings. */
static int shell(const char *command, struct spawn_request r)
{
    const char *argv[] = { "sh", "-c", command, NULL };
    const struct spawn_setup setup = { .null_stdio = true };
    pid_t pid;
    int status;

    r.argv = argv;
    if (spawn_start(&setup, &r, "/bin/sh", &pid) != ERR_OK || proc_wait(pid, &status) != ERR_OK)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -2;
}

static const struct spawn_request nothing = { .status_fd = -1, .listen_fd = -1, .template_fd = -1 };

static void test_environment(void)
{
    struct spawn_request service = nothing, daemon = nothing;

    service.service = "imap";
    service.id = 2;
    daemon.service = "idled";
    daemon.is_daemon = true;
    setenv("CYRUS_SERVICE", "stale", 1);
    setenv("CYRUS_ISDAEMON", "1", 1);
    setenv("HALCYON_KEPT", "yes", 1);
    CU_ASSERT_EQUAL(shell("test \"$CYRUS_SERVICE $CYRUS_ID $CYRUS_ISDAEMON $HALCYON_KEPT\" = "
                          "'imap 2  yes'", service), 0);
    CU_ASSERT_EQUAL(shell("test \"$CYRUS_SERVICE $CYRUS_ID $CYRUS_ISDAEMON\" = 'idled 0 1'",
                          daemon), 0);
    CU_ASSERT_EQUAL(shell("test -z \"${CYRUS_SERVICE+x}${CYRUS_ID+x}${CYRUS_ISDAEMON+x}\"",
                          nothing), 0);
    unsetenv("CYRUS_SERVICE");
    unsetenv("CYRUS_ISDAEMON");
    unsetenv("HALCYON_KEPT");
}

static void test_descriptors(void)
{
    struct spawn_request r = nothing;
    int ends[2], others[2];
    char text[20] = "";

    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    CU_ASSERT_EQUAL_FATAL(pipe(others), 0);
    r.status_fd = ends[1];
    r.listen_fd = others[0];
    CU_ASSERT_EQUAL(write(others[1], "listened\n", 9), 9);
    CU_ASSERT_EQUAL(shell("read word <&4; echo $word >&3", r), 0);
    CU_ASSERT_EQUAL(read(ends[0], text, sizeof text - 1), 9);
    CU_ASSERT_STRING_EQUAL(text, "listened\n");
    for (int i = 0; i < 2; i++) {
        close(ends[i]);
        close(others[i]);
    }
}

static void test_template(void)
{
    struct spawn_request r = nothing;
    int ends[2];
    char text[20] = "";

    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    r.template_fd = ends[1];
    setenv("CYRUS_TEMPLATE_FD", "77", 1);
    CU_ASSERT_EQUAL(shell("echo $CYRUS_TEMPLATE_FD >&5", r), 0);
    CU_ASSERT_EQUAL(read(ends[0], text, sizeof text - 1), 2);
    CU_ASSERT_STRING_EQUAL(text, "5\n");
    CU_ASSERT_EQUAL(shell("test -z \"${CYRUS_TEMPLATE_FD+x}\"", nothing), 0);
    unsetenv("CYRUS_TEMPLATE_FD");
    close(ends[0]);
    close(ends[1]);
}

static void test_limit(void)
{
    struct spawn_request r = nothing;

    r.maxfds = 77;
    CU_ASSERT_EQUAL(shell("test $(ulimit -S -n) = 77", r), 0);
}

static void test_missing(void)
{
    static const char *const argv[] = { "x", NULL };
    const struct spawn_setup setup = { .null_stdio = true };
    struct spawn_request r = nothing;
    pid_t pid;

    r.argv = argv;
    CU_ASSERT_EQUAL(spawn_start(&setup, &r, "/no/such/program", &pid), ERR_NOTFOUND);
}

TEST_SUITE("spawn", { "find", test_find }, { "find beside", test_find_beside },
           { "environment", test_environment }, { "descriptors", test_descriptors },
           { "template", test_template }, { "limit", test_limit }, { "missing", test_missing })

/* pidfile_test.c - one master per pid file */
#include "cunit/test.h"
#include "master/pidfile.h"

#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/os/file.h"

/* What another process gets. */
static int in_child(err_t (*take)(const char *), const char *path)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(take(path));
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_take(void)
{
    char path[300], expected[40];
    struct buf text = BUF_INIT;

    snprintf(path, sizeof path, "%s/master.pid", test_tmpdir());
    CU_ASSERT_EQUAL(in_child(pidfile_take, path), ERR_OK);      /* given back by its end */
    CU_ASSERT_EQUAL(pidfile_take(path), ERR_OK);
    CU_ASSERT_EQUAL(in_child(pidfile_take, path), ERR_LOCKED);
    snprintf(expected, sizeof expected, "%ld\n", (long)getpid());
    CU_ASSERT_EQUAL(file_load(path, 100, &text), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&text), expected);
    buf_fini(&text);
    CU_ASSERT_EQUAL(pidfile_take("/no/such/directory/pid"), ERR_NOTFOUND);
}

static void test_begin(void)
{
    char path[300], lock[310];

    snprintf(path, sizeof path, "%s/begin.pid", test_tmpdir());
    snprintf(lock, sizeof lock, "%s.lock", path);
    CU_ASSERT_EQUAL(pidfile_begin(path), ERR_OK);
    CU_ASSERT_TRUE(file_exists(lock));
    CU_ASSERT_EQUAL(in_child(pidfile_begin, path), ERR_LOCKED);
    pidfile_end(path);
    CU_ASSERT_FALSE(file_exists(lock));
}

TEST_SUITE("pidfile", { "take", test_take }, { "begin", test_begin })

/* activation_test.c - sockets that were opened by whoever starts master
 *
 * Taking descriptors from 3 on would disturb this process, so it happens in a child whose
 * exit status is the number of the check that failed.
 *
 * covers: ST-25
 */
#include "cunit/test.h"
#include "master/activation.h"
#include "master/listen.h"

#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/num.h"

static int open_listener(void)
{
    struct sock_listener l[SOCK_LISTEN_MAX];
    size_t n;

    return listen_open("127.0.0.1:0", "tcp", 5, l, &n) == ERR_OK ? l[0].fd : -1;
}

static void announce(const char *fds, const char *names, bool ours)
{
    char pid[NUM_U64_MAX + 1];

    pid[num_put_u64(pid, (uint64_t)getpid() + !ours)] = '\0';
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", fds, 1);
    setenv("LISTEN_FDNAMES", names, 1);
}

#define CHILD_CHECK(cond) do { if (!(cond)) _exit(__LINE__ % 200 + 1); } while (0)

static void place(int fd, int at)
{
    CHILD_CHECK(dup2(fd, at) == at);
}

static void by_name_and_address(void)
{
    struct sock_listener out[SOCK_LISTEN_MAX];
    struct activation a;
    struct sock_addr addr;
    char text[60];
    int one = open_listener(), two = open_listener(), three = open_listener();

    one = dup2(one, 60);
    two = dup2(two, 61);
    three = dup2(three, 62);
    place(one, 3);
    place(two, 4);
    place(three, 5);
    CHILD_CHECK(dup2(STDERR_FILENO, 6) == 6);           /* no socket: passed over */
    announce("4", "imap:other:imap:junk", true);
    CHILD_CHECK(sock_local(4, &addr) == ERR_OK);
    activation_init(&a);
    CHILD_CHECK(!getenv("LISTEN_FDS") && !getenv("LISTEN_PID") && !getenv("LISTEN_FDNAMES"));
    CHILD_CHECK(a.sockets.n == 3);
    CHILD_CHECK(activation_take(&a, "imap", "143", "tcp", out) == 2);
    CHILD_CHECK(out[0].fd > 4 && out[1].fd > 4 && out[0].fd != out[1].fd);
    CHILD_CHECK(activation_take(&a, "imap", "143", "tcp", out) == 0);
    snprintf(text, sizeof text, "127.0.0.1:%u", sock_port(&addr));
    CHILD_CHECK(activation_take(&a, "pop3", text, "udp", out) == 0);
    CHILD_CHECK(activation_take(&a, "pop3", text, "tcp", out) == 1);
    CHILD_CHECK(sock_port(&out[0].addr) == sock_port(&addr));
    activation_fini(&a);
}

static void for_another_process(void)
{
    struct activation a;

    announce("1", "imap", false);
    place(open_listener(), 3);
    activation_init(&a);
    CHILD_CHECK(a.sockets.n == 0);
    activation_fini(&a);
}

static int in_child(void (*run)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        run();
        _exit(0);
    }
    return waitpid(pid, &status, 0) == pid ? status : -1;
}

static void test_taking(void)
{
    CU_ASSERT_EQUAL(in_child(by_name_and_address), 0);
}

static void test_another(void)
{
    CU_ASSERT_EQUAL(in_child(for_another_process), 0);
}

TEST_SUITE("activation", { "taking", test_taking }, { "another process", test_another })

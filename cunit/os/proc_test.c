/* proc_test.c - other programs, privileges, background; signals as flags */
#include "cunit/os/os_test.h"
#include "lib/os/file.h"
#include "lib/os/proc.h"
#include "lib/os/sig.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Run sh -c script under spec; its wait status. */
static int shell(struct proc_spec spec, const char *script)
{
    char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char *)(uintptr_t)script, NULL };
    pid_t pid;
    int status = -1;

    spec.path = "/bin/sh";
    spec.argv = argv;
    if (proc_spawn(&spec, &pid) != ERR_OK || proc_wait(pid, &status) != ERR_OK)
        return -1;
    return status;
}

static void test_status(void)
{
    char text[80];

    proc_status_text(shell((struct proc_spec){ 0 }, "exit 3"), text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "exited, status 3");
    proc_status_text(shell((struct proc_spec){ 0 }, "kill -9 $$"), text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "signaled to death by signal 9");
}

static void test_spawn_errors(void)
{
    char name[] = "none";
    char *argv[] = { name, NULL };
    struct proc_spec spec = { .path = "/nonexistent/program", .argv = argv };
    pid_t pid;
    int status;

    CU_ASSERT_EQUAL(proc_spawn(&spec, &pid), ERR_NOTFOUND);
    CU_ASSERT_PTR_NOT_NULL(strstr(syslog_double.line, "IOERROR: exec: "
                                                      "filename=</nonexistent/program>"));
    char *saved = strdup(getenv("PATH") ? getenv("PATH") : "");
    setenv("PATH", "/usr/bin:/bin", 1); /* all readable, else it would be "denied" */
    spec.path = "halcyon-no-such-program";
    CU_ASSERT_EQUAL(proc_spawn(&spec, &pid), ERR_NOTFOUND);
    setenv("PATH", saved, 1);
    free(saved);
    spec.path = "/";
    CU_ASSERT_EQUAL(proc_spawn(&spec, &pid), ERR_DENIED);
    spec.path = "/bin/sh";
    spec.dir = "/nonexistent";
    CU_ASSERT_EQUAL(proc_spawn(&spec, &pid), ERR_NOTFOUND);
    spec.dir = NULL;
    spec.user = "halcyon-no-such-user";
    CU_ASSERT_EQUAL(proc_spawn(&spec, &pid), ERR_DENIED);
    CU_ASSERT_EQUAL(proc_wait(getpid(), &status), ERR_NOTFOUND);
    CU_ASSERT_FALSE(proc_reap(&pid, &status));  /* none of them was left behind */
}

/* Numbers are exchanged, nothing else is inherited, the rest is /dev/null. */
static void test_spawn_fds(void)
{
    const char *a = in_tmp("fd-a"), *b = in_tmp("fd-b");
    int fd[3];

    CU_ASSERT_EQUAL(file_open(a, O_RDWR | O_CREAT | O_TRUNC, 0600, &fd[0]), ERR_OK);
    CU_ASSERT_EQUAL(file_open(b, O_RDWR | O_CREAT | O_TRUNC, 0600, &fd[1]), ERR_OK);
    CU_ASSERT_EQUAL(file_open(b, O_RDONLY, 0, &fd[2]), ERR_OK);
    const struct proc_fd map[] = { { -1, 0 }, { fd[0], fd[1] }, { fd[1], fd[0] }, { fd[0], 2 } };
    char script[200];
    snprintf(script, sizeof script,
             "echo one >/proc/self/fd/%d; echo two >/proc/self/fd/%d; read x && exit 9; "
             "test ! -e /proc/self/fd/%d", fd[0], fd[1], fd[2]);
    int status = shell((struct proc_spec){ .fds = map, .nfds = 4 }, script);
    CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CU_ASSERT(file_is(b, "one\n") && file_is(a, "two\n"));
    for (int i = 0; i < 3; i++)
        file_close(&fd[i]);
}

static void test_spawn_surroundings(void)
{
    char var[] = "HALCYON_TEST=yes";
    char *env[] = { var, NULL };
    const struct proc_limit limits[] = { { RLIMIT_NOFILE, 37 }, { RLIMIT_CORE, 0 } };
    const int blocked[] = { SIGTERM };
    sigset_t old;

    sig_block(blocked, 1, &old);
    sig_ignore(SIGPIPE);
    const struct proc_spec spec = { .dir = "/", .env = env, .limits = limits, .nlimits = 2,
                                    .own_group = true };
    int status = shell(spec, "test \"$PWD$HALCYON_TEST$HOME\" = /yes || exit 1\n"
                             "test `ulimit -n` = 37 || exit 2\n"
                             "grep -q '^SigBlk:.0*$' /proc/self/status || exit 3\n"
                             "read -r p c s pp group rest </proc/$$/stat\n"
                             "test $group = $$ || exit 4");
    CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    status = shell(spec, "kill -PIPE $$; exit 0");
    CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
    sig_restore(&old);
    sig_default(SIGPIPE);
}

/* --- privileges ---------------------------------------------------------- */

static int become_nobody(void *arg)
{
    (void)arg;
    const struct passwd *pw = getpwnam("nobody");
    if (!pw)
        return 1;
    const uid_t uid = pw->pw_uid;
    const gid_t gid = pw->pw_gid;
    if (proc_become("nobody", NULL) != ERR_OK)
        return 2;
    if (getuid() != uid || geteuid() != uid || getgid() != gid || getegid() != gid)
        return 3;
    if (setuid(0) == 0)
        return 4;
    if (proc_become("nobody", NULL) != ERR_OK)  /* fits already */
        return 5;
    return proc_become("root", NULL) == ERR_DENIED ? 0 : 6;
}

static int become_other_group(void *arg)
{
    (void)arg;
    return proc_become("nobody", "daemon") == ERR_OK && getgid() != 0 ? 0 : 1;
}

static void test_become(void)
{
    CU_ASSERT_EQUAL(proc_become("halcyon-no-such-user", NULL), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(proc_become("root", "halcyon-no-such-group"), ERR_NOTFOUND);
    const struct passwd *pw = getpwuid(getuid());
    if (pw && getgid() == pw->pw_gid)
        CU_ASSERT_EQUAL(proc_become(pw->pw_name, NULL), ERR_OK);
    if (geteuid() != 0) {
        CU_ASSERT_EQUAL(proc_become("root", NULL), ERR_DENIED);
        return;
    }
    CU_ASSERT_EQUAL(in_child(become_nobody, NULL), 0);
    CU_ASSERT_EQUAL(in_child(become_other_group, NULL), 0);
}

static int lower_limit(void *arg)
{
    struct rlimit lim;

    (void)arg;
    if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
        return 1;
    const rlim_t hard = lim.rlim_max;
    if (proc_set_limit(RLIMIT_NOFILE, 64) || getrlimit(RLIMIT_NOFILE, &lim) < 0 ||
        lim.rlim_cur != 64 || lim.rlim_max != hard)
        return 2;
    lim = (struct rlimit){ 64, 100 };
    if (setrlimit(RLIMIT_NOFILE, &lim) < 0)
        return 3;
    if (geteuid() == 0 && proc_become("nobody", NULL))
        return 4;
    if (proc_set_limit(RLIMIT_NOFILE, 1000000) || getrlimit(RLIMIT_NOFILE, &lim) < 0)
        return 5;
    return lim.rlim_cur == 100 ? 0 : 6;         /* clipped */
}

static void test_limit(void)
{
    CU_ASSERT_EQUAL(in_child(lower_limit, NULL), 0);
}

/* --- background ---------------------------------------------------------- */

struct daemon {
    int status;                         /* to report; -1: end without a word */
    int exit_status;
    int done;                           /* closed when the daemon ends */
};

/* The child of the test, which becomes the parent of the daemon. */
static int start_daemon(void *arg)
{
    const struct daemon *d = arg;
    int ready;

    if (proc_daemonise(&ready) != ERR_OK)
        return 99;
    if (getsid(0) != getpid())
        return 98;
    if (d->status >= 0) {
        proc_daemon_ready(&ready, d->status);
        proc_daemon_ready(&ready, 1);   /* a second time is harmless */
    }
    if (d->exit_status < 0)
        raise(SIGKILL);
    return d->exit_status;
}

static void test_daemonise(void)
{
    static const struct {
        int status, exit_status, seen;
    } rows[] = {
        { 0, 5, 0 }, { 71, 0, 71 }, { -1, 33, 33 }, { -1, -1, 75 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int done[2];
        char c;
        CU_CHECK_ROW(i, pipe2(done, O_CLOEXEC) == 0);
        struct daemon d = { rows[i].status, rows[i].exit_status, done[1] };
        CU_CHECK_ROW(i, in_child(start_daemon, &d) == rows[i].seen);
        file_close(&done[1]);
        CU_CHECK_ROW(i, read(done[0], &c, 1) == 0);     /* the daemon has gone too */
        file_close(&done[0]);
    }
}

static int redirect(void *arg)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (proc_redirect(arg, 1, 2) || write(1, "a", 1) != 1 || write(2, "b", 1) != 1)
        return 1;
    if (proc_redirect(NULL, 0, 0) || read(0, arg, 1) != 0)
        return 2;
    close(0);                           /* the new descriptor is the one wanted */
    if (proc_redirect(NULL, 0, 2) || fcntl(0, F_GETFD) != 0)
        return 3;
    return write(1, "lost", 4) == 4 && fd >= 0 ? 0 : 4;
}

static void test_redirect(void)
{
    char path[400];

    snprintf(path, sizeof path, "%s", in_tmp("redirected"));
    make_file(path, "x");
    CU_ASSERT_EQUAL(in_child(redirect, path), 0);
    CU_ASSERT(file_is(path, "xab"));
    CU_ASSERT_EQUAL(proc_redirect(in_tmp("none/x"), 1, 2), ERR_NOTFOUND);
}

/* --- sig.h --------------------------------------------------------------- */

static void test_flags(void)
{
    int ends[2];
    char c;

    CU_ASSERT_EQUAL(pipe2(ends, O_CLOEXEC), 0);
    sig_catch(SIGUSR1);
    CU_ASSERT_FALSE(sig_pending(SIGUSR1));
    raise(SIGUSR1);
    CU_ASSERT(sig_pending(SIGUSR1) && sig_pending(SIGUSR1));
    CU_ASSERT(sig_take(SIGUSR1));
    CU_ASSERT_FALSE(sig_take(SIGUSR1) || sig_pending(SIGUSR1));
    sig_raise_flag(SIGUSR1);
    CU_ASSERT(sig_take(SIGUSR1));
    struct sigaction sa;
    CU_ASSERT(sigaction(SIGUSR1, NULL, &sa) == 0 && !(sa.sa_flags & SA_RESTART));
    const int blocked[] = { SIGUSR1, SIGUSR2 };
    sigset_t old;
    sig_block(blocked, 2, &old);
    raise(SIGUSR1);
    CU_ASSERT_FALSE(sig_pending(SIGUSR1));
    sig_restore(&old);
    CU_ASSERT(sig_take(SIGUSR1));
    sig_ignore(SIGUSR1);
    raise(SIGUSR1);
    CU_ASSERT_FALSE(sig_pending(SIGUSR1));
    sig_default(SIGUSR1);
    sig_ignore(SIGPIPE);
    close(ends[0]);
    CU_ASSERT(write(ends[1], "x", 1) < 0 && errno == EPIPE);
    sig_default(SIGPIPE);
    close(ends[1]);
    (void)c;
}

static int die_of_usr1(void *arg)
{
    (void)arg;
    sig_catch(SIGUSR1);
    sig_reset_all();
    raise(SIGUSR1);
    return 0;
}

static void test_reset(void)
{
    CU_ASSERT_EQUAL(in_child(die_of_usr1, NULL), 256 + SIGUSR1);
}

TEST_SUITE("proc", { "status", test_status }, { "spawn errors", test_spawn_errors },
           { "spawn fds", test_spawn_fds }, { "spawn surroundings", test_spawn_surroundings },
           { "become", test_become }, { "limit", test_limit }, { "daemonise", test_daemonise },
           { "redirect", test_redirect }, { "signal flags", test_flags },
           { "signal reset", test_reset })

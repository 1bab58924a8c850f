/* work_supervise.c - run a server so that all its processes stay below us and end with us
 *
 * We become the reaper of every orphan below us, so daemons that detach themselves still
 * count in proctree.h and are found when it is time to stop.  SIGTERM, or the end of the
 * process that started us, stops the server: SIGTERM to it, a while later SIGKILL to
 * whatever is left.  Each process is signalled by its own pid.
 *
 * Options: uid, gid (0: as we are), files (limit of descriptors); behind -- the command.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/driver/drive.h"
#include "lib/base/num.h"

#define GRACE_S 10 /* from SIGTERM to SIGKILL */

static void limit_files(uint64_t files)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r))
        return;
    if (geteuid() == 0 && r.rlim_max < files)
        r.rlim_max = files;
    r.rlim_cur = r.rlim_max < files ? r.rlim_max : files;
    setrlimit(RLIMIT_NOFILE, &r);
}

NORETURN static void become_server(char **command)
{
    uid_t uid = (uid_t)opts_u64("uid", 0);
    gid_t gid = (gid_t)opts_u64("gid", 0);
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid(); /* a master may signal its process group: that is to be its own */
    limit_files(opts_u64("files", 1024));
    if (uid && (setgroups(0, NULL) || setgid(gid) || setuid(uid)))
        drive_cannot("becoming user %u: %s", (unsigned)uid, strerror(errno));
    execv(command[0], command);
    drive_cannot("%s: %s", command[0], strerror(errno));
}

struct watched {
    pid_t server;
    bool ended;
    int status;
};

/* Signal each child; grandchildren become children as their parents go. */
static void signal_children(int sig)
{
    char path[64], text[65536];
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    n = read(fd, text, sizeof text);
    close(fd);
    for (struct slice rest = slice_make(text, n > 0 ? (size_t)n : 0), word; rest.n > 0;) {
        uint32_t pid;

        rest = slice_split(rest, ' ', &word, NULL);
        if (num_u32(word, &pid) == ERR_OK)
            kill((pid_t)pid, sig);
    }
}

/* Collect what has ended; false when no child is left. */
static bool reap(struct watched *w)
{
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);

        if (pid == 0)
            return true;
        if (pid < 0)
            return false;
        if (pid == w->server) {
            w->status = status;
            w->ended = true;
        }
    }
}

/* Wait for the end of all; a signal to stop starts the grace time.  Daemons that outlive
 * their server are told to stop when it has ended. */
static void watch(struct watched *w, const sigset_t *set)
{
    uint64_t kill_at = 0;

    while (reap(w)) {
        struct timespec wait = { .tv_sec = kill_at ? 0 : 3600, .tv_nsec = kill_at ? 100000000 : 0 };
        int sig = sigtimedwait(set, NULL, &wait);

        if ((sig == SIGTERM || sig == SIGINT) && !kill_at) {
            kill(w->server, SIGTERM);
            kill_at = drive_now_ns() + GRACE_S * 1000000000ull;
        }
        if (kill_at && drive_now_ns() > kill_at)
            signal_children(SIGKILL);
        else if (kill_at && w->ended)
            signal_children(SIGTERM);
    }
}

void work_supervise(void)
{
    char **command = opts_rest();
    sigset_t set;
    pid_t parent = getppid();
    struct watched w = { 0 };

    if (!command || !*command)
        drive_cannot("no command behind --");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    if (getppid() != parent)
        drive_cannot("the process that started us has gone");
    w.server = fork();
    if (w.server < 0)
        drive_cannot("fork: %s", strerror(errno));
    if (w.server == 0)
        become_server(command);
    watch(&w, &set);
    exit(WIFEXITED(w.status) ? WEXITSTATUS(w.status) : EXIT_CANNOT);
}

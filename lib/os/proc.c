/* proc.c - starting programs and waiting for them; see proc.h */
#include "lib/os/proc.h"
#include "lib/base/log.h"
#include "lib/os/file.h"
#include "lib/os/sig.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FDS_MAX = 64,
    EXIT_NOT_STARTED = 127,             /* as shells do; seen by nobody, spawn reports first */
};

/* Sent by the child when it cannot become the program. */
struct report {
    char step[16];
    int errno_value;
};

struct child {
    const struct proc_spec *spec;
    int pipe;                           /* closes by itself when exec succeeds */
    pid_t parent;
};

NORETURN static void give_up(const struct child *c, const char *step)
{
    struct report r = { .errno_value = errno };

    snprintf(r.step, sizeof r.step, "%s", step);
    (void)!write(c->pipe, &r, sizeof r);        /* smaller than PIPE_BUF: whole or not at all */
    _exit(EXIT_NOT_STARTED);
}

/* Give each descriptor its number.  All are first copied out of the way, so that an
 * exchange (3 to 4, 4 to 3) works and the report pipe is not overwritten. */
static void place_fds(struct child *c)
{
    const struct proc_spec *s = c->spec;
    int high = 3, copy[FDS_MAX];

    for (size_t i = 0; i < s->nfds; i++)
        if (s->fds[i].to >= high)
            high = s->fds[i].to + 1;
    int moved = fcntl(c->pipe, F_DUPFD_CLOEXEC, high);
    if (moved < 0)
        give_up(c, "dup");
    c->pipe = moved;
    for (size_t i = 0; i < s->nfds; i++) {
        int from = s->fds[i].from;
        if (from < 0)
            from = open("/dev/null", O_RDWR | O_CLOEXEC);
        copy[i] = fcntl(from, F_DUPFD_CLOEXEC, high);
        if (copy[i] < 0)
            give_up(c, "dup");
    }
    for (size_t i = 0; i < s->nfds; i++)
        if (dup2(copy[i], s->fds[i].to) < 0)
            give_up(c, "dup");
}

NORETURN static void run_child(struct child *c)
{
    const struct proc_spec *s = c->spec;

    if (s->own_group && setpgid(0, 0) < 0)
        give_up(c, "setpgid");
    sig_reset_all();
    place_fds(c);
    for (size_t i = 0; i < s->nlimits; i++)
        if (proc_set_limit(s->limits[i].resource, s->limits[i].soft))
            give_up(c, "setrlimit");
    if (s->dir && chdir(s->dir) < 0)
        give_up(c, "chdir");
    if (s->user && proc_become(s->user, s->group)) {
        errno = EPERM;
        give_up(c, "setuid");
    }
    /* after the change of user, which would clear it; the parent may have gone meanwhile */
    if (s->death_signal && (prctl(PR_SET_PDEATHSIG, s->death_signal) < 0 ||
                            getppid() != c->parent))
        give_up(c, "prctl");
    if (s->env)
        environ = (char **)(uintptr_t)s->env;
    execvp(s->path, s->argv);
    give_up(c, "exec");
}

/* Wait until exec has closed the pipe or the child has said why not. */
static err_t hear_child(int pipe, pid_t pid, const char *path)
{
    struct report r;
    size_t got;
    int status;
    err_t err = file_read(pipe, "spawn", &r, sizeof r, &got);

    if (err == ERR_OK && got == 0)
        return ERR_OK;
    (void)!proc_wait(pid, &status);
    if (err)
        return err;
    if (got != sizeof r)
        return ERR_IO;
    errno = r.errno_value;
    return log_io_at("proc_spawn", r.step, path);
}

err_t proc_spawn(const struct proc_spec *spec, pid_t *pid_out)
{
    int ends[2];

    if (spec->nfds > FDS_MAX)
        return ERR_LIMIT;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return LOG_IO("pipe", spec->path);
    const pid_t parent = getpid();
    *pid_out = fork();
    if (*pid_out == 0) {
        struct child c = { spec, ends[1], parent };
        run_child(&c);
    }
    err_t err = *pid_out < 0 ? LOG_IO("fork", spec->path) : ERR_OK;
    file_close(&ends[1]);
    if (err == ERR_OK)
        err = hear_child(ends[0], *pid_out, spec->path);
    file_close(&ends[0]);
    return err;
}

err_t proc_wait(pid_t pid, int *status_out)
{
    pid_t got;

    do
        got = waitpid(pid, status_out, 0);
    while (got < 0 && errno == EINTR);
    if (got == pid)
        return ERR_OK;
    return errno == ECHILD ? ERR_NOTFOUND : LOG_IO("waitpid", "");
}

bool proc_reap(pid_t *pid_out, int *status_out)
{
    do
        *pid_out = waitpid(-1, status_out, WNOHANG);
    while (*pid_out < 0 && errno == EINTR);
    return *pid_out > 0;
}

void proc_status_text(int status, char *dst, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(dst, size, "signaled to death by signal %d", WTERMSIG(status));
    else
        snprintf(dst, size, "exited, status %d", WEXITSTATUS(status));
}

/* proc.h - other programs, privileges, limits, going to the background */
#ifndef OS_PROC_H
#define OS_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

/* --- starting programs --------------------------------------------------- */

/* In the new program descriptor `to` is what is `from` here; from -1 means /dev/null.  0 to
 * 2 stay as they are when not named. */
struct proc_fd {
    int from, to;
};

struct proc_limit {
    int resource;                       /* RLIMIT_NOFILE ... */
    uint64_t soft;                      /* clipped to the hard limit */
};

struct proc_spec {
    const char *path;                   /* absolute, or searched in PATH; no shell is involved */
    char *const *argv;                  /* NULL terminated, argv[0] included */
    char *const *env;                   /* NULL: as ours */
    const char *dir;                    /* working directory; NULL: as ours */
    const struct proc_fd *fds;          /* may exchange numbers; others are close-on-exec */
    size_t nfds;
    const struct proc_limit *limits;
    size_t nlimits;
    const char *user, *group;           /* drop privileges to; NULL: as ours */
    bool own_group;                     /* setpgid: a process group of its own */
    int death_signal;                   /* sent to it when we end in whatever way; 0: none */
};

/* Start it: signal mask empty, handlers back to default.  What fails in the child up to
 * exec is reported here (ERR_NOTFOUND: no such program; logged).  The caller must wait for
 * *pid_out. */
err_t proc_spawn(const struct proc_spec *, pid_t *pid_out) NODISCARD;

/* Wait for one child; *status_out as from waitpid(2).  ERR_NOTFOUND: not a child of ours. */
err_t proc_wait(pid_t pid, int *status_out) NODISCARD;

/* Any child that has ended, without waiting.  False: none. */
bool proc_reap(pid_t *pid_out, int *status_out);

/* Status from waitpid as words: "exited, status 3", "signaled to death by signal 11". */
void proc_status_text(int status, char *dst, size_t size);

/* --- privileges ---------------------------------------------------------- */

/* Become user with its groups; group (NULL: the user's own) is the primary one.  Nothing
 * happens when uid and gid fit already.  ERR_NOTFOUND: no such account.  ERR_DENIED: we are
 * neither root nor that user.  Both are logged.  There is no way back (verified). */
err_t proc_become(const char *user, const char *group) NODISCARD;

/* --- limits and background ----------------------------------------------- */

/* Set the soft limit of a resource, clipped to the hard one; root raises the hard one. */
err_t proc_set_limit(int resource, uint64_t soft) NODISCARD;

/* Continue in a child in a session of its own; the parent waits until the child calls
 * proc_daemon_ready() and ends with that status - or, when the child ends without
 * calling it, with the child's exit status (killed: 75).  Returns in the child only;
 * *ready_out is for proc_daemon_ready().  Descriptors 0-2 are left to proc_redirect(). */
err_t proc_daemonise(int *ready_out) NODISCARD;
void proc_daemon_ready(int *ready, int status);

/* Put /dev/null (path NULL) or a file (appended to, made 0644) on descriptors first..last. */
err_t proc_redirect(const char *path, int first, int last) NODISCARD;

#endif

/* proc_self.c - changing this process: privileges, limits, background; see proc.h */
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/os/file.h"
#include "lib/os/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum {
    ENTRY_MIN = 1024,                   /* text of an account or group entry */
    ENTRY_MAX = 1 << 20,
};

/* --- privileges ---------------------------------------------------------- */

struct target {
    uid_t uid;
    gid_t gid;
};

/* errno_value as from getpwnam_r: ERANGE asks for more room. */
static bool wants_more(int errno_value, size_t *size, char **text)
{
    if (errno_value != ERANGE || *size >= ENTRY_MAX)
        return false;
    *size *= 2;
    *text = mem_realloc(*text, *size);
    return true;
}

static err_t not_found(const char *what, const char *name, int errno_value)
{
    if (errno_value) {
        errno = errno_value;
        (void)!LOG_IO(what, name);
        return ERR_IO;
    }
    log_err("IOERROR: unknown %s: name=<%s>", what, name);
    return ERR_NOTFOUND;
}

static err_t find_user(const char *name, struct target *out)
{
    struct passwd pw, *found = NULL;
    size_t size = ENTRY_MIN;
    char *text = mem_alloc(size);
    int r;

    do
        r = getpwnam_r(name, &pw, text, size, &found);
    while (wants_more(r, &size, &text));
    err_t err = found ? ERR_OK : not_found("user", name, r);
    if (found)
        *out = (struct target){ pw.pw_uid, pw.pw_gid };
    mem_free(text);
    return err;
}

static err_t find_group(const char *name, gid_t *out)
{
    struct group gr, *found = NULL;
    size_t size = ENTRY_MIN;
    char *text = mem_alloc(size);
    int r;

    do
        r = getgrnam_r(name, &gr, text, size, &found);
    while (wants_more(r, &size, &text));
    err_t err = found ? ERR_OK : not_found("group", name, r);
    if (found)
        *out = gr.gr_gid;
    mem_free(text);
    return err;
}

static bool is_already(const struct target *t)
{
    return getuid() == t->uid && geteuid() == t->uid && getgid() == t->gid && getegid() == t->gid;
}

static err_t change_to(const struct target *t, const char *user)
{
    if (geteuid() != 0) {
        log_err("ERROR: cannot change to another user: user=<%s> uid=<%ld>", user,
                (long)geteuid());
        return ERR_DENIED;
    }
    if (initgroups(user, t->gid) < 0 || setgid(t->gid) < 0 || setuid(t->uid) < 0) {
        (void)!LOG_IO("setuid", user);
        return ERR_DENIED;
    }
    if (t->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0)) {
        log_crit("ERROR: privileges came back after they were given up: user=<%s>", user);
        _exit(EX_OSERR);
    }
    /* the kernel has turned off core files on the way */
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    return ERR_OK;
}

err_t proc_become(const char *user, const char *group)
{
    struct target t;
    err_t err = find_user(user, &t);

    if (err == ERR_OK && group)
        err = find_group(group, &t.gid);
    if (err || is_already(&t))
        return err;
    return change_to(&t, user);
}

/* --- limits -------------------------------------------------------------- */

err_t proc_set_limit(int resource, uint64_t soft)
{
    struct rlimit lim;

    if (getrlimit((__rlimit_resource_t)resource, &lim) < 0)
        return LOG_IO("getrlimit", "");
    const rlim_t hard = lim.rlim_max;
    lim.rlim_cur = soft;
    if (soft > hard)
        lim.rlim_max = soft;
    if (setrlimit((__rlimit_resource_t)resource, &lim) == 0)
        return ERR_OK;
    if (soft <= hard)
        return LOG_IO("setrlimit", "");
    lim = (struct rlimit){ hard, hard };
    return setrlimit((__rlimit_resource_t)resource, &lim) < 0 ? LOG_IO("setrlimit", "") : ERR_OK;
}

/* --- background ---------------------------------------------------------- */

/* The parent: end as the child says, or as it ends. */
NORETURN static void follow(int pipe, pid_t child)
{
    int status = 0;
    size_t got;
    err_t err = file_read(pipe, "daemonise", &status, sizeof status, &got);

    if (err == ERR_OK && got == sizeof status)
        _exit(status);
    if (proc_wait(child, &status) || !WIFEXITED(status))
        _exit(EX_TEMPFAIL);
    _exit(WEXITSTATUS(status));
}

err_t proc_daemonise(int *ready_out)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return LOG_IO("pipe", "");
    fflush(NULL);                       /* else both processes would write what is buffered */
    pid_t child = fork();
    if (child > 0) {
        file_close(&ends[1]);
        follow(ends[0], child);
    }
    err_t err = child < 0 ? LOG_IO("fork", "") : ERR_OK;
    file_close(&ends[0]);
    if (err == ERR_OK && setsid() < 0)
        err = LOG_IO("setsid", "");
    if (err)
        file_close(&ends[1]);
    *ready_out = ends[1];
    return err;
}

void proc_daemon_ready(int *ready, int status)
{
    if (*ready < 0)
        return;
    (void)!file_write_all(*ready, "daemonise", &status, sizeof status);
    file_close(ready);
}

err_t proc_redirect(const char *path, int first, int last)
{
    int fd;
    err_t err = path ? file_open(path, O_RDWR | O_APPEND | O_CREAT, 0644, &fd)
                     : file_open("/dev/null", O_RDWR, 0, &fd);

    if (err)
        return err;
    for (int to = first; to <= last && err == ERR_OK; to++)
        if (to != fd && dup2(fd, to) < 0)
            err = LOG_IO("dup2", path ? path : "/dev/null");
    if (fd < first || fd > last)
        file_close(&fd);
    else
        fcntl(fd, F_SETFD, 0);          /* it is one of those wanted, which stay open in exec */
    return err;
}

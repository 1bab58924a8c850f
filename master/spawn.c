/* spawn.c - see spawn.h */
#include "master/spawn.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/vec.h"
#include "lib/os/path.h"
#include "lib/os/proc.h"
#include "master/protocol.h"

#ifndef CYRUS_LIBEXECDIR
#define CYRUS_LIBEXECDIR "/usr/lib/cyrus/bin"
#endif
#ifndef CYRUS_SBINDIR
#define CYRUS_SBINDIR "/usr/sbin"
#endif

enum {
    OWN_VARIABLES = 4,                  /* variables of the contract */
    FDS_MAX = 6,                        /* descriptors of a program */
};

/* Directory of the file that runs now. */
static bool own_directory(struct buf *out)
{
    char path[PATH_LENGTH_MAX + 1];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path);

    if (n <= 0 || (size_t)n >= sizeof path)
        return false;
    buf_reset(out);
    buf_add_slice(out, path_dirname(slice_make(path, (size_t)n)));
    return true;
}

static bool is_program(struct buf *path)
{
    return access(buf_cstr(path), X_OK) == 0;
}

err_t spawn_find(const char *word, struct buf *path)
{
    static const char *const dirs[] = { CYRUS_LIBEXECDIR, CYRUS_SBINDIR };
    struct buf own = BUF_INIT;
    bool found;

    buf_reset(path);
    if (word[0] == '/') {
        buf_adds(path, word);
        return is_program(path) ? ERR_OK : ERR_NOTFOUND;
    }
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        path_join(path, dirs[i], word);
        if (is_program(path))
            return ERR_OK;
    }
    if (own_directory(&own)) {
        path_join(path, buf_cstr(&own), word);
        found = is_program(path);
        buf_fini(&own);
        if (found)
            return ERR_OK;
    }
    path_join(path, dirs[0], word);
    return ERR_NOTFOUND;
}

/* --- environment --------------------------------------------------------- */

/* Variables that are set here and must not come from whoever has started us. */
static bool is_ours(const char *assignment)
{
    static const char *const names[] = { PROTOCOL_ENV_SERVICE "=", PROTOCOL_ENV_ID "=",
                                         PROTOCOL_ENV_DAEMON "=", PROTOCOL_ENV_TEMPLATE "=" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(assignment, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* Pointers into environ and `own`, NULL at the end. */
static void make_environment(const struct spawn_request *r, struct buf own[OWN_VARIABLES],
                             struct vec *env)
{
    for (char **e = environ; *e; e++)
        if (!is_ours(*e))
            *VEC_PUSH(env, char *) = *e;
    if (r->is_daemon) {
        buf_adds(&own[0], PROTOCOL_ENV_DAEMON "=1");
        *VEC_PUSH(env, const char *) = buf_cstr(&own[0]);
    }
    if (r->service) {
        buf_addf(&own[1], PROTOCOL_ENV_SERVICE "=%s", r->service);
        buf_addf(&own[2], PROTOCOL_ENV_ID "=%d", r->id);
        *VEC_PUSH(env, const char *) = buf_cstr(&own[1]);
        *VEC_PUSH(env, const char *) = buf_cstr(&own[2]);
    }
    if (r->template_fd >= 0) {
        buf_addf(&own[3], PROTOCOL_ENV_TEMPLATE "=%d", PROTOCOL_TEMPLATE_FD);
        *VEC_PUSH(env, const char *) = buf_cstr(&own[3]);
    }
    *VEC_PUSH(env, char *) = NULL;
}

/* --- starting ------------------------------------------------------------ */

static size_t place_fds(const struct spawn_setup *setup, const struct spawn_request *r,
                        struct proc_fd fds[FDS_MAX])
{
    size_t n = 0;

    for (int i = 0; setup->null_stdio && i <= STDERR_FILENO; i++)
        fds[n++] = (struct proc_fd){ -1, i };
    if (r->status_fd >= 0)
        fds[n++] = (struct proc_fd){ r->status_fd, PROTOCOL_STATUS_FD };
    if (r->listen_fd >= 0)
        fds[n++] = (struct proc_fd){ r->listen_fd, PROTOCOL_LISTEN_FD };
    if (r->template_fd >= 0)
        fds[n++] = (struct proc_fd){ r->template_fd, PROTOCOL_TEMPLATE_FD };
    return n;
}

err_t spawn_start(const struct spawn_setup *setup, const struct spawn_request *r,
                  const char *path, pid_t *pid_out)
{
    const struct proc_limit limit = { RLIMIT_NOFILE, (uint64_t)r->maxfds };
    struct buf own[OWN_VARIABLES] = { BUF_INIT };
    struct vec env = VEC_INIT(char *);
    struct proc_fd fds[FDS_MAX];
    const size_t nfds = place_fds(setup, r, fds);
    err_t err;

    make_environment(r, own, &env);
    err = proc_spawn(&(struct proc_spec){ .path = path,
                                          .argv = (char *const *)(uintptr_t)r->argv,
                                          .env = env.p,
                                          .fds = fds,
                                          .nfds = nfds,
                                          .limits = &limit,
                                          .nlimits = r->maxfds > 0 ? 1 : 0,
                                          .user = setup->user,
                                          .group = setup->group,
                                          .own_group = r->own_group,
                                          .death_signal = r->ends_with_us ? SIGTERM : 0 },
                     pid_out);
    for (size_t i = 0; i < OWN_VARIABLES; i++)
        buf_fini(&own[i]);
    vec_fini(&env);
    return err;
}

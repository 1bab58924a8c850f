/* start.c - see start.h */
#include "master/start.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/os/file.h"
#include "master/protocol.h"
#include "master/report.h"
#include "master/service.h"

enum {
    LISTEN_TRIES = 6,
    LISTEN_PAUSE_MS = 500,
};

err_t start_check_programs(const struct master *m)
{
    struct buf path = BUF_INIT;
    err_t err = ERR_OK;

    for (size_t i = 0; i < m->conf.entries.n && !err; i++) {
        const struct cyrusconf_entry *e = cyrusconf_at(&m->conf, i);
        if (e->section == CYRUSCONF_START || spawn_find(e->argv[0], &path) == ERR_OK)
            continue;
        master_complain(m, e, "cannot find executable for %s '%s' (%s); correct cmd= or install "
                              "the program",
                        e->section == CYRUSCONF_SERVICES ? "service"
                        : e->section == CYRUSCONF_DAEMON ? "daemon" : "event",
                        e->name, buf_cstr(&path));
        if (e->section != CYRUSCONF_EVENTS)
            err = ERR_NOTFOUND;
    }
    buf_fini(&path);
    return err;
}

/* --- START --------------------------------------------------------------- */

static err_t run_one(struct master *m, const struct cyrusconf_entry *e)
{
    const struct spawn_request r = { .argv = e->argv, .status_fd = -1, .listen_fd = -1,
                                     .template_fd = -1 };
    struct child *c = master_spawn(m, e, CHILD_START, &r);
    pid_t pid;

    if (!c) {
        master_complain(m, e, "can't run startup '%s'; see the log for the reason", e->name);
        return ERR_NOTFOUND;
    }
    pid = c->pid;
    while (children_find(m->children, pid))
        if (!master_round(m))
            return ERR_STOP;
    if (WIFEXITED(m->last_status) && (WEXITSTATUS(m->last_status) == 0 ||
                                      WEXITSTATUS(m->last_status) == PROTOCOL_EXIT_TEMPORARY))
        return ERR_OK;
    master_complain(m, e, "can't run startup: '%s' failed; run its command by hand as the mail "
                          "user to see why", e->name);
    return ERR_IO;
}

err_t start_run(struct master *m)
{
    err_t err = ERR_OK;

    for (size_t i = 0; i < m->conf.entries.n && !err; i++)
        if (cyrusconf_at(&m->conf, i)->section == CYRUSCONF_START)
            err = run_one(m, cyrusconf_at(&m->conf, i));
    return err;
}

/* --- DAEMON -------------------------------------------------------------- */

struct readiness {
    struct loop *loop;
    char text[sizeof PROTOCOL_DAEMON_READY - 1];
    size_t n;
    bool over;                          /* all there, or never to come */
};

static void on_ready_pipe(void *arg, int fd, unsigned events)
{
    struct readiness *r = arg;
    ssize_t n = read(fd, r->text + r->n, sizeof r->text - r->n);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n > 0)
        r->n += (size_t)n;
    r->over = n <= 0 || r->n == sizeof r->text;
    if (r->over)
        loop_unwatch(r->loop, fd);
}

static err_t await_ready(struct master *m, int fd)
{
    struct readiness r = { .loop = m->loop };
    err_t err = ERR_OK;

    loop_watch(m->loop, fd, LOOP_READ, on_ready_pipe, &r);
    while (!r.over && !err)
        if (!master_round(m))
            err = ERR_STOP;
    loop_unwatch(m->loop, fd);
    if (!err && (r.n != sizeof r.text || memcmp(r.text, PROTOCOL_DAEMON_READY, r.n) != 0))
        err = ERR_CLOSED;
    return err;
}

static err_t start_waiting(struct service *s)
{
    struct master *m = s->master;
    struct spawn_request r = { .argv = s->entry->argv, .service = s->name, .is_daemon = true,
                               .own_group = true, .ends_with_us = true, .listen_fd = -1,
                               .template_fd = -1, .maxfds = s->entry->maxfds };
    struct child *c;
    int ends[2];
    err_t err;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return LOG_IO("pipe", s->name);
    r.status_fd = ends[1];
    c = master_spawn(m, s->entry, CHILD_DAEMON, &r);
    file_close(&ends[1]);
    if (c)
        service_adopt(s, c);
    err = c ? await_ready(m, ends[0]) : ERR_NOTFOUND;
    file_close(&ends[0]);
    if (err && err != ERR_STOP)
        master_complain(m, s->entry, "daemon '%s' did not write \"ok\\r\\n\" to descriptor 3; "
                                     "mend its command, or set wait=n if it never does", s->name);
    return err;
}

err_t start_daemons(struct master *m)
{
    err_t err = ERR_OK;

    for (size_t i = 0; i < m->conf.entries.n && !err; i++) {
        const struct cyrusconf_entry *e = cyrusconf_at(&m->conf, i);
        if (e->section != CYRUSCONF_DAEMON)
            continue;
        struct service *s = service_add_daemon(m, e);
        if (e->wait)
            err = start_waiting(s);
    }
    return err;
}

/* --- SERVICES ------------------------------------------------------------ */

static bool is_open(const struct master *m, const struct cyrusconf_entry *e)
{
    for (size_t i = 0; i < m->services.n; i++)
        if (service_at(m, i)->entry == e)
            return true;
    return false;
}

/* Try all that are not open yet; the number of those still closed.  *in_use_out: one of them
 * because of its address. */
static size_t open_all(struct master *m, enum service_open_flags flags, bool *in_use_out)
{
    size_t closed = 0;

    *in_use_out = false;
    for (size_t i = 0; i < m->conf.entries.n; i++) {
        const struct cyrusconf_entry *e = cyrusconf_at(&m->conf, i);
        if (e->section != CYRUSCONF_SERVICES || e->unusable || is_open(m, e))
            continue;
        err_t err = service_open(m, e, flags);
        *in_use_out |= err == ERR_INUSE;
        closed += err != ERR_OK;
    }
    return closed;
}

static void on_pause_over(void *arg)
{
    *(bool *)arg = true;
}

/* Let time pass without being deaf. */
static bool pause_ms(struct master *m, uint64_t ms)
{
    bool over = false, goes_on = true;
    uint64_t timer = loop_after(m->loop, ms, on_pause_over, &over);

    while (!over && goes_on)
        goes_on = master_round(m);
    loop_cancel(m->loop, timer);
    return goes_on;
}

/* Services of a master that was killed need a moment to finish what they do and to give their
 * addresses back: what is in use is tried for a while before it is reported. */
err_t start_listeners(struct master *m)
{
    bool in_use;
    size_t closed = open_all(m, SERVICE_QUIET_IN_USE, &in_use);

    for (int left = LISTEN_TRIES; in_use && left > 0; left--) {
        if (!pause_ms(m, LISTEN_PAUSE_MS))
            return ERR_STOP;
        closed = open_all(m, left > 1 ? SERVICE_QUIET_IN_USE : 0, &in_use);
    }
    if (closed == 0)
        return ERR_OK;
    if (m->bind_errors_fatal) {
        report_fatal("a listener cannot be opened and master_bind_errors_fatal is set; mend the "
                     "service or unset the option");
        return ERR_INUSE;
    }
    for (size_t i = 0; i < m->services.n; i++)
        if (service_at(m, i)->listener >= 0)
            return ERR_OK;
    report_fatal("none of the services of %s could be opened; mend the first one reported",
                 m->options->cyrus_conf);
    return ERR_INUSE;
}

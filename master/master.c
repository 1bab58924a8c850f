/* master.c - see master.h */
#include "master/master.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/os/file.h"
#include "lib/os/proc.h"
#include "lib/os/sig.h"
#include "master/procfiles.h"
#include "master/reload.h"
#include "master/report.h"
#include "master/service.h"
#include "master/service_template.h"
#include "master/start.h"
#include "master/stop.h"

enum { EXIT_START_FAILED = 1 };

struct schedule_now master_now(void)
{
    return (struct schedule_now){ .wall = clock_now(), .mono_ms = clock_mono_ms() };
}

void master_complain(const struct master *m, const struct cyrusconf_entry *e, const char *fmt, ...)
{
    struct buf text = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    report_fatal("%s, line %d: %s", m->options->cyrus_conf, e->line, buf_cstr(&text));
    buf_fini(&text);
}

struct child *master_meet(struct master *m, pid_t pid, enum child_kind kind, const char *name,
                          const char *path)
{
    log_debug("process type:%s name:%s path:%s pid:%ld started", children_kind_name(kind), name,
              path, (long)pid);
    return children_add(m->children, pid, kind, name, path, clock_mono_ms());
}

struct child *master_spawn(struct master *m, const struct cyrusconf_entry *e,
                           enum child_kind kind, const struct spawn_request *r)
{
    struct buf path = BUF_INIT;
    struct child *c = NULL;
    pid_t pid;

    (void)!spawn_find(e->argv[0], &path);       /* what is missing fails below, with its name */
    if (spawn_start(&m->spawn, r, buf_cstr(&path), &pid) == ERR_OK)
        c = master_meet(m, pid, kind, e->name, buf_cstr(&path));
    buf_fini(&path);
    return c;
}

/* --- children that end --------------------------------------------------- */

static void child_ended(struct master *m, struct child *c, int status)
{
    struct service *s = c->service;

    children_log_end(c, status, clock_mono_ms());
    if (c->kind == CHILD_START)
        m->last_status = status;
    if (s)
        service_child_ended(s, c, status);
    procfiles_remove(buf_cstr(&m->procdir), c->pid);
    children_remove(m->children, c);
    if (m->phase == MASTER_STOPPING)
        stop_child_ended(m);
    else if (s && !s->entry && s->policy.alive == 0)
        reload_sweep(m);
    else if (s)
        service_tend(s);
}

/* A pid that is unknown may be that of a worker whose first word is still to be heard. */
static struct child *find_child(struct master *m, pid_t pid)
{
    struct child *c = children_find(m->children, pid);

    for (size_t i = 0; !c && i < m->services.n; i++) {
        service_template_hear(service_at(m, i));
        c = children_find(m->children, pid);
    }
    return c;
}

static void on_child(void *arg, int signo)
{
    struct master *m = arg;
    pid_t pid;
    int status;

    while (proc_reap(&pid, &status)) {
        struct child *c = find_child(m, pid);
        if (c)
            child_ended(m, c, status);
        else
            log_debug("process %ld, which is none of ours, has ended", (long)pid);
    }
}

/* --- events -------------------------------------------------------------- */

static void run_event(void *arg, const struct cyrusconf_entry *e)
{
    const struct spawn_request r = { .argv = e->argv, .status_fd = -1, .listen_fd = -1,
                                     .template_fd = -1 };

    /* a failure is in the log; the next run comes at its time */
    (void)master_spawn(arg, e, CHILD_EVENT, &r);
}

static void on_events(void *arg)
{
    struct master *m = arg;
    int64_t wait_ms;

    events_run(&m->events, master_now(), run_event, m);
    wait_ms = events_wait_ms(&m->events, master_now());
    m->events_timer = wait_ms < 0 ? 0 : loop_after(m->loop, (uint64_t)wait_ms, on_events, m);
}

/* --- signals ------------------------------------------------------------- */

static void tend_all(struct master *m)
{
    for (size_t i = 0; i < m->services.n; i++)
        service_tend(service_at(m, i));
}

static void on_stop(void *arg, int signo)
{
    stop_begin(arg);
}

static void on_hangup(void *arg, int signo)
{
    struct master *m = arg;

    if (m->phase != MASTER_RUNNING)
        return;
    reload(m);
    loop_cancel(m->loop, m->events_timer);
    on_events(m);
    tend_all(m);
}

static void on_watchdog(void *arg)
{
    struct master *m = arg;

    notify_watchdog(&m->notify);
}

static void catch_signals(struct master *m)
{
    sig_ignore(SIGPIPE);
    sig_ignore(SIGALRM);
    /* stopping comes before reaping: children that the same signal ended are not replaced */
    loop_on_signal(m->loop, SIGTERM, on_stop, m);
    loop_on_signal(m->loop, SIGINT, on_stop, m);
    loop_on_signal(m->loop, SIGQUIT, on_stop, m);
    loop_on_signal(m->loop, SIGCHLD, on_child, m);
    loop_on_signal(m->loop, SIGHUP, on_hangup, m);
}

bool master_round(struct master *m)
{
    return loop_once(m->loop, -1) == ERR_OK && m->phase != MASTER_STOPPING;
}

/* --- the whole ----------------------------------------------------------- */

static void raise_files(const struct master *m)
{
    int most = 0;

    for (size_t i = 0; i < m->conf.entries.n; i++)
        if (cyrusconf_at(&m->conf, i)->maxfds > most)
            most = cyrusconf_at(&m->conf, i)->maxfds;
    if (most > 0)
        privilege_raise_files(most);
}

/* Everything up to the first service process; the exit status if that is as far as it gets. */
static int start(struct master *m)
{
    err_t err = start_run(m);

    if (err)
        return err == ERR_STOP ? EX_OK : EXIT_START_FAILED;
    err = start_daemons(m);
    if (err)
        return err == ERR_STOP ? EX_OK : EX_CONFIG;
    err = start_listeners(m);
    if (err)
        return err == ERR_STOP ? EX_OK : EX_OSERR;
    raise_files(m);
    if (privilege_drop(&m->privilege))
        return EX_CONFIG;
    m->spawn.user = m->spawn.group = NULL;
    activation_fini(&m->activation);
    return EX_OK;
}

static void write_ready_file(struct master *m)
{
    char text[32];
    int n;

    if (m->ready_file.n == 0)
        return;
    n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    buf_adds(&m->ready_file, ".NEW");
    const char *tmp = buf_cstr(&m->ready_file);
    struct buf path = BUF_INIT;
    buf_add(&path, tmp, m->ready_file.n - strlen(".NEW"));
    (void)!file_replace(buf_cstr(&path), tmp, slice_make(text, (size_t)n), 0644, FILE_NOSYNC);
    buf_truncate(&m->ready_file, path.n);
    buf_fini(&path);
}

static void become_ready(struct master *m)
{
    m->phase = MASTER_RUNNING;
    events_load(&m->events, &m->conf, master_now());
    on_events(m);
    tend_all(m);
    log_notice("ready for work");
    write_ready_file(m);
    notify_ready(&m->notify);
    if (m->notify.watchdog_ms)
        loop_every(m->loop, m->notify.watchdog_ms, on_watchdog, m);
    if (!m->options->keep_stdio && !m->options->logfile)
        (void)!proc_redirect(NULL, STDIN_FILENO, STDERR_FILENO);
}

static void finish(struct master *m)
{
    while (m->services.n > 0) {
        service_free(service_at(m, m->services.n - 1));
        vec_pop(&m->services);
    }
    vec_fini(&m->services);
    events_fini(&m->events);
    children_free(&m->children);
    loop_free(&m->loop);
}

int master_run(struct master *m)
{
    int status;

    m->loop = loop_new();
    m->children = children_new();
    vec_init(&m->services, sizeof(struct service *));
    events_init(&m->events);
    catch_signals(m);
    m->adopts_orphans = prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
    procfiles_clean(buf_cstr(&m->procdir));
    status = start(m);
    if (status == EX_OK && m->phase == MASTER_STARTING)
        become_ready(m);
    else
        stop_begin(m);
    if (children_count(m->children) > 0 || m->phase == MASTER_RUNNING)
        if (loop_run(m->loop) != ERR_OK)
            status = EX_OSERR;
    finish(m);
    return status;
}

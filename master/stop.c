/* stop.c - see stop.h */
#include "master/stop.h"

#include <signal.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "master/service.h"

enum { REMIND_MS = 1000 };

static void ask(struct child *c, int signo)
{
    if (!c->asked_ms)
        c->asked_ms = clock_mono_ms();
    kill(c->pid, signo);
}

/* TERM to all that do not come last: to our whole process group when it is ours, so that what
 * START has left in the background hears it too, and to whoever is outside of it. */
static void ask_all(struct master *m)
{
    const bool is_leader = getpgrp() == getpid();
    struct child *c;

    for (size_t pos = 0; (c = children_next(m->children, &pos));) {
        if (c->last)
            continue;
        c->asked_ms = clock_mono_ms();
        if (!is_leader || getpgid(c->pid) != getpgrp())
            kill(c->pid, SIGTERM);
    }
    if (is_leader)
        kill(0, SIGTERM);               /* our own handler knows that we stop already */
}

/* The daemon to end next: the one that was started last. */
static struct child *last_daemon(const struct master *m)
{
    struct child *c, *found = NULL;

    for (size_t pos = 0; (c = children_next(m->children, &pos));) {
        if (!c->last)
            return NULL;
        if (!found || c->started_ms > found->started_ms ||
            (c->started_ms == found->started_ms && c->pid > found->pid))
            found = c;
    }
    return found;
}

void stop_child_ended(struct master *m)
{
    struct child *c;

    if (children_count(m->children) == 0) {
        log_notice("All children have exited, closing down");
        loop_stop(m->loop);
        return;
    }
    c = last_daemon(m);
    if (c && !c->asked_ms) {
        log_debug("waiting for child %ld of %s/daemon to exit", (long)c->pid, c->name);
        ask(c, SIGTERM);
    }
}

static void kill_children(struct master *m, bool last_too)
{
    struct child *c;

    for (size_t pos = 0; (c = children_next(m->children, &pos));) {
        if (c->last && !last_too)
            continue;
        log_warn("process type:%s name:%s path:%s pid:%ld does not end and is killed",
                 children_kind_name(c->kind), c->name, c->path, (long)c->pid);
        ask(c, SIGKILL);
    }
}

/* Idle processes that are still there have missed the signal. */
static void on_reminder(void *arg)
{
    const struct master *m = arg;
    struct child *c;

    for (size_t pos = 0; (c = children_next(m->children, &pos));)
        if (c->asked_ms && c->state == POLICY_READY && c->kind == CHILD_SERVICE)
            kill(c->pid, SIGTERM);
}

static void on_polite_end(void *arg)
{
    kill_children(arg, false);
}

static void on_total_end(void *arg)
{
    kill_children(arg, true);
}

void stop_begin(struct master *m)
{
    if (m->phase == MASTER_STOPPING)
        return;
    m->phase = MASTER_STOPPING;
    log_info("attempting clean shutdown on signal");
    notify_stopping(&m->notify);
    if (m->ready_file.n)
        unlink(buf_cstr(&m->ready_file));
    loop_cancel(m->loop, m->events_timer);
    loop_cancel(m->loop, m->janitor_timer);
    for (size_t i = 0; i < m->services.n; i++)
        service_halt(service_at(m, i));
    ask_all(m);
    loop_every(m->loop, REMIND_MS, on_reminder, m);
    loop_after(m->loop, STOP_POLITE_MS, on_polite_end, m);
    loop_after(m->loop, STOP_TOTAL_MS, on_total_end, m);
    stop_child_ended(m);
}

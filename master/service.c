/* service.c - processes of a service: starting, messages, ends.  See service.h */
#include "master/service.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/os/file.h"
#include "master/listen.h"
#include "master/service_template.h"

enum {
    FORKS_PER_ROUND = 16,               /* then the loop has its turn */
    PIPE_READ_MAX = 4096,
    NOISE_PAUSE_MS = 200,               /* who writes rubbish is read slowly */
    NOISE_TELL_MS = 10000,              /* and named at most so often */
};

static void on_timer(void *arg);
static void on_connection(void *arg, int fd, unsigned events);
static void on_status(void *arg, int fd, unsigned events);

static const char *state_name(enum policy_state s)
{
    return s == POLICY_READY ? "READY" : "BUSY";
}

/* --- starting ------------------------------------------------------------ */

/* Start the program, perhaps to be the template of those that follow. */
static bool spawn_one(struct service *s, uint64_t now_ms)
{
    const int template_fd = service_template_offer(s);
    const struct spawn_request r = { .argv = s->entry->argv,
                                     .service = s->name,
                                     .id = s->id,
                                     .is_daemon = s->listener < 0,
                                     .own_group = s->entry->wait,
                                     .ends_with_us = true,
                                     .status_fd = s->status_write,
                                     .listen_fd = s->listener,
                                     .template_fd = template_fd,
                                     .maxfds = s->entry->maxfds };
    struct child *c = master_spawn(s->master, s->entry,
                                   s->listener < 0 ? CHILD_DAEMON : CHILD_SERVICE, &r);

    service_template_offered(s, c, template_fd);
    if (!c) {
        policy_fork_failed(&s->policy, now_ms);
        return false;
    }
    c->service = s;
    c->last = s->entry->wait;
    policy_forked(&s->policy, now_ms);
    return true;
}

void service_adopt(struct service *s, struct child *c)
{
    c->service = s;
    c->last = s->entry->wait;
    policy_forked(&s->policy, clock_mono_ms());
}

static void set_timer(struct service *s, uint64_t now_ms, uint64_t when_ms)
{
    loop_cancel(s->master->loop, s->timer);
    s->timer = loop_after(s->master->loop, when_ms > now_ms ? when_ms - now_ms : 0, on_timer, s);
}

static void watch_listener(struct service *s, uint64_t now_ms)
{
    uint64_t when;

    if (s->listener < 0)
        return;
    if (policy_must_watch(&s->policy, now_ms, &when)) {
        loop_watch(s->master->loop, s->listener, LOOP_READ, on_connection, s);
        return;
    }
    loop_unwatch(s->master->loop, s->listener);
    if (when > now_ms)
        set_timer(s, now_ms, when);
}

void service_tend(struct service *s)
{
    const bool has_work = s->entry && (s->listener >= 0 || s->entry->section == CYRUSCONF_DAEMON);
    uint64_t now_ms = clock_mono_ms(), when;
    enum policy_want want = POLICY_NOTHING;
    int forks = 0;

    if (!has_work || s->master->phase != MASTER_RUNNING)
        return;
    while ((want = policy_next(&s->policy, s->waiting, now_ms, &when)) == POLICY_FORK &&
           forks++ < FORKS_PER_ROUND) {
        s->waiting = false;
        if (!service_template_fork(s, now_ms) && !spawn_one(s, now_ms))
            break;
        now_ms = clock_mono_ms();
    }
    s->waiting = false;                 /* it will be seen again */
    if (want == POLICY_LATER)
        set_timer(s, now_ms, when);
    else if (want == POLICY_FORK)
        set_timer(s, now_ms, now_ms);
    watch_listener(s, now_ms);
}

static void on_timer(void *arg)
{
    struct service *s = arg;

    s->timer = 0;
    service_tend(s);
}

static void on_connection(void *arg, int fd, unsigned events)
{
    struct service *s = arg;

    s->waiting = true;
    service_tend(s);
}

void service_halt(struct service *s)
{
    loop_cancel(s->master->loop, s->timer);
    s->timer = 0;
    if (s->listener >= 0)
        loop_unwatch(s->master->loop, s->listener);
    file_close(&s->listener);
    service_template_dismiss(s, SIGTERM);
}

void service_hang_up(struct service *s)
{
    struct child *c;

    service_template_dismiss(s, SIGHUP);        /* its last workers are among the children then */
    for (size_t pos = 0; (c = children_next(s->master->children, &pos));) {
        if (c->service != s)
            continue;
        c->asked_ms = clock_mono_ms();
        c->slow_told = false;
        kill(c->pid, SIGHUP);
    }
}

/* --- messages ------------------------------------------------------------ */

static bool is_mine(void *arg, int32_t pid)
{
    const struct service *s = arg;
    const struct child *c = children_find(s->master->children, pid);

    return c && c->service == s;
}

static void take_message(void *arg, const struct protocol_status *m)
{
    struct service *s = arg;
    struct child *c = children_find(s->master->children, m->pid);
    bool expected = true;

    switch (m->message) {
    case PROTOCOL_AVAILABLE:
        expected = policy_set_state(&s->policy, &c->state, POLICY_READY);
        break;
    case PROTOCOL_UNAVAILABLE:
        expected = policy_set_state(&s->policy, &c->state, POLICY_BUSY);
        break;
    case PROTOCOL_CONNECTION:
        expected = c->state == POLICY_BUSY;
        s->connections++;
        break;
    default:
        s->connections++;
        break;
    }
    if (!expected)
        log_debug("service %s/%s pid %ld in %s state: message %ld is out of place", s->name,
                  s->family, (long)c->pid, state_name(c->state), (long)m->message);
}

static void on_pipe_timer(void *arg)
{
    struct service *s = arg;

    s->pipe_timer = 0;
    service_watch_pipe(s);
}

/* Whoever writes rubbish fills the pipe and then waits for us: read slowly. */
static void slow_down(struct service *s, size_t noise)
{
    const uint64_t now_ms = clock_mono_ms();

    if (s->noise_told_ms == 0 || now_ms - s->noise_told_ms > NOISE_TELL_MS) {
        s->noise_told_ms = now_ms;
        log_warn("service %s/%s: %zu bytes on the status pipe are no message and are ignored",
                 s->name, s->family, noise);
    }
    loop_watch(s->master->loop, s->status_read, 0, on_status, s);
    s->pipe_timer = loop_after(s->master->loop, NOISE_PAUSE_MS, on_pipe_timer, s);
}

/* Take what is in the pipe, once.  Returns the bytes read. */
static size_t read_status(struct service *s, size_t *noise)
{
    char bytes[PIPE_READ_MAX];
    ssize_t n;

    if (s->status_read < 0)
        return 0;
    do
        n = read(s->status_read, bytes, sizeof bytes);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return 0;
    service_template_hear(s);           /* a new worker's first words are there, behind its name */
    *noise += messages_feed(&s->messages, bytes, (size_t)n, is_mine, take_message, s);
    return (size_t)n;
}

static void on_status(void *arg, int fd, unsigned events)
{
    struct service *s = arg;
    size_t noise = 0;

    read_status(s, &noise);
    service_tend(s);
    if (noise > 0)
        slow_down(s, noise);
}

void service_watch_pipe(struct service *s)
{
    loop_watch(s->master->loop, s->status_read, LOOP_READ, on_status, s);
}

/* --- ends ---------------------------------------------------------------- */

static enum policy_end judge(const struct child *c, int status)
{
    if (c->asked_ms)
        return POLICY_END_ASKED;
    if (WIFEXITED(status) &&
        (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == PROTOCOL_EXIT_TEMPORARY))
        return POLICY_END_GOOD;
    return POLICY_END_BAD;
}

void service_disable(struct service *s)
{
    log_err("too many failures for service %s/%s, disabling until next SIGHUP", s->name,
            s->family);
    s->paused = true;
    service_template_dismiss(s, SIGTERM);
    if (s->listener < 0)
        return;
    loop_unwatch(s->master->loop, s->listener);
    if (!s->handed_over && !listen_pause(s->listener, &s->addr))
        file_close(&s->listener);
}

void service_child_ended(struct service *s, struct child *c, int status)
{
    const uint64_t now_ms = clock_mono_ms();
    enum policy_end end = judge(c, status);
    size_t noise = 0, got = 0;

    /* what it wrote before it ended comes first; other writers must not keep us here */
    while (got < 4 * PIPE_READ_MAX) {
        size_t n = read_status(s, &noise);
        got += n;
        if (n < PIPE_READ_MAX)
            break;
    }
    if (end == POLICY_END_BAD)
        log_warn("service %s/%s pid %ld in %s state: terminated abnormally", s->name, s->family,
                 (long)c->pid, state_name(c->state));
    if (service_template_child_ended(s, c, status, now_ms))
        return;
    if (policy_ended(&s->policy, c->state, end, now_ms - c->started_ms, now_ms))
        service_disable(s);
    c->service = NULL;
}

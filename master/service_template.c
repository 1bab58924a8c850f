/* service_template.c - see service_template.h */
#include "master/service_template.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/os/file.h"

static void on_socket(void *arg, int fd, unsigned events);

/* --- offering ------------------------------------------------------------ */

/* Workers wait in accept(); services of datagrams do not. */
static bool accepts(int listener)
{
    int type = 0;
    socklen_t n = sizeof type;

    return listener >= 0 && getsockopt(listener, SOL_SOCKET, SO_TYPE, &type, &n) == 0 &&
           type == SOCK_STREAM;
}

int service_template_offer(struct service *s)
{
    int ends[2];

    if (!s->master->adopts_orphans || !accepts(s->listener) || !template_is_wanted(&s->template))
        return -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        (void)!LOG_IO("socketpair", s->name);   /* works without, only dearer */
        return -1;
    }
    s->template_fd = ends[0];
    return ends[1];
}

void service_template_offered(struct service *s, struct child *c, int fd)
{
    if (fd < 0)
        return;
    file_close(&fd);
    if (!c) {
        file_close(&s->template_fd);
        return;
    }
    template_offered(&s->template, c->pid);
    loop_watch(s->master->loop, s->template_fd, LOOP_READ, on_socket, s);
}

/* --- hearing ------------------------------------------------------------- */

static void become_ready(struct service *s)
{
    struct child *c = children_find(s->master->children, s->template.pid);

    if (!c || c->service != s)
        return;
    c->is_template = true;
    policy_give_back(&s->policy, 1, clock_mono_ms());
    log_debug("service %s/%s: pid %ld is the template", s->name, s->family, (long)c->pid);
}

static void meet_worker(struct service *s, pid_t pid)
{
    struct master *m = s->master;
    const struct child *template = children_find(m->children, s->template.pid);

    if (children_find(m->children, pid)) {      /* says so, but was there before */
        log_warn("service %s/%s: pid %ld is no new worker", s->name, s->family, (long)pid);
        policy_give_back(&s->policy, 1, clock_mono_ms());
        return;
    }
    master_meet(m, pid, CHILD_SERVICE, s->name, template ? template->path : "")->service = s;
}

static void set_patience(struct service *s);

static void take(struct service *s, const void *bytes, size_t n)
{
    pid_t pid = 0;

    switch (template_hear(&s->template, bytes, n, &pid)) {
    case TEMPLATE_BECAME_READY:
        become_ready(s);
        break;
    case TEMPLATE_GAVE:
        meet_worker(s, pid);
        break;
    case TEMPLATE_FAILED:
        policy_give_back(&s->policy, 1, clock_mono_ms());
        policy_fork_failed(&s->policy, clock_mono_ms());
        break;
    case TEMPLATE_NOISE:
        log_debug("service %s/%s: a message of the template is out of place", s->name, s->family);
        break;
    }
    set_patience(s);
}

/* All there is.  False: it is over, the socket has ended. */
static bool drain(struct service *s)
{
    char bytes[64];
    ssize_t n;

    for (;;) {
        n = recv(s->template_fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n > 0)
            take(s, bytes, (size_t)n);
        else if (n == 0 || errno != EINTR)
            return n < 0 && errno == EAGAIN;
    }
}

/* Nothing more is heard or asked.  Who still wants to say something is refused from the first
 * line on; so each worker has either been met, or ends by itself. */
static void close_socket(struct service *s, bool dismissed)
{
    if (s->template_fd < 0)
        return;
    shutdown(s->template_fd, SHUT_RD);
    drain(s);
    loop_unwatch(s->master->loop, s->template_fd);
    file_close(&s->template_fd);
    policy_give_back(&s->policy, template_closed(&s->template, dismissed), clock_mono_ms());
    set_patience(s);
}

/* The template cannot be used any more and has to go; signo 0: it has gone. */
static void give_up(struct service *s, int signo)
{
    const struct child *c = children_find(s->master->children, s->template.pid);

    close_socket(s, false);
    if (signo && c && c->is_template)
        kill(c->pid, signo);
    if (s->template.useless == TEMPLATE_USELESS_MAX)
        log_warn("service %s/%s: templates end before they have made a process; none is used "
                 "until next SIGHUP", s->name, s->family);
}

void service_template_hear(struct service *s)
{
    if (s->template_fd >= 0 && !drain(s))
        give_up(s, SIGTERM);
}

static void on_socket(void *arg, int fd, unsigned events)
{
    struct service *s = arg;

    service_template_hear(s);
    service_tend(s);
}

/* --- asking -------------------------------------------------------------- */

static void on_patience_over(void *arg)
{
    struct service *s = arg;

    s->template_timer = 0;
    log_warn("service %s/%s: template %ld does not answer and is killed", s->name, s->family,
             (long)s->template.pid);
    give_up(s, SIGKILL);
    service_tend(s);
}

/* It has so long to answer, counted anew from each answer. */
static void set_patience(struct service *s)
{
    struct loop *loop = s->master->loop;

    loop_cancel(loop, s->template_timer);
    s->template_timer = 0;
    if (s->template.pending > 0)
        s->template_timer = loop_after(loop, TEMPLATE_PATIENCE_MS, on_patience_over, s);
}

bool service_template_fork(struct service *s, uint64_t now_ms)
{
    const struct protocol_template m = { .message = PROTOCOL_T_FORK, .pid = (int32_t)getpid() };

    if (s->template.state != TEMPLATE_READY)
        return false;
    if (send(s->template_fd, &m, sizeof m, MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof m) {
        give_up(s, SIGTERM);
        return false;
    }
    template_asked(&s->template);
    policy_forked(&s->policy, now_ms);
    if (!s->template_timer)
        set_patience(s);
    return true;
}

/* --- ends ---------------------------------------------------------------- */

bool service_template_child_ended(struct service *s, struct child *c, int status, uint64_t now_ms)
{
    if (c->pid == s->template.pid)
        give_up(s, 0);
    if (!c->is_template)
        return false;                           /* it was an ordinary worker */
    c->service = NULL;
    if ((!WIFEXITED(status) || WEXITSTATUS(status) != 0) && policy_failed(&s->policy, now_ms))
        service_disable(s);
    return true;
}

/* Some may be on their way out already. */
void service_template_dismiss(struct service *s, int signo)
{
    struct child *c;

    close_socket(s, true);
    for (size_t pos = 0; (c = children_next(s->master->children, &pos));) {
        if (c->service != s || !c->is_template)
            continue;
        c->service = NULL;
        c->asked_ms = clock_mono_ms();
        kill(c->pid, signo);
    }
}

void service_template_close(struct service *s)
{
    close_socket(s, true);
}

/* service_open.c - services come and go: listeners, pipes, settings.  See service.h */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/os/file.h"
#include "master/listen.h"
#include "master/service.h"
#include "master/service_template.h"

static struct policy_conf policy_of(const struct cyrusconf_entry *e)
{
    return (struct policy_conf){ .prefork = e->prefork, .maxchild = e->maxchild,
                                 .maxforkrate = e->maxforkrate, .persistent = e->babysit };
}

static struct service *add(struct master *m, const struct cyrusconf_entry *e)
{
    struct service *s = mem_zalloc(sizeof *s);
    const struct policy_conf policy = policy_of(e);

    *s = (struct service){ .master = m, .entry = e, .name = mem_strdup(e->name),
                           .listen = mem_strdup(e->listen ? e->listen : ""),
                           .proto = mem_strdup(e->listen ? e->proto : ""), .listener = -1,
                           .status_read = -1, .status_write = -1, .template_fd = -1,
                           .family = "daemon" };
    policy_init(&s->policy, &policy, clock_mono_ms());
    *VEC_PUSH(&m->services, struct service *) = s;
    return s;
}

struct service *service_add_daemon(struct master *m, const struct cyrusconf_entry *e)
{
    return add(m, e);
}

/* Both ends stay open here, so that the pipe never ends. */
static err_t open_pipe(struct service *s)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return LOG_IO("pipe", s->name);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    s->status_read = ends[0];
    s->status_write = ends[1];
    service_watch_pipe(s);
    return ERR_OK;
}

static const char *reason(err_t err)
{
    switch (err) {
    case ERR_INUSE:
        return "Address already in use; stop what uses it or choose another address";
    case ERR_DENIED:
        return "Permission denied; start master as root, or choose a port above 1023 or another "
               "directory";
    case ERR_BADNAME:
        return "unknown port; give a number, or add the name to /etc/services";
    case ERR_SYNTAX:
        return "not an address; write port, host:port, [v6 address]:port or /path";
    case ERR_NOTFOUND:
        return "no such host or directory; correct the name or use a numeric address";
    default:
        return "the system refused, its reason is in the log; check that this machine has the "
               "address";
    }
}

static err_t find_listeners(struct master *m, const struct cyrusconf_entry *e,
                            struct sock_listener *found, size_t *n, bool *handed_over)
{
    *n = activation_take(&m->activation, e->name, e->listen, e->proto, found);
    *handed_over = *n > 0;
    if (*handed_over)
        return ERR_OK;
    return listen_open(e->listen, e->proto, m->options->backlog, found, n);
}

static err_t add_listener(struct master *m, const struct cyrusconf_entry *e,
                          const struct sock_listener *l, int id, bool handed_over)
{
    struct service *s = add(m, e);

    s->id = id;
    s->listener = l->fd;
    s->addr = l->addr;
    s->handed_over = handed_over;
    s->family = listen_family(&s->addr);
    return open_pipe(s);
}

err_t service_open(struct master *m, const struct cyrusconf_entry *e, unsigned flags)
{
    struct sock_listener found[SOCK_LISTEN_MAX];
    bool handed_over;
    size_t n;
    err_t err = find_listeners(m, e, found, &n, &handed_over), failure = ERR_OK;

    if (err && !(err == ERR_INUSE && flags & SERVICE_QUIET_IN_USE))
        master_complain(m, e, "cannot open the listener of service '%s' on %s: %s", e->name,
                        e->listen, reason(err));
    for (size_t i = 0; i < n; i++) {
        failure = add_listener(m, e, &found[i], (int)i, handed_over);
        if (failure)                    /* without a pipe it is of no use; logged */
            service_retire(service_at(m, m->services.n - 1));
    }
    return err ? err : failure;
}

static void resume(struct service *s)
{
    struct sock_listener found[SOCK_LISTEN_MAX];
    size_t n = 0;
    err_t err;

    s->paused = false;
    if (s->entry->section != CYRUSCONF_SERVICES)
        return;
    if (s->handed_over)
        return;
    if (s->listener >= 0 && listen_resume(s->listener, &s->addr, s->master->options->backlog))
        return;
    file_close(&s->listener);
    err = listen_open(s->listen, s->proto, s->master->options->backlog, found, &n);
    if (n == 0) {
        master_complain(s->master, s->entry, "cannot open the listener of service '%s' on %s: %s",
                        s->name, s->listen, reason(err));
        return;
    }
    s->listener = found[0].fd;
    s->addr = found[0].addr;
    for (size_t i = 1; i < n; i++)
        file_close(&found[i].fd);
}

void service_update(struct service *s, const struct cyrusconf_entry *e)
{
    const struct policy_conf policy = policy_of(e);

    s->entry = e;
    policy_configure(&s->policy, &policy, clock_mono_ms());
    template_forgive(&s->template);
    if (s->paused)
        resume(s);
}

/* Processes that still serve hold the socket too, so closing it here would not do. */
static void close_listener(struct service *s)
{
    if (s->listener < 0)
        return;
    loop_unwatch(s->master->loop, s->listener);
    if (!s->handed_over)
        shutdown(s->listener, SHUT_RDWR);
    file_close(&s->listener);
}

void service_retire(struct service *s)
{
    s->entry = NULL;
    loop_cancel(s->master->loop, s->timer);
    s->timer = 0;
    service_hang_up(s);                 /* first, else they take it for an error of accept() */
    close_listener(s);
}

void service_free(struct service *s)
{
    service_template_close(s);
    loop_cancel(s->master->loop, s->timer);
    loop_cancel(s->master->loop, s->pipe_timer);
    if (s->listener >= 0)
        loop_unwatch(s->master->loop, s->listener);
    file_close(&s->listener);
    if (s->status_read >= 0)
        loop_unwatch(s->master->loop, s->status_read);
    file_close(&s->status_read);
    file_close(&s->status_write);
    mem_free(s->name);
    mem_free(s->listen);
    mem_free(s->proto);
    mem_free(s);
}

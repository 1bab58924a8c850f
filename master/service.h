/* service.h - a service at one address, or a daemon: its listener, its pipe, its processes
 *
 * An entry of SERVICES becomes one struct service for each address it listens on, an entry of
 * DAEMON one without a listener.  How many processes it has is decided by policy.h; here the
 * decision is carried out.  A service that is no longer in the configuration stays, without
 * listener, until its last process has ended.
 */
#ifndef MASTER_SERVICE_H
#define MASTER_SERVICE_H

#include "master/master.h"
#include "master/messages.h"
#include "master/template.h"

struct service {
    struct master *master;
    const struct cyrusconf_entry *entry;        /* NULL: removed from the configuration */
    char *name, *listen, *proto;                /* own copies; listen, proto: "" of daemons */
    const char *family;                         /* "ipv4" "ipv6" "unix" "daemon" */
    int id;                                     /* CYRUS_ID */
    int listener;                               /* -1: none, or closed */
    bool handed_over;                           /* the listener is not ours alone */
    struct sock_addr addr;                      /* of the listener */
    int status_read, status_write;              /* the pipe; -1 of daemons */
    struct messages messages;
    struct policy policy;
    struct template template;
    int template_fd;                            /* socket to it; -1: none */
    uint64_t template_timer;                    /* it does not answer */
    bool waiting;                               /* a connection is known to wait */
    bool paused;                                /* disabled by failures: connections refused */
    uint64_t timer;                             /* to look again at what is delayed */
    uint64_t pipe_timer;                        /* to read the pipe again */
    uint64_t connections;                       /* served since the start */
    uint64_t noise_told_ms;                     /* last complaint about what is in the pipe */
};

/* A daemon; nothing is started yet. */
struct service *service_add_daemon(struct master *, const struct cyrusconf_entry *);

enum service_open_flags {
    SERVICE_QUIET_IN_USE = 1,           /* do not report an address that is in use */
};

/* All listeners of an entry of SERVICES: those handed over at start, else opened now.  At least
 * one on ERR_OK; errors, reported, as listen_open(). */
err_t service_open(struct master *, const struct cyrusconf_entry *, unsigned flags) NODISCARD;

/* New settings from the configuration read again; a disabled service begins anew. */
void service_update(struct service *, const struct cyrusconf_entry *);

/* It is no longer in the configuration: its idle processes are to end, connections are
 * refused. */
void service_retire(struct service *);

/* Close all and free.  Processes are not touched. */
void service_free(struct service *);

/* Start what is wanted and watch what must be watched: after every change. */
void service_tend(struct service *);

/* Its processes are to end as soon as they are idle. */
void service_hang_up(struct service *);

/* Listen to what processes write to the pipe. */
void service_watch_pipe(struct service *);

/* No more processes; connections are refused as soon as the last one has ended: master stops. */
void service_halt(struct service *);

/* Too many failures: no more processes, connections are refused until the next reload. */
void service_disable(struct service *);

/* A child of it has ended: settle accounts, before it leaves the table. */
void service_child_ended(struct service *, struct child *, int status);

/* A daemon was started outside of service_tend (wait=y): count it. */
void service_adopt(struct service *, struct child *);

static inline struct service *service_at(const struct master *m, size_t i)
{
    return *VEC_AT(&m->services, struct service *, i);
}

#endif

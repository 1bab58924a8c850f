/* activation.h - listening sockets that whoever started master has opened already
 *
 * LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES of the environment (sd_listen_fds(3)): the
 * descriptors from 3 on.  A service takes those that carry its name, or else those bound to its
 * address.  They are moved above the descriptors that services use and are close-on-exec.
 */
#ifndef MASTER_ACTIVATION_H
#define MASTER_ACTIVATION_H

#include "lib/base/buf.h"
#include "lib/base/vec.h"
#include "lib/os/sock.h"

struct activation {
    struct vec sockets;                 /* struct activation_socket */
};

struct activation_socket {
    char *name;                         /* of LISTEN_FDNAMES, "" if none */
    int fd;                             /* -1: taken by a service */
    struct sock_addr addr;
};

/* Take what the environment announces and remove the variables. */
void activation_init(struct activation *);

/* Close what no service has taken (a warning each) and free. */
void activation_fini(struct activation *);

/* The sockets of a service, which owns them from now on; at most SOCK_LISTEN_MAX. */
size_t activation_take(struct activation *, const char *service, const char *listen,
                       const char *proto, struct sock_listener *out);

#endif

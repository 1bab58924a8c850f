/* listen.h - from listen= and proto= of cyrus.conf to sockets, and pausing them */
#ifndef MASTER_LISTEN_H
#define MASTER_LISTEN_H

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/os/sock.h"

/* Parts of listen=: "port", "host:port", "[v6]:port", "*:port" or "/path". */
struct listen_parts {
    struct slice host;                  /* empty: every address */
    struct slice port;                  /* number or name; empty for a path */
    bool is_path;
};

/* ERR_SYNTAX: none of the forms. */
err_t listen_split(struct slice text, struct listen_parts *out) NODISCARD;

/* Bind and listen on everything the text stands for, as sock_listen(), service names that the
 * system lacks included.  Errors as there; ERR_BADNAME: the port is neither number nor known
 * name (not logged). */
err_t listen_open(const char *text, const char *proto, int backlog, struct sock_listener *out,
                  size_t *n_out) NODISCARD;

/* Does a socket that somebody else has bound fit the text and proto? */
bool listen_fits(const char *text, const char *proto, int fd, const struct sock_addr *bound);

/* "ipv4", "ipv6" or "unix", as services are called in the log. */
const char *listen_family(const struct sock_addr *);

/* Let connections be refused without giving the port away.  False: impossible (UNIX sockets),
 * the socket must be closed and opened again instead. */
bool listen_pause(int fd, const struct sock_addr *);
/* Take connections again after listen_pause().  False: as there. */
bool listen_resume(int fd, const struct sock_addr *, int backlog);

#endif

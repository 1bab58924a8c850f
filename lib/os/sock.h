/* sock.h - sockets: listen, accept, connect, pass descriptors, names of peers
 *
 * All descriptors are close-on-exec and blocking unless said otherwise.  Failures that
 * are not the other side's doing are logged once here.
 */
#ifndef OS_SOCK_H
#define OS_SOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct sock_addr {
    struct sockaddr_storage ss;
    socklen_t len;                      /* 0: unknown */
};

/* --- listening ----------------------------------------------------------- */

enum sock_proto { SOCK_TCP, SOCK_TCP4, SOCK_TCP6, SOCK_UDP, SOCK_UDP4, SOCK_UDP6 };

enum {
    SOCK_LISTEN_MAX = 16,               /* addresses one text may stand for */
    SOCK_UNIX_PATH_MAX = 107,           /* bytes a UNIX socket path may have */
};

/* "tcp" "tcp4" "tcp6" "udp" "udp4" "udp6", any case, to the enum.  ERR_SYNTAX. */
err_t sock_proto_parse(struct slice, enum sock_proto *out) NODISCARD;

struct sock_listener {
    int fd;
    struct sock_addr addr;              /* as bound: port 0 is replaced by the real one */
};

/* Bind and listen on every address of text: "port", "service", "host:port", "[v6]:port",
 * "*:port" or "/path" (UNIX; stream for TCP, datagram for UDP; an old socket there is
 * removed, mode 0777 after bind).  Without a host one socket per address family.
 * out has room for SOCK_LISTEN_MAX; the caller owns the descriptors.
 * ERR_OK when at least one address works; each other is logged ("Address already in
 * use").  ERR_INUSE: all were taken.  ERR_SYNTAX, ERR_NOTFOUND (host, service): logged. */
err_t sock_listen(const char *text, enum sock_proto, int backlog, struct sock_listener *out,
                  size_t *n_out) NODISCARD;

/* One UNIX stream socket with the given mode. */
err_t sock_listen_unix(const char *path, mode_t mode, int backlog, int *fd_out) NODISCARD;

/* One UNIX datagram socket bound to path (an old one is removed) with the given mode. */
err_t sock_bind_unix_dgram(const char *path, mode_t mode, int *fd_out) NODISCARD;

/* Next connection.  ERR_AGAIN: interrupted by a signal, nothing there (non-blocking), or
 * the client has gone again.  ERR_NOSPACE: out of descriptors (logged). */
err_t sock_accept(int listener, int *fd_out, struct sock_addr *peer_out) NODISCARD;

/* --- connecting ---------------------------------------------------------- */

/* To host (name or number) and port (number or service name): all addresses in order,
 * timeout_ms for the whole but the name look-up.  ERR_NOTFOUND: unknown host (logged).
 * ERR_TIMEOUT.  ERR_CLOSED: refused or unreachable.  The last two are not logged: the
 * caller knows how bad that is. */
err_t sock_connect(const char *host, const char *port, int timeout_ms, int *fd_out) NODISCARD;
err_t sock_connect_unix(const char *path, int timeout_ms, int *fd_out) NODISCARD;

/* One datagram to a UNIX socket, never waiting.  ERR_CLOSED: nobody there; ERR_AGAIN: its
 * queue is full.  Neither is logged.  fd: any UNIX datagram socket, see below. */
err_t sock_send_unix_dgram(int fd, const char *path, struct slice bytes) NODISCARD;
/* The same, waiting at most that long for room in the queue (which holds ten on most systems). */
err_t sock_send_unix_dgram_within(int fd, const char *path, struct slice bytes,
                                  int timeout_ms) NODISCARD;
err_t sock_new_unix_dgram(int *fd_out) NODISCARD;       /* unbound, for sending */

err_t sock_pair(int fds[2]) NODISCARD;                  /* connected UNIX stream sockets */

/* Wait until fd is ready for POLLIN/POLLOUT (events) at most timeout_ms (-1: for ever).
 * ERR_TIMEOUT; ERR_AGAIN when a signal came, so that the caller may look at its flags. */
err_t sock_wait(int fd, short events, int timeout_ms) NODISCARD;

/* --- passing descriptors over UNIX sockets ------------------------------- */

/* Send n bytes (1 to SOCK_PASS_MAX) and one descriptor, which stays ours too. */
enum { SOCK_PASS_MAX = 4096 };
err_t sock_send_fd(int via, int fd, struct slice bytes) NODISCARD;

/* Receive what one sock_send_fd sent, provided that all on this socket goes through it and
 * that max is not smaller: *n_out of at most max bytes, *fd_out or -1 when there was none.
 * ERR_CLOSED at the end of the stream. */
err_t sock_recv_fd(int via, void *dst, size_t max, size_t *n_out, int *fd_out) NODISCARD;

/* --- settings ------------------------------------------------------------ */

/* All quietly do nothing on sockets that do not know them. */
void sock_set_nodelay(int fd, bool on);
void sock_set_cork(int fd, bool on);
void sock_set_nonblocking(int fd, bool on);

/* idle_s, interval_s, count: 0 leaves the system's value. */
void sock_set_keepalive(int fd, int idle_s, int interval_s, int count);

/* --- names --------------------------------------------------------------- */

/* ERR_CLOSED: not a socket, or not connected. */
err_t sock_peer(int fd, struct sock_addr *out) NODISCARD;
err_t sock_local(int fd, struct sock_addr *out) NODISCARD;

bool sock_is_inet(const struct sock_addr *);            /* IPv4 or IPv6 */
uint16_t sock_port(const struct sock_addr *);           /* 0 unless inet */

/* Same address, ports aside?  An IPv4-mapped IPv6 address equals the IPv4 one. */
bool sock_same_host(const struct sock_addr *, const struct sock_addr *);

/* Append the numeric address: "192.0.2.1", "2001:db8::1" (IPv4-mapped as IPv4, no scope),
 * "unix" for UNIX sockets, "unknown". */
void sock_add_ip(struct buf *out, const struct sock_addr *);

/* Append "ip;port", the form SASL wants; nothing unless inet. */
void sock_add_ipport(struct buf *out, const struct sock_addr *);

/* Append the name shown in logs, Received lines and the proc directory: "host [ip]", or
 * "[ip]" when look_up is false or there is no reverse name.  UNIX sockets: "[local]". */
void sock_add_name(struct buf *out, const struct sock_addr *, bool look_up);

/* Append the reverse name alone.  False: none (a name that is an address does not count). */
bool sock_add_reverse(struct buf *out, const struct sock_addr *);

#endif

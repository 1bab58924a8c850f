/* conn.h - a loopback connection of the driver: lines in, bytes out, blocking with a deadline
 *
 * Two kinds of client: an ordinary one leaves the socket as the system made it, one that
 * "acknowledges at once" asks for TCP_QUICKACK after every read.  Neither touches Nagle:
 * a command is one write.  One thread uses a connection at a time.
 */
#ifndef BENCH_CONN_H
#define BENCH_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

struct conn;

/* Connect to 127.0.0.1:port; ends the process when that fails.  conn_close() frees. */
struct conn *conn_open(uint64_t port, bool quickack);
void conn_close(struct conn **);

void conn_write(struct conn *, const void *, size_t);
void conn_writef(struct conn *, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Next line without its CRLF, borrowed until the next call; silence for CONN_DEADLINE_S seconds,
 * an endless line or the end of the connection is a wrong answer. */
#define CONN_DEADLINE_S 120
struct slice conn_line(struct conn *);

/* Take n bytes, appended to *into unless that is NULL. */
void conn_take(struct conn *, uint64_t n, struct buf *into);

/* Read until the other side closes. */
void conn_drain(struct conn *);

/* For an event loop: the descriptor; read what is there without waiting (false: closed);
 * a line that is already complete (false: none). */
int conn_fd(const struct conn *);
bool conn_pump(struct conn *);
bool conn_line_ready(struct conn *, struct slice *out);

#endif

/* watchers.h - events on their way from idled to those who watch (NOTIFY, RFC 5465)
 *
 * The kernel's queue of a socket holds ten datagrams; what does not fit waits here and is tried
 * again.  Bounded: beyond WATCHERS_BACKLOG_MAX bytes for one watcher, or WATCHERS_TOTAL_MAX for all,
 * what waits for that watcher is dropped, and a datagram without an event tells it so by its number
 * (idle_format.h).
 */
#ifndef SMALL_WATCHERS_H
#define SMALL_WATCHERS_H

#include "imap/events/idle_format.h"
#include "imap/small/idle_table.h"

enum {
    WATCHERS_BACKLOG_MAX = 256 * 1024,
    WATCHERS_TOTAL_MAX = 64 * 1024 * 1024,
    WATCHERS_RETRY_MS = 20
};

/* How a datagram is sent: ERR_AGAIN: there is no room now; ERR_CLOSED: nobody listens any more. */
typedef err_t watchers_send_fn(void *arg, const char *client, struct slice datagram);

struct watchers;

/* The table is borrowed. */
struct watchers *watchers_new(struct idle_table *, watchers_send_fn *, void *arg);
void watchers_free(struct watchers **);                 /* NULL is fine */

/* A client wants events: body of a WATCH.  What cannot be kept is answered with a loss. */
void watchers_watch(struct watchers *, struct slice client, struct slice name, struct slice body,
                    uint64_t now_ms);
/* Is it still known?  Answered in any case. */
void watchers_ping(struct watchers *, struct slice client, uint64_t now_ms);
/* What is waiting for it need not be sent any more. */
void watchers_drop(struct watchers *, struct slice client);

/* An event goes to whoever watches the name, or a tree that it is in; each is told once.  Cost: one
 * look at the table for each level of the name. */
void watchers_tell(struct watchers *, struct slice name, struct slice event);

/* Send what waits.  False: nothing does any more. */
bool watchers_retry(struct watchers *);
bool watchers_have_backlog(const struct watchers *);

#endif

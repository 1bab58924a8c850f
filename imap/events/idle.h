/* idle.h - tell idled what has happened to a mailbox, and hear of it through idled
 *
 * Wire format: idle_format.h (formats/internal-protocols.md section 3).  Whoever changes a
 * mailbox calls idle_tell() after the commit; a session in IDLE calls idle_start(), polls
 * the descriptor and looks at its mailbox when idle_read() says so.  Nothing here waits,
 * and IDLE does not depend on idled running: a session polls by itself every `imapidlepoll`
 * seconds whatever happens here.
 *
 * A session with NOTIFY (RFC 5465) watches names and trees of names besides, and is told what
 * happened there.  That does depend on idled: what gets lost on the way, be it because idled has
 * ended, is noticed by the next event or within 2 * IDLE_REFRESH_S, and IDLE_LOST says so.
 *
 * Per process (a singleton): one socket that sends, opened at the first use and kept, and
 * one that listens while idling or watching.  Mailbox names are internal ("user.alice").
 */
#ifndef EVENTS_IDLE_H
#define EVENTS_IDLE_H

#include <stdbool.h>

#include "imap/events/event.h"
#include "imap/events/idle_format.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

enum idle_kind {
    IDLE_NOTHING,                       /* no (complete) message: noise, or nothing there */
    IDLE_CHANGED,                       /* the mailbox has changed */
    IDLE_ALERT,                         /* idled ends: look at the shutdown file now */
    IDLE_EVENT,                         /* something that is watched for */
    IDLE_LOST,                          /* some of that did not get here; watching has ended */
};

/* Is IDLE on at all (imapidlepoll > 0)?  If not, the other functions do nothing. */
bool idle_is_enabled(void);

/* Tell idled what has happened: one sendto.  That nobody listens, or that the queue of idled is
 * full, is not an error.  `origin` and `lost` are filled in here. */
void idle_tell(const struct event *);

/* Begin to listen for changes of the mailbox: bind <configdirectory>/socket/idle.<pid> and
 * send INIT.  *fd_out (borrowed until idle_stop) becomes readable when there
 * is something for idle_read.  A process idles on one mailbox at a time: a second call
 * without idle_stop replaces the mailbox.  That idled does not run now is not an error:
 * idle_refresh tells it later.
 * ERR_UNSUPPORTED: IDLE is off.  ERR_LIMIT: the name is too long for a datagram.  Others: the
 * socket cannot be made (logged).  After any failure the caller polls only. */
err_t idle_start(struct slice mailbox, int *fd_out) NODISCARD;

/* Tell idled again that we are still there and what we wait for, at most every IDLE_REFRESH_S; it forgets whom it
 * has not heard of for max(timeout, 30 minutes), and everybody when it is started anew.  Call
 * it at each poll; does nothing when not idling. */
enum { IDLE_REFRESH_S = 30 };
void idle_refresh(void);

/* Take one message from the descriptor.  Call until IDLE_NOTHING: the queue is empty then.  After
 * IDLE_EVENT *out is what happened, borrowed until the next call; NULL: events are passed over. */
enum idle_kind idle_read(int fd, struct event *out);

/* End of idling: send DONE; the socket goes when nothing is watched.  Not idling is fine. */
void idle_stop(void);

/* Watch for events: of that name (IDLE_SCOPE_ONE), or of it and all below (IDLE_SCOPE_TREE; "." is
 * everything).  idle_watch_begin() forgets what was watched so far.  *fd_out as idle_start() gives
 * it; it is the same one.  ERR_CLOSED: idled does not run.  ERR_AGAIN: it does not listen.
 * ERR_UNSUPPORTED, ERR_LIMIT and others as idle_start(). */
void idle_watch_begin(void);
err_t idle_watch(enum idle_format_scope, struct slice name, int *fd_out) NODISCARD;
/* End of watching; idling goes on. */
void idle_unwatch(void);

/* After fork: close what was inherited without telling idled anything. */
void idle_forget(void);

#endif

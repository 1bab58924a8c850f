/* idle.h - tell idled that a mailbox has changed, and hear of changes through it
 *
 * Wire format: idle_format.h (formats/internal-protocols.md section 3).  Whoever changes a
 * mailbox calls idle_notify() after the commit; a session in IDLE calls idle_start(), polls
 * the descriptor and looks at its mailbox when idle_read() says so.  Nothing here waits,
 * and nothing depends on idled running: a session polls by itself every `imapidlepoll`
 * seconds whatever happens here.
 *
 * Per process (a singleton): one socket that sends, opened at the first use and kept, and
 * one that listens while idling.  Mailbox names are internal ("user.alice").
 */
#ifndef EVENTS_IDLE_H
#define EVENTS_IDLE_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

enum idle_kind {
    IDLE_NOTHING,                       /* no (complete) message: noise, or nothing there */
    IDLE_CHANGED,                       /* the mailbox has changed */
    IDLE_ALERT,                         /* idled ends: look at the shutdown file now */
};

/* Is IDLE on at all (imapidlepoll > 0)?  If not, the other functions do nothing. */
bool idle_is_enabled(void);

/* Tell idled that the mailbox has changed: one sendto.  That nobody listens, or that the
 * queue of idled is full, is not an error. */
void idle_notify(struct slice mailbox);

/* Begin to listen for changes of the mailbox: bind <configdirectory>/socket/idle.<pid> and
 * send INIT.  *fd_out (non-blocking, borrowed until idle_stop) becomes readable when there
 * is something for idle_read.  A process idles on one mailbox at a time: a second call
 * without idle_stop replaces the mailbox.  That idled does not run now is not an error:
 * idle_refresh tells it later.
 * ERR_UNSUPPORTED: IDLE is off.  ERR_LIMIT: the name is too long for a datagram.  Others: the
 * socket cannot be made (logged).  After any failure the caller polls only. */
err_t idle_start(struct slice mailbox, int *fd_out) NODISCARD;

/* Tell idled again that we are still there, at most every IDLE_REFRESH_S; it forgets whom it
 * has not heard of for max(timeout, 30 minutes), and everybody when it is started anew.  Call
 * it at each poll; does nothing when not idling. */
enum { IDLE_REFRESH_S = 30 };
void idle_refresh(void);

/* Take one message from the descriptor.  Call until IDLE_NOTHING: the queue is empty then. */
enum idle_kind idle_read(int fd);

/* End: send DONE, close and remove the socket.  Not idling is fine. */
void idle_stop(void);

/* After fork: close what was inherited without telling idled anything. */
void idle_forget(void);

#endif

/* notify.h - NOTIFY: the client hears of what it asked for, at any time (RFC 5465)
 *
 * Without NOTIFY a client hears of the selected mailbox, while a command runs.  After it the session
 * waits for its client and for idled (imap/events/idle.h) together, in IDLE and between commands.
 *
 *   notify_args.c  what the client asks for
 *   notify.c       what is asked for now, the watches at idled, and waiting
 *   notify_tell.c  events of other mailboxes to STATUS, LIST and METADATA
 *   view_tell.c    the selected mailbox, within notify_selected()
 *
 * Nothing is kept per mailbox: an event is compared with what was asked for when it arrives.  When
 * some were lost the client is told NOTIFICATIONOVERFLOW, and NOTIFY NONE is in force.
 */
#ifndef IMAPD_NOTIFY_H
#define IMAPD_NOTIFY_H

#include "imap/imapd/notify_args.h"

struct notify;

void notify_free(struct notify **);             /* NULL is fine */

/* Message events of the selected mailbox that may be told; all without NOTIFY. */
unsigned notify_selected(const struct session *);
/* What the client wants to know of its new messages; NULL: nothing. */
const struct fetch *notify_fetch(const struct session *);

/* The selected mailbox is another one, or there is none any more. */
void notify_selection(struct session *);
/* This user subscribes to the mailbox. */
void notify_subscribed(struct session *, struct slice intname);

/* Tell what is known to have happened elsewhere; never waits.  Nothing without NOTIFY. */
void notify_tell(struct session *);
/* Descriptor that becomes readable when there is something for notify_tell(); -1: none. */
int notify_fd(const struct session *);

/* Before a command is read: wait until the client sends something, and tell what happens meanwhile.
 * Without NOTIFY returns at once.  ERR_AGAIN: a signal; ERR_TIMEOUT: nothing for idle_ms; ERR_CLOSED. */
err_t notify_wait(struct session *, int64_t idle_ms) NODISCARD;

#endif

/* mailbox_pool.h - mailboxes open in this process, and the last few that were
 *
 * A POSIX lock belongs to the process and goes with the first descriptor closed, so that there is
 * one descriptor of an index and of a mailbox lock file per process, shared by all views (struct
 * mailbox) of that mailbox.  Views that were closed are kept for a while, mapped: opening them
 * again costs one fstat.
 */
#ifndef STORE_MAILBOX_POOL_H
#define STORE_MAILBOX_POOL_H

#include "imap/store/mailbox.h"

struct mailbox_pool;

enum { MAILBOX_POOL_IDLE = 8 };         /* closed views kept */

/* Close what is idle, as before a fork or when descriptors run out. */
void mailbox_pool_trim(struct store *);

/* store_close(): views still open are a BUG.  NULL is fine. */
void mailbox_pool_free(struct mailbox_pool **);

#endif

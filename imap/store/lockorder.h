/* lockorder.h - the order of all locks; asserted in debug builds
 *
 *   1 user namespace lock(s), in order of name          user.c
 *   2 mailboxes.db (short reads any time; write transaction while holding 1)   mblist.c
 *   3 mailbox lock, in order of mailbox name            mailbox_pool.c
 *   4 cyrus.index, in order of mailbox name             mailbox_pool.c
 *   5 cyrus.annotations, seen, quota root, annotations.db, deliver.db; after any of these (and
 *     after 2): statuscache.db
 *
 * No lock is held while waiting for a client or a peer.  Every lock has a deadline, but for those of
 * the journal, where giving up would be worse (doc/durability.md, "Who waits for whom").
 */
#ifndef STORE_LOCKORDER_H
#define STORE_LOCKORDER_H

#include <stdbool.h>

enum lock_level { LOCK_USER = 1, LOCK_MBLIST, LOCK_MAILBOX, LOCK_INDEX, LOCK_LEAF };

/* Bookkeeping of the levels held by this process; BUG when the order is violated (debug builds). */
void lockorder_take(enum lock_level);
/* Given back. */
void lockorder_drop(enum lock_level);

/* A further mailbox while others are locked: its locks have their own order, after those of all
 * mailboxes that come before it by name. */
struct lockorder_saved {
    unsigned held[LOCK_LEAF + 1];
};
/* Begin: what is held counts no longer. */
void lockorder_nest(struct lockorder_saved *);
/* All locks of the further mailbox are taken: they and the others are held. */
void lockorder_unnest(const struct lockorder_saved *);

/* Does this process hold one of that level? */
bool lockorder_holds(enum lock_level);

#endif

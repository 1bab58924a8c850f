/* mblist_reverse.h - A records: who was given rights, and where (formats/databases.md 3.3)
 *
 *   A S RS                            marker: the records below are complete
 *   A U RS identifier RS dbname       a mailbox in a user's tree
 *   A S RS identifier RS dbname       a shared one
 *
 * One per identifier (negative ones too) whose rights have l or r; not for the owner and not for
 * admins.
 */
#ifndef STORE_MBLIST_REVERSE_H
#define STORE_MBLIST_REVERSE_H

#include "imap/store/mblist_impl.h"

/* Is the marker there? */
err_t mblist_reverse_kept(struct mblist_txn *, bool *out) NODISCARD;

/* Records of one entry; nothing happens unless the transaction keeps them. */
err_t mblist_reverse_add(struct mblist_txn *, const struct mbentry *) NODISCARD;
err_t mblist_reverse_remove(struct mblist_txn *, const struct mbentry *) NODISCARD;

/* Set or remove the marker (the caller then adds the records of all entries). */
err_t mblist_reverse_mark(struct mblist_txn *, bool keep) NODISCARD;

#endif

/* mbdelete_impl.h - the ends of a deletion, which recovery can repeat
 */
#ifndef STORE_MBDELETE_IMPL_H
#define STORE_MBDELETE_IMPL_H

#include "imap/store/mblist.h"

/* Annotations and files of a mailbox whose tombstone still names the partition; then the tombstone
 * without. */
err_t mbdelete_finish(struct store *, const struct mbentry *) NODISCARD;

/* Quota roots of the tree and the user's files. */
err_t mbdelete_user_state(struct store *, const struct mbentry *inbox) NODISCARD;

#endif

/* mbops_impl.h - what the operations on mailboxes share
 */
#ifndef STORE_MBOPS_IMPL_H
#define STORE_MBOPS_IMPL_H

#include "imap/store/mblist_impl.h"
#include "imap/store/mbops.h"
#include "imap/store/quota.h"
#include "imap/store/user.h"

/* Entry and the actor's rights.  ERR_NOTFOUND. */
err_t mbops_access(struct store *, const struct actor *, struct slice name, struct mbentry *out,
                   rights_t *rights) NODISCARD;

/* The nearest mailbox above the name.  ERR_NOTFOUND: there is none. */
err_t mbops_nearest_parent(struct store *, struct slice name, struct mbentry *out) NODISCARD;

/* May the actor make a mailbox of this name?  ERR_DENIED, ERR_BADNAME, ERR_LIMIT, ERR_EXISTS. */
err_t mbops_may_create(struct store *, const struct actor *, struct slice name) NODISCARD;

/* Make the mailboxes above the name that are missing; the owner's lock is held exclusively.  Their
 * entries are appended to *made (struct mbentry, name and id), for mbops_tell_made(). */
err_t mbops_make_parents(struct store *, struct slice name, struct vec *made) NODISCARD;
/* Tell listeners of them and free the list. */
void mbops_tell_made(struct store *, struct vec *made);

/* After a change of the list: the mailbox's header follows the entry.  root NULL: keep.  A failure
 * is logged, as the change has happened. */
void mbops_sync_header(struct store *, const struct mbentry *, const struct slice *root);

/* The number that the mailbox's next change will have, for foldermodseq. */
uint64_t mbops_next_modseq(struct store *, const struct mbentry *);

/* One move among those of a list transaction. */
struct mbops_move {
    struct mbentry from, to;
    int64_t used[QUOTA_NRES];
};
void mbops_free_moves(struct vec *);            /* of struct mbops_move */

/* Carry the moves out: copies of files where paths change, one list transaction, headers, quota,
 * removal of the old files.  charge: usage goes from root to root (else it is given up, for deleted
 * mailboxes).  Locks are held by the caller. */
err_t mbops_execute_moves(struct store *, struct vec *moves, bool charge) NODISCARD;

/* Is the special use of the mailbox among specialuse_protect? */
bool mbops_is_protected(struct store *, const struct mbentry *);

void mbops_tell(struct store *, enum store_event_kind, const struct mbentry *, struct slice other);

#endif

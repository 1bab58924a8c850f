/* specialuse.h - what mailboxes are used for (RFC 6154): annotation /specialuse
 *
 * The value is the user's own one; owners' are stored under ANNOT_OWNER.
 */
#ifndef STORE_SPECIALUSE_H
#define STORE_SPECIALUSE_H

#include "imap/store/mblist.h"

/* Has another mailbox of the tree that `entry` is in one of these uses (words) for that stored
 * userid?  INBOX does not count. */
err_t specialuse_taken(struct store *, const struct mbentry *entry, struct slice userid,
                       struct slice uses, bool *taken) NODISCARD;

/* Uses of mailboxes as one user sees them, for lists: a few are read one by one, for more the whole
 * database is read once when it is small.  Administrators see uses of their own mailboxes only, as in
 * 3.6. */
struct specialuse_view;
err_t specialuse_open(struct store *, struct slice userid, bool is_admin,
                      struct specialuse_view **out) NODISCARD;
void specialuse_close(struct specialuse_view **); /* NULL is fine */
/* Words with blanks between ("\Sent \Junk"); empty for none, and for INBOX.  Borrowed until the
 * next call. */
struct slice specialuse_of(struct specialuse_view *, const struct mbentry *);
/* No mailbox at all has one (true is certain). */
bool specialuse_is_empty(const struct specialuse_view *);

#endif

/* subs.h - subscriptions of a user (formats/mailbox-store.md 16)
 *
 * A database per user: marker "US VER US" with value "2", then "N" + database name of each
 * mailbox, where the user's own INBOX is written INBOX.  Files without the marker (keys are
 * internal names) are rewritten at their first use.
 */
#ifndef STORE_SUBS_H
#define STORE_SUBS_H

#include "imap/store/store.h"

/* ERR_EXISTS / ERR_NOTFOUND tell that nothing changed. Durable on ERR_OK. */
err_t subs_add(struct store *, struct slice userid, struct slice intname) NODISCARD;
err_t subs_remove(struct store *, struct slice userid, struct slice intname) NODISCARD;
bool subs_has(struct store *, struct slice userid, struct slice intname);
/* In key order: the own names first.  The callback may change subscriptions. */
typedef err_t subs_visit_fn(void *arg, struct slice intname);
err_t subs_foreach(struct store *, struct slice userid, subs_visit_fn *, void *arg) NODISCARD;

#endif

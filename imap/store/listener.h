/* listener.h - somebody to tell after a commit
 *
 * Called after all locks are released; cannot fail the commit.
 */
#ifndef STORE_LISTENER_H
#define STORE_LISTENER_H

#include "imap/store/store.h"

enum store_event_kind {
    EV_MAILBOX_CHANGED,
    EV_MAILBOX_CREATED,
    EV_MAILBOX_DELETED,
    EV_MAILBOX_RENAMED,
    EV_ACL,
    EV_SUBS,
    EV_QUOTA,
    EV_SEEN,
    EV_METADATA
};
struct store_event {
    enum store_event_kind kind;
    struct slice mailbox;                       /* internal name */
    struct slice other; /* new name of a rename; userid for EV_SUBS, EV_SEEN; of EV_METADATA whose
                           private values they are */
    struct slice acl, old_acl;                  /* of EV_ACL and the mailbox operations; old_acl: */
                                                /* of EV_ACL before the change */
    struct slice entries; /* of EV_METADATA: names, each with a newline behind it */
    struct slice uniqueid;
    uint32_t appended, expunged, changed;       /* messages */
};
typedef void store_listener_fn(void *arg, const struct store_event *);
void store_listen(struct store *, store_listener_fn *, void *arg);
void store_tell(struct store *, const struct store_event *);

#endif

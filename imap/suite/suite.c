/* suite.c - see suite.h */
#include "imap/suite/suite.h"

#include "imap/events/idle.h"
#include "imap/store/listener.h"

static const enum event_kind kinds[] = {
    [EV_MAILBOX_CHANGED] = EVENT_CHANGED, [EV_MAILBOX_CREATED] = EVENT_CREATED,
    [EV_MAILBOX_DELETED] = EVENT_DELETED, [EV_MAILBOX_RENAMED] = EVENT_RENAMED,
    [EV_ACL] = EVENT_ACL,                 [EV_SUBS] = EVENT_SUBSCRIPTION,
    [EV_METADATA] = EVENT_METADATA,
};

/* Sessions in IDLE look at their mailbox when it changed, and when it goes; those with NOTIFY hear
 * of everything that they asked for. */
static void tell_idle(void *arg, const struct store_event *ev)
{
    struct event out = { .mailbox = ev->mailbox, .other = ev->other, .acl = ev->acl,
                         .old_acl = ev->old_acl, .entries = ev->entries };

    if ((size_t)ev->kind >= sizeof kinds / sizeof *kinds || !kinds[ev->kind])
        return;
    out.kind = kinds[ev->kind];
    out.what = (ev->appended ? EVENT_NEW : 0u) | (ev->expunged ? EVENT_EXPUNGED : 0u) |
               (ev->changed ? EVENT_FLAGS : 0u);
    idle_tell(&out);
}

void suite_plug(struct store *store)
{
    if (idle_is_enabled())
        store_listen(store, tell_idle, NULL);
}

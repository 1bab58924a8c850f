/* suite.c - see suite.h */
#include "imap/suite/suite.h"

#include "imap/events/idle.h"
#include "imap/store/listener.h"

/* Sessions in IDLE look at their mailbox when it changed, and when it goes. */
static void tell_idle(void *arg, const struct store_event *ev)
{
    switch (ev->kind) {
    case EV_MAILBOX_CHANGED:
    case EV_MAILBOX_DELETED:
    case EV_MAILBOX_RENAMED:
        idle_notify(ev->mailbox);
        break;
    default:
        break;
    }
}

void suite_plug(struct store *store)
{
    if (idle_is_enabled())
        store_listen(store, tell_idle, NULL);
}

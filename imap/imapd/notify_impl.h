/* notify_impl.h - the inside of struct notify, for notify*.c */
#ifndef IMAPD_NOTIFY_IMPL_H
#define IMAPD_NOTIFY_IMPL_H

#include "imap/events/idle.h"
#include "imap/imapd/notify.h"
#include "lib/base/map.h"

struct notify {
    struct arena *arena;                        /* of the texts in args */
    struct notify_args args;                    /* no groups: NONE */
    unsigned selected;                          /* message events of the selected mailbox */
    bool delayed;                               /* its expunges wait for a command */
    const struct fetch *fetch;
    unsigned others;                            /* events of all other groups together */
    bool watches_subscribed;
    int fd;                                     /* -1: nothing to hear of */
    bool idling, watching;
    struct buf idling_on;                       /* the selected mailbox's name */
    /* events on their way */
    struct map *changed;                        /* internal name -> events of it, as a pointer */
    struct buf renamed_from, renamed_to;        /* the rename told last: its children are not */
};

/* notify_tell.c: the answers to NOTIFY SET: STATUS of all mailboxes whose messages are watched if
 * `status`, and \NoAccess of those that may be looked up and not read. */
err_t notify_begin(struct session *, bool status) NODISCARD;

/* One event. */
void notify_event(struct session *, const struct event *);
/* STATUS of all mailboxes in `changed`. */
void notify_put_changed(struct session *);

#endif

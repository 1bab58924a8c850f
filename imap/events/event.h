/* event.h - what happened to a mailbox, as text that fits a datagram
 *
 * Fields, each with a NUL behind it:
 *
 *   kind    a letter, behind it what changed (n x f) and L when events before this one were lost
 *   origin  process id of whoever did it, decimal
 *   mailbox other acl old_acl entries
 *
 * Pure: no I/O.  Names are internal.
 */
#ifndef EVENTS_EVENT_H
#define EVENTS_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

enum event_kind {
    EVENT_CHANGED = 'C',                /* messages of the mailbox: `what` */
    EVENT_CREATED = '+',
    EVENT_DELETED = '-',
    EVENT_RENAMED = 'R',                /* to `other` */
    EVENT_ACL = 'A',                    /* from `old_acl` to `acl` */
    EVENT_SUBSCRIPTION = 'S',           /* of the user `other` */
    EVENT_METADATA = 'M',               /* `entries`; mailbox empty: of the server */
};

enum event_what { EVENT_NEW = 1, EVENT_EXPUNGED = 2, EVENT_FLAGS = 4 };

enum { EVENT_TEXT_MAX = 7168 };         /* bytes of the text */

struct event {
    enum event_kind kind;
    unsigned what;
    bool lost;                          /* the sender could not send others before */
    uint64_t origin;
    struct slice mailbox;
    struct slice other;                 /* new name, also of what is deleted; user of a subscription or of private */
                                        /* metadata */
    struct slice acl, old_acl;          /* of the mailbox; empty when too long to be told */
    struct slice entries;               /* names, each with a newline behind it */
};

/* Append the text.  ACLs that are too long are left out, then the entries. */
void event_put(const struct event *, struct buf *out);

/* Take it apart; slices are borrowed from the text.  ERR_SYNTAX: none of ours. */
err_t event_get(struct slice text, struct event *out) NODISCARD;

#endif

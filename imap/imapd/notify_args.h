/* notify_args.h - what NOTIFY asks for (RFC 5465 8)
 *
 * Pure: no store.  Bounded: NOTIFY_GROUPS_MAX groups, SOURCES_MAX mailboxes in all of them.
 */
#ifndef IMAPD_NOTIFY_ARGS_H
#define IMAPD_NOTIFY_ARGS_H

#include "imap/imapd/fetch.h"
#include "imap/imapd/mailbox_source.h"

enum { NOTIFY_GROUPS_MAX = 100 };

enum notify_event {
    NOTIFY_NEW = 1, NOTIFY_EXPUNGE = 2, NOTIFY_FLAGS = 4, NOTIFY_NAME = 8, NOTIFY_SUBSCRIPTION = 16,
    NOTIFY_MAILBOX_METADATA = 32, NOTIFY_SERVER_METADATA = 64,
    NOTIFY_MESSAGES = NOTIFY_NEW | NOTIFY_EXPUNGE | NOTIFY_FLAGS
};

/* Names of all events that there are, with blanks between: for BADEVENT. */
#define NOTIFY_EVENTS_TEXT \
    "MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange"

struct notify_group {
    struct vec sources;                 /* struct mailbox_source */
    unsigned events;                    /* 0: NONE */
    const struct fetch *fetch;          /* of MessageNew; NULL: none */
};

struct notify_args {
    bool is_set;                        /* SET, not NONE */
    bool status;
    struct vec groups;                  /* struct notify_group */
    bool has_unknown;                   /* an event that there is not: NO [BADEVENT ...] */
};

/* " SET ..." or " NONE" up to the end.  arena: for what outlives the command.  ERR_SYNTAX and others: tok.why.  The
 * caller frees in any case. */
err_t notify_args_read(struct session *, struct arena *, struct notify_args *) NODISCARD;
void notify_args_fini(struct notify_args *);

#endif

/* mailbox_source.h - "which mailboxes": the specifiers that ESEARCH and NOTIFY share (RFC 5465 6, 7377 2.2)
 *
 * mailbox_source.c reads them and is pure; mailbox_source_walk.c finds the mailboxes.
 */
#ifndef IMAPD_MAILBOX_SOURCE_H
#define IMAPD_MAILBOX_SOURCE_H

#include "imap/imapd/imapd.h"
#include "lib/base/vec.h"

enum source_kind {
    SOURCE_SELECTED, SOURCE_DELAYED, SOURCE_INBOXES, SOURCE_PERSONAL, SOURCE_SUBSCRIBED, SOURCE_SUBTREE,
    SOURCE_SUBTREE_ONE, SOURCE_MAILBOXES
};

enum { SOURCES_MAX = 1000 };            /* of one command */

struct mailbox_source {
    enum source_kind kind;
    struct slice ext;                   /* of a named one: as the client wrote it */
    struct slice intname;               /* the same, where somebody has filled it in; empty: no mailbox name */
};

/* One specifier, and one source for each name behind it.  allowed: bits 1 << kind.  ERR_SYNTAX, ERR_LIMIT: tok.why. */
err_t mailbox_source_read(struct imaptok *, unsigned allowed, struct vec *out) NODISCARD;

/* Is the external name the top or below it (one_level: directly)? */
bool mailbox_source_below(struct slice ext, struct slice top, char sep, bool one_level);

/* Each mailbox that the source means now and the user may look up; named ones whether they are there or not.  Nothing
 * for the selected mailbox. */
typedef void mailbox_source_fn(void *arg, struct slice intname);
err_t mailbox_source_walk(struct session *, const struct mailbox_source *, mailbox_source_fn *, void *arg) NODISCARD;

#endif

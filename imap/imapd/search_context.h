/* search_context.h - results that the server keeps up to date: RETURN (UPDATE) (RFC 5267 4.3)
 *
 * A context is a search program and the UIDs that match it, sorted if SORT made it.  view_tell() asks
 * for what has changed: expunged messages before EXPUNGE is told, while their numbers hold; changed and new ones after
 * EXISTS.  Only messages that changed are tested again.  Contexts end with the selection.
 */
#ifndef IMAPD_SEARCH_CONTEXT_H
#define IMAPD_SEARCH_CONTEXT_H

#include "imap/imapd/search_run.h"
#include "imap/imapd/sort_run.h"

enum { CONTEXTS_MAX = 16 };             /* for one selected mailbox; more get NOUPDATE */

struct contexts;

struct contexts *contexts_new(void);
void contexts_free(struct contexts **);         /* NULL is fine */
bool contexts_any(const struct contexts *);

/* Before the keys of a program with UPDATE are read: give it an arena that may outlive the command.  ERR_EXISTS: a
 * context has the tag of this command (RFC 5267 4.3); the BAD is out. */
err_t context_prepare(struct session *, struct search_args *) NODISCARD;

/* Begin to watch: FETCH items of `ret` are told of new messages that match (RFC 5465 7); hits are the message numbers that match now, in order.  order: NULL for SEARCH.  Takes over the arena
 * of the program, also when there are too many contexts: then NOUPDATE is told. */
void context_begin(struct session *, struct search_args *, const struct search_return *ret, const struct sort_order *,
                   const struct vec *hits);

/* Free the arena of a program that was prepared and not begun. */
void context_drop(struct session *, struct search_args *);

/* False: there is none of that tag. */
bool context_cancel(struct contexts *, struct slice tag);

/* REMOVEFROM for messages that are expunged.  Their numbers are still the client's. */
void contexts_gone(struct session *, const struct ranges *uids);
/* REMOVEFROM and ADDTO for messages that have changed or are new; for those in `fresh`, the FETCH that a context or
 * NOTIFY has asked for. */
void contexts_changed(struct session *, const struct ranges *uids, const struct ranges *fresh);

#endif

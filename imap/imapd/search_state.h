/* search_state.h - what a selected mailbox remembers of searches
 *
 * "$", the result of the last SEARCH that asked for SAVE (RFC 5182).  It is kept as UIDs: an expunged message
 * drops out of it by itself, and what is said of it is said of the view's messages only.
 *
 * The memo: sort keys and links of the messages, so that a client that sorts again, or turns its pages, does not
 * wait for the cache file again.
 */
#ifndef IMAPD_SEARCH_STATE_H
#define IMAPD_SEARCH_STATE_H

#include "imap/search/memo.h"
#include "lib/base/ranges.h"

struct search_state;
struct contexts;

struct search_state *search_state_new(void);
void search_state_free(struct search_state **);         /* NULL is fine */

/* UIDs that "$" stands for; borrowed until the next search_save(). */
const struct ranges *search_saved(const struct search_state *);
/* Copies; NULL: nothing. */
void search_save(struct search_state *, const struct ranges *uids);

/* Contexts: search_context.h. */
struct contexts *search_contexts(const struct search_state *);

/* Made when it is first asked for. */
struct memo *search_memo(struct search_state *);

#endif

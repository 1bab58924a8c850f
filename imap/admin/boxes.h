/* boxes.h - the mailboxes a tool was told to work on
 *
 * Words of the command line are names as an administrator writes them (configured separator), or
 * LIST patterns with "*" and "%".
 */
#ifndef ADMIN_BOXES_H
#define ADMIN_BOXES_H

#include "imap/store/mblist.h"

/* One mailbox: its entry and its name as an administrator sees it.  A result other than ERR_OK ends
 * the walk. */
typedef err_t admin_box_fn(void *arg, const struct mbentry *, struct slice ext);

/* Call fn for each local mailbox that a word names, word by word, in the order of the list; without
 * words for all, deleted ones too.  Words that name nothing are passed over.  ERR_SYNTAX,
 * ERR_LIMIT: not a pattern. */
err_t admin_boxes(struct store *, char *const *words, int n, admin_box_fn *, void *arg) NODISCARD;

#endif

/* annot.h - annotations of mailboxes (annotations.db; formats/mailbox-store.md 14)
 *
 * Of the annotations, this part knows the mailbox's and the server's values, which the store itself
 * asks for: special uses.  userid: empty for the shared value; ANNOT_OWNER for the private value of
 * the mailbox's owner; else the user whose private value it is.
 */
#ifndef STORE_ANNOT_H
#define STORE_ANNOT_H

#include "imap/store/store.h"

#define ANNOT_OWNER SLICE_LIT("[.OwNeR.]")
#define ANNOT_SPECIALUSE "/specialuse"

/* uniqueid empty: of the server.  Replaces *value.  ERR_NOTFOUND: none. */
err_t annot_read(struct store *, struct slice uniqueid, const char *entry, struct slice userid,
                 struct buf *value) NODISCARD;

/* An empty value removes it.  Durable on ERR_OK.  The index header does not hear of it:
 * mbop_annotate() does all. */
err_t annot_write(struct store *, struct slice uniqueid, const char *entry, struct slice userid,
                  struct slice value) NODISCARD;

/* Everything of one mailbox goes (its final removal).  Durable on ERR_OK. */
err_t annot_delete_mailbox(struct store *, struct slice uniqueid) NODISCARD;

typedef err_t annot_visit_fn(void *arg, struct slice uniqueid, struct slice entry,
                             struct slice userid, struct slice value);
/* All values of a mailbox, or of all mailboxes and the server for "". */
err_t annot_foreach(struct store *, struct slice uniqueid, annot_visit_fn *, void *arg) NODISCARD;

/* Start-up: keys of a database older than 3.6 begin with the mailbox's internal name; they get its
 * uniqueid, and the owner's private values the owner's mark.  In one transaction; *n: how many. */
err_t annot_recover(struct store *, unsigned *n) NODISCARD;

/* Is the flag ("\Sent", without case) among those of the owner's special-use value or of the shared
 * one? */
bool annot_has_use(struct store *, struct slice uniqueid, struct slice use);

#endif

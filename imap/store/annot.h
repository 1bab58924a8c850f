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
/* Whose value is that of `userid` in this mailbox ("" for the server's)? */
struct slice annot_userid(struct slice intname, struct slice userid);
#define ANNOT_SPECIALUSE "/specialuse"

/* uniqueid empty: of the server.  Replaces *value.  ERR_NOTFOUND: none. */
err_t annot_read(struct store *, struct slice uniqueid, const char *entry, struct slice userid,
                 struct buf *value) NODISCARD;
err_t annot_get(struct store *, struct slice uniqueid, struct slice entry, struct slice userid,
                struct buf *value) NODISCARD;

/* One value of many; userid as above. */
struct annot_change {
    struct slice entry, userid;
    struct slice value;                 /* empty: remove it */
};
/* All of them in one transaction, durable on ERR_OK.  The index header of a mailbox does not hear
 * of it: mbop_annotate_all() does all.  ERR_LIMIT: the mailbox has ANNOT_ENTRIES_MAX values already,
 * or the server as many of that user. */
enum { ANNOT_ENTRIES_MAX = 2000 };
err_t annot_change_all(struct store *, struct slice uniqueid, const struct annot_change *,
                       size_t n) NODISCARD;
/* The same for one. */
err_t annot_write(struct store *, struct slice uniqueid, const char *entry, struct slice userid,
                  struct slice value) NODISCARD;

/* Everything of one mailbox goes (its final removal).  Durable on ERR_OK. */
err_t annot_delete_mailbox(struct store *, struct slice uniqueid) NODISCARD;

typedef err_t annot_visit_fn(void *arg, struct slice uniqueid, struct slice entry,
                             struct slice userid, struct slice value);
/* All values of a mailbox, or of the server for "": one read. */
err_t annot_of(struct store *, struct slice uniqueid, annot_visit_fn *, void *arg) NODISCARD;
/* All values of a mailbox, or of all mailboxes and the server for "". */
err_t annot_foreach(struct store *, struct slice uniqueid, annot_visit_fn *, void *arg) NODISCARD;

/* Start-up: keys of a database older than 3.6 begin with the mailbox's internal name; they get its
 * uniqueid, and the owner's private values the owner's mark.  In one transaction; *n: how many. */
err_t annot_recover(struct store *, unsigned *n) NODISCARD;

/* Is the flag ("\Sent", without case) among those of the owner's special-use value or of the shared
 * one? */
bool annot_has_use(struct store *, struct slice uniqueid, struct slice use);

#endif

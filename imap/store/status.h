/* status.h - counts of a mailbox for STATUS without selecting it */
#ifndef STORE_STATUS_H
#define STORE_STATUS_H

#include <stdint.h>

#include "imap/store/mblist.h"

struct status {
    uint32_t messages, recent, unseen, uidnext, uidvalidity, deleted;
    uint64_t size, highestmodseq;
    uint64_t deleted_storage;           /* bytes of the messages that are \Deleted */
};
/* RECENT and UNSEEN need the user's state; DELETED and DELETED_STORAGE are not in the status cache. */
enum status_want {
    STATUS_COUNTS = 1, STATUS_RECENT = 2, STATUS_UNSEEN = 4, STATUS_DELETED = 8, STATUS_DELETED_STORAGE = 16
};

/* From the status cache when that is on and has it, without a look at the mailbox.  Else from the
 * index header alone for owners (and from their seen record for others).  RECENT looks at
 * the records behind the highest UID that the user was told of, UNSEEN of non-owners at the records
 * that their seen set does not cover, DELETED_STORAGE at all when any is \Deleted.  Fields not
 * wanted may be 0.  ERR_NOTFOUND, ERR_CORRUPT. */
err_t status_read(struct store *, const struct mbentry *, struct slice userid, unsigned want,
                  struct status *out) NODISCARD;

#endif

/* status_items.h - the items of STATUS, shared with LIST RETURN (STATUS ...) (RFC 3501 6.3.10, 5819, 7162) */
#ifndef IMAPD_STATUS_ITEMS_H
#define IMAPD_STATUS_ITEMS_H

#include "imap/imapd/imapd.h"

/* Bits of some items, for those who choose themselves. */
enum status_item {
    STATUS_ITEM_MESSAGES = 1 << 0, STATUS_ITEM_UIDNEXT = 1 << 2, STATUS_ITEM_UIDVALIDITY = 1 << 3,
    STATUS_ITEM_UNSEEN = 1 << 4, STATUS_ITEM_MODSEQ = 1 << 5
};

/* "(" item ... ")" to bits.  ERR_SYNTAX: unknown item, or none. */
err_t status_items_read(struct session *, unsigned *items) NODISCARD;

/* "STATUS name (...)" line for a mailbox that may be read; nothing on failure. */
err_t status_items_put(struct session *, const struct mbentry *, unsigned items) NODISCARD;

#endif

/* quota_format.h - the value of a quota root (formats/mailbox-store.md 17)
 *
 *   %(S (used limit) M (used limit) AS (used limit) NF (used limit) MODSEQ n)
 *
 * S and AS: used in bytes, limit in KiB; M and NF: counts.  No limit: the number is left out. Older
 * form, still read: "<used> <limit>[ <name> <used> <limit>...]", limit -1 for none.  A SCAN item,
 * left by a recount of 3.6.1 that was interrupted, is passed over.
 *
 * The number behind MODSEQ has leading zeros (a second blank would not be strict dlist) that make a
 * multiple of QUOTA_FORMAT_STEP bytes: usage then seldom changes the length, and can be written in
 * place.
 */
#ifndef STORE_QUOTA_FORMAT_H
#define STORE_QUOTA_FORMAT_H

#include "imap/store/quota.h"

enum { QUOTA_FORMAT_STEP = 64 };

/* ERR_CORRUPT: neither form. */
err_t quota_format_parse(struct slice value, struct quota_state *out) NODISCARD;

/* Append the value; with the LF that the file adds it has a multiple of QUOTA_FORMAT_STEP bytes. */
void quota_format_put(const struct quota_state *, struct buf *out);

#endif

/* mbrename_impl.h - RENAME of a user's own INBOX (RFC 3501 6.3.5)
 */
#ifndef STORE_MBRENAME_IMPL_H
#define STORE_MBRENAME_IMPL_H

#include "imap/store/mailbox_files.h"
#include "imap/store/mbops.h"

/* Create `to`, copy all messages there, expunge them here; children stay.  A crash in between
 * leaves messages in both. */
err_t mbrename_inbox(struct store *, const struct actor *, struct slice from, struct slice to,
                     mbop_renamed_fn *each, void *arg) NODISCARD;

#endif

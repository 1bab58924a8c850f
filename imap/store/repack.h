/* repack.h - cyrus.index and cyrus.cache written anew, without what is no longer wanted
 *                 (formats/mailbox-store.md 12)
 */
#ifndef STORE_REPACK_H
#define STORE_REPACK_H

#include "imap/store/mailbox.h"

struct repack_counts {
    uint32_t kept, dropped;             /* records */
    uint32_t unlinked;                  /* message files */
};

/* Unlink the message files of records marked UNLINKED, then drop these records.  Takes the
 * namespace, mailbox and index locks exclusively (LOCKED if they are busy and `wait` is false). The
 * view is refreshed. counts may be NULL. */
err_t repack_mailbox(struct mailbox *, bool wait, struct repack_counts *) NODISCARD;

/* Mark expunged records whose last_updated is before `before` as UNLINKED (silently) and set
 * NEEDS_REPACK: cyr_expire -X.  *marked may be NULL. */
err_t repack_mark_expunged(struct mailbox *, time_t before, uint32_t *marked) NODISCARD;

/* What closing a mailbox does when its header says so: unlink files (NEEDS_UNLINK), repack
 * (NEEDS_REPACK; also when much of the cache had to be parsed again).  Does nothing when the mailbox
 * is busy. */
void repack_cleanup(struct mailbox *);

#endif

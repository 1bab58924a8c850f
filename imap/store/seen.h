/* seen.h - what non-owners have seen (formats/mailbox-store.md 15)
 *
 * The owner's \Seen (everybody's with sharedseen) is the record's bit; seen_is_internal() tells.
 */
#ifndef STORE_SEEN_H
#define STORE_SEEN_H

#include "imap/store/mailbox.h"
#include "lib/base/ranges.h"

struct seen {
    time_t last_read, last_change;
    uint32_t last_uid;                          /* highest UID shown as not recent */
    struct ranges uids;
};

/* Is this user's \Seen the record's bit: owner, or the mailbox has SHAREDSEEN? */
bool seen_is_internal(const struct mailbox *, struct slice userid);
/* Nothing seen. */
void seen_init(struct seen *);
/* Frees the set. */
void seen_fini(struct seen *);
/* *out is the caller's in any case.  ERR_IO, ERR_CORRUPT: of the database. */
err_t seen_read(struct store *, struct slice userid, struct slice uniqueid,
                struct seen *out) NODISCARD; /* absent: empty, ERR_OK */
/* The same, and nobody changes it until seen_let_go().  ERR_NOTFOUND: the user has no database of
 * seen states, and nothing is held. */
struct db_txn;
err_t seen_hold(struct store *, struct slice userid, struct slice uniqueid, struct seen *out,
                struct db_txn **) NODISCARD;
void seen_let_go(struct db_txn **);             /* NULL is fine */

struct seen_change {
    const struct ranges *add, *remove;          /* may be NULL */
    uint32_t last_uid;                          /* 0: keep */
    uint32_t *last_uid_was;                     /* may be NULL: set to what it was, under the lock */
    time_t last_change;
    bool durable;                               /* false: \Recent only, may be lost */
};
/* Add and remove UIDs, raise last_uid and last_change, under the database lock.  after (may be
 * NULL): the state as it is now, the caller's in any case.  Nothing is written when nothing is new.
 */
err_t seen_update(struct store *, struct slice userid, struct slice uniqueid,
                  const struct seen_change *, struct seen *after) NODISCARD;

#endif

/* statuscache.h - what STATUS found, kept for the next STATUS (statuscache.db; SE-14)
 *
 * With the option `statuscache` off nothing here does anything.  The database is derived and never
 * synced; ctl_cyrusdb -r removes it at each start of the server.  A record is right because of
 *   who writes it   under the lock of the index (shared is enough) and, when it tells what a user
 *                   who is not the owner has seen, under the lock of that user's seen database;
 *   who drops it    under the same lock, exclusive, BEFORE the change is published: whoever dies in
 *                   between leaves no record, which is no lie.
 * A commit drops the I record of its mailbox, and its S records where their modseq would not tell
 * that they are old; seen_update() drops the S record of the user; every change of an entry of the
 * mailbox list, and a repair, drop all records of the name.
 *
 * A record that cannot be dropped must not stay: then the whole file is unlinked, which needs no
 * space and which other processes notice (lib/db/db.h).  After a failure a process lets the database
 * be for a while, but for that.  Failures are logged once and never passed on.
 */
#ifndef STORE_STATUSCACHE_H
#define STORE_STATUSCACHE_H

#include "imap/store/statuscache_format.h"
#include "imap/store/store.h"

/* What a store keeps for this; part of struct store. */
struct statuscache {
    bool on;
    bool told;                          /* a failure was logged */
    uint64_t retry_ms;                  /* after a failure: monotonic time of the next attempt */
};

bool statuscache_is_on(const struct store *);

/* False: no such record, or none that can be read. */
bool statuscache_get_index(struct store *, struct slice intname, struct statuscache_index *out);
bool statuscache_get_user(struct store *, struct slice intname, struct slice userid,
                          struct statuscache_user *out);

/* Under the locks named above.  Nothing is written when the record is there already. */
void statuscache_put_index(struct store *, struct slice intname, const struct statuscache_index *);
void statuscache_put_user(struct store *, struct slice intname, struct slice userid,
                          const struct statuscache_user *);

/* Nothing is written when there is no such record. */
void statuscache_drop_index(struct store *, struct slice intname);
void statuscache_drop_user(struct store *, struct slice intname, struct slice userid);
/* All records of the mailbox. */
void statuscache_drop_mailbox(struct store *, struct slice intname);

#endif

/* mblist_impl.h - the mailbox list inside the store: keys, and changes of several entries at once
 */
#ifndef STORE_MBLIST_IMPL_H
#define STORE_MBLIST_IMPL_H

#include "imap/store/mbentry.h"
#include "imap/store/store_impl.h"

/* Replace *key: "N" + dbname of an internal name; "I" + uniqueid. */
void mblist_name_key(struct slice intname, struct buf *key);
void mblist_id_key(struct slice uniqueid, struct buf *key);
/* Prefix of the keys of everything below the name ("": all; "dom!": all of the domain). */
void mblist_below_key(struct slice intname, struct buf *key);

/* ---- one transaction ----
 *
 * Between begin and commit the list is locked: no other lock may be taken meanwhile but by
 * functions here (and that of the status cache, the last of all).  After a failure only
 * mblist_abort() is allowed. */
struct mblist_txn {
    struct store *store;
    struct db *db;
    struct db_txn *txn;
    bool reverse;                   /* A records are kept */
    time_t now;                     /* mtime of everything written */
};

err_t mblist_begin(struct store *, struct mblist_txn *) NODISCARD;
err_t mblist_commit(struct mblist_txn *) NODISCARD;         /* ends it in every case */
void mblist_abort(struct mblist_txn *);

/* ERR_NOTFOUND: no record at all.  Tombstones and reserved entries are found. */
err_t mblist_txn_get(struct mblist_txn *, struct slice intname, struct mbentry *out) NODISCARD;

/* Write N, I and A records of the entry; its mtime is set.  History of the I record is kept.  A
 * tombstone that had the name loses its I record if that still names it. */
err_t mblist_txn_put(struct mblist_txn *, const struct mbentry *) NODISCARD;

/* The entry `from` becomes `to` (same uniqueid, other name, perhaps other partition): tombstone at
 * the old name, the new N, and the I record with one more former name. */
err_t mblist_txn_move(struct mblist_txn *, const struct mbentry *from,
                      const struct mbentry *to) NODISCARD;

/* Tombstone in N and I.  files_remain: it keeps the partition, which says that files are still to
 * be removed. */
err_t mblist_txn_bury(struct mblist_txn *, const struct mbentry *, bool files_remain) NODISCARD;

/* Remove N, I (if it names this entry) and A records. */
err_t mblist_txn_purge(struct mblist_txn *, const struct mbentry *) NODISCARD;

#endif

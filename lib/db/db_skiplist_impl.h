/* db_skiplist_impl.h - shared by the files of the skiplist engine
 *
 * As with twoskip a transaction lives in memory until its commit: new log records in `tail`,
 * changed pointers of older records in `patches`.  The order of a commit is: log records,
 * sync, pointers, COMMIT, sync.  So a file that does not end in COMMIT has an unfinished
 * transaction, and whoever locks it next rebuilds it; after a power failure the stamp of
 * db_env_recover() makes everybody rebuild.
 *
 *   db_skiplist.c          engine table: locks, when to recover, when to checkpoint
 *   db_skiplist_read.c     header and records, search, walk
 *   db_skiplist_write.c    store, delete, commit
 *   db_skiplist_recover.c  replay of the log, the rewritten file, consistency, dump
 */
#ifndef DB_DB_SKIPLIST_IMPL_H
#define DB_DB_SKIPLIST_IMPL_H

#include "lib/db/db_impl.h"
#include "lib/db/dbfile.h"
#include "lib/db/patches.h"
#include "lib/db/skiplist_format.h"

struct sl_header {
    uint32_t curlevel, listsize, logstart, recovered;
};

struct skiplist {
    struct dbfile file;
    order_fn *cmp;
    struct sl_header header;
    uint8_t raw[SL_HEADER_SIZE];        /* bytes it came from; zeros: nothing seen yet */
    uint64_t base;                      /* records below are in the file, the others in tail */
    struct buf tail;
    struct patches patches;
    uint64_t budget;                    /* reads left for this operation */
    uint64_t dice;
    bool lenient;                       /* unclean file that may not be repaired */
    bool spilled;                       /* something of the transaction is in the file */
};

/* A record that has a key; pointers valid until the next write. */
struct sl_rec {
    uint32_t at;
    uint32_t type;
    unsigned level;                     /* number of pointers */
    const uint8_t *ptrs;
    uint32_t ptrs_at;                   /* file offset of the pointers */
    struct slice key, value;
    uint64_t size;
};

struct sl_place {
    bool found;
    struct sl_rec rec;                  /* record at next[0], if that is not 0 */
    uint32_t prev[SL_MAX_LEVEL], next[SL_MAX_LEVEL];
};

/* ---- db_skiplist_read.c ---- */

/* SL_HEADER_SIZE bytes; false: not a header that can be used. */
bool sl_header_parse(const uint8_t *bytes, struct sl_header *out);

/* The reverse. */
void sl_header_pack(const struct sl_header *, uint8_t *bytes);

/* Where the next record would be. */
uint64_t sl_end(const struct skiplist *);

/* Allow as many reads as the file can have records. */
void sl_start_operation(struct skiplist *);

/* Look at the file as it is, without pending changes. */
void sl_view_committed(struct skiplist *);

/* The 4 bytes at `at`; false: outside. */
bool sl_word(const struct skiplist *, uint64_t at, uint32_t *out);

/* DUMMY, INORDER or ADD at `at`?  Nothing is logged. */
bool sl_parse(const struct skiplist *, uint64_t at, struct sl_rec *out);

/* The same, counted against the budget and logged. */
err_t sl_read(struct skiplist *, uint64_t at, struct sl_rec *out) NODISCARD;

/* Pointer of a record on a level it has. */
uint32_t sl_pointer(const struct skiplist *, const struct sl_rec *, unsigned level);

/* Next record on level 0; *at_out 0 at the end, out is untouched then. */
err_t sl_next(struct skiplist *, const struct sl_rec *, uint32_t *at_out,
              struct sl_rec *out) NODISCARD;

/* Where the key is, or would be. */
err_t sl_find(struct skiplist *, struct slice key, struct sl_place *out) NODISCARD;

/* Engine call inside a lock. */
err_t sl_collect(struct skiplist *, struct slice from, bool inclusive, struct slice prefix,
                 struct db_batch *) NODISCARD;

/* Does the file end as a finished transaction does? */
bool sl_is_complete(const struct skiplist *);

/* ERR_CORRUPT (logged): it ends before its log, which no crash does.  What is lost of the log
 * itself the format cannot tell. */
err_t sl_check_size(const struct skiplist *) NODISCARD;

/* ---- db_skiplist_write.c ---- */

/* Write an empty database into an empty file. */
err_t sl_format(struct skiplist *) NODISCARD;

/* The bytes of an empty database, recovered now. */
void sl_pack_empty(uint8_t bytes[SL_FIRST_AT]);

/* Forget the transaction in memory; what was spilled stays in the file. */
void sl_txn_forget(struct skiplist *);

/* Insert or replace; delete (ERR_NOTFOUND); inside a transaction. */
err_t sl_store(struct skiplist *, struct slice key, struct slice value,
               enum db_store_mode) NODISCARD;
err_t sl_remove(struct skiplist *, struct slice key) NODISCARD;

/* Write it, in the order above.  After a failure something of it may be in the file, without
 * COMMIT or with a COMMIT that must be cut off. */
err_t sl_txn_commit(struct skiplist *) NODISCARD;

/* Is there anything to commit, or in the file already? */
bool sl_txn_changed(const struct skiplist *);

/* Append the bytes of a record; returns its offset in the buffer. */
size_t sl_add_record(struct buf *, uint32_t type, struct slice key, struct slice value,
                     const uint32_t *ptrs, unsigned level);

/* ---- db_skiplist_recover.c ---- */

/* Exclusive lock.  Both leave a new file in place of the old one: unlock, lock again.
 * recover: what the log says up to its last COMMIT.  checkpoint: what the lists say. */
err_t sl_recover(struct skiplist *) NODISCARD;
err_t sl_checkpoint(struct skiplist *) NODISCARD;

/* An empty file in place of the old one. */
err_t sl_empty_out(struct skiplist *) NODISCARD;

/* ERR_CORRUPT and a line of report for each complaint. */
err_t sl_check(struct skiplist *, struct buf *report) NODISCARD;

/* All records as text, in the order of the file. */
err_t sl_dump(struct skiplist *, struct buf *out) NODISCARD;

#endif

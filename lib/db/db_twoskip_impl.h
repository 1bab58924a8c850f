/* db_twoskip_impl.h - shared by the files of the twoskip engine
 *
 * A transaction lives in memory until its commit: new records in `tail` (the bytes from
 * `base` on), changed heads of older records in `patches`.  Very large ones are spilled to
 * the file before (ts_flush).  Reading goes through ts_parse(), the only place that knows of
 * these three sources.
 *
 *   db_twoskip.c          engine table: locks, when to recover, when to repack
 *   db_twoskip_read.c     header and records, search, walk
 *   db_twoskip_write.c    store, delete, the order of writes of a commit
 *   db_twoskip_recover.c  after a crash
 *   db_twoskip_repack.c   a new file in place of the old
 *   db_twoskip_check.c    consistency, dump
 */
#ifndef DB_DB_TWOSKIP_IMPL_H
#define DB_DB_TWOSKIP_IMPL_H

#include "lib/db/db_impl.h"
#include "lib/db/dbfile.h"
#include "lib/db/patches.h"
#include "lib/db/twoskip_format.h"

struct ts_header {
    uint32_t version, flags;
    uint64_t generation, num_records, repack_size, current_size;
};

struct twoskip {
    struct dbfile file;
    order_fn *cmp;
    struct ts_header header;            /* as of the lock; changed inside a transaction */
    uint8_t raw[TS_HEADER_SIZE];        /* the bytes it came from; zeros: nothing seen yet */
    uint64_t base;                      /* records below are in the file ... */
    struct buf tail;                    /* ... those from base on here */
    struct patches patches;             /* heads below base that have changed */
    uint64_t budget;                    /* reads left for this operation: loops end */
    uint64_t dice;                      /* state of the level generator */
    bool lenient;                       /* unclean file that may not be repaired */
    bool spilled;                       /* something of the transaction is in the file */
    bool fresh;                         /* a file nobody else can see yet: no DIRTY, no sync */
    uint64_t start;                     /* committed size when the transaction began */
};

/* One record; pointers into the map, the tail or a patch: valid until the next write. */
struct ts_rec {
    uint64_t at;
    uint8_t type, level;
    const uint8_t *ptrs;
    struct slice key, value;
    uint64_t headlen, taillen;          /* padding included */
};

/* Where a key is or would be. */
struct ts_place {
    bool found;
    struct ts_rec rec;                  /* live record at next[0], if that is not 0 */
    uint64_t prev[TS_MAX_LEVEL];        /* on each level: last record below the key ... */
    uint64_t next[TS_MAX_LEVEL];        /* ... and what it points to; level 0: the next live */
};

/* ---- db_twoskip_read.c ---- */

/* Check and unpack; false: not a header that can be used. */
bool ts_header_parse(const uint8_t *bytes, struct ts_header *out);

/* The reverse, checksum included; TS_HEADER_SIZE bytes. */
void ts_header_pack(const struct ts_header *, uint8_t *bytes);

/* Look at what the header says is committed, without pending changes. */
void ts_view_committed(struct twoskip *);

/* Allow as many reads as the file can have records. */
void ts_start_operation(struct twoskip *);

/* End of the bytes that pointers may name. */
uint64_t ts_end(const struct twoskip *);

/* False: no intact record head there.  Nothing is logged. */
bool ts_parse(const struct twoskip *, uint64_t at, struct ts_rec *out);

/* The same, counted against the budget and logged. */
err_t ts_read(struct twoskip *, uint64_t at, struct ts_rec *out) NODISCARD;

/* Is the checksum of key and value right? */
bool ts_tail_ok(const struct ts_rec *);

/* The same, logged. */
err_t ts_check_tail(struct twoskip *, const struct ts_rec *) NODISCARD;

/* Pointer of a record on a level it has. */
uint64_t ts_pointer(const struct twoskip *, const struct ts_rec *, unsigned level);

/* Next live record on level 0; *at_out 0 at the end, out is untouched then. */
err_t ts_next(struct twoskip *, const struct ts_rec *, uint64_t *at_out,
              struct ts_rec *out) NODISCARD;

/* Key and value of out->rec are intact. */
err_t ts_find(struct twoskip *, struct slice key, struct ts_place *out) NODISCARD;

/* Engine call inside a lock. */
err_t ts_collect(struct twoskip *, struct slice from, bool inclusive, struct slice prefix,
                 struct db_batch *) NODISCARD;

/* ---- db_twoskip_write.c ---- */

/* Write an empty database into an empty file: one sync.  Exclusive lock, or nobody else. */
err_t ts_format(struct twoskip *, uint64_t generation) NODISCARD;

/* Write the header as it stands; no sync. */
err_t ts_write_header(struct twoskip *) NODISCARD;

/* Start a transaction on a clean file; forget it, in memory only. */
void ts_txn_begin(struct twoskip *);
void ts_txn_forget(struct twoskip *);

/* Insert or replace; delete (ERR_NOTFOUND); inside a transaction. */
err_t ts_store(struct twoskip *, struct slice key, struct slice value,
               enum db_store_mode) NODISCARD;
err_t ts_remove(struct twoskip *, struct slice key) NODISCARD;

/* Write it, in the order of formats/cyrusdb.md 5.5.  After a failure the file is unclean. */
err_t ts_txn_commit(struct twoskip *) NODISCARD;

/* Is there anything to commit, or in the file already? */
bool ts_txn_changed(const struct twoskip *);

/* Overwrite pointer number i of the record as it stands. */
void ts_set_raw_pointer(struct twoskip *, const struct ts_rec *, unsigned i, uint64_t value);

/* Put the tail and the patches into the file. */
err_t ts_flush(struct twoskip *) NODISCARD;

/* ---- db_twoskip_recover.c ---- */

/* Exclusive lock, header intact, file not clean.  ERR_OK: it is clean now.  ERR_AGAIN: a new
 * file is in its place, lock again.  ERR_CORRUPT (logged): nothing could be saved. */
err_t ts_recover(struct twoskip *) NODISCARD;

/* ---- db_twoskip_repack.c ---- */

/* A new file beside the old one, to be filled with ts_store() and then put in its place. */
err_t ts_replace_begin(const struct twoskip *old, struct twoskip *fresh) NODISCARD;
err_t ts_replace_commit(const struct twoskip *old, struct twoskip *fresh) NODISCARD;
void ts_replace_abort(const struct twoskip *old, struct twoskip *fresh);

/* Under the exclusive lock, file clean; afterwards the lock is on the old file: unlock. */
err_t ts_repack(struct twoskip *) NODISCARD;

/* ---- db_twoskip_check.c ---- */

/* ERR_CORRUPT and a line of report for each complaint. */
err_t ts_check(struct twoskip *, struct buf *report) NODISCARD;

/* All records as text, in the order of the file. */
err_t ts_dump(struct twoskip *, struct buf *out) NODISCARD;

/* Size in bytes of what is at `at`: a filler, or a record (parsed into rec); 0: neither. */
uint64_t ts_item_size(const struct twoskip *, uint64_t at, struct ts_rec *rec, bool *blank);

#endif

/* db_impl.h - what db.c and the engines share
 *
 * An engine is a table of functions.  db.c checks arguments, shares handles, keeps the one
 * transaction per handle and calls callbacks; an engine reads and writes its format.  Engines
 * never call back into a user's function: collect() copies records into a batch while the
 * engine holds its lock, and db.c hands them out after the lock is gone.
 */
#ifndef DB_DB_IMPL_H
#define DB_DB_IMPL_H

#include <stdint.h>

#include "lib/db/db.h"
#include "lib/db/order.h"

struct dbfile;

enum {
    DB_LOCK_TIMEOUT_MS = 30000,         /* longest wait for a lock */
    DB_MODE = 0644,                     /* new files, under the umask */
    DB_DIR_MODE = 0755,
    DB_BATCH_RECORDS = 256,             /* most records copied under one lock ... */
    DB_BATCH_BYTES = 256 * 1024,        /* ... and bytes, after which no record is added */
};

/* Records copied for a walk. */
struct db_batch {
    size_t want;                        /* 1..DB_BATCH_RECORDS */
    size_t n;
    bool end;                           /* collect() saw the last record */
    struct buf bytes;
    struct {
        size_t at, keylen, valuelen;
    } item[DB_BATCH_RECORDS];
};

/* No room for another record, or enough bytes. */
bool db_batch_full(const struct db_batch *);

/* Copy a record into a batch that is not full. */
void db_batch_add(struct db_batch *, struct slice key, struct slice value);

/* Record i < n; borrowed until the next change. */
struct slice db_batch_key(const struct db_batch *, size_t i);
struct slice db_batch_value(const struct db_batch *, size_t i);

enum db_match { DB_MATCH_YES, DB_MATCH_SKIP, DB_MATCH_PAST };

/* Has a key that is not before prefix this prefix?  PAST: neither has any that follows.
 * (Under the mailbox collation different bytes may be equal, hence SKIP.) */
enum db_match db_prefix_match(order_fn *, struct slice key, struct slice prefix);

struct db_engine;

struct db {
    const struct db_engine *engine;
    char *path;
    unsigned flags;                     /* enum db_flags of all who opened it */
    unsigned users;                     /* db_open() calls not yet closed */
    struct db_txn *txn;                 /* the open transaction, or NULL */
    uint64_t changes;                   /* stores and deletes through this handle */
    enum { REPACK_NO, REPACK_AT_CLOSE, REPACK_NOW, REPACK_FAILED } repack;
    void *state;                        /* the engine's own */
    struct db *next;                    /* registry of open handles */
};

enum db_store_mode {
    DB_STORE_ANY,                       /* insert or replace */
    DB_STORE_NEW,                       /* ERR_EXISTS if present */
};

/* All run with arguments checked: the key is not empty; a transaction is open where one is
 * needed.  "Reads" take what lock they need when db->txn is NULL, else read inside it.
 * Any of them logs the cause of ERR_CORRUPT and ERR_IO itself. */
struct db_engine {
    const char *name;
    order_fn *order;                    /* without DB_MBOXSORT */

    /* Set db->state.  ERR_NOTFOUND without DB_CREATE when the file is missing. */
    err_t (*open)(struct db *);
    void (*close)(struct db *);

    err_t (*fetch)(struct db *, struct slice key, struct buf *value);
    /* Keys that start with prefix, from `from` on (behind it unless inclusive). */
    err_t (*collect)(struct db *, struct slice from, bool inclusive, struct slice prefix,
                     struct db_batch *);

    err_t (*begin)(struct db *);
    err_t (*commit)(struct db *);       /* ends the transaction in every case */
    void (*abort)(struct db *);
    err_t (*store)(struct db *, struct slice key, struct slice value, enum db_store_mode);
    err_t (*remove)(struct db *, struct slice key);

    err_t (*check)(struct db *, struct buf *report);    /* NULL: nothing to check */
    err_t (*repack)(struct db *);                       /* NULL: nothing to do */
    err_t (*dump)(struct db *, int detail, struct buf *out);    /* NULL: records only */
    err_t (*recreate)(struct db *);     /* DB_DERIVED: throw all away; NULL: cannot */
    struct dbfile *(*file)(struct db *);        /* the one file behind it; NULL: none */
    err_t (*version)(struct db *, struct db_version *out);      /* NULL: cannot tell */
};

extern const struct db_engine db_twoskip_engine;
extern const struct db_engine db_skiplist_engine;
extern const struct db_engine db_flat_engine;
extern const struct db_engine db_quotalegacy_engine;
extern const struct db_engine db_memory_engine;
#ifdef HAVE_LIBDB
extern const struct db_engine db_berkeley_engine;
#endif

/* NULL: no such engine. */
const struct db_engine *db_engine_named(const char *name);

/* A transaction given with a call must be the one of the handle. */
void db_assert_own(const struct db *, const struct db_txn *);

/* May the failure err of an engine be answered with an empty database?  (DB_DERIVED, outside
 * of transactions.)  And do so. */
bool db_may_recreate(const struct db *, err_t err);
err_t db_recreate(struct db *) NODISCARD;

/* After ERR_UNSUPPORTED from an engine outside of transactions: another process has converted
 * the file.  Go on with the engine of the new one; same error if it is none. */
err_t db_change_over(struct db *) NODISCARD;

/* The order in force for this handle. */
static inline order_fn *db_order(const struct db *db)
{
    return db->flags & DB_MBOXSORT ? order_mbox : db->engine->order;
}

/* Log "DBERROR: <what>: filename=<path>" (and " offset=<n>" if not 0); returns ERR_CORRUPT. */
err_t db_corrupt(const char *path, const char *what, uint64_t offset) NODISCARD;

/* The handle this process has for a path, or NULL. */
struct db *db_find_open(const char *path);

/* db_detect() without the look at open handles. */
const char *db_detect_file(const char *path);

/* The header is not that of `engine`.  ERR_UNSUPPORTED: it is another one's (the file has been
 * converted meanwhile), db.c will change over.  ERR_CORRUPT (logged): nothing known. */
err_t db_not_ours(const struct dbfile *, const char *engine) NODISCARD;

/* Engine of a file by its first bytes; NULL: not recognised. */
const char *db_recognise(struct slice bytes);

/* Might the bytes belong to an engine whose files can be recognised?  (Also where they end too
 * soon to say which.) */
bool db_is_recognisable(struct slice bytes);

/* After a commit: the file has `size` bytes and had `packed` when it was last rewritten.  More
 * than twice that (and `slack`) and it is rewritten when the handle is closed; handles that
 * stay open get their turn when it is much more. */
void db_note_dead_space(struct db *, uint64_t size, uint64_t packed, uint64_t slack);

/* Time of the last start of the server as db_env_recover() stamped it; 0: no stamp. */
uint32_t db_env_stamp(void);

#endif

/* db.h - ordered key-value files behind one interface ("cyrusdb")
 *
 * Engines: twoskip, skiplist, flat, quotalegacy, berkeley, memory.  Keys and values are
 * binary safe unless the engine says otherwise; empty keys are refused (ERR_SYNTAX).
 * Formats: formats/cyrusdb.md.  Every commit is durable when it returns ERR_OK (file data
 * and names), except in databases opened with DB_DERIVED.
 *
 * Locks: a transaction holds the write lock of the whole file from its first call to commit
 * or abort.  A fetch without transaction takes a short shared lock (or none where the engine
 * can validate what it read).  A second db_open() of the same path in one process shares the
 * handle (POSIX locks are per process).  Handles stay open across sessions; a file replaced by
 * rename is noticed.
 *
 * Two engines differ.  quotalegacy keeps a file per key: a transaction locks each key at its
 * first touch and commits key by key; keys must be names of files (ERR_BADNAME) and values what
 * its text form can hold (ERR_SYNTAX).  berkeley locks "<path>.lock" and writes the file anew at
 * every commit, as flat does.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/base/vec.h"

struct db;
struct db_txn;

enum db_flags {
    DB_CREATE = 1,      /* create the file and its directories when missing */
    DB_MBOXSORT = 2,    /* mailbox collation instead of the engine's own order */
    DB_CONVERT = 4,     /* a file of another engine is converted in place */
    DB_DERIVED = 8,     /* content can be rebuilt: never sync; torn state is recreated empty */
    DB_RDONLY = 16,     /* never write, not even to recover */
};

/* engine: a name as in imapd.conf ("twoskip").  A file of another recognised engine is used as
 * it is (or converted, DB_CONVERT).  ERR_NOTFOUND: absent and no DB_CREATE.  ERR_UNSUPPORTED:
 * unknown engine.  ERR_CORRUPT: not readable as any engine. */
err_t db_open(const char *engine, const char *path, unsigned flags, struct db **out) NODISCARD;
void db_close(struct db **);                    /* aborts a transaction left open (BUG in debug) */
const char *db_engine(const struct db *);       /* engine really used */
const char *db_path(const struct db *);

/* Value into *value (replaced).  txn NULL: a read of its own.  ERR_NOTFOUND. */
err_t db_fetch(struct db *, struct db_txn *, struct slice key, struct buf *value) NODISCARD;

/* First record with a key greater than `key` (empty: the first of all).  ERR_NOTFOUND at the
 * end. */
err_t db_fetch_next(struct db *, struct db_txn *, struct slice key, struct buf *key_out,
                    struct buf *value) NODISCARD;

/* All keys that start with prefix, in order.  key and value are borrowed for the call.  A result
 * other than ERR_OK ends the walk and is returned.  Without a transaction the callback may
 * change this database; the walk goes on behind the last key. */
typedef err_t db_visit_fn(void *arg, struct slice key, struct slice value);
err_t db_foreach(struct db *, struct db_txn *, struct slice prefix, db_visit_fn *,
                 void *arg) NODISCARD;

/* Take the write lock now.  ERR_LOCKED after the lock deadline.  At most one per handle (BUG). */
err_t db_begin(struct db *, struct db_txn **out) NODISCARD;

/* Durable on ERR_OK; ends the transaction in every case. */
err_t db_commit(struct db_txn **) NODISCARD;

/* The same, synced also in a database opened with DB_DERIVED (the limits of quota roots among
 * usage figures). */
err_t db_commit_durable(struct db_txn **) NODISCARD;
void db_abort(struct db_txn **);                /* NULL is fine; nothing of it remains */

/* Inside a transaction: insert or replace; insert, or ERR_EXISTS; delete, or ERR_NOTFOUND.
 * After any other failure only abort is possible. */
err_t db_store(struct db_txn *, struct slice key, struct slice value) NODISCARD;
err_t db_store_new(struct db_txn *, struct slice key, struct slice value) NODISCARD;
err_t db_delete(struct db_txn *, struct slice key) NODISCARD;

/* The same under its usual name.  Not a function of its own, because Berkeley DB, which SASL
 * plugins use, has a symbol "db_create". */
static inline NODISCARD err_t db_create(struct db_txn *txn, struct slice key, struct slice value)
{
    return db_store_new(txn, key, value);
}

/* One-record transactions. */
err_t db_store_now(struct db *, struct slice key, struct slice value) NODISCARD;
err_t db_delete_now(struct db *, struct slice key) NODISCARD;
/* Delete all these keys (struct buf) in one transaction; one that is missing is fine. */
err_t db_delete_all(struct db *, const struct vec *keys) NODISCARD;

/* Something that differs after every committed change, whoever made it: what was read since may be
 * kept as long as it stays the same.  ERR_UNSUPPORTED: the engine cannot tell. */
struct db_version {
    uint64_t file, generation, size, records;
};
/* (Not db_version(): libdb, which libsasl's plug-ins use, has that symbol.) */
err_t db_version_of(struct db *, struct db_version *out) NODISCARD;

/* ---- tools ---- */

/* Consistent?  ERR_CORRUPT and lines of report, one for each complaint. */
err_t db_check(struct db *, struct buf *report) NODISCARD;

/* Rewrite in order, without dead space. */
err_t db_repack(struct db *) NODISCARD;

/* Internal structure as text; nothing for engines that have none. */
err_t db_dump(struct db *, int detail, struct buf *out) NODISCARD;

/* Copy all records; to_path is replaced when the copy is complete (quotalegacy: file by file). */
err_t db_convert(const char *from_path, const char *from_engine, const char *to_path,
                 const char *to_engine) NODISCARD;

/* Recognise a file by its first bytes: engine name, or NULL (flat is not recognisable). */
const char *db_detect(const char *path);

/* Names of the engines built in, NULL terminated; for messages and tools. */
const char *const *db_engines(void);

/* Process-wide: the directory that holds the skiplist stamp ("<configdirectory>/db"), or NULL. */
void db_env_init(const char *dbdir);

/* The server starts after a crash: write the stamp, so that skiplist files are rebuilt from
 * their logs.  (Not after a clean shutdown, which has left "skipcleanshutdown" there.) */
err_t db_env_recover(void) NODISCARD;

/* Consistent copies of single-file databases in a directory, made when missing; NULL ends
 * paths, missing files are passed over.  ERR_INUSE: one is in a transaction of ours. */
err_t db_archive(const char *const *paths, const char *dir) NODISCARD;

#endif

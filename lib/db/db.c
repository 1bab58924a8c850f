/* db.c - handles, transactions and walks above the engines; see db.h
 *
 * The list of open handles is process-wide, because the locks under it are.
 */
#include "lib/db/db.h"

#include "lib/base/bug.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/db/db_impl.h"
#include "lib/db/dbfile.h"
#include "lib/os/file.h"

struct db_txn {
    struct db *db;                      /* db->txn points back */
    err_t failed;                       /* of a change: only abort is possible */
};

static const struct db_engine *const engines[] = {
    &db_twoskip_engine,
    &db_skiplist_engine,
    &db_flat_engine,
    &db_quotalegacy_engine,
#ifdef HAVE_LIBDB
    &db_berkeley_engine,
#endif
    &db_memory_engine,
};
enum { NENGINES = sizeof engines / sizeof *engines };

static struct db *open_handles;

/* ---- engines ------------------------------------------------------------ */

const struct db_engine *db_engine_named(const char *name)
{
    for (size_t i = 0; i < NENGINES; i++)
        if (strcmp(engines[i]->name, name) == 0)
            return engines[i];
    return NULL;
}

/* "flat, quotalegacy, ..." in alphabetical order is what people are used to. */
const char *const *db_engines(void)
{
    static const char *const names[] = {
#ifdef HAVE_LIBDB
        "berkeley",
#endif
        "flat", "quotalegacy", "skiplist", "twoskip", NULL
    };

    return names;
}

const char *db_engine(const struct db *db)
{
    return db->engine->name;
}

const char *db_path(const struct db *db)
{
    return db->path;
}

err_t db_corrupt(const char *path, const char *what, uint64_t offset)
{
    if (offset)
        log_err("DBERROR: %s: filename=<%s> offset=<%llu>", what, path, (unsigned long long)offset);
    else
        log_err("DBERROR: %s: filename=<%s>", what, path);
    return ERR_CORRUPT;
}

/* ---- handles ------------------------------------------------------------ */

struct db *db_find_open(const char *path)
{
    for (struct db *db = open_handles; db; db = db->next)
        if (strcmp(db->path, path) == 0)
            return db;
    return NULL;
}

/* Strong wishes win: writing over reading only, synced over derived. */
static void share(struct db *db, unsigned flags)
{
    if (!(flags & DB_RDONLY))
        db->flags &= ~(unsigned)DB_RDONLY;
    if (!(flags & DB_DERIVED))
        db->flags &= ~(unsigned)DB_DERIVED;
    db->flags |= flags & DB_CREATE;
    db->users++;
}

static void handle_free(struct db *db)
{
    if (db->state)
        db->engine->close(db);
    mem_free(db->path);
    mem_free(db);
}

err_t db_recreate(struct db *db)
{
    if (!db->engine->recreate)
        return ERR_CORRUPT;
    log_notice("DBNOTICE: damaged database that can be rebuilt starts empty: filename=<%s>",
               db->path);
    return db->engine->recreate(db);
}

bool db_may_recreate(const struct db *db, err_t err)
{
    return err == ERR_CORRUPT && (db->flags & DB_DERIVED) && !(db->flags & DB_RDONLY) && !db->txn;
}

static err_t open_new(const struct db_engine *engine, const char *path, unsigned flags,
                      struct db **out)
{
    struct db *db = mem_zalloc(sizeof *db);

    db->engine = engine;
    db->path = mem_strdup(path);
    db->flags = flags;
    db->users = 1;
    err_t err = engine->open(db);
    if (db_may_recreate(db, err))
        err = db_recreate(db);
    if (err) {
        handle_free(db);
        return err;
    }
    db->next = open_handles;
    open_handles = db;
    *out = db;
    return ERR_OK;
}

/* The file is another engine's: convert it, or use that engine. */
static err_t open_other(const struct db_engine *engine, const char *path, unsigned flags,
                        struct db **out)
{
    const char *found = db_detect_file(path);
    err_t err = ERR_OK;

    if (!found)
        return ERR_CORRUPT;             /* another one yet by now: the next call will see it */
    if ((flags & DB_CONVERT) && !(flags & DB_RDONLY))
        err = db_convert(path, found, path, engine->name);
    else
        engine = db_engine_named(found);
    if (!engine) {
        log_err("DBERROR: kind of database not built in: kind=<%s> filename=<%s>", found, path);
        return ERR_UNSUPPORTED;
    }
    return err ? err : open_new(engine, path, flags, out);
}

/* A new version of the file whose writer died before it gave it its name; one who lives has the
 * lock, and is waited for. */
static void remove_unnamed(struct db *db)
{
    struct buf name = BUF_INIT;
    struct db_txn *txn;

    buf_addf(&name, "%s" DBFILE_NEW_SUFFIX, db->path);
    if (file_exists(buf_cstr(&name)) && db_begin(db, &txn) == ERR_OK) {
        (void)!file_unlink(name.p); /* gone meanwhile is fine */
        db_abort(&txn);
    }
    buf_fini(&name);
}

err_t db_open(const char *engine_name, const char *path, unsigned flags, struct db **out)
{
    const struct db_engine *engine = db_engine_named(engine_name);

    *out = NULL;
    if (!engine) {
        log_err("DBERROR: unknown kind of database: kind=<%s> filename=<%s>", engine_name, path);
        return ERR_UNSUPPORTED;
    }
    *out = db_find_open(path);
    if (*out) {
        share(*out, flags);
        return ERR_OK;
    }
    err_t err = open_new(engine, path, flags, out);
    if (err == ERR_UNSUPPORTED)
        err = open_other(engine, path, flags, out);
    if (!err && !(flags & DB_RDONLY))
        remove_unnamed(*out);
    return err;
}

/* Nobody asked for it: a failure costs space only. */
static void repack_quietly(struct db *db)
{
    if (db->repack == REPACK_FAILED || (db->flags & DB_RDONLY))
        return;
    err_t err = db->engine->repack(db);
    db->repack = err ? REPACK_FAILED : REPACK_NO;
    if (err)
        log_warn("DBERROR: not repacked: filename=<%s> error=<%s>", db->path, err_name(err));
}

void db_note_dead_space(struct db *db, uint64_t size, uint64_t packed, uint64_t slack)
{
    enum { AT_ONCE_FACTOR = 4, AT_ONCE_SLACK = 256 * 1024 };

    if (db->repack == REPACK_FAILED || size <= slack || size <= 2 * packed)
        return;
    db->repack = size > AT_ONCE_FACTOR * packed + AT_ONCE_SLACK ? REPACK_NOW : REPACK_AT_CLOSE;
}

/* ERR_UNSUPPORTED from an engine outside of transactions: another process has converted the
 * file.  Go on with the engine of the new one. */
err_t db_change_over(struct db *db)
{
    const char *found = db_detect_file(db->path);
    const struct db_engine *engine = found ? db_engine_named(found) : NULL;

    if (!engine || engine == db->engine)
        return ERR_UNSUPPORTED;
    db->engine->close(db);
    db->engine = engine;
    return engine->open(db);
}

static void registry_remove(struct db *db)
{
    struct db **link = &open_handles;

    while (*link != db)
        link = &(*link)->next;
    *link = db->next;
}

void db_close(struct db **dbp)
{
    struct db *db = *dbp;

    *dbp = NULL;
    if (!db || --db->users)
        return;
#ifndef NDEBUG
    BUG_UNLESS(!db->txn);
#endif
    db_abort(&db->txn);
    if (db->repack != REPACK_NO)
        repack_quietly(db);
    registry_remove(db);
    handle_free(db);
}

/* ---- reading ------------------------------------------------------------ */

void db_assert_own(const struct db *db, const struct db_txn *txn)
{
    BUG_UNLESS(!txn || db->txn == txn);
}

err_t db_fetch(struct db *db, struct db_txn *txn, struct slice key, struct buf *value)
{
    db_assert_own(db, txn);
    buf_reset(value);
    if (key.n == 0)
        return ERR_SYNTAX;
    err_t err = db->engine->fetch(db, key, value);
    if (err == ERR_UNSUPPORTED && !db->txn && !(err = db_change_over(db)))
        err = db->engine->fetch(db, key, value);
    if (db_may_recreate(db, err)) {
        err = db_recreate(db);
        err = err ? err : ERR_NOTFOUND;
    }
    if (err)
        buf_reset(value);
    return err;
}

/* ---- transactions ------------------------------------------------------- */

err_t db_begin(struct db *db, struct db_txn **out)
{
    BUG_UNLESS(!db->txn);
    *out = NULL;
    if (db->flags & DB_RDONLY)
        return ERR_READONLY;
    err_t err = db->engine->begin(db);
    if (err == ERR_UNSUPPORTED && !(err = db_change_over(db)))
        err = db->engine->begin(db);
    if (db_may_recreate(db, err)) {
        err = db_recreate(db);
        if (!err)
            err = db->engine->begin(db);
    }
    if (err)
        return err;
    db->txn = mem_zalloc(sizeof *db->txn);
    db->txn->db = db;
    *out = db->txn;
    return ERR_OK;
}

static void txn_free(struct db_txn **txnp)
{
    struct db_txn *txn = *txnp;

    *txnp = NULL;                       /* may be the handle's own pointer */
    txn->db->txn = NULL;
    mem_free(txn);
}

void db_abort(struct db_txn **txnp)
{
    if (!*txnp)
        return;
    struct db *db = (*txnp)->db;
    err_t failed = (*txnp)->failed;
    db->engine->abort(db);
    db->changes++;
    txn_free(txnp);
    if (db_may_recreate(db, failed) && db_recreate(db) != ERR_OK)
        log_err("DBERROR: cannot be started anew: filename=<%s>", db->path);
}

err_t db_commit(struct db_txn **txnp)
{
    struct db *db = (*txnp)->db;
    err_t err = (*txnp)->failed;

    if (err) {
        db_abort(txnp);
        return err;
    }
    err = db->engine->commit(db);
    txn_free(txnp);
    if (!err && db->repack == REPACK_NOW)
        repack_quietly(db);
    return err;
}

err_t db_commit_durable(struct db_txn **txnp)
{
    struct db *db = (*txnp)->db;
    unsigned derived = db->flags & DB_DERIVED;

    db->flags &= ~derived;
    err_t err = db_commit(txnp);
    db->flags |= derived;
    return err;
}

/* A failure in the middle of a change leaves it half done. */
static err_t note(struct db_txn *txn, err_t err)
{
    if (err && err != ERR_EXISTS && err != ERR_NOTFOUND)
        txn->failed = err;
    txn->db->changes++;
    return err;
}

static err_t store(struct db_txn *txn, struct slice key, struct slice value,
                   enum db_store_mode mode)
{
    if (txn->failed)
        return txn->failed;
    if (key.n == 0)
        return note(txn, ERR_SYNTAX);
    return note(txn, txn->db->engine->store(txn->db, key, value, mode));
}

err_t db_store(struct db_txn *txn, struct slice key, struct slice value)
{
    return store(txn, key, value, DB_STORE_ANY);
}

err_t db_store_new(struct db_txn *txn, struct slice key, struct slice value)
{
    return store(txn, key, value, DB_STORE_NEW);
}

err_t db_delete(struct db_txn *txn, struct slice key)
{
    if (txn->failed)
        return txn->failed;
    if (key.n == 0)
        return note(txn, ERR_SYNTAX);
    return note(txn, txn->db->engine->remove(txn->db, key));
}

static err_t end_now(struct db_txn *txn, err_t err)
{
    if (!err)
        return db_commit(&txn);
    db_abort(&txn);
    return err;
}

err_t db_store_now(struct db *db, struct slice key, struct slice value)
{
    struct db_txn *txn;
    err_t err = db_begin(db, &txn);

    return err ? err : end_now(txn, db_store(txn, key, value));
}

err_t db_delete_now(struct db *db, struct slice key)
{
    struct db_txn *txn;
    err_t err = db_begin(db, &txn);

    return err ? err : end_now(txn, db_delete(txn, key));
}

err_t db_delete_all(struct db *db, const struct vec *keys)
{
    struct db_txn *txn;
    err_t err = db_begin(db, &txn);

    if (err)
        return err;
    for (size_t i = 0; i < keys->n && !err; i++) {
        err = db_delete(txn, buf_slice(VEC_AT(keys, struct buf, i)));
        if (err == ERR_NOTFOUND)
            err = ERR_OK;
    }
    return end_now(txn, err);
}

/* ---- care --------------------------------------------------------------- */

err_t db_check(struct db *db, struct buf *report)
{
    return db->engine->check ? db->engine->check(db, report) : ERR_OK;
}

err_t db_version_of(struct db *db, struct db_version *out)
{
    *out = (struct db_version){ .file = 0 };
    return db->engine->version ? db->engine->version(db, out) : ERR_UNSUPPORTED;
}

err_t db_repack(struct db *db)
{
    BUG_UNLESS(!db->txn);
    if (db->flags & DB_RDONLY)
        return ERR_READONLY;
    db->repack = REPACK_NO;
    return db->engine->repack ? db->engine->repack(db) : ERR_OK;
}

err_t db_dump(struct db *db, int detail, struct buf *out)
{
    return db->engine->dump ? db->engine->dump(db, detail, out) : ERR_OK;
}

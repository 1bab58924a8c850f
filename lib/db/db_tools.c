/* db_tools.c - recognise and convert databases */
#include <fcntl.h>

#include "lib/base/log.h"
#include "lib/db/db_impl.h"
#include "lib/db/dbfile.h"
#include "lib/db/skiplist_format.h"
#include "lib/db/twoskip_format.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"
#include "lib/os/sync.h"

/* ---- recognise ---------------------------------------------------------- */

enum {
    DETECT_BYTES = 32,                  /* shorter files are of unknown kind */
    MAGIC_BYTES = 16,                   /* compared in twoskip and skiplist files */
    MARK_BYTES = 4,                     /* what these two have in common */
    BERKELEY_MAGIC_AT = 12,
};

/* Magic numbers in the first page of Berkeley DB files, in either byte order. */
static bool is_berkeley(const uint8_t *p)
{
    static const uint32_t magics[] = { 0x00053162 /* btree */, 0x00061561 /* hash */ };
    uint32_t v;

    memcpy(&v, p + BERKELEY_MAGIC_AT, sizeof v);
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (v == magics[i] || v == __builtin_bswap32(magics[i]))
            return true;
    return false;
}

const char *db_recognise(struct slice bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.p;

    if (bytes.n < DETECT_BYTES)
        return NULL;
    if (memcmp(p, TS_MAGIC, MAGIC_BYTES) == 0)
        return "twoskip";
    if (memcmp(p, SL_MAGIC, MAGIC_BYTES) == 0)
        return "skiplist";
    return is_berkeley(p) ? "berkeley" : NULL;
}

bool db_is_recognisable(struct slice bytes)
{
    return db_recognise(bytes) ||
        (bytes.n >= MARK_BYTES && memcmp(bytes.p, TS_MAGIC, MARK_BYTES) == 0);
}

const char *db_detect_file(const char *path)
{
    uint8_t head[DETECT_BYTES];
    size_t got = 0;
    int fd;

    if (file_open(path, O_RDONLY | O_NONBLOCK, 0, &fd) != ERR_OK)
        return NULL;
    err_t err = file_read(fd, path, head, sizeof head, &got);
    file_close(&fd);
    return err ? NULL : db_recognise(slice_make(head, got));
}

/* Opening a file that this process has open, and closing it again, would drop a lock. */
const char *db_detect(const char *path)
{
    const struct db *open = db_find_open(path);

    return open ? open->engine->name : db_detect_file(path);
}

err_t db_not_ours(const struct dbfile *file, const char *engine)
{
    const char *is = db_recognise(dbfile_bytes(file));
    struct buf what = BUF_INIT;

    if (is && strcmp(is, engine) != 0)
        return ERR_UNSUPPORTED;
    buf_addf(&what, "not a %s file", engine);
    err_t err = db_corrupt(file->path, buf_cstr(&what), 0);
    buf_fini(&what);
    return err;
}

/* ---- convert ------------------------------------------------------------ */

enum { RECORDS_PER_TXN = 100 };         /* quotalegacy holds a file open for each */

struct conversion {
    struct db *to;
    struct db_txn *txn;
    bool in_steps;
    size_t n;
};

static err_t copy_record(void *arg, struct slice key, struct slice value)
{
    struct conversion *c = arg;
    err_t err = ERR_OK;

    if (c->in_steps && ++c->n % RECORDS_PER_TXN == 0) {
        err = db_commit(&c->txn);
        if (!err)
            err = db_begin(c->to, &c->txn);
    }
    return err ? err : db_store(c->txn, key, value);
}

static err_t copy_all(struct db *from, struct db_txn *lock, struct db *to)
{
    struct conversion c = { .to = to, .in_steps = to->engine == &db_quotalegacy_engine };
    err_t err = db_begin(to, &c.txn);

    if (!err)
        err = db_foreach(from, lock, SLICE_NULL, copy_record, &c);
    if (err) {
        db_abort(&c.txn);
        return err;
    }
    return db_commit(&c.txn);
}

/* The lock file of a database that is about to get another name. */
static void remove_lock(const char *path)
{
    struct buf name = BUF_INIT;

    buf_addf(&name, "%s" DBFILE_LOCK_SUFFIX, path);
    err_t err = file_unlink(buf_cstr(&name));
    (void)err;                          /* few engines have one */
    buf_fini(&name);
}

/* Create a database file of its own and fill it; nothing is synced before it is complete. */
static err_t write_new(struct db *from, struct db_txn *lock, const char *path, const char *engine)
{
    struct db *to;
    err_t err = file_unlink(path);      /* what an earlier attempt has left */

    if (err && err != ERR_NOTFOUND)
        return err;
    err = db_open(engine, path, DB_CREATE | DB_DERIVED | (from->flags & DB_MBOXSORT), &to);
    if (err)
        return err;
    err = copy_all(from, lock, to);
    db_close(&to);
    remove_lock(path);
    return err;
}

static err_t sync_and_rename(const char *from, const char *to)
{
    int fd;
    err_t err = file_open(from, O_RDWR, 0, &fd);

    return err ? err : file_replace_commit(to, from, &fd, FILE_SYNC);
}

static err_t convert_to_file(struct db *from, struct db_txn *lock, const char *path,
                             const char *engine)
{
    struct buf name = BUF_INIT;

    buf_addf(&name, "%s" DBFILE_NEW_SUFFIX, path);
    err_t err = dir_make_parents(path, DB_DIR_MODE);
    if (!err)
        err = write_new(from, lock, buf_cstr(&name), engine);
    if (!err)
        err = sync_and_rename(buf_cstr(&name), path);
    if (err && file_unlink(buf_cstr(&name)) == ERR_OK)
        log_notice("DBNOTICE: conversion given up: filename=<%s> error=<%s>", path, err_name(err));
    buf_fini(&name);
    return err;
}

static err_t convert_to_many_files(struct db *from, struct db_txn *lock, const char *path,
                                   const char *engine)
{
    struct db *to;
    err_t err = db_open(engine, path, DB_CREATE, &to);

    if (err)
        return err;
    err = copy_all(from, lock, to);
    db_close(&to);
    return err;
}

err_t db_convert(const char *from_path, const char *from_engine, const char *to_path,
                 const char *to_engine)
{
    const struct db_engine *target = db_engine_named(to_engine);
    struct db *from;
    struct db_txn *lock = NULL;

    if (!target || target == &db_memory_engine)
        return ERR_UNSUPPORTED;
    err_t err = db_open(from_engine, from_path, 0, &from);
    if (err)
        return err;
    /* the lock keeps writers out while it is copied; a file that may only be read has none */
    err = db_begin(from, &lock);
    if (err == ERR_READONLY)
        err = ERR_OK;
    if (!err && target == &db_quotalegacy_engine)
        err = convert_to_many_files(from, lock, to_path, to_engine);
    else if (!err)
        err = convert_to_file(from, lock, to_path, to_engine);
    db_abort(&lock);
    db_close(&from);
    return err;
}

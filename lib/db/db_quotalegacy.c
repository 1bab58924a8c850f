/* db_quotalegacy.c - the quotalegacy engine: one small text file per key
 *
 * There is no lock for the whole: a transaction locks the file of each key that it reads or
 * writes, at the first touch, and commits file by file.  Files are replaced by rename, so
 * that readers need no lock.  The exception is DB_DERIVED, where a value of unchanged length
 * is overwritten in place (one write, within a sector: the old or the new text survives any
 * crash); readers then take the shared lock for a moment.
 */
#include <fcntl.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"
#include "lib/db/db_impl.h"
#include "lib/db/db_quotalegacy_impl.h"
#include "lib/db/dbfile.h"
#include "lib/db/quotalegacy_format.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"
#include "lib/os/lock.h"
#include "lib/os/path.h"
#include "lib/os/sync.h"

enum { NAMES_MAX_AGE_MS = 2000 };       /* a walk that goes on reads the directories again then */

/* A file locked by the transaction. */
struct held {
    struct buf key, path, text;         /* text: content of the file */
    struct buf new_text;                /* what it will be */
    int fd;
    bool changed, removed;
};

struct quotalegacy {
    struct buf base;
    struct vec held;                    /* struct held */
    struct ordmap *names;               /* all keys, for walks; NULL: not read */
    uint64_t names_ms;                  /* when they were read */
};

static struct quotalegacy *state(struct db *db)
{
    return db->state;
}

/* ---- value <-> text ----------------------------------------------------- */

static err_t text_to_value(struct slice text, const char *path, struct buf *value)
{
    if (text.n == 0)
        return ERR_NOTFOUND;
    if (text.p[text.n - 1] != '\n')
        return db_corrupt(path, "quota file has no line end", 0);
    text.n--;
    size_t at = value->n;
    ssize_t lf = text.n && text.p[0] == QL_DLIST_MARK ? -1 : slice_find(text, '\n');
    buf_add_slice(value, text);
    if (lf >= 0)
        value->p[at + (size_t)lf] = ' ';
    return ERR_OK;
}

/* ERR_SYNTAX: a value that would not be read back as it is. */
static err_t value_to_text(struct slice value, struct buf *text)
{
    buf_reset(text);
    buf_add_slice(text, value);
    if (value.n == 0 || value.p[0] != QL_DLIST_MARK) {
        if (slice_find(value, '\n') >= 0)
            return ERR_SYNTAX;
        ssize_t space = slice_find(value, ' ');
        if (space >= 0)
            text->p[space] = '\n';
    }
    buf_addc(text, '\n');
    return text->n <= QL_FILE_MAX ? ERR_OK : ERR_LIMIT;
}

/* ---- open and close ------------------------------------------------------ */

static err_t ql_open(struct db *db)
{
    struct quotalegacy *ql = mem_zalloc(sizeof *ql);

    db->state = ql;
    buf_add_slice(&ql->base, path_dirname(slice_cstr(db->path)));
    vec_init(&ql->held, sizeof(struct held));
    if (file_exists(buf_cstr(&ql->base)))
        return ERR_OK;
    return db->flags & DB_CREATE ? dir_make(buf_cstr(&ql->base), DB_DIR_MODE) : ERR_NOTFOUND;
}

static void ql_close(struct db *db)
{
    struct quotalegacy *ql = state(db);

    buf_fini(&ql->base);
    vec_fini(&ql->held);
    ordmap_free(&ql->names);
    mem_free(ql);
    db->state = NULL;
}

/* ---- locked files ------------------------------------------------------- */

static struct held *find_held(struct quotalegacy *ql, struct slice key)
{
    for (size_t i = 0; i < ql->held.n; i++)
        if (slice_eq(buf_slice(&VEC_AT(&ql->held, struct held, i)->key), key))
            return VEC_AT(&ql->held, struct held, i);
    return NULL;
}

static void held_fini(struct held *h)
{
    buf_fini(&h->key);
    buf_fini(&h->path);
    buf_fini(&h->text);
    buf_fini(&h->new_text);
    file_close(&h->fd);
}

static err_t open_locked(struct held *h, bool create)
{
    const char *path = buf_cstr(&h->path);
    err_t err;

    do {
        err = file_open(path, O_RDWR, 0, &h->fd);
        if (err == ERR_NOTFOUND && create) {
            err = dir_make_parents(path, DB_DIR_MODE);
            if (!err)
                err = file_open(path, O_RDWR | O_CREAT, DB_MODE, &h->fd);
        }
        if (err)
            return err;
        err = lock_reopen(h->fd, path, O_RDWR, LOCK_EXCLUSIVE, DB_LOCK_TIMEOUT_MS, NULL);
        if (err)
            file_close(&h->fd);
    } while (err == ERR_NOTFOUND && create);
    return err;
}

/* Lock the file of a key and read it.  ERR_NOTFOUND: it is missing (and not to be created). */
static err_t hold(struct quotalegacy *ql, struct slice key, bool create, struct held **out)
{
    struct held h = { .fd = -1 };

    *out = find_held(ql, key);
    if (*out)
        return ERR_OK;
    buf_add_slice(&h.key, key);
    err_t err = ql_path(buf_cstr(&ql->base), key, &h.path);
    if (!err)
        err = open_locked(&h, create);
    if (!err)
        err = file_load_fd(h.fd, buf_cstr(&h.path), QL_FILE_MAX, &h.text);
    if (err) {
        held_fini(&h);
        return err;
    }
    *out = VEC_PUSH(&ql->held, struct held);
    **out = h;
    return ERR_OK;
}

static void release_all(struct quotalegacy *ql)
{
    for (size_t i = 0; i < ql->held.n; i++)
        held_fini(VEC_AT(&ql->held, struct held, i));
    ql->held.n = 0;
}

/* ---- reading ------------------------------------------------------------ */

static err_t read_file(struct db *db, struct slice key, struct buf *value)
{
    struct buf path = BUF_INIT, text = BUF_INIT;
    int fd = -1;
    err_t err = ql_path(buf_cstr(&state(db)->base), key, &path);

    if (err == ERR_BADNAME)
        err = ERR_NOTFOUND;
    if (!err)
        err = file_open(buf_cstr(&path), O_RDONLY, 0, &fd);
    if (!err && (db->flags & DB_DERIVED))
        err = lock_file(fd, buf_cstr(&path), LOCK_SHARED, DB_LOCK_TIMEOUT_MS);
    if (!err)
        err = file_load_fd(fd, buf_cstr(&path), QL_FILE_MAX, &text);
    if (!err)
        err = text_to_value(buf_slice(&text), buf_cstr(&path), value);
    file_close(&fd);
    buf_fini(&path);
    buf_fini(&text);
    return err;
}

static err_t held_value(struct held *h, struct buf *value)
{
    if (h->removed)
        return ERR_NOTFOUND;
    const struct buf *text = h->changed ? &h->new_text : &h->text;
    return text_to_value(buf_slice(text), buf_cstr(&h->path), value);
}

static err_t ql_fetch(struct db *db, struct slice key, struct buf *value)
{
    struct quotalegacy *ql = state(db);
    struct held *h = NULL;

    if (db->txn) {
        err_t err = hold(ql, key, false, &h);
        if (err)
            return err == ERR_BADNAME ? ERR_NOTFOUND : err;
        return held_value(h, value);
    }
    return read_file(db, key, value);
}

static err_t refresh_names(struct db *db, bool new_walk)
{
    struct quotalegacy *ql = state(db);
    uint64_t now = clock_mono_ms();

    if (ql->names && !new_walk && now - ql->names_ms < NAMES_MAX_AGE_MS)
        return ERR_OK;
    ordmap_free(&ql->names);
    ql->names = ordmap_new(db_order(db));
    ql->names_ms = now;
    err_t err = ql_list(buf_cstr(&ql->base), ql->names);
    if (err)
        ordmap_free(&ql->names);
    return err;
}

/* The value of a key met in a walk: no lock is taken for it. */
static err_t peek(struct db *db, struct slice key, struct buf *value)
{
    struct held *h = find_held(state(db), key);

    return h ? held_value(h, value) : read_file(db, key, value);
}

static err_t ql_collect(struct db *db, struct slice from, bool inclusive, struct slice prefix,
                        struct db_batch *batch)
{
    struct quotalegacy *ql = state(db);
    struct buf value = BUF_INIT;
    err_t err = refresh_names(db, inclusive || from.n == 0);

    if (err)
        return err;
    const struct ordmap_entry *e = ordmap_seek(ql->names, from, inclusive);
    for (; !err && e && !db_batch_full(batch); e = ordmap_next(e)) {
        enum db_match match = db_prefix_match(db_order(db), e->key, prefix);
        if (match == DB_MATCH_PAST) {
            e = NULL;
            break;
        }
        buf_reset(&value);
        err = match == DB_MATCH_YES ? peek(db, e->key, &value) : ERR_NOTFOUND;
        if (!err)
            db_batch_add(batch, e->key, buf_slice(&value));
        else if (err == ERR_NOTFOUND)
            err = ERR_OK;
    }
    batch->end = !e;
    buf_fini(&value);
    return err;
}

/* ---- transactions ------------------------------------------------------- */

static err_t ql_begin(struct db *db)
{
    (void)db;
    return ERR_OK;
}

static err_t ql_store(struct db *db, struct slice key, struct slice value, enum db_store_mode mode)
{
    struct held *h;
    struct buf text = BUF_INIT;
    err_t err = value_to_text(value, &text);

    if (!err)
        err = hold(state(db), key, true, &h);
    if (!err && mode == DB_STORE_NEW && !h->removed && (h->changed || h->text.n))
        err = ERR_EXISTS;
    if (!err) {
        buf_reset(&h->new_text);
        buf_add_slice(&h->new_text, buf_slice(&text));
        h->changed = true;
        h->removed = false;
    }
    buf_fini(&text);
    return err;
}

static err_t ql_remove(struct db *db, struct slice key)
{
    struct held *h;
    err_t err = hold(state(db), key, false, &h);

    if (!err && (h->removed || (!h->changed && h->text.n == 0)))
        err = ERR_NOTFOUND;
    if (err)
        return err == ERR_BADNAME ? ERR_NOTFOUND : err;
    h->removed = true;
    h->changed = false;
    return ERR_OK;
}

static err_t remove_file(struct db *db, struct held *h)
{
    err_t err = file_unlink(buf_cstr(&h->path));

    return err || (db->flags & DB_DERIVED) ? err : sync_parent(buf_cstr(&h->path));
}

/* The new text has its name, but may not be durable (file_replace): it was refused, so the old one
 * is what others are to see. */
static void put_back(const struct held *h, const char *tmp)
{
    struct buf now = BUF_INIT;
    err_t err = file_load(h->path.p, QL_FILE_MAX, &now);

    if (!err && slice_eq(buf_slice(&now), buf_slice(&h->new_text)))
        err = h->text.n ? file_replace(h->path.p, tmp, buf_slice(&h->text), DB_MODE, FILE_NOSYNC)
                        : file_unlink(h->path.p);
    if (err && err != ERR_NOTFOUND)
        log_err("IOERROR: a quota that was refused is in force: filename=<%s>", h->path.p);
    buf_fini(&now);
}

static err_t write_file(struct db *db, struct held *h)
{
    struct slice text = buf_slice(&h->new_text);

    if (slice_eq(text, buf_slice(&h->text)))
        return ERR_OK;
    if ((db->flags & DB_DERIVED) && text.n == h->text.n && text.n <= QL_SECTOR)
        return file_pwrite_all(h->fd, buf_cstr(&h->path), text.p, text.n, 0);

    struct buf name = BUF_INIT;
    buf_add_slice(&name, buf_slice(&h->path));
    buf_adds(&name, DBFILE_NEW_SUFFIX);
    err_t err = file_replace(buf_cstr(&h->path), buf_cstr(&name), text, DB_MODE, FILE_SYNC);
    if (err)
        put_back(h, name.p);
    buf_fini(&name);
    return err;
}

/* A file made only to be locked must not stay behind. */
static void drop_if_empty(struct held *h)
{
    err_t err = h->text.n == 0 ? file_unlink(buf_cstr(&h->path)) : ERR_OK;

    (void)err;                          /* an empty file means the same as none */
}

static err_t ql_commit(struct db *db)
{
    struct quotalegacy *ql = state(db);
    err_t err = ERR_OK;

    for (size_t i = 0; i < ql->held.n; i++) {
        struct held *h = VEC_AT(&ql->held, struct held, i);
        bool named = h->text.n > 0;
        if (err || (!h->changed && !h->removed)) {
            drop_if_empty(h);
            continue;
        }
        err = h->removed ? remove_file(db, h) : write_file(db, h);
        if (named != h->changed)
            ordmap_free(&ql->names);
    }
    release_all(ql);
    return err;
}

static void ql_abort(struct db *db)
{
    struct quotalegacy *ql = state(db);

    for (size_t i = 0; i < ql->held.n; i++)
        drop_if_empty(VEC_AT(&ql->held, struct held, i));
    release_all(ql);
}

static err_t ql_check(struct db *db, struct buf *report)
{
    struct quotalegacy *ql = state(db);
    struct buf value = BUF_INIT;
    err_t first = refresh_names(db, true);

    for (const struct ordmap_entry *e = first ? NULL : ordmap_seek(ql->names, SLICE_NULL, true); e;
         e = ordmap_next(e)) {
        buf_reset(&value);
        err_t err = peek(db, e->key, &value);
        if (!err || err == ERR_NOTFOUND)
            continue;
        buf_addf(report, "%.*s: %s\n", SLICE_ARG(e->key), err_name(err));
        first = first ? first : err;
    }
    buf_fini(&value);
    return first;
}

const struct db_engine db_quotalegacy_engine = {
    .name = "quotalegacy",
    .order = order_raw,
    .open = ql_open,
    .close = ql_close,
    .fetch = ql_fetch,
    .collect = ql_collect,
    .begin = ql_begin,
    .commit = ql_commit,
    .abort = ql_abort,
    .store = ql_store,
    .remove = ql_remove,
    .check = ql_check,
};

/* db_memory.c - a database in memory, for tests: what all engines are measured against
 *
 * It lives as long as somebody has its path open.
 */
#include "lib/base/mem.h"
#include "lib/db/db_impl.h"
#include "lib/db/ordmap.h"
#include "lib/db/overlay.h"

struct memdb {
    struct ordmap *records;
    struct ordmap *pending;
    const struct ordmap_entry *entry;   /* walk: next record */
};

static struct memdb *state(struct db *db)
{
    return db->state;
}

static err_t mem_open(struct db *db)
{
    struct memdb *m = mem_zalloc(sizeof *m);

    db->state = m;
    m->records = ordmap_new(db_order(db));
    return db->flags & DB_CREATE ? ERR_OK : ERR_NOTFOUND;
}

static void mem_close(struct db *db)
{
    struct memdb *m = state(db);

    ordmap_free(&m->records);
    ordmap_free(&m->pending);
    mem_free(m);
    db->state = NULL;
}

static const struct ordmap_entry *lookup(struct memdb *m, struct slice key)
{
    const struct ordmap_entry *e = m->pending ? ordmap_find(m->pending, key) : NULL;

    if (!e)
        e = ordmap_find(m->records, key);
    return e && !e->deleted ? e : NULL;
}

static err_t mem_fetch(struct db *db, struct slice key, struct buf *value)
{
    const struct ordmap_entry *e = lookup(state(db), key);

    if (!e)
        return ERR_NOTFOUND;
    buf_add_slice(value, e->value);
    return ERR_OK;
}

static err_t source_next(void *arg, struct slice *key, struct slice *value)
{
    struct memdb *m = arg;

    if (!m->entry)
        return ERR_NOTFOUND;
    *key = m->entry->key;
    *value = m->entry->value;
    m->entry = ordmap_next(m->entry);
    return ERR_OK;
}

static err_t source_seek(void *arg, struct slice from, bool inclusive, struct slice *key,
                         struct slice *value)
{
    struct memdb *m = arg;

    m->entry = ordmap_seek(m->records, from, inclusive);
    return source_next(m, key, value);
}

static err_t mem_collect(struct db *db, struct slice from, bool inclusive, struct slice prefix,
                         struct db_batch *batch)
{
    struct overlay_source src = { source_seek, source_next, state(db) };

    return overlay_collect(&src, state(db)->pending, db_order(db), from, inclusive, prefix, batch);
}

static err_t mem_begin(struct db *db)
{
    state(db)->pending = ordmap_new(db_order(db));
    return ERR_OK;
}

static void mem_abort(struct db *db)
{
    ordmap_free(&state(db)->pending);
}

static err_t mem_commit(struct db *db)
{
    struct memdb *m = state(db);

    for (const struct ordmap_entry *e = ordmap_seek(m->pending, SLICE_NULL, true); e;
         e = ordmap_next(e)) {
        if (e->deleted)
            ordmap_remove(m->records, e->key);
        else
            ordmap_put(m->records, e->key, e->value);
    }
    ordmap_free(&m->pending);
    return ERR_OK;
}

static err_t mem_store(struct db *db, struct slice key, struct slice value, enum db_store_mode mode)
{
    if (mode == DB_STORE_NEW && lookup(state(db), key))
        return ERR_EXISTS;
    ordmap_put(state(db)->pending, key, value);
    return ERR_OK;
}

static err_t mem_remove(struct db *db, struct slice key)
{
    if (!lookup(state(db), key))
        return ERR_NOTFOUND;
    ordmap_put_tombstone(state(db)->pending, key);
    return ERR_OK;
}

const struct db_engine db_memory_engine = {
    .name = "memory",
    .order = order_raw,
    .open = mem_open,
    .close = mem_close,
    .fetch = mem_fetch,
    .collect = mem_collect,
    .begin = mem_begin,
    .commit = mem_commit,
    .abort = mem_abort,
    .store = mem_store,
    .remove = mem_remove,
};

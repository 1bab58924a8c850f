/* db_walk.c - records in order: batches, the walk, the next record; see db.h */
#include "lib/base/bug.h"
#include "lib/base/mem.h"
#include "lib/db/db_impl.h"

bool db_batch_full(const struct db_batch *b)
{
    return b->n >= b->want || b->bytes.n >= DB_BATCH_BYTES;
}

void db_batch_add(struct db_batch *b, struct slice key, struct slice value)
{
    b->item[b->n].at = b->bytes.n;
    b->item[b->n].keylen = key.n;
    b->item[b->n++].valuelen = value.n;
    buf_add_slice(&b->bytes, key);
    buf_add_slice(&b->bytes, value);
}

struct slice db_batch_key(const struct db_batch *b, size_t i)
{
    return slice_make(b->bytes.p + b->item[i].at, b->item[i].keylen);
}

struct slice db_batch_value(const struct db_batch *b, size_t i)
{
    return slice_make(b->bytes.p + b->item[i].at + b->item[i].keylen, b->item[i].valuelen);
}

enum db_match db_prefix_match(order_fn *cmp, struct slice key, struct slice prefix)
{
    if (slice_starts(key, prefix))
        return DB_MATCH_YES;
    return cmp(slice_cut(key, 0, prefix.n), prefix) > 0 ? DB_MATCH_PAST : DB_MATCH_SKIP;
}

static err_t collect(struct db *db, struct slice from, bool inclusive, struct slice prefix,
                     struct db_batch *batch)
{
    batch->n = 0;
    batch->end = false;
    buf_reset(&batch->bytes);
    err_t err = db->engine->collect(db, from, inclusive, prefix, batch);
    if (err == ERR_UNSUPPORTED && !db->txn && !(err = db_change_over(db)))
        err = db->engine->collect(db, from, inclusive, prefix, batch);
    if (db_may_recreate(db, err)) {
        err = db_recreate(db);
        batch->n = 0;
        batch->end = true;
    }
    return err;
}

err_t db_fetch_next(struct db *db, struct db_txn *txn, struct slice key, struct buf *key_out,
                    struct buf *value)
{
    struct db_batch batch = { .want = 1 };

    db_assert_own(db, txn);
    err_t err = collect(db, key, false, SLICE_NULL, &batch);
    if (!err && batch.n == 0)
        err = ERR_NOTFOUND;
    buf_reset(key_out);                 /* may be where the key came from */
    buf_reset(value);
    if (!err) {
        buf_add_slice(key_out, db_batch_key(&batch, 0));
        buf_add_slice(value, db_batch_value(&batch, 0));
    }
    buf_fini(&batch.bytes);
    return err;
}

/* Hand out a batch.  When a callback changes the database the rest of the batch may be
 * wrong: *used tells how far it was given out. */
static err_t visit_batch(struct db *db, const struct db_batch *batch, size_t *used,
                         db_visit_fn *visit, void *arg)
{
    uint64_t changes = db->changes;
    err_t err = ERR_OK;

    *used = 0;
    while (!err && *used < batch->n && db->changes == changes) {
        err = visit(arg, db_batch_key(batch, *used), db_batch_value(batch, *used));
        ++*used;
    }
    return err;
}

/* The next batch is small when the last one was spoilt, and then grows again. */
static size_t next_want(size_t want, bool spoilt)
{
    if (spoilt)
        return 1;
    return want * 2 < DB_BATCH_RECORDS ? want * 2 : DB_BATCH_RECORDS;
}

err_t db_foreach(struct db *db, struct db_txn *txn, struct slice prefix, db_visit_fn *visit,
                 void *arg)
{
    struct db_batch *batch = mem_zalloc(sizeof *batch);
    struct buf last = BUF_INIT;
    bool more = true;

    db_assert_own(db, txn);
    batch->want = DB_BATCH_RECORDS;
    err_t err = ERR_OK;
    buf_add_slice(&last, prefix);
    for (bool first = true; !err && more; first = false) {
        size_t used;
        err = collect(db, buf_slice(&last), first, prefix, batch);
        if (err)
            break;
        err = visit_batch(db, batch, &used, visit, arg);
        if (used) {
            buf_reset(&last);
            buf_add_slice(&last, db_batch_key(batch, used - 1));
        }
        more = used < batch->n || !batch->end;
        batch->want = next_want(batch->want, used < batch->n);
    }
    buf_fini(&last);
    buf_fini(&batch->bytes);
    mem_free(batch);
    return err;
}

/* overlay.c - see overlay.h */
#include "lib/db/overlay.h"

err_t overlay_walk(const struct overlay_source *src, const struct ordmap *pending, order_fn *cmp,
                   struct slice from, bool inclusive, db_visit_fn *visit, void *arg)
{
    const struct ordmap_entry *e = pending ? ordmap_seek(pending, from, inclusive) : NULL;
    struct slice key, value;
    err_t err = ERR_OK, more = src->seek(src->arg, from, inclusive, &key, &value);

    while (!err && (e || !more)) {
        int c = more ? 1 : e ? cmp(key, e->key) : -1;
        if (c < 0)
            err = visit(arg, key, value);
        else if (!e->deleted)
            err = visit(arg, e->key, e->value);
        if (c <= 0 && !err)
            more = src->next(src->arg, &key, &value);
        if (c >= 0)
            e = ordmap_next(e);
        if (more && more != ERR_NOTFOUND)
            err = more;
    }
    return err || more == ERR_NOTFOUND || !more ? err : more;
}

struct collecting {
    struct db_batch *batch;
    order_fn *cmp;
    struct slice prefix;
};

static err_t collect_one(void *arg, struct slice key, struct slice value)
{
    struct collecting *c = arg;
    enum db_match match = db_prefix_match(c->cmp, key, c->prefix);

    if (db_batch_full(c->batch))
        return ERR_STOP;
    if (match == DB_MATCH_PAST)
        return ERR_NOTFOUND;
    if (match == DB_MATCH_YES)
        db_batch_add(c->batch, key, value);
    return ERR_OK;
}

err_t overlay_collect(const struct overlay_source *src, const struct ordmap *pending,
                      order_fn *cmp, struct slice from, bool inclusive, struct slice prefix,
                      struct db_batch *batch)
{
    struct collecting c = { batch, cmp, prefix };
    err_t err = overlay_walk(src, pending, cmp, from, inclusive, collect_one, &c);

    batch->end = err != ERR_STOP;
    return err == ERR_STOP || err == ERR_NOTFOUND ? ERR_OK : err;
}

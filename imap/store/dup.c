/* dup.c - see dup.h */
#include "imap/store/dup.h"

#include "imap/store/store_impl.h"
#include "lib/base/log.h"
#include "lib/base/vec.h"

enum { VALUE_SIZE = 16 };

static void make_key(struct slice id, struct slice dest, struct slice date, struct buf *key)
{
    buf_add_slice(key, id);
    buf_addc(key, '\0');
    buf_add_slice(key, dest);
    buf_addc(key, '\0');
    buf_add_slice(key, date);
    buf_addc(key, '\0');
}

static bool read_value(struct slice value, time_t *when, uint64_t *uid)
{
    int64_t t;

    if (value.n < VALUE_SIZE)
        return false;
    memcpy(&t, value.p, sizeof t);
    memcpy(uid, value.p + sizeof t, sizeof *uid);
    *when = (time_t)t;
    return true;
}

static void log_failure(const char *what, err_t err)
{
    log_err("DBERROR: duplicate database cannot be %s: error=<%s>", what, err_name(err));
}

time_t dup_check(struct store *s, struct slice id, struct slice dest, struct slice date)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    struct db *db;
    time_t when = 0;
    uint64_t uid;
    err_t err = store_db(s, STORE_DB_DELIVER, &db);

    make_key(id, dest, date, &key);
    if (!err)
        err = db_fetch(db, NULL, buf_slice(&key), &value);
    if (!err && !read_value(buf_slice(&value), &when, &uid))
        when = 0;
    if (err && err != ERR_NOTFOUND)
        log_failure("read", err);
    buf_fini(&key);
    buf_fini(&value);
    return when;
}

void dup_mark(struct store *s, struct slice id, struct slice dest, struct slice date, time_t when,
              uint32_t uid)
{
    struct buf key = BUF_INIT;
    char value[VALUE_SIZE];
    int64_t t = when;
    uint64_t u = uid;
    struct db *db;
    err_t err = store_db(s, STORE_DB_DELIVER, &db);

    make_key(id, dest, date, &key);
    memcpy(value, &t, sizeof t);
    memcpy(value + sizeof t, &u, sizeof u);
    if (!err)
        err = db_store_now(db, buf_slice(&key), slice_make(value, sizeof value));
    if (err)
        log_failure("written", err);
    buf_fini(&key);
}

/* ---- all of them ---- */

struct walk {
    dup_visit_fn *visit;
    void *arg;
};

static err_t visit_record(void *arg, struct slice key, struct slice value)
{
    struct walk *w = arg;
    struct dup_mark m;
    struct slice rest;

    rest = slice_split(key, '\0', &m.message_id, NULL);
    rest = slice_split(rest, '\0', &m.dest, NULL);
    (void)slice_split(rest, '\0', &m.date, NULL);
    if (!read_value(value, &m.when, &m.uid))
        return ERR_OK;
    return w->visit(w->arg, &m);
}

err_t dup_foreach(struct store *s, dup_visit_fn *visit, void *arg)
{
    struct walk w = { visit, arg };
    struct db *db;
    err_t err = store_db(s, STORE_DB_DELIVER, &db);

    return err ? err : db_foreach(db, NULL, SLICE_NULL, visit_record, &w);
}

struct pruning {
    time_t before;
    struct vec keys;                /* struct buf */
};

static err_t collect_old(void *arg, struct slice key, struct slice value)
{
    struct pruning *p = arg;
    time_t when;
    uint64_t uid;

    if (!read_value(value, &when, &uid) || when < p->before)
        buf_add_slice(vec_push(&p->keys), key);
    return ERR_OK;
}

err_t dup_prune(struct store *s, time_t before, unsigned *removed)
{
    struct pruning p = { .before = before, .keys = VEC_INIT(struct buf) };
    struct db *db;
    err_t err = store_db(s, STORE_DB_DELIVER, &db);

    if (!err)
        err = db_foreach(db, NULL, SLICE_NULL, collect_old, &p);
    if (!err && p.keys.n)
        err = db_delete_all(db, &p.keys);
    *removed = err ? 0 : (unsigned)p.keys.n;
    for (size_t i = 0; i < p.keys.n; i++)
        buf_fini(VEC_AT(&p.keys, struct buf, i));
    vec_fini(&p.keys);
    return err;
}

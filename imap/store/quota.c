/* quota.c - one quota root: find, read, lock, change (quota.h) */
#include "imap/store/quota.h"

#include "imap/store/lockorder.h"
#include "imap/store/mailbox.h"
#include "imap/store/mbname.h"
#include "imap/store/quota_format.h"
#include "imap/store/store_impl.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

struct quota {
    struct db_txn *txn;
    struct buf root;                    /* own copy: the caller's name may go */
    struct quota_state state;
    bool dirty;
    bool limits_changed;
};

const char *const quota_res_names[QUOTA_NRES] = {
    [QUOTA_STORAGE] = "STORAGE",
    [QUOTA_MESSAGE] = "MESSAGE",
    [QUOTA_ANNOTATION] = "X-ANNOTATION-STORAGE",
    [QUOTA_FOLDERS] = "X-NUM-FOLDERS",
};

int64_t quota_res_unit(enum quota_res res)
{
    return res == QUOTA_STORAGE || res == QUOTA_ANNOTATION ? 1024 : 1;
}

/* ---- reading ---- */

static err_t parse(struct slice root, struct slice value, struct quota_state *out)
{
    err_t err = quota_format_parse(value, out);

    if (err)
        log_err("DBERROR: unreadable quota root: root=<%.*s>", SLICE_ARG(root));
    return err;
}

static err_t fetch(struct db *db, struct db_txn *txn, struct slice root, struct quota_state *out)
{
    struct buf value = BUF_INIT;
    err_t err = db_fetch(db, txn, root, &value);

    if (!err)
        err = parse(root, buf_slice(&value), out);
    buf_fini(&value);
    return err;
}

err_t quota_read(struct store *s, struct slice root, struct quota_state *out)
{
    struct db *db;
    err_t err = store_db(s, STORE_DB_QUOTA, &db);

    return err ? err : fetch(db, NULL, root, out);
}

/* The next name above for which there may be a root: the domain is the last one. */
static struct slice next_above(struct slice name)
{
    struct slice parent = mbname_parent(name), domain = mbname_domain(name);

    if (parent.n && !slice_eqs(mbname_local(parent), "user"))
        return parent;
    if (domain.n && name.n > domain.n + 1)
        return slice_cut(name, 0, domain.n + 1);
    return SLICE_NULL;
}

err_t quota_find(struct store *s, struct slice intname, struct buf *root_out)
{
    struct buf value = BUF_INIT;
    struct slice name = intname;
    struct db *db;
    err_t err = store_db(s, STORE_DB_QUOTA, &db);

    buf_reset(root_out);
    while (!err && name.n) {
        err = db_fetch(db, NULL, name, &value);
        if (err == ERR_OK)
            break;
        if (err == ERR_NOTFOUND) {
            err = ERR_OK;
            name = next_above(name);
        }
    }
    if (!err)
        buf_add_slice(root_out, name);
    buf_fini(&value);
    return err || name.n ? err : ERR_NOTFOUND;
}

/* ---- a locked root ---- */

static void quota_free(struct quota *q)
{
    buf_fini(&q->root);
    mem_free(q);
    lockorder_drop(LOCK_LEAF);
}

err_t quota_lock(struct store *s, struct slice root, bool create, struct quota **out)
{
    struct quota *q;
    struct db *db;
    err_t err = store_db(s, STORE_DB_QUOTA, &db);

    *out = NULL;
    if (err)
        return err;
    lockorder_take(LOCK_LEAF);
    q = mem_zalloc(sizeof *q);
    buf_add_slice(&q->root, root);
    err = db_begin(db, &q->txn);
    if (!err)
        err = fetch(db, q->txn, root, &q->state);
    if (err == ERR_NOTFOUND && create) {
        q->state = (struct quota_state){ .modseq = 0 };
        for (int i = 0; i < QUOTA_NRES; i++)
            q->state.limit[i] = QUOTA_UNLIMITED;
        q->dirty = q->limits_changed = true;
        err = ERR_OK;
    }
    if (err) {
        db_abort(&q->txn);
        quota_free(q);
        return err;
    }
    *out = q;
    return ERR_OK;
}

const struct quota_state *quota_state(const struct quota *q)
{
    return &q->state;
}

err_t quota_check(const struct quota_state *q, enum quota_res res, int64_t n)
{
    if (n < 0 || q->limit[res] == QUOTA_UNLIMITED)
        return ERR_OK;
    if (n == 0)
        return q->used[res] <= q->limit[res] ? ERR_OK : ERR_OVERQUOTA;
    /* used may already exceed limit; this order cannot overflow */
    return q->used[res] <= q->limit[res] - n ? ERR_OK : ERR_OVERQUOTA;
}

void quota_set_used(struct quota *q, enum quota_res res, int64_t used)
{
    if (q->state.used[res] == used)
        return;
    q->state.used[res] = used;
    q->dirty = true;
}

void quota_add(struct quota *q, enum quota_res res, int64_t n)
{
    int64_t used = q->state.used[res];

    if (n < 0 && used < -n) {
        log_warn("quota: usage would fall below zero: root=<%.*s> resource=<%s> used=<%lld> "
                 "change=<%lld>",
                 SLICE_ARG(buf_slice(&q->root)), quota_res_names[res], (long long)used,
                 (long long)n);
        quota_set_used(q, res, 0);
    } else if (n > INT64_MAX - used) {
        quota_set_used(q, res, INT64_MAX);
    } else {
        quota_set_used(q, res, used + n);
    }
}

void quota_set_limit(struct quota *q, enum quota_res res, int64_t limit)
{
    if (q->state.limit[res] == limit)
        return;
    q->state.limit[res] = limit;
    q->dirty = q->limits_changed = true;
}

/* Roots of users carry the modseq of their last change. */
static void bump_modseq(struct quota *q)
{
    if (slice_starts(mbname_local(buf_slice(&q->root)), SLICE_LIT("user.")))
        q->state.modseq++;
}

err_t quota_commit(struct quota **qp)
{
    struct quota *q = *qp;
    struct buf value = BUF_INIT;
    err_t err = ERR_OK;

    *qp = NULL;
    if (q->dirty) {
        bump_modseq(q);
        quota_format_put(&q->state, &value);
        err = db_store(q->txn, buf_slice(&q->root), buf_slice(&value));
    }
    if (err || !q->dirty)
        db_abort(&q->txn);
    else
        err = q->limits_changed ? db_commit_durable(&q->txn) : db_commit(&q->txn);
    buf_fini(&value);
    quota_free(q);
    return err;
}

void quota_abort(struct quota **qp)
{
    struct quota *q = *qp;

    *qp = NULL;
    if (!q)
        return;
    db_abort(&q->txn);
    quota_free(q);
}

/* ---- usage of mailboxes ---- */

void quota_usage_of(const struct index_head *h, int64_t used[QUOTA_NRES])
{
    used[QUOTA_STORAGE] = h->quota_used > INT64_MAX ? INT64_MAX : (int64_t)h->quota_used;
    used[QUOTA_MESSAGE] = h->exists;
    used[QUOTA_ANNOTATION] = h->quota_annot_used;
    used[QUOTA_FOLDERS] = 1;
}

err_t quota_charge(struct store *s, struct slice root, const int64_t used[QUOTA_NRES], int sign)
{
    struct quota *q;
    err_t err;

    if (root.n == 0)
        return ERR_OK;
    err = quota_lock(s, root, false, &q);
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    for (int i = 0; i < QUOTA_NRES; i++)
        quota_add(q, i, sign * used[i]);
    return quota_commit(&q);
}

/* ---- all roots ---- */

struct root_walk {
    quota_visit_fn *visit;
    void *arg;
    bool damaged;
};

static err_t visit_root(void *arg, struct slice key, struct slice value)
{
    struct root_walk *w = arg;
    struct quota_state state;

    if (parse(key, value, &state)) {
        w->damaged = true;
        return ERR_OK;
    }
    return w->visit(w->arg, key, &state);
}

err_t quota_foreach(struct store *s, struct slice prefix, quota_visit_fn *visit, void *arg)
{
    struct root_walk w = { .visit = visit, .arg = arg };
    struct db *db;
    err_t err = store_db(s, STORE_DB_QUOTA, &db);

    if (!err)
        err = db_foreach(db, NULL, prefix, visit_root, &w);
    return err || !w.damaged ? err : ERR_CORRUPT;
}

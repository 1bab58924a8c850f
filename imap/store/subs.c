/* subs.c - see subs.h */
#include "imap/store/subs.h"

#include "imap/store/mbname.h"
#include "imap/store/partition.h"
#include "imap/store/store_impl.h"
#include "lib/base/log.h"
#include "lib/os/lock.h"

#define US "\x1f"

static const struct slice version_key = { US "VER" US, 5 };
static const struct slice version = { "2", 1 };
static const struct slice inbox_word = { "INBOX", 5 };

/* ---- keys ---- */

/* The own tree is "INBOX" and "INBOX US ...", compared level by level: 3.6.1 compares
 * bytes and so shortens "user.anna" for the user "ann". */
static void name_to_key(struct slice inbox, struct slice intname, struct buf *key)
{
    struct buf dbname = BUF_INIT;

    buf_reset(key);
    buf_addc(key, 'N');
    if (slice_eq(intname, inbox) || mbname_is_below(intname, inbox)) {
        struct buf prefix = BUF_INIT;

        mbname_to_db(inbox, &prefix);
        mbname_to_db(intname, &dbname);
        buf_add_slice(key, inbox_word);
        buf_add_slice(key, slice_skip(buf_slice(&dbname), prefix.n));
        buf_fini(&prefix);
    } else {
        mbname_to_db(intname, &dbname);
        buf_add_slice(key, buf_slice(&dbname));
    }
    buf_fini(&dbname);
}

/* False: not a name record. */
static bool key_to_name(struct slice inbox, struct slice key, struct buf *intname)
{
    struct slice dbname = slice_skip(key, 1), rest;

    if (key.n < 2 || key.p[0] != 'N')
        return false;
    mbname_from_db(dbname, intname);
    rest = slice_skip(buf_slice(intname), inbox_word.n);
    if (slice_starts(buf_slice(intname), inbox_word) && (rest.n == 0 || rest.p[0] == '.')) {
        struct buf own = BUF_INIT;

        buf_add_slice(&own, inbox);
        buf_add_slice(&own, rest);
        buf_reset(intname);
        buf_add_slice(intname, buf_slice(&own));
        buf_fini(&own);
    }
    return true;
}

/* ---- old files ---- */

struct upgrade {
    struct slice inbox;
    struct db_txn *txn;
    struct vec *old;                    /* struct buf: keys seen */
};

static err_t collect_old(void *arg, struct slice key, struct slice value)
{
    struct upgrade *u = arg;

    (void)value;
    buf_add_slice(vec_push(u->old), key);
    return ERR_OK;
}

static err_t rewrite_key(struct upgrade *u, struct slice old)
{
    struct buf key = BUF_INIT;
    err_t err = db_delete(u->txn, old);

    name_to_key(u->inbox, old, &key);
    if (!err)
        err = db_store(u->txn, buf_slice(&key), SLICE_NULL);
    buf_fini(&key);
    return err;
}

static err_t upgrade_locked(struct db *db, struct slice inbox)
{
    struct vec old = VEC_INIT(struct buf);
    struct upgrade u = { .inbox = inbox, .old = &old };
    struct buf value = BUF_INIT;
    err_t err = db_begin(db, &u.txn);

    if (err)
        return err;
    err = db_fetch(db, u.txn, version_key, &value);
    if (err == ERR_NOTFOUND) {                  /* else another process was faster */
        err = db_foreach(db, u.txn, SLICE_NULL, collect_old, &u);
        for (size_t i = 0; i < old.n && !err; i++)
            err = rewrite_key(&u, buf_slice(VEC_AT(&old, struct buf, i)));
        if (!err)
            err = db_store(u.txn, version_key, version);
    }
    if (err)
        db_abort(&u.txn);
    else
        err = db_commit(&u.txn);
    for (size_t i = 0; i < old.n; i++)
        buf_fini(VEC_AT(&old, struct buf, i));
    vec_fini(&old);
    buf_fini(&value);
    return err;
}

static err_t upgrade_file(struct db *db, struct slice userid, struct slice inbox)
{
    struct buf name = BUF_INIT, path = BUF_INIT;
    int fd = -1;
    err_t err;

    buf_adds(&name, "$SUBS_UPGRADE$");
    for (size_t i = 0; i < userid.n; i++)
        buf_addc(&name, userid.p[i] == '.' ? '^' : userid.p[i]);
    err = partition_named_lock_path(buf_slice(&name), &path);
    if (!err)
        err = lock_path_take(buf_cstr(&path), LOCK_EXCLUSIVE, STORE_LOCK_WAIT_MS, &fd);
    if (!err)
        err = upgrade_locked(db, inbox);
    lock_path_drop(&fd);
    buf_fini(&name);
    buf_fini(&path);
    return err;
}

/* Open, in the present form.  ERR_NOTFOUND: no file and !create. */
static err_t open_subs(struct store *s, struct slice userid, struct slice inbox, bool create,
                       struct db **out)
{
    struct buf value = BUF_INIT;
    err_t err = store_user_db(s, userid, STORE_USER_SUB, create, out);

    if (!err) {
        err = db_fetch(*out, NULL, version_key, &value);
        if (err == ERR_NOTFOUND)
            err = upgrade_file(*out, userid, inbox);
    }
    buf_fini(&value);
    return err;
}

/* ---- interface ---- */

static err_t with_key(struct store *s, struct slice userid, struct slice intname, bool create,
                      struct db **db, struct buf *key)
{
    struct buf inbox = BUF_INIT;
    err_t err;

    mbname_inbox(userid, &inbox);
    err = open_subs(s, userid, buf_slice(&inbox), create, db);
    name_to_key(buf_slice(&inbox), intname, key);
    buf_fini(&inbox);
    return err;
}

static void tell(struct store *s, struct slice userid, struct slice intname)
{
    const struct store_event event = { .kind = EV_SUBS, .mailbox = intname, .other = userid };

    store_tell(s, &event);
}

err_t subs_add(struct store *s, struct slice userid, struct slice intname)
{
    struct buf key = BUF_INIT;
    struct db_txn *txn = NULL;
    struct db *db;
    err_t err = with_key(s, userid, intname, true, &db, &key);

    if (!err)
        err = db_begin(db, &txn);
    if (!err)
        err = db_create(txn, buf_slice(&key), SLICE_NULL);
    if (err)
        db_abort(&txn);
    else
        err = db_commit(&txn);
    buf_fini(&key);
    if (!err)
        tell(s, userid, intname);
    return err;
}

err_t subs_remove(struct store *s, struct slice userid, struct slice intname)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    struct db *db;
    err_t err = with_key(s, userid, intname, false, &db, &key);

    if (!err)
        err = db_fetch(db, NULL, buf_slice(&key), &value);
    if (!err)
        err = db_delete_now(db, buf_slice(&key));
    buf_fini(&key);
    buf_fini(&value);
    if (!err)
        tell(s, userid, intname);
    return err;
}

bool subs_has(struct store *s, struct slice userid, struct slice intname)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    struct db *db;
    err_t err = with_key(s, userid, intname, false, &db, &key);

    if (!err)
        err = db_fetch(db, NULL, buf_slice(&key), &value);
    buf_fini(&key);
    buf_fini(&value);
    return err == ERR_OK;
}

struct subs_walk {
    struct slice inbox;
    struct buf name;
    subs_visit_fn *visit;
    void *arg;
};

static err_t visit_key(void *arg, struct slice key, struct slice value)
{
    struct subs_walk *w = arg;

    (void)value;
    return key_to_name(w->inbox, key, &w->name) ? w->visit(w->arg, buf_slice(&w->name)) : ERR_OK;
}

err_t subs_foreach(struct store *s, struct slice userid, subs_visit_fn *visit, void *arg)
{
    struct buf inbox = BUF_INIT;
    struct subs_walk w = { .visit = visit, .arg = arg };
    struct db *db;
    err_t err;

    mbname_inbox(userid, &inbox);
    w.inbox = buf_slice(&inbox);
    err = open_subs(s, userid, w.inbox, false, &db);
    if (!err)
        err = db_foreach(db, NULL, SLICE_LIT("N"), visit_key, &w);
    else if (err == ERR_NOTFOUND)
        err = ERR_OK;
    buf_fini(&w.name);
    buf_fini(&inbox);
    return err;
}

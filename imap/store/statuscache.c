/* statuscache.c - see statuscache.h */
#include "imap/store/statuscache.h"

#include <errno.h>
#include <unistd.h>

#include "imap/store/store_impl.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

enum { RETRY_MS = 60 * 1000 };

bool statuscache_is_on(const struct store *s)
{
    return s->statuscache.on;
}

/* ---- failures ---- */

/* What is in the file can no longer be kept right by this process. */
static void remove_file(struct store *s)
{
    struct buf path = BUF_INIT;

    store_db_path(s, STORE_DB_STATUSCACHE, &path);
    if (unlink(buf_cstr(&path)) < 0 && errno != ENOENT && !s->statuscache.told)
        log_err("DBERROR: remove the status cache by hand, its counts may be old: filename=<%s> "
                "error=<%s>", path.p, strerror(errno));
    buf_fini(&path);
}

static void fail(struct store *s, const char *what, err_t err)
{
    struct buf path = BUF_INIT;

    remove_file(s);
    s->statuscache.retry_ms = clock_mono_ms() + RETRY_MS;
    if (!s->statuscache.told) {
        store_db_path(s, STORE_DB_STATUSCACHE, &path);
        log_err("DBERROR: the status cache cannot be %s, STATUS works without: filename=<%s> "
                "error=<%s>", what, buf_cstr(&path), err_name(err));
    }
    s->statuscache.told = true;
    buf_fini(&path);
}

/* NULL: off, or not usable for now. */
static struct db *usable(struct store *s)
{
    struct db *db;

    if (!s->statuscache.on || clock_mono_ms() < s->statuscache.retry_ms)
        return NULL;
    err_t err = store_db(s, STORE_DB_STATUSCACHE, &db);
    if (err)
        fail(s, "opened", err);
    return err ? NULL : db;
}

/* ---- keys ---- */

static void index_key(struct slice intname, struct buf *key)
{
    buf_add_slice(key, intname);
    buf_addc(key, '%');
}

static void user_key(struct slice intname, struct slice userid, struct buf *key)
{
    buf_add_slice(key, intname);
    buf_adds(key, "%%");
    buf_add_slice(key, userid);
}

/* ---- one record ---- */

static bool fetch(struct store *s, struct db *db, const struct buf *key, struct buf *value)
{
    err_t err = db_fetch(db, NULL, buf_slice(key), value);

    if (err && err != ERR_NOTFOUND)
        fail(s, "read", err);
    return !err;
}

bool statuscache_get_index(struct store *s, struct slice intname, struct statuscache_index *out)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    struct db *db = usable(s);
    bool found = false;

    index_key(intname, &key);
    if (db && fetch(s, db, &key, &value))
        found = statuscache_parse_index(buf_slice(&value), out) == ERR_OK;
    buf_fini(&key);
    buf_fini(&value);
    return found;
}

bool statuscache_get_user(struct store *s, struct slice intname, struct slice userid,
                          struct statuscache_user *out)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    struct db *db = usable(s);
    bool found = false;

    user_key(intname, userid, &key);
    if (db && fetch(s, db, &key, &value))
        found = statuscache_parse_user(buf_slice(&value), out) == ERR_OK;
    buf_fini(&key);
    buf_fini(&value);
    return found;
}

static void put(struct store *s, const struct buf *key, const struct buf *value)
{
    struct buf old = BUF_INIT;
    struct db *db = usable(s);

    if (db && (!fetch(s, db, key, &old) || !slice_eq(buf_slice(&old), buf_slice(value)))) {
        err_t err = db_store_now(db, buf_slice(key), buf_slice(value));
        if (err)
            fail(s, "written", err);
    }
    buf_fini(&old);
}

void statuscache_put_index(struct store *s, struct slice intname, const struct statuscache_index *i)
{
    struct buf key = BUF_INIT, value = BUF_INIT;

    index_key(intname, &key);
    statuscache_format_index(i, &value);
    put(s, &key, &value);
    buf_fini(&key);
    buf_fini(&value);
}

void statuscache_put_user(struct store *s, struct slice intname, struct slice userid,
                          const struct statuscache_user *u)
{
    struct buf key = BUF_INIT, value = BUF_INIT;

    user_key(intname, userid, &key);
    statuscache_format_user(u, &value);
    put(s, &key, &value);
    buf_fini(&key);
    buf_fini(&value);
}

/* ---- dropping ---- */

/* For who must drop something: without a usable database the file goes. */
static struct db *usable_or_removed(struct store *s)
{
    struct db *db = usable(s);

    if (!db && s->statuscache.on)
        remove_file(s);
    return db;
}

static err_t delete_one(struct db *db, const struct buf *key)
{
    struct buf value = BUF_INIT;
    err_t err = db_fetch(db, NULL, buf_slice(key), &value);

    if (!err)
        err = db_delete_now(db, buf_slice(key));
    buf_fini(&value);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static void drop(struct store *s, const struct buf *key)
{
    struct db *db = usable_or_removed(s);
    err_t err = db ? delete_one(db, key) : ERR_OK;

    if (err)
        fail(s, "written", err);
}

void statuscache_drop_index(struct store *s, struct slice intname)
{
    struct buf key = BUF_INIT;

    if (!s->statuscache.on)
        return;
    index_key(intname, &key);
    drop(s, &key);
    buf_fini(&key);
}

void statuscache_drop_user(struct store *s, struct slice intname, struct slice userid)
{
    struct buf key = BUF_INIT;

    if (!s->statuscache.on)
        return;
    user_key(intname, userid, &key);
    drop(s, &key);
    buf_fini(&key);
}

static err_t collect(void *arg, struct slice key, struct slice value)
{
    (void)value;
    buf_add_slice(VEC_PUSH((struct vec *)arg, struct buf), key);
    return ERR_OK;
}

void statuscache_drop_mailbox(struct store *s, struct slice intname)
{
    struct vec keys = VEC_INIT(struct buf);
    struct buf prefix = BUF_INIT;

    if (!s->statuscache.on)
        return;
    struct db *db = usable_or_removed(s);
    index_key(intname, &prefix);
    err_t err = db ? db_foreach(db, NULL, buf_slice(&prefix), collect, &keys) : ERR_OK;
    if (!err && keys.n)
        err = db_delete_all(db, &keys);
    if (err)
        fail(s, "written", err);
    for (size_t i = 0; i < keys.n; i++)
        buf_fini(VEC_AT(&keys, struct buf, i));
    vec_fini(&keys);
    buf_fini(&prefix);
}

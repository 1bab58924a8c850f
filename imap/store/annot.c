/* annot.c - see annot.h */
#include "imap/store/annot.h"

#include "imap/store/annot_format.h"
#include "imap/store/lockorder.h"
#include "imap/store/mbname.h"
#include "imap/store/store_impl.h"
#include "lib/base/log.h"

struct slice annot_userid(struct slice intname, struct slice userid)
{
    return intname.n && mbname_owned_by(intname, userid) ? ANNOT_OWNER : userid;
}

err_t annot_read(struct store *s, struct slice uniqueid, const char *entry, struct slice userid,
                 struct buf *value)
{
    return annot_get(s, uniqueid, slice_cstr(entry), userid, value);
}

err_t annot_get(struct store *s, struct slice uniqueid, struct slice entry, struct slice userid,
                struct buf *value)
{
    struct buf key = BUF_INIT, bytes = BUF_INIT;
    struct slice text;
    bool deleted;
    struct db *db;
    err_t err = store_db(s, STORE_DB_ANNOTATIONS, &db);

    buf_reset(value);
    annot_format_key(uniqueid, entry, userid, &key);
    if (!err)
        err = db_fetch(db, NULL, buf_slice(&key), &bytes);
    if (!err && !annot_format_parse(buf_slice(&bytes), &text, &deleted)) {
        log_err("DBERROR: damaged annotation: uniqueid=<%.*s> entry=<%.*s>", SLICE_ARG(uniqueid),
                SLICE_ARG(entry));
        err = ERR_CORRUPT;
    }
    if (!err && (deleted || text.n == 0))
        err = ERR_NOTFOUND;
    if (!err)
        buf_add_slice(value, text);
    buf_fini(&key);
    buf_fini(&bytes);
    return err;
}

/* One transaction of changes. */
struct changing {
    struct db *db;
    struct db_txn *txn;
    struct slice uniqueid;
    struct slice userid;                /* of the server, each user's values are counted apart */
    bool counted;
    unsigned n;                         /* values that are there, when counted */
};

static bool counts(const struct changing *c, struct slice key)
{
    struct slice first, entry, userid;

    if (c->uniqueid.n)
        return true;
    (void)slice_split(slice_split(slice_split(key, '\0', &first, NULL), '\0', &entry, NULL), '\0', &userid, NULL);
    return slice_eq(userid, c->userid);
}

static err_t count_value(void *arg, struct slice key, struct slice value)
{
    struct changing *c = arg;

    (void)value;
    c->n += counts(c, key);
    return c->n >= ANNOT_ENTRIES_MAX ? ERR_LIMIT : ERR_OK;
}

/* One value more: is there room? */
static err_t make_room(struct changing *c, struct slice userid)
{
    struct buf prefix = BUF_INIT;
    err_t err = ERR_OK;

    if (!c->counted || !slice_eq(c->userid, userid)) {
        c->userid = userid;
        c->n = 0;
        buf_add_slice(&prefix, c->uniqueid);
        buf_addc(&prefix, '\0');
        err = db_foreach(c->db, c->txn, buf_slice(&prefix), count_value, c);
        buf_fini(&prefix);
        c->counted = true;
    }
    return err ? err : c->n++ < ANNOT_ENTRIES_MAX ? ERR_OK : ERR_LIMIT;
}

static err_t change_one(struct changing *c, const struct annot_change *change)
{
    struct buf key = BUF_INIT, bytes = BUF_INIT;
    err_t err;

    annot_format_key(c->uniqueid, change->entry, change->userid, &key);
    if (change->value.n) {
        err = db_fetch(c->db, c->txn, buf_slice(&key), &bytes);
        if (err == ERR_NOTFOUND)
            err = make_room(c, change->userid);
        annot_format_value(change->value, 0, 0, &bytes);
        if (!err)
            err = db_store(c->txn, buf_slice(&key), buf_slice(&bytes));
    } else {
        err = db_delete(c->txn, buf_slice(&key));
        if (err == ERR_NOTFOUND)
            err = ERR_OK;
    }
    buf_fini(&key);
    buf_fini(&bytes);
    return err;
}

err_t annot_change_all(struct store *s, struct slice uniqueid, const struct annot_change *changes,
                       size_t n)
{
    struct changing c = { .uniqueid = uniqueid };
    err_t err = store_db(s, STORE_DB_ANNOTATIONS, &c.db);

    if (err || !n)
        return err;
    lockorder_take(LOCK_LEAF);
    err = db_begin(c.db, &c.txn);
    for (size_t i = 0; i < n && !err; i++)
        err = change_one(&c, &changes[i]);
    if (err)
        db_abort(&c.txn);
    else
        err = db_commit(&c.txn);
    lockorder_drop(LOCK_LEAF);
    return err;
}

err_t annot_write(struct store *s, struct slice uniqueid, const char *entry, struct slice userid,
                  struct slice value)
{
    const struct annot_change change = { slice_cstr(entry), userid, value };

    return annot_change_all(s, uniqueid, &change, 1);
}

/* ---- walks ---- */

struct walk {
    annot_visit_fn *visit;
    void *arg;
};

static err_t visit_record(void *arg, struct slice key, struct slice bytes)
{
    struct walk *w = arg;
    struct slice first, entry, userid, rest, value;
    bool deleted;

    rest = slice_split(key, '\0', &first, NULL);
    rest = slice_split(rest, '\0', &entry, NULL);
    (void)slice_split(rest, '\0', &userid, NULL);
    if (!annot_format_parse(bytes, &value, &deleted) || deleted)
        return ERR_OK;
    return w->visit(w->arg, first, entry, userid, value);
}

/* Keys of a mailbox begin with its id and a NUL. */
static void id_prefix(struct slice uniqueid, struct buf *prefix)
{
    if (uniqueid.n == 0)
        return;
    buf_add_slice(prefix, uniqueid);
    buf_addc(prefix, '\0');
}

err_t annot_foreach(struct store *s, struct slice uniqueid, annot_visit_fn *visit, void *arg)
{
    struct walk w = { visit, arg };
    struct buf prefix = BUF_INIT;
    struct db *db;
    err_t err = store_db(s, STORE_DB_ANNOTATIONS, &db);

    id_prefix(uniqueid, &prefix);
    if (!err)
        err = db_foreach(db, NULL, buf_slice(&prefix), visit_record, &w);
    buf_fini(&prefix);
    return err;
}

err_t annot_of(struct store *s, struct slice uniqueid, annot_visit_fn *visit, void *arg)
{
    struct walk w = { visit, arg };
    struct buf prefix = BUF_INIT;
    struct db *db;
    err_t err = store_db(s, STORE_DB_ANNOTATIONS, &db);

    buf_add_slice(&prefix, uniqueid);
    buf_addc(&prefix, '\0');
    if (!err)
        err = db_foreach(db, NULL, buf_slice(&prefix), visit_record, &w);
    buf_fini(&prefix);
    return err;
}

struct deletion {
    struct db *db;
    struct db_txn *txn;
    struct buf last;
};

static err_t delete_one(void *arg, struct slice key, struct slice value)
{
    struct deletion *d = arg;

    (void)value;
    buf_reset(&d->last);
    buf_add_slice(&d->last, key);
    return ERR_STOP;
}

/* One key at a time: most mailboxes have none or two. */
static err_t delete_all(struct deletion *d, struct slice prefix)
{
    err_t err;

    while ((err = db_foreach(d->db, d->txn, prefix, delete_one, d)) == ERR_STOP) {
        err = db_delete(d->txn, buf_slice(&d->last));
        if (err)
            return err;
    }
    return err;
}

err_t annot_delete_mailbox(struct store *s, struct slice uniqueid)
{
    struct deletion d = { .last = BUF_INIT };
    struct buf prefix = BUF_INIT;
    err_t err = store_db(s, STORE_DB_ANNOTATIONS, &d.db);

    if (err || uniqueid.n == 0)
        return err;
    id_prefix(uniqueid, &prefix);
    /* no write lock when there is nothing */
    err = db_foreach(d.db, NULL, buf_slice(&prefix), delete_one, &d);
    if (err == ERR_STOP) {
        lockorder_take(LOCK_LEAF);
        err = db_begin(d.db, &d.txn);
        if (!err)
            err = delete_all(&d, buf_slice(&prefix));
        if (err)
            db_abort(&d.txn);
        else
            err = db_commit(&d.txn);
        lockorder_drop(LOCK_LEAF);
    }
    buf_fini(&prefix);
    buf_fini(&d.last);
    return err;
}

/* ---- special uses ---- */

static bool has_word(struct slice text, struct slice word)
{
    struct slice one;

    text = slice_trim(text);
    while (text.n) {
        text = slice_trim(slice_split(text, ' ', &one, NULL));
        if (slice_eq_nocase(one, word))
            return true;
    }
    return false;
}

bool annot_has_use(struct store *s, struct slice uniqueid, struct slice use)
{
    const struct slice whose[] = { ANNOT_OWNER, SLICE_NULL };
    struct buf value = BUF_INIT;
    bool found = false;

    for (size_t i = 0; i < 2 && !found; i++) {
        found = annot_read(s, uniqueid, ANNOT_SPECIALUSE, whose[i], &value) == ERR_OK &&
                has_word(buf_slice(&value), use);
    }
    buf_fini(&value);
    return found;
}

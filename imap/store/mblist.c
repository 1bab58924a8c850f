/* mblist.c - the mailbox list: looking up and walking (mblist.h) */
#include "imap/store/mblist_impl.h"

#include "imap/store/mbname.h"
#include "lib/base/log.h"

/* ---- keys ---- */

void mblist_name_key(struct slice intname, struct buf *key)
{
    struct buf dbname = BUF_INIT;

    mbname_to_db(intname, &dbname);
    buf_reset(key);
    buf_addc(key, 'N');
    buf_add_slice(key, buf_slice(&dbname));
    buf_fini(&dbname);
}

void mblist_id_key(struct slice uniqueid, struct buf *key)
{
    buf_reset(key);
    buf_addc(key, 'I');
    buf_add_slice(key, uniqueid);
}

void mblist_below_key(struct slice intname, struct buf *key)
{
    mblist_name_key(intname, key);
    if (intname.n && intname.p[intname.n - 1] != '!')
        buf_addc(key, '\x1f');
}

/* ---- one entry ---- */

static err_t parse_name_record(struct slice dbname, struct slice value, struct mbentry *out)
{
    err_t err = mbentry_parse_name_record(dbname, value, out);

    if (err)
        log_err("DBERROR: unreadable entry in the mailbox list: mailbox=<%.*s>",
                SLICE_ARG(buf_slice(&out->name)));
    return err;
}

err_t mblist_lookup_any(struct store *s, struct slice intname, struct mbentry *out)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    struct db *db;
    err_t err = store_db(s, STORE_DB_MBOXLIST, &db);

    mblist_name_key(intname, &key);
    if (!err)
        err = db_fetch(db, NULL, buf_slice(&key), &value);
    if (!err)
        err = parse_name_record(slice_skip(buf_slice(&key), 1), buf_slice(&value), out);
    buf_fini(&key);
    buf_fini(&value);
    return err;
}

static bool is_absent(const struct mbentry *e)
{
    return e->type & (MBTYPE_DELETED | MBTYPE_RESERVED | MBTYPE_INTERMEDIATE);
}

err_t mblist_lookup(struct store *s, struct slice intname, struct mbentry *out)
{
    err_t err = mblist_lookup_any(s, intname, out);

    return err ? err : is_absent(out) ? ERR_NOTFOUND : ERR_OK;
}

static err_t fetch_id(struct store *s, struct slice uniqueid, struct mbentry *out,
                      struct vec *history)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    struct db *db;
    err_t err = store_db(s, STORE_DB_MBOXLIST, &db);

    mblist_id_key(uniqueid, &key);
    if (!err)
        err = db_fetch(db, NULL, buf_slice(&key), &value);
    if (!err) {
        err = mbentry_parse_id_record(uniqueid, buf_slice(&value), out, history);
        if (err)
            log_err("DBERROR: unreadable entry in the mailbox list: uniqueid=<%.*s>",
                    SLICE_ARG(uniqueid));
    }
    buf_fini(&key);
    buf_fini(&value);
    return err;
}

err_t mblist_lookup_id(struct store *s, struct slice uniqueid, struct mbentry *out)
{
    err_t err = fetch_id(s, uniqueid, out, NULL);

    return err ? err : is_absent(out) ? ERR_NOTFOUND : ERR_OK;
}

err_t mblist_history(struct store *s, struct slice uniqueid, struct vec *out)
{
    struct mbentry e;
    err_t err;

    mbentry_init(&e);
    err = fetch_id(s, uniqueid, &e, out);
    mbentry_fini(&e);
    return err;
}

err_t mblist_access(struct store *s, struct slice intname, const struct ident *ident, bool is_admin,
                    struct mbentry *out, rights_t *rights_out)
{
    err_t err = mblist_lookup(s, intname, out);

    *rights_out = 0;
    if (err)
        return err;
    if (mbname_is_deleted(intname) && !is_admin)
        return ERR_NOTFOUND;
    *rights_out = acl_effective(intname, buf_slice(&out->acl), ident, is_admin);
    return ERR_OK;
}

/* ---- walking ---- */

struct walk {
    struct mbentry entry;
    unsigned flags;
    mblist_visit_fn *visit;
    void *arg;
};

static bool is_wanted(const struct mbentry *e, unsigned flags)
{
    if ((e->type & MBTYPE_DELETED) && !(flags & MBLIST_TOMBSTONES))
        return false;
    if ((e->type & (MBTYPE_REMOTE | MBTYPE_RESERVED)) && !(flags & MBLIST_SPECIAL))
        return false;
    if ((e->type & MBTYPE_INTERMEDIATE) && !(flags & MBLIST_INTERMEDIATE))
        return false;
    return (flags & MBLIST_DELETED_TREE) || !mbname_is_deleted(buf_slice(&e->name));
}

static err_t walk_record(void *arg, struct slice key, struct slice value)
{
    struct walk *w = arg;

    /* one damaged entry must not hide the others */
    if (parse_name_record(slice_skip(key, 1), value, &w->entry) || !is_wanted(&w->entry, w->flags))
        return ERR_OK;
    return w->visit(w->arg, &w->entry);
}

err_t mblist_foreach(struct store *s, struct slice prefix, unsigned flags, mblist_visit_fn *visit,
                     void *arg)
{
    struct walk w = { .flags = flags, .visit = visit, .arg = arg };
    struct buf key = BUF_INIT, value = BUF_INIT;
    struct db *db;
    err_t err = store_db(s, STORE_DB_MBOXLIST, &db);
    bool is_one = prefix.n && prefix.p[prefix.n - 1] != '!';

    mbentry_init(&w.entry);
    if (!err && is_one) {
        mblist_name_key(prefix, &key);
        err = db_fetch(db, NULL, buf_slice(&key), &value);
        if (!err)
            err = walk_record(&w, buf_slice(&key), buf_slice(&value));
        else if (err == ERR_NOTFOUND)
            err = ERR_OK;
    }
    if (!err) {
        mblist_below_key(prefix, &key);
        err = db_foreach(db, NULL, buf_slice(&key), walk_record, &w);
    }
    mbentry_fini(&w.entry);
    buf_fini(&key);
    buf_fini(&value);
    return err;
}

/* ---- one-entry changes ---- */

err_t mblist_put(struct store *s, const struct mbentry *e)
{
    struct mblist_txn t;
    err_t err = mblist_begin(s, &t);

    if (err)
        return err;
    err = mblist_txn_put(&t, e);
    if (!err)
        return mblist_commit(&t);
    mblist_abort(&t);
    return err;
}

static err_t change_existing(struct store *s, struct slice intname,
                             err_t (*change)(struct mblist_txn *, const struct mbentry *))
{
    struct mbentry e;
    struct mblist_txn t;
    err_t err = mblist_begin(s, &t);

    if (err)
        return err;
    mbentry_init(&e);
    err = mblist_txn_get(&t, intname, &e);
    if (!err)
        err = change(&t, &e);
    if (err)
        mblist_abort(&t);
    else
        err = mblist_commit(&t);
    mbentry_fini(&e);
    return err;
}

static err_t bury(struct mblist_txn *t, const struct mbentry *e)
{
    return mblist_txn_bury(t, e, false);
}

err_t mblist_remove(struct store *s, struct slice intname)
{
    return change_existing(s, intname, bury);
}

err_t mblist_purge(struct store *s, struct slice intname)
{
    return change_existing(s, intname, mblist_txn_purge);
}

/* ---- another file ---- */

err_t mblist_use_file(struct store *s, const char *path)
{
    if (s->db[STORE_DB_MBOXLIST])
        db_close(&s->db[STORE_DB_MBOXLIST]);
    return db_open(store_db_engine(STORE_DB_MBOXLIST), path, 0, &s->db[STORE_DB_MBOXLIST]);
}

/* mblist_reverse.c - see mblist_reverse.h */
#include "imap/store/mblist_reverse.h"

#include "imap/store/mbname.h"
#include "lib/conf/conf.h"

#define RS '\x1e'

static const struct slice marker = { "AS\x1e", 3 };

err_t mblist_reverse_kept(struct mblist_txn *t, bool *out)
{
    struct buf value = BUF_INIT;
    err_t err = db_fetch(t->db, t->txn, marker, &value);

    *out = err == ERR_OK;
    buf_fini(&value);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

err_t mblist_reverse_mark(struct mblist_txn *t, bool keep)
{
    err_t err = keep ? db_store(t->txn, marker, SLICE_NULL) : db_delete(t->txn, marker);

    t->reverse = keep;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static bool is_reachable(struct slice rights)
{
    return slice_find(rights, 'l') >= 0 || slice_find(rights, 'r') >= 0;
}

static void make_key(const struct mbentry *e, struct slice id, struct buf *key)
{
    struct buf dbname = BUF_INIT;
    bool in_user_tree = slice_starts(mbname_local(buf_slice(&e->name)), SLICE_LIT("user."));

    mbname_to_db(buf_slice(&e->name), &dbname);
    buf_reset(key);
    buf_addc(key, 'A');
    buf_addc(key, in_user_tree ? 'U' : 'S');
    buf_addc(key, RS);
    buf_add_slice(key, id);
    buf_addc(key, RS);
    buf_add_slice(key, buf_slice(&dbname));
    buf_fini(&dbname);
}

static err_t each_record(struct mblist_txn *t, const struct mbentry *e, bool add)
{
    struct buf key = BUF_INIT;
    struct slice id, rights;
    size_t pos = 0;
    err_t err = ERR_OK;

    if (!t->reverse || (e->type & (MBTYPE_DELETED | MBTYPE_RESERVED | MBTYPE_INTERMEDIATE)))
        return ERR_OK;
    while (!err && acl_next(buf_slice(&e->acl), &pos, &id, &rights)) {
        if (!is_reachable(rights) || conf_has_word(CONF_ADMINS, id) ||
            mbname_owned_by(buf_slice(&e->name), id))
            continue;
        make_key(e, id, &key);
        err = add ? db_store(t->txn, buf_slice(&key), SLICE_NULL)
                  : db_delete(t->txn, buf_slice(&key));
        if (err == ERR_NOTFOUND)
            err = ERR_OK;
    }
    buf_fini(&key);
    return err;
}

err_t mblist_reverse_add(struct mblist_txn *t, const struct mbentry *e)
{
    return each_record(t, e, true);
}

err_t mblist_reverse_remove(struct mblist_txn *t, const struct mbentry *e)
{
    return each_record(t, e, false);
}

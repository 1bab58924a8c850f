/* mblist_change.c - the mailbox list: transactions that keep N, I and A records together
 *
 * A records (reverse ACL, formats/databases.md 3.3) are kept only while the marker key "A" "S" RS
 * exists; mblist_recover() puts it there or takes it away according to the option.
 */
#include "imap/store/mblist_impl.h"

#include "imap/store/lockorder.h"
#include "imap/store/mblist_reverse.h"
#include "imap/store/mbname.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

err_t mblist_begin(struct store *s, struct mblist_txn *t)
{
    err_t err = store_db(s, STORE_DB_MBOXLIST, &t->db);

    t->store = s;
    t->txn = NULL;
    t->now = clock_now();
    if (err)
        return err;
    lockorder_take(LOCK_MBLIST);
    err = db_begin(t->db, &t->txn);
    if (!err)
        err = mblist_reverse_kept(t, &t->reverse);
    if (err)
        mblist_abort(t);
    return err;
}

err_t mblist_commit(struct mblist_txn *t)
{
    err_t err = db_commit(&t->txn);

    lockorder_drop(LOCK_MBLIST);
    return err;
}

void mblist_abort(struct mblist_txn *t)
{
    db_abort(&t->txn);
    lockorder_drop(LOCK_MBLIST);
}

err_t mblist_txn_get(struct mblist_txn *t, struct slice intname, struct mbentry *out)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    err_t err;

    mblist_name_key(intname, &key);
    err = db_fetch(t->db, t->txn, buf_slice(&key), &value);
    if (!err)
        err = mbentry_parse_name_record(slice_skip(buf_slice(&key), 1), buf_slice(&value), out);
    buf_fini(&key);
    buf_fini(&value);
    return err;
}

/* The I record of an id and its history; ERR_NOTFOUND if there is none. */
static err_t get_id(struct mblist_txn *t, struct slice uniqueid, struct mbentry *out,
                    struct vec *history)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    err_t err;

    mblist_id_key(uniqueid, &key);
    err = db_fetch(t->db, t->txn, buf_slice(&key), &value);
    if (!err)
        err = mbentry_parse_id_record(uniqueid, buf_slice(&value), out, history);
    buf_fini(&key);
    buf_fini(&value);
    return err;
}

static err_t store_name(struct mblist_txn *t, const struct mbentry *e)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    err_t err;

    /* counts of a mailbox that had the name, or has it no more */
    statuscache_drop_mailbox(t->store, buf_slice(&e->name));
    mblist_name_key(buf_slice(&e->name), &key);
    mbentry_put_name_value(e, &value);
    err = db_store(t->txn, buf_slice(&key), buf_slice(&value));
    buf_fini(&key);
    buf_fini(&value);
    return err;
}

static err_t store_id(struct mblist_txn *t, const struct mbentry *e, const struct vec *history)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    err_t err = ERR_OK;

    /* remote entries have no id */
    if (e->uniqueid.n) {
        mblist_id_key(buf_slice(&e->uniqueid), &key);
        mbentry_put_id_value(e, history, &value);
        err = db_store(t->txn, buf_slice(&key), buf_slice(&value));
    }
    buf_fini(&key);
    buf_fini(&value);
    return err;
}

static err_t delete_key(struct mblist_txn *t, struct slice key)
{
    err_t err = db_delete(t->txn, key);

    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* Drop the I record of `uniqueid` if it says that it belongs to this name. */
static err_t drop_id_of(struct mblist_txn *t, struct slice uniqueid, struct slice intname)
{
    struct buf key = BUF_INIT;
    struct mbentry e;
    err_t err;

    mbentry_init(&e);
    err = get_id(t, uniqueid, &e, NULL);
    if (err == ERR_CORRUPT || (!err && slice_eq(buf_slice(&e.name), intname))) {
        mblist_id_key(uniqueid, &key);
        err = delete_key(t, buf_slice(&key));
    } else if (err == ERR_NOTFOUND) {
        err = ERR_OK;
    }
    mbentry_fini(&e);
    buf_fini(&key);
    return err;
}

/* What the name held so far gives way to `e`: its I record if the id is another one, and its A
 * records. */
static err_t replace_name(struct mblist_txn *t, const struct mbentry *e)
{
    struct mbentry old;
    err_t err;

    mbentry_init(&old);
    err = mblist_txn_get(t, buf_slice(&e->name), &old);
    if (err == ERR_NOTFOUND || err == ERR_CORRUPT) {
        err = ERR_OK;
    } else if (!err) {
        if (old.uniqueid.n && !slice_eq(buf_slice(&old.uniqueid), buf_slice(&e->uniqueid)))
            err = drop_id_of(t, buf_slice(&old.uniqueid), buf_slice(&e->name));
        if (!err)
            err = mblist_reverse_remove(t, &old);
    }
    mbentry_fini(&old);
    return err;
}

/* A copy of the entry as it will be written now. */
static void stamped(struct mbentry *out, const struct mbentry *e, const struct mblist_txn *t)
{
    mbentry_init(out);
    mbentry_copy(out, e);
    out->mtime = t->now;
    if (out->type & MBTYPE_DELETED)
        buf_reset(&out->acl);
}

static err_t put_with_history(struct mblist_txn *t, const struct mbentry *e,
                              const struct vec *history)
{
    err_t err = replace_name(t, e);

    if (!err)
        err = store_name(t, e);
    if (!err)
        err = store_id(t, e, history);
    if (!err)
        err = mblist_reverse_add(t, e);
    return err;
}

static err_t load_history(struct mblist_txn *t, struct slice uniqueid, struct vec *history)
{
    struct mbentry old;
    err_t err = ERR_NOTFOUND;

    mbentry_init(&old);
    if (uniqueid.n)
        err = get_id(t, uniqueid, &old, history);
    mbentry_fini(&old);
    return err == ERR_NOTFOUND || err == ERR_CORRUPT ? ERR_OK : err;
}

err_t mblist_txn_put(struct mblist_txn *t, const struct mbentry *e)
{
    struct vec history = VEC_INIT(struct mbhistory);
    struct mbentry now;
    err_t err;

    stamped(&now, e, t);
    err = load_history(t, buf_slice(&e->uniqueid), &history);
    if (!err)
        err = put_with_history(t, &now, &history);
    mbentry_fini(&now);
    mbhistory_free_all(&history);
    return err;
}

static void push_history(struct vec *history, const struct mbentry *tombstone)
{
    struct mbhistory *h = vec_insert(history, 0);

    buf_add_slice(&h->name, buf_slice(&tombstone->name));
    h->type = tombstone->type;
    h->uidvalidity = tombstone->uidvalidity;
    h->createdmodseq = tombstone->createdmodseq;
    h->foldermodseq = tombstone->foldermodseq;
    h->mtime = tombstone->mtime;
}

err_t mblist_txn_move(struct mblist_txn *t, const struct mbentry *from, const struct mbentry *to)
{
    struct vec history = VEC_INIT(struct mbhistory);
    struct mbentry tombstone, now;
    err_t err;

    stamped(&now, to, t);
    stamped(&tombstone, from, t);
    tombstone.type |= MBTYPE_DELETED;
    tombstone.uidvalidity = to->uidvalidity;
    tombstone.foldermodseq = to->foldermodseq;
    buf_reset(&tombstone.partition);
    buf_reset(&tombstone.acl);
    err = load_history(t, buf_slice(&to->uniqueid), &history);
    push_history(&history, &tombstone);
    if (!err)
        err = mblist_reverse_remove(t, from);
    if (!err)
        err = store_name(t, &tombstone);
    if (!err)
        err = put_with_history(t, &now, &history);
    mbentry_fini(&now);
    mbentry_fini(&tombstone);
    mbhistory_free_all(&history);
    return err;
}

err_t mblist_txn_bury(struct mblist_txn *t, const struct mbentry *e, bool files_remain)
{
    struct mbentry tombstone;
    err_t err;

    mbentry_init(&tombstone);
    mbentry_copy(&tombstone, e);
    tombstone.type |= MBTYPE_DELETED;
    tombstone.type &= ~(uint32_t)(MBTYPE_RESERVED | MBTYPE_MOVING | MBTYPE_INTERMEDIATE);
    if (!files_remain)
        buf_reset(&tombstone.partition);
    err = mblist_txn_put(t, &tombstone);
    mbentry_fini(&tombstone);
    return err;
}

err_t mblist_txn_purge(struct mblist_txn *t, const struct mbentry *e)
{
    struct buf key = BUF_INIT;
    err_t err;

    statuscache_drop_mailbox(t->store, buf_slice(&e->name));
    mblist_name_key(buf_slice(&e->name), &key);
    err = delete_key(t, buf_slice(&key));
    if (!err && e->uniqueid.n)
        err = drop_id_of(t, buf_slice(&e->uniqueid), buf_slice(&e->name));
    if (!err)
        err = mblist_reverse_remove(t, e);
    buf_fini(&key);
    return err;
}

/* ---- restoring ---- */

/* The live mailbox that has the id now, if its name is not this one.  ERR_NOTFOUND: none. */
static err_t find_namesake(struct mblist_txn *t, const struct mbentry *e, struct mbentry *out)
{
    struct buf name = BUF_INIT;
    err_t err = e->uniqueid.n ? get_id(t, buf_slice(&e->uniqueid), out, NULL) : ERR_NOTFOUND;

    buf_add_slice(&name, buf_slice(&out->name));
    if (!err && !slice_eq(buf_slice(&name), buf_slice(&e->name)))
        err = mblist_txn_get(t, buf_slice(&name), out);
    else if (!err)
        err = ERR_NOTFOUND;
    if (!err && ((out->type & MBTYPE_DELETED) ||
                 !slice_eq(buf_slice(&out->uniqueid), buf_slice(&e->uniqueid))))
        err = ERR_NOTFOUND;
    buf_fini(&name);
    return err == ERR_CORRUPT ? ERR_NOTFOUND : err;
}

/* A tombstone leaves the id to the mailbox that has it.  A mailbox takes it: two names for the same
 * files must not be. */
static err_t restore(struct mblist_txn *t, const struct mbentry *e, const struct vec *history)
{
    struct mbentry other;
    err_t err;

    mbentry_init(&other);
    err = find_namesake(t, e, &other);
    if (err == ERR_NOTFOUND) {
        err = put_with_history(t, e, history);
    } else if (!err && (e->type & MBTYPE_DELETED)) {
        err = replace_name(t, e);
        if (!err)
            err = store_name(t, e);
    } else if (!err) {
        err = mblist_reverse_remove(t, &other);
        other.type |= MBTYPE_DELETED;
        buf_reset(&other.partition);
        buf_reset(&other.acl);
        if (!err)
            err = store_name(t, &other);
        if (!err)
            err = put_with_history(t, e, history);
    }
    mbentry_fini(&other);
    return err;
}

static err_t restore_all(struct mblist_txn *t, const struct vec *all, bool tombstones)
{
    struct mbentry now;
    err_t err = ERR_OK;

    for (size_t i = 0; i < all->n && !err; i++) {
        const struct mblist_restored *one = VEC_AT(all, struct mblist_restored, i);

        if (!(one->entry.type & MBTYPE_DELETED) == tombstones)
            continue;
        stamped(&now, &one->entry, t);
        err = restore(t, &now, &one->history);
        mbentry_fini(&now);
    }
    return err;
}

err_t mblist_restore(struct store *s, const struct vec *all)
{
    struct mblist_txn t;
    err_t err = mblist_begin(s, &t);

    if (err)
        return err;
    /* the former names of a mailbox carry its id too, and have less to say about it */
    err = restore_all(&t, all, true);
    if (!err)
        err = restore_all(&t, all, false);
    if (!err)
        return mblist_commit(&t);
    mblist_abort(&t);
    return err;
}

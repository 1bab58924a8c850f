/* annot_recover.c - annotations.db of a server before 3.6 (annot.h)
 */
#include "imap/store/annot.h"

#include "imap/store/annot_format.h"
#include "imap/store/mblist.h"
#include "imap/store/mbname.h"
#include "imap/store/store_impl.h"
#include "lib/base/log.h"
#include "lib/base/vec.h"

/* One record that gets another key. */
struct rewrite {
    struct buf old_key, new_key, value;
};

struct upgrade {
    struct store *store;
    struct vec todo;                    /* struct rewrite */
};

/* Is the first field of a key the name of a mailbox, and not an id?  Its entry then. */
static bool is_name(struct store *s, struct slice first, struct mbentry *e)
{
    if (first.n == 0 || mblist_lookup_id(s, first, e) != ERR_NOTFOUND)
        return false;
    return mblist_lookup(s, first, e) == ERR_OK && e->uniqueid.n > 0;
}

static err_t plan_record(void *arg, struct slice key, struct slice value)
{
    struct upgrade *u = arg;
    struct slice first, entry, userid, rest;
    struct mbentry e;

    rest = slice_split(key, '\0', &first, NULL);
    rest = slice_split(rest, '\0', &entry, NULL);
    (void)slice_split(rest, '\0', &userid, NULL);
    mbentry_init(&e);
    if (is_name(u->store, first, &e)) {
        struct rewrite *r = vec_push(&u->todo);

        if (mbname_owned_by(first, userid))
            userid = ANNOT_OWNER;
        buf_add_slice(&r->old_key, key);
        buf_add_slice(&r->value, value);
        annot_format_key(buf_slice(&e.uniqueid), entry, userid, &r->new_key);
    }
    mbentry_fini(&e);
    return ERR_OK;
}

static err_t execute(struct db *db, const struct vec *todo)
{
    struct db_txn *txn;
    err_t err = db_begin(db, &txn);

    if (err)
        return err;
    for (size_t i = 0; i < todo->n && !err; i++) {
        const struct rewrite *r = VEC_AT(todo, struct rewrite, i);

        err = db_delete(txn, buf_slice(&r->old_key));
        if (!err)
            err = db_store(txn, buf_slice(&r->new_key), buf_slice(&r->value));
    }
    if (!err)
        return db_commit(&txn);
    db_abort(&txn);
    return err;
}

err_t annot_recover(struct store *s, unsigned *n)
{
    struct upgrade u = { .store = s, .todo = VEC_INIT(struct rewrite) };
    struct db *db;
    err_t err = store_db(s, STORE_DB_ANNOTATIONS, &db);

    if (!err)
        err = db_foreach(db, NULL, SLICE_NULL, plan_record, &u);
    if (!err && u.todo.n)
        err = execute(db, &u.todo);
    *n = err ? 0 : (unsigned)u.todo.n;
    for (size_t i = 0; i < u.todo.n; i++) {
        struct rewrite *r = VEC_AT(&u.todo, struct rewrite, i);

        buf_fini(&r->old_key);
        buf_fini(&r->new_key);
        buf_fini(&r->value);
    }
    vec_fini(&u.todo);
    return err;
}

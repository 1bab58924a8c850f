/* mblist_recover.c - the mailbox list at start-up: older forms, leftovers, ids (mblist.h)
 *
 * Everything is first read and planned, then written in one transaction: a crash leaves the list
 * as it was, and the next start does it again.
 */
#include "imap/store/mblist_impl.h"

#include "imap/store/mailbox_files.h"
#include "imap/store/mblist_reverse.h"
#include "imap/store/mbname.h"
#include "lib/base/log.h"
#include "lib/base/rand.h"

struct plan {
    struct store *store;
    struct vec old_keys;                /* struct buf: keys to remove */
    struct vec entries;                 /* struct mbentry: to be written */
    struct vec reserved;                /* struct mbentry: to be purged */
    struct vec all; /* struct mbentry: everything else, for A records; may be empty */
    bool want_reverse, have_reverse;
    struct mblist_repairs *done;
};

/* ---- what kind of record ---- */

/* A list before 3.6 has bare names as keys, and the words $RACL and $RUNQ. */
static bool is_name_record(struct slice key, struct slice value)
{
    return key.n > 1 && key.p[0] == 'N' && slice_starts(value, SLICE_LIT("%(T "));
}

static bool is_id_record(struct slice key, struct slice value)
{
    return key.n > 1 && key.p[0] == 'I' && slice_starts(value, SLICE_LIT("%(T ")) &&
           slice_search(value, SLICE_LIT(" H (")) >= 0;
}

static bool is_reverse_record(struct slice key, struct slice value)
{
    return key.n >= 3 && key.p[0] == 'A' && (key.p[1] == 'U' || key.p[1] == 'S') &&
           key.p[2] == '\x1e' && value.n == 0;
}

/* ---- planning ---- */

static struct mbentry *push_entry(struct vec *list, const struct mbentry *e)
{
    struct mbentry *copy = vec_push(list);

    mbentry_copy(copy, e);
    return copy;
}

static void push_key(struct plan *p, struct slice key)
{
    buf_add_slice(vec_push(&p->old_keys), key);
}

/* The id in the mailbox's own header, else a new one. */
static void give_id(struct plan *p, struct mbentry *e)
{
    char fresh[RAND_UNIQUEID_LEN + 1];
    struct header h;

    header_init(&h);
    if (mailbox_peek_header(e, &h) == ERR_OK && h.uniqueid.n) {
        buf_add_slice(&e->uniqueid, buf_slice(&h.uniqueid));
    } else {
        rand_uniqueid(fresh);
        buf_adds(&e->uniqueid, fresh);
        log_notice("mailbox list: new id for a mailbox without one: mailbox=<%.*s> uniqueid=<%s>",
                   SLICE_ARG(buf_slice(&e->name)), fresh);
    }
    header_fini(&h);
    p->done->given_ids++;
}

static err_t plan_old(struct plan *p, struct slice key, struct slice value)
{
    struct mbentry e, *copy;

    push_key(p, key);
    if (key.p[0] == '$' && !slice_starts(value, SLICE_LIT("%")))
        return ERR_OK;                  /* $RACL, $RUNQ: made anew or not needed */
    mbentry_init(&e);
    if (mbentry_parse_old_record(key, value, &e)) {
        log_err("DBERROR: old entry of the mailbox list cannot be read and is left: mailbox=<%.*s>",
                SLICE_ARG(key));
        buf_fini(VEC_AT(&p->old_keys, struct buf, p->old_keys.n - 1));
        vec_pop(&p->old_keys);
    } else {
        copy = push_entry(&p->entries, &e);
        if (copy->uniqueid.n == 0 && !(copy->type & MBTYPE_REMOTE))
            give_id(p, copy);
        p->done->upgraded++;
    }
    mbentry_fini(&e);
    return ERR_OK;
}

static void plan_name(struct plan *p, struct slice key, struct slice value)
{
    struct mbentry e;

    mbentry_init(&e);
    if (mbentry_parse_name_record(slice_skip(key, 1), value, &e)) {
        log_err("DBERROR: unreadable entry in the mailbox list: mailbox=<%.*s>",
                SLICE_ARG(buf_slice(&e.name)));
    } else if (e.type & MBTYPE_RESERVED) {
        push_entry(&p->reserved, &e);
    } else if (e.uniqueid.n == 0 && !(e.type & (MBTYPE_REMOTE | MBTYPE_DELETED))) {
        /* paths by id need the id that is there: without one only paths by name can have worked */
        e.type |= MBTYPE_LEGACY;
        give_id(p, push_entry(&p->entries, &e));
    } else if (p->want_reverse && !p->have_reverse) {
        push_entry(&p->all, &e);
    }
    mbentry_fini(&e);
}

static err_t plan_record(void *arg, struct slice key, struct slice value)
{
    struct plan *p = arg;

    if (is_name_record(key, value))
        plan_name(p, key, value);
    else if (is_reverse_record(key, value) && !p->want_reverse)
        push_key(p, key);
    else if (!is_reverse_record(key, value) && !is_id_record(key, value))
        return plan_old(p, key, value);
    return ERR_OK;
}

/* ---- doing ---- */

static err_t write_entries(struct plan *p, struct mblist_txn *t)
{
    err_t err = ERR_OK;

    for (size_t i = 0; i < p->old_keys.n && !err; i++) {
        err = db_delete(t->txn, buf_slice(VEC_AT(&p->old_keys, struct buf, i)));
        if (err == ERR_NOTFOUND)
            err = ERR_OK;
    }
    for (size_t i = 0; i < p->reserved.n && !err; i++) {
        err = mblist_txn_purge(t, VEC_AT(&p->reserved, struct mbentry, i));
        p->done->unreserved++;
    }
    for (size_t i = 0; i < p->entries.n && !err; i++)
        err = mblist_txn_put(t, VEC_AT(&p->entries, struct mbentry, i));
    return err;
}

static err_t write_reverse(struct plan *p, struct mblist_txn *t)
{
    err_t err = ERR_OK;

    if (p->want_reverse == p->have_reverse)
        return ERR_OK;
    err = mblist_reverse_mark(t, p->want_reverse);
    for (size_t i = 0; i < p->all.n && !err && p->want_reverse; i++) {
        err = mblist_reverse_add(t, VEC_AT(&p->all, struct mbentry, i));
        p->done->reverse_added++;
    }
    return err;
}

static bool is_needed(const struct plan *p)
{
    return p->old_keys.n || p->entries.n || p->reserved.n || p->want_reverse != p->have_reverse;
}

/* Where an id was made up, the mailbox must learn it. */
static void tell_mailboxes(struct plan *p)
{
    for (size_t i = 0; i < p->entries.n; i++) {
        const struct mbentry *e = VEC_AT(&p->entries, struct mbentry, i);

        if (mbentry_is_mailbox(e) && mailbox_has_files(e) &&
            mailbox_set_header(p->store, e, NULL, NULL) != ERR_OK)
            log_err("STOREERROR: cannot write the id into the mailbox: mailbox=<%.*s>",
                    SLICE_ARG(buf_slice(&e->name)));
    }
}

static void free_entries(struct vec *list)
{
    for (size_t i = 0; i < list->n; i++)
        mbentry_fini(VEC_AT(list, struct mbentry, i));
    vec_fini(list);
}

static err_t read_marker(struct db *db, bool *out)
{
    struct buf value = BUF_INIT;
    err_t err = db_fetch(db, NULL, SLICE_LIT("AS\x1e"), &value);

    *out = err == ERR_OK;
    buf_fini(&value);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static err_t execute(struct plan *p)
{
    struct mblist_txn t;
    err_t err = mblist_begin(p->store, &t);

    if (err)
        return err;
    err = write_entries(p, &t);
    if (!err)
        err = write_reverse(p, &t);
    if (!err)
        return mblist_commit(&t);
    mblist_abort(&t);
    return err;
}

err_t mblist_recover(struct store *s, struct mblist_repairs *out)
{
    struct plan p = { .store = s,
                      .done = out,
                      .old_keys = VEC_INIT(struct buf),
                      .entries = VEC_INIT(struct mbentry),
                      .reserved = VEC_INIT(struct mbentry),
                      .all = VEC_INIT(struct mbentry),
                      .want_reverse = store_conf(s)->reverse_acls };
    struct db *db;
    err_t err = store_db(s, STORE_DB_MBOXLIST, &db);

    *out = (struct mblist_repairs){ 0 };
    if (!err)
        err = read_marker(db, &p.have_reverse);
    if (!err)
        err = db_foreach(db, NULL, SLICE_NULL, plan_record, &p);
    if (!err && is_needed(&p))
        err = execute(&p);
    if (!err)
        tell_mailboxes(&p);
    for (size_t i = 0; i < p.old_keys.n; i++)
        buf_fini(VEC_AT(&p.old_keys, struct buf, i));
    vec_fini(&p.old_keys);
    free_entries(&p.entries);
    free_entries(&p.reserved);
    free_entries(&p.all);
    return err;
}

/* mbdelete.c - DELETE (mbops.h)
 *
 * Delayed: a rename to the deleted name, out of all quota roots.
 * Immediate: tombstone that still names the partition (commit point)  ->  annotations  ->  files
 *   ->  tombstone without partition.
 * A tombstone with a partition after a crash is finished by mbop_recover().
 * A whole user: all mailboxes in one list transaction, then quota roots and state.
 */
#include "imap/store/mbops_impl.h"

#include "imap/store/annot.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/mbname.h"
#include "imap/store/mbdelete_impl.h"
#include "imap/store/policy.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"

/* ---- the tree ---- */

static err_t add_entry(void *arg, const struct mbentry *e)
{
    struct mbops_move *m = vec_push(arg);

    mbentry_init(&m->from);
    mbentry_init(&m->to);
    mbentry_copy(&m->from, e);
    mbentry_copy(&m->to, e);
    return ERR_OK;
}

static err_t stop_at_child(void *arg, const struct mbentry *e)
{
    return slice_eq(buf_slice(&e->name), *(struct slice *)arg) ? ERR_OK : ERR_STOP;
}

static err_t check_childless(struct store *s, struct slice name)
{
    err_t err = mblist_foreach(s, name, MBLIST_DELETED_TREE, stop_at_child, &name);

    return err == ERR_STOP ? ERR_EXISTS : err;
}

/* ---- delayed ---- */

/* The time that gives all of them names which are free. */
static err_t choose_names(struct store *s, struct vec *moves)
{
    time_t when = clock_now();
    struct mbentry e;
    err_t err = ERR_OK;

    mbentry_init(&e);
    for (size_t i = 0; i < moves->n && !err; i++) {
        struct mbops_move *m = VEC_AT(moves, struct mbops_move, i);

        mbname_make_deleted(buf_slice(&m->from.name), when, &m->to.name);
        err = mblist_lookup_any(s, buf_slice(&m->to.name), &e);
        if (err == ERR_NOTFOUND) {
            err = ERR_OK;
        } else if (!err) {
            when++;
            i = (size_t)-1;                     /* all of them again, one second later */
        }
    }
    mbentry_fini(&e);
    return err;
}

static err_t delete_delayed(struct store *s, struct vec *moves)
{
    err_t err = choose_names(s, moves);

    return err ? err : mbops_execute_moves(s, moves, false);
}

/* ---- immediate ---- */

err_t mbdelete_finish(struct store *s, const struct mbentry *e)
{
    struct mblist_txn t;
    err_t err = annot_delete_mailbox(s, buf_slice(&e->uniqueid));

    if (!err)
        err = mailbox_delete_files(s, e);
    if (!err)
        err = mblist_begin(s, &t);
    if (err)
        return err;
    err = mblist_txn_bury(&t, e, false);
    if (!err)
        return mblist_commit(&t);
    mblist_abort(&t);
    return err;
}

static err_t bury_all(struct store *s, const struct vec *moves)
{
    struct mblist_txn t;
    err_t err = mblist_begin(s, &t);

    if (err)
        return err;
    for (size_t i = 0; i < moves->n && !err; i++)
        err = mblist_txn_bury(&t, &VEC_AT(moves, struct mbops_move, i)->from, true);
    if (!err)
        return mblist_commit(&t);
    mblist_abort(&t);
    return err;
}

static void give_up_usage(struct store *s, const struct mbops_move *m)
{
    struct buf root = BUF_INIT;
    err_t err = quota_find(s, buf_slice(&m->from.name), &root);

    if (!err)
        err = quota_charge(s, buf_slice(&root), m->used, -1);
    if (err && err != ERR_NOTFOUND)
        log_err("QUOTAERROR: usage not given up: mailbox=<%.*s> error=<%s>",
                SLICE_ARG(buf_slice(&m->from.name)), err_name(err));
    buf_fini(&root);
}

static err_t delete_immediately(struct store *s, struct vec *moves)
{
    struct index_head h;
    err_t err;

    for (size_t i = 0; i < moves->n; i++) {
        struct mbops_move *m = VEC_AT(moves, struct mbops_move, i);

        if (mailbox_peek(s, &m->from, &h) == ERR_OK)
            quota_usage_of(&h, m->used);
    }
    err = bury_all(s, moves);
    for (size_t i = 0; i < moves->n && !err; i++) {
        const struct mbops_move *m = VEC_AT(moves, struct mbops_move, i);

        give_up_usage(s, m);
        err = mbdelete_finish(s, &m->from);
    }
    return err;
}

/* ---- a user ---- */

static err_t collect_root(void *arg, struct slice root, const struct quota_state *state)
{
    (void)state;
    buf_add_slice(vec_push(arg), root);
    return ERR_OK;
}

static bool is_in_tree(struct slice root, struct slice inbox)
{
    return slice_eq(root, inbox) || mbname_is_below(root, inbox);
}

err_t mbdelete_user_state(struct store *s, const struct mbentry *inbox)
{
    struct vec roots = VEC_INIT(struct buf);
    struct buf userid = BUF_INIT;
    struct slice name = buf_slice(&inbox->name);
    err_t err = quota_foreach(s, name, collect_root, &roots);

    if (err == ERR_CORRUPT)
        err = ERR_OK;                           /* logged; the readable ones go */
    for (size_t i = 0; i < roots.n; i++) {
        struct buf *root = VEC_AT(&roots, struct buf, i);

        if (!err && is_in_tree(buf_slice(root), name))
            err = quota_delete(s, buf_slice(root));
        buf_fini(root);
    }
    vec_fini(&roots);
    (void)mbname_owner(name, &userid);
    if (!err)
        err = user_delete_files(s, buf_slice(&userid), buf_slice(&inbox->uniqueid));
    buf_fini(&userid);
    return err;
}

/* ---- the operation ---- */

static err_t may_delete(struct store *s, const struct actor *a, const struct mbentry *e,
                        rights_t held, bool whole_user)
{
    err_t err = policy_check(OP_DELETE, held);

    if (err)
        return err;
    if (mbname_is_inbox(buf_slice(&e->name)) && !whole_user)
        return ERR_UNSUPPORTED;
    if (!whole_user && !a->is_system)
        err = check_childless(s, buf_slice(&e->name));
    if (!err && !a->is_admin && !a->is_system && mbops_is_protected(s, e))
        err = ERR_INUSE;
    return err;
}

static err_t delete_locked(struct store *s, const struct actor *a, struct slice name,
                           struct vec *moves)
{
    bool whole_user = mbname_is_inbox(name) && (a->is_admin || a->is_system);
    struct mbentry e;
    rights_t held;
    err_t err;

    mbentry_init(&e);
    err = mbops_access(s, a, name, &e, &held);
    if (!err)
        err = may_delete(s, a, &e, held, whole_user);
    if (!err && whole_user)
        err = mblist_foreach(s, name, MBLIST_INTERMEDIATE, add_entry, moves);
    else if (!err)
        err = add_entry(moves, &e);
    if (!err) {
        bool delayed = store_conf(s)->delayed_delete && !mbname_is_deleted(name);

        err = delayed ? delete_delayed(s, moves) : delete_immediately(s, moves);
    }
    if (!err && whole_user)
        err = mbdelete_user_state(s, &e);
    mbentry_fini(&e);
    return err;
}

err_t mbop_delete(struct store *s, const struct actor *a, struct slice name)
{
    struct vec moves = VEC_INIT(struct mbops_move);
    struct user_lock *lock;
    err_t err = user_lock_owner(s, name, true, &lock);

    if (err)
        return err;
    err = delete_locked(s, a, name, &moves);
    user_unlock(&lock);
    for (size_t i = 0; i < moves.n && !err; i++)
        mbops_tell(s, EV_MAILBOX_DELETED, &VEC_AT(&moves, struct mbops_move, i)->from,
                   buf_slice(&VEC_AT(&moves, struct mbops_move, i)->to.name));
    mbops_free_moves(&moves);
    return err;
}

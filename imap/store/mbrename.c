/* mbrename.c - RENAME of mailboxes, trees and users (mbops.h); the steps: mbmove.c
 */
#include "imap/store/mbops_impl.h"

#include "imap/store/mbname.h"
#include "imap/store/mbrename_impl.h"
#include "imap/store/partition.h"
#include "imap/store/policy.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"

struct renaming {
    struct store *store;
    const struct actor *actor;
    struct slice from, to, partition;
    bool is_user;                       /* INBOX to INBOX: the person gets another name */
    struct mbentry top;                 /* entry of `from` */
    struct vec moves;                   /* struct mbops_move */
    struct vec made;                    /* struct mbentry: parents that were missing */
};

static void set(struct buf *dst, struct slice bytes)
{
    buf_reset(dst);
    buf_add_slice(dst, bytes);
}

static bool is_privileged(const struct actor *a)
{
    return a->is_admin || a->is_system;
}

/* ---- may it be? ---- */

static err_t check_source(struct renaming *r)
{
    rights_t held;
    err_t err = mbops_access(r->store, r->actor, r->from, &r->top, &held);

    if (err || is_privileged(r->actor))
        return err;
    err = policy_check(OP_RENAME_FROM, held);
    /* protected special uses stay under their parent (SU-04) */
    if (!err && !slice_eq(mbname_parent(r->from), mbname_parent(r->to)) &&
        mbops_is_protected(r->store, &r->top))
        err = ERR_INUSE;
    return err;
}

/* Moving to the place where it is: only another partition makes sense. */
static err_t check_same_name(struct renaming *r)
{
    if (r->partition.n == 0 || slice_eq(r->partition, buf_slice(&r->top.partition)))
        return ERR_EXISTS;
    return ERR_OK;
}

static err_t check_user(struct renaming *r)
{
    bool from_inbox = mbname_is_inbox(r->from), to_inbox = mbname_is_inbox(r->to);

    r->is_user = from_inbox && to_inbox && !slice_eq(r->from, r->to);
    if (r->is_user)
        return conf_bool(CONF_ALLOWUSERMOVES) ? ERR_OK : ERR_UNSUPPORTED;
    return from_inbox && !to_inbox ? ERR_UNSUPPORTED : ERR_OK;
}

static err_t check_target(struct renaming *r)
{
    err_t err;

    if (mbname_is_below(r->to, r->from))
        return ERR_BADNAME;
    /* administrators may put things back among the deleted ones */
    if (is_privileged(r->actor) && mbname_is_deleted(r->to)) {
        struct mbentry e;

        mbentry_init(&e);
        err = mblist_lookup(r->store, r->to, &e);
        mbentry_fini(&e);
        return err == ERR_NOTFOUND ? ERR_OK : err ? err : ERR_EXISTS;
    }
    return mbops_may_create(r->store, r->actor, r->to);
}

static err_t check(struct renaming *r)
{
    err_t err = ERR_OK;

    if (r->partition.n && !is_privileged(r->actor))
        return ERR_DENIED;
    err = check_source(r);
    if (!err && r->partition.n && !partition_exists(r->partition))
        err = ERR_UNSUPPORTED;
    if (!err && is_privileged(r->actor))
        err = check_user(r);
    if (!err)
        err = slice_eq(r->from, r->to) ? check_same_name(r) : check_target(r);
    return err;
}

/* ---- the moves ---- */

/* An entry "carl" of the ACL becomes "eve": the person has another name. */
static void rename_in_acl(struct buf *acl, struct slice from, struct slice to)
{
    struct buf next = BUF_INIT;
    struct slice id, rights;
    size_t pos = 0;

    while (acl_next(buf_slice(acl), &pos, &id, &rights)) {
        bool negative = id.p[0] == '-';

        if (slice_eq(slice_skip(id, negative), from)) {
            if (negative)
                buf_addc(&next, '-');
            buf_add_slice(&next, to);
        } else {
            buf_add_slice(&next, id);
        }
        buf_addc(&next, '\t');
        buf_add_slice(&next, rights);
        buf_addc(&next, '\t');
    }
    set(acl, buf_slice(&next));
    buf_fini(&next);
}

static void rename_person(struct renaming *r, struct mbentry *to)
{
    struct buf old_user = BUF_INIT, new_user = BUF_INIT;

    (void)mbname_owner(r->from, &old_user);
    (void)mbname_owner(r->to, &new_user);
    rename_in_acl(&to->acl, buf_slice(&old_user), buf_slice(&new_user));
    buf_fini(&old_user);
    buf_fini(&new_user);
}

static err_t add_move(void *arg, const struct mbentry *e)
{
    struct renaming *r = arg;
    struct mbops_move *m = VEC_PUSH(&r->moves, struct mbops_move);

    mbentry_init(&m->from);
    mbentry_init(&m->to);
    mbentry_copy(&m->from, e);
    mbentry_copy(&m->to, e);
    set(&m->to.name, r->to);
    buf_add_slice(&m->to.name, slice_skip(buf_slice(&e->name), r->from.n));
    if (r->partition.n)
        set(&m->to.partition, r->partition);
    if (r->is_user)
        rename_person(r, &m->to);
    return m->to.name.n > MBNAME_MAX ? ERR_LIMIT : ERR_OK;
}

/* What stays where it is needs no move: part of the tree may be on the partition already. */
static void drop_idle_moves(struct renaming *r)
{
    for (size_t i = r->moves.n; i-- > 0;) {
        struct mbops_move *m = VEC_AT(&r->moves, struct mbops_move, i);

        if (!slice_eq(r->from, r->to) ||
            !slice_eq(buf_slice(&m->from.partition), buf_slice(&m->to.partition)))
            continue;
        mbentry_fini(&m->from);
        mbentry_fini(&m->to);
        vec_remove(&r->moves, i);
    }
}

static err_t check_names_free(struct renaming *r)
{
    struct mbentry e;
    err_t err = ERR_OK;

    if (slice_eq(r->from, r->to))
        return ERR_OK;
    mbentry_init(&e);
    for (size_t i = 0; i < r->moves.n && !err; i++) {
        err = mblist_lookup(r->store, buf_slice(&VEC_AT(&r->moves, struct mbops_move, i)->to.name),
                            &e);
        err = err == ERR_NOTFOUND ? ERR_OK : err ? err : ERR_EXISTS;
    }
    mbentry_fini(&e);
    return err;
}

/* ---- room at the new root ---- */

static err_t sum_usage(struct renaming *r, int64_t total[QUOTA_NRES])
{
    struct index_head h;
    int64_t used[QUOTA_NRES];

    for (size_t i = 0; i < r->moves.n; i++) {
        const struct mbops_move *m = VEC_AT(&r->moves, struct mbops_move, i);
        err_t err = mailbox_peek(r->store, &m->from, &h);

        if (err == ERR_CORRUPT || err == ERR_NOTFOUND)
            continue;
        if (err)
            return err;
        quota_usage_of(&h, used);
        for (int res = 0; res < QUOTA_NRES; res++)
            total[res] += used[res];
    }
    return ERR_OK;
}

static err_t check_room(struct renaming *r, struct slice root)
{
    int64_t total[QUOTA_NRES] = { 0 };
    struct quota_state state;
    err_t err = quota_read(r->store, root, &state);

    if (!err)
        err = sum_usage(r, total);
    for (int res = 0; res < QUOTA_NRES && !err; res++)
        err = quota_check(&state, res, total[res]);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static err_t check_quota(struct renaming *r)
{
    struct buf old_root = BUF_INIT, new_root = BUF_INIT;
    err_t err = quota_find(r->store, r->to, &new_root);

    if (!err) {
        err = quota_find(r->store, r->from, &old_root);
        if (err == ERR_NOTFOUND)
            err = ERR_OK;
        if (!err && !slice_eq(buf_slice(&old_root), buf_slice(&new_root)) && !r->is_user)
            err = check_room(r, buf_slice(&new_root));
    }
    buf_fini(&old_root);
    buf_fini(&new_root);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* ---- a user's quota roots ---- */

static err_t collect_root(void *arg, struct slice root, const struct quota_state *state)
{
    (void)state;
    buf_add_slice(vec_push(arg), root);
    return ERR_OK;
}

static err_t move_root(struct renaming *r, struct slice root)
{
    struct buf name = BUF_INIT;
    struct quota_state state;
    err_t err = quota_read(r->store, root, &state);

    buf_add_slice(&name, r->to);
    buf_add_slice(&name, slice_skip(root, r->from.n));
    if (!err)
        err = quota_set_limits(r->store, buf_slice(&name), state.limit);
    if (!err)
        err = quota_delete(r->store, root);
    buf_fini(&name);
    return err;
}

static err_t move_roots(struct renaming *r)
{
    struct vec roots = VEC_INIT(struct buf);
    err_t err = quota_foreach(r->store, r->from, collect_root, &roots);

    if (err == ERR_CORRUPT)
        err = ERR_OK;                           /* logged; the readable ones move */
    for (size_t i = 0; i < roots.n; i++) {
        struct buf *root = VEC_AT(&roots, struct buf, i);
        bool inside =
            slice_eq(buf_slice(root), r->from) || mbname_is_below(buf_slice(root), r->from);

        if (!err && inside)
            err = move_root(r, buf_slice(root));
        buf_fini(root);
    }
    vec_fini(&roots);
    return err;
}

static err_t move_user_files(struct renaming *r)
{
    struct buf old_user = BUF_INIT, new_user = BUF_INIT;
    err_t err;

    (void)mbname_owner(r->from, &old_user);
    (void)mbname_owner(r->to, &new_user);
    err = user_rename_files(r->store, buf_slice(&old_user), buf_slice(&new_user));
    buf_fini(&old_user);
    buf_fini(&new_user);
    return err;
}

/* ---- the operation ---- */

static err_t rename_locked(struct renaming *r)
{
    err_t err = check(r);

    if (!err)
        err = mblist_foreach(r->store, r->from, MBLIST_DELETED_TREE, add_move, r);
    if (!err) {
        drop_idle_moves(r);
        err = check_names_free(r);
    }
    if (!err && !r->actor->is_system)
        err = check_quota(r);
    if (!err && !slice_eq(r->from, r->to) && !mbname_is_deleted(r->to))
        err = mbops_make_parents(r->store, r->to, &r->made);
    if (!err)
        err = mbops_execute_moves(r->store, &r->moves, !mbname_is_deleted(r->to));
    if (!err && r->is_user)
        err = move_user_files(r);
    if (!err && r->is_user)
        err = move_roots(r);
    return err;
}

static void tell_all(struct renaming *r, mbop_renamed_fn *each, void *arg)
{
    for (size_t i = 0; i < r->moves.n; i++) {
        const struct mbops_move *m = VEC_AT(&r->moves, struct mbops_move, i);

        mbops_tell(r->store, EV_MAILBOX_RENAMED, &m->from, buf_slice(&m->to.name));
        if (each)
            each(arg, buf_slice(&m->from.name), buf_slice(&m->to.name));
    }
}

/* A user's own INBOX is not renamed: its messages go to the new mailbox. */
static bool is_inbox_of(const struct actor *a, struct slice from, struct slice to)
{
    return !is_privileged(a) && mbname_is_inbox(from) && !slice_eq(from, to);
}

err_t mbop_rename(struct store *s, const struct actor *a, struct slice from, struct slice to,
                  struct slice partition, mbop_renamed_fn *each, void *arg)
{
    struct renaming r = { .store = s, .actor = a, .from = from, .to = to, .partition = partition };
    struct user_lock *first, *second;
    err_t err;

    if (is_inbox_of(a, from, to))
        return mbrename_inbox(s, a, from, to, each, arg);
    err = user_lock_owners(s, from, to, &first, &second);
    if (err)
        return err;
    mbentry_init(&r.top);
    vec_init(&r.moves, sizeof(struct mbops_move));
    vec_init(&r.made, sizeof(struct mbentry));
    err = rename_locked(&r);
    user_unlock(&second);
    user_unlock(&first);
    mbops_tell_made(s, &r.made);
    if (!err)
        tell_all(&r, each, arg);
    mbops_free_moves(&r.moves);
    mbentry_fini(&r.top);
    return err;
}

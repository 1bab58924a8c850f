/* mbcreate.c - CREATE (mbops.h)
 *
 *   files of an empty mailbox  ->  entry in the list (commit point)  ->  folder count of the root
 *
 * Missing parents are made first, from the top, in the same way.
 */
#include "imap/store/mbops_impl.h"

#include "imap/store/mailbox_files.h"
#include "imap/store/mbname.h"
#include "imap/store/health.h"
#include "imap/store/partition.h"
#include "imap/store/policy.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/rand.h"
#include "lib/conf/conf.h"
#include "lib/os/path.h"

/* ---- may it be? ---- */

static err_t check_free(struct store *s, struct slice name)
{
    struct mbentry e;
    err_t err;

    mbentry_init(&e);
    err = mblist_lookup(s, name, &e);
    mbentry_fini(&e);
    return err == ERR_NOTFOUND ? ERR_OK : err ? err : ERR_EXISTS;
}

/* Only administrators make users and things without a parent; others need the right k above. */
static err_t check_rights(struct store *s, const struct actor *a, struct slice name)
{
    struct mbentry parent;
    rights_t held = 0;
    err_t err;

    if (a->is_system || (a->is_admin && acl_admin_covers(name, a->ident)))
        return ERR_OK;
    mbentry_init(&parent);
    err = mbops_nearest_parent(s, name, &parent);
    if (!err)
        held =
            acl_effective(buf_slice(&parent.name), buf_slice(&parent.acl), a->ident, a->is_admin);
    if (err == ERR_NOTFOUND || (!err && policy_check(OP_CREATE_BELOW, held)))
        err = ERR_DENIED;                       /* not telling whether there is a parent */
    mbentry_fini(&parent);
    return err;
}

/* Below "user.x" there must be an INBOX "user.x". */
static err_t check_user_tree(struct store *s, struct slice name)
{
    struct slice top = name;
    struct mbentry e;
    err_t err;

    if (!slice_starts(mbname_local(name), SLICE_LIT("user.")) || mbname_is_inbox(name))
        return ERR_OK;
    while (!mbname_is_inbox(top))
        top = mbname_parent(top);
    mbentry_init(&e);
    err = mblist_lookup(s, top, &e);
    mbentry_fini(&e);
    return err == ERR_NOTFOUND ? ERR_DENIED : err;
}

/* May the actor know that the name is taken? */
static err_t taken(struct store *s, const struct actor *a, struct slice name)
{
    struct mbentry e;
    rights_t held = 0;
    err_t err;

    mbentry_init(&e);
    err = mbops_access(s, a, name, &e, &held);
    mbentry_fini(&e);
    return err || !(held & ACL_L) ? ERR_DENIED : ERR_EXISTS;
}

err_t mbops_may_create(struct store *s, const struct actor *a, struct slice name)
{
    err_t err = mbname_check_new(name);

    if (err)
        return err;
    err = check_free(s, name);
    if (err == ERR_EXISTS)
        return taken(s, a, name);
    if (!err)
        err = check_rights(s, a, name);
    if (!err)
        err = check_user_tree(s, name);
    return err;
}

/* ---- one mailbox ---- */

static void set(struct buf *dst, struct slice bytes)
{
    buf_reset(dst);
    buf_add_slice(dst, bytes);
}

/* A directory of its own name for each level: it must fit. */
static err_t check_levels(struct slice name)
{
    struct slice rest = mbname_local(name), level;

    while (rest.n) {
        rest = slice_split(rest, '.', &level, NULL);
        if (level.n > PATH_COMPONENT_MAX)
            return ERR_LIMIT;
    }
    return ERR_OK;
}

/* A name that was used before gets a greater UIDVALIDITY than it had (RFC 3501 2.3.1.1). */
static uint32_t new_uidvalidity(struct store *s, struct slice name)
{
    uint32_t v = (uint32_t)clock_now() + 1;
    struct mbentry old;

    mbentry_init(&old);
    if (mblist_lookup_any(s, name, &old) == ERR_OK && old.uidvalidity >= v)
        v = old.uidvalidity + 1;
    mbentry_fini(&old);
    return v;
}

/* Everything about the new entry that the request leaves open: from the parent, or from the
 * options. */
static err_t complete(struct store *s, const struct mbop_create *c, struct mbentry *e)
{
    char id[RAND_UNIQUEID_LEN + 1];
    struct mbentry parent;
    err_t err, found;

    mbentry_init(&parent);
    found = mbops_nearest_parent(s, c->name, &parent);
    err = found == ERR_NOTFOUND ? ERR_OK : found;
    set(&e->name, c->name);
    set(&e->partition, c->partition.n ? c->partition : buf_slice(&parent.partition));
    if (!err && e->partition.n == 0)
        err = partition_choose(&e->partition);
    if (!err)
        err = health_check(s->health, buf_slice(&e->partition));
    if (!err && !partition_exists(buf_slice(&e->partition)))
        err = ERR_UNSUPPORTED;
    set(&e->acl, c->acl.n ? c->acl : buf_slice(&parent.acl));
    if (c->acl.n == 0 && (found || mbname_is_inbox(c->name)))
        acl_default(c->name, &e->acl);
    rand_uniqueid(id);
    set(&e->uniqueid, c->uniqueid.n ? c->uniqueid : slice_cstr(id));
    e->type = c->type;
    if (found ? store_conf(s)->legacy_dirs : (parent.type & MBTYPE_LEGACY) != 0)
        e->type |= MBTYPE_LEGACY;
    e->uidvalidity = c->uidvalidity ? c->uidvalidity : new_uidvalidity(s, c->name);
    e->createdmodseq = e->foldermodseq = 1;
    if (!err && (e->type & MBTYPE_LEGACY))
        err = check_levels(c->name);
    mbentry_fini(&parent);
    return err;
}

static err_t check_folder_quota(struct store *s, struct slice root)
{
    struct quota_state state;
    err_t err = quota_read(s, root, &state);

    if (err == ERR_NOTFOUND)
        return ERR_OK;
    return err ? err : quota_check(&state, QUOTA_FOLDERS, 1);
}

static void count_folder(struct store *s, struct slice root)
{
    const int64_t one[QUOTA_NRES] = { [QUOTA_FOLDERS] = 1 };
    err_t err = quota_charge(s, root, one, 1);

    if (err)
        log_err("QUOTAERROR: new mailbox not counted: root=<%.*s> error=<%s>", SLICE_ARG(root),
                err_name(err));
}

static err_t create_one(struct store *s, const struct mbop_create *c, struct vec *made)
{
    struct buf root = BUF_INIT;
    struct mbentry e;
    err_t err;

    mbentry_init(&e);
    err = complete(s, c, &e);
    if (!err)
        err = quota_find(s, c->name, &root);
    if (err == ERR_NOTFOUND)
        err = ERR_OK;
    if (!err && root.n)
        err = check_folder_quota(s, buf_slice(&root));
    if (!err)
        err = mailbox_create_files(s, &e, 0, buf_slice(&root));
    if (!err) {
        err = mblist_put(s, &e);
        if (err && mailbox_delete_files(s, &e) != ERR_OK)
            log_err("STOREERROR: files of a mailbox that was not made remain: uniqueid=<%.*s>",
                    SLICE_ARG(buf_slice(&e.uniqueid)));
    }
    if (!err) {
        count_folder(s, buf_slice(&root));
        mbentry_copy(vec_push(made), &e);
    }
    buf_fini(&root);
    mbentry_fini(&e);
    return err;
}

void mbops_tell_made(struct store *s, struct vec *made)
{
    for (size_t i = 0; i < made->n; i++) {
        struct mbentry *e = VEC_AT(made, struct mbentry, i);

        mbops_tell(s, EV_MAILBOX_CREATED, e, SLICE_NULL);
        mbentry_fini(e);
    }
    vec_fini(made);
}

err_t mbops_make_parents(struct store *s, struct slice name, struct vec *made)
{
    struct slice local = mbname_local(name);
    size_t skipped = name.n - local.n;
    size_t from = slice_starts(local, SLICE_LIT("user.")) ? 5 : 0;
    err_t err = ERR_OK;

    for (size_t i = from; i < local.n && !err; i++) {
        if (local.p[i] != '.')
            continue;
        const struct mbop_create c = { .name = slice_cut(name, 0, skipped + i) };

        err = check_free(s, c.name);
        if (!err)
            err = create_one(s, &c, made);
        if (err == ERR_EXISTS)
            err = ERR_OK;
    }
    return err;
}

/* ---- the operation ---- */

static err_t create_locked(struct store *s, const struct actor *a, const struct mbop_create *c,
                           struct vec *made)
{
    err_t err = mbops_may_create(s, a, c->name);

    if (!err && c->partition.n && !a->is_admin && !a->is_system)
        err = ERR_DENIED;
    if (!err && c->partition.n && !partition_exists(c->partition))
        err = ERR_UNSUPPORTED;
    if (!err)
        err = mbops_make_parents(s, c->name, made);
    return err ? err : create_one(s, c, made);
}

err_t mbop_create(struct store *s, const struct actor *a, const struct mbop_create *c,
                  struct buf *uniqueid_out)
{
    struct vec made = VEC_INIT(struct mbentry);
    struct user_lock *lock;
    err_t err = user_lock_owner(s, c->name, true, &lock);

    if (err)
        return err;
    err = create_locked(s, a, c, &made);
    user_unlock(&lock);
    if (!err && uniqueid_out)
        set(uniqueid_out, buf_slice(&VEC_AT(&made, struct mbentry, made.n - 1)->uniqueid));
    /* parents that were made stay even if the last step failed */
    mbops_tell_made(s, &made);
    return err;
}

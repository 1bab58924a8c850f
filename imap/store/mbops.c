/* mbops.c - what the operations on mailboxes share (mbops_impl.h), and SETACL */
#include "imap/store/mbops_impl.h"

#include "imap/store/annot.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/mbname.h"
#include "imap/store/policy.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"

err_t mbops_access(struct store *s, const struct actor *a, struct slice name, struct mbentry *out,
                   rights_t *rights)
{
    if (!a->is_system)
        return mblist_access(s, name, a->ident, a->is_admin, out, rights);
    *rights = ACL_ALL;
    return mblist_lookup(s, name, out);
}

err_t mbops_nearest_parent(struct store *s, struct slice name, struct mbentry *out)
{
    err_t err = ERR_NOTFOUND;

    for (name = mbname_parent(name); name.n && err == ERR_NOTFOUND; name = mbname_parent(name))
        err = mblist_lookup(s, name, out);
    return err;
}

uint64_t mbops_next_modseq(struct store *s, const struct mbentry *e)
{
    struct index_head h;

    return mailbox_peek(s, e, &h) == ERR_OK ? h.highestmodseq + 1 : e->foldermodseq;
}

void mbops_sync_header(struct store *s, const struct mbentry *e, const struct slice *root)
{
    uint64_t modseq;
    err_t err = mailbox_set_header(s, e, root, &modseq);

    if (err)
        log_err(
            "STOREERROR: cyrus.header could not follow the mailbox list: mailbox=<%.*s> error=<%s>",
            SLICE_ARG(buf_slice(&e->name)), err_name(err));
}

void mbops_tell(struct store *s, enum store_event_kind kind, const struct mbentry *e,
                struct slice other)
{
    const struct store_event event = { .kind = kind, .mailbox = buf_slice(&e->name), .other = other,
                                       .uniqueid = buf_slice(&e->uniqueid), .acl = buf_slice(&e->acl) };

    store_tell(s, &event);
}

bool mbops_is_protected(struct store *s, const struct mbentry *e)
{
    struct slice rest = slice_trim(slice_cstr(conf_string(CONF_SPECIALUSE_PROTECT))), use;
    bool found = false;

    while (rest.n && !found) {
        rest = slice_trim(slice_split(rest, ' ', &use, NULL));
        found = annot_has_use(s, buf_slice(&e->uniqueid), use);
    }
    return found;
}

/* ---- SETACL ---- */

static bool is_anyone(struct slice identifier)
{
    return slice_eqs(identifier, "anyone") || slice_eqs(identifier, "-anyone");
}

static err_t may_set_acl(const struct actor *a, const struct mbentry *e, struct slice identifier,
                         rights_t held)
{
    err_t err = policy_check(OP_ADMIN_ACL, held);

    if (a->is_system)
        return ERR_OK;
    if (!conf_bool(CONF_ALLOWSETACL))
        return ERR_UNSUPPORTED;
    if (err || a->is_admin)
        return err;
    if (is_anyone(identifier) && !conf_bool(CONF_ANYONEUSERACL))
        return ERR_DENIED;
    /* their own entry is not owners' to change: as 3.6 does */
    if (mbname_owned_by(buf_slice(&e->name), identifier) &&
        slice_eq(identifier, ident_userid(a->ident)))
        return ERR_DENIED;
    return ERR_OK;
}

static err_t change_acl(struct store *s, struct mbentry *e, struct slice identifier,
                        enum acl_mode mode, rights_t r)
{
    rights_t kept = acl_implicit_rights(buf_slice(&e->name), identifier);
    err_t err = acl_change(&e->acl, identifier, mode, r);

    if (!err && kept)
        err = acl_change(&e->acl, identifier, ACL_MODE_ADD, kept);
    if (err)
        return err;
    e->foldermodseq = mbops_next_modseq(s, e);
    err = mblist_put(s, e);
    if (!err)
        mbops_sync_header(s, e, NULL);
    return err;
}

static void tell_acl(struct store *s, const struct mbentry *e, const struct buf *before)
{
    store_tell(s, &(struct store_event){ .kind = EV_ACL,
                                         .mailbox = buf_slice(&e->name),
                                         .uniqueid = buf_slice(&e->uniqueid),
                                         .acl = buf_slice(&e->acl),
                                         .old_acl = buf_slice(before) });
}

err_t mbop_set_acl(struct store *s, const struct actor *a, struct slice name,
                   struct slice identifier, enum acl_mode mode, rights_t r)
{
    struct buf before = BUF_INIT;
    struct user_lock *lock;
    struct mbentry e;
    rights_t held;
    err_t err = user_lock_owner(s, name, true, &lock);

    if (err)
        return err;
    mbentry_init(&e);
    err = mbops_access(s, a, name, &e, &held);
    if (!err)
        err = may_set_acl(a, &e, identifier, held);
    buf_add_slice(&before, buf_slice(&e.acl));
    if (!err)
        err = change_acl(s, &e, identifier, mode, r);
    user_unlock(&lock);
    if (!err)
        tell_acl(s, &e, &before);
    buf_fini(&before);
    mbentry_fini(&e);
    return err;
}

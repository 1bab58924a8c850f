/* mbrename_inbox.c - see mbrename_impl.h */
#include "imap/store/mbops_impl.h"

#include "imap/store/commit.h"
#include "imap/store/mbrename_impl.h"
#include "imap/store/policy.h"

static bool is_live(const struct mailbox *mb, uint32_t recno)
{
    return !(mailbox_flags_at(mb, recno) & (FLAG_INT_EXPUNGED | FLAG_INT_UNLINKED));
}

static err_t copy_all(struct mailbox *src, struct mailbox *dst)
{
    struct commit *c;
    uint32_t uid;
    err_t err = commit_begin(dst, NULL, &c);

    if (err)
        return err;
    for (uint32_t r = 1; r <= mailbox_nrecords(src) && !err; r++) {
        if (is_live(src, r))
            err = commit_copy(c, src, r, mailbox_flags_at(src, r) & FLAG_SYSTEM_MASK, &uid);
    }
    if (!err)
        return commit_end(&c);
    commit_abort(&c);
    return err;
}

/* Only what was copied: up to the last UID there was then. */
static err_t expunge_all(struct mailbox *src, uint32_t last_uid)
{
    struct commit *c;
    err_t err = commit_begin(src, NULL, &c);

    if (err)
        return err;
    for (uint32_t r = 1; r <= mailbox_nrecords(src) && !err && mailbox_uid_at(src, r) <= last_uid;
         r++) {
        if (is_live(src, r))
            err = commit_expunge(c, r);
    }
    if (!err)
        return commit_end(&c);
    commit_abort(&c);
    return err;
}

static err_t move_messages(struct store *s, struct slice from, struct slice to)
{
    struct mailbox *src = NULL, *dst = NULL;
    uint32_t last_uid;
    err_t err = mailbox_open(s, from, &src);

    if (!err)
        err = mailbox_open(s, to, &dst);
    if (!err) {
        last_uid = mailbox_head(src)->last_uid;
        err = copy_all(src, dst);
        if (!err)
            err = expunge_all(src, last_uid);
    }
    if (dst)
        mailbox_close(&dst);
    if (src)
        mailbox_close(&src);
    return err;
}

static err_t check_source(struct store *s, const struct actor *a, struct slice from)
{
    struct mbentry e;
    rights_t held;
    err_t err;

    mbentry_init(&e);
    err = mbops_access(s, a, from, &e, &held);
    if (!err)
        err = policy_check(OP_RENAME_FROM, held);
    if (!err)
        err = policy_check(OP_COPY_FROM, held);
    if (!err)
        err = policy_check(OP_EXPUNGE, held);
    mbentry_fini(&e);
    return err;
}

/* Listeners heard of a new mailbox; now of where it comes from, too (RFC 5465 5.4). */
static void tell(struct store *s, struct slice from, struct slice to)
{
    struct mbentry e;

    mbentry_init(&e);
    if (mblist_lookup(s, from, &e) == ERR_OK)
        mbops_tell(s, EV_MAILBOX_RENAMED, &e, to);
    mbentry_fini(&e);
}

err_t mbrename_inbox(struct store *s, const struct actor *a, struct slice from, struct slice to,
                     mbop_renamed_fn *each, void *arg)
{
    const struct mbop_create create = { .name = to };
    err_t err = check_source(s, a, from);

    if (!err)
        err = mbop_create(s, a, &create, NULL);
    if (!err)
        err = move_messages(s, from, to);
    if (!err && each)
        each(arg, from, to);
    if (!err)
        tell(s, from, to);
    return err;
}

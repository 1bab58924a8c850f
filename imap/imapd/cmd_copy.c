/* cmd_copy.c - COPY, MOVE and their UID forms (RFC 3501 6.4.7, 4315 3, 6851) */
#include "imap/imapd/imapd.h"

#include "imap/imapd/annotation.h"
#include "imap/imapd/view.h"
#include "imap/store/poplock.h"
#include "imap/store/seen.h"
#include "lib/base/log.h"

struct copy_run {
    struct session *s;
    bool move;
    struct slice target_name;
    struct mbentry entry;
    rights_t target_rights;
    struct mailbox *target;
    struct ranges msgnos;
    struct ranges src_uids, dst_uids;
    struct ranges seen;             /* copies whose \Seen is not in the target's index */
    uint32_t uidvalidity;
    struct annot_copy annotations;              /* that go along */
};

static err_t open_target(struct copy_run *r)
{
    struct session *s = r->s;
    rights_t rights;
    err_t err = mblist_access(s->base->store, r->target_name, s->base->ident, s->base->is_admin, &r->entry,
                              &rights);

    if (!err && !mbentry_is_mail(&r->entry))
        err = ERR_NOTFOUND;
    if (!err)
        err = policy_check(OP_APPEND, rights);
    if (!err)
        err = mailbox_open_entry(s->base->store, &r->entry, &r->target);
    r->target_rights = rights;
    return err;
}

/* Flags that go along, as far as the rights on the target allow. */
static uint32_t flags_to_copy(const struct copy_run *r, uint32_t recno)
{
    struct view *v = r->s->view;
    uint32_t flags = mailbox_flags_at(view_mailbox(v), recno) & FLAG_SYSTEM_MASK & ~(uint32_t)FLAG_SEEN;

    if (view_is_seen(v, recno))
        flags |= FLAG_SEEN;
    if (!(r->target_rights & ACL_S))
        flags &= ~(uint32_t)FLAG_SEEN;
    if (!(r->target_rights & ACL_T))
        flags &= ~(uint32_t)FLAG_DELETED;
    if (!(r->target_rights & ACL_W))
        flags = (flags & ~(uint32_t)(FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DRAFT)) | COPY_WITHOUT_KEYWORDS;
    return flags;
}

static err_t check_quota(struct copy_run *r, struct commit *c)
{
    struct view *v = r->s->view;
    struct mailbox *mb = view_mailbox(v);
    uint64_t bytes = 0;
    uint32_t n = 0, m;
    struct record rec;

    for (struct ranges_iter it = { 0 }; ranges_next(&r->msgnos, &it, &m);) {
        if (view_is_expunged(v, m))
            continue;
        mailbox_record(mb, view_recno(v, m), &rec);
        bytes += rec.size;
        n++;
    }
    if (r->move && slice_eq(mailbox_quotaroot(mb), mailbox_quotaroot(r->target)))
        return ERR_OK;                          /* what moves below one root needs no more room */
    return commit_check_quota(c, QUOTA_STRICT, bytes, n);
}

/* The commits of one command: of the target, and of the source when messages leave it.  Within one
 * mailbox they are the same. */
struct copy_commits {
    struct commit *target, *source;
};

/* The handles may be two, the mailbox has one lock. */
static bool within_one(const struct copy_run *r)
{
    return slice_eq(mailbox_uniqueid(r->target), mailbox_uniqueid(view_mailbox(r->s->view)));
}

static err_t begin(struct copy_run *r, struct copy_commits *c)
{
    struct view *v = r->s->view;
    err_t err;

    *c = (struct copy_commits){ NULL, NULL };
    if (r->move && !within_one(r))
        return view_commit_begin_two(v, r->target, &c->source, &c->target);
    /* in one mailbox the numbers of the view depend on the commit */
    err = within_one(r) ? view_commit_begin(v, &c->target) : commit_begin(r->target, NULL, &c->target);
    c->source = r->move ? c->target : NULL;
    return err;
}

static err_t end(struct copy_run *r, struct copy_commits *c)
{
    struct view *v = r->s->view;

    if (within_one(r))
        return view_commit_end(v, &c->target, NULL);
    return c->source ? view_commit_end_two(v, &c->source, &c->target) : commit_end(&c->target);
}

static void give_up(struct copy_commits *c)
{
    if (c->source != c->target)
        commit_abort(&c->source);
    commit_abort(&c->target);
}

/* What moves below one root needs no more room. */
static err_t check_annotation_quota(struct copy_run *r, struct commit *c)
{
    struct mailbox *mb = view_mailbox(r->s->view);

    if (r->move && slice_eq(mailbox_quotaroot(mb), mailbox_quotaroot(r->target)))
        return ERR_OK;
    return commit_check_annotation_quota(c);
}

static struct slice userid(const struct copy_run *r)
{
    return ident_userid(r->s->base->ident);
}

static err_t copy_one(struct copy_run *r, struct copy_commits *c, uint32_t msgno)
{
    struct view *v = r->s->view;
    const uint32_t recno = view_recno(v, msgno), uid = view_uid(v, msgno);
    uint32_t flags = flags_to_copy(r, recno), new_uid;
    const bool private_seen = (flags & FLAG_SEEN) && !seen_is_internal(r->target, userid(r));

    if (private_seen)
        flags &= ~(uint32_t)FLAG_SEEN;
    err_t err = commit_copy(c->target, view_mailbox(v), recno, flags, &new_uid);
    if (!err)
        err = commit_copy_annotations(c->target, new_uid, view_mailbox(v), uid, &r->annotations);
    if (!err && c->source)
        err = commit_expunge(c->source, recno);
    if (err)
        return err;
    if (private_seen)
        ranges_add(&r->seen, new_uid, new_uid);
    ranges_add(&r->src_uids, uid, uid);
    ranges_add(&r->dst_uids, new_uid, new_uid);
    return ERR_OK;
}

/* After the commit: a UID that it did not give will be that of another message.  The copies are there already:
 * what fails here is logged, and loses no more than \Seen. */
static void store_private_seen(struct copy_run *r)
{
    const struct seen_change change = { .add = &r->seen, .durable = true };

    if (ranges_empty(&r->seen))
        return;
    if (seen_update(r->s->base->store, userid(r), mailbox_uniqueid(r->target), &change, NULL) != ERR_OK)
        log_err("IOERROR: copies of %s are not \\Seen", r->s->base->client);
}

/* All or nothing (RFC 3501 6.4.7, RFC 6851 3.3). */
static err_t copy_messages(struct copy_run *r)
{
    struct view *v = r->s->view;
    struct copy_commits c;
    uint32_t m;
    err_t err = begin(r, &c);

    if (err)
        return err;
    r->annotations = annotation_copy_rule(r->s, mailbox_name(view_mailbox(v)), mailbox_name(r->target),
                                          r->target_rights);
    err = check_quota(r, c.target);
    for (struct ranges_iter it = { 0 }; !err && ranges_next(&r->msgnos, &it, &m);)
        if (!view_is_expunged(v, m))
            err = copy_one(r, &c, m);
    if (!err)
        err = check_annotation_quota(r, c.target);
    r->uidvalidity = mailbox_head(r->target)->uidvalidity;
    if (!err) {
        if (within_one(r))
            view_own(v, &r->dst_uids);
        err = end(r, &c);
        if (!err)
            store_private_seen(r);
        return err;
    }
    give_up(&c);
    return err == ERR_NOTFOUND ? ERR_AGAIN : err;       /* a message went away meanwhile */
}

static void copyuid_text(const struct copy_run *r, struct buf *b)
{
    buf_addf(b, "COPYUID %u ", r->uidvalidity);
    ranges_format(&r->src_uids, b);
    buf_addc(b, ' ');
    ranges_format(&r->dst_uids, b);
}

static err_t may_leave_source(struct copy_run *r)
{
    struct view *v = r->s->view;
    rights_t need = ACL_T | ACL_E;

    if (!r->move)
        return ERR_OK;
    if (view_is_readonly(v))
        return ERR_READONLY;
    if ((view_rights(v) & need) != need)
        return ERR_DENIED;
    return poplock_test(mailbox_entry(view_mailbox(v)));
}

/* RFC 6851 4.4: the modseq of the expunges. */
static void reply_moved(struct session *s)
{
    char code[64];

    snprintf(code, sizeof code, "HIGHESTMODSEQ %llu",
             (unsigned long long)mailbox_head(view_mailbox(s->view))->highestmodseq);
    if (s->enabled & ENABLED_CONDSTORE)
        reply_ok_code(s, code, "Completed");
    else
        reply_ok(s, "Completed");
}

static void answer(struct copy_run *r, err_t err)
{
    struct session *s = r->s;
    struct buf code = BUF_INIT;

    if (err == ERR_NOTFOUND) {
        /* TRYCREATE only if the client could create it (RFC 3501 6.4.7) */
        reply_no(s, "TRYCREATE", "Mailbox does not exist");
    } else if (err) {
        reply_err(s, err);
    } else if (ranges_empty(&r->src_uids)) {
        reply_ok(s, "Completed");
    } else {
        copyuid_text(r, &code);
        if (r->move) {                          /* RFC 6851 4.3: COPYUID before the EXPUNGEs */
            untagged(s, "OK [%s] Completed", buf_cstr(&code));
            reply_moved(s);
        } else {
            reply_ok_code(s, buf_cstr(&code), "Completed");
        }
    }
    buf_fini(&code);
}

static bool read_args(struct copy_run *r)
{
    struct session *s = r->s;
    struct imapset set;
    err_t err;

    if ((err = imaptok_sp(&s->tok)) != ERR_OK || (err = imaptok_set(&s->tok, &set)) != ERR_OK
        || (err = imaptok_sp(&s->tok)) != ERR_OK) {
        args_bad(s, err);
        return false;
    }
    if (args_mailbox(s, &r->target_name) != ERR_OK || args_end(s) != ERR_OK)
        return false;
    err = view_resolve(s->view, &set, s->is_uid, &r->msgnos);
    if (err)
        reply_resolve(s, err);
    return !err;
}

void cmd_copy(void *session, const struct command *cmd)
{
    struct copy_run r = { .s = session };
    err_t err;

    r.move = slice_ends(slice_cstr(cmd->name), SLICE_LIT("MOVE"));
    mbentry_init(&r.entry);
    if (read_args(&r)) {
        err = policy_check(OP_COPY_FROM, view_rights(r.s->view));
        if (!err)
            err = may_leave_source(&r);
        if (err) {
            reply_err(r.s, err);
        } else {
            err = open_target(&r);
            if (!err && !ranges_empty(&r.msgnos))
                err = copy_messages(&r);
            answer(&r, err);
        }
    }
    mailbox_close(&r.target);
    mbentry_fini(&r.entry);
    ranges_fini(&r.msgnos);
    ranges_fini(&r.src_uids);
    ranges_fini(&r.dst_uids);
    ranges_fini(&r.seen);
}

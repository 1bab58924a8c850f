/* append_store.c - staged messages into their mailbox by one commit; see append.h */
#include "imap/imapd/append.h"

#include "imap/imapd/view.h"
#include "imap/serve/limits.h"

enum {
    CONTENT_MAX = 8 << 20,              /* bytes of messages of one command that stay in memory */
    KEPT_MAX = 128 << 20,               /* the same of all else: some 7,000 messages */
    KEPT_EACH = 16 << 10                /* what a staged message takes besides its bytes */
};

void append_init(struct append_run *r, struct session *s, struct slice name)
{
    *r = (struct append_run){ .s = s, .name = name, .uids = RANGES_INIT };
    mbentry_init(&r->entry);
    vec_init(&r->messages, sizeof(struct append_message));
}

void append_fini(struct append_run *r)
{
    for (size_t i = 0; i < r->messages.n; i++)
        stage_free(&VEC_AT(&r->messages, struct append_message, i)->stage);
    vec_fini(&r->messages);
    ranges_fini(&r->uids);
    mailbox_close(&r->mb);
    mbentry_fini(&r->entry);
}

/* ---- before the bytes ---- */

static void read_quota(struct append_run *r)
{
    struct store *store = r->s->base->store;
    struct buf root = BUF_INIT;

    r->has_quota = quota_find(store, r->name, &root) == ERR_OK
                   && quota_read(store, buf_slice(&root), &r->quota) == ERR_OK;
    buf_fini(&root);
}

err_t append_admit(struct append_run *r)
{
    struct session_base *b = r->s->base;
    err_t err = mblist_access(b->store, r->name, b->ident, b->is_admin, &r->entry, &r->rights);

    if (!err && !mbentry_is_mail(&r->entry))
        err = ERR_NOTFOUND;
    if (!err)
        err = policy_check(OP_APPEND, r->rights);
    if (!err)
        read_quota(r);
    return err;
}

err_t append_may_add(const struct append_run *r, uint64_t size)
{
    if (size == 0)
        return ERR_SYNTAX;
    if (size > limit_value(LIMIT_MESSAGE))
        return ERR_LIMIT;
    if (!r->has_quota)
        return ERR_OK;
    err_t err = quota_check(&r->quota, QUOTA_STORAGE, (int64_t)(r->bytes + size));
    return err ? err : quota_check(&r->quota, QUOTA_MESSAGE, (int64_t)r->messages.n + 1);
}

/* ---- staged ---- */

static size_t words_size(const struct flag_words *f)
{
    size_t n = f->nkeywords * sizeof *f->keywords;

    for (size_t i = 0; i < f->nkeywords; i++)
        n += f->keywords[i].n;
    return n;
}

err_t append_add(struct append_run *r, const struct append_message *m)
{
    struct slice content;

    *VEC_PUSH(&r->messages, struct append_message) = *m;
    r->bytes += stage_size(m->stage);
    r->kept += KEPT_EACH + stage_facts(m->stage)->cache.n + words_size(&m->flags) + m->annotations.bytes;
    if (r->kept > KEPT_MAX)
        return ERR_LIMIT;
    if (!stage_content(m->stage, &content))
        return ERR_OK;
    if (r->content + content.n > CONTENT_MAX)
        return stage_write_out(m->stage);
    r->content += content.n;
    return ERR_OK;
}

const char *append_fault(const struct facts *f)
{
    if (f->has_nul)
        return "Message contains NUL characters";
    if (f->has_bare_lf)                         /* a CR alone is taken, as 3.6 does */
        return "Message contains bare newlines";
    if (f->header_invalid)
        return "Message contains invalid header";
    return NULL;
}

/* ---- the commit ---- */

static uint32_t permitted_flags(const struct append_run *r, const struct append_message *m)
{
    uint32_t may = 0;

    if (r->rights & ACL_S)
        may |= FLAG_SEEN;
    if (r->rights & ACL_T)
        may |= FLAG_DELETED;
    if (r->rights & ACL_W)
        may |= FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DRAFT;
    return m->flags.system & may;
}

static err_t store_private_seen(struct append_run *r, const struct ranges *uids)
{
    struct session_base *b = r->s->base;
    struct seen after;
    struct seen_change change = { .add = uids, .durable = true };

    if (ranges_count(uids) == 0)
        return ERR_OK;
    seen_init(&after);
    err_t err = seen_update(b->store, ident_userid(b->ident), mailbox_uniqueid(r->mb), &change, &after);
    seen_fini(&after);
    return err;
}

static err_t annotate(struct append_run *r, struct commit *c, struct append_message *m, uint32_t uid)
{
    err_t err = annotation_check_staged_parts(stage_facts(m->stage), &m->annotations);

    if (!err)
        err = annotation_set(r->s, c, mailbox_name(r->mb), uid, &m->annotations);
    r->refused.fault = m->annotations.fault;
    return err;
}

static err_t add_one(struct append_run *r, struct commit *c, struct append_message *m, struct ranges *private_seen)
{
    struct append_info info = { .flags = permitted_flags(r, m), .internaldate = m->internaldate };
    const bool seen = info.flags & FLAG_SEEN;
    uint32_t uid;

    if (private_seen)
        info.flags &= ~(uint32_t)FLAG_SEEN;
    if (r->rights & ACL_W) {
        info.keywords = m->flags.keywords;
        info.nkeywords = m->flags.nkeywords;
    }
    err_t err = commit_append(c, m->stage, &info, &uid);
    if (err)
        return err;
    ranges_add(&r->uids, uid, uid);
    if (seen && private_seen)
        ranges_add(private_seen, uid, uid);
    return annotate(r, c, m, uid);
}

static err_t add_all(struct append_run *r, struct commit *c, struct ranges *private_seen)
{
    err_t err = commit_check_quota(c, QUOTA_STRICT, r->bytes, (uint32_t)r->messages.n);

    for (size_t i = 0; i < r->messages.n && !err; i++)
        err = add_one(r, c, VEC_AT(&r->messages, struct append_message, i), private_seen);
    return err ? err : commit_check_annotation_quota(c);
}

/* Ends the commits that the messages and what they replace are in. */
struct append_commits {
    struct commit *target, *source;     /* the same within one mailbox; source NULL: nothing is replaced */
    bool selected;                      /* the target is the selected mailbox */
};

static err_t begin(struct append_run *r, struct append_commits *c, bool replacing)
{
    struct view *v = r->s->view;

    *c = (struct append_commits){ .selected = v && slice_eq(mailbox_uniqueid(view_mailbox(v)),
                                                            mailbox_uniqueid(r->mb)) };
    if (replacing && !c->selected)
        return view_commit_begin_two(v, r->mb, &c->source, &c->target);
    err_t err = c->selected ? view_commit_begin(v, &c->target) : commit_begin(r->mb, NULL, &c->target);
    c->source = replacing ? c->target : NULL;
    return err;
}

static err_t end(struct append_run *r, struct append_commits *c)
{
    struct view *v = r->s->view;

    if (c->selected)
        return view_commit_end(v, &c->target, NULL);
    return c->source ? view_commit_end_two(v, &c->source, &c->target) : commit_end(&c->target);
}

static void give_up(struct append_commits *c)
{
    if (c->source != c->target)
        commit_abort(&c->source);
    commit_abort(&c->target);
}

static err_t store(struct append_run *r, uint32_t msgno)
{
    struct session *s = r->s;
    struct ranges seen = RANGES_INIT;
    struct append_commits c;
    err_t err = begin(r, &c, msgno > 0);

    if (err)
        return err;
    const bool internal = seen_is_internal(r->mb, ident_userid(s->base->ident));
    err = add_all(r, c.target, internal ? NULL : &seen);
    if (!err && msgno)
        err = view_is_expunged(s->view, msgno) ? ERR_AGAIN
                                               : commit_expunge(c.source, view_recno(s->view, msgno));
    r->uidvalidity = mailbox_head(r->mb)->uidvalidity;
    if (err)
        give_up(&c);
    else
        err = end(r, &c);
    if (!err && c.selected)
        view_own(s->view, &r->uids);
    if (!err)
        err = store_private_seen(r, &seen);
    ranges_fini(&seen);
    return err;
}

err_t append_store_instead(struct append_run *r, uint32_t msgno)
{
    err_t err = mailbox_open_entry(r->s->base->store, &r->entry, &r->mb);

    return err ? err : store(r, msgno);
}

err_t append_store(struct append_run *r)
{
    return append_store_instead(r, 0);
}

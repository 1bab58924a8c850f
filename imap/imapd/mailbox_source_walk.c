/* mailbox_source_walk.c - the mailboxes that a specifier means; see mailbox_source.h */
#include "imap/imapd/mailbox_source.h"

#include "imap/store/mbname.h"
#include "imap/store/subs.h"

struct source_walk {
    struct session *s;
    const struct mailbox_source *source;
    mailbox_source_fn *fn;
    void *arg;
};

static err_t visit(void *arg, const struct mblist_seen *seen)
{
    struct source_walk *w = arg;
    struct slice intname = buf_slice(&seen->entry->name);
    bool named = w->source->kind == SOURCE_SUBTREE || w->source->kind == SOURCE_SUBTREE_ONE;
    bool wanted = named ? mailbox_source_below(seen->ext, w->source->ext, namespace_sep(w->s->ns),
                                               w->source->kind == SOURCE_SUBTREE_ONE)
                        : mbname_owned_by(intname, ident_userid(w->s->base->ident));

    if (wanted)
        w->fn(w->arg, intname);
    return ERR_OK;
}

static err_t visit_subscription(void *arg, struct slice intname)
{
    struct source_walk *w = arg;
    struct session_base *b = w->s->base;
    rights_t rights = 0;
    struct mbentry entry;

    mbentry_init(&entry);
    if (mblist_access(b->store, intname, b->ident, b->is_admin, &entry, &rights) == ERR_OK
        && policy_check(OP_LOOKUP, rights) == ERR_OK)
        w->fn(w->arg, intname);
    mbentry_fini(&entry);
    return ERR_OK;
}

static err_t walk_named(struct source_walk *w)
{
    struct buf name = BUF_INIT;

    if (namespace_to_internal(w->s->ns, w->source->ext, &name) == ERR_OK)
        w->fn(w->arg, buf_slice(&name));
    buf_fini(&name);
    return ERR_OK;
}

static err_t walk(struct source_walk *w, const struct slice *ranges, size_t n)
{
    struct session_base *b = w->s->base;

    return mblist_visible(b->store, w->s->ns, b->ident, b->is_admin, ranges, n, visit, w);
}

static err_t walk_personal(struct source_walk *w)
{
    struct slice inbox = namespace_inbox(w->s->ns);

    return inbox.n ? walk(w, &inbox, 1) : ERR_OK;
}

static err_t walk_subtree(struct source_walk *w)
{
    enum { RANGES_MAX = 8 };
    struct buf bytes = BUF_INIT;
    struct slice ranges[RANGES_MAX];
    size_t n = namespace_scan_ranges(w->s->ns, w->source->ext, &bytes, ranges, RANGES_MAX);
    err_t err = walk(w, ranges, n);

    buf_fini(&bytes);
    return err;
}

err_t mailbox_source_walk(struct session *s, const struct mailbox_source *source, mailbox_source_fn *fn, void *arg)
{
    struct source_walk w = { .s = s, .source = source, .fn = fn, .arg = arg };

    switch (source->kind) {
    case SOURCE_INBOXES:
    case SOURCE_PERSONAL: return walk_personal(&w);
    case SOURCE_SUBSCRIBED:
        return subs_foreach(s->base->store, ident_userid(s->base->ident), visit_subscription, &w);
    case SOURCE_SUBTREE:
    case SOURCE_SUBTREE_ONE: return walk_subtree(&w);
    case SOURCE_MAILBOXES: return walk_named(&w);
    case SOURCE_SELECTED:
    case SOURCE_DELAYED: break;
    }
    return ERR_OK;
}

/* notify_tell.c - what happened in other mailboxes, as STATUS, LIST and METADATA (RFC 5465 5)
 *
 * Events need the rights l and r, names only l; what the user may not look up is as if it were not
 * there.  What this session did itself is not told.
 */
#include "imap/imapd/notify_impl.h"

#include <stdint.h>
#include <unistd.h>

#include "imap/imapd/list_tell.h"
#include "imap/imapd/metadata.h"
#include "imap/imapd/status_items.h"
#include "imap/imapd/view.h"
#include "imap/store/annot.h"
#include "imap/store/mbname.h"
#include "imap/store/subs.h"
#include "lib/text/imapout.h"

/* ---- which groups ---- */

static bool is_me(const struct session *s, struct slice userid)
{
    return slice_eq(userid, ident_userid(s->base->ident));
}

/* In the tree that the client sees; the top as it would be told now. */
static bool is_below_top(struct session *s, struct slice intname, const struct mailbox_source *source)
{
    struct buf top = BUF_INIT, ext = BUF_INIT;
    bool below;

    namespace_to_external(s->ns, intname, &ext);
    if (source->intname.n)
        namespace_to_external(s->ns, source->intname, &top);
    else
        buf_add_slice(&top, source->ext);
    below = ext.n && mailbox_source_below(buf_slice(&ext), buf_slice(&top), namespace_sep(s->ns), false);
    buf_fini(&top);
    buf_fini(&ext);
    return below;
}

static bool source_has(struct session *s, const struct mailbox_source *source, struct slice intname)
{
    switch (source->kind) {
    case SOURCE_INBOXES:
    case SOURCE_PERSONAL:
        return namespace_inbox(s->ns).n && mbname_owned_by(intname, ident_userid(s->base->ident));
    case SOURCE_SUBSCRIBED: return subs_has(s->base->store, ident_userid(s->base->ident), intname);
    case SOURCE_SUBTREE: return is_below_top(s, intname, source);
    case SOURCE_MAILBOXES: return slice_eq(intname, source->intname);
    default: return false;
    }
}

/* Only groups with one of these events are asked. */
static unsigned wants(struct session *s, struct slice intname, unsigned events)
{
    const struct vec *groups = &s->notify->args.groups;
    unsigned wanted = 0;

    for (size_t i = 0; i < groups->n && (events & ~wanted); i++) {
        const struct notify_group *g = VEC_AT(groups, struct notify_group, i);
        bool has = false;

        for (size_t k = 0; k < g->sources.n && !has && (g->events & events & ~wanted); k++)
            has = source_has(s, VEC_AT(&g->sources, struct mailbox_source, k), intname);
        wanted |= has ? g->events & events : 0;
    }
    return wanted;
}

static bool is_selected(const struct session *s, struct slice intname)
{
    return s->state == ST_SELECTED && s->view && slice_eq(intname, mailbox_name(view_mailbox(s->view)));
}

/* ---- STATUS ---- */

/* RFC 5465 3.1, 5.1-5.3: what a STATUS for these events has. */
static unsigned items_of(const struct session *s, unsigned events)
{
    unsigned items = STATUS_ITEM_UIDVALIDITY;

    if (events & (NOTIFY_NEW | NOTIFY_EXPUNGE))
        items |= STATUS_ITEM_MESSAGES | STATUS_ITEM_UIDNEXT;
    if (events & NOTIFY_FLAGS)
        items |= STATUS_ITEM_UNSEEN;
    if (s->enabled & ENABLED_CONDSTORE)
        items |= STATUS_ITEM_MODSEQ;
    return items;
}

static void put_status(struct session *s, struct slice intname, unsigned items)
{
    struct session_base *b = s->base;
    struct mbentry entry;
    rights_t rights = 0;

    mbentry_init(&entry);
    if (mblist_access(b->store, intname, b->ident, b->is_admin, &entry, &rights) == ERR_OK
        && mbentry_is_mail(&entry) && (rights & ACL_L) && policy_check(OP_STATUS, rights) == ERR_OK)
        (void)!status_items_put(s, &entry, items);      /* else logged; the next event tries again */
    mbentry_fini(&entry);
}

/* Several changes of a mailbox that are heard of together are one STATUS. */
static void note_changed(struct session *s, struct slice intname, unsigned events)
{
    const uintptr_t before = (uintptr_t)map_get(s->notify->changed, intname);

    if (events && !is_selected(s, intname))
        map_put(s->notify->changed, intname, (void *)(before | events)); /* NOLINT: a set of bits */
}

void notify_put_changed(struct session *s)
{
    struct notify *n = s->notify;
    struct slice name;
    size_t pos = 0;
    void *events;

    if (map_count(n->changed) == 0)
        return;
    while (map_next(n->changed, &pos, &name, &events))
        if (!is_selected(s, name))
            put_status(s, name, items_of(s, (unsigned)(uintptr_t)events));
    map_free(&n->changed);
    n->changed = map_new(NULL);
}

/* ---- names ---- */

static rights_t rights_by(const struct session *s, struct slice intname, struct slice acl)
{
    return acl_effective(intname, acl, s->base->ident, s->base->is_admin);
}

static rights_t rights_now(const struct session *s, struct slice intname)
{
    struct session_base *b = s->base;
    struct mbentry entry;
    rights_t rights = 0;

    mbentry_init(&entry);
    if (mblist_access(b->store, intname, b->ident, b->is_admin, &entry, &rights) != ERR_OK)
        rights = 0;
    mbentry_fini(&entry);
    return rights;
}

/* A name that this user could be told, with these rights. */
static bool is_visible(struct session *s, struct slice intname, rights_t rights)
{
    struct buf ext = BUF_INIT;
    bool visible;

    namespace_to_external(s->ns, intname, &ext);
    visible = ext.n && (rights & ACL_L) && !namespace_hides(s->ns, intname);
    buf_fini(&ext);
    return visible;
}

/* The direct parent as the client sees names: "has children" may have changed there (RFC 5465 5.4). */
static void tell_parent(struct session *s, struct slice intname)
{
    struct buf ext = BUF_INIT, parent = BUF_INIT;
    ssize_t sep;

    namespace_to_external(s->ns, intname, &ext);
    sep = slice_rfind(buf_slice(&ext), namespace_sep(s->ns));
    if (sep > 0 && namespace_to_internal(s->ns, slice_cut(buf_slice(&ext), 0, (size_t)sep), &parent) == ERR_OK
        && wants(s, buf_slice(&parent), NOTIFY_NAME))
        list_tell(s, buf_slice(&parent), SLICE_NULL, 0);
    buf_fini(&ext);
    buf_fini(&parent);
}

static void tell_name(struct session *s, struct slice intname)
{
    if (wants(s, intname, NOTIFY_NAME))
        list_tell(s, intname, SLICE_NULL, 0);
    tell_parent(s, intname);
}

static void on_created(struct session *s, const struct event *ev)
{
    if (!is_visible(s, ev->mailbox, rights_now(s, ev->mailbox)))
        return;
    tell_name(s, ev->mailbox);
    note_changed(s, ev->mailbox, wants(s, ev->mailbox, NOTIFY_MESSAGES));
}

/* An ACL that was too long for the event is still there while the mailbox is kept. */
static rights_t rights_before(const struct session *s, const struct event *ev)
{
    struct mbentry entry;
    rights_t rights = rights_by(s, ev->mailbox, ev->acl);

    if (ev->acl.n || !ev->other.n)
        return rights;
    mbentry_init(&entry);
    if (mblist_lookup(s->base->store, ev->other, &entry) == ERR_OK)
        rights = rights_by(s, ev->mailbox, buf_slice(&entry.acl));
    mbentry_fini(&entry);
    return rights;
}

static void on_deleted(struct session *s, const struct event *ev)
{
    if (is_visible(s, ev->mailbox, rights_before(s, ev)))
        tell_name(s, ev->mailbox);
}

/* Was the mailbox above it renamed, too, and was that told? */
static bool was_told(const struct notify *n, const struct event *ev)
{
    return n->renamed_from.n && mbname_is_below(ev->mailbox, buf_slice(&n->renamed_from))
           && mbname_is_below(ev->other, buf_slice(&n->renamed_to));
}

static void tell_renamed(struct session *s, const struct event *ev)
{
    struct notify *n = s->notify;
    struct buf old = BUF_INIT;

    if (was_told(n, ev) || !(wants(s, ev->mailbox, NOTIFY_NAME) | wants(s, ev->other, NOTIFY_NAME)))
        return;
    buf_reset(&n->renamed_from);
    buf_add_slice(&n->renamed_from, ev->mailbox);
    buf_reset(&n->renamed_to);
    buf_add_slice(&n->renamed_to, ev->other);
    namespace_to_external(s->ns, ev->mailbox, &old);
    list_tell(s, ev->other, buf_slice(&old), 0);
    buf_fini(&old);
}

static void on_renamed(struct session *s, const struct event *ev)
{
    bool before = is_visible(s, ev->mailbox, rights_before(s, ev));
    bool after = is_visible(s, ev->other, rights_now(s, ev->other));

    if (before && after)
        tell_renamed(s, ev);
    else if (before)
        tell_name(s, ev->mailbox);
    else if (after)
        tell_name(s, ev->other);
    if (after)
        note_changed(s, ev->other, wants(s, ev->other, NOTIFY_MESSAGES));
}

/* ---- rights (RFC 5465 5.4, 5.9) ---- */

static void on_acl(struct session *s, const struct event *ev)
{
    const unsigned any = NOTIFY_NAME | NOTIFY_MESSAGES;
    const bool unknown = !ev->old_acl.n && !ev->acl.n;  /* too long for an event: as if they were new */
    rights_t old = unknown ? 0 : rights_by(s, ev->mailbox, ev->old_acl);
    rights_t now = unknown ? rights_now(s, ev->mailbox) : rights_by(s, ev->mailbox, ev->acl);
    rights_t differs = old ^ now;
    unsigned wanted;

    if (!is_visible(s, ev->mailbox, old | now) || !(differs & (ACL_L | ACL_R)))
        return;
    wanted = wants(s, ev->mailbox, any);
    if (differs & ACL_L) {
        if (wanted)
            list_tell(s, ev->mailbox, SLICE_NULL, now & ACL_L ? 0 : LIST_TELL_NO_ACCESS);
        tell_parent(s, ev->mailbox);
    } else if (wanted & NOTIFY_MESSAGES) {
        list_tell(s, ev->mailbox, SLICE_NULL, now & ACL_R ? 0 : LIST_TELL_NO_ACCESS);
    }
    note_changed(s, ev->mailbox, wanted & NOTIFY_MESSAGES); /* what was missed; nothing without r */
}

/* ---- subscriptions ---- */

/* One that was just removed is not among those of SUBSCRIBED, though it was. */
static bool wants_subscription(struct session *s, struct slice intname)
{
    const struct vec *groups = &s->notify->args.groups;

    for (size_t i = 0; i < groups->n; i++) {
        const struct notify_group *g = VEC_AT(groups, struct notify_group, i);
        const struct mailbox_source *first = VEC_AT(&g->sources, struct mailbox_source, 0);
        if ((g->events & NOTIFY_SUBSCRIPTION) && first->kind == SOURCE_SUBSCRIBED)
            return true;
    }
    return wants(s, intname, NOTIFY_SUBSCRIPTION);
}

static void on_subscription(struct session *s, const struct event *ev, bool is_own)
{
    if (!is_me(s, ev->other))
        return;
    notify_subscribed(s, ev->mailbox);
    if (!is_own && (s->notify->others & NOTIFY_SUBSCRIPTION) && wants_subscription(s, ev->mailbox))
        list_tell(s, ev->mailbox, SLICE_NULL, 0);
}

/* ---- annotations ---- */

/* Names of shared entries, and of private ones if they are this user's, each behind a blank. */
static void put_entries(struct slice entries, bool is_mine, struct buf *out)
{
    struct slice entry;

    while (entries.n) {
        entries = slice_split(entries, '\n', &entry, NULL);
        if (!entry.n || (!is_mine && slice_starts(entry, SLICE_LIT("/private/"))))
            continue;
        buf_addc(out, ' ');
        imapout_astring(out, entry, 0);
    }
}

static bool may_read_metadata(struct session *s, struct slice intname)
{
    struct session_base *b = s->base;
    struct mbentry entry;
    rights_t rights = 0;
    bool may;

    mbentry_init(&entry);
    may = mblist_access(b->store, intname, b->ident, b->is_admin, &entry, &rights) == ERR_OK && mbentry_is_mail(&entry)
          && policy_check(OP_STATUS, rights) == ERR_OK && metadata_may_read(s, &entry, rights);
    mbentry_fini(&entry);
    return may;
}

static void on_metadata(struct session *s, const struct event *ev)
{
    struct buf name = BUF_INIT, entries = BUF_INIT;
    bool wanted;

    put_entries(ev->entries, slice_eq(ev->other, annot_userid(ev->mailbox, ident_userid(s->base->ident))), &entries);
    if (ev->mailbox.n) {
        session_put_mailbox(s, &name, ev->mailbox);
        wanted = wants(s, ev->mailbox, NOTIFY_MAILBOX_METADATA) && may_read_metadata(s, ev->mailbox);
    } else {
        buf_adds(&name, "\"\"");
        wanted = s->notify->others & NOTIFY_SERVER_METADATA;
    }
    if (wanted && entries.n)
        untagged(s, "METADATA %.*s%.*s", SLICE_ARG(buf_slice(&name)), SLICE_ARG(buf_slice(&entries)));
    buf_fini(&name);
    buf_fini(&entries);
}

/* ---- all events ---- */

static void on_changed(struct session *s, const struct event *ev)
{
    unsigned events = 0;

    if (ev->what & EVENT_NEW)
        events |= NOTIFY_NEW;
    if (ev->what & EVENT_EXPUNGED)
        events |= NOTIFY_EXPUNGE;
    if (ev->what & EVENT_FLAGS)
        events |= NOTIFY_FLAGS;
    note_changed(s, ev->mailbox, wants(s, ev->mailbox, events));
}

void notify_event(struct session *s, const struct event *ev)
{
    const bool is_own = ev->origin == (uint64_t)getpid();

    if (ev->kind != EVENT_CHANGED)
        notify_put_changed(s);                  /* in the order of events */
    if (ev->kind == EVENT_SUBSCRIPTION)
        on_subscription(s, ev, is_own);
    if (is_own || mbname_is_deleted(ev->mailbox))
        return;
    switch (ev->kind) {
    case EVENT_CHANGED: on_changed(s, ev); break;
    case EVENT_CREATED: on_created(s, ev); break;
    case EVENT_DELETED: on_deleted(s, ev); break;
    case EVENT_RENAMED: on_renamed(s, ev); break;
    case EVENT_ACL: on_acl(s, ev); break;
    case EVENT_METADATA: on_metadata(s, ev); break;
    case EVENT_SUBSCRIPTION: break;
    }
}

/* ---- NOTIFY SET ---- */

struct beginning {
    struct session *s;
    bool status;
    struct map *done;                           /* names */
};

/* A mailbox that is specified: its STATUS (RFC 5465 3.1), or that it may not be read. */
static void begin_one(void *arg, struct slice intname)
{
    struct beginning *b = arg;
    struct session_base *base = b->s->base;
    struct mbentry entry;
    rights_t rights = 0;
    unsigned events, items;

    if (map_has(b->done, intname) || is_selected(b->s, intname))
        return;
    map_put(b->done, intname, b);
    mbentry_init(&entry);
    if (mblist_access(base->store, intname, base->ident, base->is_admin, &entry, &rights) == ERR_OK
        && mbentry_is_mail(&entry) && is_visible(b->s, intname, rights)) {
        events = wants(b->s, intname, NOTIFY_MESSAGES);
        items = items_of(b->s, events & ~(unsigned)NOTIFY_FLAGS) | (events & NOTIFY_FLAGS ? STATUS_ITEM_MODSEQ : 0u);
        if (policy_check(OP_STATUS, rights) != ERR_OK)
            list_tell(b->s, intname, SLICE_NULL, LIST_TELL_NO_ACCESS);
        else if (b->status && events)
            (void)!status_items_put(b->s, &entry, items);
    }
    mbentry_fini(&entry);
}

err_t notify_begin(struct session *s, bool status)
{
    const struct vec *groups = &s->notify->args.groups;
    struct beginning b = { .s = s, .status = status, .done = map_new(NULL) };
    err_t err = ERR_OK;

    for (size_t i = 0; i < groups->n; i++) {
        const struct notify_group *g = VEC_AT(groups, struct notify_group, i);

        for (size_t k = 0; k < g->sources.n && g->events && !err; k++)
            err = mailbox_source_walk(s, VEC_AT(&g->sources, struct mailbox_source, k), begin_one, &b);
    }
    map_free(&b.done);
    return err;
}

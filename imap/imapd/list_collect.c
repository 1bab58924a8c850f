/* list_collect.c - the names that LIST may tell
 *
 * All visible names in the ranges that the patterns can reach are collected and sorted: by parts of
 * the tree in the order of 3.6, within one with the separator lowest, so that children follow their
 * parent: then "has children" and parents that exist only as names are seen from the neighbours.
 */
#include "imap/imapd/list.h"

#include "imap/store/mbentry.h"
#include "imap/store/mbname.h"
#include "imap/store/subs.h"
#include "lib/conf/conf.h"

enum { RANGES_MAX = 8 };

bool list_matches(const struct list_run *r, struct slice name)
{
    for (size_t i = 0; i < r->npatterns; i++)
        if (glob_matches(r->pattern[i], name))
            return true;
    return false;
}

bool list_is_selected(const struct list_run *r, const struct list_item *it)
{
    if ((r->select & SEL_SUBSCRIBED) && !it->subscribed)
        return false;
    if ((r->select & SEL_SPECIAL) && !it->uses.n)
        return false;
    return it->exists || (r->select & SEL_SUBSCRIBED);
}

/* ---- items */

static enum list_part part_of(const struct session *s, struct slice intname)
{
    if (mbname_is_deleted(intname))
        return PART_DELETED;
    if (!s->base->is_admin && mbname_owned_by(intname, ident_userid(s->base->ident)))
        return PART_OWN;
    return slice_starts(mbname_local(intname), SLICE_LIT("user.")) ? PART_USERS : PART_SHARED;
}

static struct list_item *add_item(struct list_run *r, struct slice ext, struct slice intname,
                                  bool exists)
{
    struct list_item *it = VEC_PUSH(&r->items, struct list_item);

    *it = (struct list_item){
        .ext = arena_dup(r->arena, ext),
        .intname = arena_dup(r->arena, intname),
        .part = part_of(r->s, intname),
        .exists = exists,
        .subscribed = r->subs && map_has(r->subs, ext),
    };
    return it;
}

/* Special uses, where they decide or will be told. */
static void find_uses(struct list_run *r, struct list_item *it, const struct mbentry *e)
{
    struct slice uses;

    if (!r->uses || (!(r->select & SEL_SPECIAL) && !list_matches(r, it->ext)))
        return;
    uses = specialuse_of(r->uses, e);
    if (uses.n)
        it->uses = arena_dup(r->arena, uses);
}

static err_t collect_visible(void *arg, const struct mblist_seen *seen)
{
    struct list_run *r = arg;
    struct list_item *it = add_item(r, seen->ext, buf_slice(&seen->entry->name), true);
    struct mbentry *kept;

    find_uses(r, it, seen->entry);
    if ((r->ret & RET_OF_ENTRY) && list_matches(r, it->ext)) {
        kept = arena_alloc(r->arena, sizeof *kept); /* saves another look at the list for each */
        mbentry_init(kept);
        mbentry_copy(kept, seen->entry);
        *VEC_PUSH(&r->entries, struct mbentry *) = kept;
        it->entry = kept;
        it->rights = seen->rights;
    }
    return ERR_OK;
}

/* ---- subscriptions */

static void find_uses_by_name(struct list_run *r, struct list_item *it)
{
    struct mbentry e;

    if (!r->uses || specialuse_is_empty(r->uses) || !list_matches(r, it->ext))
        return;
    mbentry_init(&e);
    if (mblist_lookup(r->s->base->store, it->intname, &e) == ERR_OK)
        find_uses(r, it, &e);
    mbentry_fini(&e);
}

static err_t collect_subscription(void *arg, struct slice intname)
{
    struct list_run *r = arg;
    struct buf ext = BUF_INIT;

    namespace_to_external(r->s->ns, intname, &ext);
    if (r->kind == LIST_LSUB) {
        find_uses_by_name(r, add_item(r, buf_slice(&ext), intname, true));
    } else if (!map_has(r->subs, buf_slice(&ext))) {
        struct slice *name = arena_alloc(r->arena, sizeof *name);
        *name = arena_dup(r->arena, intname);
        map_put(r->subs, buf_slice(&ext), name);
    }
    buf_fini(&ext);
    return ERR_OK;
}

static err_t load_subscriptions(struct list_run *r)
{
    if (r->kind != LIST_LSUB)
        r->subs = map_new(NULL);
    return subs_foreach(r->s->base->store, ident_userid(r->s->base->ident), collect_subscription,
                        r);
}

/* Subscribed names that are no mailbox (any more). */
static void add_missing_subscriptions(struct list_run *r)
{
    struct map *seen = map_new(NULL);
    struct slice key;
    void *value;
    size_t pos = 0, n = r->items.n;

    for (size_t i = 0; i < n; i++)
        map_put(seen, VEC_AT(&r->items, struct list_item, i)->ext, r);
    while (map_next(r->subs, &pos, &key, &value))
        if (!map_has(seen, key))
            add_item(r, key, *(struct slice *)value, false);
    map_free(&seen);
}

/* ---- mailboxes */

/* Those that the patterns can reach; 0: everything. */
static size_t find_ranges(struct list_run *r, struct buf bytes[], struct slice ranges[])
{
    size_t n = 0;

    for (size_t i = 0; i < r->npatterns; i++) {
        size_t more;

        if (i == RANGES_MAX || n == RANGES_MAX)
            return 0;
        more = namespace_scan_ranges(r->s->ns, glob_literal_prefix(r->pattern[i]), &bytes[i],
                                     ranges + n, RANGES_MAX - n);
        if (!more)
            return 0;
        n += more;
    }
    return n;
}

static err_t collect_mailboxes(struct list_run *r)
{
    struct session_base *b = r->s->base;
    struct buf bytes[RANGES_MAX] = { BUF_INIT };
    struct slice ranges[RANGES_MAX];
    size_t n = find_ranges(r, bytes, ranges);
    err_t err =
        mblist_visible(b->store, r->s->ns, b->ident, b->is_admin, ranges, n, collect_visible, r);

    for (size_t i = 0; i < RANGES_MAX; i++)
        buf_fini(&bytes[i]);
    return err;
}

/* ---- order */

static int compare_items(const void *a, const void *b, void *arg)
{
    const struct list_run *r = arg;
    const struct list_item *left = a, *right = b;
    struct slice x = left->ext, y = right->ext;
    size_t n = x.n < y.n ? x.n : y.n, i = 0;

    if (slice_eqs(x, "INBOX") || slice_eqs(y, "INBOX"))
        return slice_eqs(y, "INBOX") - slice_eqs(x, "INBOX");
    if (left->part != right->part)
        return left->part < right->part ? -1 : 1;
    while (i < n && x.p[i] == y.p[i])
        i++;
    if (i == n)
        return x.n < y.n ? -1 : x.n > y.n;
    if (x.p[i] == r->sep || y.p[i] == r->sep)
        return x.p[i] == r->sep ? -1 : 1;
    return (unsigned char)x.p[i] < (unsigned char)y.p[i] ? -1 : 1;
}

static bool is_below(const struct list_run *r, struct slice name, struct slice parent)
{
    return name.n > parent.n && name.p[parent.n] == r->sep && slice_starts(name, parent);
}

/* In sorted order the descendants of a name follow it at once (INBOX is apart: it is looked up from
 * its children). */
static void mark_children(struct list_run *r)
{
    struct list_item *items = r->items.p, *inbox = NULL;

    for (size_t i = 0; i < r->items.n; i++) {
        if (slice_eqs(items[i].ext, "INBOX"))
            inbox = &items[i];
        for (size_t k = i + 1; k < r->items.n && is_below(r, items[k].ext, items[i].ext); k++) {
            items[i].has_children = true;
            items[i].child_selected |= list_is_selected(r, &items[k]);
            if (!(r->select & SEL_RECURSIVE) || items[i].child_selected)
                break;
        }
    }
    for (size_t i = 0; inbox && i < r->items.n; i++) {
        if (is_below(r, items[i].ext, inbox->ext)) {
            inbox->has_children = true;
            inbox->child_selected |= list_is_selected(r, &items[i]);
        }
    }
}

/* Are special uses told, or asked for? */
static bool wants_uses(const struct list_run *r)
{
    return conf_bool(CONF_SPECIALUSEALWAYS) || r->kind == LIST_XLIST || (r->select & SEL_SPECIAL) ||
           (r->ret & RET_SPECIAL);
}

err_t list_collect(struct list_run *r)
{
    struct session_base *b = r->s->base;
    err_t err = ERR_OK;

    if (wants_uses(r))
        err = specialuse_open(b->store, ident_userid(b->ident), b->is_admin, &r->uses);
    if (!err && (r->kind == LIST_LSUB || (r->select & SEL_SUBSCRIBED) || (r->ret & RET_SUBSCRIBED)))
        err = load_subscriptions(r);
    if (!err && r->kind != LIST_LSUB)
        err = collect_mailboxes(r);
    if (err)
        return err;
    if (r->select & SEL_SUBSCRIBED)
        add_missing_subscriptions(r);
    if (r->items.n)
        qsort_r(r->items.p, r->items.n, sizeof(struct list_item), compare_items, r);
    mark_children(r);
    return ERR_OK;
}

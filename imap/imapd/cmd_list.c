/* cmd_list.c - LIST and LSUB (RFC 3501 6.3.8, 6.3.9, 5258, 5819, 3348)
 *
 * All visible names in the ranges that the patterns can reach are collected and sorted: by parts of
 * the tree in the order of 3.6, within one with the separator lowest, so that children follow their
 * parent: then "has children" and parents that exist only as names are seen from the neighbours.
 */
#include "imap/imapd/imapd.h"

#include "imap/imapd/status_items.h"
#include "imap/store/mbentry.h"
#include "imap/store/mbname.h"
#include "imap/store/subs.h"
#include "lib/base/map.h"
#include "lib/base/vec.h"
#include "lib/conf/conf.h"
#include "lib/text/glob.h"
#include "lib/text/imapout.h"

enum { PATTERNS_MAX = 100, RANGES_MAX_SCAN = 16 };

enum list_select { SEL_SUBSCRIBED = 1, SEL_REMOTE = 2, SEL_RECURSIVE = 4 };
enum list_return { RET_SUBSCRIBED = 1, RET_CHILDREN = 2, RET_STATUS = 4 };
enum list_part { PART_OWN, PART_USERS, PART_SHARED, PART_DELETED };

struct list_item {
    struct slice ext;               /* external name, arena */
    struct slice intname;           /* empty: no mailbox */
    enum list_part part;
    bool exists, subscribed;
    bool child_subscribed;          /* some mailbox below is subscribed */
    bool has_children;
    const struct mbentry *entry;    /* for STATUS; NULL: to be looked up */
    rights_t rights;
};

struct list_run {
    struct session *s;
    struct arena *arena;
    char sep;
    bool lsub;
    unsigned select, ret;
    unsigned status;                /* items of RETURN (STATUS ...) */
    struct glob *pattern[PATTERNS_MAX];
    bool shows_levels[PATTERNS_MAX];    /* ends with "%": levels that are no mailbox are told too */
    size_t npatterns;
    struct vec items;               /* struct list_item */
    struct vec entries;             /* struct mbentry *: those of the items, for STATUS */
    struct map *subs;               /* external name -> itself; when subscriptions matter */
};

/* ---- arguments */

static const struct {
    const char *word;
    unsigned bit;
} select_words[] = {
    { "SUBSCRIBED", SEL_SUBSCRIBED }, { "REMOTE", SEL_REMOTE }, { "RECURSIVEMATCH", SEL_RECURSIVE },
};

static err_t read_select(struct list_run *r)
{
    struct imaptok *t = &r->s->tok;
    struct slice word;
    bool more;
    err_t err = imaptok_open(t);

    while (!err && (err = imaptok_more(t, &more)) == ERR_OK && more) {
        size_t i = 0;
        if ((err = imaptok_atom(t, &word)) != ERR_OK)
            break;
        while (i < 3 && !slice_eqs_nocase(word, select_words[i].word))
            i++;
        if (i == 3) {
            t->why = "Unknown selection option";
            return ERR_SYNTAX;
        }
        r->select |= select_words[i].bit;
    }
    /* RFC 5258 3.1: RECURSIVEMATCH only modifies others */
    if (!err && (r->select & SEL_RECURSIVE) && !(r->select & SEL_SUBSCRIBED)) {
        t->why = "RECURSIVEMATCH needs another selection option";
        err = ERR_SYNTAX;
    }
    return err ? err : imaptok_sp(t);
}

static err_t add_pattern(struct list_run *r, struct slice reference, struct slice pattern)
{
    struct buf whole = BUF_INIT;
    struct slice text;

    if (r->npatterns == PATTERNS_MAX)
        return ERR_LIMIT;
    buf_add_slice(&whole, reference);
    buf_add_slice(&whole, pattern);
    if (conf_bool(CONF_FOOLSTUPIDCLIENTS) && slice_eqs(buf_slice(&whole), "*")) {
        buf_reset(&whole);
        buf_adds(&whole, "INBOX*");
    }
    text = arena_dup(r->arena, buf_slice(&whole));
    r->shows_levels[r->npatterns] = slice_ends(text, SLICE_LIT("%"));
    buf_fini(&whole);
    return glob_compile(r->arena, text, r->sep, GLOB_INBOX, &r->pattern[r->npatterns++]);
}

static err_t read_patterns(struct list_run *r, struct slice reference, bool *empty)
{
    struct imaptok *t = &r->s->tok;
    struct slice p;
    bool more;
    err_t err;

    *empty = false;
    if (imaptok_peek(t) != '(') {
        err = imaptok_list_mailbox(t, &p);
        *empty = !err && p.n == 0;
        return err ? err : add_pattern(r, reference, p);
    }
    err = imaptok_open(t);
    while (!err && (err = imaptok_more(t, &more)) == ERR_OK && more)
        if ((err = imaptok_list_mailbox(t, &p)) == ERR_OK)
            err = add_pattern(r, reference, p);
    return err;
}

static err_t read_return(struct list_run *r)
{
    struct imaptok *t = &r->s->tok;
    bool more;
    err_t err;

    if (imaptok_at_end(t))
        return ERR_OK;
    if ((err = imaptok_sp(t)) != ERR_OK)
        return err;
    if (!imaptok_accept_word(t, "RETURN"))
        return ERR_SYNTAX;
    if ((err = imaptok_sp(t)) == ERR_OK)
        err = imaptok_open(t);
    while (!err && (err = imaptok_more(t, &more)) == ERR_OK && more) {
        if (imaptok_accept_word(t, "SUBSCRIBED")) {
            r->ret |= RET_SUBSCRIBED;
        } else if (imaptok_accept_word(t, "CHILDREN")) {
            r->ret |= RET_CHILDREN;
        } else if (imaptok_accept_word(t, "STATUS")) {
            r->ret |= RET_STATUS;
            if ((err = imaptok_sp(t)) == ERR_OK)
                err = status_items_read(r->s, &r->status);
        } else {
            t->why = "Unknown return option";
            err = ERR_SYNTAX;
        }
    }
    return err;
}

/* ---- collecting */

static enum list_part part_of(const struct session *s, struct slice intname)
{
    if (mbname_is_deleted(intname))
        return PART_DELETED;
    if (!s->base->is_admin && mbname_owned_by(intname, ident_userid(s->base->ident)))
        return PART_OWN;
    return slice_starts(mbname_local(intname), SLICE_LIT("user.")) ? PART_USERS : PART_SHARED;
}

static void add_item(struct list_run *r, struct slice ext, struct slice intname, bool exists)
{
    *VEC_PUSH(&r->items, struct list_item) = (struct list_item){
        .ext = arena_dup(r->arena, ext),
        .intname = arena_dup(r->arena, intname),
        .part = part_of(r->s, intname),
        .exists = exists,
        .subscribed = r->subs && map_has(r->subs, ext),
    };
}

static err_t collect_visible(void *arg, const struct mblist_seen *seen)
{
    struct list_run *r = arg;
    struct mbentry *kept;

    add_item(r, seen->ext, buf_slice(&seen->entry->name), true);
    if (r->ret & RET_STATUS) {                  /* saves another look at the list for each */
        kept = arena_alloc(r->arena, sizeof *kept);
        mbentry_init(kept);
        mbentry_copy(kept, seen->entry);
        *VEC_PUSH(&r->entries, struct mbentry *) = kept;
        struct list_item *it = VEC_AT(&r->items, struct list_item, r->items.n - 1);
        it->entry = kept;
        it->rights = seen->rights;
    }
    return ERR_OK;
}

static err_t collect_subscription(void *arg, struct slice intname)
{
    struct list_run *r = arg;
    struct buf ext = BUF_INIT;

    namespace_to_external(r->s->ns, intname, &ext);
    if (r->lsub) {
        add_item(r, buf_slice(&ext), intname, true);
    } else if (!map_has(r->subs, buf_slice(&ext))) {
        struct slice kept = arena_dup(r->arena, buf_slice(&ext));
        struct slice *name = arena_alloc(r->arena, sizeof *name);
        *name = arena_dup(r->arena, intname);
        map_put(r->subs, kept, name);
    }
    buf_fini(&ext);
    return ERR_OK;
}

static err_t load_subscriptions(struct list_run *r)
{
    if (!r->lsub)
        r->subs = map_new(NULL);
    return subs_foreach(r->s->base->store, ident_userid(r->s->base->ident), collect_subscription, r);
}

static err_t collect_mailboxes(struct list_run *r)
{
    struct session_base *b = r->s->base;
    struct buf bytes = BUF_INIT;
    struct slice ranges[RANGES_MAX_SCAN];
    size_t n = 0;
    bool everything = r->npatterns > 1;
    err_t err;

    if (!everything) {
        n = namespace_scan_ranges(r->s->ns, glob_literal_prefix(r->pattern[0]), &bytes, ranges,
                                  RANGES_MAX_SCAN);
    }
    err = mblist_visible(b->store, r->s->ns, b->ident, b->is_admin, ranges, n, collect_visible, r);
    buf_fini(&bytes);
    return err;
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

/* In sorted order the descendants of a name follow it at once (INBOX is apart: it is looked up from its
 * children). */
static void mark_children(struct list_run *r)
{
    struct list_item *items = r->items.p, *inbox = NULL;

    for (size_t i = 0; i < r->items.n; i++) {
        if (slice_eqs(items[i].ext, "INBOX"))
            inbox = &items[i];
        for (size_t k = i + 1; k < r->items.n && is_below(r, items[k].ext, items[i].ext); k++) {
            items[i].has_children = true;
            items[i].child_subscribed |= items[k].subscribed;
            if (!(r->select & SEL_RECURSIVE) || items[i].child_subscribed)
                break;
        }
    }
    for (size_t i = 0; inbox && i < r->items.n; i++) {
        if (is_below(r, items[i].ext, inbox->ext)) {
            inbox->has_children = true;
            inbox->child_subscribed |= items[i].subscribed;
        }
    }
}

/* ---- replies */

static bool matches(const struct list_run *r, struct slice name)
{
    for (size_t i = 0; i < r->npatterns; i++)
        if (glob_matches(r->pattern[i], name))
            return true;
    return false;
}

static void put_line(struct list_run *r, const struct list_item *it, bool childinfo)
{
    struct buf b = BUF_INIT;
    const char *blank = "";
    bool selectable = it->exists && it->intname.n;
    char sep[2] = { r->sep, '\0' };

    buf_adds(&b, r->lsub ? "* LSUB (" : "* LIST (");
    if (!selectable) {
        buf_adds(&b, !r->lsub && (r->select || r->ret) ? "\\NonExistent" : "\\Noselect");
        blank = " ";
    }
    if (!r->lsub || it->has_children) {
        buf_addf(&b, "%s%s", blank, it->has_children ? "\\HasChildren" : "\\HasNoChildren");
        blank = " ";
    }
    if (it->subscribed && ((r->select & SEL_SUBSCRIBED) || (r->ret & RET_SUBSCRIBED)))
        buf_addf(&b, "%s\\Subscribed", blank);
    buf_addf(&b, ") \"%s\" ", sep);
    imapout_mailbox(&b, it->ext, out_flags(r->s));
    if (childinfo)
        buf_adds(&b, " (CHILDINFO (\"SUBSCRIBED\"))");
    buf_adds(&b, "\r\n");
    stream_put_slice(out(r->s), buf_slice(&b));
    buf_fini(&b);
}

static void put_status(struct list_run *r, const struct list_item *it)
{
    struct session_base *b = r->s->base;
    struct mbentry entry;
    rights_t rights;

    if (!(r->ret & RET_STATUS) || !it->exists || it->intname.n == 0)
        return;
    mbentry_init(&entry);
    if (it->entry)
        rights = it->rights;
    else if (mblist_access(b->store, it->intname, b->ident, b->is_admin, &entry, &rights) != ERR_OK)
        rights = 0;
    /* no right to read: LIST tells the name, not the numbers (RFC 5819 2) */
    if (policy_check(OP_STATUS, rights) == ERR_OK
        && status_items_put(r->s, it->entry ? it->entry : &entry, r->status) != ERR_OK)
        untagged(r->s, "NO [UNAVAILABLE] Status of one mailbox could not be read");
    mbentry_fini(&entry);
}

static bool is_selected(const struct list_run *r, const struct list_item *it, bool *childinfo)
{
    *childinfo = (r->select & SEL_RECURSIVE) && it->child_subscribed;
    if (r->select & SEL_SUBSCRIBED)
        return it->subscribed || *childinfo;
    return it->exists;
}

/* A name's ancestor that matches a pattern with "%" but is no mailbox itself: told once. */
static void put_ancestors(struct list_run *r, struct slice name, struct map *told)
{
    for (size_t i = 0; i < r->npatterns; i++) {
        struct glob_match m = glob_match(r->pattern[i], name);
        struct slice parent = slice_cut(name, 0, m.parent);
        struct list_item it = { .ext = parent, .has_children = true };
        if (!r->shows_levels[i] || m.parent == 0 || map_has(told, parent))
            continue;
        map_put(told, parent, r);
        put_line(r, &it, (r->select & SEL_RECURSIVE) != 0);
    }
}

static void put_all(struct list_run *r)
{
    struct map *told = map_new(NULL);
    struct list_item *items = r->items.p;
    bool childinfo, ancestors = r->lsub || !(r->select & SEL_SUBSCRIBED) || (r->select & SEL_RECURSIVE);

    for (size_t i = 0; i < r->items.n; i++)
        map_put(told, items[i].ext, r);
    for (size_t i = 0; i < r->items.n; i++) {
        bool selected = is_selected(r, &items[i], &childinfo);
        if (selected && matches(r, items[i].ext)) {
            put_line(r, &items[i], childinfo);
            put_status(r, &items[i]);
        }
        if (selected && ancestors)
            put_ancestors(r, items[i].ext, told);
    }
    map_free(&told);
}

/* LIST "" "": only the separator is asked for. */
static void put_root(struct list_run *r)
{
    char sep[2] = { r->sep, '\0' };

    untagged(r->s, "%s (\\Noselect) \"%s\" \"\"", r->lsub ? "LSUB" : "LIST", sep);
}

static err_t read_args(struct list_run *r, bool *empty)
{
    struct imaptok *t = &r->s->tok;
    struct slice reference;
    err_t err = imaptok_sp(t);

    if (!err && !r->lsub && imaptok_peek(t) == '(')
        err = read_select(r);
    if (err || (err = imaptok_astring(t, &reference)) != ERR_OK || (err = imaptok_sp(t)) != ERR_OK
        || (err = read_patterns(r, reference, empty)) != ERR_OK)
        return err;
    return r->lsub ? ERR_OK : read_return(r);
}

static void run(struct list_run *r)
{
    err_t err = ERR_OK;

    if (r->lsub || (r->select & SEL_SUBSCRIBED) || (r->ret & RET_SUBSCRIBED))
        err = load_subscriptions(r);
    if (!err && !r->lsub)
        err = collect_mailboxes(r);
    if (err) {
        reply_err(r->s, err);
        return;
    }
    if (r->select & SEL_SUBSCRIBED)
        add_missing_subscriptions(r);
    if (r->items.n)
        qsort_r(r->items.p, r->items.n, sizeof(struct list_item), compare_items, r);
    mark_children(r);
    put_all(r);
    reply_ok(r->s, "Completed");
}

static void list(struct session *s, bool lsub)
{
    struct list_run r = { .s = s, .arena = s->base->command, .sep = namespace_sep(s->ns), .lsub = lsub };
    bool empty;
    err_t err;

    vec_init(&r.items, sizeof(struct list_item));
    vec_init(&r.entries, sizeof(struct mbentry *));
    err = read_args(&r, &empty);
    if (err) {
        args_bad(s, err);
    } else if (args_end(s) == ERR_OK) {
        if (empty) {
            put_root(&r);
            reply_ok(s, "Completed");
        } else {
            run(&r);
        }
    }
    map_free(&r.subs);
    vec_fini(&r.items);
    for (size_t i = 0; i < r.entries.n; i++)
        mbentry_fini(*VEC_AT(&r.entries, struct mbentry *, i));
    vec_fini(&r.entries);
}

void cmd_list(void *session, const struct command *cmd)
{
    list(session, false);
}

void cmd_lsub(void *session, const struct command *cmd)
{
    list(session, true);
}

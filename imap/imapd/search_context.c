/* search_context.c - see search_context.h */
#include "imap/imapd/search_context.h"

#include <inttypes.h>

#include "imap/imapd/fetch.h"
#include "imap/imapd/notify.h"
#include "imap/imapd/search_state.h"
#include "lib/base/mem.h"

struct context {
    struct arena *arena;                /* of tag and program */
    struct slice tag;
    struct search_args args;
    bool is_uid, is_sorted;
    struct sort_order order;
    struct ranges uids;                 /* that match */
    struct vec list;                    /* the same in order (uint32_t), if it is sorted */
    const struct fetch *fetch;          /* to be told of new messages; NULL: nothing */
};

struct contexts {
    struct vec all;                     /* struct context * */
};

/* ---- begin and end ---- */

struct contexts *contexts_new(void)
{
    struct contexts *c = mem_zalloc(sizeof *c);

    vec_init(&c->all, sizeof(struct context *));
    return c;
}

static void context_free(struct context *c)
{
    ranges_fini(&c->uids);
    vec_fini(&c->list);
    arena_free(&c->arena);
    mem_free(c);
}

static struct context *at(const struct contexts *c, size_t i)
{
    return *VEC_AT(&c->all, struct context *, i);
}

void contexts_free(struct contexts **cp)
{
    struct contexts *c = *cp;

    if (!c)
        return;
    *cp = NULL;
    for (size_t i = 0; i < c->all.n; i++)
        context_free(at(c, i));
    vec_fini(&c->all);
    mem_free(c);
}

bool contexts_any(const struct contexts *c)
{
    return c->all.n > 0;
}

/* Index of the context with that tag, or the number of them. */
static size_t find(const struct contexts *c, struct slice tag)
{
    size_t i = 0;

    while (i < c->all.n && !slice_eq(at(c, i)->tag, tag))
        i++;
    return i;
}

err_t context_prepare(struct session *s, struct search_args *a)
{
    struct contexts *c = search_contexts(view_search(s->view));

    if (find(c, s->tag) < c->all.n) {
        reply_bad(s, "Tag reuse");
        return ERR_EXISTS;
    }
    a->arena = arena_new(0);
    return ERR_OK;
}

void context_drop(struct session *s, struct search_args *a)
{
    if (a->arena != s->base->command)
        arena_free(&a->arena);
}

bool context_cancel(struct contexts *c, struct slice tag)
{
    size_t i = find(c, tag);

    if (i == c->all.n)
        return false;
    context_free(at(c, i));
    vec_remove(&c->all, i);
    return true;
}

static uint32_t uid_of(void *view, uint32_t msgno)
{
    return view_uid(view, msgno);
}

void context_begin(struct session *s, struct search_args *a, const struct search_return *ret,
                   const struct sort_order *order, const struct vec *hits)
{
    struct contexts *all = search_contexts(view_search(s->view));
    struct context *c;

    if (all->all.n >= CONTEXTS_MAX) {
        untagged(s, "NO [NOUPDATE \"%.*s\"] Too many contexts", SLICE_ARG(s->tag));
        context_drop(s, a);
        return;
    }
    c = mem_zalloc(sizeof *c);
    *c = (struct context){ .arena = a->arena, .args = *a, .is_uid = s->is_uid, .is_sorted = order != NULL };
    c->tag = arena_dup(c->arena, s->tag);
    if (ret->fetch)
        c->fetch = fetch_keep(ret->fetch, c->arena);
    if (order)
        c->order = *order;
    vec_init(&c->list, sizeof(uint32_t));
    for (size_t i = 0; i < hits->n; i++)
        *VEC_PUSH(&c->list, uint32_t) = view_uid(s->view, *VEC_AT(hits, uint32_t, i));
    search_uid_set(&c->list, &c->uids);
    if (!order)
        vec_fini(&c->list);
    expr_freeze(c->args.root, view_exists(s->view), uid_of, s->view);
    *VEC_PUSH(&all->all, struct context *) = c;
}

/* ---- telling ---- */

/* One response for a context, begun when there is something to say in it. */
struct reply {
    struct session *s;
    const struct context *c;
    bool begun;
};

static void begin_item(struct reply *r, const char *item)
{
    struct stream *o = out(r->s);

    if (!r->begun)
        stream_printf(o, "* ESEARCH (TAG \"%.*s\")%s", SLICE_ARG(r->c->tag), r->c->is_uid ? " UID" : "");
    r->begun = true;
    stream_printf(o, " %s (", item);
}

static void end_reply(struct reply *r)
{
    if (r->begun)
        stream_puts(out(r->s), "\r\n");
}

/* "position set": UIDs list[from..to) as the client counts messages. */
static void put_pair(struct reply *r, bool first, size_t position, const struct vec *list, size_t from, size_t to)
{
    struct stream *o = out(r->s);
    struct view *v = r->s->view;
    struct vec numbers = VEC_INIT(uint32_t);

    for (size_t i = from; i < to; i++)
        *VEC_PUSH(&numbers, uint32_t) = view_msgno_of_uid(v, *VEC_AT(list, uint32_t, i));
    stream_printf(o, "%s%zu ", first ? "" : " ", position);
    search_put_set(o, v, &numbers, 0, numbers.n, r->c->is_uid);
    vec_fini(&numbers);
}

/* SEARCH: the place of a message follows from its number, position 0 says so (RFC 5267 4.3.3). */
static void put_unsorted(struct reply *r, const char *item, const struct ranges *uids)
{
    struct vec list = VEC_INIT(uint32_t);
    uint32_t uid;

    if (ranges_empty(uids))
        return;
    for (struct ranges_iter it = { 0 }; ranges_next(uids, &it, &uid);)
        *VEC_PUSH(&list, uint32_t) = uid;
    begin_item(r, item);
    put_pair(r, true, 0, &list, 0, list.n);
    stream_puts(out(r->s), ")");
    vec_fini(&list);
}

/* From the end to the front, so that positions told later still hold. */
static void put_removed(struct reply *r, const struct vec *list, const struct ranges *uids)
{
    bool first = true;

    if (ranges_empty(uids))
        return;
    begin_item(r, "REMOVEFROM");
    for (size_t to = list->n, from; to > 0; to = from) {
        from = to - 1;
        if (!ranges_has(uids, *VEC_AT(list, uint32_t, from)))
            continue;
        while (from > 0 && ranges_has(uids, *VEC_AT(list, uint32_t, from - 1)))
            from--;
        put_pair(r, first, from + 1, list, from, to);
        first = false;
    }
    stream_puts(out(r->s), ")");
}

/* From the front: what was told before is in its place already. */
static void put_added(struct reply *r, const struct vec *list, const struct ranges *uids)
{
    bool first = true;

    if (ranges_empty(uids))
        return;
    begin_item(r, "ADDTO");
    for (size_t from = 0, to; from < list->n; from = to) {
        to = from + 1;
        if (!ranges_has(uids, *VEC_AT(list, uint32_t, from)))
            continue;
        while (to < list->n && ranges_has(uids, *VEC_AT(list, uint32_t, to)))
            to++;
        put_pair(r, first, from + 1, list, from, to);
        first = false;
    }
    stream_puts(out(r->s), ")");
}

/* ---- changing a context ---- */

static void remove_uids(struct context *c, struct reply *r, const struct ranges *uids)
{
    size_t kept = 0;

    if (!c->is_sorted) {
        put_unsorted(r, "REMOVEFROM", uids);
    } else {
        put_removed(r, &c->list, uids);
        for (size_t i = 0; i < c->list.n; i++) {
            uint32_t uid = *VEC_AT(&c->list, uint32_t, i);
            if (!ranges_has(uids, uid))
                *VEC_AT(&c->list, uint32_t, kept++) = uid;
        }
        c->list.n = kept;
    }
    ranges_subtract(&c->uids, uids);
}

static uint32_t recno_of(const struct view *v, uint32_t uid)
{
    uint32_t n = view_msgno_of_uid(v, uid);

    return n ? view_recno(v, n) : 0;
}

/* First place at or behind `lo` whose message comes after recno: by the keys, then by number. */
static size_t place_of(const struct context *c, struct view *v, size_t lo, uint32_t recno, uint32_t uid)
{
    struct memo *memo = search_memo(view_search(v));
    size_t hi = c->list.n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        uint32_t other = *VEC_AT(&c->list, uint32_t, mid), other_recno = recno_of(v, other);
        int cmp = other_recno ? sort_compare(memo, view_mailbox(v), c->order.keys, c->order.n, other_recno, recno) : 0;
        if (cmp < 0 || (cmp == 0 && other < uid))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* New ones in order, each searched for behind the place of the one before. */
static void merge(struct context *c, struct view *v, const struct ranges *uids)
{
    struct vec merged = VEC_INIT(uint32_t), fresh = VEC_INIT(uint32_t);
    size_t from = 0;
    uint32_t uid;

    for (struct ranges_iter it = { 0 }; ranges_next(uids, &it, &uid);)
        *VEC_PUSH(&fresh, uint32_t) = view_msgno_of_uid(v, uid);
    sort_hits(v, &c->order, &fresh);
    memo_begin(search_memo(view_search(v)), view_mailbox(v));
    for (size_t i = 0; i < fresh.n; i++) {
        uint32_t msgno = *VEC_AT(&fresh, uint32_t, i);
        uint32_t new_uid = view_uid(v, msgno);
        size_t to = place_of(c, v, from, view_recno(v, msgno), new_uid);
        for (; from < to; from++)
            *VEC_PUSH(&merged, uint32_t) = *VEC_AT(&c->list, uint32_t, from);
        *VEC_PUSH(&merged, uint32_t) = new_uid;
    }
    for (; from < c->list.n; from++)
        *VEC_PUSH(&merged, uint32_t) = *VEC_AT(&c->list, uint32_t, from);
    memo_end(search_memo(view_search(v)));
    vec_fini(&c->list);
    vec_fini(&fresh);
    c->list = merged;
}

static void add_uids(struct context *c, struct reply *r, const struct ranges *uids)
{
    if (c->is_sorted) {
        merge(c, r->s->view, uids);
        put_added(r, &c->list, uids);
    } else {
        put_unsorted(r, "ADDTO", uids);
    }
    ranges_union(&c->uids, uids);
}

/* May a change of flags move a message that matches as before? */
static bool moves(const struct context *c)
{
    for (size_t i = 0; c->is_sorted && i < c->order.n; i++)
        if (c->order.keys[i].field == SORT_MODSEQ)
            return true;
    return false;
}

static void test_again(struct context *c, struct view *v, const struct ranges *msgnos, struct ranges *removed,
                       struct ranges *added)
{
    struct matcher *m = search_begin(v, &c->args);
    uint32_t n;

    for (struct ranges_iter it = { 0 }; ranges_next(msgnos, &it, &n);) {
        uint32_t uid = view_uid(v, n), recno = view_recno(v, n);
        bool had = ranges_has(&c->uids, uid), has = recno && matcher_test(m, c->args.root, n, recno);
        if (had && (!has || moves(c)))
            ranges_add(removed, uid, uid);
        if (has && (!had || moves(c)))
            ranges_add(added, uid, uid);
    }
    matcher_free(&m);
}

void contexts_gone(struct session *s, const struct ranges *uids)
{
    struct contexts *all = search_contexts(view_search(s->view));

    for (size_t i = 0; i < all->all.n && !ranges_empty(uids); i++) {
        struct reply r = { .s = s, .c = at(all, i) };
        struct ranges removed = RANGES_INIT;
        ranges_copy(&removed, uids);
        ranges_intersect(&removed, &at(all, i)->uids);
        remove_uids(at(all, i), &r, &removed);
        end_reply(&r);
        ranges_fini(&removed);
    }
}

/* What became of the messages in one context. */
struct verdict {
    struct ranges removed, added;
};

static bool contexts_fetch(const struct contexts *all)
{
    for (size_t i = 0; i < all->all.n; i++)
        if (at(all, i)->fetch)
            return true;
    return false;
}

/* All that anybody asked to be told of one new message, in one response (RFC 5465 5.2). */
static void fetch_one(struct session *s, const struct contexts *all, const struct verdict *verdicts, uint32_t uid)
{
    struct fetch f = { 0 };
    struct ranges one = RANGES_INIT;
    uint32_t n = view_msgno_of_uid(s->view, uid);

    ranges_add(&one, n, n);
    if (notify_fetch(s))
        fetch_merge(&f, notify_fetch(s));
    for (size_t i = 0; i < all->all.n; i++)
        if (at(all, i)->fetch && ranges_has(&verdicts[i].added, uid))
            fetch_merge(&f, at(all, i)->fetch);
    if (n && (f.items || f.sections.n))
        fetch_tell(s, &f, &one);
    ranges_fini(&one);
    fetch_fini(&f);
}

static void fetch_fresh(struct session *s, const struct contexts *all, const struct verdict *verdicts,
                        const struct ranges *fresh)
{
    struct ranges msgnos = RANGES_INIT;
    uint32_t uid;

    if (contexts_fetch(all)) {
        for (struct ranges_iter it = { 0 }; ranges_next(fresh, &it, &uid);)
            fetch_one(s, all, verdicts, uid);
    } else if (notify_fetch(s)) {
        view_msgnos(s->view, fresh, &msgnos);
        fetch_tell(s, notify_fetch(s), &msgnos);
    }
    ranges_fini(&msgnos);
}

static void put_verdict(struct session *s, struct context *c, const struct verdict *v)
{
    struct reply r = { .s = s, .c = c };

    remove_uids(c, &r, &v->removed);
    if (!ranges_empty(&v->added))
        add_uids(c, &r, &v->added);
    end_reply(&r);
}

/* FETCH stands before ESEARCH when contexts alone asked for it, else behind (RFC 5465 7 and 5.2). */
void contexts_changed(struct session *s, const struct ranges *uids, const struct ranges *fresh)
{
    struct contexts *all = search_contexts(view_search(s->view));
    struct verdict verdicts[CONTEXTS_MAX] = { { RANGES_INIT, RANGES_INIT } };
    struct ranges msgnos = RANGES_INIT;

    if (!contexts_any(all) && !notify_fetch(s))
        return;
    view_msgnos(s->view, uids, &msgnos);
    for (size_t i = 0; i < all->all.n && !ranges_empty(&msgnos); i++)
        test_again(at(all, i), s->view, &msgnos, &verdicts[i].removed, &verdicts[i].added);
    if (!notify_fetch(s))
        fetch_fresh(s, all, verdicts, fresh);
    for (size_t i = 0; i < all->all.n; i++) {
        put_verdict(s, at(all, i), &verdicts[i]);
        ranges_fini(&verdicts[i].removed);
    }
    if (notify_fetch(s))
        fetch_fresh(s, all, verdicts, fresh);
    for (size_t i = 0; i < all->all.n; i++)
        ranges_fini(&verdicts[i].added);
    ranges_fini(&msgnos);
}

/* ---- CANCELUPDATE 1*(SP quoted) ---- */

void cmd_cancelupdate(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct contexts *c = search_contexts(view_search(s->view));
    bool all_known = true;
    struct slice tag;
    err_t err;

    do {
        err = imaptok_sp(&s->tok);
        if (!err)
            err = imaptok_astring(&s->tok, &tag);
        if (err) {
            args_bad(s, err);
            return;
        }
        all_known = context_cancel(c, tag) && all_known;
    } while (!imaptok_at_end(&s->tok));
    if (all_known)
        reply_ok(s, "No further updates");
    else
        reply_no(s, "CLIENTBUG", "No such context");
}

/* expr.c - see expr.h */
#include "imap/search/expr.h"

#include "imap/store/mailbox.h"

static const struct {
    unsigned need;
    unsigned cost;          /* relative: one index field is 1 */
} costs[EX_NOPS] = {
    [EX_ALL] = { 0, 0 },                    [EX_NONE] = { 0, 0 },
    [EX_NUMBER] = { NEED_INDEX, 2 },        [EX_UID] = { NEED_INDEX, 2 },
    [EX_FLAG] = { NEED_INDEX, 1 },          [EX_KEYWORD] = { NEED_INDEX, 1 },
    [EX_SEEN] = { NEED_INDEX, 2 },          [EX_RECENT] = { NEED_INDEX, 2 },
    [EX_INTERNALDATE] = { NEED_INDEX, 1 },  [EX_SENTDATE] = { NEED_INDEX, 1 },
    [EX_LARGER] = { NEED_INDEX, 1 },        [EX_SMALLER] = { NEED_INDEX, 1 },
    [EX_SAVEDATE] = { NEED_INDEX, 1 },      [EX_OLDER] = { NEED_INDEX, 1 },
    [EX_YOUNGER] = { NEED_INDEX, 1 },       [EX_MODSEQ] = { NEED_INDEX, 1 },
    [EX_EMAILID] = { NEED_INDEX, 1 },       [EX_THREADID] = { NEED_INDEX, 1 },
    [EX_FROM] = { NEED_CACHE, 30 },         [EX_TO] = { NEED_CACHE, 30 },
    [EX_CC] = { NEED_CACHE, 30 },           [EX_BCC] = { NEED_CACHE, 30 },
    [EX_SUBJECT] = { NEED_CACHE, 30 },
    [EX_ANNOTATION] = { NEED_INDEX, 100 },
    [EX_HEADER] = { NEED_CACHE | NEED_FILE, 200 },
    [EX_BODY] = { NEED_FILE, 5000 },        [EX_TEXT] = { NEED_FILE, 6000 },
};

struct expr *expr_new(struct arena *a, enum expr_op op)
{
    struct expr *e = arena_alloc(a, sizeof *e);

    e->op = op;
    return e;
}

void expr_add(struct expr *parent, struct expr *child)
{
    struct expr **at = &parent->child;

    while (*at)
        at = &(*at)->next;
    *at = child;
}

static void free_ranges(void *set)
{
    ranges_fini(set);
}

struct ranges *expr_ranges(struct arena *a, struct expr *e)
{
    e->set = arena_alloc(a, sizeof *e->set);
    ranges_init(e->set);
    arena_defer(a, free_ranges, e->set);
    return e->set;
}

static void bind_set(struct expr *e, const struct expr_place *place)
{
    if (e->frozen)
        return;
    ranges_clear(e->set);
    if (!e->written.saved)
        imapset_resolve(&e->written, e->op == EX_UID ? place->max_uid : place->max_number, e->set);
    else if (place->saved)
        ranges_copy(e->set, place->saved);
}

void expr_bind(struct expr *e, const struct expr_place *place)
{
    if (e->op == EX_NUMBER || e->op == EX_UID) {
        bind_set(e, place);
    } else if (e->op == EX_KEYWORD) {
        int n = mailbox_flag_find(place->mb, e->name);
        e->num = n < 0 ? UINT32_MAX : (uint32_t)n;
    }
    for (struct expr *c = e->child; c; c = c->next)
        expr_bind(c, place);
}

/* Message numbers of a set become UIDs, which never move. */
static void numbers_to_uids(struct expr *e, uint32_t max, uint32_t (*uid_of)(void *, uint32_t), void *arg)
{
    struct ranges uids = RANGES_INIT;

    for (size_t i = 0; i < e->set->n; i++) {
        uint32_t hi = e->set->r[i].hi < max ? e->set->r[i].hi : max;
        for (uint32_t n = e->set->r[i].lo; n <= hi; n++) {
            uint32_t uid = uid_of(arg, n);
            ranges_add(&uids, uid, uid);
        }
    }
    ranges_copy(e->set, &uids);
    ranges_fini(&uids);
    e->op = EX_UID;
    e->frozen = true;
}

void expr_freeze(struct expr *e, uint32_t max, uint32_t (*uid_of)(void *, uint32_t), void *arg)
{
    if (e->op == EX_NUMBER)
        numbers_to_uids(e, max, uid_of, arg);
    else if (e->op == EX_UID && e->written.saved)
        e->frozen = true;
    for (struct expr *c = e->child; c; c = c->next)
        expr_freeze(c, max, uid_of, arg);
}

bool expr_has(const struct expr *e, enum expr_op op)
{
    bool found = e->op == op;

    for (const struct expr *c = e->child; c && !found; c = c->next)
        found = expr_has(c, op);
    return found;
}

static unsigned cost_of(const struct expr *e)
{
    unsigned sum = costs[e->op].cost;

    for (const struct expr *c = e->child; c; c = c->next)
        sum += cost_of(c);
    return sum;
}

/* Stable insertion sort: conjunctions are short, and equal costs keep the client's order. */
static void sort_children(struct expr *e)
{
    struct expr *sorted = NULL, *c, *next;

    for (c = e->child; c; c = next) {
        struct expr **at = &sorted;
        next = c->next;
        while (*at && cost_of(*at) <= cost_of(c))
            at = &(*at)->next;
        c->next = *at;
        *at = c;
    }
    e->child = sorted;
}

unsigned expr_prepare(struct expr *e)
{
    unsigned need = costs[e->op].need;

    for (struct expr *c = e->child; c; c = c->next)
        need |= expr_prepare(c);
    if (e->op == EX_AND || e->op == EX_OR)
        sort_children(e);
    return need;
}

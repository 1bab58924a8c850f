/* expr.c - see expr.h */
#include "imap/search/expr.h"

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
    [EX_MODSEQ] = { NEED_INDEX, 1 },
    [EX_FROM] = { NEED_CACHE, 30 },         [EX_TO] = { NEED_CACHE, 30 },
    [EX_CC] = { NEED_CACHE, 30 },           [EX_BCC] = { NEED_CACHE, 30 },
    [EX_SUBJECT] = { NEED_CACHE, 30 },
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

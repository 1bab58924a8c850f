/* imaptok_set.c - sequence sets of imaptok.h */
#include "lib/base/mem.h"
#include "lib/text/imaptok_impl.h"

/* Items that are ahead at most: commas among the octets a set can have, and one. */
static size_t count_items(const struct imaptok *t)
{
    size_t n = 1;

    for (const char *p = t->p; p < t->end; p++) {
        if (*p == ',')
            n++;
        else if (!ascii_is_digit(*p) && *p != ':' && *p != '*')
            break;
    }
    return n;
}

static err_t take_bound(struct imaptok *t, struct imapset *set, uint32_t *out)
{
    if (imaptok_accept(t, '*')) {
        set->has_star = true;
        *out = IMAPSET_STAR;
        return ERR_OK;
    }
    if (!ascii_is_digit((char)imaptok_peek(t)))
        return imaptok_fail(t, ERR_SYNTAX, "invalid sequence set");
    return imaptok_nz_number(t, out);
}

static err_t take_item(struct imaptok *t, struct imapset *set, struct imapset_item *item)
{
    err_t err = take_bound(t, set, &item->lo);

    if (!err && imaptok_accept(t, ':'))
        return take_bound(t, set, &item->hi);
    item->hi = item->lo;
    return err;
}

err_t imaptok_set(struct imaptok *t, struct imapset *out)
{
    struct imapset_item *items;
    size_t room;
    err_t err;

    *out = (struct imapset){ .saved = imaptok_accept(t, '$') };
    if (out->saved)
        return ERR_OK;
    room = count_items(t);
    if (room > IMAPTOK_MAX_SET)
        return imaptok_fail(t, ERR_LIMIT, "too many items in sequence set");
    out->item = items = arena_array(t->arena, room, sizeof *items);
    do
        err = take_item(t, out, &items[out->n++]);
    while (!err && imaptok_accept(t, ','));
    return err;
}

/* ---- members ---- */

static int compare_items(const void *a, const void *b)
{
    const struct range *x = a, *y = b;

    return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* Ascending items are cheap for a struct ranges; others are sorted before. */
void imapset_resolve(const struct imapset *set, uint32_t max, struct ranges *out)
{
    struct range *r = mem_array(set->n ? set->n : 1, sizeof *r);
    bool ascending = true;
    size_t n = 0;

    for (size_t i = 0; i < set->n; i++) {
        uint32_t lo = set->item[i].lo == IMAPSET_STAR ? max : set->item[i].lo;
        uint32_t hi = set->item[i].hi == IMAPSET_STAR ? max : set->item[i].hi;
        if (lo == 0 || hi == 0)
            continue;
        r[n].lo = lo < hi ? lo : hi;
        r[n].hi = lo < hi ? hi : lo;
        if (n > 0 && r[n].lo < r[n - 1].lo)
            ascending = false;
        n++;
    }
    if (!ascending)
        qsort(r, n, sizeof *r, compare_items);
    for (size_t i = 0; i < n; i++)
        ranges_add(out, r[i].lo, r[i].hi);
    mem_free(r);
}

uint32_t imapset_max(const struct imapset *set)
{
    uint32_t max = 0;

    for (size_t i = 0; i < set->n; i++) {
        if (set->item[i].lo > max)
            max = set->item[i].lo;
        if (set->item[i].hi > max)
            max = set->item[i].hi;
    }
    return max;
}

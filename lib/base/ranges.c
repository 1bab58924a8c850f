/* ranges.c - see ranges.h
 *
 * The array is ascending and neighbours have at least one number between them.
 * Sums of a bound and 1 are done in 64 bits: 2^32-1 is a legal member.
 */
#include "lib/base/ranges.h"
#include "lib/base/bug.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

enum { RANGES_MIN = 8 };

void ranges_init(struct ranges *s)
{
    *s = (struct ranges)RANGES_INIT;
}

void ranges_fini(struct ranges *s)
{
    mem_free(s->r);
    ranges_init(s);
}

void ranges_clear(struct ranges *s)
{
    s->n = 0;
}

static void reserve(struct ranges *s, size_t total)
{
    if (total <= s->cap)
        return;
    size_t cap = s->cap < RANGES_MIN ? RANGES_MIN : s->cap;
    while (cap < total)
        cap = cap > SIZE_MAX / 2 ? total : cap * 2;
    s->r = mem_rearray(s->r, cap, sizeof *s->r);
    s->cap = cap;
}

/* Index of the first range whose end is at or behind v; s->n if none. */
static size_t lower(const struct ranges *s, uint64_t v)
{
    size_t lo = 0, hi = s->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->r[mid].hi < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Put `with` (count ranges) in the place of those from i up to, not including, j. */
static void splice(struct ranges *s, size_t i, size_t j, const struct range *with, size_t count)
{
    reserve(s, s->n - (j - i) + count);
    if (s->n > j)
        memmove(s->r + i + count, s->r + j, (s->n - j) * sizeof *s->r);
    if (count)
        memcpy(s->r + i, with, count * sizeof *with);
    s->n = s->n - (j - i) + count;
}

/* Append lo:hi, which does not begin before the last range does. */
static void append(struct ranges *s, uint32_t lo, uint32_t hi)
{
    struct range *last = s->n ? &s->r[s->n - 1] : NULL;

    if (last && lo <= (uint64_t)last->hi + 1) {
        if (hi > last->hi)
            last->hi = hi;
        return;
    }
    reserve(s, s->n + 1);
    s->r[s->n++] = (struct range){ lo, hi };
}

void ranges_add(struct ranges *s, uint32_t lo, uint32_t hi)
{
    if (lo > hi)
        return;
    if (s->n == 0 || lo >= s->r[s->n - 1].lo) {
        append(s, lo, hi);
        return;
    }
    size_t i = lower(s, lo ? (uint64_t)lo - 1 : 0);     /* may touch at its end */
    size_t j = i;
    while (j < s->n && s->r[j].lo <= (uint64_t)hi + 1)
        j++;
    struct range whole = { lo, hi };
    if (j > i) {
        if (s->r[i].lo < whole.lo)
            whole.lo = s->r[i].lo;
        if (s->r[j - 1].hi > whole.hi)
            whole.hi = s->r[j - 1].hi;
    }
    splice(s, i, j, &whole, 1);
}

void ranges_remove(struct ranges *s, uint32_t lo, uint32_t hi)
{
    if (lo > hi)
        return;
    size_t i = lower(s, lo);
    size_t j = i;
    while (j < s->n && s->r[j].lo <= hi)
        j++;
    if (j == i)
        return;
    struct range rest[2];
    size_t n = 0;
    if (s->r[i].lo < lo)
        rest[n++] = (struct range){ s->r[i].lo, lo - 1 };
    if (s->r[j - 1].hi > hi)
        rest[n++] = (struct range){ hi + 1, s->r[j - 1].hi };
    splice(s, i, j, rest, n);
}

bool ranges_has(const struct ranges *s, uint32_t v)
{
    size_t i = lower(s, v);

    return i < s->n && s->r[i].lo <= v;
}

void ranges_copy(struct ranges *dst, const struct ranges *src)
{
    if (dst == src)
        return;
    reserve(dst, src->n);
    if (src->n)
        memcpy(dst->r, src->r, src->n * sizeof *src->r);
    dst->n = src->n;
}

static void replace(struct ranges *dst, const struct ranges *with)
{
    ranges_fini(dst);
    *dst = *with;
}

void ranges_union(struct ranges *dst, const struct ranges *src)
{
    struct ranges out = RANGES_INIT;
    size_t i = 0, j = 0;

    if (src->n == 0)
        return;
    while (i < dst->n || j < src->n) {
        bool first = j == src->n || (i < dst->n && dst->r[i].lo <= src->r[j].lo);
        const struct range *r = first ? &dst->r[i++] : &src->r[j++];
        append(&out, r->lo, r->hi);
    }
    replace(dst, &out);
}

void ranges_intersect(struct ranges *dst, const struct ranges *src)
{
    struct ranges out = RANGES_INIT;
    size_t i = 0, j = 0;

    while (i < dst->n && j < src->n) {
        const struct range a = dst->r[i], b = src->r[j];
        uint32_t lo = a.lo > b.lo ? a.lo : b.lo, hi = a.hi < b.hi ? a.hi : b.hi;
        if (lo <= hi)
            append(&out, lo, hi);
        if (a.hi < b.hi)
            i++;
        else
            j++;
    }
    replace(dst, &out);
}

void ranges_subtract(struct ranges *dst, const struct ranges *src)
{
    struct ranges out = RANGES_INIT;
    size_t j = 0;

    for (size_t i = 0; i < dst->n; i++) {
        uint64_t lo = dst->r[i].lo;
        const uint32_t hi = dst->r[i].hi;
        while (j < src->n && src->r[j].hi < lo)
            j++;
        /* a range of src may reach into the next one of dst, so j stays on it */
        for (; lo <= hi && j < src->n && src->r[j].lo <= hi; j++) {
            if (src->r[j].lo > lo)
                append(&out, (uint32_t)lo, src->r[j].lo - 1);
            lo = (uint64_t)src->r[j].hi + 1;
            if (lo > hi)
                break;
        }
        if (lo <= hi)
            append(&out, (uint32_t)lo, hi);
    }
    replace(dst, &out);
}

uint64_t ranges_count(const struct ranges *s)
{
    uint64_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        n += (uint64_t)s->r[i].hi - s->r[i].lo + 1;
    return n;
}

uint32_t ranges_min(const struct ranges *s)
{
    return s->n ? s->r[0].lo : 0;
}

uint32_t ranges_max(const struct ranges *s)
{
    return s->n ? s->r[s->n - 1].hi : 0;
}

void ranges_format(const struct ranges *s, struct buf *out)
{
    for (size_t i = 0; i < s->n; i++) {
        if (i)
            buf_addc(out, ',');
        buf_add_u64(out, s->r[i].lo);
        if (s->r[i].hi == s->r[i].lo)
            continue;
        buf_addc(out, ':');
        buf_add_u64(out, s->r[i].hi);
    }
}

static err_t parse_number(struct slice text, uint32_t *out)
{
    err_t err = num_u32(text, out);

    /* RFC 9051 section 9: nz-number, which has 32 bits; more is bad spelling too */
    return err || *out == 0 ? ERR_SYNTAX : ERR_OK;
}

static err_t parse_item(struct slice item, struct range *out)
{
    struct slice head;
    bool colon;
    struct slice tail = slice_split(item, ':', &head, &colon);
    err_t err = parse_number(head, &out->lo);

    out->hi = out->lo;
    if (err == ERR_OK && colon)
        err = parse_number(tail, &out->hi);
    if (err == ERR_OK && out->lo > out->hi)     /* RFC 9051 section 9: 4:2 is 2:4 */
        *out = (struct range){ out->hi, out->lo };
    return err;
}

static int cmp_lo(const void *a, const void *b)
{
    const struct range *x = a, *y = b;

    return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* Sort and join ranges that were stored as they came. */
static void normalise(struct ranges *s)
{
    size_t n = s->n;

    if (n > 1)
        qsort(s->r, n, sizeof *s->r, cmp_lo);
    s->n = 0;
    for (size_t i = 0; i < n; i++)
        append(s, s->r[i].lo, s->r[i].hi);      /* never writes behind i */
}

err_t ranges_parse(struct ranges *s, struct slice text, size_t max_items)
{
    bool more = text.n > 0;
    err_t err = ERR_OK;

    ranges_clear(s);
    while (more && err == ERR_OK) {
        struct slice item;
        struct range r = { 0, 0 };
        text = slice_split(text, ',', &item, &more);
        err = s->n == max_items ? ERR_LIMIT : parse_item(item, &r);
        reserve(s, s->n + 1);
        s->r[s->n++] = r;
    }
    if (err)
        ranges_clear(s);
    normalise(s);
    return err;
}

bool ranges_next(const struct ranges *s, struct ranges_iter *it, uint32_t *out)
{
    while (it->i < s->n && it->next > s->r[it->i].hi)
        it->i++;
    if (it->i == s->n)
        return false;
    if (it->next < s->r[it->i].lo)
        it->next = s->r[it->i].lo;
    *out = (uint32_t)it->next++;
    return true;
}

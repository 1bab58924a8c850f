/* mime_bounds.c - see mime_bounds.h */
#include "lib/text/mime_bounds.h"

#include "lib/base/rand.h"
#include "lib/text/ascii.h"

struct bound {
    struct slice text;
    uint64_t hash;
    size_t longest;                     /* of this and all outer ones */
    uint16_t next;                      /* older one in the same bucket, as in heads */
    bool linked;                        /* false: an outer one has the same text */
};

void mime_bounds_init(struct mime_bounds *b)
{
    vec_init(&b->stack, sizeof(struct bound));
    memset(b->heads, 0, sizeof b->heads);
    b->seed = b->factor = 0;
}

void mime_bounds_fini(struct mime_bounds *b)
{
    vec_fini(&b->stack);
}

static uint64_t step(const struct mime_bounds *b, uint64_t hash, char c)
{
    hash = (hash ^ (unsigned char)c) * b->factor;
    return hash ^ hash >> 29;
}

static uint16_t bucket(uint64_t hash)
{
    return (uint16_t)(hash >> 8 & (MIME_BUCKETS - 1));
}

/* Index of the boundary with that text, -1 if there is none. */
static ssize_t find(const struct mime_bounds *b, struct slice text, uint64_t hash)
{
    for (uint16_t i = b->heads[bucket(hash)]; i != 0;) {
        const struct bound *x = VEC_AT(&b->stack, struct bound, i - 1);
        if (x->hash == hash && slice_eq(x->text, text))
            return i - 1;
        i = x->next;
    }
    return -1;
}

/* Drawn once per process: whoever writes messages must not be able to choose collisions. */
static void draw_key(struct mime_bounds *b)
{
    static uint64_t key[2];

    if (key[1] == 0) {
        rand_bytes(key, sizeof key);
        key[1] |= 1;
    }
    b->seed = key[0];
    b->factor = key[1];
}

void mime_bounds_push(struct mime_bounds *b, struct slice text)
{
    size_t longest = text.n;

    if (b->factor == 0)                 /* many messages never come here */
        draw_key(b);
    uint64_t hash = b->seed;
    for (size_t i = 0; i < text.n; i++)
        hash = step(b, hash, text.p[i]);
    if (b->stack.n > 0) {
        size_t outer = VEC_AT(&b->stack, struct bound, b->stack.n - 1)->longest;
        longest = outer > longest ? outer : longest;
    }
    bool linked = find(b, text, hash) < 0;
    uint16_t *head = &b->heads[bucket(hash)];
    struct bound *x = VEC_PUSH(&b->stack, struct bound);
    *x = (struct bound){ text, hash, longest, *head, linked };
    if (linked)
        *head = (uint16_t)b->stack.n;
}

void mime_bounds_truncate(struct mime_bounds *b, size_t n)
{
    while (b->stack.n > n) {
        const struct bound *x = VEC_AT(&b->stack, struct bound, b->stack.n - 1);
        if (x->linked)
            b->heads[bucket(x->hash)] = x->next;
        vec_pop(&b->stack);
    }
}

/* May a boundary end where `rest` begins? */
static enum mime_match tail(struct slice rest, bool whole)
{
    if (rest.n > 0 && ascii_is_space(rest.p[0]))
        return MIME_OPEN;
    if (rest.n <= 1)                    /* as 3.6.1 takes the last bytes of a file */
        return whole ? MIME_OPEN : MIME_MORE;
    return rest.p[0] == '-' && rest.p[1] == '-' ? MIME_CLOSE : MIME_NO;
}

enum mime_match mime_bounds_match(const struct mime_bounds *b, struct slice line, bool whole,
                                  size_t *index)
{
    enum mime_match best = MIME_NO;
    uint64_t hash = b->seed;

    if (b->stack.n == 0 || !slice_starts(SLICE_LIT("--"), slice_cut(line, 0, 2)))
        return MIME_NO;
    if (line.n < 2)
        return whole ? MIME_NO : MIME_MORE;
    line = slice_skip(line, 2);
    size_t longest = VEC_AT(&b->stack, struct bound, b->stack.n - 1)->longest;
    for (size_t i = 0; i <= line.n && i <= longest; i++) {
        enum mime_match m = tail(slice_skip(line, i), whole);
        if (m == MIME_MORE)
            return m;
        ssize_t found = m == MIME_NO ? -1 : find(b, slice_cut(line, 0, i), hash);
        if (found >= 0 && (best == MIME_NO || (size_t)found < *index)) {
            best = m;
            *index = (size_t)found;
        }
        if (i == line.n || line.p[i] == '\n')
            break;
        hash = step(b, hash, line.p[i]);
    }
    return best;
}

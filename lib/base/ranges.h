/* ranges.h - sorted set of numbers kept as ranges (UIDs, message numbers)
 *
 * Ranges never touch or overlap.  Zero is a legal member.
 */
#ifndef BASE_RANGES_H
#define BASE_RANGES_H

#include <stdint.h>

#include "lib/base/buf.h"

struct range {
    uint32_t lo, hi;                            /* both included */
};

struct ranges {
    struct range *r;
    size_t n;
    size_t cap;
};

#define RANGES_INIT { NULL, 0, 0 }

/* Begin, end (frees; empty again), empty, change. */
void ranges_init(struct ranges *);
void ranges_fini(struct ranges *);
void ranges_clear(struct ranges *);
void ranges_add(struct ranges *, uint32_t lo, uint32_t hi);     /* amortised O(1) when ascending;
                                                                 * lo > hi: nothing */
void ranges_remove(struct ranges *, uint32_t lo, uint32_t hi);
bool ranges_has(const struct ranges *, uint32_t);               /* binary search */
void ranges_copy(struct ranges *dst, const struct ranges *src);
void ranges_union(struct ranges *dst, const struct ranges *src);
void ranges_intersect(struct ranges *dst, const struct ranges *src);
void ranges_subtract(struct ranges *dst, const struct ranges *src);
uint64_t ranges_count(const struct ranges *);
uint32_t ranges_min(const struct ranges *);     /* 0 when empty */
uint32_t ranges_max(const struct ranges *);     /* 0 when empty */
static inline bool ranges_empty(const struct ranges *s)
{
    return s->n == 0;
}

/* "1:3,6" with IMAP's spelling; the empty set gives nothing. */
void ranges_format(const struct ranges *, struct buf *out);

/* Parse that spelling (no "*").  At most max_items items: ERR_LIMIT.  ERR_SYNTAX. Empty
 * text is the empty set. Zero is refused. */
err_t ranges_parse(struct ranges *, struct slice text, size_t max_items) NODISCARD;

/* Walk the members: struct ranges_iter it = {0}; while (ranges_next(s, &it, &v)) */
struct ranges_iter {
    size_t i;
    uint64_t next;
};
bool ranges_next(const struct ranges *, struct ranges_iter *, uint32_t *out);

#endif

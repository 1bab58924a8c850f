/* mime_bounds.h - the open boundaries of a message, outermost first
 *
 * A line is compared with all of them at once: one running hash over the line, looked up
 * wherever a boundary could end.  The hash is keyed at random.
 */
#ifndef TEXT_MIME_BOUNDS_H
#define TEXT_MIME_BOUNDS_H

#include <stdint.h>

#include "lib/base/slice.h"
#include "lib/base/vec.h"

enum { MIME_BUCKETS = 256 };

struct mime_bounds {
    struct vec stack;                   /* of struct bound, in mime_bounds.c */
    uint64_t seed, factor;
    uint16_t heads[MIME_BUCKETS];       /* 1 + index of the newest in the bucket; 0 none */
};

enum mime_match {
    MIME_NO,                            /* not a boundary line */
    MIME_MORE,                          /* cannot tell before more of the line is there */
    MIME_OPEN,                          /* a part begins */
    MIME_CLOSE                          /* the multipart ends */
};

/* In place; no boundary is open. */
void mime_bounds_init(struct mime_bounds *);
void mime_bounds_fini(struct mime_bounds *);

/* Add the boundary (borrowed, at most MIME_BOUNDARY_MAX bytes) of the innermost multipart. */
void mime_bounds_push(struct mime_bounds *, struct slice boundary);

/* Keep the outermost n. */
void mime_bounds_truncate(struct mime_bounds *, size_t n);

/* How many are open. */
static inline size_t mime_bounds_count(const struct mime_bounds *b)
{
    return b->stack.n;
}

/* What is the line that starts with `line`?  whole: nothing will follow (end of message).  On
 * MIME_OPEN and MIME_CLOSE *index is the outermost boundary that fits. */
enum mime_match mime_bounds_match(const struct mime_bounds *, struct slice line, bool whole,
                                  size_t *index);

#endif

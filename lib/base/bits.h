/* bits.h - fixed and growing sets of bits */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bits {
    uint64_t *w;
    size_t nbits;
};

#define BITS_INIT { NULL, 0 }

/* Empty set; fini frees and leaves an empty one. */
void bits_init(struct bits *);
void bits_fini(struct bits *);
void bits_resize(struct bits *, size_t nbits);  /* new bits are 0 */
void bits_set(struct bits *, size_t i);         /* i < nbits */
void bits_clear(struct bits *, size_t i);
static inline bool bits_has(const struct bits *b, size_t i)
{
    return i < b->nbits && (b->w[i / 64] >> (i % 64) & 1);
}

/* How many are set, and where the next one is. */
size_t bits_count(const struct bits *);
size_t bits_next(const struct bits *, size_t from); /* first set bit >= from, or nbits */

#endif

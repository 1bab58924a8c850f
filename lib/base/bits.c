/* bits.c - see bits.h
 *
 * Bits of the last word beyond nbits are always 0.
 */
#include "lib/base/bits.h"
#include "lib/base/bug.h"
#include "lib/base/mem.h"

static size_t words(size_t nbits)
{
    return nbits / 64 + (nbits % 64 != 0);
}

void bits_init(struct bits *b)
{
    *b = (struct bits)BITS_INIT;
}

void bits_fini(struct bits *b)
{
    mem_free(b->w);
    bits_init(b);
}

void bits_resize(struct bits *b, size_t nbits)
{
    size_t had = words(b->nbits), want = words(nbits);

    if (want != had)
        b->w = mem_rearray(b->w, want, sizeof *b->w);
    for (size_t i = had; i < want; i++)
        b->w[i] = 0;
    if (nbits < b->nbits && nbits % 64)
        b->w[want - 1] &= (UINT64_C(1) << (nbits % 64)) - 1;
    b->nbits = nbits;
}

void bits_set(struct bits *b, size_t i)
{
    BUG_UNLESS(i < b->nbits);
    b->w[i / 64] |= UINT64_C(1) << (i % 64);
}

void bits_clear(struct bits *b, size_t i)
{
    BUG_UNLESS(i < b->nbits);
    b->w[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

size_t bits_count(const struct bits *b)
{
    size_t n = 0;

    for (size_t i = 0; i < words(b->nbits); i++)
        n += (size_t)__builtin_popcountll(b->w[i]);
    return n;
}

size_t bits_next(const struct bits *b, size_t from)
{
    if (from >= b->nbits)
        return b->nbits;
    size_t i = from / 64;
    uint64_t w = b->w[i] & ~UINT64_C(0) << (from % 64);
    while (!w && ++i < words(b->nbits))
        w = b->w[i];
    return w ? i * 64 + (size_t)__builtin_ctzll(w) : b->nbits;
}

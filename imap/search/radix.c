/* radix.c - see radix.h: least significant byte first */
#include "imap/search/radix.h"

enum { DIGITS = 8, RADIX = 256 };

static unsigned digit(const struct radix_row *r, unsigned d)
{
    return r->head >> (8 * d) & 0xff;
}

/* Rows of `from` to `to` by one digit; count: how often each value occurs. */
static void scatter(const struct radix_row *from, struct radix_row *to, size_t n, unsigned d, const size_t *count)
{
    size_t at[RADIX], sum = 0;

    for (unsigned v = 0; v < RADIX; v++) {
        at[v] = sum;
        sum += count[v];
    }
    for (size_t i = 0; i < n; i++)
        to[at[digit(&from[i], d)]++] = from[i];
}

void radix_sort(struct radix_row **rows, struct radix_row **spare, size_t n)
{
    size_t count[DIGITS][RADIX] = { { 0 } };

    for (size_t i = 0; i < n; i++)
        for (unsigned d = 0; d < DIGITS; d++)
            count[d][digit(&(*rows)[i], d)]++;
    for (unsigned d = 0; d < DIGITS && n; d++) {
        struct radix_row *from = *rows;
        if (count[d][digit(&from[0], d)] == n)
            continue;
        scatter(from, *spare, n, d, count[d]);
        *rows = *spare;
        *spare = from;
    }
}

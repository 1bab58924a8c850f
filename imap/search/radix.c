/* radix.c - see radix.h: least significant byte first */
#include "imap/search/radix.h"

enum { DIGITS = 8, RADIX = 256 };

static unsigned digit(const struct radix_row *r, unsigned d)
{
    return r->head >> (8 * d) & 0xff;
}

/* Rows of `from` to `to` by one digit. */
static void scatter(const struct radix_row *from, struct radix_row *to, size_t n, unsigned d)
{
    size_t count[RADIX] = { 0 }, sum = 0;

    for (size_t i = 0; i < n; i++)
        count[digit(&from[i], d)]++;
    for (unsigned v = 0; v < RADIX; v++) {
        size_t here = count[v];
        count[v] = sum;
        sum += here;
    }
    for (size_t i = 0; i < n; i++)
        to[count[digit(&from[i], d)]++] = from[i];
}

void radix_sort(struct radix_row **rows, struct radix_row **spare, size_t n)
{
    uint64_t differs = 0;

    for (size_t i = 1; i < n; i++)
        differs |= (*rows)[i].head ^ (*rows)[0].head;
    for (unsigned d = 0; d < DIGITS; d++) {
        struct radix_row *from = *rows;
        if (!(differs >> (8 * d) & 0xff))
            continue;
        scatter(from, *spare, n, d);
        *rows = *spare;
        *spare = from;
    }
}

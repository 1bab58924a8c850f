/* radix.h - many rows in the order of a 64-bit number, without comparing */
#ifndef SEARCH_RADIX_H
#define SEARCH_RADIX_H

#include <stddef.h>
#include <stdint.h>

struct radix_row {
    uint64_t head;                      /* what is sorted by */
    uint32_t recno, id;                 /* the caller's */
};

/* Sort n rows, stable.  *rows and *spare are two arrays of n; the result is in *rows afterwards, which may be the
 * other one of the two.  Bytes of the heads that are the same in all rows cost nothing. */
void radix_sort(struct radix_row **rows, struct radix_row **spare, size_t n);

#endif

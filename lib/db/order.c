/* order.c - see order.h */
#include "lib/db/order.h"

#include <stdint.h>

static int by_length(struct slice a, struct slice b)
{
    return (a.n > b.n) - (a.n < b.n);
}

static size_t common_length(struct slice a, struct slice b)
{
    return a.n < b.n ? a.n : b.n;
}

int order_raw(struct slice a, struct slice b)
{
    size_t n = common_length(a, b);
    int c = n ? memcmp(a.p, b.p, n) : 0;

    return c ? c : by_length(a, b);
}

int order_signed(struct slice a, struct slice b)
{
    size_t n = common_length(a, b);

    for (size_t i = 0; i < n; i++) {
        int c = (signed char)a.p[i] - (signed char)b.p[i];
        if (c)
            return c;
    }
    return by_length(a, b);
}

/* The part of the table that is not the identity, 0x00..0x0a; 0x2e is the other exception. */
static int mbox_rank(uint8_t c)
{
    static const uint8_t low[] = { 0, 3, 4, 5, 6, 7, 8, 9, 10, 1, 1 };

    if (c < sizeof low)
        return low[c];
    return c == '.' ? 2 : c;
}

int order_mbox(struct slice a, struct slice b)
{
    size_t n = common_length(a, b);

    for (size_t i = 0; i < n; i++) {
        uint8_t x = (uint8_t)a.p[i], y = (uint8_t)b.p[i];
        int c = x == y ? 0 : mbox_rank(x) - mbox_rank(y);
        if (c)
            return c;
    }
    return by_length(a, b);
}

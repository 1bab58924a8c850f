/* guid.c - digests as names of message contents, and their text form; see guid.h */
#include "lib/base/guid.h"
#include "lib/base/num.h"

void guid_of(struct guid *g, const void *p, size_t n)
{
    sha1_of(g->b, p, n);
}

bool guid_is_null(const struct guid *g)
{
    static const struct guid null;

    return guid_eq(g, &null);
}

bool guid_eq(const struct guid *a, const struct guid *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

void guid_hex(const struct guid *g, char out[GUID_HEX_MAX])
{
    num_hex(out, g->b, sizeof g->b);
}

err_t guid_parse(struct guid *g, struct slice hex)
{
    return num_unhex(g->b, sizeof g->b, hex);
}

/* lockorder.c - see lockorder.h */
#include "imap/store/lockorder.h"

#include <string.h>

#include "lib/base/bug.h"

/* Process-wide: locks held, by level. */
static unsigned held[LOCK_LEAF + 1];

void lockorder_take(enum lock_level level)
{
#ifndef NDEBUG
    for (unsigned above = (unsigned)level + 1; above <= LOCK_LEAF; above++)
        if (held[above])
            BUG("a lock is taken against the order of lockorder.h");
#endif
    held[level]++;
}

void lockorder_drop(enum lock_level level)
{
    BUG_UNLESS(held[level] > 0);
    held[level]--;
}

void lockorder_nest(struct lockorder_saved *saved)
{
    memcpy(saved->held, held, sizeof held);
    memset(held, 0, sizeof held);
}

void lockorder_unnest(const struct lockorder_saved *saved)
{
    for (unsigned level = 0; level <= LOCK_LEAF; level++)
        held[level] += saved->held[level];
}

bool lockorder_holds(enum lock_level level)
{
    return held[level] > 0;
}

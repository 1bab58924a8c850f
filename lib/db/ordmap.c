/* ordmap.c - see ordmap.h */
#include "lib/db/ordmap.h"

#include <stdint.h>

#include "lib/base/mem.h"
#include "lib/base/rand.h"

enum { LEVELS = 24 };

struct node {
    struct ordmap_entry e;              /* first member: an entry is its node */
    unsigned levels;
    struct node *next[];
};

struct ordmap {
    order_fn *cmp;
    size_t count, bytes;
    uint64_t dice;
    struct node *head[LEVELS];
};

struct ordmap *ordmap_new(order_fn *cmp)
{
    struct ordmap *m = mem_zalloc(sizeof *m);

    m->cmp = cmp;
    m->dice = rand_u32() | 1;
    return m;
}

static void node_free(struct node *n)
{
    mem_free((char *)n->e.key.p);
    mem_free((char *)n->e.value.p);
    mem_free(n);
}

void ordmap_clear(struct ordmap *m)
{
    for (struct node *n = m->head[0], *next; n; n = next) {
        next = n->next[0];
        node_free(n);
    }
    memset(m->head, 0, sizeof m->head);
    m->count = m->bytes = 0;
}

void ordmap_free(struct ordmap **mp)
{
    if (*mp)
        ordmap_clear(*mp);
    mem_free(*mp);
    *mp = NULL;
}

size_t ordmap_count(const struct ordmap *m)
{
    return m->count;
}

size_t ordmap_bytes(const struct ordmap *m)
{
    return m->bytes;
}

/* Fill links[] with the address of the pointer to follow on each level: all nodes before it
 * are below key.  Returns the node there, which is the first not below key. */
static struct node *descend(const struct ordmap *m, struct slice key, struct node **links[LEVELS])
{
    struct node **link = (struct node **)m->head;
    struct node *at = NULL;             /* node that holds the array `link` */

    for (unsigned k = LEVELS; k-- > 0; ) {
        struct node **array = at ? at->next : (struct node **)m->head;
        while (array[k] && m->cmp(array[k]->e.key, key) < 0) {
            at = array[k];
            array = at->next;
        }
        link = &array[k];
        if (links)
            links[k] = link;
    }
    return *link;
}

const struct ordmap_entry *ordmap_seek(const struct ordmap *m, struct slice key, bool inclusive)
{
    struct node *n = key.n ? descend(m, key, NULL) : m->head[0];

    if (n && key.n && !inclusive && m->cmp(n->e.key, key) == 0)
        n = n->next[0];
    return n ? &n->e : NULL;
}

const struct ordmap_entry *ordmap_next(const struct ordmap_entry *e)
{
    const struct node *n = (const struct node *)e;

    return n->next[0] ? &n->next[0]->e : NULL;
}

const struct ordmap_entry *ordmap_find(const struct ordmap *m, struct slice key)
{
    const struct ordmap_entry *e = ordmap_seek(m, key, true);

    return e && m->cmp(e->key, key) == 0 ? e : NULL;
}

const struct ordmap_entry *ordmap_before(const struct ordmap *m, struct slice key)
{
    const struct node *at = NULL;

    for (unsigned k = LEVELS; k-- > 0; ) {
        struct node *const *array = at ? at->next : m->head;
        while (array[k] && (key.n == 0 || m->cmp(array[k]->e.key, key) < 0)) {
            at = array[k];
            array = at->next;
        }
    }
    return at ? &at->e : NULL;
}

static unsigned toss(struct ordmap *m)
{
    unsigned levels = 1;

    m->dice ^= m->dice << 13;
    m->dice ^= m->dice >> 7;
    m->dice ^= m->dice << 17;
    for (uint64_t v = m->dice >> 8; levels < LEVELS && (v & 1); v >>= 1)
        levels++;
    return levels;
}

static struct slice keep(struct slice s)
{
    return (struct slice){ mem_dup(s.p ? s.p : "", s.n), s.n };
}

static void put(struct ordmap *m, struct slice key, struct slice value, bool deleted)
{
    struct node **links[LEVELS];
    struct node *n = descend(m, key, links);

    if (n && m->cmp(n->e.key, key) == 0) {
        struct slice old = n->e.value;
        m->bytes += value.n - old.n;
        n->e.value = keep(value);
        mem_free((char *)old.p);
    } else {
        unsigned levels = toss(m);
        n = mem_alloc(sizeof *n + levels * sizeof n->next[0]);
        n->e.key = keep(key);
        n->e.value = keep(value);
        n->levels = levels;
        for (unsigned k = 0; k < levels; k++) {
            n->next[k] = *links[k];
            *links[k] = n;
        }
        m->count++;
        m->bytes += key.n + value.n;
    }
    n->e.deleted = deleted;
}

void ordmap_put(struct ordmap *m, struct slice key, struct slice value)
{
    put(m, key, value, false);
}

void ordmap_put_tombstone(struct ordmap *m, struct slice key)
{
    put(m, key, SLICE_NULL, true);
}

bool ordmap_remove(struct ordmap *m, struct slice key)
{
    struct node **links[LEVELS];
    struct node *n = descend(m, key, links);

    if (!n || m->cmp(n->e.key, key) != 0)
        return false;
    for (unsigned k = 0; k < n->levels; k++)
        *links[k] = n->next[k];
    m->count--;
    m->bytes -= n->e.key.n + n->e.value.n;
    node_free(n);
    return true;
}

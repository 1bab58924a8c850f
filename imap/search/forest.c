/* forest.c - see forest.h
 *
 * Each tree is a set of paths, each path a splay tree ordered by depth; the top of a path's splay tree points to the
 * node above the path.  access() makes the way from a node to its root one path with the node on top.
 */
#include "imap/search/forest.h"

#include <stdbool.h>

#include "lib/base/mem.h"

struct node {
    uint32_t up;                        /* in the splay tree, or from its top to the node above the path */
    uint32_t kid[2];                    /* nearer to the root, farther from it */
};

struct forest {
    struct node *n;
};

struct forest *forest_new(uint32_t n)
{
    struct forest *f = mem_alloc(sizeof *f);

    f->n = mem_array((size_t)n + 1, sizeof *f->n);
    return f;
}

void forest_free(struct forest **fp)
{
    if (!*fp)
        return;
    mem_free((*fp)->n);
    mem_free(*fp);
    *fp = NULL;
}

static bool is_top(const struct forest *f, uint32_t x)
{
    uint32_t up = f->n[x].up;

    return !up || (f->n[up].kid[0] != x && f->n[up].kid[1] != x);
}

static void rotate(struct forest *f, uint32_t x)
{
    uint32_t p = f->n[x].up, g = f->n[p].up;
    int side = f->n[p].kid[1] == x;
    uint32_t inner = f->n[x].kid[!side];

    if (!is_top(f, p))
        f->n[g].kid[f->n[g].kid[1] == p] = x;
    f->n[x].up = g;
    f->n[x].kid[!side] = p;
    f->n[p].up = x;
    f->n[p].kid[side] = inner;
    if (inner)
        f->n[inner].up = p;
}

static void splay(struct forest *f, uint32_t x)
{
    while (!is_top(f, x)) {
        uint32_t p = f->n[x].up, g = f->n[p].up;
        if (!is_top(f, p))
            rotate(f, (f->n[p].kid[1] == x) == (f->n[g].kid[1] == p) ? p : x);
        rotate(f, x);
    }
}

static void access(struct forest *f, uint32_t node)
{
    for (uint32_t x = node, below = 0; x; below = x, x = f->n[x].up) {
        splay(f, x);
        f->n[x].kid[1] = below;
    }
    splay(f, node);
}

uint32_t forest_root(struct forest *f, uint32_t node)
{
    access(f, node);
    while (f->n[node].kid[0])
        node = f->n[node].kid[0];
    splay(f, node);                     /* pays for the way down */
    return node;
}

void forest_link(struct forest *f, uint32_t child, uint32_t parent)
{
    access(f, child);
    f->n[child].up = parent;
}

void forest_cut(struct forest *f, uint32_t node)
{
    uint32_t above;

    access(f, node);
    above = f->n[node].kid[0];
    if (!above)
        return;
    f->n[above].up = 0;
    f->n[node].kid[0] = 0;
}

/* vec.c - see vec.h; elements are bytes here, the macros give them their type */
#include "lib/base/vec.h"
#include "lib/base/bug.h"
#include "lib/base/mem.h"

#include <stdint.h>

enum { VEC_MIN = 8 };

static char *at(const struct vec *v, size_t i)
{
    return (char *)v->p + i * v->size;
}

void vec_init(struct vec *v, size_t size)
{
    *v = (struct vec){ NULL, 0, 0, size };
}

void vec_fini(struct vec *v)
{
    mem_free(v->p);
    vec_init(v, v->size);
}

void vec_reserve(struct vec *v, size_t total)
{
    if (total <= v->cap)
        return;
    size_t cap = v->cap < VEC_MIN ? VEC_MIN : v->cap;
    while (cap < total)
        cap = cap > SIZE_MAX / 2 ? total : cap * 2;
    v->p = mem_rearray(v->p, cap, v->size);
    v->cap = cap;
}

void *vec_push(struct vec *v)
{
    if (v->n == v->cap)
        vec_reserve(v, v->n + 1);
    return memset(at(v, v->n++), 0, v->size);
}

void vec_pop(struct vec *v)
{
    BUG_UNLESS(v->n > 0);
    v->n--;
}

void vec_remove(struct vec *v, size_t i)
{
    BUG_UNLESS(i < v->n);
    v->n--;
    memmove(at(v, i), at(v, i + 1), (v->n - i) * v->size);
}

void *vec_insert(struct vec *v, size_t i)
{
    BUG_UNLESS(i <= v->n);
    vec_reserve(v, v->n + 1);
    memmove(at(v, i + 1), at(v, i), (v->n - i) * v->size);
    v->n++;
    return memset(at(v, i), 0, v->size);
}

void vec_sort(struct vec *v, int (*cmp)(const void *, const void *))
{
    if (v->n > 1)
        qsort(v->p, v->n, v->size, cmp);
}

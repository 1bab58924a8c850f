/* vec.h - growable array of one type
 *
 *   struct vec v = VEC_INIT(struct item);
 *   *VEC_PUSH(&v, struct item) = (struct item){ ... };
 *   for (size_t i = 0; i < v.n; i++) use(VEC_AT(&v, struct item, i));
 *   vec_fini(&v);
 *
 * Elements move when the array grows.  New elements are cleared.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stddef.h>

struct vec {
    void *p;
    size_t n;
    size_t cap;
    size_t size;
};

#define VEC_INIT(type) { NULL, 0, 0, sizeof(type) }
#define VEC_PUSH(v, type) ((type *)vec_push(v))
#define VEC_AT(v, type, i) (&((type *)(v)->p)[i])

/* Begin with elements of that size; end: frees, empty again. */
void vec_init(struct vec *, size_t size);
void vec_fini(struct vec *);
void *vec_push(struct vec *);                   /* address of a new, cleared last element */
void vec_pop(struct vec *);
void vec_reserve(struct vec *, size_t total);
void vec_remove(struct vec *, size_t i);        /* closes the gap */
void *vec_insert(struct vec *, size_t i);       /* opens a cleared gap at i */
void vec_sort(struct vec *, int (*cmp)(const void *, const void *));

#endif

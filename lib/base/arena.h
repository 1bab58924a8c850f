/* arena.h - many small allocations that end together
 *
 * Memory comes from chunks and is given back by arena_reset(), arena_release() or
 * arena_free(); clean-ups registered meanwhile run then, newest first.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "lib/base/slice.h"

struct arena;

struct arena *arena_new(size_t chunk);          /* chunk 0: a default */
void arena_free(struct arena **);               /* NULL is fine */
void arena_reset(struct arena *);               /* keeps one chunk */

void *arena_alloc(struct arena *, size_t n);    /* cleared, aligned for any type */
void *arena_array(struct arena *, size_t n, size_t size); /* overflow ends the process */
char *arena_strndup(struct arena *, const char *, size_t n);
struct slice arena_dup(struct arena *, struct slice);      /* also NUL terminated */
char *arena_cstr(struct arena *, struct slice);
char *arena_printf(struct arena *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Call fn(arg) when what is allocated now is given back. */
void arena_defer(struct arena *, void (*fn)(void *), void *arg);

/* A mark to go back to: everything allocated after it is given back. */
struct arena_mark {
    void *chunk;
    size_t used;
    void *defers;
};
struct arena_mark arena_mark(struct arena *);
void arena_release(struct arena *, struct arena_mark);

/* Bytes handed out since the last reset and not released, for limits. */
size_t arena_used(const struct arena *);

#endif

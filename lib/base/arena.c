/* arena.c - see arena.h
 *
 * Chunks hang in a list, newest first, and only the newest is filled.  The first
 * one is never given back before arena_free(), so a mark always names a chunk.
 * Under AddressSanitizer bytes not handed out are poisoned: use after a reset shows.
 */
#include "lib/base/arena.h"
#include "lib/base/bug.h"
#include "lib/base/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n) __asan_poison_memory_region((p), (n))
#define UNPOISON(p, n) __asan_unpoison_memory_region((p), (n))
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

enum { ARENA_CHUNK = 8192 };

struct chunk {
    struct chunk *prev;
    size_t before;                      /* bytes handed out of the chunks behind */
    size_t used, cap;
    alignas(max_align_t) char data[];
};

struct defer {
    struct defer *prev;
    void (*fn)(void *);
    void *arg;
};

struct arena {
    struct chunk *top;
    struct defer *defers;
    size_t chunk;
};

static void push_chunk(struct arena *a, size_t cap)
{
    BUG_UNLESS(cap <= SIZE_MAX - sizeof(struct chunk));
    struct chunk *c = mem_alloc(sizeof *c + cap);

    c->prev = a->top;
    c->before = a->top ? a->top->before + a->top->used : 0;
    c->used = 0;
    c->cap = cap;
    a->top = c;
    POISON(c->data, cap);
}

static void pop_chunk(struct arena *a)
{
    struct chunk *c = a->top;

    a->top = c->prev;
    UNPOISON(c->data, c->cap);
    mem_free(c);
}

static void run_defers(struct arena *a, const struct defer *until)
{
    while (a->defers != until) {
        struct defer *d = a->defers;
        a->defers = d->prev;
        d->fn(d->arg);
    }
}

struct arena *arena_new(size_t chunk)
{
    struct arena *a = mem_zalloc(sizeof *a);

    a->chunk = chunk ? chunk : ARENA_CHUNK;
    push_chunk(a, a->chunk);
    return a;
}

void arena_free(struct arena **ap)
{
    struct arena *a = *ap;

    if (!a)
        return;
    *ap = NULL;
    run_defers(a, NULL);
    while (a->top)
        pop_chunk(a);
    mem_free(a);
}

static struct chunk *first_chunk(const struct arena *a)
{
    struct chunk *c = a->top;

    while (c->prev)
        c = c->prev;
    return c;
}

void arena_reset(struct arena *a)
{
    arena_release(a, (struct arena_mark){ first_chunk(a), 0, NULL });
}

void *arena_alloc(struct arena *a, size_t n)
{
    const size_t align = alignof(max_align_t);

    BUG_UNLESS(n <= SIZE_MAX - align);
    size_t size = (n + align - 1) / align * align;
    if (size > a->top->cap - a->top->used)
        push_chunk(a, size > a->chunk ? size : a->chunk);
    void *p = a->top->data + a->top->used;
    a->top->used += size;
    UNPOISON(p, n);
    return memset(p, 0, n);
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(n, size, &total))
        BUG("array size overflows");
    return arena_alloc(a, total);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    BUG_UNLESS(n < SIZE_MAX);
    char *p = arena_alloc(a, n + 1);

    if (n)
        memcpy(p, s, n);
    return p;
}

struct slice arena_dup(struct arena *a, struct slice s)
{
    return slice_make(arena_strndup(a, s.p, s.n), s.n);
}

char *arena_cstr(struct arena *a, struct slice s)
{
    return arena_strndup(a, s.p, s.n);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    BUG_UNLESS(n >= 0);
    char *p = arena_alloc(a, (size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}

void arena_defer(struct arena *a, void (*fn)(void *), void *arg)
{
    struct defer *d = arena_alloc(a, sizeof *d);

    *d = (struct defer){ a->defers, fn, arg };
    a->defers = d;
}

struct arena_mark arena_mark(struct arena *a)
{
    return (struct arena_mark){ a->top, a->top->used, a->defers };
}

void arena_release(struct arena *a, struct arena_mark m)
{
    run_defers(a, m.defers);
    while (a->top != m.chunk)
        pop_chunk(a);
    BUG_UNLESS(m.used <= a->top->used);
    a->top->used = m.used;
    POISON(a->top->data + m.used, a->top->cap - m.used);
}

size_t arena_used(const struct arena *a)
{
    return a->top->before + a->top->used;
}

/* interpose_malloc.c - liblab_malloc.so: failing allocations, loaded behind liblab.so when wanted
 *
 * While libc's own functions are being looked up, requests are served from a small pool that is
 * never given back.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cunit/lab/lab_core.h"

enum { POOL = 65536, ALIGNMENT = 16 };

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    bool looking;
} real;

static struct {
    char room[POOL] __attribute__((aligned(16)));
    size_t used;
} pool;

static void *from_pool(size_t n)
{
    void *p = pool.room + pool.used;

    n = (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (n > POOL - pool.used)
        abort();
    pool.used += n;
    return p;
}

static bool is_pooled(const void *p)
{
    return (const char *)p >= pool.room && (const char *)p < pool.room + POOL;
}

static bool have_real(void)
{
    if (real.free || real.looking)
        return real.free != NULL;
    real.looking = true;
    real.malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    real.calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
    real.realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    real.free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
    real.looking = false;
    return true;
}

/* Does a rule want this one to fail? */
static bool refused(void)
{
    struct lab_op op;
    int saved = errno;

    lab_op_bare(&op, LAB_MALLOC);
    if (lab_before(&op) != LAB_REFUSE && lab_after(&op, 0, 0) == 0) {
        errno = saved;
        return false;
    }
    errno = ENOMEM;
    return true;
}

void *malloc(size_t n)
{
    if (!have_real())
        return from_pool(n);
    return refused() ? NULL : real.malloc(n);
}

void *calloc(size_t n, size_t size)
{
    if (!have_real())
        return from_pool(n * size);
    return refused() ? NULL : real.calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    if (!have_real() || is_pooled(p)) {
        void *grown = malloc(n);
        if (grown && p)
            memcpy(grown, p, n < (size_t)(pool.room + POOL - (char *)p) ? n : 0);
        return grown;
    }
    return refused() ? NULL : real.realloc(p, n);
}

void free(void *p)
{
    if (p && !is_pooled(p) && have_real())
        real.free(p);
}

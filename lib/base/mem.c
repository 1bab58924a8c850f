/* mem.c - see mem.h */
#include "lib/base/mem.h"
#include "lib/base/bug.h"
#include "lib/base/log.h"

#include <stdint.h>
#include <sysexits.h>
#include <unistd.h>

/* Nothing sensible can be done without memory; the files stay valid (crash-only). */
void mem_exhausted(size_t n)
{
    log_crit("ERROR: out of memory: bytes=<%zu>", n);
    _exit(EX_TEMPFAIL);
}

static size_t product(size_t n, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(n, size, &total))
        BUG("array size overflows");
    return total;
}

void *mem_alloc(size_t n)
{
    void *p = malloc(n ? n : 1);

    if (!p)
        mem_exhausted(n);
    return p;
}

void *mem_zalloc(size_t n)
{
    return mem_array(1, n);
}

void *mem_array(size_t n, size_t size)
{
    size_t total = product(n, size);
    void *p = calloc(1, total ? total : 1);

    if (!p)
        mem_exhausted(total);
    return p;
}

void *mem_realloc(void *old, size_t n)
{
    void *p = realloc(old, n ? n : 1);

    if (!p)
        mem_exhausted(n);
    return p;
}

void *mem_rearray(void *old, size_t n, size_t size)
{
    return mem_realloc(old, product(n, size));
}

void *mem_dup(const void *src, size_t n)
{
    void *p = mem_alloc(n);

    if (n)
        memcpy(p, src, n);
    return p;
}

char *mem_strdup(const char *s)
{
    return mem_strndup(s, strlen(s));
}

char *mem_strndup(const char *s, size_t n)
{
    BUG_UNLESS(n < SIZE_MAX);
    char *p = mem_alloc(n + 1);

    if (n)
        memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

void mem_free(void *p)
{
    free(p);
}

void mem_wipe(void *p, size_t n)
{
    if (n)
        explicit_bzero(p, n);
}

bool mem_equal_secret(const void *a, const void *b, size_t n)
{
    const volatile unsigned char *x = a, *y = b;
    unsigned char diff = 0;

    for (size_t i = 0; i < n; i++)
        diff |= x[i] ^ y[i];
    return diff == 0;
}

/* buf.c - see buf.h; sizes double, so that appending is cheap on average */
#include "lib/base/buf.h"
#include "lib/base/bug.h"
#include "lib/base/endian.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

enum { BUF_MIN = 64 };

void buf_init(struct buf *b)
{
    *b = (struct buf)BUF_INIT;
}

void buf_fini(struct buf *b)
{
    mem_free(b->p);
    buf_init(b);
}

void buf_reserve(struct buf *b, size_t more)
{
    size_t need;

    if (more <= b->cap - b->n)
        return;
    if (__builtin_add_overflow(b->n, more, &need))
        BUG("buffer size overflows");
    size_t cap = b->cap < BUF_MIN ? BUF_MIN : b->cap;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    b->p = mem_realloc(b->p, cap);
    b->cap = cap;
}

void buf_add(struct buf *b, const void *src, size_t n)
{
    if (n == 0)
        return;
    buf_reserve(b, n);
    memcpy(b->p + b->n, src, n);
    b->n += n;
}

void buf_adds(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_add_slice(struct buf *b, struct slice s)
{
    buf_add(b, s.p, s.n);
}

void buf_addc(struct buf *b, char c)
{
    if (b->n == b->cap)
        buf_reserve(b, 1);
    b->p[b->n++] = c;
}

void buf_add_u64(struct buf *b, uint64_t v)
{
    buf_reserve(b, NUM_U64_MAX);
    b->n += num_put_u64(b->p + b->n, v);
}

void buf_add_i64(struct buf *b, int64_t v)
{
    if (v < 0)
        buf_addc(b, '-');
    buf_add_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void buf_add_hex(struct buf *b, const void *src, size_t n)
{
    BUG_UNLESS(n < SIZE_MAX / 2);
    buf_reserve(b, 2 * n + 1);
    num_hex(b->p + b->n, src, n);
    b->n += 2 * n;
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(b, fmt, ap);
    va_end(ap);
}

void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;

    va_copy(again, ap);
    buf_reserve(b, BUF_MIN);
    int n = vsnprintf(b->p + b->n, b->cap - b->n, fmt, ap);
    BUG_UNLESS(n >= 0);
    if ((size_t)n >= b->cap - b->n) {
        buf_reserve(b, (size_t)n + 1);
        vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
    }
    b->n += (size_t)n;
    va_end(again);
}

void buf_add_be32(struct buf *b, uint32_t v)
{
    char raw[4];

    be32_put(raw, v);
    buf_add(b, raw, sizeof raw);
}

void buf_add_be64(struct buf *b, uint64_t v)
{
    char raw[8];

    be64_put(raw, v);
    buf_add(b, raw, sizeof raw);
}

void buf_truncate(struct buf *b, size_t n)
{
    BUG_UNLESS(n <= b->n);
    b->n = n;
}

void buf_remove_front(struct buf *b, size_t n)
{
    BUG_UNLESS(n <= b->n);
    if (n == 0)
        return;
    b->n -= n;
    memmove(b->p, b->p + n, b->n);
}

void buf_wipe(struct buf *b)
{
    mem_wipe(b->p, b->cap);
    b->n = 0;
}

const char *buf_cstr(struct buf *b)
{
    buf_reserve(b, 1);
    b->p[b->n] = '\0';
    return b->p;
}

char *buf_steal(struct buf *b)
{
    buf_cstr(b);
    char *p = b->p;
    buf_init(b);
    return p;
}

/* pages.c - see pages.h */
#include "cunit/lab/pages.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 4096 };

struct page {
    unsigned refs;
    bool hashed;
    uint64_t hash;
    unsigned char bytes[PAGE];
};

void *must_alloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);

    if (!p) {
        fputs("replay: out of memory\n", stderr);
        exit(1);
    }
    return p;
}

void *must_grow(void *p, size_t n)
{
    p = realloc(p, n ? n : 1);
    if (!p) {
        fputs("replay: out of memory\n", stderr);
        exit(1);
    }
    return p;
}

/* FNV-1a over 8 bytes at a time, then a stir. */
uint64_t hash_bytes(uint64_t h, const void *p, size_t n)
{
    const unsigned char *b = p;

    h ^= UINT64_C(0xcbf29ce484222325) + n;
    for (; n >= 8; b += 8, n -= 8) {
        uint64_t word;
        memcpy(&word, b, 8);
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    for (; n; b++, n--)
        h = (h ^ *b) * UINT64_C(0x100000001b3);
    return h ^ h >> 32;
}

static void unref(struct page *p)
{
    if (p && --p->refs == 0)
        free(p);
}

void pages_free(struct pages *f)
{
    for (size_t i = 0; i < f->n; i++)
        unref(f->page[i]);
    free(f->page);
    *f = (struct pages){ 0 };
}

void pages_copy(struct pages *to, const struct pages *from)
{
    struct pages old = *to;

    to->size = from->size;
    to->n = from->n;
    to->page = must_alloc(from->n * sizeof *to->page);
    for (size_t i = 0; i < from->n; i++) {
        to->page[i] = from->page[i];
        if (to->page[i])
            to->page[i]->refs++;
    }
    pages_free(&old);
}

static void make_room(struct pages *f, size_t n)
{
    if (n <= f->n)
        return;
    f->page = must_grow(f->page, n * sizeof *f->page);
    memset(f->page + f->n, 0, (n - f->n) * sizeof *f->page);
    f->n = n;
}

/* The page, to be changed: nobody else's. */
static struct page *own_page(struct pages *f, size_t i)
{
    struct page *old = f->page[i];

    if (!old || old->refs > 1) {
        f->page[i] = must_alloc(sizeof **f->page);
        if (old)
            memcpy(f->page[i]->bytes, old->bytes, PAGE);
        f->page[i]->refs = 1;
        unref(old);
    }
    f->page[i]->hashed = false;
    return f->page[i];
}

void pages_write(struct pages *f, uint64_t at, const void *p, size_t n)
{
    const unsigned char *b = p;

    if (!n)
        return;
    make_room(f, (size_t)((at + n + PAGE - 1) / PAGE));
    if (at + n > f->size)
        f->size = at + n;
    while (n) {
        size_t in = (size_t)(at % PAGE), piece = n < PAGE - in ? n : PAGE - in;
        memcpy(own_page(f, (size_t)(at / PAGE))->bytes + in, b, piece);
        at += piece;
        b += piece;
        n -= piece;
    }
}

void pages_resize(struct pages *f, uint64_t size)
{
    size_t keep = (size_t)((size + PAGE - 1) / PAGE);

    for (size_t i = keep; i < f->n; i++) {
        unref(f->page[i]);
        f->page[i] = NULL;
    }
    if (size < f->size && size % PAGE && keep <= f->n && f->page[keep - 1])
        memset(own_page(f, keep - 1)->bytes + size % PAGE, 0, (size_t)(PAGE - size % PAGE));
    make_room(f, keep);
    f->size = size;
}

static bool is_zero(const struct page *p)
{
    return !p || (p->bytes[0] == 0 && memcmp(p->bytes, p->bytes + 1, PAGE - 1) == 0);
}

uint64_t pages_hash(const struct pages *f)
{
    uint64_t h = hash_bytes(1, &f->size, sizeof f->size);

    for (size_t i = 0; i < f->n; i++) {
        struct page *p = f->page[i];
        if (p && !p->hashed) {
            p->hash = is_zero(p) ? 0 : hash_bytes(2, p->bytes, PAGE);
            p->hashed = true;
        }
        if (p && p->hash) {
            uint64_t both[2] = { i, p->hash };
            h = hash_bytes(h, both, sizeof both);
        }
    }
    return h;
}

int pages_store(const struct pages *f, int fd)
{
    if (ftruncate(fd, (off_t)f->size) < 0)
        return -1;
    for (size_t i = 0; i < f->n && i * PAGE < f->size; i++) {
        uint64_t left = f->size - i * PAGE;
        size_t n = left < PAGE ? (size_t)left : PAGE;
        if (!is_zero(f->page[i]) &&
            pwrite(fd, f->page[i]->bytes, n, (off_t)(i * PAGE)) != (ssize_t)n)
            return -1;
    }
    return 0;
}

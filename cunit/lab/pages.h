/* pages.h - the bytes of a file as a row of pages that copies share
 *
 * A page that holds only zeros is not there.  Memory that cannot be had ends the program.
 */
#ifndef LAB_PAGES_H
#define LAB_PAGES_H

#include <stddef.h>
#include <stdint.h>

struct page;
struct pages {
    uint64_t size;
    size_t n;           /* room in `page` */
    struct page **page; /* NULL: zeros */
};

void pages_free(struct pages *);
/* *to becomes the same as from; what it held is freed. */
void pages_copy(struct pages *to, const struct pages *from);
/* n bytes at an offset; the file grows when needed. */
void pages_write(struct pages *, uint64_t at, const void *, size_t n);
/* Cut or extend with zeros. */
void pages_resize(struct pages *, uint64_t size);
/* A number for size and bytes: equal files have equal numbers. */
uint64_t pages_hash(const struct pages *);
/* Write the bytes to a new empty file, with holes for zeros.  -1 on failure. */
int pages_store(const struct pages *, int fd);

/* The same kind of number for anything: start with any value, then with what came out. */
uint64_t hash_bytes(uint64_t, const void *, size_t n);
/* Memory or death. */
void *must_alloc(size_t);
void *must_grow(void *, size_t);

#endif

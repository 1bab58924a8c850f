/* buf.h - bytes that grow
 *
 * Owned by whoever declares it; BUF_INIT needs no memory.  The bytes may be moved
 * by any call that appends.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

struct buf {
    char *p;
    size_t n;
    size_t cap;
};

#define BUF_INIT { NULL, 0, 0 }

/* Begin, end, empty. */
void buf_init(struct buf *);
void buf_fini(struct buf *);                    /* frees; the buf is empty and usable again */
static inline void buf_reset(struct buf *b)     /* empties, keeps the memory */
{
    b->n = 0;
}
void buf_reserve(struct buf *, size_t more);    /* room for `more` bytes behind n */
void buf_add(struct buf *, const void *, size_t);
void buf_adds(struct buf *, const char *);
void buf_add_slice(struct buf *, struct slice);
void buf_addc(struct buf *, char);
void buf_add_u64(struct buf *, uint64_t);       /* decimal */
void buf_add_i64(struct buf *, int64_t);
void buf_add_hex(struct buf *, const void *, size_t);  /* lower-case */
void buf_addf(struct buf *, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vaddf(struct buf *, const char *fmt, va_list) PRINTF_LIKE(2, 0);
void buf_add_be32(struct buf *, uint32_t);
void buf_add_be64(struct buf *, uint64_t);
void buf_truncate(struct buf *, size_t n);      /* n <= b->n */
void buf_remove_front(struct buf *, size_t n);
void buf_wipe(struct buf *);                    /* overwrite, then empty */

/* NUL terminated view, valid until the next change.  Bytes after an inner NUL are
 * not seen by C functions: for the system's edge only. */
const char *buf_cstr(struct buf *);

/* Take the bytes, NUL terminated; the caller frees with mem_free.  Empties b. */
char *buf_steal(struct buf *);

/* The bytes, borrowed until the next change. */
static inline struct slice buf_slice(const struct buf *b)
{
    return (struct slice){ b->p, b->n };
}

#endif

/* map.h - read-only window on a file that grows
 *
 * Always MAP_SHARED and PROT_READ: what other processes write is seen, nothing is ever
 * written through memory.  The window is made larger than the file, so that a growing
 * file seldom needs a new mapping; bytes at and behind `len` are not touched.
 *
 * SIGBUS.  Another process may truncate the file while it is mapped; touching a page
 * that has gone raises SIGBUS.  The first mapping installs a process-wide handler
 * (filemap_guard) that puts a page of zeros in the missing place, marks the window as
 * faulted and lets the reader go on.  Readers therefore see zeros, which checksums and
 * parsers refuse, and whoever needs certainty asks filemap_ok() after reading.  A SIGBUS
 * outside of all windows has its usual deadly effect.
 *
 * The descriptor is borrowed by filemap_refresh() for the time of the call only; closing
 * it does not end the mapping.  (Mind lock.h: closing any descriptor of a locked file
 * drops the lock.)  The struct may be moved, not copied.
 */
#ifndef OS_MAP_H
#define OS_MAP_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

struct filemap {
    const char *base;                   /* NULL while nothing is mapped */
    size_t len;                         /* bytes that may be read */
    struct filemap_window *win;         /* what the handler knows; private */
};

#define FILEMAP_INIT { NULL, 0, NULL }

/* Make bytes 0 to size-1 of fd readable; the caller knows that the file has them (from
 * fstat, or from its header under a lock).  Cheap when the window is wide enough.  After
 * growth `base` may differ.  A window that has faulted is mapped anew.  When the file
 * behind fd has been replaced (lock_reopen), call filemap_fini() first.
 * On failure nothing is mapped.  path is for the log. */
err_t filemap_refresh(struct filemap *, int fd, uint64_t size, const char *path) NODISCARD;

/* Map a whole file that is not expected to grow (a message); opens and closes it.
 * ERR_NOTFOUND is not logged.  An empty file gives base NULL, len 0. */
err_t filemap_open(struct filemap *, const char *path) NODISCARD;

/* Unmap; the struct can be used again.  Slices of it end here. */
void filemap_fini(struct filemap *);

/* Have all pages read so far been there?  ERR_IO (logged once per fault) otherwise. */
err_t filemap_ok(struct filemap *, const char *path) NODISCARD;

/* Install the SIGBUS handler; done by the first mapping, harmless to repeat. */
void filemap_guard(void);

/* All that may be read; ends with the next refresh or fini. */
static inline struct slice filemap_slice(const struct filemap *m)
{
    return (struct slice){ m->base, m->len };
}

/* n bytes at an offset; false when they are not all inside. */
static inline bool filemap_get(const struct filemap *m, uint64_t at, size_t n, struct slice *out)
{
    if (at > m->len || n > m->len - at)
        return false;
    *out = (struct slice){ m->base ? m->base + at : NULL, n };
    return true;
}

#endif

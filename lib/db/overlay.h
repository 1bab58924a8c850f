/* overlay.h - pending changes laid over the records of a file
 *
 * For engines that write the whole file anew at a commit.  Until then changes are in an
 * ordmap, whose tombstones hide records of the file.
 */
#ifndef DB_OVERLAY_H
#define DB_OVERLAY_H

#include "lib/db/db_impl.h"
#include "lib/db/ordmap.h"

/* Sorted records: `next` sets *key and *value, borrowed until the following call.  `from` as
 * in overlay_walk(); ERR_NOTFOUND at the end. */
struct overlay_source {
    err_t (*seek)(void *arg, struct slice from, bool inclusive, struct slice *key,
                  struct slice *value);
    err_t (*next)(void *arg, struct slice *key, struct slice *value);
    void *arg;
};

/* Visit both merged, from the first key that is not before `from` (behind it unless inclusive;
 * empty: from the start).  A result of the visitor other than ERR_OK ends the walk and is
 * returned. */
err_t overlay_walk(const struct overlay_source *, const struct ordmap *pending, order_fn *,
                   struct slice from, bool inclusive, db_visit_fn *visit, void *arg) NODISCARD;

/* The same into a batch: keys with the prefix, until it is full. */
err_t overlay_collect(const struct overlay_source *, const struct ordmap *pending, order_fn *,
                      struct slice from, bool inclusive, struct slice prefix,
                      struct db_batch *) NODISCARD;

#endif

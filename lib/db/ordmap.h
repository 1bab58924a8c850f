/* ordmap.h - ordered map in memory, bytes to bytes
 *
 * Holds the pending changes of a transaction, the whole memory database, and what a rescue
 * collects.  Keys and values are copied.  An entry may be a tombstone: "this key is deleted",
 * which the engines put over the records of a file.  A skip list inside.
 */
#ifndef DB_ORDMAP_H
#define DB_ORDMAP_H

#include <stdbool.h>

#include "lib/base/slice.h"
#include "lib/db/order.h"

struct ordmap;

struct ordmap_entry {
    struct slice key, value;            /* owned by the map; valid until the entry changes */
    bool deleted;                       /* tombstone; value is empty */
};

/* An empty map; freed with all entries (a NULL map is fine); emptied. */
struct ordmap *ordmap_new(order_fn *);
void ordmap_free(struct ordmap **);
void ordmap_clear(struct ordmap *);

size_t ordmap_count(const struct ordmap *);         /* entries, tombstones included */
size_t ordmap_bytes(const struct ordmap *);         /* keys and values together */

/* NULL if absent. */
const struct ordmap_entry *ordmap_find(const struct ordmap *, struct slice key);

/* Insert or replace. */
void ordmap_put(struct ordmap *, struct slice key, struct slice value);
void ordmap_put_tombstone(struct ordmap *, struct slice key);

/* False: was absent. */
bool ordmap_remove(struct ordmap *, struct slice key);

/* The first entry not before key (inclusive) or behind it; NULL at the end.  The empty key
 * is before all. */
const struct ordmap_entry *ordmap_seek(const struct ordmap *, struct slice key, bool inclusive);

/* NULL behind the last. */
const struct ordmap_entry *ordmap_next(const struct ordmap_entry *);

/* The last entry before key; the empty key means "before the end".  NULL if there is none. */
const struct ordmap_entry *ordmap_before(const struct ordmap *, struct slice key);

#endif

/* patches.h - bytes of a file that a transaction will overwrite at its commit
 *
 * Until then readers inside the transaction look here first.  A patch has an id (the offset
 * of the record it belongs to), a place in the file and a fixed length; its bytes stay at
 * the same address until patches_clear().
 */
#ifndef DB_PATCHES_H
#define DB_PATCHES_H

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/vec.h"

struct dbfile;

struct patches {
    struct arena *mem;                  /* NULL until the first patch */
    struct vec list;                    /* struct patch */
    uint32_t *slots;                    /* hash table of list indexes + 1 */
    uint32_t nslots;                    /* power of two, or 0 */
};

/* Empty; freed; emptied, with the memory kept. */
void patches_init(struct patches *);
void patches_fini(struct patches *);
void patches_clear(struct patches *);

/* Memory in use, about. */
size_t patches_bytes(const struct patches *);

/* NULL: this record is not patched.  The bytes may be changed. */
uint8_t *patches_find(const struct patches *, uint64_t id);

/* Start a patch (there is none with this id) as a copy of n bytes. */
uint8_t *patches_add(struct patches *, uint64_t id, uint64_t at, const void *, size_t n);

/* Write all to the file, in the order of places; then clear. */
err_t patches_write(struct patches *, struct dbfile *) NODISCARD;

#endif

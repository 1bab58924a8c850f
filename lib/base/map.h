/* map.h - hash table from byte strings to pointers, seeded per process
 *
 * Keys are copied.  Order of iteration is unspecified.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "lib/base/slice.h"

struct map;

struct map *map_new(void (*free_value)(void *));    /* NULL: values are not owned */
void map_free(struct map **);
void *map_get(const struct map *, struct slice key);        /* NULL if absent */
bool map_has(const struct map *, struct slice key);
void map_put(struct map *, struct slice key, void *value);  /* frees a value it replaces */
bool map_del(struct map *, struct slice key);               /* false: was absent */
size_t map_count(const struct map *);

/* Walk: size_t pos = 0; while (map_next(m, &pos, &key, &value)) ...  No changes meanwhile. */
bool map_next(const struct map *, size_t *pos, struct slice *key, void **value);

#endif

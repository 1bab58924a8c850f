/* path.h - names of files: joining, hash directories, what is safe */
#ifndef OS_PATH_H
#define OS_PATH_H

#include "lib/base/buf.h"
#include "lib/base/slice.h"

enum {
    PATH_COMPONENT_MAX = 255,           /* bytes of one component (NAME_MAX) */
    PATH_LENGTH_MAX = 4095,             /* bytes of a path without its NUL (PATH_MAX - 1) */
};

/* Append "/" (unless there is one at the end, or out is empty) and the component. */
void path_add(struct buf *out, struct slice component);

/* out becomes dir/name, or dir/name/name2. */
void path_join(struct buf *out, const char *dir, const char *name);
void path_join3(struct buf *out, const char *dir, const char *name, const char *name2);

/* "/a/b/c" -> "/a/b" and "c"; "/c" -> "/" and "c"; "c" -> "." and "c".  One slash at the
 * end is not counted. */
struct slice path_dirname(struct slice path);
struct slice path_basename(struct slice path);

/* May this be one component of a path that was made from outside data?  1 to
 * PATH_COMPONENT_MAX bytes, not "." or "..", no '/', no control characters. */
bool path_is_component(struct slice);

/* The same for a relative path of such components. */
bool path_is_relative(struct slice);

enum path_hash {
    PATH_HASH_FIRST,                    /* fulldirhash: no */
    PATH_HASH_FULL,                     /* fulldirhash: yes */
};

/* Letter of the hash directory of a name (formats/mailbox-store.md 3.3): for the whole
 * component, be it a user, a domain or a lock name.  '^' counts as '.'.  FIRST: first byte
 * in lower case if a letter, else 'q'.  FULL: 'A' to 'W' from the bytes before the first
 * dot. */
char path_hash(struct slice name, enum path_hash);

#endif

/* dir.h - directories: make, list, walk, remove
 *
 * Failures are logged once here and returned as in file.h; a missing directory is
 * ERR_NOTFOUND without a log line.  Symbolic links are never followed below the starting
 * point.  Nothing here makes names durable: sync.h.
 */
#ifndef OS_DIR_H
#define OS_DIR_H

#include <sys/types.h>

#include "lib/base/err.h"

enum { DIR_DEPTH_MAX = 128 };           /* deeper trees are refused with ERR_LIMIT */

/* Make a directory and all that are missing above it.  mode for each, under the umask.
 * New names are durable on ERR_OK.  That it exists is fine; that something else has the name is
 * ERR_IO. */
err_t dir_make(const char *path, mode_t mode) NODISCARD;

/* Make what is missing above the last component of path. */
err_t dir_make_parents(const char *path, mode_t mode) NODISCARD;

enum dir_type { DIR_FILE, DIR_DIR, DIR_LINK, DIR_OTHER };

/* Called for each entry but "." and "..".  Anything but ERR_OK ends the walk and is
 * returned by it; ERR_STOP ends it early and is turned into ERR_OK. */
typedef err_t dir_entry_fn(void *arg, const char *name, enum dir_type);

/* Entries of one directory, in the order of the file system. */
err_t dir_list(const char *path, dir_entry_fn *, void *arg) NODISCARD;

/* The same, sorted by byte value.  All names are read before the first call. */
err_t dir_list_sorted(const char *path, dir_entry_fn *, void *arg) NODISCARD;

enum dir_order {
    DIR_PRE,                            /* a directory before its entries */
    DIR_POST,                           /* after them */
};

/* Everything below path (not path itself), sorted; `name` is relative to path
 * ("a/b/file").  Entries that vanish meanwhile are passed over. */
err_t dir_walk(const char *path, enum dir_order, dir_entry_fn *, void *arg) NODISCARD;

/* Remove a directory and everything below it, or a single file.  What vanishes meanwhile
 * is fine; goes on after a failure and returns the first one. */
err_t dir_remove_tree(const char *path) NODISCARD;

/* Remove path and then the directories above it as long as they are empty, but never
 * `stop` itself or anything outside it.  A directory that is not empty ends it quietly. */
void dir_prune(const char *path, const char *stop);

#endif

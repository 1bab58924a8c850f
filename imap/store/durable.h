/* durable.h - the only module that writes, names and removes files of the spool
 *
 * Every call is one step of a commit and has a name for tests: a hook sees each step before it
 * happens and may kill the process there or make the step fail.  A batch (struct durable) collects
 * what must reach the disk and flushes it: few things one by one, many on one file system by one
 * syncfs().  Under the strict model that the store is written for, file data is durable by a sync
 * of that file and a name by a sync of its directory.
 *
 * Failures are logged here and returned as err_from_errno() tells.
 */
#ifndef STORE_DURABLE_H
#define STORE_DURABLE_H

#include <stdint.h>
#include <time.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/base/vec.h"

/* ---- steps ---- */

/* New empty file, mode 0600, read-write; what had the name is removed first when `replace`.
 * ERR_EXISTS. */
err_t durable_create(const char *path, bool replace, int *fd_out) NODISCARD;
/* All n bytes at the current position. */
err_t durable_write(int fd, const char *path, const void *, size_t n) NODISCARD;
/* The same at an offset. */
err_t durable_pwrite(int fd, const char *path, const void *, size_t n, uint64_t at) NODISCARD;
/* Pieces, one behind the other, from an offset on. */
err_t durable_pwritev(int fd, const char *path, const struct slice *pieces, size_t n,
                      uint64_t at) NODISCARD;
/* Cut or extend to that size. */
err_t durable_truncate(int fd, const char *path, uint64_t size) NODISCARD;
/* `to` is replaced; the change is durable with its directory. */
err_t durable_rename(const char *from, const char *to) NODISCARD;

/* Name `to` (below directory dirfd) for the file `from`.  ERR_EXISTS: the name is in use.  Where no
 * link is possible or wanted the bytes are copied, with the time, and *copied_out (may be NULL) is
 * set to true: they are not durable before durable_sync_fs() (or a sync of the file). */
err_t durable_link_at(const char *from, int dirfd, const char *dir, const char *to, bool may_link,
                      bool *copied_out) NODISCARD;
/* Copy with the time kept.  `sync`: bytes are durable on ERR_OK.  ERR_EXISTS. */
err_t durable_copy(const char *from, const char *to, bool sync) NODISCARD;
err_t durable_unlink(const char *path) NODISCARD;               /* missing: ERR_OK */
err_t durable_unlink_at(int dirfd, const char *dir,
                        const char *name) NODISCARD; /* missing: ERR_OK */

/* Make a directory and those above it that are missing, each made durable in its parent. */
err_t durable_make_dirs(const char *path) NODISCARD;
/* Remove an empty directory; not empty or missing: ERR_OK. */
err_t durable_remove_dir(const char *path) NODISCARD;

/* One file or directory at once. */
err_t durable_sync_file(int fd, const char *path) NODISCARD;
/* The names in a directory. */
err_t durable_sync_dir(const char *path) NODISCARD;
/* Everything on the file system of fd. */
err_t durable_sync_fs(int fd, const char *path) NODISCARD;

/* A new file with these bytes and that modification time.  ERR_EXISTS. */
err_t durable_write_at(int dirfd, const char *dir, const char *name, struct slice,
                       time_t mtime) NODISCARD;

/* Replace a small file as durable_replace() does, but without a sync. */
err_t durable_replace_later(const char *path, struct slice bytes) NODISCARD;

/* Replace a small file: "<path>.NEW", sync, rename; the name becomes durable with the directory,
 * which the caller adds to its batch. */
err_t durable_replace(const char *path, struct slice bytes) NODISCARD;

/* ---- batches ---- */

struct durable {
    struct vec items;                   /* struct durable_item */
};

/* An empty batch. */
void durable_init(struct durable *);
/* Frees the list; nothing is synced. */
void durable_fini(struct durable *);

/* Descriptors and paths are borrowed until the flush.  Adding the same descriptor again is fine.
 * Returns the number of the item for durable_result(). */
size_t durable_add_file(struct durable *, int fd, const char *path);
/* The same for a directory. */
size_t durable_add_dir(struct durable *, int dirfd, const char *path);

/* Sync everything; the batch is kept for durable_result() until durable_fini() or durable_reset().
 * First failure is returned; the others are tried all the same. */
err_t durable_flush(struct durable *) NODISCARD;
/* What became of one item in the flush. */
err_t durable_result(const struct durable *, size_t item) NODISCARD;
/* Empty again. */
void durable_reset(struct durable *);

/* From this many items on one file system one syncfs() is made. */
enum { DURABLE_SYNCFS_MIN = 6 };

/* ---- tests and figures ---- */

struct durable_counts {
    uint64_t syncs;                     /* fsync, fdatasync and syncfs calls */
    uint64_t steps;                     /* everything else above */
};
/* Of this process so far. */
struct durable_counts durable_counts(void);

/* Called before each step: step is "create", "write", "pwrite", "truncate", "rename", "link",
 * "copy", "unlink", "mkdir", "rmdir", "sync", "syncdir", "syncfs".  Returning an errno value makes
 * the step fail with it before anything was done; 0 lets it happen.  NULL takes the hook away. */
typedef int durable_hook_fn(void *arg, const char *step, const char *path);
/* Process-wide. */
void durable_set_hook(durable_hook_fn *, void *arg);

#endif

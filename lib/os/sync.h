/* sync.h - making things durable; the only place that calls fsync and fdatasync
 *
 * A failed sync is logged (IOERROR) and must be taken as "not stored": the kernel may
 * have thrown the bytes away, so calling again proves nothing.
 */
#ifndef OS_SYNC_H
#define OS_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

/* Bytes and size of a file (fdatasync).  path is for the log. */
err_t sync_data(int fd, const char *path) NODISCARD;

/* The same with times and modes (fsync). */
err_t sync_file(int fd, const char *path) NODISCARD;

/* Names in a directory, by path or by descriptor.  A file system that cannot sync
 * directories (EINVAL) is taken as success. */
err_t sync_dir(const char *dir) NODISCARD;
err_t sync_dir_fd(int fd, const char *dir) NODISCARD;

/* The directory a file is in: after create, rename, link and unlink. */
err_t sync_parent(const char *path) NODISCARD;

/* Told of each sync that failed, with the path that was given and errno, when it has been logged;
 * must not sync.  Process-wide; NULL: nobody. */
typedef void sync_failure_fn(void *arg, const char *path, int error);
void sync_on_failure(sync_failure_fn *, void *arg);
/* To be called for a sync that somebody else made (syncfs) and that failed. */
void sync_failed(const char *path, int error);

/* System calls made by this process so far; for tests and benchmarks. */
uint64_t sync_count(void);

/* Tests only: false turns all of the above into successes that do nothing. */
void sync_set_enabled(bool);

#endif

/* file.h - whole reads and writes, replacing a file in one step
 *
 * Every call finishes what it was asked for: EINTR and short transfers are repeated.
 * `path` next to a descriptor is for the log only.  Failures are logged once here
 * (IOERROR line with path and errno) and returned as err_from_errno() tells, except
 * that a missing file (ERR_NOTFOUND) and an existing one (ERR_EXISTS) are not logged:
 * the caller knows whether that is normal.  All descriptors are close-on-exec.
 */
#ifndef OS_FILE_H
#define OS_FILE_H

#include <stdint.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

/* --- opening and closing ------------------------------------------------- */

/* open(2) with O_CLOEXEC added; the caller owns *fd_out (-1 on failure).  With O_EXCL an
 * existing file is ERR_EXISTS. */
err_t file_open(const char *path, int flags, mode_t mode, int *fd_out) NODISCARD;

/* Close and set to -1; -1 is fine.  Errors are not reported: durability is sync.h's. */
void file_close(int *fd);

/* --- asking -------------------------------------------------------------- */

bool file_exists(const char *path);             /* anything of that name; follows links */
err_t file_stat(const char *path, struct stat *out) NODISCARD;
err_t file_size(int fd, const char *path, uint64_t *out) NODISCARD;

/* Do descriptor and path name the same file?  False also when path has gone. */
bool file_is_same(int fd, const char *path);

/* --- reading ------------------------------------------------------------- */

/* Up to n bytes from the current position; *got < n only at the end of the file. */
err_t file_read(int fd, const char *path, void *dst, size_t n, size_t *got) NODISCARD;

/* The same at an offset, leaving the position alone. */
err_t file_pread(int fd, const char *path, void *dst, size_t n, uint64_t at, size_t *got) NODISCARD;

/* Exactly n bytes at an offset; ERR_CORRUPT (logged) when the file ends before. */
err_t file_pread_all(int fd, const char *path, void *dst, size_t n, uint64_t at) NODISCARD;

/* A whole file in place of what `out` held.  ERR_LIMIT (logged) when it has more than max
 * bytes; `out` is empty after a failure. */
err_t file_load(const char *path, size_t max, struct buf *out) NODISCARD;

/* The same from the start of an open file; its position is left alone.  Files that cannot
 * seek (pipes, sockets) are refused with ERR_IO. */
err_t file_load_fd(int fd, const char *path, size_t max, struct buf *out) NODISCARD;

/* --- writing ------------------------------------------------------------- */

err_t file_write_all(int fd, const char *path, const void *src, size_t n) NODISCARD;
err_t file_pwrite_all(int fd, const char *path, const void *src, size_t n, uint64_t at) NODISCARD;

/* Pieces one behind the other, with as few system calls as the kernel allows. */
err_t file_writev_all(int fd, const char *path, const struct slice *parts, size_t n) NODISCARD;
/* The same at an offset. */
err_t file_pwritev_all(int fd, const char *path, const struct slice *parts, size_t n,
                       uint64_t at) NODISCARD;

/* Cut or extend (with zeros) to size bytes. */
err_t file_truncate(int fd, const char *path, uint64_t size) NODISCARD;

/* Modification (and access) time, seconds. */
err_t file_set_mtime(const char *path, time_t t) NODISCARD;

/* --- names --------------------------------------------------------------- */

err_t file_unlink(const char *path) NODISCARD;
err_t file_rename(const char *from, const char *to) NODISCARD;

/* --- atomic replace ------------------------------------------------------ */

enum file_durability {
    FILE_NOSYNC,                        /* rebuildable state: atomic, may be lost by a power cut */
    FILE_SYNC,                          /* bytes and name are on disk on ERR_OK */
};

/* Write `bytes` to tmp (same directory, by custom "<name>.NEW"), then rename over path.
 * FILE_SYNC: fdatasync before and directory sync after the rename.  After a failure path
 * is as before and tmp is gone; the one exception is a failing directory sync, after
 * which the new file is in place but may not survive a power cut.  mode: as for open(2). */
err_t file_replace(const char *path, const char *tmp, struct slice bytes, mode_t mode,
                   enum file_durability) NODISCARD;

/* The same in steps, for writers who stream.  begin: a new empty tmp, read-write; what a
 * crash left of that name is thrown away.  commit: make it path; closes *fd in every
 * case, removes tmp on failure.  abort: close and remove tmp; fd -1 is fine. */
err_t file_replace_begin(const char *tmp, mode_t mode, int *fd_out) NODISCARD;
err_t file_replace_commit(const char *path, const char *tmp, int *fd,
                          enum file_durability) NODISCARD;
void file_replace_abort(const char *tmp, int *fd);

/* --- copies -------------------------------------------------------------- */

enum file_copy_flags {
    FILE_COPY_SYNC = 1,                 /* the bytes (not the name) are durable on ERR_OK */
    FILE_COPY_TIME = 2,                 /* give the copy the modification time of the source */
};

/* Copy the bytes to a new file.  ERR_EXISTS when dst exists; a failed copy is removed. */
err_t file_copy(const char *src, const char *dst, mode_t mode, unsigned flags) NODISCARD;

/* Hard link src as dst, or copy where a link is impossible (other file system, too many
 * links, not permitted).  *linked_out (may be NULL) tells which.  ERR_EXISTS as above. */
err_t file_link_or_copy(const char *src, const char *dst, mode_t mode, unsigned flags,
                        bool *linked_out) NODISCARD;

#endif

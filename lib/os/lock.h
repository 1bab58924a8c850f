/* lock.h - whole-file locks: POSIX record locks (fcntl), as all programs here take them
 *
 * Such a lock belongs to the process, not to the descriptor:
 *   - closing ANY descriptor of the same file in this process drops it, also one that a
 *     library or another module opened.  Keep one descriptor per file and process;
 *   - taking it again changes the mode (shared <-> exclusive) instead of failing, and an
 *     upgrade may let another writer in between;
 *   - fork() does not pass it on, exec() keeps it.
 * Order of locks: imap/store/lockorder.h.
 */
#ifndef OS_LOCK_H
#define OS_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

enum lock_mode { LOCK_SHARED, LOCK_EXCLUSIVE };

enum {
    LOCK_TRY = 0,                       /* timeout_ms: do not wait */
    LOCK_FOREVER = -1,                  /* timeout_ms: wait without end */
};

/* Lock the whole file.  LOCK_SHARED needs a descriptor open for reading, LOCK_EXCLUSIVE
 * one open for writing.  Waits at most timeout_ms milliseconds, sleeping in the kernel.
 * ERR_LOCKED: somebody else holds it; after a wait (not after LOCK_TRY) the holder is
 * logged.  ERR_IO: refused by the system, or a deadlock was found (logged). */
err_t lock_file(int fd, const char *path, enum lock_mode, int timeout_ms) NODISCARD;

/* Give the lock back.  fd stays open. */
void lock_release(int fd, const char *path);

/* A process that keeps us from taking the lock in that mode; 0: nobody. */
pid_t lock_holder(int fd, enum lock_mode);

/* Lock a file that others replace by rename (formats/cyrusdb.md section 9): when the lock
 * is ours but path names another file by now, that one is opened (with open(2) `flags`) and
 * put in the place of fd - the number stays, the old file is closed - and locked, until
 * both agree.  *replaced_out (may be NULL) tells whether it happened: maps and whatever is
 * remembered of the file are then stale.
 * ERR_NOTFOUND (not logged): path has gone; nothing is locked then.  timeout_ms is for the
 * whole.  Other errors as lock_file and file_open. */
err_t lock_reopen(int fd, const char *path, int flags, enum lock_mode, int timeout_ms,
                  bool *replaced_out) NODISCARD;

/* --- bytes of a file: many short locks in one file, queues of waiting processes ----------- */

/* Lock the byte `at` (which need not exist).  Waits at most timeout_ms; LOCK_FOREVER is for whom
 * giving up would be worse than waiting.  A wait of 10 s is logged once, with the process that is
 * waited for: one that hangs there is seen, and may be ended, whereupon its locks are free.  Costs
 * a timer only where somebody else has the byte.  Errors as lock_file. */
err_t lock_byte(int fd, const char *path, uint64_t at, enum lock_mode, int timeout_ms) NODISCARD;
void lock_byte_release(int fd, const char *path, uint64_t at);

/* Tests: another time than 10 s. */
void lock_set_note_time(uint32_t ms);

/* --- lock files: empty files that exist to be locked, never removed ------ */

/* Open (made when absent, mode 0600, with its directories, 0755, both under the umask) and
 * lock.  The caller owns *fd_out; -1 on failure. */
err_t lock_path_take(const char *path, enum lock_mode, int timeout_ms, int *fd_out) NODISCARD;

/* Unlock by closing; sets -1.  -1 is fine. */
void lock_path_drop(int *fd);

/* Log every lock that had to be waited for longer than this; 0 (the start value): never. */
void lock_set_debug_time(uint32_t ms);

#endif

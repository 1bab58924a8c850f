/* disk.h - the file calls of this program: counted, failing, killing, remembered
 *
 * pwrite, write, ftruncate, fsync, fdatasync, rename, unlink, and open where it creates, go
 * through here; they are called "steps".  disk_clear() after each use.
 */
#ifndef CUNIT_DB_DISK_H
#define CUNIT_DB_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DISK_KILLED = 77 };              /* exit status of a process that was stopped */

void disk_clear(void);
int disk_steps(void);                   /* since disk_clear() */

/* The process ends in place of the n-th step (1: the next). */
void disk_kill_at(int n);

/* `times` steps from the n-th on fail with that errno. */
void disk_fail_at(int n, int times, int errno_value);

/* ---- what was done ---- */

enum disk_kind { DISK_CREATE, DISK_WRITE, DISK_TRUNCATE, DISK_SYNC, DISK_SYNC_DIR, DISK_RENAME,
                 DISK_UNLINK };

struct disk_step {
    enum disk_kind kind;
    int file;                           /* CREATE WRITE TRUNCATE SYNC: a number for each file */
    char *path, *to;                    /* CREATE RENAME UNLINK; RENAME */
    uint64_t at;                        /* WRITE; TRUNCATE: size */
    void *bytes;                        /* WRITE */
    size_t n;
};

/* Remember the steps on regular files from now on.  Files that are there already get their
 * number when they are opened first. */
void disk_record(void);
void disk_record_end(void);             /* what was remembered stays until disk_clear() */
const struct disk_step *disk_recorded(size_t *n);

/* A file that was there before, as it was then; false behind the last.  Numbers are those
 * of the steps; content is borrowed until disk_clear(). */
bool disk_before(size_t i, int *file, const char **path, const void **content, size_t *n);

#endif

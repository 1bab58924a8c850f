/* dbfile.h - one database file: descriptor, lock, read-only map, durable writes
 *
 * The file is found by path again at every lock, because others replace it by rename
 * (formats/cyrusdb.md section 9).  Reads go through the map; writes through pwrite, and show
 * up in the map at once.  Only one struct per file and process (db.c sees to it): closing
 * any descriptor of a file drops the locks of the process on it.
 */
#ifndef DB_DBFILE_H
#define DB_DBFILE_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/os/map.h"

enum dbfile_held { DBFILE_FREE, DBFILE_SHARED, DBFILE_EXCLUSIVE };

struct dbfile {
    const char *path;                   /* borrowed from struct db */
    int fd;                             /* -1: not open */
    const unsigned *flags;              /* borrowed from struct db: enum db_flags, may change */
    bool readonly;                      /* the descriptor is for reading only */
    enum dbfile_held held;
    dev_t dev;
    ino_t ino;
    uint64_t size;                      /* as of the lock, and our own writes since */
    struct filemap map;                 /* bytes 0 to size */
};

/* Open, or create (DB_CREATE) empty with its directories.  path and flags are those of the
 * handle and outlive the struct.  With DB_RDONLY, or where the system refuses writing, the
 * file is opened for reading.  ERR_NOTFOUND is not logged. */
err_t dbfile_open(struct dbfile *, const char *path, const unsigned *flags) NODISCARD;

/* Fine when never opened, if fd is -1. */
void dbfile_close(struct dbfile *);

/* Lock, follow a replaced file, map all of it.  *replaced (may be NULL): it is another file
 * than last time, forget what is remembered.  ERR_LOCKED, ERR_NOTFOUND (gone),
 * ERR_READONLY (exclusive lock on a file that may not be written). */
err_t dbfile_lock(struct dbfile *, enum dbfile_held, bool *replaced) NODISCARD;

/* Nothing happens when it is not locked. */
void dbfile_unlock(struct dbfile *);

/* Follow a replaced file and map all of it without a lock, for formats whose files never
 * change in place. */
err_t dbfile_refresh(struct dbfile *, bool *replaced) NODISCARD;

/* Under the exclusive lock: overwrite or append; cut; make durable (DB_DERIVED: nothing). */
err_t dbfile_write(struct dbfile *, const void *, size_t n, uint64_t at) NODISCARD;
err_t dbfile_truncate(struct dbfile *, uint64_t size) NODISCARD;
err_t dbfile_sync(struct dbfile *) NODISCARD;

/* May the content be lost in a power cut? */
bool dbfile_is_derived(const struct dbfile *);

/* Permission bits for a file that replaces this one. */
mode_t dbfile_mode(const struct dbfile *);

/* Bytes [at, at + n), or NULL when the file does not have them. */
static inline const uint8_t *dbfile_at(const struct dbfile *f, uint64_t at, uint64_t n)
{
    if (at > f->map.len || n > f->map.len - at)
        return NULL;
    return (const uint8_t *)f->map.base + at;
}

static inline struct slice dbfile_bytes(const struct dbfile *f)
{
    return slice_make(f->map.base, f->map.len);
}

/* Have all bytes read since the last lock really been there?  ERR_IO if the file was
 * truncated meanwhile (logged). */
err_t dbfile_ok(struct dbfile *) NODISCARD;

/* Path of the file that will replace it: "<path>.NEW". */
#define DBFILE_NEW_SUFFIX ".NEW"

/* Where an engine cannot lock the file itself: "<path>.lock". */
#define DBFILE_LOCK_SUFFIX ".lock"

#endif

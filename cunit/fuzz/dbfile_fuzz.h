/* dbfile_fuzz.h - what the fuzz targets of the database engines share */
#ifndef CUNIT_FUZZ_DBFILE_FUZZ_H
#define CUNIT_FUZZ_DBFILE_FUZZ_H

#include <fcntl.h>
#include <stdint.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/base/bug.h"
#include "lib/base/buf.h"
#include "lib/db/db.h"
#include "lib/os/file.h"
#include "lib/os/sync.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char *fuzz_path(void)
{
    static char path[64];

    const char *dir =
        access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* no disk, if possible */

    snprintf(path, sizeof path, "%s/halcyon-fuzz-%d", dir, (int)getpid());
    return path;
}

static void fuzz_write(const void *bytes, size_t n)
{
    int fd;

    BUG_UNLESS(file_open(fuzz_path(), O_WRONLY | O_CREAT | O_TRUNC, 0600, &fd) == ERR_OK);
    BUG_UNLESS(file_write_all(fd, fuzz_path(), bytes, n) == ERR_OK);
    file_close(&fd);
}

static err_t fuzz_visit(void *arg, struct slice key, struct slice value)
{
    struct buf *last = arg;

    /* every byte is looked at, and no key comes twice in a row */
    BUG_UNLESS(key.n > 0 && !slice_eq(buf_slice(last), key));
    buf_reset(last);
    buf_add_slice(last, key);
    for (size_t i = 0; i < value.n; i++)
        last->p[0] = (char)(last->p[0] ^ value.p[i]);
    buf_reset(last);
    buf_add_slice(last, key);
    return ERR_OK;
}

/* Everything that can be done with a database; what can be read must stay readable. */
static void fuzz_use(const char *engine, unsigned flags)
{
    struct buf key = BUF_INIT, value = BUF_INIT, last = BUF_INIT;
    struct db *db;

    if (db_open(engine, fuzz_path(), flags, &db) == ERR_OK) {
        err_t err = db_foreach(db, NULL, SLICE_NULL, fuzz_visit, &last);
        if (db_fetch_next(db, NULL, SLICE_NULL, &key, &value) == ERR_OK)
            err = db_fetch(db, NULL, buf_slice(&key), &value);
        err = db_check(db, &value);
        buf_reset(&value);
        err = db_dump(db, 1, &value);
        err = db_store_now(db, SLICE_LIT("new key"), SLICE_LIT("new value"));
        if (!err) {
            BUG_UNLESS(db_fetch(db, NULL, SLICE_LIT("new key"), &value) == ERR_OK);
            BUG_UNLESS(slice_eqs(buf_slice(&value), "new value"));
        }
        if (key.n)
            err = db_delete_now(db, buf_slice(&key));
        if (!err && key.n)
            BUG_UNLESS(db_fetch(db, NULL, buf_slice(&key), &value) != ERR_OK);
        err = db_repack(db);
        (void)err;
        db_close(&db);
    }
    buf_fini(&key);
    buf_fini(&value);
    buf_fini(&last);
}

/* Read only, with repairs, and as something that may be thrown away. */
static int fuzz_engine(const char *engine, const void *bytes, size_t n)
{
    static const unsigned flags[] = { DB_RDONLY, 0, DB_DERIVED };

    setlogmask(LOG_MASK(LOG_EMERG));
    sync_set_enabled(false);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        fuzz_write(bytes, n);
        fuzz_use(engine, flags[i]);
    }
    BUG_UNLESS(file_unlink(fuzz_path()) == ERR_OK);
    return 0;
}

#endif

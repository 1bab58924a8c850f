/* db_env.c - the stamp of the last start, and consistent copies */
#include <fcntl.h>

#include "lib/base/clock.h"
#include "lib/base/endian.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/db/db_impl.h"
#include "lib/db/dbfile.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"
#include "lib/os/path.h"
#include "lib/os/sync.h"

enum { STAMP_SIZE = 4, STAMP_MODE = 0644 };

#define STAMP_NAME "skipstamp"
#define CLEAN_NAME "skipcleanshutdown"

static char *env_dir;                   /* NULL: no environment, no stamp */

void db_env_init(const char *dbdir)
{
    mem_free(env_dir);
    env_dir = dbdir ? mem_strdup(dbdir) : NULL;
}

/* Read anew each time: another process may have recovered meanwhile, and only the opening of
 * a skiplist file asks. */
uint32_t db_env_stamp(void)
{
    struct buf path = BUF_INIT, bytes = BUF_INIT;
    uint32_t stamp = 0;

    if (!env_dir)
        return 0;
    path_join(&path, env_dir, STAMP_NAME);
    if (file_load(buf_cstr(&path), STAMP_SIZE, &bytes) == ERR_OK && bytes.n == STAMP_SIZE)
        stamp = be32_get(bytes.p);
    buf_fini(&path);
    buf_fini(&bytes);
    return stamp;
}

static err_t write_stamp(void)
{
    struct buf path = BUF_INIT, tmp = BUF_INIT;
    uint8_t bytes[STAMP_SIZE];

    be32_put(bytes, (uint32_t)clock_now());
    path_join(&path, env_dir, STAMP_NAME);
    path_join(&tmp, env_dir, STAMP_NAME DBFILE_NEW_SUFFIX);
    err_t err = file_replace(buf_cstr(&path), buf_cstr(&tmp), slice_make(bytes, sizeof bytes),
                             STAMP_MODE, FILE_SYNC);
    buf_fini(&path);
    buf_fini(&tmp);
    return err;
}

err_t db_env_recover(void)
{
    struct buf clean = BUF_INIT;

    if (!env_dir)
        return ERR_OK;
    path_join(&clean, env_dir, CLEAN_NAME);
    err_t err = dir_make(env_dir, DB_DIR_MODE);
    if (!err) {
        err = file_unlink(buf_cstr(&clean));
        if (err == ERR_NOTFOUND)
            err = write_stamp();
        else if (!err)
            err = sync_dir(env_dir);
    }
    buf_fini(&clean);
    return err;
}

/* ---- archive ------------------------------------------------------------ */

static err_t write_copy(struct slice bytes, const char *path, const char *dir)
{
    struct buf to = BUF_INIT, tmp = BUF_INIT;
    struct buf name = BUF_INIT;

    buf_add_slice(&name, path_basename(slice_cstr(path)));
    path_join(&to, dir, buf_cstr(&name));
    buf_addf(&tmp, "%s" DBFILE_NEW_SUFFIX, buf_cstr(&to));
    err_t err = file_replace(buf_cstr(&to), buf_cstr(&tmp), bytes, DB_MODE, FILE_SYNC);
    buf_fini(&to);
    buf_fini(&tmp);
    buf_fini(&name);
    return err;
}

/* Through the handle that the process may have, because closing another descriptor of the file
 * would drop that handle's lock.  Nobody writes under the shared lock. */
static err_t archive_one(const char *path, const char *dir)
{
    const char *engine = db_detect(path);
    struct db *db;
    err_t err = db_open(engine ? engine : "flat", path, DB_RDONLY, &db);

    if (err)
        return err;
    struct dbfile *f = db->engine->file ? db->engine->file(db) : NULL;
    if (!f)
        err = ERR_UNSUPPORTED;
    else if (db->txn)
        err = ERR_INUSE;
    if (!err) {
        err = dbfile_lock(f, DBFILE_SHARED, NULL);
        if (!err) {
            err = write_copy(dbfile_bytes(f), path, dir);
            if (!err)
                err = dbfile_ok(f);
            dbfile_unlock(f);
        }
    }
    db_close(&db);
    return err;
}

err_t db_archive(const char *const *paths, const char *dir)
{
    err_t first = dir_make(dir, DB_DIR_MODE);

    for (; !first && *paths; paths++) {
        err_t err = archive_one(*paths, dir);
        if (err == ERR_NOTFOUND)
            continue;
        if (err) {
            log_err("DBERROR: not archived: filename=<%s> error=<%s>", *paths, err_name(err));
            first = err;
        }
    }
    return first;
}

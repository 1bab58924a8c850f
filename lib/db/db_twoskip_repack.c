/* db_twoskip_repack.c - write all live records in order into a new file, put it in place */
#include "lib/base/buf.h"
#include "lib/base/rand.h"
#include "lib/db/db_twoskip_impl.h"
#include "lib/os/file.h"

static void new_name(const struct twoskip *old, struct buf *out)
{
    buf_adds(out, old->file.path);
    buf_adds(out, DBFILE_NEW_SUFFIX);
}

static void fresh_fini(struct twoskip *fresh)
{
    filemap_fini(&fresh->file.map);
    buf_fini(&fresh->tail);
    patches_fini(&fresh->patches);
}

err_t ts_replace_begin(const struct twoskip *old, struct twoskip *fresh)
{
    struct buf name = BUF_INIT;

    *fresh = (struct twoskip){
        .file = { .path = old->file.path, .fd = -1, .flags = old->file.flags, .map = FILEMAP_INIT },
        .cmp = old->cmp,
        .dice = rand_u32() | 1,
        .fresh = true,
    };
    patches_init(&fresh->patches);
    new_name(old, &name);
    err_t err = file_replace_begin(buf_cstr(&name), dbfile_mode(&old->file), &fresh->file.fd);
    buf_fini(&name);
    if (!err) {
        err = ts_format(fresh, old->header.generation + 1);
        if (err)
            ts_replace_abort(old, fresh);
    }
    if (!err)
        ts_txn_begin(fresh);
    return err;
}

err_t ts_replace_commit(const struct twoskip *old, struct twoskip *fresh)
{
    struct buf name = BUF_INIT;

    fresh->header.repack_size = ts_end(fresh);
    err_t err = ts_txn_commit(fresh);
    if (err) {
        ts_replace_abort(old, fresh);
        return err;
    }
    new_name(old, &name);
    err = file_replace_commit(old->file.path, buf_cstr(&name), &fresh->file.fd,
                              dbfile_is_derived(&old->file) ? FILE_NOSYNC : FILE_SYNC);
    buf_fini(&name);
    fresh_fini(fresh);
    return err;
}

void ts_replace_abort(const struct twoskip *old, struct twoskip *fresh)
{
    struct buf name = BUF_INIT;

    new_name(old, &name);
    file_replace_abort(buf_cstr(&name), &fresh->file.fd);
    buf_fini(&name);
    fresh_fini(fresh);
}

/* Order and number are checked on the way: a damaged file is better left as it is. */
static err_t copy_live(struct twoskip *old, struct twoskip *fresh)
{
    struct slice prev = SLICE_NULL;
    struct ts_rec r;
    uint64_t at = TS_DUMMY_AT;

    ts_start_operation(old);
    err_t err = ts_read(old, at, &r);
    if (!err)
        err = ts_next(old, &r, &at, &r);
    while (!err && at) {
        err = ts_check_tail(old, &r);
        if (!err && prev.n && old->cmp(prev, r.key) >= 0)
            err = db_corrupt(old->file.path, "keys are not in order", at);
        if (!err)
            err = ts_store(fresh, r.key, r.value, DB_STORE_ANY);
        prev = r.key;
        if (!err)
            err = ts_next(old, &r, &at, &r);
    }
    if (!err && fresh->header.num_records != old->header.num_records)
        err = db_corrupt(old->file.path, "number of records differs from the header", 0);
    return err;
}

err_t ts_repack(struct twoskip *ts)
{
    struct twoskip fresh;
    err_t err = ts_replace_begin(ts, &fresh);

    if (err)
        return err;
    err = copy_live(ts, &fresh);
    if (err) {
        ts_replace_abort(ts, &fresh);
        return err;
    }
    return ts_replace_commit(ts, &fresh);
}

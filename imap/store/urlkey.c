/* urlkey.c - see urlkey.h */
#include "imap/store/urlkey.h"

#include "imap/store/store_impl.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"

enum { VERSION_SIZE = 2 };

static const uint8_t version[VERSION_SIZE] = { 0, 1 };

static err_t fetch(struct db *db, struct db_txn *txn, struct slice intname, uint8_t out[URLKEY_SIZE])
{
    struct buf value = BUF_INIT;
    err_t err = db_fetch(db, txn, intname, &value);

    if (!err && (value.n != VERSION_SIZE + URLKEY_SIZE || memcmp(value.p, version, VERSION_SIZE) != 0)) {
        log_err("IOERROR: a URLAUTH key is damaged; RESETKEY makes another: filename=<%s> mailbox=<%.*s>",
                db_path(db), SLICE_ARG(intname));
        err = ERR_CORRUPT;
    }
    if (!err)
        memcpy(out, value.p + VERSION_SIZE, URLKEY_SIZE);
    buf_wipe(&value);
    buf_fini(&value);
    return err;
}

err_t urlkey_read(struct store *s, struct slice userid, struct slice intname, uint8_t out[URLKEY_SIZE])
{
    struct db *db;
    err_t err = store_user_db(s, userid, STORE_USER_MBOXKEY, false, &db);

    return err ? err : fetch(db, NULL, intname, out);
}

static err_t store_new(struct db_txn *txn, struct slice intname, uint8_t out[URLKEY_SIZE])
{
    uint8_t value[VERSION_SIZE + URLKEY_SIZE];

    rand_bytes(out, URLKEY_SIZE);
    memcpy(value, version, VERSION_SIZE);
    memcpy(value + VERSION_SIZE, out, URLKEY_SIZE);
    err_t err = db_store(txn, intname, slice_make(value, sizeof value));
    mem_wipe(value, sizeof value);
    return err;
}

err_t urlkey_make(struct store *s, struct slice userid, struct slice intname, uint8_t out[URLKEY_SIZE])
{
    struct db_txn *txn = NULL;
    struct db *db;
    err_t err = store_user_db(s, userid, STORE_USER_MBOXKEY, true, &db);

    if (!err)
        err = db_begin(db, &txn);
    if (!err) {
        err = fetch(db, txn, intname, out);     /* another session may have been faster */
        if (err == ERR_NOTFOUND)
            err = store_new(txn, intname, out);
    }
    if (err)
        db_abort(&txn);
    else
        err = db_commit(&txn);
    return err;
}

/* ---- forgetting ---- */

struct names {
    struct vec list;                            /* struct buf */
};

static err_t add_name(void *arg, struct slice key, struct slice value)
{
    struct names *n = arg;

    (void)value;
    buf_add_slice(VEC_PUSH(&n->list, struct buf), key);
    return ERR_OK;
}

static err_t forget_all(struct db *db, struct db_txn *txn)
{
    struct names n = { VEC_INIT(struct buf) };
    err_t err = db_foreach(db, txn, SLICE_NULL, add_name, &n);

    for (size_t i = 0; i < n.list.n; i++) {
        struct buf *name = VEC_AT(&n.list, struct buf, i);
        if (!err)
            err = db_delete(txn, buf_slice(name));
        buf_fini(name);
    }
    vec_fini(&n.list);
    return err;
}

static err_t forget_one(struct db_txn *txn, struct slice intname)
{
    err_t err = db_delete(txn, intname);

    return err == ERR_NOTFOUND ? ERR_OK : err;
}

err_t urlkey_forget(struct store *s, struct slice userid, struct slice intname)
{
    struct db_txn *txn = NULL;
    struct db *db;
    err_t err = store_user_db(s, userid, STORE_USER_MBOXKEY, false, &db);

    if (err == ERR_NOTFOUND)
        return ERR_OK;
    if (!err)
        err = db_begin(db, &txn);
    if (!err)
        err = intname.n ? forget_one(txn, intname) : forget_all(db, txn);
    if (err)
        db_abort(&txn);
    else
        err = db_commit(&txn);
    return err;
}

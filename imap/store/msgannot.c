/* msgannot.c - see msgannot.h */
#include "imap/store/msgannot.h"

#include <sys/stat.h>

#include "imap/store/annot.h"
#include "imap/store/annot_format.h"
#include "imap/store/mailbox_impl.h"
#include "imap/store/mbname.h"
#include "imap/store/partition.h"
#include "imap/store/store_impl.h"
#include "imap/store/synccrc.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/vec.h"
#include "lib/os/file.h"

enum { VALUE_DELETED = 1 };

struct msgannot {
    struct db *db;
    struct buf owner; /* real userid of the mailbox's owner */
};

static err_t open_db(const struct mbentry *e, unsigned flags, struct db **out)
{
    struct buf path = BUF_INIT;
    err_t err = partition_file(e, FILE_ANNOTATIONS, &path);

    if (!err)
        err = db_open(store_db_engine(STORE_DB_ANNOTATIONS), buf_cstr(&path), flags, out);
    buf_fini(&path);
    return err;
}

/* An empty file is made without a sync: after a power cut its name may stand there without its
 * bytes. */
static bool is_there(const struct mbentry *e)
{
    struct buf path = BUF_INIT;
    struct stat st;
    bool yes = partition_file(e, FILE_ANNOTATIONS, &path) == ERR_OK &&
               file_stat(buf_cstr(&path), &st) == ERR_OK && st.st_size > 0;

    buf_fini(&path);
    return yes;
}

err_t msgannot_open(struct store *s, const struct mbentry *e, struct msgannot **out)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    struct db *db = NULL;
    err_t err = is_there(e) ? open_db(e, 0, &db) : ERR_NOTFOUND;

    (void)s;
    *out = NULL;
    if (!err)
        err = db_fetch_next(db, NULL, SLICE_NULL, &key, &value);
    if (!err) {
        *out = mem_zalloc(sizeof **out);
        (*out)->db = db;
        if (!mbname_owner(buf_slice(&e->name), &(*out)->owner))
            buf_reset(&(*out)->owner);
    } else if (db) {
        db_close(&db);
    }
    if (err == ERR_CORRUPT) { /* told by the database; the mailbox can do without */
        log_err("DBERROR: annotations of messages cannot be read: mailbox=<%.*s>",
                SLICE_ARG(buf_slice(&e->name)));
        err = ERR_NOTFOUND;
    }
    buf_fini(&key);
    buf_fini(&value);
    return err;
}

void msgannot_close(struct msgannot **ap)
{
    struct msgannot *a = *ap;

    *ap = NULL;
    if (!a)
        return;
    db_close(&a->db);
    buf_fini(&a->owner);
    mem_free(a);
}

err_t msgannot_create(struct store *s, const struct mbentry *e)
{
    struct db *db = NULL;
    err_t err = is_there(e) ? ERR_OK : open_db(e, DB_CREATE | DB_DERIVED, &db);

    (void)s;
    if (db)
        db_close(&db);
    return err;
}

/* ---- records ---- */

static bool split_key(struct slice key, struct slice *first, struct slice *entry,
                      struct slice *userid)
{
    bool a, b, c;

    key = slice_split(key, '\0', first, &a);
    key = slice_split(key, '\0', entry, &b);
    slice_split(key, '\0', userid, &c);
    return a && b && c;
}

struct walk {
    msgannot_visit_fn *fn;
    void *arg;
};

static err_t visit(void *arg, struct slice key, struct slice value)
{
    struct walk *w = arg;
    struct msgannot_item item;
    struct slice uid;

    if (!split_key(key, &uid, &item.entry, &item.userid) || num_u32(uid, &item.uid) != ERR_OK ||
        !annot_format_parse_all(value, &item.value, &item.modseq, &item.deleted))
        return ERR_OK;
    return w->fn(w->arg, &item);
}

err_t msgannot_foreach(struct msgannot *a, uint32_t uid, msgannot_visit_fn *fn, void *arg)
{
    struct walk w = { fn, arg };
    char prefix[NUM_U64_MAX + 1];
    size_t n = 0;

    if (uid) {
        n = num_put_u64(prefix, uid);
        prefix[n++] = '\0';
    }
    return db_foreach(a->db, NULL, slice_make(prefix, n), visit, &w);
}

bool msgannot_is_field(struct slice entry)
{
    return slice_eqs(entry, MSGANNOT_THRID) || slice_eqs(entry, MSGANNOT_SAVEDATE) ||
           slice_eqs(entry, MSGANNOT_CREATEDMODSEQ);
}

struct sharing {
    const struct msgannot *a;
    struct msgannot_share *share;
};

struct msgannot_share msgannot_share_of(struct slice owner, const struct msgannot_item *item)
{
    struct slice userid = slice_eq(item->userid, ANNOT_OWNER) ? owner : item->userid;

    if (item->deleted || !item->value.n || msgannot_is_field(item->entry))
        return (struct msgannot_share){ 0, 0 };
    return (struct msgannot_share){ synccrc_annotation(item->uid, item->entry, userid, item->value),
                                    item->value.n };
}

struct slice msgannot_owner(const struct msgannot *a)
{
    return buf_slice(&a->owner);
}

static err_t add_share(void *arg, const struct msgannot_item *item)
{
    struct sharing *s = arg;
    const struct msgannot_share one = msgannot_share_of(buf_slice(&s->a->owner), item);

    s->share->crc ^= one.crc;
    s->share->bytes += one.bytes;
    return ERR_OK;
}

err_t msgannot_share(struct msgannot *a, uint32_t uid, struct msgannot_share *out)
{
    *out = (struct msgannot_share){ 0, 0 };
    struct sharing s = { a, out };
    return msgannot_foreach(a, uid, add_share, &s);
}

/* ---- changes ---- */

void msgannot_key(uint32_t uid, struct slice entry, struct slice userid, struct buf *key)
{
    char digits[NUM_U64_MAX];

    annot_format_key(slice_make(digits, num_put_u64(digits, uid)), entry, userid, key);
}

void msgannot_value(struct slice value, uint64_t modseq, struct buf *out)
{
    annot_format_value(value, modseq, value.p ? 0 : VALUE_DELETED, out);
}

err_t msgannot_raw(struct msgannot *a, struct slice key, struct buf *out)
{
    return db_fetch(a->db, NULL, key, out);
}

static err_t put_one(struct db_txn *txn, const struct msgannot_put *put)
{
    if (put->value.p)
        return db_store(txn, put->key, put->value);
    err_t err = db_delete(txn, put->key);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

err_t msgannot_write(const char *path, const struct msgannot_put *puts, size_t n)
{
    struct db *db;
    struct db_txn *txn;
    err_t err = db_open(store_db_engine(STORE_DB_ANNOTATIONS), path, DB_CREATE, &db);

    if (err)
        return err;
    err = db_begin(db, &txn);
    if (!err) {
        for (size_t i = 0; i < n && !err; i++)
            err = put_one(txn, &puts[i]);
        if (err)
            db_abort(&txn);
        else
            err = db_commit(&txn);
    }
    db_close(&db);
    return err;
}

struct sweeping {
    msgannot_stays_fn *stays;
    void *arg;
    struct vec keys; /* struct buf */
};

static err_t note_gone(void *arg, const struct msgannot_item *item)
{
    struct sweeping *s = arg;

    if (!s->stays(s->arg, item->uid)) {
        struct buf *key = VEC_PUSH(&s->keys, struct buf);

        buf_init(key);
        msgannot_key(item->uid, item->entry, item->userid, key);
    }
    return ERR_OK;
}

err_t msgannot_sweep(struct store *s, const struct mbentry *e, msgannot_stays_fn *stays, void *arg)
{
    struct sweeping w = { stays, arg, VEC_INIT(struct buf) };
    struct msgannot *a = NULL;
    err_t err = msgannot_open(s, e, &a);

    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    err = msgannot_foreach(a, 0, note_gone, &w);
    if (!err && w.keys.n)
        err = db_delete_all(a->db, &w.keys);
    for (size_t i = 0; i < w.keys.n; i++)
        buf_fini(VEC_AT(&w.keys, struct buf, i));
    vec_fini(&w.keys);
    msgannot_close(&a);
    return err;
}

err_t msgannot_remove(struct msgannot *a, const struct msgannot_key *keys, size_t n,
                      uint64_t modseq)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    struct db_txn *txn;
    err_t err = db_begin(a->db, &txn);

    if (err)
        return err;
    msgannot_value(SLICE_NULL, modseq, &value);
    for (size_t i = 0; i < n && !err; i++) {
        msgannot_key(keys[i].uid, slice_cstr(keys[i].entry), SLICE_NULL, &key);
        err = db_store(txn, buf_slice(&key), buf_slice(&value));
    }
    if (err)
        db_abort(&txn);
    else
        err = db_commit(&txn);
    buf_fini(&key);
    buf_fini(&value);
    return err;
}

static err_t add_bytes(void *arg, struct slice key, struct slice value)
{
    uint64_t *bytes = arg;
    struct slice v;
    bool deleted;

    (void)key;
    if (annot_format_parse(value, &v, &deleted) && !deleted)
        *bytes += v.n;
    return ERR_OK;
}

err_t msgannot_mailbox_bytes(struct store *s, const struct mbentry *e, uint64_t *out)
{
    struct buf prefix = BUF_INIT;
    struct db *db;
    err_t err = store_db(s, STORE_DB_ANNOTATIONS, &db);

    *out = 0;
    buf_add_slice(&prefix, buf_slice(&e->uniqueid));
    buf_addc(&prefix, '\0');
    if (!err)
        err = db_foreach(db, NULL, buf_slice(&prefix), add_bytes, out);
    buf_fini(&prefix);
    return err;
}

/* Bytes of the annotations of live messages. */
static uint64_t message_bytes(struct mailbox *mb)
{
    struct msgannot *a = NULL;
    struct msgannot_share share;
    uint64_t bytes = 0;

    if (msgannot_open(mb->store, &mb->entry, &a) != ERR_OK)
        return 0;
    for (uint32_t recno = 1; recno <= mailbox_nrecords(mb); recno++) {
        if (!(mailbox_flags_at(mb, recno) & FLAG_INT_EXPUNGED) &&
            msgannot_share(a, mailbox_uid_at(mb, recno), &share) == ERR_OK)
            bytes += share.bytes;
    }
    msgannot_close(&a);
    return bytes;
}

bool msgannot_are_counted(struct mailbox *mb)
{
    uint64_t bytes;

    if (msgannot_mailbox_bytes(mb->store, &mb->entry, &bytes) != ERR_OK ||
        (uint32_t)bytes == mb->head.quota_annot_used)
        return true;
    return (uint32_t)(bytes + message_bytes(mb)) == mb->head.quota_annot_used;
}

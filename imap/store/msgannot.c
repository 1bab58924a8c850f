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
#include "lib/os/file.h"

enum { VALUE_DELETED = 1 };

struct msgannot {
    struct db *db;
    struct buf owner;                   /* real userid of the mailbox's owner */
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
    if (err == ERR_CORRUPT) {           /* told by the database; the mailbox can do without */
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
        !annot_format_parse(value, &item.value, &item.deleted))
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

static err_t add_share(void *arg, const struct msgannot_item *item)
{
    struct sharing *s = arg;
    struct slice userid = item->userid;

    if (item->deleted || !item->value.n || msgannot_is_field(item->entry))
        return ERR_OK;
    if (slice_eq(userid, ANNOT_OWNER))
        userid = buf_slice(&s->a->owner);
    s->share->crc ^= synccrc_annotation(item->uid, item->entry, userid, item->value);
    s->share->bytes += item->value.n;
    return ERR_OK;
}

err_t msgannot_share(struct msgannot *a, uint32_t uid, struct msgannot_share *out)
{
    *out = (struct msgannot_share){ 0, 0 };
    struct sharing s = { a, out };
    return msgannot_foreach(a, uid, add_share, &s);
}

/* ---- changes ---- */

static void put_key(struct buf *key, const struct msgannot_key *k)
{
    char digits[NUM_U64_MAX];

    annot_format_key(slice_make(digits, num_put_u64(digits, k->uid)), slice_cstr(k->entry),
                     SLICE_NULL, key);
}

err_t msgannot_remove(struct msgannot *a, const struct msgannot_key *keys, size_t n,
                      uint64_t modseq)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    struct db_txn *txn;
    err_t err = db_begin(a->db, &txn);

    if (err)
        return err;
    annot_format_value(SLICE_NULL, modseq, VALUE_DELETED, &value);
    for (size_t i = 0; i < n && !err; i++) {
        put_key(&key, &keys[i]);
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

/* commit_annot.c - annotations of messages in a commit (see commit.h)
 *
 * Keys and values are collected and go into the commit's record of the journal; when that is
 * durable they are put into cyrus.annotations by one transaction, and then the index is written
 * with the new modseqs, checksum and bytes. A crash behind the record leaves it to whoever carries
 * the record out (journal_apply.c); one before it leaves nothing.  Putting a value twice changes
 * nothing.
 */
#include "imap/store/commit_impl.h"

#include "imap/store/annot_format.h"
#include "imap/store/mbname.h"
#include "imap/store/partition.h"
#include "imap/store/quota.h"

enum { BYTES_MAX = 64 << 20 }; /* of keys and values in one commit */

/* ---- what is there ---- */

static err_t open_own(struct commit *c)
{
    if (c->annot_opened)
        return ERR_OK;
    err_t err = msgannot_open(c->mb->store, &c->mb->entry, &c->annot_db);
    c->annot_opened = !err || err == ERR_NOTFOUND;
    return c->annot_opened ? ERR_OK : err;
}

/* The change of this key that was made before by the same commit. */
static struct commit_annot *find_pending(const struct commit *c, uint32_t uid, struct slice key)
{
    for (size_t i = c->annots.n; i-- > 0;) {
        struct commit_annot *a = VEC_AT(&c->annots, struct commit_annot, i);

        if (a->uid != uid)
            return NULL;
        if (slice_eq(buf_slice(&a->key), key))
            return a;
    }
    return NULL;
}

static const struct record *find_appended(const struct commit *c, uint32_t uid)
{
    size_t lo = 0, hi = c->appended.n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const struct record *r = VEC_AT(&c->appended, struct record, mid);

        if (r->uid == uid)
            return r;
        if (r->uid < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

/* Live values of a message, those of this commit included. */
struct counting {
    const struct commit *c;
    size_t n;
};

static err_t count_stored(void *arg, const struct msgannot_item *item)
{
    struct counting *n = arg;
    struct buf key = BUF_INIT;

    msgannot_key(item->uid, item->entry, item->userid, &key);
    n->n += !item->deleted && !find_pending(n->c, item->uid, buf_slice(&key));
    buf_fini(&key);
    return ERR_OK;
}

static bool is_live(struct slice raw)
{
    struct slice value;
    bool deleted;

    return annot_format_parse(raw, &value, &deleted) && !deleted;
}

static err_t check_room(struct commit *c, uint32_t uid)
{
    struct counting n = { c, 0 };
    err_t err = c->annot_db ? msgannot_foreach(c->annot_db, uid, count_stored, &n) : ERR_OK;

    for (size_t i = c->annots.n; i-- > 0;) {
        const struct commit_annot *a = VEC_AT(&c->annots, struct commit_annot, i);

        if (a->uid != uid)
            break;
        n.n += is_live(buf_slice(&a->value));
    }
    return err ? err : n.n < MSGANNOT_ENTRIES_MAX ? ERR_OK : ERR_LIMIT;
}

/* ---- setting a value ---- */

/* What the message's modseq will be. */
static err_t touch(struct commit *c, uint32_t uid, const struct record *appended, uint64_t *modseq)
{
    struct commit_change *ch;
    uint32_t recno = appended ? 0 : mailbox_find_uid(c->mb, uid);

    if (appended) {
        *modseq = appended->modseq;
        return ERR_OK;
    }
    err_t err = commit_change(c, recno, &ch);
    if (err)
        return err;
    commit_touch(c, ch);
    *modseq = ch->after.modseq;
    return ERR_OK;
}

static err_t check_message(const struct commit *c, uint32_t uid, const struct record *appended)
{
    uint32_t recno;

    if (appended)
        return ERR_OK;
    recno = mailbox_find_uid(c->mb, uid);
    if (recno > mailbox_nrecords(c->mb) || mailbox_uid_at(c->mb, recno) != uid ||
        mailbox_flags_at(c->mb, recno) & FLAG_INT_EXPUNGED)
        return ERR_NOTFOUND;
    return ERR_OK;
}

/* The header's sums: one value more, or (sign -1) less. */
static void count(struct commit *c, struct msgannot_item *item, struct slice raw, int sign)
{
    struct buf owner = BUF_INIT;

    if (!annot_format_parse(raw, &item->value, &item->deleted))
        return;
    if (!mbname_owner(buf_slice(&c->mb->entry.name), &owner))
        buf_reset(&owner);
    const struct msgannot_share share = msgannot_share_of(buf_slice(&owner), item);
    c->head.sync_crc_annot ^= share.crc;
    c->head.quota_annot_used =
        (uint32_t)(c->head.quota_annot_used + (uint64_t)(sign * (int64_t)share.bytes));
    buf_fini(&owner);
}

/* One change more, or another value of one that is pending; `before`: what stands there now. */
static err_t put(struct commit *c, struct msgannot_item *item, struct slice key, struct slice value,
                 const struct buf *before)
{
    const struct record *appended = find_appended(c, item->uid);
    struct commit_annot *a = find_pending(c, item->uid, key);
    uint64_t modseq;
    err_t err = c->annot_bytes + key.n + value.n > BYTES_MAX ? ERR_LIMIT : ERR_OK;

    if (!err)
        err = touch(c, item->uid, appended, &modseq);
    if (err)
        return err;
    if (before)
        count(c, item, buf_slice(before), -1);
    if (!a) {
        a = VEC_PUSH(&c->annots, struct commit_annot);
        a->uid = item->uid;
        buf_add_slice(&a->key, key);
        a->had = before != NULL;
        if (before)
            buf_add_slice(&a->old, buf_slice(before));
    }
    msgannot_value(value, modseq, &a->value);
    count(c, item, buf_slice(&a->value), 1);
    c->annot_bytes += key.n + a->value.n;
    return ERR_OK;
}

static bool same_value(const struct buf *before, struct slice value)
{
    struct slice old;
    bool deleted;

    if (!before || !annot_format_parse(buf_slice(before), &old, &deleted) || deleted)
        return !value.p;
    return value.p && slice_eq(old, value);
}

static err_t set(struct commit *c, struct msgannot_item *item, struct slice key, struct slice value)
{
    const struct commit_annot *a = find_pending(c, item->uid, key);
    struct buf raw = BUF_INIT, *before = NULL;
    err_t err = ERR_NOTFOUND;

    if (a) {
        buf_add_slice(&raw, buf_slice(&a->value));
        err = ERR_OK;
    } else if (c->annot_db && !find_appended(c, item->uid)) {
        err = msgannot_raw(c->annot_db, key, &raw);
    }
    before = err ? NULL : &raw;
    if (err == ERR_NOTFOUND)
        err = ERR_OK;
    if (!err && !same_value(before, value)) {
        if (value.p && !(before && is_live(buf_slice(before))))
            err = check_room(c, item->uid);
        if (!err)
            err = put(c, item, key, value, before);
    }
    buf_fini(&raw);
    return err;
}

err_t commit_annotate(struct commit *c, uint32_t uid, struct slice entry, struct slice userid,
                      struct slice value)
{
    struct msgannot_item item = { .uid = uid, .entry = entry, .userid = userid };
    struct buf key = BUF_INIT;
    err_t err =
        value.n > MSGANNOT_VALUE_MAX ? ERR_LIMIT : check_message(c, uid, find_appended(c, uid));

    if (!err)
        err = open_own(c);
    if (err)
        return err;
    msgannot_key(uid, entry, userid, &key);
    err = set(c, &item, buf_slice(&key), value);
    buf_fini(&key);
    return err;
}

/* ---- copies ---- */

static err_t open_source(struct commit *c, struct mailbox *src)
{
    if (c->annot_src == src)
        return ERR_OK;
    msgannot_close(&c->annot_src_db);
    c->annot_src = NULL;
    err_t err = msgannot_open(src->store, &src->entry, &c->annot_src_db);
    if (err && err != ERR_NOTFOUND)
        return err;
    c->annot_src = src;
    return ERR_OK;
}

struct copying {
    struct commit *c;
    uint32_t uid;
    const struct annot_copy *what;
};

static err_t copy_one(void *arg, const struct msgannot_item *item)
{
    const struct copying *k = arg;
    const struct annot_copy *w = k->what;
    struct slice userid = SLICE_NULL;

    if (item->deleted || msgannot_is_field(item->entry) || item->value.n > MSGANNOT_VALUE_MAX)
        return ERR_OK;
    if (!item->userid.n ? !w->shared : !w->of_user || !slice_eq(item->userid, w->from))
        return ERR_OK;
    if (item->userid.n)
        userid = w->to;
    return commit_annotate(k->c, k->uid, item->entry, userid, item->value);
}

err_t commit_copy_annotations(struct commit *c, uint32_t uid, struct mailbox *src, uint32_t src_uid,
                              const struct annot_copy *what)
{
    struct copying k = { c, uid, what };
    err_t err = what->shared || what->of_user ? open_source(c, src) : ERR_OK;

    if (err || !c->annot_src_db)
        return err;
    return msgannot_foreach(c->annot_src_db, src_uid, copy_one, &k);
}

/* ---- quota ---- */

err_t commit_check_annotation_quota(struct commit *c)
{
    const struct slice root = buf_slice(&view_header(c->mb)->quotaroot);
    const int64_t growth = (int32_t)(c->head.quota_annot_used - c->mb->head.quota_annot_used);
    struct quota_state q;

    if (growth <= 0 || !root.n)
        return ERR_OK;
    err_t err = quota_read(c->mb->store, root, &q);
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    return quota_check(&q, QUOTA_ANNOTATION, growth);
}

/* ---- the end ---- */

err_t commit_put_annotations(const struct commit *c, struct buf *path, struct vec *puts)
{
    if (!c->annots.n)
        return ERR_OK;
    buf_reset(path);
    err_t err = partition_file(&c->mb->entry, FILE_ANNOTATIONS, path);
    for (size_t i = 0; i < c->annots.n && !err; i++) {
        const struct commit_annot *a = VEC_AT(&c->annots, struct commit_annot, i);

        *VEC_PUSH(puts, struct msgannot_put) =
            (struct msgannot_put){ buf_slice(&a->key), buf_slice(&a->value) };
    }
    return err;
}

err_t commit_apply_annotations(struct commit *c)
{
    struct buf path = BUF_INIT;
    struct vec puts = VEC_INIT(struct msgannot_put);
    err_t err = commit_put_annotations(c, &path, &puts);

    if (!err && puts.n) {
        c->annots_written = true;
        err = msgannot_write(buf_cstr(&path), puts.p, puts.n);
    }
    vec_fini(&puts);
    buf_fini(&path);
    return err;
}

err_t commit_undo_annotations(struct commit *c)
{
    struct buf path = BUF_INIT;
    struct vec puts = VEC_INIT(struct msgannot_put);
    err_t err = c->annots_written ? commit_put_annotations(c, &path, &puts) : ERR_OK;

    for (size_t i = 0; i < puts.n; i++) {
        const struct commit_annot *a = VEC_AT(&c->annots, struct commit_annot, i);

        VEC_AT(&puts, struct msgannot_put, i)->value = a->had ? buf_slice(&a->old) : SLICE_NULL;
    }
    if (!err && puts.n)
        err = msgannot_write(buf_cstr(&path), puts.p, puts.n);
    vec_fini(&puts);
    buf_fini(&path);
    return err;
}

void commit_annots_fini(struct commit *c)
{
    for (size_t i = 0; i < c->annots.n; i++) {
        struct commit_annot *a = VEC_AT(&c->annots, struct commit_annot, i);

        buf_fini(&a->key);
        buf_fini(&a->value);
        buf_fini(&a->old);
    }
    vec_fini(&c->annots);
    msgannot_close(&c->annot_db);
    msgannot_close(&c->annot_src_db);
}

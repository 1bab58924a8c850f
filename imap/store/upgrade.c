/* upgrade.c - see upgrade.h */
#include "imap/store/upgrade.h"

#include "imap/store/durable.h"
#include "imap/store/mailbox_impl.h"
#include "imap/store/mbname.h"
#include "imap/store/msgannot.h"
#include "imap/store/msgfile.h"
#include "imap/store/partition.h"
#include "imap/store/quota.h"
#include "imap/store/rewrite.h"
#include "imap/store/seen.h"
#include "lib/base/clock.h"
#include "lib/base/endian.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/os/file.h"

enum {
    OLD_INDEX_MAX = 1024 * 1024 * 1024, /* of cyrus.expunge */
    CACHE_VERSION_LINES = 9             /* older cache records lack line counts: parsed again */
};

struct upgrade {
    struct mailbox *mb;
    struct rewrite w;
    struct msgannot *annots;            /* NULL: none */
    struct seen seen;                   /* of the owner; used below version 12 */
    struct vec moved;                   /* struct msgannot_key: to become tombstones */
    uint64_t annot_bytes;
};

/* ---- cyrus.expunge: what versions below 12 kept of expunged messages ---- */

static bool is_listed(const struct mailbox *mb, uint32_t uid)
{
    uint32_t recno = mailbox_find_uid(mb, uid);

    return recno <= mb->head.nrecords && mailbox_uid_at(mb, recno) == uid;
}

static err_t unlink_expunged(struct mailbox *mb, struct slice file)
{
    struct index_layout layout;
    struct index_head head;
    err_t err = index_head_decode(file, &layout, &head);

    for (uint32_t i = 0; i < head.nrecords && !err; i++) {
        uint64_t at = layout.head_size + (uint64_t)i * layout.record_size;
        if (at + layout.record_size > file.n)
            break;
        struct record r = { .uid = be32_get(file.p + at + IR_UID) };
        struct buf path = BUF_INIT;
        if (!is_listed(mb, r.uid))
            err = msgfile_path(&mb->entry, &r, &path);
        if (!err && path.n)
            err = durable_unlink(buf_cstr(&path));
        buf_fini(&path);
    }
    return err;
}

static err_t remove_expunge_file(struct mailbox *mb)
{
    const char *root = partition_root(buf_slice(&mb->entry.partition), PARTITION_EXPUNGE);
    struct buf path = BUF_INIT, file = BUF_INIT;
    err_t err = ERR_OK;

    if (!root)
        return ERR_OK;
    buf_adds(&path, root);
    err = partition_relative(&mb->entry, &path);
    buf_adds(&path, "/cyrus.expunge");
    if (!err)
        err = file_load(buf_cstr(&path), OLD_INDEX_MAX, &file);
    if (!err)
        err = unlink_expunged(mb, buf_slice(&file));
    if (!err)
        err = durable_unlink(path.p);
    if (err && err != ERR_NOTFOUND)
        log_err("IOERROR: cannot clear the old expunge file: filename=<%s> error=<%s>", path.p,
                err_name(err));
    buf_fini(&path);
    buf_fini(&file);
    return ERR_OK;                      /* only space is at stake */
}

/* ---- what became fields ---- */

struct moving {
    struct upgrade *u;
    struct record *r;
};

static err_t move_annotation(void *arg, const struct msgannot_item *item)
{
    struct moving *x = arg;
    const uint32_t version = x->u->mb->layout.version;
    struct msgannot_key key = { item->uid, NULL };
    uint32_t savedate;
    uint64_t v;

    if (item->deleted || item->userid.n)
        return ERR_OK;
    if (slice_eqs(item->entry, MSGANNOT_CREATEDMODSEQ) && version < INDEX_VERSION_CREATEDMODSEQ) {
        key.entry = MSGANNOT_CREATEDMODSEQ;
        if (num_u64(item->value, &v) == ERR_OK)
            x->r->createdmodseq = v;
    } else if (slice_eqs(item->entry, MSGANNOT_SAVEDATE) && version < INDEX_VERSION_SAVEDATE) {
        key.entry = MSGANNOT_SAVEDATE;
        if (num_u32(item->value, &savedate) == ERR_OK)
            x->r->savedate = savedate;
    } else if (slice_eqs(item->entry, MSGANNOT_THRID) && version < INDEX_VERSION_CID) {
        key.entry = MSGANNOT_THRID;
        if (num_hex64(item->value, &v) == ERR_OK)
            x->r->cid = v;
    }
    if (key.entry)
        *VEC_PUSH(&x->u->moved, struct msgannot_key) = key;
    return ERR_OK;
}

static err_t take_annotations(struct upgrade *u, struct record *r)
{
    struct moving x = { u, r };
    struct msgannot_share share;

    if (!u->annots)
        return ERR_OK;
    err_t err = msgannot_foreach(u->annots, r->uid, move_annotation, &x);
    if (!err && !(r->flags & FLAG_INT_EXPUNGED)) {
        err = msgannot_share(u->annots, r->uid, &share);
        u->w.head.sync_crc_annot ^= share.crc;
        u->annot_bytes += share.bytes;
    }
    return err;
}

/* ---- records ---- */

static void take_facts(const struct facts *f, struct record *r, bool all)
{
    r->cache_version = FACTS_CACHE_VERSION;
    if (!all)
        return;
    r->guid = f->guid;
    r->size = f->size;
    r->header_size = f->header_size;
    r->sentdate = (uint32_t)facts_sentdate(f, r->internaldate);
    r->gmtime = (uint32_t)facts_gmtime(f, r->internaldate);
}

/* The old cache record if it will do, else a new one; nothing for a message that cannot be read. */
static err_t add_record(struct upgrade *u, uint32_t recno, struct record *r)
{
    struct mailbox *mb = u->mb;
    bool all = mb->layout.version < INDEX_VERSION_CRC;
    struct cache_record cr;
    struct filemap map = FILEMAP_INIT;
    struct facts *facts = NULL;

    if (!all && r->cache_version >= CACHE_VERSION_LINES &&
        mailbox_cache(mb, recno, &cr) == ERR_OK) {
        if (mb->parsed && cr.whole.p == mb->parsed->cache.p)
            r->cache_version = FACTS_CACHE_VERSION;
        return rewrite_add(&u->w, r, cr.whole);
    }
    err_t err = msgfile_map(&mb->entry, r, &map);
    if (!err)
        err = facts_of_bytes(filemap_slice(&map), NULL, &facts);
    if (!err)
        take_facts(facts, r, all);
    else
        r->cache_offset = 0;
    err = rewrite_add(&u->w, r, facts ? buf_slice(&facts->cache) : SLICE_NULL);
    facts_free(&facts);
    filemap_fini(&map);
    return err;
}

static err_t upgrade_record(struct upgrade *u, uint32_t recno)
{
    const struct mailbox *mb = u->mb;
    struct record r;

    if (!mailbox_record_ok(u->mb, recno))
        log_err("IOERROR: damaged record is upgraded as it is: filename=<%s> record=<%u>",
                mb->core->index_path.p, recno);
    mailbox_record(mb, recno, &r);
    if (mb->layout.version < INDEX_VERSION_CRC) {
        r.flags &= ~(uint32_t)FLAG_SEEN;
        if (ranges_has(&u->seen.uids, r.uid))
            r.flags |= FLAG_SEEN;
    }
    if (!r.modseq)
        r.modseq = mb->head.highestmodseq;
    err_t err = take_annotations(u, &r);
    return err ? err : add_record(u, recno, &r);
}

/* ---- the whole ---- */

static err_t read_seen(struct upgrade *u)
{
    struct mailbox *mb = u->mb;
    struct buf owner = BUF_INIT;

    if (mb->layout.version >= INDEX_VERSION_CRC)
        return ERR_OK;
    if (mb->head.options & MBOPT_SHAREDSEEN || !mbname_owner(mailbox_name(mb), &owner)) {
        buf_reset(&owner);
        buf_adds(&owner, "anyone");
    }
    err_t err = seen_read(mb->store, buf_slice(&owner), mailbox_uniqueid(mb), &u->seen);
    buf_fini(&owner);
    return err;
}

static void start_head(const struct upgrade *u, struct index_head *h)
{
    const uint32_t version = u->mb->layout.version, now = (uint32_t)clock_now();

    *h = u->mb->head;
    h->generation++;
    h->last_repack_time = now;
    h->header_file_crc = view_header(u->mb)->crc;
    if (version < INDEX_VERSION_CRC) {
        h->recentuid = u->seen.last_uid;
        h->recenttime = (uint32_t)u->seen.last_change;
    }
    if (!h->changes_epoch)
        h->changes_epoch = now;
}

static err_t rewrite_all(struct upgrade *u)
{
    struct mailbox *mb = u->mb;
    struct index_head head;
    uint64_t bytes;

    start_head(u, &head);
    err_t err = rewrite_begin(&u->w, &mb->entry, &head, view_header(mb));
    if (err)
        return err;
    for (uint32_t recno = 1; recno <= mb->head.nrecords && !err; recno++)
        err = upgrade_record(u, recno);
    if (!err)
        err = msgannot_mailbox_bytes(mb->store, &mb->entry, &bytes);
    if (err) {
        rewrite_abort(&u->w);
        return err;
    }
    u->w.head.quota_annot_used = (uint32_t)(bytes + u->annot_bytes);
    return rewrite_commit(&u->w);
}

/* The root's usage moves by what the mailbox counts differently now. */
static err_t adjust_quota(struct mailbox *mb, const struct index_head *new)
{
    struct slice root = buf_slice(&view_header(mb)->quotaroot);
    struct quota *q;

    err_t err = root.n ? quota_lock(mb->store, root, false, &q) : ERR_NOTFOUND;
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    quota_add(q, QUOTA_STORAGE, (int64_t)(new->quota_used - mb->head.quota_used));
    quota_add(q, QUOTA_MESSAGE, (int64_t)new->exists - (int64_t)mb->head.exists);
    quota_add(q, QUOTA_ANNOTATION,
              (int64_t) new->quota_annot_used - (int64_t)mb->head.quota_annot_used);
    return quota_commit(&q);
}

static err_t upgrade_locked(struct mailbox *mb)
{
    struct upgrade u = { .mb = mb, .moved = VEC_INIT(struct msgannot_key) };

    seen_init(&u.seen);
    if (mb->layout.version < INDEX_VERSION_CRC)
        (void)!remove_expunge_file(mb);
    err_t err = read_seen(&u);
    if (!err)
        err = msgannot_open(mb->store, &mb->entry, &u.annots);
    if (!err || err == ERR_NOTFOUND)
        err = rewrite_all(&u);
    if (!err && u.moved.n)
        err = msgannot_remove(u.annots, u.moved.p, u.moved.n, u.w.head.highestmodseq);
    if (!err)
        err = adjust_quota(mb, &u.w.head);
    msgannot_close(&u.annots);
    seen_fini(&u.seen);
    vec_fini(&u.moved);
    return err;
}

err_t upgrade_mailbox(struct store *s, const struct mbentry *entry)
{
    struct view_locks locks;
    struct mailbox *mb;
    bool was_idle;
    err_t err = pool_take(s, entry, &mb, &was_idle);

    if (err)
        return err;
    err = view_lock(mb, LOCK_EXCLUSIVE, STORE_LOCK_WAIT_MS, &locks);
    if (!err) {
        err = view_read(mb);
        if (!err && mb->layout.version != INDEX_VERSION) {
            log_notice("upgrading mailbox: mailbox=<%.*s> version=<%u>",
                       SLICE_ARG(mailbox_name(mb)), mb->layout.version);
            err = upgrade_locked(mb);
        }
        view_unlock(mb, &locks);
    }
    pool_drop(mb);
    return err;
}

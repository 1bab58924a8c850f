/* repack.c - see repack.h */
#include "imap/store/repack.h"

#include "imap/store/commit_impl.h"
#include "imap/store/lockorder.h"
#include "imap/store/msgannot.h"
#include "imap/store/msgfile.h"
#include "imap/store/recover.h"
#include "imap/store/rewrite.h"
#include "lib/base/bug.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

/* ---- message files ---- */

static err_t unlink_message(struct mailbox *mb, const struct record *r, struct repack_counts *n)
{
    struct buf path = BUF_INIT;
    err_t err = msgfile_path(&mb->entry, r, &path);

    if (!err)
        err = durable_unlink(buf_cstr(&path));
    if (!err)
        n->unlinked++;
    buf_fini(&path);
    return err;
}

/* Before the records go, or the mailbox forgets that files are to be unlinked: what a power cut
 * brings back has nobody who knows it, and a reconstruct would take it for mail. */
static err_t sync_names(const struct mailbox *mb, bool archived)
{
    struct buf dir = BUF_INIT;
    err_t err = msgfile_dir(&mb->entry, archived, &dir);

    if (!err)
        err = durable_sync_dir(buf_cstr(&dir));
    buf_fini(&dir);
    return err == ERR_NOTFOUND ? ERR_OK : err; /* nor are its files */
}

/* Of all records that are marked so.  The marks are durable; a file that stays is tried again. */
static err_t unlink_marked(struct mailbox *mb, struct repack_counts *n)
{
    bool gone[2] = { false, false }; /* archived or not */
    struct record r;
    err_t first = ERR_OK;

    for (uint32_t recno = 1; recno <= mb->head.nrecords; recno++) {
        if (!(mailbox_flags_at(mb, recno) & FLAG_INT_UNLINKED) || !mailbox_record_ok(mb, recno))
            continue;
        mailbox_record(mb, recno, &r);
        err_t err = unlink_message(mb, &r, n);
        gone[(r.flags & FLAG_INT_ARCHIVED) != 0] |= !err;
        if (!first)
            first = err;
    }
    for (int archived = 0; archived < 2 && !first; archived++)
        if (gone[archived])
            first = sync_names(mb, archived);
    return first;
}

/* ---- new files ---- */

static void drop_record(struct index_head *h, const struct record *r)
{
    if (h->deletedmodseq < r->modseq)
        h->deletedmodseq = r->modseq;
    if (h->changes_epoch < r->last_updated)
        h->changes_epoch = r->last_updated;
}

static err_t keep_record(struct mailbox *mb, uint32_t recno, struct record *r, struct rewrite *w)
{
    struct cache_record cr;

    if (r->flags & FLAG_INT_ARCHIVED)
        return rewrite_add(w, r, SLICE_NULL);
    if (mailbox_cache(mb, recno, &cr) != ERR_OK) {
        r->cache_offset = 0;            /* the message cannot be read now */
        return rewrite_add(w, r, SLICE_NULL);
    }
    if (mb->parsed && cr.whole.p == mb->parsed->cache.p)
        r->cache_version = FACTS_CACHE_VERSION;
    return rewrite_add(w, r, cr.whole);
}

static err_t copy_records(struct mailbox *mb, struct rewrite *w, struct repack_counts *n)
{
    struct record r;
    err_t err = ERR_OK;

    for (uint32_t recno = 1; recno <= mb->head.nrecords && !err; recno++) {
        if (!mailbox_record_ok(mb, recno))
            return ERR_CORRUPT;         /* the next refresh repairs it */
        mailbox_record(mb, recno, &r);
        if (r.flags & FLAG_INT_UNLINKED) {
            drop_record(&w->head, &r);
            n->dropped++;
        } else {
            err = keep_record(mb, recno, &r, w);
            n->kept++;
        }
    }
    return err;
}

/* Stored annotations count as before: their share is what the old checksum had beyond the records'.
 */
static err_t add_annotations(struct mailbox *mb, struct rewrite *w)
{
    struct msgannot *a;
    struct msgannot_share share;
    err_t err = msgannot_open(mb->store, &mb->entry, &a);

    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    for (uint32_t recno = 1; recno <= mb->head.nrecords && !err; recno++) {
        if (mailbox_flags_at(mb, recno) & FLAG_INT_EXPUNGED)
            continue;
        err = msgannot_share(a, mailbox_uid_at(mb, recno), &share);
        w->head.sync_crc_annot ^= share.crc;
    }
    msgannot_close(&a);
    return err;
}

/* For the time of the work the old header says that it is unfinished, so that leftovers will be
 * looked for. */
static err_t mark_old(struct mailbox *mb, uint32_t option)
{
    uint8_t raw[INDEX_HEAD_SIZE];
    struct index_head h = mb->head;

    h.options |= option;
    index_head_encode(&h, raw);
    return durable_pwrite(mb->core->fd, mb->core->index_path.p, raw, sizeof raw, 0);
}

static err_t write_anew(struct mailbox *mb, struct repack_counts *n)
{
    struct index_head h = mb->head;
    struct rewrite w;

    h.generation++;
    if (!mailbox_repaired(mb)) { /* whose time is to stay */
        h.last_repack_time = (uint32_t)clock_now();
        h.options &= ~INDEX_OPT_REPAIRED;
    }
    h.options &= ~(INDEX_OPT_NEEDS_REPACK | INDEX_OPT_NEEDS_UNLINK);
    err_t err = rewrite_begin(&w, &mb->entry, &h, view_header(mb));
    if (err)
        return err;
    err = copy_records(mb, &w, n);
    if (!err)
        err = add_annotations(mb, &w);
    if (!err && (w.head.sync_crc_basic != mb->head.sync_crc_basic ||
                 w.head.sync_crc_annot != mb->head.sync_crc_annot))
        log_notice("SYNCERROR: checksums changed in a repack: mailbox=<%.*s>",
                   SLICE_ARG(mailbox_name(mb)));
    if (err) {
        rewrite_abort(&w);
        return err;
    }
    return rewrite_commit(&w);
}

/* Does the message have a record after the repack?  By the picture from before. */
static bool stays(void *arg, uint32_t uid)
{
    const struct mailbox *mb = arg;
    const uint32_t recno = mailbox_find_uid(mb, uid);

    return recno <= mb->head.nrecords && mailbox_uid_at(mb, recno) == uid &&
           !(mailbox_flags_at(mb, recno) & FLAG_INT_UNLINKED);
}

static err_t repack_locked(struct mailbox *mb, struct repack_counts *n)
{
    err_t err = view_read(mb);

    if (!err && (mb->head.options & INDEX_OPT_UNFINISHED || mb->layout.version != INDEX_VERSION))
        err = ERR_AGAIN;
    if (!err)
        err = store_settle(mb->store);
    if (!err)
        err = unlink_marked(mb, n);
    if (!err)
        err = mark_old(mb, INDEX_OPT_UNFINISHED);
    if (err)
        return err;
    err = write_anew(mb, n);
    if (err && mark_old(mb, 0) != ERR_OK)
        log_err("IOERROR: index header stays marked: filename=<%s>", mb->core->index_path.p);
    if (!err && n->dropped && msgannot_sweep(mb->store, &mb->entry, stays, mb) != ERR_OK)
        log_notice("annotations of messages that have gone stay for the next repack: mailbox=<%.*s>",
                   SLICE_ARG(mailbox_name(mb)));
    return err;
}

err_t repack_mailbox(struct mailbox *mb, bool wait, struct repack_counts *counts)
{
    struct repack_counts n = { 0, 0, 0 };
    struct view_locks locks;
    enum mailbox_news news;

    if (mb->core->commit)
        return ERR_INUSE;
    err_t err = mailbox_refresh(mb, &news);
    if (!err)
        err = view_lock(mb, LOCK_EXCLUSIVE, wait ? STORE_LOCK_WAIT_MS : LOCK_TRY, &locks);
    if (err)
        return err;
    err = repack_locked(mb, &n);
    view_unlock(mb, &locks);
    if (!err)
        err = mailbox_refresh(mb, &news);
    if (counts)
        *counts = n;
    return err;
}

/* ---- marking ---- */

err_t repack_mark_expunged(struct mailbox *mb, time_t before, uint32_t *marked)
{
    const uint32_t expunged = FLAG_INT_EXPUNGED;
    struct commit_change *ch;
    struct commit *c;
    uint32_t n = 0;
    err_t err = commit_begin(mb, NULL, &c);

    if (err)
        return err;
    for (uint32_t recno = 1; recno <= mb->head.nrecords && !err; recno++) {
        uint32_t flags = mailbox_flags_at(mb, recno);
        struct record r;
        if (!(flags & expunged) || flags & FLAG_INT_UNLINKED)
            continue;
        mailbox_record(mb, recno, &r);
        if ((time_t)r.last_updated >= before)
            continue;
        err = commit_change(c, recno, &ch);
        if (err)
            break;
        ch->after.flags |= FLAG_INT_UNLINKED;
        n++;
    }
    if (n)
        commit_options(c, INDEX_OPT_NEEDS_REPACK, 0);
    if (marked)
        *marked = n;
    if (err)
        commit_abort(&c);
    else
        err = commit_end(&c);
    return err;
}

/* ---- at closing ---- */

static err_t unlink_only(struct mailbox *mb)
{
    struct repack_counts n = { 0, 0, 0 };
    struct view_locks locks;
    err_t err = view_lock(mb, LOCK_EXCLUSIVE, LOCK_TRY, &locks);

    if (err)
        return err;
    err = view_read(mb);
    if (!err && mb->head.options & INDEX_OPT_NEEDS_UNLINK &&
        !(mb->head.options & INDEX_OPT_UNFINISHED)) {
        err = unlink_marked(mb, &n);
        mb->head.options &= ~INDEX_OPT_NEEDS_UNLINK;
        if (!err)
            err = mark_old(mb, 0);
    }
    view_unlock(mb, &locks);
    return err;
}

void repack_cleanup(struct mailbox *mb)
{
    err_t err;

    if (lockorder_holds(LOCK_MBLIST) || lockorder_holds(LOCK_INDEX) || mb->core->commit ||
        mb->layout.version != INDEX_VERSION || !mb->core->writable)
        return;
    if (mb->head.options & INDEX_OPT_NEEDS_REPACK || view_cache_is_lost(mb))
        err = repack_mailbox(mb, false, NULL);
    else
        err = unlink_only(mb);
    if (err && err != ERR_LOCKED)
        log_notice("cleaning up at closing failed: mailbox=<%.*s> error=<%s>",
                   SLICE_ARG(mailbox_name(mb)), err_name(err));
}

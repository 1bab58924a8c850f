/* recover.c - see recover.h
 *
 * The index is read whole, repaired in memory, written back - records first, the header last - and
 * synced.  Dying on the way is harmless: UNFINISHED stays set, or the checksum wrong, and the next
 * opener repeats it.
 */
#include "imap/store/recover.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "imap/store/durable.h"
#include "imap/store/lockorder.h"
#include "imap/store/msgannot.h"
#include "imap/store/msgfile.h"
#include "imap/store/partition.h"
#include "imap/store/quota.h"
#include "imap/store/recover_impl.h"
#include "imap/store/synccrc.h"
#include "lib/base/clock.h"
#include "lib/base/endian.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"

enum { LOST_GAP = 1 << 20 };

/* ---- a quick look ---- */

struct look {
    struct index_head counts;
    struct synccrc_flags flags;
    uint64_t max_modseq;
    uint32_t last_uid;
    bool sound;
};

static void look_at(struct mailbox *mb, uint32_t recno, bool crcs, struct look *l)
{
    struct record r;

    mailbox_record(mb, recno, &r);
    l->sound = index_record_crc_ok(mailbox_raw_at(mb, recno), &mb->layout) && r.uid > l->last_uid;
    l->last_uid = r.uid;
    if (r.modseq > l->max_modseq)
        l->max_modseq = r.modseq;
    index_head_count(&l->counts, &r, 1);
    if (crcs)
        l->counts.sync_crc_basic ^= synccrc_basic(&r, &l->flags);
}

static bool look(struct mailbox *mb, bool crcs, struct look *l)
{
    *l = (struct look){ .sound = true };
    if (crcs)
        synccrc_flags_init(&l->flags, view_header(mb));
    for (uint32_t recno = 1; recno <= mb->head.nrecords && l->sound; recno++)
        look_at(mb, recno, crcs, l);
    return l->sound;
}

static bool same_counts(const struct index_head *a, const struct index_head *b)
{
    return a->exists == b->exists && a->quota_used == b->quota_used && a->answered == b->answered &&
           a->flagged == b->flagged && a->deleted == b->deleted && a->unseen == b->unseen;
}

/* The name that the next message would get must be free. */
static bool next_name_is_free(const struct mailbox *mb)
{
    struct record next = { .uid = mb->head.last_uid + 1 };
    struct buf path = BUF_INIT;
    bool in_use = mb->head.last_uid != UINT32_MAX &&
                  msgfile_path(&mb->entry, &next, &path) == ERR_OK && file_exists(buf_cstr(&path));

    buf_fini(&path);
    return !in_use;
}

bool recover_looks_sound(struct mailbox *mb)
{
    const struct index_head *h = &mb->head;
    struct look l;

    if (mb->layout.version != INDEX_VERSION)
        return true;                    /* only read, never written here */
    if (mb->map.len != view_index_size(mb) || !look(mb, false, &l) || !same_counts(&l.counts, h) ||
        l.max_modseq > h->highestmodseq || l.last_uid > h->last_uid || !next_name_is_free(mb) ||
        !msgannot_are_counted(mb))
        return false;
    /* Every change of a record raises both: equal means that the last one is there as a whole. */
    if (l.max_modseq == h->highestmodseq || h->deletedmodseq == h->highestmodseq)
        return true;
    return look(mb, true, &l) && l.counts.sync_crc_basic == h->sync_crc_basic;
}

/* ---- the header ---- */

/* What the bytes say, as far as they can be believed. */
static err_t recover_head(struct recovery *v, uint64_t file_size)
{
    struct mailbox *mb = v->mb;
    uint8_t raw[INDEX_HEAD_SIZE] = { 0 };
    struct index_layout layout = { 0, 0, 0 };
    size_t got;

    err_t err = file_pread(mb->core->fd, mb->core->index_path.p, raw, sizeof raw, 0, &got);
    if (err)
        return err;
    err = index_head_decode(slice_make(raw, sizeof raw), &layout, &v->head);
    if (err && index_correct_byte(raw, sizeof raw))
        err = index_head_decode(slice_make(raw, sizeof raw), &layout, &v->head);
    if (layout.version && layout.version != INDEX_VERSION)
        return ERR_CORRUPT;
    uint64_t fits =
        file_size > INDEX_HEAD_SIZE ? (file_size - INDEX_HEAD_SIZE) / INDEX_RECORD_SIZE : 0;
    v->fits = fits < UINT32_MAX ? (uint32_t)fits : UINT32_MAX;
    v->unfinished = !err && v->head.options & INDEX_OPT_UNFINISHED;
    v->head_bad = err != ERR_OK;
    v->head_lost = layout.version == 0 || got < sizeof raw;
    v->cut = !err && v->fits < v->head.nrecords;
    v->lossy = v->head_bad || v->cut;
    if (v->head_lost)
        index_head_new(&v->head, mb->entry.uidvalidity ? mb->entry.uidvalidity : v->now, 1, 0,
                       v->now);
    if (v->head_bad && mb->entry.uidvalidity)
        v->head.uidvalidity = mb->entry.uidvalidity;
    if (err)
        log_err("IOERROR: index header is damaged, making it again: filename=<%s>",
                mb->core->index_path.p);
    if (v->cut)
        log_err("IOERROR: index has only %u of %u records, taking the messages of the others in "
                "again, without their flags: filename=<%s>", v->fits, v->head.nrecords,
                mb->core->index_path.p);
    return ERR_OK;
}

static err_t load_records(struct recovery *v)
{
    size_t n = (size_t)v->fits * INDEX_RECORD_SIZE;

    buf_reserve(&v->records, n + 1);
    v->records.n = n;
    return n ? file_pread_all(v->mb->core->fd, v->mb->core->index_path.p, v->records.p, n,
                              INDEX_HEAD_SIZE)
             : ERR_OK;
}

/* ---- counts ---- */

static err_t add_annotations(struct recovery *v)
{
    struct mailbox *mb = v->mb;
    struct msgannot *a = NULL;
    struct msgannot_share share;
    uint64_t bytes;

    err_t err = msgannot_mailbox_bytes(mb->store, &mb->entry, &bytes);
    if (!err)
        err = msgannot_open(mb->store, &mb->entry, &a);
    for (uint32_t recno = 1; recno <= v->nrecords && !err; recno++) {
        const uint8_t *raw = recovery_raw(v, recno);
        if (be32_get(raw + IR_FLAGS) & FLAG_INT_EXPUNGED)
            continue;
        err = msgannot_share(a, be32_get(raw + IR_UID), &share);
        v->head.sync_crc_annot ^= share.crc;
        bytes += share.bytes;
    }
    msgannot_close(&a);
    if (!err || err == ERR_NOTFOUND)
        v->head.quota_annot_used = (uint32_t)bytes;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static void count_record(struct index_head *h, const struct record *r,
                         const struct synccrc_flags *f)
{
    index_head_count(h, r, 1);
    h->sync_crc_basic ^= synccrc_basic(r, f);
    h->sync_crc_annot ^= synccrc_virtual(r);
    if (h->highestmodseq < r->modseq)
        h->highestmodseq = r->modseq;
    if (h->last_uid < r->uid)
        h->last_uid = r->uid;
    if ((r->flags & FLAG_INT_EXPUNGED) &&
        (!h->first_expunged || h->first_expunged > r->last_updated))
        h->first_expunged = r->last_updated;
}

static err_t recount(struct recovery *v)
{
    const struct index_layout layout = { INDEX_VERSION, INDEX_HEAD_SIZE, INDEX_RECORD_SIZE };
    struct index_head *h = &v->head;
    struct synccrc_flags f;
    struct record r;

    h->nrecords = v->nrecords;
    h->exists = h->answered = h->flagged = h->deleted = h->unseen = h->first_expunged = 0;
    h->quota_used = 0;
    h->sync_crc_basic = 0;
    h->sync_crc_annot = INDEX_SYNC_CRC_ANNOT_START;
    h->options &= ~INDEX_OPT_UNFINISHED;
    synccrc_flags_init(&f, view_header(v->mb));
    for (uint32_t recno = 1; recno <= v->nrecords; recno++) {
        index_record_decode(recovery_raw(v, recno), &layout, &r);
        count_record(h, &r, &f);
    }
    return add_annotations(v);
}

/* ---- other files ---- */

static err_t remove_new(const struct mbentry *e, enum store_file file)
{
    struct buf path = BUF_INIT;
    err_t err = partition_file(e, file, &path);

    buf_adds(&path, ".NEW");
    if (!err && file_exists(buf_cstr(&path)))
        err = durable_unlink(path.p);
    buf_fini(&path);
    return err;
}

static bool cache_is_of(const char *path, uint32_t generation)
{
    struct filemap map = FILEMAP_INIT;
    bool yes = filemap_open(&map, path) == ERR_OK && map.len >= CACHE_FILE_HEADER &&
               be32_get(map.base) == generation;

    filemap_fini(&map);
    return yes;
}

/* A rewrite that died between its two renames: the new cache belongs to the index that is in
 * place. */
static err_t finish_cache(const struct mbentry *e, uint32_t generation)
{
    struct buf path = BUF_INIT, new = BUF_INIT;
    err_t err = partition_file(e, FILE_CACHE, &path);

    buf_addf(&new, "%.*s.NEW", SLICE_ARG(buf_slice(&path)));
    if (!err && cache_is_of(buf_cstr(&new), generation) &&
        !cache_is_of(buf_cstr(&path), generation))
        err = durable_rename(new.p, path.p);
    buf_fini(&path);
    buf_fini(&new);
    return err;
}

static const enum store_file replaced[] = { FILE_INDEX, FILE_HEADER, FILE_CACHE };

static err_t remove_leftovers(const struct mbentry *e, uint32_t generation)
{
    err_t err = finish_cache(e, generation);

    for (size_t i = 0; i < sizeof replaced / sizeof *replaced && !err; i++)
        err = remove_new(e, replaced[i]);
    return err;
}

static bool has_leftovers(const struct mbentry *e)
{
    struct buf path = BUF_INIT;
    bool found = false;

    for (size_t i = 0; i < sizeof replaced / sizeof *replaced && !found; i++) {
        buf_reset(&path);
        if (partition_file(e, replaced[i], &path) == ERR_OK) {
            buf_adds(&path, ".NEW");
            found = file_exists(buf_cstr(&path));
        }
    }
    buf_fini(&path);
    return found;
}

void recover_leftovers(struct mailbox *mb)
{
    if (!mb->core->writable || !has_leftovers(&mb->entry) ||
        core_lock_index(mb->core, LOCK_EXCLUSIVE, LOCK_TRY) != ERR_OK)
        return;
    if (view_read(mb) == ERR_OK)
        (void)!remove_leftovers(&mb->entry, mb->head.generation); /* logged; they do no harm */
    core_unlock_index(mb->core);
}

/* Names of user flags are lost with the header file; name, rights and quota root are known
 * elsewhere. */
static err_t make_header(struct recovery *v, struct header *h, struct buf *bytes)
{
    struct mailbox *mb = v->mb;

    v->lossy = true;
    log_err("IOERROR: cyrus.header is damaged and made again, the names of keywords are lost: "
            "mailbox=<%.*s>",
            SLICE_ARG(mailbox_name(mb)));
    header_reset(h);
    header_set_entry(h, &mb->entry);
    err_t err = quota_find(mb->store, mailbox_name(mb), &h->quotaroot);
    buf_reset(bytes);
    header_format(h, bytes);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static err_t replace_header(struct recovery *v, const char *path, struct slice bytes)
{
    struct buf dir = BUF_INIT;
    err_t err = partition_dir(&v->mb->entry, FILE_HEADER, &dir);

    if (!err)
        err = durable_replace(path, bytes);
    if (!err)
        err = durable_sync_dir(buf_cstr(&dir));
    v->mb->hs->bad = err != ERR_OK;
    buf_fini(&dir);
    return err;
}

/* One damaged byte shows with the checksum in the index header.  Bytes that make sense, but another
 * checksum: a crash came between the two files, and the names of flags are those of cyrus.header.
 */
static err_t recover_header_file(struct recovery *v)
{
    struct mailbox_header_state *hs = v->mb->hs;
    const uint32_t crc = v->head_bad ? 0 : v->head.header_file_crc;
    struct buf path = BUF_INIT, bytes = BUF_INIT;
    err_t err = partition_file(&v->mb->entry, FILE_HEADER, &path);

    hs->loaded = hs->bad = false;
    struct header *h = view_header(v->mb);
    if (err || hs->err || (!hs->bad && (!crc || h->crc == crc))) {
        err = err ? err : hs->err;
    } else if (crc && header_correct(buf_cstr(&path), crc, h, &bytes) == ERR_OK) {
        log_err("IOERROR: a byte of cyrus.header was damaged and is put right: filename=<%s>",
                path.p);
        err = replace_header(v, path.p, buf_slice(&bytes));
    } else if (hs->bad) {
        err = make_header(v, h, &bytes);
        if (!err)
            err = replace_header(v, buf_cstr(&path), buf_slice(&bytes));
    } else {
        hs->loaded = false; /* the attempt to correct it may have filled it */
        (void)view_header(v->mb);
        log_warn("cyrus.header is not the one that the index knows, it is taken as it is: "
                 "filename=<%s>",
                 buf_cstr(&path));
    }
    buf_fini(&path);
    buf_fini(&bytes);
    return err;
}

/* ---- writing back ---- */

static err_t write_back(struct recovery *v, uint64_t file_size)
{
    struct mailbox_core *core = v->mb->core;
    uint64_t end = INDEX_HEAD_SIZE + (uint64_t)v->nrecords * INDEX_RECORD_SIZE;
    uint8_t raw[INDEX_HEAD_SIZE];
    err_t err = ERR_OK;

    if (v->first_changed < end - INDEX_HEAD_SIZE)
        err = durable_pwrite(core->fd, core->index_path.p, v->records.p + v->first_changed,
                             (size_t)(end - INDEX_HEAD_SIZE) - v->first_changed,
                             INDEX_HEAD_SIZE + (uint64_t)v->first_changed);
    if (!err && file_size > end)
        err = durable_truncate(core->fd, core->index_path.p, end);
    index_head_encode(&v->head, raw);
    if (!err)
        err = durable_pwrite(core->fd, core->index_path.p, raw, sizeof raw, 0);
    return err ? err : durable_sync_file(core->fd, core->index_path.p);
}

static void log_outcome(const struct recovery *v, const struct index_head *before)
{
    log_notice("mailbox recovered: mailbox=<%.*s> records=<%u> repaired=<%u> exists=<%u> was=<%u>",
               SLICE_ARG(mailbox_name(v->mb)), v->nrecords, v->repaired, v->head.exists,
               before->exists);
}

static err_t recover_all(struct recovery *v, uint64_t file_size)
{
    struct index_head before;
    err_t err = recover_head(v, file_size);

    before = v->head;
    if (!err)
        err = remove_leftovers(&v->mb->entry, v->head.generation);
    if (!err)
        err = recover_header_file(v);
    if (!err)
        err = load_records(v);
    if (!err)
        err = recover_records(v);
    if (!err)
        err = recount(v);               /* last_uid and modseqs for what follows */
    if (v->head_lost)                   /* what was given before must not be given again */
        v->head.highestmodseq += LOST_GAP;
    if (!err)
        err = recover_orphans(v);
    if (!err)
        err = recount(v);
    if (!err && v->head_lost) {
        v->head.last_uid += LOST_GAP;
        v->head.highestmodseq += LOST_GAP;
    }
    if (!err && !v->mb->hs->bad)
        v->head.header_file_crc = view_header(v->mb)->crc;
    if (v->lossy) {
        v->head.options |= INDEX_OPT_REPAIRED;
        v->head.last_repack_time = v->now;
    }
    if (!err)
        err = write_back(v, file_size);
    if (!err)
        log_outcome(v, &before);
    return err;
}

err_t recover_locked(struct mailbox *mb)
{
    struct recovery v = { .mb = mb, .now = (uint32_t)clock_now(), .first_changed = UINT32_MAX };
    uint64_t size;

    if (!mb->core->writable)
        return ERR_READONLY;
    statuscache_drop_mailbox(mb->store, mailbox_name(mb));
    err_t err = store_finish_dead(mb->store, mailbox_uniqueid(mb));
    if (!err)
        err = store_settle(mb->store);
    if (!err)
        err = file_size(mb->core->fd, mb->core->index_path.p, &size);
    if (!err)
        err = recover_all(&v, size);
    buf_fini(&v.records);
    if (err) {
        log_err("IOERROR: mailbox cannot be repaired, reconstruct it: mailbox=<%.*s> error=<%s>",
                SLICE_ARG(mailbox_name(mb)), err_name(err));
        return err == ERR_IO || err == ERR_NOSPACE ? err : ERR_CORRUPT;
    }
    return view_read(mb);
}

/* ---- the whole ---- */

/* Somebody may have been faster. */
static bool is_sound_now(struct mailbox *mb)
{
    mb->hs->loaded = mb->hs->bad = false;
    (void)view_header(mb);
    return view_read(mb) == ERR_OK && !(mb->head.options & INDEX_OPT_UNFINISHED) && !mb->hs->bad &&
           !view_header_differs(mb) && recover_looks_sound(mb);
}

/* A commit that died may have moved the usage of the root without its record, or the reverse. */
static void recount_quota(struct mailbox *mb)
{
    struct slice root = mailbox_quotaroot(mb);
    struct buf copy = BUF_INIT;

    if (!root.n)
        return;
    buf_add_slice(&copy, root);
    if (quota_fix_one(mb->store, buf_slice(&copy)) != ERR_OK)
        log_err("IOERROR: quota could not be counted again: root=<%s>", buf_cstr(&copy));
    buf_fini(&copy);
}

err_t recover_mailbox(struct mailbox *mb)
{
    struct view_locks locks;
    bool repaired = false;

    if (mb->core->commit)
        return ERR_INUSE;
    err_t err = view_lock(mb, LOCK_SHARED, STORE_LOCK_WAIT_MS, &locks);
    if (err)
        return err;
    if (!is_sound_now(mb)) {
        err = recover_locked(mb);
        repaired = !err;
    }
    view_unlock(mb, &locks);
    if (repaired)
        recount_quota(mb);
    return err;
}

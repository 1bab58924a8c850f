/* mailbox.c - opening, refreshing and closing a view; its header (see mailbox.h, mailbox_impl.h)
 *
 * A picture is taken without a lock: copy the header from the map, verify its checksum, make sure
 * that the file has the records it speaks of.  A writer in between makes that fail; after a few
 * attempts it is repeated under the shared index lock, where failure is damage.
 */
#include "imap/store/mailbox_impl.h"

#include <unistd.h>

#include "imap/store/acl.h"
#include "imap/store/durable.h"
#include "imap/store/lockorder.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/mailbox_pool.h"
#include "imap/store/mbentry.h"
#include "imap/store/mbname.h"
#include "imap/store/partition.h"
#include "imap/store/quota.h"
#include "imap/store/recover.h"
#include "imap/store/repack.h"
#include "imap/store/upgrade.h"
#include "lib/base/endian.h"
#include "lib/base/log.h"
#include "lib/os/file.h"

enum { UNLOCKED_TRIES = 3, STAT_TRIES = 4 };

/* ---- taking a picture ---- */

void view_forget_cache(struct mailbox *mb)
{
    for (unsigned i = 0; i < 2; i++) {
        filemap_fini(&mb->cache[i].map);
        file_close(&mb->cache[i].fd);
    }
    facts_free(&mb->parsed);
    mb->nparsed = 0;
}

void view_forget_files(struct mailbox *mb)
{
    view_forget_cache(mb);
    filemap_fini(&mb->message);
    file_close(&mb->msg_dirfd);
    mb->hs->loaded = mb->hs->bad = false;
}

uint64_t view_index_size(const struct mailbox *mb)
{
    return mb->layout.head_size + (uint64_t)mb->head.nrecords * mb->layout.record_size;
}

/* fstat of the file that the path names, as far as one can know without a lock.  A name that
 * another file has taken shows in the number of links (which is not 0 when somebody keeps a
 * hard-linked copy). */
static err_t stat_current(struct mailbox_core *core, struct stat *st)
{
    err_t err = core_open(core);

    for (int i = 0; !err && i < STAT_TRIES; i++) {
        if (fstat(core->fd, st) < 0)
            return LOG_IO("fstat", core->index_path.p);
        if (st->st_nlink == core->nlink || core->index_depth)
            return ERR_OK;
        core->nlink = st->st_nlink;
        if (!file_is_same(core->fd, core->index_path.p))
            err = core_reopen(core);
    }
    return err ? err : ERR_AGAIN;
}

/* Is the header at the start of the map sound, and the file long enough for it? */
static bool decode_picture(const struct filemap *map, uint8_t raw[INDEX_HEAD_SIZE],
                           struct index_layout *layout, struct index_head *head)
{
    size_t n = map->len < INDEX_HEAD_SIZE ? map->len : INDEX_HEAD_SIZE;

    memset(raw, 0, INDEX_HEAD_SIZE);
    if (n)
        memcpy(raw, map->base, n);
    return index_head_decode(slice_make(raw, n), layout, head) == ERR_OK &&
           layout->head_size + (uint64_t)head->nrecords * layout->record_size <= map->len;
}

/* Another file has taken the place of the old one.  Who holds record numbers of the old index wants
 * its UIDs once more. */
static void take_new_map(struct mailbox *mb, struct filemap *fresh)
{
    view_forget_files(mb);
    filemap_fini(&mb->prev);
    mb->prev = mb->map;
    mb->prev_layout = mb->layout;
    mb->prev_nrecords = mb->prev.base ? mb->head.nrecords : 0;
    mb->map = *fresh;
    mb->serial = mb->core->serial;
}

err_t view_read(struct mailbox *mb)
{
    struct mailbox_core *core = mb->core;
    struct filemap fresh = FILEMAP_INIT;
    uint8_t raw[INDEX_HEAD_SIZE];
    struct index_layout layout;
    struct index_head head;
    struct stat st;

    err_t err = stat_current(core, &st);
    if (err)
        return err;
    bool replaced = mb->serial != core->serial;
    struct filemap *map = replaced ? &fresh : &mb->map;
    err = filemap_refresh(map, core->fd, (uint64_t)st.st_size, core->index_path.p);
    if (err)
        return err;
    mb->mtime = st.st_mtime;
    mb->is_empty_file = st.st_size == 0;
    if (!decode_picture(map, raw, &layout, &head)) {
        filemap_fini(&fresh);
        return core->index_depth ? ERR_CORRUPT : ERR_AGAIN;
    }
    if (replaced)
        take_new_map(mb, &fresh);
    if (head.header_file_crc != mb->head.header_file_crc)
        mb->hs->loaded = mb->hs->bad = false;
    memcpy(mb->raw_head, raw, sizeof raw);
    mb->layout = layout;
    mb->head = head;
    return ERR_OK;
}

static err_t read_under_lock(struct mailbox *mb)
{
    err_t err = core_lock_index(mb->core, LOCK_SHARED, STORE_LOCK_WAIT_MS);

    if (err)
        return err;
    err = view_read(mb);
    core_unlock_index(mb->core);
    return err;
}

static err_t read_picture(struct mailbox *mb)
{
    err_t err = ERR_AGAIN;

    for (int i = 0; err == ERR_AGAIN && i < UNLOCKED_TRIES; i++)
        err = view_read(mb);
    return err == ERR_AGAIN ? read_under_lock(mb) : err;
}

/* Repairs take the locks from the first on: not while this process holds some. */
static err_t repair(struct mailbox *mb)
{
    return lockorder_holds(LOCK_INDEX) ? ERR_AGAIN : recover_mailbox(mb);
}

static bool is_unfinished(const struct mailbox *mb)
{
    return mb->head.options & INDEX_OPT_UNFINISHED;
}

/* The header says that a commit is under way: by somebody who lives, or by one who died? */
static err_t check_unfinished(struct mailbox *mb)
{
    err_t err = core_lock_index(mb->core, LOCK_SHARED, LOCK_TRY);

    if (err)
        return err == ERR_LOCKED ? ERR_OK : err;
    err = view_read(mb);
    bool dead = !err && is_unfinished(mb);
    core_unlock_index(mb->core);
    return dead || err == ERR_CORRUPT ? repair(mb) : err;
}

/* The index has gone: the mailbox was deleted, or it lives in another directory now. */
static err_t follow_entry(struct mailbox *mb)
{
    struct mbentry entry;
    struct buf path = BUF_INIT;

    mbentry_init(&entry);
    err_t err = mblist_lookup_id(mb->store, buf_slice(&mb->entry.uniqueid), &entry);
    if (!err && !mbentry_is_mailbox(&entry))
        err = ERR_NOTFOUND;
    if (!err)
        err = partition_file(&entry, FILE_INDEX, &path);
    if (!err && slice_eq(buf_slice(&path), buf_slice(&mb->core->index_path))) {
        log_err("IOERROR: mailbox is listed but has no index: mailbox=<%.*s> filename=<%s>",
                SLICE_ARG(buf_slice(&entry.name)), mb->core->index_path.p);
        err = ERR_CORRUPT;
    }
    if (!err) {
        mbentry_copy(&mb->entry, &entry);
        err = pool_rebase(mb);
    }
    if (!err)
        err = read_picture(mb);
    mbentry_fini(&entry);
    buf_fini(&path);
    return err;
}

static err_t take_picture(struct mailbox *mb)
{
    err_t err = read_picture(mb);

    if (err == ERR_NOTFOUND)
        err = follow_entry(mb);
    else if (err == ERR_CORRUPT && !mb->is_empty_file)
        err = repair(mb);
    if (!err && is_unfinished(mb) && !mb->core->index_depth)
        err = check_unfinished(mb);
    mb->head.options &= ~INDEX_OPT_UNFINISHED;
    if (!err && mb->head.options & INDEX_OPT_DELETED)
        err = ERR_NOTFOUND;
    return err;
}

/* ---- opening ---- */

/* The list is changed first when a mailbox is renamed or deleted or gets other rights, and who died
 * then left the old ones in cyrus.header.  Asked again under the lock that keeps others from doing
 * so now. */
static err_t describe_again(struct mailbox *mb)
{
    struct user_lock *lock;
    struct mbentry entry;
    struct buf root = BUF_INIT;
    err_t err = user_lock_owner(mb->store, mailbox_name(mb), false, &lock);

    if (err)
        return err;
    mbentry_init(&entry);
    err = mblist_lookup_id(mb->store, mailbox_uniqueid(mb), &entry);
    if (!err)
        err = quota_find(mb->store, buf_slice(&entry.name), &root);
    if (!err || err == ERR_NOTFOUND) {
        const struct slice quotaroot = buf_slice(&root);
        log_warn("cyrus.header is not what list and index say, writing it anew with its names of "
                 "flags: mailbox=<%s>", buf_cstr(&entry.name));
        err = mailbox_set_header(mb->store, &entry, &quotaroot, NULL);
    }
    user_unlock(&lock);
    mbentry_fini(&entry);
    buf_fini(&root);
    return err;
}

static bool describes_other(const struct mailbox *mb)
{
    const struct header *h = view_header(mb);

    return (h->name.n && !slice_eq(buf_slice(&h->name), buf_slice(&mb->entry.name))) ||
           (h->acl.n && !acl_same(buf_slice(&h->acl), buf_slice(&mb->entry.acl)));
}

/* Damaged, or of another time than the index: without the journal one of the two files may have
 * reached the disk alone.  What stays as it is is logged, and tried again later. */
static void check_header(struct mailbox *mb)
{
    (void)view_header(mb);
    if (!mb->core->writable || mb->hs->err || lockorder_holds(LOCK_USER))
        return;
    err_t err = mb->hs->bad || view_header_differs(mb) ? recover_mailbox(mb) : ERR_OK;
    if (!err && !mb->hs->bad && describes_other(mb))
        err = describe_again(mb);
    if (err)
        log_debug("cyrus.header beside %s stays as it is", mb->core->index_path.p);
}

/* Written before the server was started: what was torn then shows only in the records. */
static err_t check_after_start(struct mailbox *mb)
{
    if (mb->mtime >= pool_start_time(mb->store) || mb->layout.version < INDEX_VERSION_CRC ||
        lockorder_holds(LOCK_INDEX))
        return ERR_OK;
    if (!recover_looks_sound(mb))
        return recover_mailbox(mb);
    recover_leftovers(mb);
    check_header(mb);
    mb->mtime = time(NULL);
    if (mb->core->writable)
        (void)!futimens(mb->core->fd, NULL);
    return ERR_OK;
}

static err_t upgrade_if_old(struct mailbox *mb)
{
    if (mb->layout.version == INDEX_VERSION || !mb->core->writable || lockorder_holds(LOCK_INDEX))
        return ERR_OK;
    err_t err = upgrade_mailbox(mb->store, &mb->entry);
    if (err == ERR_READONLY || err == ERR_DENIED || err == ERR_NOSPACE)
        return ERR_OK;                  /* it can be read as it is */
    return err ? err : take_picture(mb);
}

static err_t open_entry(struct store *s, const struct mbentry *entry, struct mailbox **out)
{
    struct mailbox *mb;
    bool was_idle;

    err_t err = pool_take(s, entry, &mb, &was_idle);
    if (err)
        return err;
    if (was_idle) {
        enum mailbox_news news;
        err = mailbox_refresh(mb, &news);
    } else {
        err = take_picture(mb);
    }
    if (!err)
        err = upgrade_if_old(mb);
    if (!err)
        err = check_after_start(mb);
    if (err)
        pool_drop(mb);
    else
        *out = mb;
    return err;
}

err_t mailbox_open_entry(struct store *s, const struct mbentry *entry, struct mailbox **out)
{
    *out = NULL;
    if (!mbentry_is_mailbox(entry))
        return ERR_NOTFOUND;
    err_t err = open_entry(s, entry, out);
    if (err == ERR_NOSPACE) {           /* descriptors may be what is short */
        mailbox_pool_trim(s);
        err = open_entry(s, entry, out);
    }
    return err;
}

err_t mailbox_open(struct store *s, struct slice intname, struct mailbox **out)
{
    struct mbentry entry;

    *out = NULL;
    mbentry_init(&entry);
    err_t err = mblist_lookup(s, intname, &entry);
    if (!err)
        err = mailbox_open_entry(s, &entry, out);
    mbentry_fini(&entry);
    return err;
}

void mailbox_close(struct mailbox **mbp)
{
    struct mailbox *mb = *mbp;

    *mbp = NULL;
    if (!mb)
        return;
    filemap_fini(&mb->message);
    facts_free(&mb->parsed);
    if (mb->head.options & (INDEX_OPT_NEEDS_UNLINK | INDEX_OPT_NEEDS_REPACK) ||
        view_cache_is_lost(mb))
        repack_cleanup(mb);
    mb->nparsed = 0;
    pool_put(mb);
}

/* ---- refreshing ---- */

/* A header that is as it was says nothing of records that somebody has cut off behind it. */
static bool has_all_records(const struct mailbox *mb, const struct stat *st)
{
    return (uint64_t)st->st_size >= view_index_size(mb);
}

static bool is_same_picture(struct mailbox *mb)
{
    struct stat st;

    return mb->serial == mb->core->serial && mb->core->fd >= 0 && !mb->damaged && !mb->hs->bad &&
           !mb->hs->err && mb->map.len >= mb->layout.head_size && mb->layout.head_size &&
           memcmp(mb->map.base, mb->raw_head, mb->layout.head_size) == 0 &&
           filemap_ok(&mb->map, mb->core->index_path.p) == ERR_OK &&
           fstat(mb->core->fd, &st) == 0 && st.st_nlink == mb->core->nlink &&
           has_all_records(mb, &st);
}

err_t mailbox_read_ok(struct mailbox *mb)
{
    struct stat st;
    err_t err = filemap_ok(&mb->map, mb->core->index_path.p);

    if (!err && mb->damaged)
        err = ERR_CORRUPT;
    /* an index that was replaced meanwhile is not the one that is mapped */
    if (err || mb->serial != mb->core->serial || mb->core->fd < 0)
        return err;
    if (fstat(mb->core->fd, &st) < 0)
        return LOG_IO("fstat", mb->core->index_path.p);
    if (has_all_records(mb, &st))
        return ERR_OK;
    log_err("IOERROR: index was cut while it was read: filename=<%s> size=<%llu> needed=<%llu>",
            mb->core->index_path.p, (unsigned long long)st.st_size,
            (unsigned long long)view_index_size(mb));
    return ERR_IO;
}

/* cyrus.header was replaced: name, rights or type may be new. */
static err_t refresh_entry(struct mailbox *mb)
{
    struct mbentry entry;

    mbentry_init(&entry);
    err_t err = mblist_lookup_id(mb->store, buf_slice(&mb->entry.uniqueid), &entry);
    if (err == ERR_NOTFOUND)
        err = mblist_lookup(mb->store, buf_slice(&mb->entry.name), &entry);
    if (!err && (!mbentry_is_mailbox(&entry) ||
                 !slice_eq(buf_slice(&entry.uniqueid), buf_slice(&mb->entry.uniqueid))))
        err = ERR_NOTFOUND;
    if (!err)
        mbentry_copy(&mb->entry, &entry);
    mbentry_fini(&entry);
    return err;
}

err_t mailbox_refresh(struct mailbox *mb, enum mailbox_news *news)
{
    const struct mailbox_core *core = mb->core;
    const uint32_t serial = mb->serial, header_crc = mb->head.header_file_crc;
    uint8_t raw[INDEX_HEAD_SIZE];

    *news = MAILBOX_SAME;
    if (is_same_picture(mb))
        return ERR_OK;
    memcpy(raw, mb->raw_head, sizeof raw);
    bool broken = mb->damaged || mb->hs->bad;
    mb->damaged = false;
    err_t err = take_picture(mb);
    if (!err && broken)
        err = repair(mb);
    if (err)
        return err;
    if (mb->serial != serial || mb->core != core)
        *news = MAILBOX_REPACKED;
    else if (broken || memcmp(raw, mb->raw_head, sizeof raw) != 0)
        *news = MAILBOX_CHANGED;
    if (mb->head.header_file_crc == header_crc && !mb->hs->err)
        return ERR_OK;
    err = view_header_known(mb);
    return err ? err : refresh_entry(mb);
}

/* ---- locks of a view ---- */

err_t view_lock(struct mailbox *mb, enum lock_mode mailbox_mode, int timeout_ms,
                struct view_locks *l)
{
    struct buf owner = BUF_INIT;

    *l = (struct view_locks){ NULL, false, false };
    if (!mbname_owner(buf_slice(&mb->entry.name), &owner))
        buf_reset(&owner);
    err_t err = user_lock(mb->store, buf_slice(&owner), false, &l->user);
    if (!err) {
        err = core_lock_mailbox(mb->core, mailbox_mode, timeout_ms);
        l->mailbox = !err;
    }
    if (!err) {
        err = core_lock_index(mb->core, LOCK_EXCLUSIVE, timeout_ms);
        l->index = !err;
    }
    if (err)
        view_unlock(mb, l);
    buf_fini(&owner);
    return err;
}

void view_unlock(struct mailbox *mb, struct view_locks *l)
{
    if (l->index)
        core_unlock_index(mb->core);
    if (l->mailbox)
        core_unlock_mailbox(mb->core);
    if (l->user)
        user_unlock(&l->user);
    *l = (struct view_locks){ NULL, false, false };
}

/* mailbox_read.c - records, cache and messages of a view (see mailbox.h) */
#include "imap/store/mailbox_impl.h"

#include <fcntl.h>
#include <unistd.h>

#include "imap/store/msgfile.h"
#include "imap/store/partition.h"
#include "lib/base/bug.h"
#include "lib/base/endian.h"
#include "lib/base/log.h"
#include "lib/os/file.h"

enum { LOST_MIN = 20, LOST_SHARE = 10 };        /* view_cache_is_lost(): 20, and a tenth of all */

/* ---- records ---- */

const uint8_t *mailbox_raw_at(const struct mailbox *mb, uint32_t recno)
{
    BUG_UNLESS(recno >= 1 && recno <= mb->head.nrecords);
    return (const uint8_t *)mb->map.base + mb->layout.head_size +
           (uint64_t)(recno - 1) * mb->layout.record_size;
}

void mailbox_record(const struct mailbox *mb, uint32_t recno, struct record *out)
{
    index_record_decode(mailbox_raw_at(mb, recno), &mb->layout, out);
}

uint32_t mailbox_uid_at(const struct mailbox *mb, uint32_t recno)
{
    return be32_get(mailbox_raw_at(mb, recno) + IR_UID);
}

uint32_t mailbox_prev_nrecords(const struct mailbox *mb)
{
    return mb->prev_nrecords;
}

uint32_t mailbox_prev_uid_at(const struct mailbox *mb, uint32_t recno)
{
    const char *at = mb->prev.base + mb->prev_layout.head_size +
                     (uint64_t)(recno - 1) * mb->prev_layout.record_size;

    return be32_get(at + IR_UID);
}

uint32_t mailbox_flags_at(const struct mailbox *mb, uint32_t recno)
{
    return be32_get(mailbox_raw_at(mb, recno) + IR_FLAGS);
}

uint32_t mailbox_internaldate_at(const struct mailbox *mb, uint32_t recno)
{
    return be32_get(mailbox_raw_at(mb, recno) + IR_INTERNALDATE);
}

uint32_t mailbox_sentdate_at(const struct mailbox *mb, uint32_t recno)
{
    return be32_get(mailbox_raw_at(mb, recno) + IR_SENTDATE);
}

uint32_t mailbox_gmtime_at(const struct mailbox *mb, uint32_t recno)
{
    return be32_get(mailbox_raw_at(mb, recno) + (mb->layout.version >= INDEX_VERSION_CRC ? IR_GMTIME : IR_SENTDATE));
}

uint32_t mailbox_size_at(const struct mailbox *mb, uint32_t recno)
{
    return be32_get(mailbox_raw_at(mb, recno) + IR_SIZE);
}

uint64_t mailbox_modseq_at(const struct mailbox *mb, uint32_t recno)
{
    const uint8_t *p = mailbox_raw_at(mb, recno);

    if (mb->layout.version >= INDEX_VERSION_GUID)
        return be64_get(p + IR_MODSEQ);
    return mb->layout.version >= INDEX_VERSION_MODSEQ ? be64_get(p + IR_MODSEQ_V8) : 0;
}

static bool record_crc_ok(const struct mailbox *mb, uint32_t recno)
{
    uint8_t copy[INDEX_RECORD_SIZE_MAX];

    memcpy(copy, mailbox_raw_at(mb, recno), mb->layout.record_size);
    return index_record_crc_ok(copy, &mb->layout);
}

/* A wrong checksum may be a writer at work; under the index lock it is damage. */
bool mailbox_record_ok(struct mailbox *mb, uint32_t recno)
{
    if (record_crc_ok(mb, recno) || record_crc_ok(mb, recno))
        return true;
    if (mb->core->index_depth || mb->serial != mb->core->serial ||
        core_lock_index(mb->core, LOCK_SHARED, STORE_LOCK_WAIT_MS) != ERR_OK)
        goto damaged;
    bool ok = record_crc_ok(mb, recno);
    core_unlock_index(mb->core);
    if (ok)
        return true;
damaged:
    if (!mb->damaged)
        log_err("IOERROR: index record is damaged: filename=<%s> record=<%u>",
                mb->core->index_path.p, recno);
    mb->damaged = true;
    return false;
}

uint32_t mailbox_find_uid(const struct mailbox *mb, uint32_t uid)
{
    uint32_t lo = 1, hi = mb->head.nrecords + 1;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (mailbox_uid_at(mb, mid) < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* ---- cache ---- */

static err_t cache_path(const struct mailbox *mb, bool archived, struct buf *out)
{
    if (!archived)
        return partition_file(&mb->entry, FILE_CACHE, out);
    err_t err = msgfile_dir(&mb->entry, true, out);
    buf_adds(out, "/cyrus.cache");
    return err;
}

/* The file behind the path; a replaced one is noticed. */
static err_t cache_open(struct mailbox *mb, bool archived)
{
    struct mailbox_cache_file *c = &mb->cache[archived];
    err_t err = ERR_OK;

    if (c->fd >= 0 && file_is_same(c->fd, c->path.p))
        return ERR_OK;
    filemap_fini(&c->map);
    file_close(&c->fd);
    err = cache_path(mb, archived, &c->path);
    if (err)
        return err;
    err = file_open(buf_cstr(&c->path), O_RDWR, 0, &c->fd);
    if (err == ERR_READONLY || err == ERR_DENIED)
        err = file_open(c->path.p, O_RDONLY, 0, &c->fd);
    return err;
}

err_t view_cache_open(struct mailbox *mb, int *fd_out)
{
    err_t err = cache_open(mb, false);

    *fd_out = mb->cache[0].fd;
    return err;
}

static bool cache_map(struct mailbox_cache_file *c)
{
    uint64_t size;

    return c->fd >= 0 && file_size(c->fd, c->path.p, &size) == ERR_OK &&
           filemap_refresh(&c->map, c->fd, size, c->path.p) == ERR_OK;
}

static bool cache_parse(const struct mailbox *mb, const struct mailbox_cache_file *c,
                        const struct record *r, struct cache_record *out)
{
    struct slice file = filemap_slice(&c->map);
    unsigned flags = mb->layout.version < INDEX_VERSION_CRC ? CACHE_NO_CRC : 0;

    return r->cache_offset < file.n && cache_record_parse(slice_skip(file, r->cache_offset),
                                                          r->cache_crc, flags, out) == ERR_OK;
}

static bool cached(struct mailbox *mb, const struct record *r, struct cache_record *out)
{
    bool archived = r->flags & FLAG_INT_ARCHIVED;
    struct mailbox_cache_file *c = &mb->cache[archived];

    if (r->cache_offset < CACHE_FILE_HEADER)
        return false;
    if (cache_parse(mb, c, r, out))
        return true;
    return cache_open(mb, archived) == ERR_OK && cache_map(c) && cache_parse(mb, c, r, out);
}

static err_t parse_again(struct mailbox *mb, const struct record *r, struct cache_record *out)
{
    struct filemap map = FILEMAP_INIT;
    err_t err = msgfile_map(&mb->entry, r, &map);

    facts_free(&mb->parsed);
    if (!err)
        err = facts_of_bytes(filemap_slice(&map), NULL, &mb->parsed);
    if (!err)
        err = cache_record_parse(buf_slice(&mb->parsed->cache), mb->parsed->cache_crc, 0, out);
    filemap_fini(&map);
    if (!err && !(r->flags & FLAG_INT_ARCHIVED))
        mb->nparsed++;
    return err;
}

bool view_cache_is_lost(const struct mailbox *mb)
{
    return mb->nparsed >= LOST_MIN && mb->nparsed >= mb->head.nrecords / LOST_SHARE;
}

err_t mailbox_cache(struct mailbox *mb, uint32_t recno, struct cache_record *out)
{
    struct record r;

    mailbox_record(mb, recno, &r);
    return cached(mb, &r, out) ? ERR_OK : parse_again(mb, &r, out);
}

/* ---- messages ---- */

err_t mailbox_message(struct mailbox *mb, uint32_t recno, struct slice *out)
{
    struct record r;

    mailbox_record(mb, recno, &r);
    err_t err = msgfile_map(&mb->entry, &r, &mb->message);
    *out = filemap_slice(&mb->message);
    return err;
}

err_t mailbox_message_fd(struct mailbox *mb, uint32_t recno, int *fd_out)
{
    struct record r;

    mailbox_record(mb, recno, &r);
    return msgfile_open(&mb->entry, &r, fd_out);
}

void mailbox_message_done(struct mailbox *mb)
{
    filemap_fini(&mb->message);
}

err_t view_msg_dir(struct mailbox *mb, int *fd_out)
{
    err_t err = ERR_OK;

    if (mb->msg_dirfd < 0) {
        err = msgfile_dir(&mb->entry, false, &mb->msg_dir);
        if (!err)
            err = file_open(buf_cstr(&mb->msg_dir), O_RDONLY | O_DIRECTORY, 0, &mb->msg_dirfd);
        if (err)
            log_err("IOERROR: no directory of messages: mailbox=<%.*s> error=<%s>",
                    SLICE_ARG(buf_slice(&mb->entry.name)), err_name(err));
    }
    *fd_out = mb->msg_dirfd;
    return err;
}

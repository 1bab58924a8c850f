/* commit_write.c - what a commit puts on the disk, and how it takes it back (see commit_impl.h)
 *
 * Order inside one mailbox: UNFINISHED into the index header - message names, cyrus.header,
 * cyrus.cache - (sync of the directories) - records - quota - index header without UNFINISHED -
 * (sync of the index).
 */
#include "imap/store/commit_impl.h"

#include <fcntl.h>

#include "imap/store/msgfile.h"
#include "imap/store/partition.h"
#include "imap/store/quota.h"
#include "lib/base/log.h"
#include "lib/os/file.h"
#include "lib/os/path.h"

enum {
    RUN_GAP = 32,                       /* unchanged records written along to save a system call */
    RUN_MAX = 1 << 20                   /* bytes of one write */
};

static err_t write_head(struct commit *c, const struct index_head *head, uint32_t more_options,
                        uint8_t raw[INDEX_HEAD_SIZE])
{
    struct mailbox_core *core = c->mb->core;
    struct index_head h = *head;

    h.options |= more_options;
    index_head_encode(&h, raw);
    return durable_pwrite(core->fd, core->index_path.p, raw, INDEX_HEAD_SIZE, 0);
}

err_t commit_start(struct commit *c)
{
    uint8_t raw[INDEX_HEAD_SIZE];

    if (c->started)
        return ERR_OK;
    err_t err = write_head(c, &c->mb->head, INDEX_OPT_UNFINISHED, raw);
    c->started = !err;
    return err;
}

bool commit_is_empty(const struct commit *c)
{
    return !c->changes.n && !c->appended.n && !c->header_changed && !c->head_changed;
}

/* ---- preparation ---- */

void commit_header_bytes(struct commit *c, struct buf *out)
{
    struct header *h = view_header(c->mb);

    if (!h->type.n)
        header_set_entry(h, &c->mb->entry);
    header_format(h, out);
}

static err_t write_header_file(struct commit *c, struct durable *d)
{
    struct mailbox *mb = c->mb;
    struct buf path = BUF_INIT, bytes = BUF_INIT, dir = BUF_INIT;

    err_t err = partition_file(&mb->entry, FILE_HEADER, &path);
    if (!err)
        err = partition_dir(&mb->entry, FILE_HEADER, &dir);
    if (!err)
        err = commit_start(c);
    commit_header_bytes(c, &bytes);
    if (!err)
        err = durable_replace(buf_cstr(&path), buf_slice(&bytes));
    if (!err)
        err = file_open(buf_cstr(&dir), O_RDONLY | O_DIRECTORY, 0, &c->meta_dirfd);
    if (!err)
        c->meta_item = durable_add_dir(d, c->meta_dirfd, mb->core->index_path.p);
    buf_fini(&path);
    buf_fini(&bytes);
    buf_fini(&dir);
    return err;
}

/* Derived: nobody here trusts a record but for its checksum, so that no reply depends on its sync. */
static err_t write_cache(struct commit *c, int *fd_out)
{
    struct mailbox_cache_file *file = &c->mb->cache[0];
    err_t err = view_cache_open(c->mb, fd_out);

    if (err == ERR_NOTFOUND) {
        err = durable_create(buf_cstr(&file->path), true, &file->fd);
        *fd_out = file->fd;
    }
    return err ? err : durable_pwrite(*fd_out, file->path.p, c->cache.p, c->cache.n, c->cache_base);
}

/* Without the journal it is synced beside the directory, for those who read the spool next. */
static err_t prepare_cache(struct commit *c, struct durable *d)
{
    int fd;
    err_t err = write_cache(c, &fd);

    if (!err)
        (void)durable_add_file(d, fd, c->mb->cache[0].path.p);
    return err;
}

static err_t prepare_appends(struct commit *c, struct durable *d)
{
    struct mailbox *mb = c->mb;
    err_t err = ERR_OK;

    if (c->nlinked && !(c->journaled && c->copied))
        c->dir_item = durable_add_dir(d, mb->msg_dirfd, mb->msg_dir.p);
    if (c->copied)
        err = durable_sync_fs(mb->msg_dirfd, mb->msg_dir.p);
    if (!err && c->cache.n && !c->journaled)
        err = prepare_cache(c, d);
    if (!err && !mb->head.nrecords)
        err = msgannot_create(mb->store, &mb->entry);
    return err;
}

err_t commit_prepare(struct commit *c, struct durable *d)
{
    err_t err = ERR_OK;

    if (c->header_changed && !c->journaled)
        err = write_header_file(c, d);
    if (!err && c->appended.n)
        err = prepare_appends(c, d);
    return err;
}

/* ---- the new header ---- */

/* Annotations of a message leave the checksum and the quota with it. */
static err_t drop_annotations(struct commit *c)
{
    struct msgannot *a = NULL;
    struct msgannot_share share;
    err_t err = c->nexpunged ? msgannot_open(c->mb->store, &c->mb->entry, &a) : ERR_NOTFOUND;

    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    for (size_t i = 0; i < c->changes.n && !err; i++) {
        const struct commit_change *ch = VEC_AT(&c->changes, struct commit_change, i);
        if ((ch->before.flags & FLAG_INT_EXPUNGED) || !(ch->after.flags & FLAG_INT_EXPUNGED))
            continue;
        err = msgannot_share(a, ch->before.uid, &share);
        c->head.sync_crc_annot ^= share.crc;
        c->head.quota_annot_used -= (uint32_t)share.bytes;
    }
    msgannot_close(&a);
    return err;
}

/* The virtual annotations of a record hardly ever change. */
static bool same_virtual(const struct record *a, const struct record *b)
{
    return !((a->flags ^ b->flags) & FLAG_INT_EXPUNGED) && a->cid == b->cid &&
           a->savedate == b->savedate && a->createdmodseq == b->createdmodseq;
}

static void count_records(struct commit *c)
{
    struct synccrc_flags f;

    if (!c->changes.n && !c->appended.n)
        return;
    synccrc_flags_init(&f, view_header(c->mb));
    for (size_t i = 0; i < c->changes.n; i++) {
        const struct commit_change *ch = VEC_AT(&c->changes, struct commit_change, i);
        index_head_count(&c->head, &ch->before, -1);
        index_head_count(&c->head, &ch->after, 1);
        c->head.sync_crc_basic ^= synccrc_basic(&ch->before, &f) ^ synccrc_basic(&ch->after, &f);
        if (!same_virtual(&ch->before, &ch->after))
            c->head.sync_crc_annot ^= synccrc_virtual(&ch->before) ^ synccrc_virtual(&ch->after);
    }
    for (size_t i = 0; i < c->appended.n; i++) {
        const struct record *r = VEC_AT(&c->appended, struct record, i);
        c->head.sync_crc_basic ^= synccrc_basic(r, &f);
        c->head.sync_crc_annot ^= synccrc_virtual(r);
    }
    c->head.nrecords += (uint32_t)c->appended.n;
}

static err_t make_head(struct commit *c)
{
    const struct mailbox_header_state *hs = c->mb->hs;
    const struct index_head *old = &c->mb->head;

    count_records(c);
    if (hs->loaded && !hs->bad)
        c->head.header_file_crc = hs->header.crc;
    err_t err = drop_annotations(c);
    c->quota_delta[0] = (int64_t)(c->head.quota_used - old->quota_used);
    c->quota_delta[1] = (int64_t)c->head.exists - (int64_t)old->exists;
    c->quota_delta[2] = (int64_t)c->head.quota_annot_used - (int64_t)old->quota_annot_used;
    return err;
}

/* ---- records ---- */

static int by_recno(const void *x, const void *y)
{
    uint32_t a = ((const struct commit_change *)x)->recno,
             b = ((const struct commit_change *)y)->recno;
    return a < b ? -1 : a > b;
}

static void sort_changes(struct commit *c)
{
    bool sorted = true;

    for (size_t i = 1; i < c->changes.n && sorted; i++)
        sorted = by_recno(VEC_AT(&c->changes, struct commit_change, i - 1),
                          VEC_AT(&c->changes, struct commit_change, i)) < 0;
    if (!sorted)
        vec_sort(&c->changes, by_recno);
}

/* One run of neighbouring changes from index i on: bytes in *out, the index behind it is
 * returned. */
static size_t gather_run(const struct commit *c, size_t i, bool after, struct buf *out)
{
    const struct commit_change *ch = VEC_AT(&c->changes, struct commit_change, i);
    uint32_t next = ch->recno;
    uint8_t raw[INDEX_RECORD_SIZE];

    buf_reset(out);
    for (; i < c->changes.n && out->n < RUN_MAX; i++) {
        ch = VEC_AT(&c->changes, struct commit_change, i);
        if (ch->recno - next > RUN_GAP)
            break;
        if (ch->recno > next)
            buf_add(out, mailbox_raw_at(c->mb, next),
                    (size_t)(ch->recno - next) * INDEX_RECORD_SIZE);
        index_record_encode(after ? &ch->after : &ch->before, raw);
        buf_add(out, raw, sizeof raw);
        next = ch->recno + 1;
    }
    return i;
}

static uint64_t record_offset(uint32_t recno)
{
    return INDEX_HEAD_SIZE + (uint64_t)(recno - 1) * INDEX_RECORD_SIZE;
}

static err_t write_changes(struct commit *c, bool after)
{
    struct mailbox_core *core = c->mb->core;
    struct buf run = BUF_INIT;
    err_t err = ERR_OK;

    for (size_t i = 0; i < c->changes.n && !err;) {
        uint32_t recno = VEC_AT(&c->changes, struct commit_change, i)->recno;
        i = gather_run(c, i, after, &run);
        err = durable_pwrite(core->fd, core->index_path.p, run.p, run.n, record_offset(recno));
    }
    buf_fini(&run);
    return err;
}

static struct commit_run *new_run(struct commit *c, uint32_t recno)
{
    struct commit_run *run = VEC_PUSH(&c->runs, struct commit_run);

    run->at = record_offset(recno);
    return run;
}

/* All writes to the index but that of the header. */
static void make_runs(struct commit *c)
{
    uint8_t raw[INDEX_RECORD_SIZE];

    sort_changes(c);
    for (size_t i = 0; i < c->changes.n;) {
        uint32_t recno = VEC_AT(&c->changes, struct commit_change, i)->recno;
        i = gather_run(c, i, true, &new_run(c, recno)->bytes);
    }
    if (!c->appended.n)
        return;
    struct buf *bytes = &new_run(c, c->mb->head.nrecords + 1)->bytes;
    buf_reserve(bytes, c->appended.n * INDEX_RECORD_SIZE);
    for (size_t i = 0; i < c->appended.n; i++) {
        index_record_encode(VEC_AT(&c->appended, struct record, i), raw);
        buf_add(bytes, raw, sizeof raw);
    }
}

static err_t write_runs(struct commit *c)
{
    struct mailbox_core *core = c->mb->core;
    err_t err = ERR_OK;

    for (size_t i = 0; i < c->runs.n && !err; i++) {
        const struct commit_run *run = VEC_AT(&c->runs, struct commit_run, i);
        err = durable_pwrite(core->fd, core->index_path.p, run->bytes.p, run->bytes.n, run->at);
    }
    return err;
}

/* ---- quota ---- */

static err_t apply_quota(struct commit *c, int sign)
{
    struct slice root = buf_slice(&view_header(c->mb)->quotaroot);
    struct quota *q;

    if (!root.n || (!c->quota_delta[0] && !c->quota_delta[1] && !c->quota_delta[2]))
        return ERR_OK;
    err_t err = quota_lock(c->mb->store, root, false, &q);
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    quota_add(q, QUOTA_STORAGE, sign * c->quota_delta[0]);
    quota_add(q, QUOTA_MESSAGE, sign * c->quota_delta[1]);
    quota_add(q, QUOTA_ANNOTATION, sign * c->quota_delta[2]);
    return quota_commit(&q);
}

/* ---- the commit point ---- */

static err_t write_records(struct commit *c)
{
    err_t err = commit_start(c);

    c->records_written = true;
    if (!err)
        err = write_runs(c);
    if (!err)
        err = apply_quota(c, 1);
    c->quota_applied = !err;
    return err;
}

err_t commit_write(struct commit *c, struct durable *d)
{
    struct mailbox_core *core = c->mb->core;
    uint8_t raw[INDEX_HEAD_SIZE];

    if (commit_is_empty(c))
        return c->started ? write_head(c, &c->mb->head, 0, raw) : ERR_OK;
    bool records = c->changes.n || c->appended.n;
    err_t err = make_head(c);
    make_runs(c);
    if (!err && (records || c->quota_delta[2]))
        err = write_records(c);
    c->head_written = true;
    if (!err)
        err = write_head(c, &c->head, 0, raw);
    if (!err && (records || c->header_changed || c->head_durable))
        c->index_item = durable_add_file(d, core->fd, core->index_path.p);
    return err;
}

/* ---- with the journal ---- */

err_t commit_compute(struct commit *c)
{
    err_t err = make_head(c);

    make_runs(c);
    return err;
}

/* A new file of bytes that nobody else has. */
static err_t write_name(const struct commit *c, const struct commit_name *n, const char *name)
{
    return durable_write_at(c->mb->msg_dirfd, c->mb->msg_dir.p, name, n->content, n->time);
}

/* Where a link may be made from; NULL: nowhere. */
static err_t link_source(const struct commit *c, struct commit_name *n, const char **out)
{
    *out = NULL;
    if (!n->stage)
        *out = buf_cstr(&n->source);
    else if (n->may_link && stage_is_shared(n->stage))
        return stage_on_partition(n->stage, buf_slice(&c->mb->entry.partition), out);
    return ERR_OK;
}

/* The file is the one that several mailboxes share, or a new one; if the source of a copy has gone,
 * its bytes are still at hand. */
static err_t give_name(struct commit *c, struct commit_name *n)
{
    const struct timespec times[2] = { { .tv_sec = n->time }, { .tv_sec = n->time } };
    const struct mailbox *mb = c->mb;
    char name[MSGFILE_NAME_MAX];
    const char *from;
    bool copied = false;

    msgfile_name(n->uid, name);
    err_t err = link_source(c, n, &from);
    if (err || !from)
        return err ? err : write_name(c, n, name);
    err = durable_link_at(from, mb->msg_dirfd, mb->msg_dir.p, name, n->may_link, &copied);
    if (err == ERR_NOTFOUND)
        return write_name(c, n, name);
    if (!err && (n->stage || copied) && utimensat(mb->msg_dirfd, name, times, 0) < 0)
        log_debug("cannot set the time of %s/%s", mb->msg_dir.p, name);
    return err;
}

static err_t apply_header_file(struct commit *c)
{
    struct buf path = BUF_INIT, bytes = BUF_INIT;
    err_t err = partition_file(&c->mb->entry, FILE_HEADER, &path);

    commit_header_bytes(c, &bytes);
    if (!err)
        err = durable_replace_later(buf_cstr(&path), buf_slice(&bytes));
    buf_fini(&path);
    buf_fini(&bytes);
    return err;
}

err_t commit_apply_names(struct commit *c)
{
    err_t err = commit_start(c);

    for (size_t i = 0; i < c->names.n && !err; i++)
        err = give_name(c, VEC_AT(&c->names, struct commit_name, i));
    return err ? err : commit_apply_annotations(c);
}

err_t commit_apply_index(struct commit *c)
{
    uint8_t raw[INDEX_HEAD_SIZE];
    int fd;
    err_t err = commit_start(c);

    if (!err && c->cache.n)
        err = write_cache(c, &fd);
    c->header_written = c->header_changed;
    if (!err && c->header_changed)
        err = apply_header_file(c);
    if (!err && (c->runs.n || c->quota_delta[2]))
        err = write_records(c);
    c->head_written = true;
    return err ? err : write_head(c, &c->head, 0, raw);
}

void commit_adopt(struct commit *c)
{
    struct mailbox *mb = c->mb;

    if (commit_is_empty(c))
        return;
    mb->head = c->head;
    index_head_encode(&mb->head, mb->raw_head);
    if (filemap_refresh(&mb->map, mb->core->fd, view_index_size(mb), mb->core->index_path.p) !=
        ERR_OK) {
        mb->head.nrecords = 0;
        memset(mb->raw_head, 0, sizeof mb->raw_head);
    }
}

/* ---- undo ---- */

static err_t restore_index(struct commit *c)
{
    struct mailbox *mb = c->mb;
    struct index_head old = mb->head;
    uint8_t raw[INDEX_HEAD_SIZE];
    err_t err = ERR_OK;

    if (c->records_written && c->changes.n)
        err = write_changes(c, false);
    if (!err && c->records_written && c->appended.n)
        err = durable_truncate(mb->core->fd, mb->core->index_path.p, view_index_size(mb));
    if (!err && c->quota_applied)
        err = apply_quota(c, -1);
    if (c->meta_item != SIZE_MAX || c->header_written)
        old.header_file_crc = mb->hs->header.crc;
    if (!err)
        err = write_head(c, &old, 0, raw);
    return err;
}

static void unlink_appended(struct commit *c)
{
    char name[MSGFILE_NAME_MAX];

    for (size_t i = 0; i < c->appended.n; i++) {
        msgfile_name(VEC_AT(&c->appended, struct record, i)->uid, name);
        (void)!durable_unlink_at(c->mb->msg_dirfd, c->mb->msg_dir.p, name);
    }
}

/* A record of the journal that is void may have reached the files on the disk, and its undoing not:
 * what is here now is made durable before any other record speaks of this mailbox. */
static err_t settle_undone(struct commit *c)
{
    return c->records_written || c->header_written ? store_settle(c->mb->store) : ERR_OK;
}

void commit_undo(struct commit *c)
{
    struct mailbox *mb = c->mb;

    unlink_appended(c);
    if ((c->started || c->head_written) &&
        (commit_undo_annotations(c) != ERR_OK || restore_index(c) != ERR_OK ||
         settle_undone(c) != ERR_OK))
        log_err("IOERROR: a change could not be taken back and will be at the next opening: "
                "filename=<%s>",
                mb->core->index_path.p);
    if (c->header_changed)
        mb->hs->loaded = mb->hs->bad = false;
}

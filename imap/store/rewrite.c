/* rewrite.c - see rewrite.h */
#include "imap/store/rewrite.h"

#include "imap/store/cache_format.h"
#include "imap/store/durable.h"
#include "imap/store/partition.h"
#include "lib/base/crc32.h"
#include "lib/os/file.h"
#include "lib/os/path.h"

enum { CACHE_CHUNK = 4 * 1024 * 1024 };

static void rewrite_fini(struct rewrite *w)
{
    file_close(&w->cache_fd);
    buf_fini(&w->index_path);
    buf_fini(&w->cache_path);
    buf_fini(&w->index);
    buf_fini(&w->cache);
}

static void new_name(const struct buf *path, struct buf *out)
{
    buf_addf(out, "%.*s.NEW", SLICE_ARG(buf_slice(path)));
    (void)buf_cstr(out);
}

static void reset_counts(struct index_head *h)
{
    h->minor_version = INDEX_VERSION;
    h->nrecords = h->exists = h->answered = h->flagged = h->deleted = h->unseen = 0;
    h->quota_used = 0;
    h->first_expunged = h->leaked_cache = 0;
    h->sync_crc_basic = 0;
    h->sync_crc_annot = INDEX_SYNC_CRC_ANNOT_START;
}

err_t rewrite_begin(struct rewrite *w, const struct mbentry *e, const struct index_head *head,
                    const struct header *header)
{
    *w = (struct rewrite){ .head = *head, .cache_fd = -1 };
    reset_counts(&w->head);
    synccrc_flags_init(&w->flags, header);
    buf_reserve(&w->index, INDEX_HEAD_SIZE + (size_t)head->nrecords * INDEX_RECORD_SIZE);
    w->index.n = INDEX_HEAD_SIZE;
    buf_add_be32(&w->cache, head->generation);
    w->cache_size = CACHE_FILE_HEADER;
    err_t err = partition_file(e, FILE_INDEX, &w->index_path);
    if (!err)
        err = partition_file(e, FILE_CACHE, &w->cache_path);
    if (err)
        rewrite_fini(w);
    else {
        (void)buf_cstr(&w->index_path);
        (void)buf_cstr(&w->cache_path);
    }
    return err;
}

static err_t flush_cache(struct rewrite *w)
{
    struct buf path = BUF_INIT;
    err_t err = ERR_OK;

    new_name(&w->cache_path, &path);
    if (w->cache_fd < 0)
        err = durable_create(path.p, true, &w->cache_fd);
    if (!err)
        err = durable_write(w->cache_fd, path.p, w->cache.p, w->cache.n);
    buf_reset(&w->cache);
    buf_fini(&path);
    return err;
}

err_t rewrite_add(struct rewrite *w, struct record *r, struct slice cache)
{
    struct index_head *h = &w->head;
    uint8_t raw[INDEX_RECORD_SIZE];

    if (cache.n) {
        r->cache_offset = w->cache_size;
        r->cache_crc = crc32_of(cache.p, cache.n);
        buf_add_slice(&w->cache, cache);
        w->cache_size += cache.n;
    }
    index_record_encode(r, raw);
    buf_add(&w->index, raw, sizeof raw);
    h->nrecords++;
    index_head_count(h, r, 1);
    h->sync_crc_basic ^= synccrc_basic(r, &w->flags);
    h->sync_crc_annot ^= synccrc_virtual(r);
    if ((r->flags & FLAG_INT_EXPUNGED) &&
        (!h->first_expunged || h->first_expunged > r->last_updated))
        h->first_expunged = r->last_updated;
    return w->cache.n >= CACHE_CHUNK ? flush_cache(w) : ERR_OK;
}

/* Until the cache has its name too the index says that somebody is at work (recover.h). */
static err_t write_index(struct rewrite *w, const char *path, int *fd_out)
{
    struct index_head h = w->head;

    h.options |= INDEX_OPT_UNFINISHED;
    index_head_encode(&h, (uint8_t *)w->index.p);
    err_t err = durable_create(path, true, fd_out);
    if (!err)
        err = durable_write(*fd_out, path, w->index.p, w->index.n);
    return err;
}

/* The bytes of both, before either gets its name: a program of others does not parse the messages
 * again whose cache a power cut has emptied. */
static err_t sync_new(struct rewrite *w, int fd, const char *index_new, const char *cache_new)
{
    struct durable d;

    durable_init(&d);
    (void)durable_add_file(&d, fd, index_new);
    if (w->cache_fd >= 0)
        (void)durable_add_file(&d, w->cache_fd, cache_new);
    err_t err = durable_flush(&d);
    durable_fini(&d);
    return err;
}

static err_t finish_index(struct rewrite *w, int fd)
{
    uint8_t raw[INDEX_HEAD_SIZE];

    index_head_encode(&w->head, raw);
    err_t err = durable_pwrite(fd, w->index_path.p, raw, sizeof raw, 0);
    return err ? err : durable_sync_file(fd, w->index_path.p);
}

static err_t sync_dirs(struct rewrite *w)
{
    struct slice index = path_dirname(buf_slice(&w->index_path));
    struct slice cache = path_dirname(buf_slice(&w->cache_path));
    struct buf dir = BUF_INIT;

    buf_add_slice(&dir, index);
    err_t err = durable_sync_dir(buf_cstr(&dir));
    if (!err && !slice_eq(index, cache)) {
        buf_reset(&dir);
        buf_add_slice(&dir, cache);
        err = durable_sync_dir(buf_cstr(&dir));
    }
    buf_fini(&dir);
    return err;
}

/* The index first: with the old cache under it, checksums fail and records are parsed again. */
static err_t put_in_place(struct rewrite *w, const char *index_new, const char *cache_new)
{
    err_t err = durable_rename(index_new, w->index_path.p);

    if (!err && w->head.nrecords)
        err = durable_rename(cache_new, w->cache_path.p);
    else if (!err)
        err = durable_unlink(w->cache_path.p);
    return err;
}

err_t rewrite_commit(struct rewrite *w)
{
    struct buf index_new = BUF_INIT, cache_new = BUF_INIT;
    err_t err = ERR_OK;
    int fd = -1;

    new_name(&w->index_path, &index_new);
    new_name(&w->cache_path, &cache_new);
    if (w->head.nrecords)
        err = flush_cache(w);
    if (!err)
        err = write_index(w, index_new.p, &fd);
    if (!err)
        err = sync_new(w, fd, index_new.p, cache_new.p);
    if (!err)
        err = put_in_place(w, index_new.p, cache_new.p);
    if (!err)
        err = finish_index(w, fd);
    if (!err)
        err = sync_dirs(w);
    file_close(&fd);
    buf_fini(&index_new);
    buf_fini(&cache_new);
    if (err)
        rewrite_abort(w);
    else
        rewrite_fini(w);
    return err;
}

void rewrite_abort(struct rewrite *w)
{
    struct buf path = BUF_INIT;

    new_name(&w->index_path, &path);
    (void)!durable_unlink(path.p);
    if (w->cache_fd >= 0) {
        buf_reset(&path);
        new_name(&w->cache_path, &path);
        (void)!durable_unlink(path.p);
    }
    buf_fini(&path);
    rewrite_fini(w);
}

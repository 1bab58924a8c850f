/* mailbox_files.c - making and describing the files of a mailbox (see mailbox_files.h) */
#include "imap/store/mailbox_files.h"

#include <fcntl.h>
#include <unistd.h>

#include "imap/store/commit_impl.h"
#include "imap/store/msgfile.h"
#include "imap/store/partition.h"
#include "imap/store/quota.h"
#include "lib/base/clock.h"
#include "lib/conf/conf.h"
#include "lib/os/file.h"

static const enum store_file dir_kinds[] = { FILE_MESSAGE, FILE_HEADER, FILE_INDEX, FILE_CACHE,
                                             FILE_ANNOTATIONS };
enum { NDIR_KINDS = sizeof dir_kinds / sizeof *dir_kinds };

/* ---- create ---- */

static err_t make_dirs(const struct mbentry *e)
{
    struct buf dir = BUF_INIT;
    err_t err = ERR_OK;

    for (size_t i = 0; i < NDIR_KINDS && !err; i++) {
        err = partition_dir(e, dir_kinds[i], &dir);
        if (!err)
            err = durable_make_dirs(buf_cstr(&dir));
    }
    buf_fini(&dir);
    return err;
}

static void preset_flags(struct header *h)
{
    struct slice rest = slice_cstr(conf_string(CONF_MAILBOX_INITIAL_FLAGS)), word;

    for (unsigned n = 0; rest.n && n < USER_FLAGS_CLIENT_MAX;) {
        rest = slice_split(rest, ' ', &word, NULL);
        if (header_flag_name_ok(word) && header_flag_find(h, word) < 0)
            buf_add_slice(&h->flag[n++], word);
    }
}

static err_t write_header(const struct mbentry *e, struct slice quotaroot, uint32_t *crc_out)
{
    struct buf path = BUF_INIT, bytes = BUF_INIT;
    struct header h;

    header_init(&h);
    header_set_entry(&h, e);
    buf_add_slice(&h.quotaroot, quotaroot);
    preset_flags(&h);
    header_format(&h, &bytes);
    *crc_out = h.crc;
    err_t err = partition_file(e, FILE_HEADER, &path);
    if (!err)
        err = durable_replace(buf_cstr(&path), buf_slice(&bytes));
    header_fini(&h);
    buf_fini(&path);
    buf_fini(&bytes);
    return err;
}

static err_t write_index(const struct mbentry *e, uint64_t modseq, uint32_t header_crc)
{
    uint8_t raw[INDEX_HEAD_SIZE];
    struct buf path = BUF_INIT;
    struct index_head h;

    index_head_new(&h, e->uidvalidity, modseq, (uint32_t)conf_int(CONF_MAILBOX_DEFAULT_OPTIONS),
                   (uint32_t)clock_now());
    h.header_file_crc = header_crc;
    index_head_encode(&h, raw);
    err_t err = partition_file(e, FILE_INDEX, &path);
    if (!err)
        err = durable_replace(buf_cstr(&path), slice_make(raw, sizeof raw));
    buf_fini(&path);
    return err;
}

static err_t sync_dir_of(const struct mbentry *e, enum store_file file)
{
    struct buf dir = BUF_INIT;
    err_t err = partition_dir(e, file, &dir);

    if (!err)
        err = durable_sync_dir(buf_cstr(&dir));
    buf_fini(&dir);
    return err;
}

static bool same_dir(const struct mbentry *e, enum store_file a, enum store_file b)
{
    const char *x = partition_root_of(e, a), *y = partition_root_of(e, b);

    return x && y && strcmp(x, y) == 0;
}

err_t mailbox_create_files(struct store *s, const struct mbentry *e, uint64_t modseq,
                           struct slice quotaroot)
{
    struct mailbox *mb;
    uint32_t crc;
    bool was_idle;
    err_t err = pool_take(s, e, &mb, &was_idle);

    if (err)
        return err;
    err = core_lock_mailbox(mb->core, LOCK_EXCLUSIVE, STORE_LOCK_WAIT_MS);
    if (err) {
        pool_drop(mb);
        return err;
    }
    err = make_dirs(e);
    if (!err)
        err = write_header(e, quotaroot, &crc);
    if (!err)
        err = write_index(e, modseq, crc);
    if (!err)
        err = sync_dir_of(e, FILE_INDEX);
    if (!err && !same_dir(e, FILE_INDEX, FILE_HEADER))
        err = sync_dir_of(e, FILE_HEADER);
    core_unlock_mailbox(mb->core);
    pool_drop(mb);
    return err;
}

/* ---- describe ---- */

/* A commit that changes nothing but what `c` was told. */
static err_t begin_on(struct store *s, const struct mbentry *e, struct mailbox **mb,
                      struct commit **c)
{
    err_t err = mailbox_open_entry(s, e, mb);

    *c = NULL;
    if (!err)
        err = commit_begin(*mb, NULL, c);
    if (err)
        mailbox_close(mb);
    return err;
}

err_t mailbox_set_header(struct store *s, const struct mbentry *e, const struct slice *quotaroot,
                         uint64_t *modseq_out)
{
    struct mailbox *mb;
    struct commit *c;
    err_t err = begin_on(s, e, &mb, &c);

    if (err)
        return err;
    struct header *h = view_header(mb);
    header_set_entry(h, e);
    if (quotaroot) {
        buf_reset(&h->quotaroot);
        buf_add_slice(&h->quotaroot, *quotaroot);
    }
    c->header_changed = true;
    if (modseq_out)
        *modseq_out = ++c->head.highestmodseq;
    err = commit_end(&c);
    mailbox_close(&mb);
    return err;
}

err_t mailbox_set_uidvalidity(struct store *s, const struct mbentry *e, uint32_t uidvalidity)
{
    struct mailbox *mb;
    struct commit *c;
    err_t err = begin_on(s, e, &mb, &c);

    if (err)
        return err;
    c->head.uidvalidity = uidvalidity;
    c->head_changed = c->head_durable = true;
    err = commit_end(&c);
    mailbox_close(&mb);
    return err;
}

/* ---- ask ---- */

bool mailbox_has_files(const struct mbentry *e)
{
    struct buf path = BUF_INIT;
    bool yes = partition_file(e, FILE_INDEX, &path) == ERR_OK && file_exists(buf_cstr(&path));

    buf_fini(&path);
    return yes;
}

err_t mailbox_peek_header(const struct mbentry *e, struct header *out)
{
    struct buf path = BUF_INIT;
    err_t err = partition_file(e, FILE_HEADER, &path);

    if (!err)
        err = header_load(buf_cstr(&path), out);
    buf_fini(&path);
    return err;
}

/* The careful way: opens, repairs, upgrades. */
static err_t peek_by_opening(struct store *s, const struct mbentry *e, struct index_head *out)
{
    struct mailbox *mb;
    err_t err = mailbox_open_entry(s, e, &mb);

    if (err)
        return err;
    *out = mb->head;
    mailbox_close(&mb);
    return ERR_OK;
}

/* ERR_AGAIN: not a header that can be believed without a second look. */
static err_t peek_at(int fd, const char *path, struct index_head *out)
{
    uint8_t raw[INDEX_HEAD_SIZE];
    struct index_layout layout;
    size_t got;

    err_t err = file_pread(fd, path, raw, sizeof raw, 0, &got);
    if (err)
        return err;
    if (index_head_decode(slice_make(raw, got), &layout, out) != ERR_OK ||
        layout.version != INDEX_VERSION || out->options & INDEX_OPT_UNFINISHED)
        return ERR_AGAIN;
    return out->options & INDEX_OPT_DELETED ? ERR_NOTFOUND : ERR_OK;
}

err_t mailbox_peek(struct store *s, const struct mbentry *e, struct index_head *out)
{
    struct buf path = BUF_INIT;
    int fd = -1;
    err_t err = partition_file(e, FILE_INDEX, &path);

    if (!err && pool_find(s, buf_slice(&path)))
        err = ERR_AGAIN;                /* its descriptor must not be closed: see lib/os/lock.h */
    if (!err)
        err = file_open(buf_cstr(&path), O_RDONLY, 0, &fd);
    if (!err)
        err = peek_at(fd, path.p, out);
    file_close(&fd);
    buf_fini(&path);
    return err == ERR_AGAIN ? peek_by_opening(s, e, out) : err;
}

/* journal_replay.c - the records that a crash left, applied again (journal.h, journal_record.h)
 *
 * Each mailbox by itself, its records in order, whatever the crash left of them in its files.  A
 * mailbox that somebody else has changed since (another generation, or a modseq beyond the last
 * record) is left alone and named in the log.
 */
#include "imap/store/journal_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imap/store/durable.h"
#include "imap/store/journal_apply.h"
#include "imap/store/quota.h"
#include "imap/store/store_impl.h"
#include "lib/base/endian.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/os/file.h"
#include "lib/os/path.h"

struct replay {
    struct journal_book book;
    struct store *store;
    struct vec names; /* struct slice: mailboxes that were done */
    size_t applied, skipped;
};

struct box {
    const struct journal_step *last;
    struct buf index_path;
    struct journal_target index;
    bool unfinished; /* the header on the disk says so, or a step is void */
};

/* ---- messages ---- */

/* UIDs that have a file, in order. */
static err_t live_uids(const struct box *b, const struct index_head *h, struct vec *out)
{
    size_t n = (size_t)h->nrecords * INDEX_RECORD_SIZE;
    uint8_t *raw = mem_alloc(n + 1);
    err_t err = file_pread_all(b->index.fd, b->index.path, raw, n, INDEX_HEAD_SIZE);

    for (size_t at = 0; at < n && !err; at += INDEX_RECORD_SIZE)
        if (!(be32_get(raw + at + IR_FLAGS) & FLAG_INT_UNLINKED))
            *VEC_PUSH(out, uint32_t) = be32_get(raw + at + IR_UID);
    mem_free(raw);
    return err;
}

static int by_number(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

/* A message that came and went: its file does not come back. */
static err_t remove_gone(const struct journal_history *h, const struct vec *live)
{
    struct buf path = BUF_INIT;
    err_t err = ERR_OK;

    for (size_t i = 0; i < h->steps.n; i++) {
        const struct journal_step *s = journal_step_at(h, i);
        for (size_t k = 0; k < s->box->nmessages && !err && !s->is_void; k++) {
            const uint32_t uid = s->box->messages[k].uid;
            if (live->n && bsearch(&uid, live->p, live->n, sizeof uid, by_number))
                continue;
            journal_message_path(s->box, uid, &path);
            err = durable_unlink(path.p);
        }
    }
    buf_fini(&path);
    return err;
}

/* ---- one mailbox ---- */

/* ERR_STOP: it was changed by somebody who knows nothing of the journal. */
static err_t check_disk(struct box *b)
{
    uint8_t raw[INDEX_HEAD_SIZE];
    struct index_layout layout;
    struct index_head head;
    size_t got;
    err_t err = file_pread(b->index.fd, b->index.path, raw, sizeof raw, 0, &got);

    if (err)
        return err;
    if (got < sizeof raw ||
        index_head_decode(slice_make(raw, sizeof raw), &layout, &head) != ERR_OK)
        return ERR_OK; /* torn: about to be whole again */
    b->unfinished |= (head.options & INDEX_OPT_UNFINISHED) != 0;
    if (head.generation != b->last->box->generation ||
        head.highestmodseq > b->last->box->after.modseq)
        return ERR_STOP;
    return ERR_OK;
}

/* The opening looks at all records of an index that was last written before the start: so must it
 * at this one, when records of the journal were damaged. */
static void keep_time(const struct box *b, const struct stat *was)
{
    const struct timespec times[2] = { was->st_atim, was->st_mtim };

    if (futimens(b->index.fd, times) < 0)
        log_debug("cannot set the time of %s", b->index.path);
}

static err_t replay_box(struct box *b, const struct journal_history *h)
{
    struct vec live = VEC_INIT(uint32_t);
    struct index_head head;
    struct stat was;
    err_t err = fstat(b->index.fd, &was) < 0 ? LOG_IO("stat", b->index.path) : check_disk(b);

    for (size_t i = 0; i < h->steps.n && !err; i++)
        if (!journal_step_at(h, i)->is_void)
            err = journal_apply_step(&b->index, journal_step_at(h, i));
    if (!err)
        err = journal_apply_head(&b->index, b->last, b->unfinished, &head);
    if (!err)
        err = live_uids(b, &head, &live);
    if (!err)
        err = remove_gone(h, &live);
    if (!err)
        keep_time(b, &was);
    vec_fini(&live);
    return err;
}

/* A directory that is not there belongs to a partition that is not mounted: nothing is skipped. */
static err_t replay_history(struct replay *r, struct journal_history *h)
{
    struct box b = { .last = journal_history_judge(h),
                     .index.fd = -1,
                     .unfinished = journal_history_has_void(h) };

    if (!b.last)
        return ERR_OK;
    buf_add_slice(&b.index_path, b.last->box->index_path);
    b.index.path = buf_cstr(&b.index_path);
    err_t err = file_open(b.index.path, O_RDWR, 0, &b.index.fd);
    if (!err)
        err = replay_box(&b, h);
    if (!err) {
        r->applied++;
        *VEC_PUSH(&r->names, struct slice) = b.last->box->name;
    }
    if (err == ERR_STOP) {
        log_err("the journal is older than the mailbox, which is left as it is: mailbox=<%.*s>",
                SLICE_ARG(b.last->box->name));
        r->skipped++;
        err = ERR_OK;
    } else if (err) {
        log_err("IOERROR: the journal cannot be applied: mailbox=<%.*s> filename=<%s> error=<%s>",
                SLICE_ARG(b.last->box->name), b.index.path, err_name(err));
    }
    file_close(&b.index.fd);
    buf_fini(&b.index_path);
    return err;
}

/* Usage of quotas is derived, so that records say nothing of it.  Before the journal is cleared:
 * who dies here leaves it to the next start. */
static void recount(struct store *s, const struct replay *r)
{
    struct buf root = BUF_INIT;
    struct map *done = map_new(NULL);

    for (size_t i = 0; i < r->names.n; i++) {
        if (quota_find(s, *VEC_AT(&r->names, struct slice, i), &root) != ERR_OK ||
            map_has(done, buf_slice(&root)))
            continue;
        map_put(done, buf_slice(&root), s);
        if (quota_fix_one(s, buf_slice(&root)) != ERR_OK)
            log_err("IOERROR: quota could not be counted again: root=<%s>", buf_cstr(&root));
    }
    map_free(&done);
    buf_fini(&root);
}

err_t journal_replay_all(void *store, const struct journal_found *all, size_t n)
{
    struct replay r = { .store = store, .names = VEC_INIT(struct slice) };
    struct slice id;
    void *h;
    err_t first = ERR_OK;

    journal_book_read(&r.book, all, n);
    for (size_t pos = 0; map_next(r.book.by_id, &pos, &id, &h);) {
        err_t err = replay_history(&r, h);
        if (!first)
            first = err;
    }
    recount(r.store, &r);
    log_notice("journal replayed: records=<%zu> mailboxes=<%zu> left alone=<%zu>", n, r.applied,
               r.skipped);
    vec_fini(&r.names);
    journal_book_fini(&r.book);
    return first;
}

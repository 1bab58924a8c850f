/* journal_dead.c - what a process left undone that died between its record and its files
 *
 * The mailboxes of the record carry UNFINISHED, and its key `before` is what their headers say: the
 * record is then carried out, for all of them, so that a commit to several mailboxes (a MOVE) is
 * whole.  UNFINISHED stays: the next opening repairs what else there is.
 */
#include "imap/store/journal_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imap/store/journal_apply.h"
#include "imap/store/lockorder.h"
#include "imap/store/mailbox_impl.h"
#include "lib/base/log.h"
#include "lib/os/file.h"

/* Readers, and whoever carries out the same record just now, give the lock back soon: how often it
 * is asked for, and the pause between. */
enum { TRIES = 5000, PAUSE_US = 2000 };

/* cyrus.index of one mailbox, with this process's own descriptor if it has one: closing another
 * would drop its locks. */
struct index {
    struct journal_target target;
    struct buf path;
    struct mailbox_core *core; /* NULL: not open in this process */
    struct lockorder_saved saved;
    bool nested;
};

/* Has the index been replaced (by a repack) since this process opened it? */
static bool core_is_stale(const struct mailbox_core *core)
{
    struct stat st;

    return !core->index_depth && core->fd >= 0 && fstat(core->fd, &st) == 0 && st.st_nlink == 0;
}

static err_t index_open(struct index *ix, struct store *s, const struct journal_mailbox *box)
{
    *ix = (struct index){ .target.fd = -1, .core = pool_find(s, box->index_path) };
    buf_add_slice(&ix->path, box->index_path);
    ix->target.path = buf_cstr(&ix->path);
    if (!ix->core)
        return file_open(ix->target.path, O_RDWR, 0, &ix->target.fd);
    err_t err = core_is_stale(ix->core) ? core_reopen(ix->core) : core_open(ix->core);
    ix->target.fd = err ? -1 : ix->core->fd;
    return err;
}

static void index_close(struct index *ix)
{
    if (!ix->core)
        file_close(&ix->target.fd);
    buf_fini(&ix->path);
}

static err_t index_lock(struct index *ix)
{
    if (!ix->core)
        return lock_file(ix->target.fd, ix->target.path, LOCK_EXCLUSIVE, LOCK_TRY);
    ix->nested = lockorder_holds(LOCK_INDEX);
    if (ix->nested)
        lockorder_nest(&ix->saved);
    err_t err = core_lock_index(ix->core, LOCK_EXCLUSIVE, LOCK_TRY);
    if (ix->nested)
        lockorder_unnest(&ix->saved);
    ix->target.fd = ix->core->fd;
    return err;
}

static void index_unlock(struct index *ix)
{
    if (ix->core)
        core_unlock_index(ix->core);
    else
        lock_release(ix->target.fd, ix->target.path);
}

/* Was its writer at work on this mailbox, and had not come to the end? */
static bool is_undone(const struct index *ix, const struct journal_step *last)
{
    const struct journal_key *before = &last->box->before;
    uint8_t raw[INDEX_HEAD_SIZE];
    struct index_layout layout;
    struct index_head h;
    size_t got;

    if (ix->core && ix->core->commit)
        return false; /* we are at work there, and alive */
    return file_pread(ix->target.fd, ix->target.path, raw, sizeof raw, 0, &got) == ERR_OK &&
           got == sizeof raw &&
           index_head_decode(slice_make(raw, sizeof raw), &layout, &h) == ERR_OK &&
           (h.options & INDEX_OPT_UNFINISHED) && h.generation == last->box->generation &&
           journal_key_same(before, &(struct journal_key){ .modseq = h.highestmodseq,
                                                           .last_uid = h.last_uid,
                                                           .nrecords = h.nrecords,
                                                           .crc = h.sync_crc_basic });
}

static err_t carry_out(const struct index *ix, const struct journal_step *last)
{
    struct index_head head;
    err_t err = journal_apply_step(&ix->target, last);

    if (!err)
        err = journal_apply_head(&ix->target, last, true, &head);
    if (!err)
        log_notice("a change is carried out whose process has died: mailbox=<%.*s>",
                   SLICE_ARG(last->box->name));
    return err;
}

/* Until it is done, by us or by somebody else who has the lock.  That one may be about to wait for
 * CLEAR, which we have: to wait for him in the kernel would be a deadlock to it. */
static err_t finish_index(struct index *ix, const struct journal_step *last)
{
    err_t err = ERR_LOCKED;

    for (int tries = 0; err == ERR_LOCKED && tries < TRIES; tries++) {
        if (tries)
            usleep(PAUSE_US);
        if (!is_undone(ix, last))
            return ERR_OK;
        err = index_lock(ix);
    }
    if (err)
        return err;
    if (is_undone(ix, last))
        err = carry_out(ix, last);
    index_unlock(ix);
    return err;
}

static err_t finish_mailbox(struct store *s, const struct journal_step *last)
{
    struct index ix;
    err_t err = index_open(&ix, s, last->box);

    if (!err)
        err = finish_index(&ix, last);
    index_close(&ix);
    return err == ERR_NOTFOUND ? ERR_OK : err; /* it is gone, with all its messages */
}

/* The mailbox of that uniqueid (none: all), if its last record is of that file (0: any). */
static err_t finish(struct store *s, const struct journal_found *all, size_t n, struct slice id,
                    uint64_t sequence)
{
    struct journal_book book;
    struct slice key;
    void *h;
    err_t first = ERR_OK;

    journal_book_read(&book, all, n);
    for (size_t pos = 0; map_next(book.by_id, &pos, &key, &h);) {
        if (id.n && !slice_eq(id, key))
            continue;
        const struct journal_step *last = journal_history_judge(h);
        if (!last || (sequence && last->record->sequence != sequence))
            continue;
        err_t err = finish_mailbox(s, last);
        if (!first)
            first = err;
    }
    journal_book_fini(&book);
    return first;
}

err_t journal_finish_dead(void *store, uint64_t sequence, const struct journal_found *all, size_t n)
{
    return finish(store, all, n, SLICE_NULL, sequence);
}

struct wanted {
    struct store *store;
    struct slice uniqueid;
};

static err_t finish_wanted(void *arg, uint64_t sequence, const struct journal_found *all, size_t n)
{
    const struct wanted *w = arg;

    return finish(w->store, all, n, w->uniqueid, sequence);
}

err_t store_finish_dead(struct store *s, struct slice uniqueid)
{
    struct wanted w = { s, uniqueid };

    return s->journal ? journal_visit(s->journal, 0, finish_wanted, &w) : ERR_OK;
}

/* journal.c - appending, syncing and clearing; see journal.h
 *
 * What the processes share stands in the lock file: struct shared, changed under APPEND, and struct
 * rounds, changed by whoever makes a round.  It is believed only while some process has the journal
 * open: the first one makes it anew, so that a crash leaves nothing stale.
 */
#include "imap/store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "imap/store/durable.h"
#include "imap/store/journal_impl.h"
#include "lib/base/bug.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/os/file.h"
#include "lib/os/map.h"

enum { WARM_STEP = 1 << 20 }; /* bytes of a new file that are written ahead */

/* ---- what is shared ---- */

err_t journal_load(struct journal *j, struct journal_shared *out)
{
    return file_pread_all(j->lock_fd, j->lock_path.p, out, sizeof *out, JOURNAL_AT_SHARED);
}

err_t journal_store(struct journal *j, const struct journal_shared *s)
{
    return file_pwrite_all(j->lock_fd, j->lock_path.p, s, sizeof *s, JOURNAL_AT_SHARED);
}

static err_t load_rounds(struct journal *j, struct journal_rounds *out)
{
    return file_pread_all(j->lock_fd, j->lock_path.p, out, sizeof *out, JOURNAL_AT_ROUNDS);
}

static err_t store_rounds(struct journal *j, const struct journal_rounds *r)
{
    return file_pwrite_all(j->lock_fd, j->lock_path.p, r, sizeof *r, JOURNAL_AT_ROUNDS);
}

/* ---- locks ---- */

err_t journal_lock(struct journal *j, uint32_t byte, enum lock_mode mode, bool wait)
{
    return lock_byte(j->lock_fd, j->lock_path.p, byte, mode, wait ? LOCK_FOREVER : LOCK_TRY);
}

void journal_unlock(struct journal *j, uint32_t byte)
{
    lock_byte_release(j->lock_fd, j->lock_path.p, byte);
}

/* ---- a file is taken into use ---- */

/* From now on a journal that is not found is missed. */
static err_t make_marker(struct journal *j)
{
    struct buf text = BUF_INIT;

    if (file_exists(j->marker.p))
        return ERR_OK;
    buf_addf(&text, "%s %016llx\n", j->dir.p, (unsigned long long)j->id);
    err_t err = durable_replace(j->marker.p, buf_slice(&text));
    struct slice dir = path_dirname(buf_slice(&j->marker));
    buf_reset(&text);
    buf_add_slice(&text, dir);
    if (!err)
        err = durable_sync_dir(buf_cstr(&text));
    buf_fini(&text);
    return err;
}

err_t journal_write_head(struct journal *j, unsigned i, uint64_t sequence, uint64_t salt)
{
    const struct journal_head head = {
        .sequence = sequence, .id = j->id, .salt = salt, .size = j->half
    };
    uint8_t page[JOURNAL_PAGE];

    journal_head_encode(&head, page);
    return durable_pwrite(j->fd[i], j->path[i].p, page, sizeof page, 0);
}

static err_t begin_file(struct journal *j, struct journal_shared *s, unsigned i)
{
    err_t err = s->sequence[!i] ? ERR_OK : make_marker(j);

    rand_bytes(&s->salt, sizeof s->salt);
    if (!err)
        err = journal_write_head(j, i, s->last_sequence + 1, s->salt);
    if (err)
        return err;
    s->sequence[i] = ++s->last_sequence;
    s->active = i;
    s->end = JOURNAL_PAGE;
    s->number = 0;
    return journal_store(j, s); /* before a record is there that nobody would know of */
}

/* Rounds sync only the active file: others may wait for one that covers records of this one. */
static err_t sync_before_leaving(struct journal *j, struct journal_shared *s)
{
    err_t err = durable_sync_file(j->fd[s->active], j->path[s->active].p);

    if (err) {
        s->failures++;
        (void)!journal_store(j, s);
    }
    return err;
}

/* Room for n bytes in the active file.  A file that is left is durable: rounds sync only the active
 * one.  ERR_AGAIN: the other file must be cleared first. */
static err_t make_room(struct journal *j, struct journal_shared *s, uint64_t n)
{
    if (!s->sequence[s->active])
        return begin_file(j, s, s->active);
    if (s->end + n <= j->half)
        return ERR_OK;
    if (s->sequence[!s->active])
        return ERR_AGAIN;
    j->must_tidy = true; /* the one that is full now */
    err_t err = sync_before_leaving(j, s);
    return err ? err : begin_file(j, s, !s->active);
}

/* Blocks that were never written cost a change of the file system's own records with the sync: so
 * that is paid once per step. */
static void warm(struct journal *j, struct journal_shared *s)
{
    static const uint8_t zeros[64 * 1024];
    uint64_t to = s->end + WARM_STEP < j->half ? s->end + WARM_STEP : j->half;
    err_t err = ERR_OK;

    if (s->end <= s->warm[s->active])
        return;
    for (uint64_t at = s->end; at < to && !err; at += sizeof zeros)
        err = file_pwrite_all(j->fd[s->active], j->path[s->active].p, zeros,
                              to - at < sizeof zeros ? (size_t)(to - at) : sizeof zeros, at);
    if (!err)
        s->warm[s->active] = to;
}

/* ---- append ---- */

uint64_t journal_body_max(const struct journal *j)
{
    return j->half - 2 * JOURNAL_PAGE - JOURNAL_RECORD_HEAD;
}

static uint64_t length_of(const struct slice *pieces, size_t n)
{
    uint64_t length = JOURNAL_RECORD_HEAD;

    for (size_t i = 0; i < n; i++)
        length += pieces[i].n;
    return length;
}

/* The record, filled up with zeros to the end of its last page: no page is read from the disk. */
static err_t write_record(struct journal *j, const struct journal_shared *s,
                          const struct journal_record_head *h, const struct slice *pieces, size_t n)
{
    static const uint8_t zeros[JOURNAL_PAGE];
    struct slice *all = mem_array(n + 2, sizeof *all);
    uint8_t head[JOURNAL_RECORD_HEAD];

    journal_record_encode(h, pieces, n, head);
    all[0] = slice_make(head, sizeof head);
    if (n)
        memcpy(all + 1, pieces, n * sizeof *all);
    all[n + 1] = slice_make(zeros, journal_padded(h->length) - h->length);
    err_t err = durable_pwritev(j->fd[s->active], j->path[s->active].p, all, n + 2, s->end);
    mem_free(all);
    return err;
}

/* Nobody will know of the record, as its place could not be noted: a replay must not find it
 * either. */
static void take_back(struct journal *j, unsigned file, uint64_t at)
{
    static const uint8_t zeros[JOURNAL_RECORD_HEAD];

    if (durable_pwrite(j->fd[file], j->path[file].p, zeros, sizeof zeros, at) != ERR_OK)
        log_err("IOERROR: a change that is refused may come back after a crash: filename=<%s>",
                j->path[file].p);
}

static err_t add_record(struct journal *j, struct journal_shared *s, enum journal_kind kind,
                        const struct slice *pieces, size_t n, struct journal_pos *out)
{
    struct journal_rounds r;
    struct journal_record_head h = { .length = length_of(pieces, n),
                                     .sequence = s->sequence[s->active],
                                     .number = s->number + 1,
                                     .salt = s->salt,
                                     .kind = kind };
    err_t err = load_rounds(j, &r);

    if (!err && r.sequence == h.sequence)
        h.known = r.number;
    if (!err)
        err = write_record(j, s, &h, pieces, n);
    if (err)
        return err;
    const uint64_t at = s->end;
    s->end += journal_padded(h.length);
    s->number = h.number;
    warm(j, s);
    *out = (struct journal_pos){ .sequence = h.sequence, .number = h.number };
    err = journal_store(j, s);
    if (err)
        take_back(j, s->active, at);
    return err;
}

/* A process may have died between its record and saying that it is there: the next one comes behind
 * it. */
static err_t adopt_unknown(struct journal *j, struct journal_shared *s)
{
    uint8_t head[JOURNAL_RECORD_HEAD];
    uint64_t length;
    size_t got;
    err_t err = file_pread(j->fd[s->active], j->path[s->active].p, head, sizeof head, s->end, &got);

    if (err || got < sizeof head ||
        !journal_record_follows(head, s->sequence[s->active], s->salt, s->number + 1, &length))
        return err;
    struct filemap map = FILEMAP_INIT;
    err = filemap_refresh(&map, j->fd[s->active], j->half, j->path[s->active].p);
    if (!err && journal_record_is_whole(filemap_slice(&map), s->end, length)) {
        s->end += journal_padded(length);
        s->number++;
        err = journal_store(j, s);
    }
    filemap_fini(&map);
    return err;
}

/* Under APPEND. */
static err_t append_locked(struct journal *j, enum journal_kind kind, const struct slice *pieces,
                           size_t n, struct journal_pos *out)
{
    struct journal_shared s;
    err_t err = journal_load(j, &s);

    if (!err && s.failures)
        return ERR_AGAIN;
    if (!err && s.sequence[s.active])
        err = adopt_unknown(j, &s);
    if (!err)
        err = make_room(j, &s, journal_padded(length_of(pieces, n)));
    if (err)
        return err;
    err = journal_lock(j, JOURNAL_INUSE0 + s.active, LOCK_SHARED, true);
    if (err)
        return err;
    j->held |= 1u << s.active;
    return add_record(j, &s, kind, pieces, n, out);
}

void journal_applied(struct journal *j)
{
    for (unsigned i = 0; i < 2; i++)
        if (j->held & 1u << i)
            journal_unlock(j, JOURNAL_INUSE0 + i);
    j->held = 0;
}

err_t journal_append(struct journal *j, enum journal_kind kind, const struct slice *pieces,
                     size_t n, struct journal_pos *out)
{
    if (length_of(pieces, n) - JOURNAL_RECORD_HEAD > journal_body_max(j))
        return ERR_LIMIT;
    for (;;) {
        const unsigned held = j->held;
        err_t err = lock_byte(j->lock_fd, j->lock_path.p, JOURNAL_APPEND, LOCK_EXCLUSIVE,
                              j->append_wait_ms);
        if (err)
            return err;
        err = append_locked(j, kind, pieces, n, out);
        journal_unlock(j, JOURNAL_APPEND);
        if (err && !held)
            journal_applied(j);
        if (err == ERR_AGAIN && held)
            return ERR_NOSPACE; /* we ourselves keep the other file from being cleared */
        if (err == ERR_AGAIN)
            err = journal_make_clear(j);
        else
            return err;
        if (err)
            return err;
    }
}

/* ---- sync ---- */

/* Records that nobody can be sure of any more: nothing is added before all of them are cleared. */
static void note_failure(struct journal *j)
{
    struct journal_shared s;

    log_err("IOERROR: the journal cannot be made durable, what was to be stored is refused: "
            "filename=<%s>",
            j->dir.p);
    if (journal_lock(j, JOURNAL_APPEND, LOCK_EXCLUSIVE, true) != ERR_OK)
        return;
    if (journal_load(j, &s) == ERR_OK) {
        s.failures++;
        (void)!journal_store(j, &s);
    }
    journal_unlock(j, JOURNAL_APPEND);
    j->must_tidy = true;
}

static uint32_t lock_of(uint64_t round)
{
    return JOURNAL_ROUND0 + (uint32_t)(round % JOURNAL_ROUNDS);
}

/* Until that round has ended, or whoever made it has died. */
static err_t wait_for_round(struct journal *j, uint64_t round)
{
    err_t err = journal_lock(j, lock_of(round), LOCK_SHARED, true);

    if (!err)
        journal_unlock(j, lock_of(round));
    return err;
}

/* Under the lock of the round.  After a sync that failed no other one proves anything, as the
 * kernel may have told its error to somebody else: all rounds fail until everything is cleared. */
static err_t make_round(struct journal *j, uint64_t round, struct journal_rounds r)
{
    struct journal_shared s;

    if (j->group_wait_us)
        usleep(j->group_wait_us);
    r.begun = round;
    err_t err = store_rounds(j, &r);
    if (!err)
        err = journal_load(j, &s);
    if (!err && s.failures)
        return ERR_IO;
    if (!err)
        err = durable_sync_file(j->fd[s.active], j->path[s.active].p);
    if (err) {
        note_failure(j);
        return err;
    }
    r = (struct journal_rounds){
        .begun = round, .ended = round, .sequence = s.sequence[s.active], .number = s.number
    };
    err = store_rounds(j, &r);
    if (err) /* durable, but nobody will know */
        note_failure(j);
    return err;
}

static err_t begin_round(struct journal *j, uint64_t round)
{
    struct journal_rounds r;
    err_t err = load_rounds(j, &r);

    if (!err && r.ended + 1 < round) {
        err = wait_for_round(j, round - 1);
        if (!err)
            err = load_rounds(j, &r);
    }
    return err || r.ended >= round ? err : make_round(j, round, r);
}

/* Make that round, or wait for whoever does. */
static err_t take_part(struct journal *j, uint64_t round)
{
    err_t err = journal_lock(j, lock_of(round), LOCK_EXCLUSIVE, false);

    if (err == ERR_LOCKED)
        return wait_for_round(j, round);
    if (err)
        return err;
    err = begin_round(j, round);
    journal_unlock(j, lock_of(round));
    return err;
}

err_t journal_sync(struct journal *j)
{
    struct journal_rounds r;
    err_t err = load_rounds(j, &r);
    const uint64_t wanted = r.begun + 1;

    while (!err) {
        err = take_part(j, wanted);
        if (!err)
            err = load_rounds(j, &r);
        if (!err && r.ended >= wanted)
            return ERR_OK;
    }
    return err;
}

/* ---- clearing ---- */

/* ---- looking at what is there ---- */

err_t journal_visit(struct journal *j, uint64_t sequence, journal_visit_fn *visit, void *arg)
{
    struct filemap map[2] = { FILEMAP_INIT, FILEMAP_INIT };
    struct journal_scan scan[2] = { { .n = 0 }, { .n = 0 } };
    struct vec all = VEC_INIT(struct journal_found);
    err_t err = ERR_OK;

    for (unsigned i = 0; i < 2 && !err; i++) {
        err = filemap_refresh(&map[i], j->fd[i], j->half, j->path[i].p);
        if (!err)
            journal_file_row(filemap_slice(&map[i]), &scan[i]);
    }
    const unsigned first = scan[0].n && scan[1].n && scan[0].found->sequence > scan[1].found->sequence;
    for (unsigned k = 0; k < 2; k++) {
        const struct journal_scan *s = &scan[k ? !first : first];
        for (size_t n = 0; n < s->n; n++)
            *VEC_PUSH(&all, struct journal_found) = s->found[n];
    }
    if (!err && all.n)
        err = visit(arg, sequence, all.p, all.n);
    vec_fini(&all);
    for (unsigned i = 0; i < 2; i++) {
        journal_scan_free(&scan[i]);
        filemap_fini(&map[i]);
    }
    return err;
}

/* Under CLEAR: all records of file i are applied, and what they changed is made durable. */
static err_t clear_file(struct journal *j, unsigned i)
{
    struct journal_shared s;

    BUG_UNLESS(!j->held);
    err_t err = journal_load(j, &s);
    if (!err)
        err = journal_lock(j, JOURNAL_INUSE0 + i, LOCK_EXCLUSIVE, true);
    if (err)
        return err;
    if (j->finish)
        err = journal_visit(j, s.sequence[i], j->finish, j->arg);
    if (!err)
        err = j->flush(j->arg);
    if (!err)
        err = journal_write_head(j, i, 0, 0);
    if (!err)
        err = durable_sync_file(j->fd[i], j->path[i].p);
    journal_unlock(j, JOURNAL_INUSE0 + i);
    if (!err)
        err = journal_lock(j, JOURNAL_APPEND, LOCK_EXCLUSIVE, true);
    if (err)
        return err;
    err = journal_load(j, &s);
    s.sequence[i] = 0;
    if (!err)
        err = journal_store(j, &s);
    journal_unlock(j, JOURNAL_APPEND);
    return err;
}

/* The active file takes no more records.  Under CLEAR, with the other one clear. */
static err_t leave_active(struct journal *j, unsigned *left_out)
{
    struct journal_shared s;
    err_t err = journal_lock(j, JOURNAL_APPEND, LOCK_EXCLUSIVE, true);

    if (err)
        return err;
    err = journal_load(j, &s);
    *left_out = s.active;
    if (!err)
        err = sync_before_leaving(j, &s);
    s.active = !s.active;
    if (!err)
        err = journal_store(j, &s);
    journal_unlock(j, JOURNAL_APPEND);
    return err;
}

/* Clear every file that has records of sequence `upto` or before. */
static err_t clear_upto(struct journal *j, uint64_t upto)
{
    struct journal_shared s;
    unsigned left;
    err_t err = journal_load(j, &s);

    if (!err && s.sequence[!s.active] && s.sequence[!s.active] <= upto)
        err = clear_file(j, !s.active);
    if (!err)
        err = journal_load(j, &s);
    if (err || !s.sequence[s.active] || s.sequence[s.active] > upto)
        return err;
    err = leave_active(j, &left);
    return err ? err : clear_file(j, left);
}

static err_t end_failures(struct journal *j)
{
    struct journal_shared s;
    err_t err = journal_lock(j, JOURNAL_APPEND, LOCK_EXCLUSIVE, true);

    if (err)
        return err;
    err = journal_load(j, &s);
    s.failures = 0;
    if (!err)
        err = journal_store(j, &s);
    journal_unlock(j, JOURNAL_APPEND);
    return err;
}

err_t journal_settle(struct journal *j)
{
    struct journal_shared s;
    err_t err = journal_load(j, &s);

    if (err || (!s.sequence[0] && !s.sequence[1] && !s.failures))
        return err;
    const uint64_t upto = s.last_sequence;
    err = journal_lock(j, JOURNAL_CLEAR, LOCK_EXCLUSIVE, true);
    if (err)
        return err;
    err = clear_upto(j, upto);
    if (!err && s.failures)
        err = end_failures(j);
    journal_unlock(j, JOURNAL_CLEAR);
    return err;
}

/* The file that is full; all when a sync has failed. */
err_t journal_make_clear(struct journal *j)
{
    struct journal_shared s;
    err_t err = journal_load(j, &s);

    if (err)
        return err;
    if (s.failures)
        return journal_settle(j);
    err = journal_lock(j, JOURNAL_CLEAR, LOCK_EXCLUSIVE, true);
    if (err)
        return err;
    err = journal_load(j, &s);
    if (!err && s.sequence[!s.active])
        err = clear_file(j, !s.active);
    journal_unlock(j, JOURNAL_CLEAR);
    return err;
}

void journal_tidy(struct journal *j)
{
    if (!j->must_tidy || j->held)
        return;
    j->must_tidy = false;
    (void)!journal_make_clear(j); /* logged; whoever needs the room tries again */
}

/* journal_start.c - the journal's files at the first opening and the last closing; see journal.h */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "imap/store/durable.h"
#include "imap/store/journal_impl.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/vec.h"
#include "lib/os/file.h"
#include "lib/os/map.h"

enum { FILE_MODE = 0600, OPEN_TRIES = 10, APPEND_WAIT_MS = 60 * 1000 };

/* ---- files ---- */

static err_t open_dir(struct journal *j, const struct journal_conf *conf, struct buf *why)
{
    err_t err = ERR_OK;

    if (!file_exists(j->dir.p))
        err = conf->make_dir ? durable_make_dirs(j->dir.p) : ERR_NOTFOUND;
    if (err)
        buf_addf(why, "the journal's directory %s %s", j->dir.p,
                 err == ERR_NOTFOUND ? "does not exist: mount or make it (option journal_path)"
                                     : "cannot be made: let the server's user write there");
    if (!err)
        err = file_open(j->lock_path.p, O_RDWR | O_CREAT, FILE_MODE, &j->lock_fd);
    if (err && !why->n)
        buf_addf(why, "%s cannot be opened (%s): let the server's user read and write it",
                 j->lock_path.p, err_name(err));
    return err;
}

/* Blocks are reserved, so that a full disk cannot keep a commit from the journal.  A file system
 * that cannot do that is written to as it goes. */
static err_t reserve(struct journal *j, unsigned i)
{
    int e = posix_fallocate(j->fd[i], 0, (off_t)j->half);

    if (e == 0)
        return ERR_OK;
    if (e == EOPNOTSUPP || e == EINVAL)
        return durable_truncate(j->fd[i], j->path[i].p, j->half);
    errno = e;
    return LOG_IO("fallocate", j->path[i].p);
}

/* A clear file of the right size. */
static err_t make_file(struct journal *j, unsigned i)
{
    uint64_t size = 0;
    err_t err = file_size(j->fd[i], j->path[i].p, &size);

    if (!err && size > j->half)
        err = durable_truncate(j->fd[i], j->path[i].p, j->half);
    if (!err && size < j->half)
        err = reserve(j, i);
    if (!err)
        err = journal_write_head(j, i, 0, 0);
    if (!err)
        err = durable_sync_file(j->fd[i], j->path[i].p);
    return err;
}

static err_t open_files(struct journal *j, bool make)
{
    err_t err = ERR_OK;

    for (unsigned i = 0; i < 2 && !err; i++)
        if (j->fd[i] < 0)
            err = file_open(j->path[i].p, make ? O_RDWR | O_CREAT : O_RDWR, FILE_MODE, &j->fd[i]);
    return err;
}

/* ---- what a crash left ---- */

struct leftovers {
    struct filemap map[2];
    struct journal_scan scan[2];
    struct journal_head head[2];
};

static void leftovers_fini(struct leftovers *l)
{
    for (unsigned i = 0; i < 2; i++) {
        journal_scan_free(&l->scan[i]);
        filemap_fini(&l->map[i]);
    }
}

/* The file is kept for whoever wants to look closer. */
static void keep_damaged(struct journal *j, unsigned i, uint64_t sequence)
{
    struct buf path = BUF_INIT;

    buf_addf(&path, "%s/damaged-%llu", j->dir.p, (unsigned long long)sequence);
    if (!file_exists(buf_cstr(&path)) && durable_copy(j->path[i].p, path.p, true) != ERR_OK)
        buf_reset(&path);
    log_err("IOERROR: the journal has records that cannot be read; all others are replayed, check "
            "the newest messages: filename=<%s> copy=<%s>",
            j->path[i].p, buf_cstr(&path));
    buf_fini(&path);
}

static err_t look(struct journal *j, unsigned i, struct leftovers *l)
{
    err_t err = filemap_open(&l->map[i], j->path[i].p);

    if (err == ERR_NOTFOUND)
        return ERR_OK;
    if (err)
        return err;
    const struct slice file = filemap_slice(&l->map[i]);
    if (journal_head_decode(file, &l->head[i]) != ERR_OK)
        l->head[i] = (struct journal_head){ .sequence = 0 };
    journal_file_scan(file, &l->scan[i]);
    if (l->scan[i].damaged)
        keep_damaged(j, i, l->head[i].sequence);
    else if (l->scan[i].torn)
        log_warn(
            "the journal ends with a record that is not whole and is left out; nobody was told "
            "that it is stored, unless the disk has lost it since: filename=<%s>",
            j->path[i].p);
    return ERR_OK;
}

/* Both files have had their heads since before the marker was made. */
static bool names_both(struct slice marker, const struct leftovers *l)
{
    char id[24];

    for (unsigned i = 0; i < 2; i++) {
        snprintf(id, sizeof id, " %016llx\n", (unsigned long long)l->head[i].id);
        if (!l->head[i].id || !slice_ends(marker, slice_cstr(id)))
            return false;
    }
    return true;
}

/* Were records to be found, but this is another journal, or none? */
static err_t check_marker(const struct journal *j, const struct leftovers *l, struct buf *why)
{
    struct buf text = BUF_INIT;
    err_t err = file_load(j->marker.p, JOURNAL_PAGE, &text);

    if (!err && !names_both(buf_slice(&text), l)) {
        buf_addf(why,
                 "the journal of the last run (%.*s) is missing or damaged: bring it back "
                 "(mount its disk); to go on without what only it has, remove %s",
                 SLICE_ARG(slice_trim(buf_slice(&text))), j->marker.p);
        err = ERR_CORRUPT;
    }
    buf_fini(&text);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static err_t replay(struct journal *j, const struct leftovers *l)
{
    const unsigned first = l->head[0].sequence > l->head[1].sequence;
    struct vec all = VEC_INIT(struct journal_found);

    for (unsigned k = 0; k < 2; k++) {
        const struct journal_scan *s = &l->scan[k ? !first : first];
        for (size_t n = 0; n < s->n; n++)
            *VEC_PUSH(&all, struct journal_found) = s->found[n];
    }
    err_t err = all.n ? j->replay(j->arg, all.p, all.n) : ERR_OK;
    if (!err && all.n)
        err = j->flush(j->arg);
    vec_fini(&all);
    return err;
}

static err_t replay_leftovers(struct journal *j, struct journal_shared *s, struct buf *why)
{
    struct leftovers l = { .map = { FILEMAP_INIT, FILEMAP_INIT } };
    err_t err = ERR_OK;

    for (unsigned i = 0; i < 2 && !err; i++)
        err = look(j, i, &l);
    if (!err)
        err = check_marker(j, &l, why);
    if (!err)
        err = replay(j, &l);
    for (unsigned i = 0; i < 2; i++) {
        if (l.head[i].id)
            j->id = l.head[i].id;
        if (l.head[i].sequence > s->last_sequence) {
            s->last_sequence = l.head[i].sequence;
            s->active = i;
        }
    }
    leftovers_fini(&l);
    if (err && !why->n)
        buf_addf(why, "the journal in %s cannot be replayed (%s): the log says why", j->dir.p,
                 err_name(err));
    return err;
}

/* ---- alone ---- */

/* And what a crash left of making it. */
static err_t remove_marker(const struct journal *j)
{
    struct buf new = BUF_INIT;

    buf_addf(&new, "%s.NEW", j->marker.p);
    err_t err = durable_unlink(buf_cstr(&new));
    buf_fini(&new);
    return err ? err : durable_unlink(j->marker.p);
}

err_t journal_start(struct journal *j, const struct journal_conf *conf, struct buf *why)
{
    struct journal_shared s = { .magic = JOURNAL_MAGIC, .half = conf->size / 2 };
    const struct journal_rounds none = { .begun = 0 };
    err_t err = replay_leftovers(j, &s, why);

    if (err)
        return err;
    s.half -= s.half % JOURNAL_PAGE;
    j->half = s.half;
    while (!j->id)
        rand_bytes(&j->id, sizeof j->id);
    s.id = j->id;
    err = open_files(j, true);
    /* the older one first: what is left when we die here must be the end of the row */
    if (!err)
        err = make_file(j, !s.active);
    if (!err)
        err = make_file(j, s.active);
    if (!err)
        err = durable_sync_dir(j->dir.p);
    if (!err)
        err = remove_marker(j);
    if (!err)
        err = file_pwrite_all(j->lock_fd, j->lock_path.p, &none, sizeof none, JOURNAL_AT_ROUNDS);
    if (!err)
        err = journal_store(j, &s);
    if (err)
        buf_addf(why,
                 "the journal in %s cannot be made (%s): free %llu bytes there, or set "
                 "journal_size or journal_path",
                 j->dir.p, err_name(err), (unsigned long long)conf->size);
    return err;
}

/* The marker goes last: without it nobody misses a record. */
err_t journal_finish(struct journal *j)
{
    struct buf dir = BUF_INIT;
    err_t err = journal_settle(j);

    if (!err && file_exists(j->marker.p)) {
        err = durable_unlink(j->marker.p);
        buf_add_slice(&dir, path_dirname(buf_slice(&j->marker)));
        if (!err)
            err = durable_sync_dir(buf_cstr(&dir));
    }
    buf_fini(&dir);
    return err;
}

/* ---- open and close ---- */

static void release(struct journal *j)
{
    for (unsigned i = 0; i < 2; i++) {
        file_close(&j->fd[i]);
        buf_fini(&j->path[i]);
    }
    file_close(&j->lock_fd);
    buf_fini(&j->dir);
    buf_fini(&j->marker);
    buf_fini(&j->lock_path);
    mem_free(j);
}

/* We share it with those who have it open already.  ERR_AGAIN: the one who was starting it has
 * given up. */
static err_t join(struct journal *j)
{
    struct journal_shared s;
    err_t err = journal_lock(j, JOURNAL_USERS, LOCK_SHARED, true);

    if (err)
        return err;
    if (journal_load(j, &s) != ERR_OK || s.magic != JOURNAL_MAGIC) {
        journal_unlock(j, JOURNAL_USERS);
        return ERR_AGAIN;
    }
    j->half = s.half;
    j->id = s.id;
    return open_files(j, false);
}

static err_t start_alone(struct journal *j, const struct journal_conf *conf, struct buf *why)
{
    const struct journal_shared none = { .magic = 0 };
    err_t err = journal_store(j, &none);

    if (!err)
        err = journal_start(j, conf, why);
    return err ? err : journal_lock(j, JOURNAL_USERS, LOCK_SHARED, true);
}

static err_t start_or_join(struct journal *j, const struct journal_conf *conf, struct buf *why)
{
    err_t err = ERR_AGAIN;

    for (int tries = 0; err == ERR_AGAIN && tries < OPEN_TRIES; tries++) {
        err = journal_lock(j, JOURNAL_USERS, LOCK_EXCLUSIVE, false);
        if (!err)
            return start_alone(j, conf, why);
        if (err == ERR_LOCKED)
            err = join(j);
    }
    return err;
}

err_t journal_open(const struct journal_conf *conf, struct journal **out, struct buf *why)
{
    struct journal *j = mem_zalloc(sizeof *j);

    *out = NULL;
    j->lock_fd = j->fd[0] = j->fd[1] = -1;
    j->group_wait_us = conf->group_wait_us;
    j->append_wait_ms = conf->append_wait_ms ? conf->append_wait_ms : APPEND_WAIT_MS;
    j->replay = conf->replay;
    j->finish = conf->finish;
    j->flush = conf->flush;
    j->arg = conf->arg;
    buf_adds(&j->dir, conf->dir);
    buf_adds(&j->marker, conf->marker);
    buf_addf(&j->lock_path, "%s/lock", conf->dir);
    buf_addf(&j->path[0], "%s/0", conf->dir);
    buf_addf(&j->path[1], "%s/1", conf->dir);
    (void)buf_cstr(&j->dir), (void)buf_cstr(&j->marker);
    err_t err = open_dir(j, conf, why);
    if (!err)
        err = start_or_join(j, conf, why);
    if (!err) {
        *out = j;
        return ERR_OK;
    }
    if (!why->n)
        buf_addf(why, "the journal in %s cannot be opened (%s): the log says why", conf->dir,
                 err_name(err));
    release(j);
    return err;
}

/* Of several who leave at once the last one finds nobody else. */
void journal_close(struct journal **jp)
{
    struct journal *j = *jp;

    *jp = NULL;
    if (!j)
        return;
    journal_applied(j);
    journal_unlock(j, JOURNAL_USERS);
    if (journal_lock(j, JOURNAL_USERS, LOCK_EXCLUSIVE, false) == ERR_OK &&
        journal_finish(j) != ERR_OK)
        log_err("IOERROR: the journal could not be cleared and will be replayed at the next start: "
                "filename=<%s>",
                j->dir.p);
    release(j);
}

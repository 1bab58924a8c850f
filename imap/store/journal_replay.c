/* journal_replay.c - the records that a crash left, applied again (journal.h, journal_record.h)
 *
 * Each mailbox by itself, its records in order.  Bytes are written where they belong, whatever the
 * crash left there: doing it twice changes nothing.  A mailbox that somebody else has changed since
 * (another generation, or a modseq beyond the last record) is left alone and named in the log.
 */
#include "imap/store/journal_store.h"

#include <fcntl.h>
#include <unistd.h>

#include "imap/store/durable.h"
#include "imap/store/index.h"
#include "imap/store/journal_record.h"
#include "imap/store/msgfile.h"
#include "imap/store/quota.h"
#include "imap/store/store_impl.h"
#include "lib/base/endian.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/os/file.h"
#include "lib/os/map.h"
#include "lib/os/path.h"

/* One mailbox in one record. */
struct step {
    const struct journal_found *record;
    const struct journal_mailbox *box;
    const struct slice *contents;
    const struct journal_mailbox *boxes; /* all of the record */
    size_t nboxes;
    bool is_void;
};

/* All that concerns one mailbox. */
struct history {
    struct vec steps; /* struct step */
};

struct replay {
    struct arena *arena;
    struct map *by_id; /* uniqueid -> struct history */
    struct store *store;
    struct vec names; /* struct slice: mailboxes that were done */
    size_t applied, skipped;
};

static void free_history(void *p)
{
    struct history *h = p;

    vec_fini(&h->steps);
    mem_free(h);
}

static struct step *step_at(const struct history *h, size_t i)
{
    return VEC_AT(&h->steps, struct step, i);
}

/* ---- reading ---- */

static void add_step(struct replay *r, const struct step *s)
{
    struct history *h = map_get(r->by_id, s->box->uniqueid);

    if (!h) {
        h = mem_zalloc(sizeof *h);
        vec_init(&h->steps, sizeof(struct step));
        map_put(r->by_id, s->box->uniqueid, h);
    }
    *VEC_PUSH(&h->steps, struct step) = *s;
}

static err_t read_change(struct replay *r, const struct journal_found *record)
{
    struct journal_change c;
    err_t err = journal_change_decode(record->body, r->arena, &c);

    for (size_t i = 0; i < c.nmailboxes && !err; i++)
        add_step(r, &(struct step){ .record = record,
                                    .box = &c.mailboxes[i],
                                    .contents = c.contents,
                                    .boxes = c.mailboxes,
                                    .nboxes = c.nmailboxes });
    return err;
}

static err_t read_void(struct replay *r, const struct journal_found *record)
{
    struct journal_void v;
    err_t err = journal_void_decode(record->body, &v);
    struct history *h = err ? NULL : map_get(r->by_id, v.uniqueid);

    for (size_t i = 0; h && i < h->steps.n; i++) {
        struct step *s = step_at(h, i);
        s->is_void |= s->record->sequence == v.sequence && s->record->number == v.number;
    }
    return err;
}

static void read_all(struct replay *r, const struct journal_found *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        err_t err = all[i].kind == JOURNAL_CHANGE ? read_change(r, &all[i])
                    : all[i].kind == JOURNAL_VOID ? read_void(r, &all[i])
                                                  : ERR_UNSUPPORTED;
        if (err)
            log_err("IOERROR: a record of the journal is not understood: number=<%llu> error=<%s>",
                    (unsigned long long)all[i].number, err_name(err));
    }
}

static bool same_key(const struct journal_key *a, const struct journal_key *b)
{
    return a->modseq == b->modseq && a->last_uid == b->last_uid && a->nrecords == b->nrecords &&
           a->crc == b->crc;
}

/* From the end: what the next change did not find was never done.  The last step that is left, or
 * NULL. */
static const struct step *judge(struct history *h)
{
    const struct step *next = NULL, *last = NULL;

    for (size_t i = h->steps.n; i-- > 0;) {
        struct step *s = step_at(h, i);
        if (next && !same_key(&s->box->after, &next->box->before))
            s->is_void = true;
        if (s->is_void)
            continue;
        next = s;
        if (!last)
            last = s;
    }
    return last;
}

/* What was refused may have reached the disk before it was undone. */
static bool has_void(const struct history *h)
{
    for (size_t i = 0; i < h->steps.n; i++)
        if (step_at(h, i)->is_void)
            return true;
    return false;
}

/* ---- messages ---- */

struct box {
    const struct step *last;
    struct buf index_path;
    int fd;
    bool unfinished; /* the header on the disk says so, or a step is void */
};

static bool has_bytes(const char *path, struct slice bytes)
{
    struct filemap map = FILEMAP_INIT;
    bool same = filemap_open(&map, path) == ERR_OK && slice_eq(filemap_slice(&map), bytes);

    filemap_fini(&map);
    return same;
}

/* In place: all names of the file get the bytes back. */
static err_t write_message(const char *path, struct slice bytes)
{
    int fd;
    err_t err = file_open(path, O_RDWR, 0, &fd);

    if (err == ERR_NOTFOUND)
        err = durable_create(path, false, &fd);
    if (!err)
        err = durable_truncate(fd, path, bytes.n);
    if (!err)
        err = durable_pwrite(fd, path, bytes.p, bytes.n, 0);
    file_close(&fd);
    return err;
}

static void message_path(const struct journal_mailbox *box, uint32_t uid, struct buf *out)
{
    char name[MSGFILE_NAME_MAX];

    msgfile_name(uid, name);
    buf_reset(out);
    buf_add_slice(out, box->msg_dir);
    buf_addf(out, "/%s", name);
    (void)buf_cstr(out);
}

/* The file of that content in a mailbox, if it is there: another name for it. */
static bool link_from(const struct journal_mailbox *box, const struct step *s,
                      const struct journal_message *m, const char *path)
{
    struct buf from = BUF_INIT;
    bool done = false;

    for (size_t i = 0; i < box->nmessages && !done; i++) {
        if (box->messages[i].content != m->content)
            continue;
        message_path(box, box->messages[i].uid, &from);
        done = has_bytes(from.p, s->contents[m->content]) && link(from.p, path) == 0;
    }
    buf_fini(&from);
    return done;
}

/* One file for all mailboxes of the record that have the message. */
static bool link_to_other(const struct step *s, const struct journal_message *m, const char *path)
{
    bool done = false;

    for (size_t i = 0; i < s->nboxes && s->box->may_link && !done; i++)
        if (&s->boxes[i] != s->box)
            done = link_from(&s->boxes[i], s, m, path);
    return done;
}

static err_t replay_message(const struct step *s, const struct journal_message *m)
{
    struct buf path = BUF_INIT;
    err_t err = ERR_OK;

    message_path(s->box, m->uid, &path);
    if (!has_bytes(path.p, s->contents[m->content]) &&
        (file_exists(path.p) || !link_to_other(s, m, path.p)))
        err = write_message(path.p, s->contents[m->content]);
    if (!err && file_set_mtime(path.p, m->time) != ERR_OK)
        log_debug("cannot set the time of %s", path.p);
    buf_fini(&path);
    return err;
}

/* UIDs that have a file, in order. */
static err_t live_uids(const struct box *b, const struct index_head *h, struct vec *out)
{
    size_t n = (size_t)h->nrecords * INDEX_RECORD_SIZE;
    uint8_t *raw = mem_alloc(n + 1);
    err_t err = file_pread_all(b->fd, b->index_path.p, raw, n, INDEX_HEAD_SIZE);

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
static err_t remove_gone(const struct history *h, const struct vec *live)
{
    struct buf path = BUF_INIT;
    err_t err = ERR_OK;

    for (size_t i = 0; i < h->steps.n; i++) {
        const struct step *s = step_at(h, i);
        for (size_t k = 0; k < s->box->nmessages && !err && !s->is_void; k++) {
            const uint32_t uid = s->box->messages[k].uid;
            if (live->n && bsearch(&uid, live->p, live->n, sizeof uid, by_number))
                continue;
            message_path(s->box, uid, &path);
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
    err_t err = file_pread(b->fd, b->index_path.p, raw, sizeof raw, 0, &got);

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

static err_t replay_header_file(const struct journal_mailbox *box)
{
    struct buf path = BUF_INIT;
    err_t err = ERR_OK;

    buf_add_slice(&path, box->header_path);
    if (box->header.n)
        err = durable_replace_later(buf_cstr(&path), box->header);
    buf_fini(&path);
    return err;
}

static err_t replay_cache(const struct journal_mailbox *box)
{
    struct buf path = BUF_INIT;
    int fd = -1;
    err_t err = ERR_OK;

    buf_add_slice(&path, box->cache_path);
    if (box->cache.n)
        err = file_open(buf_cstr(&path), O_RDWR | O_CREAT, 0600, &fd);
    if (!err && box->cache.n)
        err = durable_pwrite(fd, path.p, box->cache.p, box->cache.n, box->cache_at);
    file_close(&fd);
    buf_fini(&path);
    return err;
}

static err_t replay_step(const struct box *b, const struct step *s)
{
    err_t err = replay_header_file(s->box);

    if (!err)
        err = replay_cache(s->box);
    for (size_t i = 0; i < s->box->nmessages && !err; i++)
        err = replay_message(s, &s->box->messages[i]);
    for (size_t i = 0; i < s->box->nwrites && !err; i++)
        err = durable_pwrite(b->fd, b->index_path.p, s->box->writes[i].bytes.p,
                             s->box->writes[i].bytes.n, s->box->writes[i].at);
    return err;
}

/* The header last; a mailbox at which somebody died stays marked, so that its opening looks for
 * what else there is. */
static err_t replay_head(const struct box *b, struct index_head *head)
{
    struct index_layout layout;
    uint8_t raw[INDEX_HEAD_SIZE];
    err_t err = index_head_decode(b->last->box->head, &layout, head);

    if (err)
        return err;
    if (b->unfinished)
        head->options |= INDEX_OPT_UNFINISHED;
    index_head_encode(head, raw);
    return durable_pwrite(b->fd, b->index_path.p, raw, sizeof raw, 0);
}

/* The opening looks at all records of an index that was last written before the start: so must it
 * at this one, when records of the journal were damaged. */
static void keep_time(const struct box *b, const struct stat *was)
{
    const struct timespec times[2] = { was->st_atim, was->st_mtim };

    if (futimens(b->fd, times) < 0)
        log_debug("cannot set the time of %s", b->index_path.p);
}

static err_t replay_box(struct box *b, const struct history *h)
{
    struct vec live = VEC_INIT(uint32_t);
    struct index_head head;
    struct stat was;
    err_t err = fstat(b->fd, &was) < 0 ? LOG_IO("stat", b->index_path.p) : check_disk(b);

    for (size_t i = 0; i < h->steps.n && !err; i++)
        if (!step_at(h, i)->is_void)
            err = replay_step(b, step_at(h, i));
    if (!err)
        err = replay_head(b, &head);
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
static err_t replay_history(struct replay *r, struct history *h)
{
    struct box b = { .last = judge(h), .fd = -1, .unfinished = has_void(h) };

    if (!b.last)
        return ERR_OK;
    buf_add_slice(&b.index_path, b.last->box->index_path);
    err_t err = file_open(buf_cstr(&b.index_path), O_RDWR, 0, &b.fd);
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
                SLICE_ARG(b.last->box->name), b.index_path.p, err_name(err));
    }
    file_close(&b.fd);
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
    struct replay r = { .arena = arena_new(0),
                        .by_id = map_new(free_history),
                        .store = store,
                        .names = VEC_INIT(struct slice) };
    struct slice id;
    void *h;
    err_t first = ERR_OK;

    read_all(&r, all, n);
    for (size_t pos = 0; map_next(r.by_id, &pos, &id, &h);) {
        err_t err = replay_history(&r, h);
        if (!first)
            first = err;
    }
    recount(r.store, &r);
    log_notice("journal replayed: records=<%zu> mailboxes=<%zu> left alone=<%zu>", n, r.applied,
               r.skipped);
    vec_fini(&r.names);
    map_free(&r.by_id);
    arena_free(&r.arena);
    return first;
}

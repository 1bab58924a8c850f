/* commit_journal.c - the end of commits through the journal (commit.h, journal.h)
 *
 * What the journal does not take (large messages, long copies) is linked and synced first.  Then
 * one record says all that the commits do, its sync is the commit point, and the files are written.
 * What cannot be applied after all is undone and made void in the journal.  Commits that expunge
 * are applied last, and not at all when one of the others failed.
 */
#include "imap/store/commit_impl.h"

#include "imap/store/journal.h"
#include "imap/store/journal_record.h"
#include "imap/store/partition.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

enum { CACHE_MAX = 1 << 20 }; /* bytes of cyrus.cache in a record; more are made again */

void commit_names_fini(struct commit *c)
{
    for (size_t i = 0; i < c->names.n; i++) {
        struct commit_name *n = VEC_AT(&c->names, struct commit_name, i);
        buf_fini(&n->source);
        filemap_fini(&n->map);
        stage_free(&n->stage);
    }
    vec_fini(&c->names);
    for (size_t i = 0; i < c->runs.n; i++)
        buf_fini(&VEC_AT(&c->runs, struct commit_run, i)->bytes);
    vec_fini(&c->runs);
}

/* ---- the record ---- */

static struct journal_key key_of(const struct index_head *h)
{
    return (struct journal_key){ .modseq = h->highestmodseq,
                                 .last_uid = h->last_uid,
                                 .nrecords = h->nrecords,
                                 .crc = h->sync_crc_basic };
}

/* A stage for several mailboxes stands in the record once. */
static uint32_t number_of(struct journal_builder *b, const struct commit_name *n)
{
    for (size_t i = n->stage && stage_is_shared(n->stage) ? b->contents.n : 0; i-- > 0;)
        if (VEC_AT(&b->contents, struct slice, i)->p == n->content.p)
            return (uint32_t)i;
    return journal_add_content(b, n->content);
}

/* The messages that the record brings; bytes of copies are read now. */
static err_t add_messages(struct commit *c, struct journal_builder *b, struct vec *out)
{
    for (size_t i = 0; i < c->names.n; i++) {
        struct commit_name *n = VEC_AT(&c->names, struct commit_name, i);
        err_t err = n->stage || n->map.base ? ERR_OK : filemap_open(&n->map, buf_cstr(&n->source));
        if (err)
            return err;
        if (!n->stage)
            n->content = filemap_slice(&n->map);
        *VEC_PUSH(out, struct journal_message) = (struct journal_message){
            .uid = n->uid,
            .time = n->time,
            .content = number_of(b, n),
        };
    }
    return ERR_OK;
}

static void add_writes(const struct commit *c, struct vec *out)
{
    for (size_t i = 0; i < c->runs.n; i++) {
        const struct commit_run *run = VEC_AT(&c->runs, struct commit_run, i);
        *VEC_PUSH(out, struct journal_write) =
            (struct journal_write){ run->at, buf_slice(&run->bytes) };
    }
}

struct paths {
    struct buf dir, header, cache, annots;
};

static err_t find_paths(const struct commit *c, struct paths *p)
{
    err_t err = partition_dir(&c->mb->entry, FILE_MESSAGE, &p->dir);

    if (!err)
        err = partition_file(&c->mb->entry, FILE_HEADER, &p->header);
    return err ? err : partition_file(&c->mb->entry, FILE_CACHE, &p->cache);
}

static void paths_fini(struct paths *p)
{
    buf_fini(&p->dir);
    buf_fini(&p->header);
    buf_fini(&p->cache);
    buf_fini(&p->annots);
}

static err_t add_mailbox(struct commit *c, struct journal_builder *b)
{
    struct vec messages = VEC_INIT(struct journal_message), writes = VEC_INIT(struct journal_write);
    struct vec annots = VEC_INIT(struct msgannot_put);
    struct paths paths = { .dir = BUF_INIT };
    struct buf header = BUF_INIT;
    uint8_t head[INDEX_HEAD_SIZE];

    index_head_encode(&c->head, head);
    if (c->header_changed)
        commit_header_bytes(c, &header);
    err_t err = find_paths(c, &paths);
    if (!err)
        err = add_messages(c, b, &messages);
    if (!err)
        err = commit_put_annotations(c, &paths.annots, &annots);
    add_writes(c, &writes);
    if (!err)
        journal_add_mailbox(
            b, &(struct journal_mailbox){ .uniqueid = mailbox_uniqueid(c->mb),
                                          .name = mailbox_name(c->mb),
                                          .msg_dir = buf_slice(&paths.dir),
                                          .index_path = buf_slice(&c->mb->core->index_path),
                                          .header_path = buf_slice(&paths.header),
                                          .header = buf_slice(&header),
                                          .cache_path = buf_slice(&paths.cache),
                                          .cache_at = c->cache_base,
                                          .cache = c->cache.n <= CACHE_MAX ? buf_slice(&c->cache)
                                                                           : SLICE_NULL,
                                          .head = slice_make(head, sizeof head),
                                          .before = key_of(&c->mb->head),
                                          .after = key_of(&c->head),
                                          .generation = c->head.generation,
                                          .may_link = store_conf(c->mb->store)->single_instance,
                                          .messages = messages.p,
                                          .nmessages = messages.n,
                                          .writes = writes.p,
                                          .nwrites = writes.n,
                                          .annot_path = buf_slice(&paths.annots),
                                          .annots = annots.p,
                                          .nannots = annots.n });
    vec_fini(&messages);
    vec_fini(&writes);
    vec_fini(&annots);
    paths_fini(&paths);
    buf_fini(&header);
    return err;
}

/* ---- rounds ---- */

enum kind { KIND_NOTHING, KIND_PLAIN, KIND_JOURNAL };

/* Does it go through the journal?  What need not be durable is written as it is. */
static enum kind kind_of(const struct commit *c)
{
    if (commit_is_empty(c))
        return c->started ? KIND_PLAIN : KIND_NOTHING;
    if (!c->changes.n && !c->appended.n && !c->header_changed && !c->head_durable)
        return KIND_PLAIN;
    return KIND_JOURNAL;
}

static void write_plain(struct commit *c)
{
    struct durable d;

    durable_init(&d);
    c->err = commit_write(c, &d);
    c->index_item = SIZE_MAX;
    durable_fini(&d);
}

static void prepare(struct commit **c, size_t n)
{
    struct durable d;
    struct buf bytes = BUF_INIT;

    durable_init(&d);
    for (size_t i = 0; i < n; i++)
        c[i]->err = commit_prepare(c[i], &d);
    (void)!durable_flush(&d);
    for (size_t i = 0; i < n; i++) {
        if (!c[i]->err && c[i]->dir_item != SIZE_MAX)
            c[i]->err = durable_result(&d, c[i]->dir_item);
        if (c[i]->header_changed) /* gives the checksum that the index header has */
            commit_header_bytes(c[i], &bytes);
        if (!c[i]->err && kind_of(c[i]) == KIND_PLAIN)
            write_plain(c[i]);
        else if (!c[i]->err && kind_of(c[i]) == KIND_JOURNAL)
            c[i]->err = commit_compute(c[i]);
    }
    buf_fini(&bytes);
    durable_fini(&d);
}

static bool goes(const struct commit *c)
{
    return !c->err && kind_of(c) == KIND_JOURNAL;
}

static void make_void(struct journal *j, const struct journal_pos *pos, const struct commit *c)
{
    struct journal_pos end;
    struct buf body = BUF_INIT;

    journal_void_encode(pos->sequence, pos->number, mailbox_uniqueid(c->mb), &body);
    const struct slice piece = buf_slice(&body);
    err_t err = journal_append(j, JOURNAL_VOID, &piece, 1, &end);
    if (!err)
        err = journal_sync(j);
    if (err)
        log_err("IOERROR: a change that was refused may come back after a crash: mailbox=<%.*s>",
                SLICE_ARG(mailbox_name(c->mb)));
    buf_fini(&body);
}

static void apply(struct commit **c, size_t n, bool expunging, struct journal *j,
                  const struct journal_pos *pos)
{
    for (size_t i = 0; i < n; i++) {
        if (!goes(c[i]) || (c[i]->nexpunged > 0) != expunging)
            continue;
        c[i]->err = commit_apply_names(c[i]);
        if (!c[i]->err)
            c[i]->err = commit_apply_index(c[i]);
        if (c[i]->err)
            make_void(j, pos, c[i]);
    }
}

static err_t first_failure(struct commit **c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (c[i]->err)
            return c[i]->err;
    return ERR_OK;
}

/* Those that were to expunge after the others. */
static void fail_expunging(struct commit **c, size_t n, err_t err, struct journal *j,
                           const struct journal_pos *pos)
{
    for (size_t i = 0; i < n && err; i++) {
        if (!goes(c[i]) || !c[i]->nexpunged)
            continue;
        c[i]->err = err;
        if (pos)
            make_void(j, pos, c[i]);
    }
}

/* A MOVE whose source could not be written: the targets are taken back. */
static void fail_targets(struct commit **c, size_t n, struct journal *j,
                         const struct journal_pos *pos)
{
    err_t err = ERR_OK;

    for (size_t i = 0; i < n && !err; i++)
        if (c[i]->nexpunged)
            err = c[i]->err;
    for (size_t i = 0; i < n && err; i++) {
        if (!goes(c[i]))
            continue;
        c[i]->err = err;
        make_void(j, pos, c[i]);
    }
}

static void fail_all(struct commit **c, size_t n, err_t err)
{
    for (size_t i = 0; i < n; i++)
        if (goes(c[i]))
            c[i]->err = err;
}

static err_t put_record(struct journal *j, struct journal_builder *b, struct journal_pos *pos)
{
    struct vec pieces = VEC_INIT(struct slice);

    journal_builder_pieces(b, &pieces);
    err_t err = journal_append(j, JOURNAL_CHANGE, pieces.p, pieces.n, pos);
    vec_fini(&pieces);
    return err ? err : journal_sync(j);
}

/* Into the record; the mark comes before.  Whoever finds it when we have died between the record
 * and its files carries the record out (journal_dead.c).  A mailbox that cannot be marked fails
 * alone. */
static err_t enter(struct commit *c, struct journal_builder *b)
{
    err_t err = commit_start(c);

    return err ? err : add_mailbox(c, b);
}

static void write_record(struct commit **c, size_t n, struct journal *j, struct journal_builder *b)
{
    struct journal_pos pos;
    err_t err = put_record(j, b, &pos);

    if (err) {
        fail_all(c, n, err);
    } else {
        apply(c, n, false, j, &pos);
        fail_expunging(c, n, first_failure(c, n), j, &pos);
        apply(c, n, true, j, &pos);
        fail_targets(c, n, j, &pos);
    }
    journal_applied(j);
}

/* More than one record can hold: the files themselves are made durable, names before the index that
 * refers to them, as without a journal. */
static void write_large(struct commit *c, struct journal *j)
{
    const struct mailbox_core *core = c->mb->core;
    err_t err = journal_settle(j);

    if (!err)
        err = commit_apply_names(c);
    if (!err && c->names.n)
        err = durable_sync_fs(c->mb->msg_dirfd, c->mb->msg_dir.p);
    if (!err)
        err = commit_apply_index(c);
    if (!err)
        err = durable_sync_fs(core->fd, core->index_path.p);
    c->err = err;
}

static void end_some(struct commit **, size_t n, struct journal *);

/* One by one, those that expunge last. */
static void end_each(struct commit **c, size_t n, struct journal *j)
{
    for (size_t i = 0; i < n; i++)
        if (!c[i]->nexpunged)
            end_some(c + i, 1, j);
    fail_expunging(c, n, first_failure(c, n), j, NULL);
    for (size_t i = 0; i < n; i++)
        if (c[i]->nexpunged)
            end_some(c + i, 1, j);
}

/* One record for all of these; when it would be too long, one for each. */
static void end_some(struct commit **c, size_t n, struct journal *j)
{
    struct journal_builder b;
    size_t boxes = 0;

    journal_builder_init(&b);
    for (size_t i = 0; i < n; i++) {
        if (goes(c[i]))
            c[i]->err = enter(c[i], &b);
        boxes += goes(c[i]);
    }
    const bool fits = journal_builder_length(&b) <= journal_body_max(j);
    if (boxes && fits)
        write_record(c, n, j, &b);
    journal_builder_fini(&b);
    if (!fits && n == 1)
        write_large(c[0], j);
    else if (!fits)
        end_each(c, n, j);
}

void commit_end_journaled(struct commit **c, size_t n)
{
    struct journal *j = c[0]->mb->store->journal;

    prepare(c, n);
    fail_expunging(c, n, first_failure(c, n), j, NULL);
    end_some(c, n, j);
}

/* commit.c - begin, end and abort: locks, rounds of syncs, undo (see commit.h, commit_impl.h) */
#include "imap/store/commit_impl.h"

#include "imap/store/health.h"
#include "imap/store/journal.h"
#include "imap/store/lockorder.h"
#include "imap/store/mbname.h"
#include "imap/store/recover.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/os/file.h"

enum { BEGIN_TRIES = 3 };

/* ---- begin ---- */

static struct commit *commit_new(struct mailbox *mb)
{
    struct commit *c = mem_zalloc(sizeof *c);

    c->mb = mb;
    c->now = (uint32_t)clock_now();
    vec_init(&c->changes, sizeof(struct commit_change));
    vec_init(&c->appended, sizeof(struct record));
    vec_init(&c->names, sizeof(struct commit_name));
    vec_init(&c->runs, sizeof(struct commit_run));
    vec_init(&c->annots, sizeof(struct commit_annot));
    c->meta_dirfd = -1;
    c->dir_item = c->meta_item = c->index_item = SIZE_MAX;
    return c;
}

static void unlock(struct commit *c)
{
    if (c->mb->core->commit == c)
        c->mb->core->commit = NULL;
    view_unlock(c->mb, &c->locks);
}

static void commit_free(struct commit *c)
{
    vec_fini(&c->changes);
    vec_fini(&c->appended);
    commit_names_fini(c);
    commit_annots_fini(c);
    mem_free(c->slot);
    buf_fini(&c->cache);
    file_close(&c->meta_dirfd);
    mem_free(c);
}

/* One mailbox of a begin: the caller's slots. */
struct beginning {
    struct mailbox *mb;
    struct buf owner;
    struct commit *c;
    enum mailbox_news news;
    err_t err;
    size_t at;                          /* place in the caller's arrays */
};

static err_t lock_owner(struct beginning *b)
{
    return user_lock(b->mb->store, buf_slice(&b->owner), false, &b->c->locks.user);
}

static err_t lock_mailbox(struct beginning *b)
{
    struct mailbox_core *core = b->mb->core;

    if (core->commit)
        return ERR_INUSE;
    core->commit = b->c;
    err_t err = core_lock_mailbox(core, LOCK_SHARED, STORE_LOCK_WAIT_MS);
    b->c->locks.mailbox = !err;
    return err;
}

static err_t lock_index(struct beginning *b)
{
    err_t err = core_lock_index(b->mb->core, LOCK_EXCLUSIVE, STORE_LOCK_WAIT_MS);

    b->c->locks.index = !err;
    return err;
}

static int by_owner(const void *x, const void *y)
{
    const struct beginning *a = x, *b = y;
    return slice_cmp(buf_slice(&a->owner), buf_slice(&b->owner));
}

static int by_name(const void *x, const void *y)
{
    const struct beginning *a = x, *b = y;
    return slice_cmp(buf_slice(&a->mb->entry.name), buf_slice(&b->mb->entry.name));
}

static void lock_all(struct beginning *b, size_t n, int (*order)(const void *, const void *),
                     err_t (*lock)(struct beginning *))
{
    if (n > 1)
        qsort(b, n, sizeof *b, order);
    for (size_t i = 0; i < n; i++) {
        if (!b[i].err)
            b[i].err = lock(&b[i]);
        if (b[i].err)
            unlock(b[i].c);
    }
}

/* The picture under the lock.  ERR_AGAIN: somebody died at work here, or cyrus.header is damaged:
 * repair first. */
static err_t read_locked(struct beginning *b)
{
    struct mailbox *mb = b->mb;
    const uint32_t serial = mb->serial;
    uint8_t raw[INDEX_HEAD_SIZE];

    memcpy(raw, mb->raw_head, sizeof raw);
    err_t err = health_check(mb->store->health, buf_slice(&mb->entry.partition));
    if (!err)
        err = view_read(mb);
    if (err == ERR_CORRUPT || (!err && mb->head.options & INDEX_OPT_UNFINISHED))
        return ERR_AGAIN;
    if (!err && mb->head.options & INDEX_OPT_DELETED)
        return ERR_NOTFOUND;
    if (!err && mb->layout.version != INDEX_VERSION)
        return ERR_READONLY;
    if (err)
        return err;
    if (mb->hs->header.crc != mb->head.header_file_crc)
        mb->hs->loaded = mb->hs->bad = false;
    err = view_header_known(mb);
    if (err)
        return err;
    if (mb->hs->bad || view_header_differs(mb))
        return ERR_AGAIN; /* what is not known for right must not be written anew */
    if (mb->serial != serial)
        b->news = MAILBOX_REPACKED;
    else if (memcmp(raw, mb->raw_head, sizeof raw) != 0 && b->news == MAILBOX_SAME)
        b->news = MAILBOX_CHANGED;
    return ERR_OK;
}

static void begin_all(struct beginning *b, size_t n)
{
    struct lockorder_saved saved;
    bool further = lockorder_holds(LOCK_INDEX);

    for (size_t i = 0; i < n; i++) {
        enum mailbox_news news = MAILBOX_SAME;
        b[i].c = commit_new(b[i].mb);
        b[i].err = mailbox_refresh(b[i].mb, &news);
        if (news > b[i].news)
            b[i].news = news;
        if (!mbname_owner(buf_slice(&b[i].mb->entry.name), &b[i].owner))
            buf_reset(&b[i].owner);
    }
    if (further)
        lockorder_nest(&saved);
    lock_all(b, n, by_owner, lock_owner);
    lock_all(b, n, by_name, lock_mailbox);
    lock_all(b, n, by_name, lock_index);
    if (further)
        lockorder_unnest(&saved);
    for (size_t i = 0; i < n; i++) {
        if (!b[i].err)
            b[i].err = read_locked(&b[i]);
        b[i].c->head = b[i].mb->head;
    }
}

static void end_beginning(struct beginning *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (b[i].c)
            unlock(b[i].c);
        if (b[i].c)
            commit_free(b[i].c);
        b[i].c = NULL;
    }
}

static bool needs_repair(const struct beginning *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (b[i].err == ERR_AGAIN)
            return true;
    return false;
}

/* Somebody died at work: give all locks back, as a repair takes them from the first on. */
static void repair(struct beginning *b, size_t n)
{
    end_beginning(b, n);
    for (size_t i = 0; i < n && !lockorder_holds(LOCK_INDEX); i++) {
        if (b[i].err == ERR_AGAIN && recover_mailbox(b[i].mb) == ERR_OK)
            b[i].news = MAILBOX_CHANGED;
    }
}

void commit_begin_many(struct mailbox *const *mbs, size_t n, enum mailbox_news *news,
                       struct commit **out, err_t *results)
{
    struct beginning *b = mem_array(n, sizeof *b);

    for (size_t i = 0; i < n; i++)
        b[i] = (struct beginning){ .mb = mbs[i], .at = i };
    begin_all(b, n);
    for (int tries = 1; tries < BEGIN_TRIES && needs_repair(b, n); tries++) {
        repair(b, n);
        begin_all(b, n);
    }
    for (size_t i = 0; i < n; i++) {
        struct beginning *one = &b[i];
        results[one->at] = one->err == ERR_AGAIN ? ERR_CORRUPT : one->err;
        if (news)
            news[one->at] = one->news;
        if (one->err)
            end_beginning(one, 1);
        out[one->at] = one->c;
        buf_fini(&one->owner);
    }
    mem_free(b);
}

err_t commit_begin(struct mailbox *mb, enum mailbox_news *news, struct commit **out)
{
    err_t err;

    commit_begin_many(&mb, 1, news, out, &err);
    return err;
}

/* ---- end ---- */

static err_t item_result(const struct durable *d, size_t item)
{
    return item == SIZE_MAX ? ERR_OK : durable_result(d, item);
}

/* Names first: what an index will refer to has to be there after a power cut. */
static void prepare_all(struct commit **c, size_t n)
{
    struct durable d;

    durable_init(&d);
    for (size_t i = 0; i < n; i++)
        c[i]->err = commit_prepare(c[i], &d);
    (void)!durable_flush(&d);
    for (size_t i = 0; i < n; i++) {
        if (!c[i]->err)
            c[i]->err = item_result(&d, c[i]->dir_item);
        if (!c[i]->err)
            c[i]->err = item_result(&d, c[i]->meta_item);
    }
    durable_fini(&d);
}

/* The commit points. */
static void write_all(struct commit **c, size_t n)
{
    struct durable d;

    durable_init(&d);
    for (size_t i = 0; i < n; i++)
        if (!c[i]->err)
            c[i]->err = commit_write(c[i], &d);
    (void)!durable_flush(&d);
    for (size_t i = 0; i < n; i++)
        if (!c[i]->err)
            c[i]->err = item_result(&d, c[i]->index_item);
    durable_fini(&d);
}

/* A sync of the index failed: the kernel may have dropped what this descriptor stands for. */
static void drop_descriptor(struct mailbox_core *core)
{
    if (!core->index_depth && core->fd >= 0) {
        file_close(&core->fd);
        core->serial++;
    }
}

static void tell(struct commit *c)
{
    struct store_event ev = {
        .kind = EV_MAILBOX_CHANGED,
        .mailbox = mailbox_name(c->mb),
        .uniqueid = mailbox_uniqueid(c->mb),
        .appended = (uint32_t)c->appended.n,
        .expunged = c->nexpunged,
        .changed = (uint32_t)c->changes.n - c->nexpunged,
    };

    if (c->appended.n || c->changes.n)
        store_tell(c->mb->store, &ev);
}

static void finish_all(struct commit **c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (c[i]->err)
            commit_undo(c[i]);
        else
            commit_adopt(c[i]);
    }
    for (size_t i = n; i-- > 0;)
        unlock(c[i]);
    for (size_t i = 0; i < n; i++) {
        if (c[i]->err && c[i]->index_item != SIZE_MAX)
            drop_descriptor(c[i]->mb->core);
        if (!c[i]->err)
            tell(c[i]);
        commit_free(c[i]);
    }
}

/* May the writes of the commit reach the disk in any order, torn at any sector, and nobody sees a
 * part of it?  A message that comes alone and without flags is there or not; whatever changes more
 * than one record, or takes a message away for another, must be in one record of the journal. */
static bool is_whole_by_itself(const struct commit *c)
{
    static const uint32_t none[USER_FLAGS_MAX / 32];
    const struct record *r = c->appended.n ? VEC_AT(&c->appended, struct record, 0) : NULL;

    if (c->changes.n || c->appended.n > 1 || c->annots.n)
        return false;
    return !r || (!r->flags && !memcmp(r->user_flags, none, sizeof none));
}

static bool wants_journal(struct commit *const *c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (store_journals(c[i]->mb->store) || !is_whole_by_itself(c[i]))
            return true;
    return false;
}

/* Does the modseq tell that what STATUS kept for users is old? */
static bool has_new_modseq(const struct commit *c)
{
    const struct index_head *old = &c->mb->head;

    return c->head.highestmodseq > old->highestmodseq && c->head.recentuid == old->recentuid &&
           c->head.options == old->options;
}

static void drop_status(const struct commit *c, struct slice name)
{
    if (has_new_modseq(c))
        statuscache_drop_index(c->mb->store, name);
    else
        statuscache_drop_mailbox(c->mb->store, name);
}

/* Before anything of the change can be seen, under the lock that keeps STATUS from writing.  The
 * view may not have heard of a new name yet; cyrus.header, read under the lock, has it. */
static void forget_status(struct commit **c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct slice name = mailbox_name(c[i]->mb);

        if (!statuscache_is_on(c[i]->mb->store) || commit_is_empty(c[i]))
            continue;
        struct slice true_name = buf_slice(&view_header(c[i]->mb)->name);
        drop_status(c[i], name);
        if (true_name.n && !slice_eq(true_name, name))
            drop_status(c[i], true_name);
    }
}

void commit_end_many(struct commit **c, size_t n, err_t *results)
{
    struct store *s = n ? c[0]->mb->store : NULL;
    const bool journaled = wants_journal(c, n);

    forget_status(c, n);
    for (size_t i = 0; i < n; i++)
        c[i]->journaled = journaled;
    if (journaled) {
        commit_end_journaled(c, n);
    } else {
        prepare_all(c, n);
        write_all(c, n);
    }
    if (journaled && !store_journals(s) && store_settle(s) != ERR_OK)
        log_err("IOERROR: the journal still has a change that others do not expect there");
    for (size_t i = 0; i < n; i++)
        results[i] = c[i]->err;
    finish_all(c, n);
    if (journaled)
        journal_tidy(s->journal);
    for (size_t i = 0; i < n; i++)
        c[i] = NULL;
}

err_t commit_end(struct commit **cp)
{
    err_t err;

    commit_end_many(cp, 1, &err);
    return err;
}

void commit_abort(struct commit **cp)
{
    struct commit *c = *cp;

    *cp = NULL;
    if (!c)
        return;
    commit_undo(c);
    unlock(c);
    commit_free(c);
}

/* ---- asking ---- */

uint32_t commit_last_uid(const struct commit *c)
{
    return c->head.last_uid;
}

uint64_t commit_highestmodseq(const struct commit *c)
{
    return c->head.highestmodseq;
}

/* commit_append.c - new messages in a commit: from a stage, or by link from another mailbox (see
 * commit.h)
 *
 * A message whose bytes go into the journal gets its name when the record is durable.  Any other is
 * linked into place at once; an undo removes it.
 */
#include "imap/store/commit_impl.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imap/store/mbname.h"
#include "imap/store/msgfile.h"
#include "imap/store/quota.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/os/file.h"

enum {
    CONTENT_MAX = 8 << 20,              /* bytes of messages in one commit that the journal takes */
    COPY_CONTENT_MAX = 1 << 20          /* the same when messages are copied */
};

/* ---- quota ---- */

err_t commit_check_quota(struct commit *c, enum quota_rule rule, uint64_t bytes, uint32_t messages)
{
    struct slice root = buf_slice(&view_header(c->mb)->quotaroot);
    const struct index_head *old = &c->mb->head;
    struct quota_state q;

    if (rule == QUOTA_IGNORE || !root.n)
        return ERR_OK;
    err_t err = quota_read(c->mb->store, root, &q);
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    int64_t more = (int64_t)(c->head.quota_used - old->quota_used);
    int64_t count = (int64_t)c->head.exists - (int64_t)old->exists;
    q.used[QUOTA_STORAGE] += more;
    q.used[QUOTA_MESSAGE] += count;
    bool strict = rule == QUOTA_STRICT;
    err = quota_check(&q, QUOTA_STORAGE, strict ? (int64_t)bytes : 0);
    return err ? err : quota_check(&q, QUOTA_MESSAGE, strict ? messages : 0);
}

/* ---- cache ---- */

/* Where the records of this commit will stand in cyrus.cache; a new file begins with its
 * generation. */
static err_t find_cache_base(struct commit *c)
{
    uint64_t size = 0;
    int fd;
    err_t err = view_cache_open(c->mb, &fd);

    if (!err)
        err = file_size(fd, c->mb->cache[0].path.p, &size);
    if (err && err != ERR_NOTFOUND)
        return err;
    c->cache_base = size;
    c->cache_known = true;
    if (size < CACHE_FILE_HEADER) {
        c->cache_base = 0;
        buf_add_be32(&c->cache, c->head.generation);
    } else if (size % CACHE_ALIGN) {
        buf_add(&c->cache, "\0\0\0", CACHE_ALIGN - size % CACHE_ALIGN);
    }
    return ERR_OK;
}

static err_t add_cache(struct commit *c, struct slice bytes, struct record *r)
{
    err_t err = c->cache_known ? ERR_OK : find_cache_base(c);

    if (err)
        return err;
    r->cache_offset = c->cache_base + c->cache.n;
    buf_add_slice(&c->cache, bytes);
    return ERR_OK;
}

/* Back to n bytes. */
static void drop_cache(struct commit *c, size_t n)
{
    c->cache.n = n;
    if (!n)
        c->cache_known = false;         /* the file's own start may have been among them */
}

/* ---- names ---- */

static void pass_over(const struct commit *c, struct record *r, const char *name)
{
    log_notice("message file without a record: filename=<%s/%s>", c->mb->msg_dir.p, name);
    r->uid++;
}

/* Before the first name: a name may become durable at any moment, and after a power cut a message
 * without a record is taken in, without its flags, unless the index says that its commit died. */
static err_t start_durably(struct commit *c)
{
    err_t err = commit_start(c);

    return err || c->nlinked ? err : durable_sync_file(c->mb->core->fd, c->mb->core->index_path.p);
}

/* Give the file its name here.  A name in use is a file that some operator put there: it is passed
 * over. */
static err_t link_message(struct commit *c, const char *from, bool may_link, struct record *r)
{
    char name[MSGFILE_NAME_MAX];
    int dirfd;

    err_t err = view_msg_dir(c->mb, &dirfd);
    if (!err)
        err = start_durably(c);
    while (!err) {
        msgfile_name(r->uid, name);
        err = durable_link_at(from, dirfd, c->mb->msg_dir.p, name, may_link, &c->copied);
        if (err != ERR_EXISTS || r->uid == UINT32_MAX)
            break;
        pass_over(c, r, name);
        err = ERR_OK;
    }
    c->nlinked += !err;
    return err;
}

/* The name for later; the UID is free for sure, as nobody else appends under our lock. */
static err_t keep_name(struct commit *c, const struct commit_name *n, struct record *r)
{
    char name[MSGFILE_NAME_MAX];
    int dirfd;
    err_t err = view_msg_dir(c->mb, &dirfd);

    if (err)
        return err;
    for (;;) {
        msgfile_name(r->uid, name);
        if (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 || r->uid == UINT32_MAX)
            break;
        pass_over(c, r, name);
    }
    struct commit_name *kept = VEC_PUSH(&c->names, struct commit_name);
    *kept = *n;
    kept->uid = r->uid;
    if (n->stage)
        stage_hold(n->stage);
    c->content_bytes += n->stage ? n->content.n : r->size;
    return ERR_OK;
}

static bool may_link(const struct commit *c, struct slice from_partition)
{
    return store_conf(c->mb->store)->single_instance &&
           slice_eq(from_partition, buf_slice(&c->mb->entry.partition));
}

/* The file's time is a second copy of the internal date, for rebuilding. */
static void set_time(const struct commit *c, const struct record *r)
{
    struct timespec times[2] = { { .tv_sec = r->internaldate }, { .tv_sec = r->internaldate } };
    char name[MSGFILE_NAME_MAX];

    msgfile_name(r->uid, name);
    if (utimensat(c->mb->msg_dirfd, name, times, 0) < 0)
        log_debug("cannot set the time of %s/%s", c->mb->msg_dir.p, name);
}

/* The new record has UID and flags; the rest that every append does. */
static void push(struct commit *c, struct record *r)
{
    r->modseq = ++c->head.highestmodseq;
    if (!r->createdmodseq || r->createdmodseq > r->modseq)
        r->createdmodseq = r->modseq;
    r->last_updated = r->savedate = c->now;
    c->head.last_uid = r->uid;
    c->head.last_appenddate = c->now;
    index_head_count(&c->head, r, 1);
    *VEC_PUSH(&c->appended, struct record) = *r;
}

static err_t next_uid(const struct commit *c, uint32_t *out)
{
    if (c->head.last_uid == UINT32_MAX || c->mb->head.nrecords + c->appended.n >= UINT32_MAX - 1) {
        log_err("IOERROR: no more UIDs in this mailbox: mailbox=<%.*s>",
                SLICE_ARG(buf_slice(&c->mb->entry.name)));
        return ERR_LIMIT;
    }
    *out = c->head.last_uid + 1;
    return ERR_OK;
}

/* ---- append ---- */

static err_t set_keywords(struct commit *c, const struct append_info *info, struct record *r)
{
    for (size_t i = 0; i < info->nkeywords; i++) {
        unsigned n;
        err_t err = commit_keyword(c, info->keywords[i], &n);
        if (err)
            return err;
        r->user_flags[n / 32] |= 1u << (n % 32);
    }
    return ERR_OK;
}

static void take_facts(const struct facts *f, struct record *r)
{
    r->sentdate = (uint32_t)facts_sentdate(f, r->internaldate);
    r->gmtime = (uint32_t)facts_gmtime(f, r->internaldate);
    r->size = f->size;
    r->header_size = f->header_size;
    r->guid = f->guid;
    r->cache_version = FACTS_CACHE_VERSION;
    r->cache_crc = f->cache_crc;
}

/* Name and file now: what the journal does not take. */
static err_t place_now(struct commit *c, struct stage *stage, struct record *r)
{
    const struct slice partition = buf_slice(&c->mb->entry.partition);
    const char *path;
    err_t err = stage_on_partition(stage, partition, &path);

    if (!err)
        err = link_message(c, path, may_link(c, partition), r);
    if (err)
        return err;
    c->copied |= !stage_is_durable(stage);
    set_time(c, r);
    return ERR_OK;
}

/* Now or later. */
static err_t place_staged(struct commit *c, struct stage *stage, struct record *r)
{
    struct commit_name n = {
        .stage = stage,
        .time = r->internaldate,
        .may_link = may_link(c, buf_slice(&c->mb->entry.partition)),
    };

    if (!stage_content(stage, &n.content))
        return place_now(c, stage, r);
    if (c->content_bytes + n.content.n <= CONTENT_MAX)
        return keep_name(c, &n, r);
    err_t err = stage_write_out(stage);
    return err ? err : place_now(c, stage, r);
}

err_t commit_append(struct commit *c, struct stage *stage, const struct append_info *info,
                    uint32_t *uid_out)
{
    const struct facts *facts = stage_facts(stage);
    struct record r = {
        .internaldate = info->internaldate ? (uint32_t)info->internaldate : c->now,
        .flags = info->flags & FLAG_SYSTEM_MASK,
    };

    err_t err = next_uid(c, &r.uid);
    if (!err)
        err = set_keywords(c, info, &r);
    if (err)
        return err;
    take_facts(facts, &r);
    const size_t cached = c->cache.n;
    err = add_cache(c, buf_slice(&facts->cache), &r);
    if (!err)
        err = place_staged(c, stage, &r);
    if (err) {
        drop_cache(c, cached);
        return err;
    }
    push(c, &r);
    *uid_out = r.uid;
    return ERR_OK;
}

/* ---- copy ---- */

/* Numbers of the source's user flags here: -1 not yet asked. */
static void reset_copy_map(struct commit *c, const struct mailbox *src)
{
    c->copy_src = src;
    c->copy_src_crc = src->head.header_file_crc;
    for (unsigned i = 0; i < USER_FLAGS_MAX; i++)
        c->copy_map[i] = -1;
}

static err_t copy_keyword(struct commit *c, struct mailbox *src, unsigned n, struct record *r)
{
    struct slice name = mailbox_flag_name(src, n);

    if (c->copy_map[n] < 0 && name.n) {
        unsigned here;
        err_t err = commit_keyword(c, name, &here);
        if (err)
            return err;
        c->copy_map[n] = (int)here;
    }
    if (c->copy_map[n] >= 0)
        r->user_flags[c->copy_map[n] / 32] |= 1u << (c->copy_map[n] % 32);
    return ERR_OK;
}

static err_t copy_keywords(struct commit *c, struct mailbox *src, const struct record *from,
                           struct record *r)
{
    if (c->copy_src != src || c->copy_src_crc != src->head.header_file_crc)
        reset_copy_map(c, src);
    for (unsigned w = 0; w < USER_FLAGS_MAX / 32; w++) {
        for (uint32_t bits = from->user_flags[w]; bits; bits &= bits - 1) {
            err_t err = copy_keyword(c, src, w * 32 + (unsigned)__builtin_ctz(bits), r);
            if (err)
                return err;
        }
    }
    return ERR_OK;
}

static bool same_owner(const struct mailbox *a, const struct mailbox *b)
{
    struct buf x = BUF_INIT, y = BUF_INIT;
    bool have_x = mbname_owner(buf_slice(&a->entry.name), &x);
    bool have_y = mbname_owner(buf_slice(&b->entry.name), &y);
    bool same = have_x == have_y && slice_eq(buf_slice(&x), buf_slice(&y));

    buf_fini(&x);
    buf_fini(&y);
    return same;
}

/* The cache record goes along; what was parsed again has the present version. */
static err_t copy_cache(struct commit *c, struct mailbox *src, uint32_t recno, struct record *r)
{
    struct cache_record cr;
    err_t err = mailbox_cache(src, recno, &cr);

    if (err)
        return err;
    if (src->parsed && cr.whole.p == src->parsed->cache.p) {
        r->cache_version = FACTS_CACHE_VERSION;
        r->cache_crc = src->parsed->cache_crc;
    }
    return add_cache(c, cr.whole, r);
}

/* The bytes of small copies go through the journal: one sync for all that the commit does.  Beyond
 * that the names are linked now, and the file system is synced before the commit point. */
static err_t place_copy(struct commit *c, struct slice from_partition, struct buf *path,
                        struct record *r)
{
    const bool linkable = may_link(c, from_partition);

    if (!store_journals(c->mb->store) || c->content_bytes + r->size > COPY_CONTENT_MAX) {
        err_t err = link_message(c, buf_cstr(path), linkable, r);
        c->copied |= !err && store_journals(c->mb->store);
        return err;
    }
    if (!file_exists(buf_cstr(path)))
        return ERR_NOTFOUND;
    struct commit_name n = { .time = r->internaldate, .may_link = linkable };
    buf_add_slice(&n.source, buf_slice(path));
    err_t err = keep_name(c, &n, r);
    if (err)
        buf_fini(&n.source);
    return err;
}

err_t commit_copy(struct commit *c, struct mailbox *src, uint32_t recno, uint32_t system_flags,
                  uint32_t *uid_out)
{
    struct record from, r;
    struct buf path = BUF_INIT;

    if (!mailbox_record_ok(src, recno))
        return ERR_CORRUPT;
    mailbox_record(src, recno, &from);
    if (from.flags & FLAG_INT_UNLINKED)
        return ERR_NOTFOUND;
    r = from;
    r.flags = system_flags & FLAG_SYSTEM_MASK;
    memset(r.user_flags, 0, sizeof r.user_flags);
    if (from.cid && !same_owner(src, c->mb))
        r.cid = 0;
    err_t err = next_uid(c, &r.uid);
    if (!err && !(system_flags & COPY_WITHOUT_KEYWORDS))
        err = copy_keywords(c, src, &from, &r);
    if (!err)
        err = msgfile_path(&src->entry, &from, &path);
    size_t cached = c->cache.n;
    if (!err)
        err = copy_cache(c, src, recno, &r);
    if (!err)
        err = place_copy(c, from.flags & FLAG_INT_ARCHIVED ? SLICE_NULL
                                                           : buf_slice(&src->entry.partition),
                         &path, &r);
    buf_fini(&path);
    if (err) {
        drop_cache(c, cached);
        return err;
    }
    push(c, &r);
    *uid_out = r.uid;
    return ERR_OK;
}

/* mailbox_remove.c - copying and removing the files of a mailbox (see mailbox_files.h) */
#include "imap/store/mailbox_files.h"

#include <fcntl.h>
#include <unistd.h>

#include "imap/store/commit_impl.h"
#include "imap/store/msgfile.h"
#include "imap/store/partition.h"
#include "lib/base/log.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"
#include "lib/os/path.h"

/* Directories that a mailbox may have: of each kind of file, and the archive. */
enum { NDIRS = 7 };
struct mailbox_dirs {
    struct buf dir[NDIRS];
    struct buf root[NDIRS];             /* of the partition: never removed */
    size_t n;
};

static void add_dir(struct mailbox_dirs *d, struct slice dir, const char *root)
{
    for (size_t i = 0; i < d->n; i++)
        if (slice_eq(buf_slice(&d->dir[i]), dir))
            return;
    buf_add_slice(&d->dir[d->n], dir);
    (void)buf_cstr(&d->dir[d->n]);
    buf_adds(&d->root[d->n], root);
    d->n++;
}

static err_t find_dirs(const struct mbentry *e, struct mailbox_dirs *d)
{
    static const enum store_file kinds[] = { FILE_MESSAGE, FILE_CACHE, FILE_ANNOTATIONS, FILE_SQUAT,
                                             FILE_HEADER, FILE_INDEX };
    const char *archive = partition_archive_root(buf_slice(&e->partition));
    struct buf dir = BUF_INIT;
    err_t err = ERR_OK;

    *d = (struct mailbox_dirs){ .n = 0 };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !err; i++) {
        err = partition_dir(e, kinds[i], &dir);
        if (!err)
            add_dir(d, buf_slice(&dir), partition_root_of(e, kinds[i]));
    }
    if (!err && archive && msgfile_dir(e, true, &dir) == ERR_OK)
        add_dir(d, buf_slice(&dir), archive);
    buf_fini(&dir);
    return err;
}

static void dirs_fini(struct mailbox_dirs *d)
{
    for (size_t i = 0; i < NDIRS; i++) {
        buf_fini(&d->dir[i]);
        buf_fini(&d->root[i]);
    }
}

/* ---- remove ---- */

/* From now on everybody else treats it as absent.  An index that cannot be read needs no mark. */
static void mark_deleted(struct mailbox *mb)
{
    struct view_locks locks;
    uint8_t raw[INDEX_HEAD_SIZE];
    err_t err = view_lock(mb, LOCK_SHARED, STORE_LOCK_WAIT_MS, &locks);

    if (err)
        return;
    err = store_settle(mb->store);
    if (!err)
        err = view_read(mb);
    if (!err && mb->layout.version == INDEX_VERSION) {
        mb->head.options |= INDEX_OPT_DELETED;
        index_head_encode(&mb->head, raw);
        err = durable_pwrite(mb->core->fd, mb->core->index_path.p, raw, sizeof raw, 0);
        if (!err)
            err = durable_sync_file(mb->core->fd, mb->core->index_path.p);
    }
    if (err)
        log_notice("removing a mailbox whose index cannot be marked: filename=<%s>",
                   mb->core->index_path.p);
    view_unlock(mb, &locks);
}

static err_t remove_entry(void *arg, const char *name, enum dir_type type)
{
    const struct buf *dir = arg;
    struct buf path = BUF_INIT;

    if (type == DIR_DIR)                /* a child of a legacy mailbox */
        return ERR_OK;
    path_join(&path, dir->p, name);
    err_t err = durable_unlink(buf_cstr(&path));
    buf_fini(&path);
    return err;
}

static err_t sync_above(struct slice dir)
{
    struct buf up = BUF_INIT;

    buf_add_slice(&up, path_dirname(dir));
    err_t err = durable_sync_dir(buf_cstr(&up));
    buf_fini(&up);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* The directory; in legacy form also those above while they are empty. */
static err_t remove_dir(const struct buf *dir, const struct buf *root, bool legacy)
{
    struct buf path = BUF_INIT;
    err_t err = ERR_OK;

    buf_add_slice(&path, buf_slice(dir));
    do {
        err = durable_remove_dir(buf_cstr(&path));
        if (err || file_exists(path.p))
            break;
        path.n = path_dirname(buf_slice(&path)).n;
    } while (legacy && path.n > root->n);
    if (!err)
        err = sync_above(buf_slice(&path));
    buf_fini(&path);
    return err;
}

static err_t remove_all(const struct mbentry *e, const struct mailbox_dirs *d)
{
    err_t first = ERR_OK;

    for (size_t i = 0; i < d->n; i++) {
        err_t err = dir_list(d->dir[i].p, remove_entry, (void *)&d->dir[i]);
        if (err == ERR_NOTFOUND)
            continue;
        if (!err)
            err = remove_dir(&d->dir[i], &d->root[i], e->type & MBTYPE_LEGACY);
        if (!first)
            first = err;
    }
    return first;
}

err_t mailbox_delete_files(struct store *s, const struct mbentry *e)
{
    struct mailbox_dirs dirs;
    struct mailbox *mb;
    bool was_idle;
    err_t err = find_dirs(e, &dirs);

    if (!err)
        err = pool_take(s, e, &mb, &was_idle);
    if (err) {
        dirs_fini(&dirs);
        return err;
    }
    mark_deleted(mb);
    err = core_lock_mailbox(mb->core, LOCK_EXCLUSIVE, STORE_LOCK_WAIT_MS);
    if (!err) {
        err = remove_all(e, &dirs);
        core_unlock_mailbox(mb->core);
    }
    pool_drop(mb);
    dirs_fini(&dirs);
    return err;
}

/* ---- copy ---- */

struct copying {
    const char *from, *to;              /* directories */
    int to_fd;
    bool may_link;
    bool copied;
};

/* What stands at the target is of a copy that did not come to its end. */
static err_t copy_message(void *arg, const char *name, enum dir_type type)
{
    struct copying *c = arg;
    struct buf from = BUF_INIT;

    if (type == DIR_DIR || !msgfile_uid(name))
        return ERR_OK;
    path_join(&from, c->from, name);
    err_t err = durable_link_at(buf_cstr(&from), c->to_fd, c->to, name, c->may_link, &c->copied);
    if (err == ERR_EXISTS) {
        err = durable_unlink_at(c->to_fd, c->to, name);
        if (!err)
            err = durable_link_at(from.p, c->to_fd, c->to, name, c->may_link, &c->copied);
    }
    buf_fini(&from);
    return err;
}

static err_t copy_messages(struct store *s, const char *from, const char *to)
{
    struct copying c = { from, to, -1, store_conf(s)->single_instance, false };
    err_t err = durable_make_dirs(to);

    if (!err)
        err = file_open(to, O_RDONLY | O_DIRECTORY, 0, &c.to_fd);
    if (!err)
        err = dir_list(from, copy_message, &c);
    if (!err && c.copied)
        err = durable_sync_fs(c.to_fd, to);
    else if (!err)
        err = durable_sync_dir(to);
    file_close(&c.to_fd);
    return err;
}

/* One metadata file; that it is missing is for its reader to judge. */
static err_t copy_file(const char *from, const char *to, const char *to_dir)
{
    err_t err = durable_make_dirs(to_dir);

    if (err || !file_exists(from))
        return err;
    err = durable_unlink(to);
    if (!err)
        err = durable_copy(from, to, true);
    return err ? err : durable_sync_dir(to_dir);
}

static err_t copy_metadata(const struct mbentry *from, const struct mbentry *to)
{
    static const enum store_file kinds[] = { FILE_HEADER, FILE_CACHE, FILE_ANNOTATIONS, FILE_SQUAT,
                                             FILE_INDEX };
    struct buf a = BUF_INIT, b = BUF_INIT, dir = BUF_INIT;
    err_t err = ERR_OK;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !err; i++) {
        err = partition_file(from, kinds[i], &a);
        if (!err)
            err = partition_file(to, kinds[i], &b);
        if (!err)
            err = partition_dir(to, kinds[i], &dir);
        if (!err)
            err = copy_file(buf_cstr(&a), buf_cstr(&b), buf_cstr(&dir));
    }
    buf_fini(&a);
    buf_fini(&b);
    buf_fini(&dir);
    return err;
}

/* Archived messages and their cache, if there are any. */
static err_t copy_archive(struct store *s, const struct mbentry *from, const struct mbentry *to)
{
    struct buf a = BUF_INIT, b = BUF_INIT, x = BUF_INIT, y = BUF_INIT;
    err_t err = ERR_OK;

    if (msgfile_dir(from, true, &a) == ERR_OK && file_exists(buf_cstr(&a))) {
        err = msgfile_dir(to, true, &b);
        if (!err)
            err = copy_messages(s, a.p, buf_cstr(&b));
        path_join(&x, buf_cstr(&a), "cyrus.cache");
        path_join(&y, buf_cstr(&b), "cyrus.cache");
        if (!err)
            err = copy_file(buf_cstr(&x), buf_cstr(&y), b.p);
    }
    buf_fini(&a);
    buf_fini(&b);
    buf_fini(&x);
    buf_fini(&y);
    return err;
}

static err_t copy_all(struct store *s, const struct mbentry *from, const struct mbentry *to)
{
    struct buf a = BUF_INIT, b = BUF_INIT;
    err_t err = msgfile_dir(from, false, &a);

    if (!err)
        err = msgfile_dir(to, false, &b);
    if (!err)
        err = copy_messages(s, buf_cstr(&a), buf_cstr(&b));
    if (!err)
        err = copy_archive(s, from, to);
    if (!err)
        err = copy_metadata(from, to);
    buf_fini(&a);
    buf_fini(&b);
    return err;
}

err_t mailbox_copy_files(struct store *s, const struct mbentry *from, const struct mbentry *to)
{
    struct view_locks locks;
    struct mailbox *mb;
    err_t err = mailbox_open_entry(s, from, &mb);

    if (err)
        return err;
    err = view_lock(mb, LOCK_EXCLUSIVE, STORE_LOCK_WAIT_MS, &locks);
    if (!err) {
        err = store_settle(s);
        if (!err)
            err = copy_all(s, from, to);
        view_unlock(mb, &locks);
    }
    mailbox_close(&mb);
    return err;
}

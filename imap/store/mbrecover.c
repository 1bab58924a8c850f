/* mbrecover.c - operations on mailboxes that a crash interrupted are finished or undone (mbops.h)
 *
 *   tombstone with a partition       an immediate deletion that had been decided: finished
 *   tombstone of an INBOX, young     the user's quota roots and state may be there still: removed
 *   cyrus.header with another name   a rename or a delayed deletion died between the list and it:
 *                                    written anew, with the quota root of the new name
 *   directory of an id, no entry     made for a creation that never came to be:
 *                                    removed when no message is in it
 */
#include "imap/store/mbops_impl.h"

#include <unistd.h>

#include "imap/store/durable.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/mbdelete_impl.h"
#include "imap/store/mbname.h"
#include "imap/store/msgfile.h"
#include "imap/store/partition.h"
#include "imap/store/quota.h"
#include "lib/base/log.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"
#include "lib/os/path.h"

struct recovery {
    struct store *store;
    time_t since;
    struct mbop_repairs *done;
    struct vec tombstones;              /* struct mbentry */
    struct vec misnamed;                /* the same */
};

/* ---- tombstones ---- */

static err_t collect_tombstone(void *arg, const struct mbentry *e)
{
    struct recovery *r = arg;
    bool young_inbox = r->since && e->mtime >= r->since && mbname_is_inbox(buf_slice(&e->name));

    if ((e->type & MBTYPE_DELETED) && (e->partition.n || young_inbox))
        mbentry_copy(vec_push(&r->tombstones), e);
    return ERR_OK;
}

/* Does the id belong to a mailbox that lives, under whatever name? */
static bool is_id_alive(struct store *s, struct slice uniqueid)
{
    struct mbentry e;
    bool alive;

    mbentry_init(&e);
    alive = mblist_lookup_id(s, uniqueid, &e) != ERR_NOTFOUND;
    mbentry_fini(&e);
    return alive;
}

static bool is_name_alive(struct store *s, struct slice name)
{
    struct mbentry e;
    bool alive;

    mbentry_init(&e);
    alive = mblist_lookup(s, name, &e) != ERR_NOTFOUND;
    mbentry_fini(&e);
    return alive;
}

/* The user is gone; what is left of the quota and the state goes too.  The uniqueid may live on
 * below DELETED. */
static err_t finish_user(struct recovery *r, const struct mbentry *e)
{
    if (is_name_alive(r->store, buf_slice(&e->name)))
        return ERR_OK;
    return mbdelete_user_state(r->store, e);
}

static err_t finish_tombstone(struct recovery *r, const struct mbentry *e)
{
    struct user_lock *lock;
    err_t err = user_lock_owner(r->store, buf_slice(&e->name), true, &lock);

    if (err)
        return err;
    if (e->partition.n && !is_id_alive(r->store, buf_slice(&e->uniqueid))) {
        err = mbdelete_finish(r->store, e);
        if (!err)
            r->done->removals++;
    }
    if (!err && r->since && e->mtime >= r->since && mbname_is_inbox(buf_slice(&e->name)))
        err = finish_user(r, e);
    user_unlock(&lock);
    return err;
}

static err_t finish_tombstones(struct recovery *r)
{
    err_t first = mblist_foreach(r->store, SLICE_NULL, MBLIST_TOMBSTONES | MBLIST_DELETED_TREE,
                                 collect_tombstone, r);

    for (size_t i = 0; i < r->tombstones.n; i++) {
        struct mbentry *e = VEC_AT(&r->tombstones, struct mbentry, i);
        err_t err = first ? ERR_OK : finish_tombstone(r, e);

        if (err) {
            log_err("STOREERROR: deletion not finished: mailbox=<%.*s> error=<%s>",
                    SLICE_ARG(buf_slice(&e->name)), err_name(err));
            first = err;
        }
        mbentry_fini(e);
    }
    vec_fini(&r->tombstones);
    return first;
}

/* ---- directories without an entry ---- */

struct orphans {
    struct recovery *r;
    struct slice partition;
    struct buf path;                    /* of the directory being listed */
};

static err_t stop_at_message(void *arg, const char *name, enum dir_type type)
{
    (void)arg;
    return msgfile_uid(name) || type != DIR_FILE ? ERR_EXISTS : ERR_OK;
}

/* Files of a mailbox that was never there: header and index, no message, nothing else. */
static err_t check_id_dir(void *arg, const char *name, enum dir_type type)
{
    struct orphans *o = arg;
    struct mbentry e;
    err_t err;

    if (type != DIR_DIR)
        return ERR_OK;
    mbentry_init(&e);
    buf_adds(&e.uniqueid, name);
    buf_add_slice(&e.partition, o->partition);
    err = mblist_lookup_id(o->r->store, slice_cstr(name), &e);
    if (err == ERR_NOTFOUND && e.name.n == 0) {
        size_t length = o->path.n;

        path_add(&o->path, slice_cstr(name));
        err = dir_list(buf_cstr(&o->path), stop_at_message, NULL);
        buf_truncate(&o->path, length);
        if (!err)
            err = mailbox_delete_files(o->r->store, &e);
        if (!err)
            o->r->done->directories++;
    }
    mbentry_fini(&e);
    return ERR_OK;                              /* what cannot be judged stays */
}

/* Only directories in which something was made or removed since the last start. */
static bool is_young(struct orphans *o)
{
    struct stat st;

    return file_stat(buf_cstr(&o->path), &st) == ERR_OK && st.st_mtime >= o->r->since;
}

static err_t check_hash_dirs(void *arg, const char *name, enum dir_type type)
{
    struct orphans *o = arg;
    size_t length = o->path.n;
    err_t err = ERR_OK;

    if (type != DIR_DIR || strlen(name) != 1)
        return ERR_OK;
    path_add(&o->path, slice_cstr(name));
    if (is_young(o))
        err = dir_list(buf_cstr(&o->path), check_id_dir, o);
    buf_truncate(&o->path, length);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static err_t check_first_level(void *arg, const char *name, enum dir_type type)
{
    struct orphans *o = arg;
    size_t length = o->path.n;
    err_t err;

    if (type != DIR_DIR || strlen(name) != 1)
        return ERR_OK;
    path_add(&o->path, slice_cstr(name));
    err = dir_list(buf_cstr(&o->path), check_hash_dirs, o);
    buf_truncate(&o->path, length);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static err_t remove_orphans(struct recovery *r)
{
    struct slice partition;
    size_t pos = 0;
    err_t first = ERR_OK;

    while (partition_next(&pos, &partition)) {
        struct orphans o = { .r = r, .partition = partition };
        err_t err;

        path_join(&o.path, partition_root(partition, PARTITION_INDEX), "uuid");
        err = dir_list(buf_cstr(&o.path), check_first_level, &o);
        if (err && err != ERR_NOTFOUND)
            first = err;
        buf_fini(&o.path);
    }
    return first;
}

/* ---- names ---- */

static bool has_other_name(const struct mbentry *e)
{
    struct header h;

    header_init(&h);
    const bool other = mailbox_peek_header(e, &h) == ERR_OK && h.name.n &&
                       !slice_eq(buf_slice(&h.name), buf_slice(&e->name));
    header_fini(&h);
    return other;
}

static err_t collect_misnamed(void *arg, const struct mbentry *e)
{
    struct recovery *r = arg;

    if (e->mtime >= r->since && mbentry_is_mailbox(e) && has_other_name(e))
        mbentry_copy(vec_push(&r->misnamed), e);
    return ERR_OK;
}

static err_t describe(struct recovery *r, const struct mbentry *e)
{
    struct buf root = BUF_INIT;
    err_t err = quota_find(r->store, buf_slice(&e->name), &root);

    if (!err || err == ERR_NOTFOUND) {
        const struct slice quotaroot = buf_slice(&root);
        err = mailbox_set_header(r->store, e, &quotaroot, NULL);
    }
    r->done->names += !err;
    buf_fini(&root);
    return err;
}

/* Only what was changed since the start before this one can have been interrupted. */
static err_t describe_misnamed(struct recovery *r)
{
    err_t err = mblist_foreach(r->store, SLICE_NULL, MBLIST_DELETED_TREE | MBLIST_SPECIAL,
                               collect_misnamed, r);

    for (size_t i = 0; i < r->misnamed.n; i++) {
        struct mbentry *e = VEC_AT(&r->misnamed, struct mbentry, i);
        err_t one = describe(r, e);
        err = err ? err : one;
        mbentry_fini(e);
    }
    vec_fini(&r->misnamed);
    return err;
}

err_t mbop_recover(struct store *s, time_t since, struct mbop_repairs *out)
{
    struct recovery r = { .store = s, .since = since, .done = out,
                          .tombstones = VEC_INIT(struct mbentry),
                          .misnamed = VEC_INIT(struct mbentry) };
    err_t err;

    *out = (struct mbop_repairs){ 0 };
    err = finish_tombstones(&r);
    if (since) {
        err_t orphans = remove_orphans(&r);

        err = err ? err : orphans;
        err_t names = describe_misnamed(&r);
        err = err ? err : names;
    }
    return err;
}

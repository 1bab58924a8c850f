/* mbmove.c - mailboxes get other names or partitions: the steps shared by RENAME and delayed DELETE
 *
 *   copies of files, where paths change  ->  list transaction (commit point)  ->  headers, quota
 *   ->  removal of the old files
 *
 * With paths made of ids nothing is copied.  A crash before the commit point leaves copies that
 * nothing refers to and that a repetition replaces; after it, old files at a path that has an entry
 * no more.
 */
#include "imap/store/mbops_impl.h"

#include "imap/store/mailbox_files.h"
#include "imap/store/partition.h"
#include "lib/base/log.h"

void mbops_free_moves(struct vec *moves)
{
    for (size_t i = 0; i < moves->n; i++) {
        mbentry_fini(&VEC_AT(moves, struct mbops_move, i)->from);
        mbentry_fini(&VEC_AT(moves, struct mbops_move, i)->to);
    }
    vec_fini(moves);
}

static bool changes_path(const struct mbops_move *m)
{
    if (!slice_eq(buf_slice(&m->from.partition), buf_slice(&m->to.partition)))
        return true;
    return (m->to.type & MBTYPE_LEGACY) &&
           !slice_eq(buf_slice(&m->from.name), buf_slice(&m->to.name));
}

static bool same_name(const struct mbops_move *m)
{
    return slice_eq(buf_slice(&m->from.name), buf_slice(&m->to.name));
}

/* (name, UIDVALIDITY) must not come back for another mailbox. */
static uint32_t uidvalidity_for(struct store *s, const struct mbops_move *m)
{
    uint32_t v = m->from.uidvalidity;
    struct mbentry old;

    mbentry_init(&old);
    if (!same_name(m) && mblist_lookup_any(s, buf_slice(&m->to.name), &old) == ERR_OK &&
        !slice_eq(buf_slice(&old.uniqueid), buf_slice(&m->from.uniqueid)) && old.uidvalidity >= v)
        v = old.uidvalidity + 1;
    mbentry_fini(&old);
    return v;
}

static err_t prepare(struct store *s, struct mbops_move *m)
{
    struct index_head h;
    err_t err = mailbox_peek(s, &m->from, &h);

    m->to.foldermodseq = m->from.foldermodseq + 1;
    if (!err) {
        quota_usage_of(&h, m->used);
        m->to.foldermodseq = h.highestmodseq + 1;
    }
    m->to.uidvalidity = uidvalidity_for(s, m);
    /* a mailbox whose files are damaged or lost can still be moved away */
    if (err == ERR_CORRUPT || err == ERR_NOTFOUND)
        err = ERR_OK;
    if (!err && changes_path(m) && mailbox_has_files(&m->from))
        err = mailbox_copy_files(s, &m->from, &m->to);
    return err;
}

static err_t commit_list(struct store *s, const struct vec *moves)
{
    struct mblist_txn t;
    err_t err = mblist_begin(s, &t);

    if (err)
        return err;
    for (size_t i = 0; i < moves->n && !err; i++) {
        const struct mbops_move *m = VEC_AT(moves, struct mbops_move, i);

        err = same_name(m) ? mblist_txn_put(&t, &m->to) : mblist_txn_move(&t, &m->from, &m->to);
    }
    if (!err)
        return mblist_commit(&t);
    mblist_abort(&t);
    return err;
}

static void find_root(struct store *s, struct slice name, struct buf *root)
{
    err_t err = quota_find(s, name, root);

    if (err && err != ERR_NOTFOUND)
        log_err("QUOTAERROR: quota root not found: mailbox=<%.*s> error=<%s>", SLICE_ARG(name),
                err_name(err));
}

static void charge_or_log(struct store *s, struct slice root, const int64_t used[QUOTA_NRES],
                          int sign)
{
    err_t err = quota_charge(s, root, used, sign);

    if (err)
        log_err("QUOTAERROR: usage not moved: root=<%.*s> error=<%s>", SLICE_ARG(root),
                err_name(err));
}

/* What follows from the list: header, UIDVALIDITY, usage, old files. */
static void follow(struct store *s, const struct mbops_move *m, bool charge)
{
    struct buf old_root = BUF_INIT, new_root = BUF_INIT;
    struct slice root;
    err_t err = ERR_OK;

    find_root(s, buf_slice(&m->from.name), &old_root);
    if (charge)
        find_root(s, buf_slice(&m->to.name), &new_root);
    root = buf_slice(&new_root);
    mbops_sync_header(s, &m->to, &root);
    if (m->to.uidvalidity != m->from.uidvalidity)
        err = mailbox_set_uidvalidity(s, &m->to, m->to.uidvalidity);
    if (!slice_eq(buf_slice(&old_root), root)) {
        charge_or_log(s, buf_slice(&old_root), m->used, -1);
        charge_or_log(s, root, m->used, 1);
    }
    if (!err && changes_path(m))
        err = mailbox_delete_files(s, &m->from);
    if (err)
        log_err("STOREERROR: mailbox not wholly moved: from=<%.*s> to=<%.*s> error=<%s>",
                SLICE_ARG(buf_slice(&m->from.name)), SLICE_ARG(buf_slice(&m->to.name)),
                err_name(err));
    buf_fini(&old_root);
    buf_fini(&new_root);
}

/* Copies made for moves that did not come to be. */
static void undo_copies(struct store *s, const struct vec *moves, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct mbops_move *m = VEC_AT(moves, struct mbops_move, i);

        if (changes_path(m) && mailbox_delete_files(s, &m->to) != ERR_OK)
            log_err("STOREERROR: copy of a mailbox that was not moved remains: mailbox=<%.*s>",
                    SLICE_ARG(buf_slice(&m->to.name)));
    }
}

err_t mbops_execute_moves(struct store *s, struct vec *moves, bool charge)
{
    size_t prepared = 0;
    err_t err = ERR_OK;

    for (; prepared < moves->n && !err; prepared++)
        err = prepare(s, VEC_AT(moves, struct mbops_move, prepared));
    if (!err)
        err = commit_list(s, moves);
    if (err) {
        undo_copies(s, moves, prepared);
        return err;
    }
    for (size_t i = 0; i < moves->n; i++)
        follow(s, VEC_AT(moves, struct mbops_move, i), charge);
    return ERR_OK;
}

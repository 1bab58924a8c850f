/* mbannotate.c - annotations of mailboxes are set (mbops.h)
 *
 *   UNFINISHED into the index header  ->  annotations.db (durable: the commit point)  ->  commit of
 *   the index header: bytes counted, highestmodseq, options  ->  entry in the list (foldermodseq)
 *
 * Whoever finds the mark after a crash counts the bytes again, so that the quota and the header are
 * right whether or not the values got there.
 */
#include "imap/store/annot.h"
#include "imap/store/commit_impl.h"
#include "imap/store/mbops_impl.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

struct annotating {
    struct store *store;
    const struct mbop_annotations *op;
    struct mbentry entry;
    struct mailbox *mb;
    struct commit *commit;
    struct buf *old; /* value of each change before */
    int64_t growth;  /* bytes */
    bool differs;
};

/* What the changes make of the values that are there. */
static err_t compare(struct annotating *a)
{
    for (size_t i = 0; i < a->op->nchanges; i++) {
        const struct annot_change *c = &a->op->changes[i];
        err_t err =
            annot_get(a->store, buf_slice(&a->entry.uniqueid), c->entry, c->userid, &a->old[i]);

        if (err && err != ERR_NOTFOUND)
            return err;
        a->growth += (int64_t)c->value.n - (int64_t)a->old[i].n;
        a->differs |= !slice_eq(buf_slice(&a->old[i]), c->value);
    }
    return ERR_OK;
}

static err_t check_quota(const struct annotating *a)
{
    struct slice root = mailbox_quotaroot(a->mb);
    struct quota_state state;

    if (a->op->ignore_quota || a->growth <= 0 || !root.n)
        return ERR_OK;
    err_t err = quota_read(a->store, root, &state);
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    return quota_check(&state, QUOTA_ANNOTATION, a->growth);
}

/* The index could not be written after all: the values go back to what they were. */
static void take_back(struct annotating *a)
{
    struct vec back = VEC_INIT(struct annot_change);

    for (size_t i = 0; i < a->op->nchanges; i++) {
        const struct annot_change *c = &a->op->changes[i];

        *VEC_PUSH(&back, struct annot_change) =
            (struct annot_change){ c->entry, c->userid, buf_slice(&a->old[i]) };
    }
    if (annot_change_all(a->store, buf_slice(&a->entry.uniqueid), back.p, back.n) != ERR_OK)
        log_err("STOREERROR: annotations that were refused remain: mailbox=<%.*s>",
                SLICE_ARG(buf_slice(&a->entry.name)));
    vec_fini(&back);
}

static void change_header(struct annotating *a)
{
    struct commit *c = a->commit;

    commit_options(c, a->op->options_set, a->op->options_clear);
    if (a->op->pop3_show_after && c->head.pop3_show_after != (uint32_t)*a->op->pop3_show_after) {
        c->head.pop3_show_after = (uint32_t)*a->op->pop3_show_after;
        c->head_changed = c->head_durable = true;
    }
    if (a->differs) {
        c->head.quota_annot_used = (uint32_t)((int64_t)c->head.quota_annot_used + a->growth);
        c->head_changed = c->head_durable = true;
    }
    if (c->head_changed)
        a->entry.foldermodseq = ++c->head.highestmodseq;
}

/* Under the commit's locks. */
static err_t execute(struct annotating *a, bool *changed)
{
    err_t err = compare(a);

    if (!err)
        err = check_quota(a);
    if (!err)
        change_header(a);
    *changed = !err && a->commit->head_changed;
    if (!*changed) {
        commit_abort(&a->commit);
        return err;
    }
    if (a->differs) {
        err = commit_start(a->commit);
        if (!err)
            err = annot_change_all(a->store, buf_slice(&a->entry.uniqueid), a->op->changes,
                                   a->op->nchanges);
    }
    if (err) {
        commit_abort(&a->commit);
        return err;
    }
    err = commit_end(&a->commit);
    if (err && a->differs)
        take_back(a);
    return err;
}

static err_t annotate_locked(struct annotating *a, struct slice name)
{
    bool changed;
    err_t err = mblist_lookup(a->store, name, &a->entry);

    if (!err)
        err = mailbox_open_entry(a->store, &a->entry, &a->mb);
    if (err)
        return err;
    err = commit_begin(a->mb, NULL, &a->commit);
    if (!err)
        err = execute(a, &changed);
    mailbox_close(&a->mb);
    return err || !changed ? err : mblist_put(a->store, &a->entry);
}

err_t mbop_annotate_all(struct store *s, struct slice name, const struct mbop_annotations *op)
{
    struct annotating a = { .store = s, .op = op };
    struct user_lock *lock;
    err_t err = user_lock_owner(s, name, true, &lock);

    if (err)
        return err;
    mbentry_init(&a.entry);
    a.old = mem_array(op->nchanges + 1, sizeof *a.old);
    for (size_t i = 0; i < op->nchanges; i++)
        buf_init(&a.old[i]);
    err = annotate_locked(&a, name);
    user_unlock(&lock);
    for (size_t i = 0; i < op->nchanges; i++)
        buf_fini(&a.old[i]);
    mem_free(a.old);
    mbentry_fini(&a.entry);
    return err;
}

err_t mbop_annotate(struct store *s, struct slice name, const char *entry, struct slice userid,
                    struct slice value)
{
    const struct annot_change change = { slice_cstr(entry), userid, value };

    return mbop_annotate_all(
        s, name,
        &(struct mbop_annotations){ .changes = &change, .nchanges = 1, .ignore_quota = true });
}

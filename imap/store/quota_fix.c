/* quota_fix.c - making and removing quota roots, and counting them again (quota.h)
 *
 * The mailbox list decides which root a mailbox has (the nearest at or above its name); the root
 * named in cyrus.header is a copy that commits use.  Counting goes over all mailboxes without locks
 * first; a root that does not agree is counted again while nobody can change its mailboxes.
 */
#include "imap/store/quota.h"

#include "imap/store/mailbox_files.h"
#include "imap/store/mbname.h"
#include "imap/store/partition.h"
#include "imap/store/store_impl.h"
#include "imap/store/user.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"
#include "lib/os/lock.h"

struct counted {
    struct buf root;
    int64_t used[QUOTA_NRES];
};

struct scan {
    struct store *store;
    struct slice prefix;                /* roots at or below it are counted */
    const struct quota_run *run;
    struct vec roots;                   /* struct counted *, in order of name */
    struct map *by_name;                /* root -> struct counted * */
};

static const struct quota_run silent_fix = { .fix = true };

static void say(const struct scan *sc, const struct quota_correction *c)
{
    if (sc->run->correction)
        sc->run->correction(sc->run->arg, c);
}

static bool is_at_or_below(struct slice name, struct slice top)
{
    return top.n == 0 || slice_eq(name, top) || mbname_is_below(name, top);
}

/* ---- roots ---- */

static err_t add_root(void *arg, struct slice root, const struct quota_state *state)
{
    struct scan *sc = arg;
    struct counted *c = mem_zalloc(sizeof *c);

    (void)state;
    buf_add_slice(&c->root, root);
    *VEC_PUSH(&sc->roots, struct counted *) = c;
    map_put(sc->by_name, root, c);
    return ERR_OK;
}

static err_t scan_init(struct scan *sc, struct store *s, struct slice prefix)
{
    sc->store = s;
    sc->prefix = prefix;
    vec_init(&sc->roots, sizeof(struct counted *));
    sc->by_name = map_new(NULL);
    return quota_foreach(s, SLICE_NULL, add_root, sc);
}

static void scan_fini(struct scan *sc)
{
    for (size_t i = 0; i < sc->roots.n; i++) {
        struct counted *c = *VEC_AT(&sc->roots, struct counted *, i);

        buf_fini(&c->root);
        mem_free(c);
    }
    vec_fini(&sc->roots);
    map_free(&sc->by_name);
}

static struct counted *nearest_root(const struct scan *sc, struct slice name)
{
    struct slice domain = mbname_domain(name);
    struct counted *c = NULL;

    for (struct slice n = name; n.n && !c; n = mbname_parent(n))
        c = map_get(sc->by_name, n);
    if (!c && domain.n)
        c = map_get(sc->by_name, slice_cut(name, 0, domain.n + 1));
    return c;
}

/* ---- the root in a mailbox's header ---- */

static err_t write_root(struct scan *sc, const struct mbentry *e, struct slice root)
{
    struct user_lock *lock;
    err_t err = user_lock_owner_if_free(sc->store, buf_slice(&e->name), &lock);

    if (!err)
        err = mailbox_set_header(sc->store, e, &root, NULL);
    user_unlock(&lock);
    return err;
}

static err_t check_header(struct scan *sc, const struct mbentry *e, struct slice root)
{
    struct header h;
    err_t err;

    header_init(&h);
    err = mailbox_peek_header(e, &h);
    if (!err && !slice_eq(buf_slice(&h.quotaroot), root)) {
        say(sc, &(struct quota_correction){ .name = buf_slice(&e->name),
                                            .is_root_change = true,
                                            .old_root = buf_slice(&h.quotaroot),
                                            .new_root = root });
        if (sc->run->fix)
            err = write_root(sc, e, root);
    }
    header_fini(&h);
    return err;
}

/* ---- counting ---- */

static void sum_up(int64_t total[QUOTA_NRES], const struct index_head *h)
{
    int64_t used[QUOTA_NRES];

    quota_usage_of(h, used);
    for (int i = 0; i < QUOTA_NRES; i++)
        total[i] = used[i] > INT64_MAX - total[i] ? INT64_MAX : total[i] + used[i];
}

static err_t count_mailbox(void *arg, const struct mbentry *e)
{
    struct scan *sc = arg;
    struct counted *c = nearest_root(sc, buf_slice(&e->name));
    struct index_head h;
    err_t err;

    if (sc->run->at_mailbox)
        sc->run->at_mailbox(sc->run->arg, buf_slice(&e->name));
    err = mailbox_peek(sc->store, e, &h);
    if (!err && c)
        sum_up(c->used, &h);
    if (!err)
        err = check_header(sc, e, c ? buf_slice(&c->root) : SLICE_NULL);
    if (err)
        log_err("QUOTAERROR: mailbox cannot be counted: mailbox=<%.*s> error=<%s>",
                SLICE_ARG(buf_slice(&e->name)), err_name(err));
    return ERR_OK;                          /* the others still can */
}

struct recount {
    const struct scan *scan;
    struct counted *root;
    int64_t used[QUOTA_NRES];
};

static err_t recount_mailbox(void *arg, const struct mbentry *e)
{
    struct recount *r = arg;
    struct index_head h;

    if (nearest_root(r->scan, buf_slice(&e->name)) == r->root &&
        mailbox_peek(r->scan->store, e, &h) == ERR_OK)
        sum_up(r->used, &h);
    return ERR_OK;
}

static void report_usage(const struct scan *sc, struct slice root, const struct quota_state *state,
                         const int64_t used[QUOTA_NRES])
{
    for (int i = 0; i < QUOTA_NRES; i++) {
        if (state->used[i] != used[i])
            say(sc, &(struct quota_correction){
                        .name = root, .res = i, .was = state->used[i], .now = used[i] });
    }
}

static err_t set_usage(struct scan *sc, struct slice root, const int64_t used[QUOTA_NRES])
{
    struct quota *q;
    err_t err = quota_lock(sc->store, root, false, &q);

    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    report_usage(sc, root, quota_state(q), used);
    if (!sc->run->fix) {
        quota_abort(&q);
        return ERR_OK;
    }
    for (int i = 0; i < QUOTA_NRES; i++)
        quota_set_used(q, i, used[i]);
    return quota_commit(&q);
}

/* Count one root while its mailboxes hold still, as far as one namespace lock can make them: the
 * mailboxes of a domain's root belong to many, and there a change at this very moment may be
 * missed. */
static err_t settle(struct scan *sc, struct counted *c)
{
    struct recount r = { .scan = sc, .root = c };
    struct slice root = buf_slice(&c->root);
    struct user_lock *lock;
    err_t err = user_lock_owner_if_free(sc->store, root, &lock);

    if (!err)
        err = mblist_foreach(sc->store, root, 0, recount_mailbox, &r);
    if (!err)
        err = set_usage(sc, root, r.used);
    user_unlock(&lock);
    return err;
}

static err_t compare(struct scan *sc, struct counted *c)
{
    struct quota_state now;
    err_t err = quota_read(sc->store, buf_slice(&c->root), &now);

    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    if (memcmp(now.used, c->used, sizeof now.used) == 0)
        return ERR_OK;
    return settle(sc, c);
}

err_t quota_count(struct store *s, struct slice prefix, const struct quota_run *run)
{
    struct scan sc = { .run = run };
    err_t damaged = scan_init(&sc, s, prefix), err = ERR_OK;

    if (damaged && damaged != ERR_CORRUPT)
        err = damaged;
    if (!err)
        err = mblist_foreach(s, prefix, 0, count_mailbox, &sc);
    for (size_t i = 0; i < sc.roots.n && !err; i++) {
        struct counted *c = *VEC_AT(&sc.roots, struct counted *, i);

        if (is_at_or_below(buf_slice(&c->root), prefix))
            err = compare(&sc, c);
    }
    scan_fini(&sc);
    return err ? err : damaged;
}

/* ---- with a line of text per correction ---- */

struct text_report {
    void (*report)(void *, const char *);
    void *arg;
};

static void put_root(struct buf *out, struct slice root)
{
    buf_add_slice(out, root.n ? root : SLICE_LIT("(none)"));
}

void quota_correction_text(const struct quota_correction *c, struct buf *out)
{
    buf_add_slice(out, c->name);
    if (c->is_root_change) {
        buf_adds(out, ": quota root ");
        put_root(out, c->old_root);
        buf_adds(out, " --> ");
        put_root(out, c->new_root);
    } else {
        buf_addf(out, ": %s usage was %lld, now %lld", quota_res_names[c->res], (long long)c->was,
                 (long long)c->now);
    }
}

static void report_text(void *arg, const struct quota_correction *c)
{
    const struct text_report *t = arg;
    struct buf line = BUF_INIT;

    quota_correction_text(c, &line);
    t->report(t->arg, buf_cstr(&line));
    buf_fini(&line);
}

static err_t run_with_text(struct store *s, struct slice prefix, bool fix,
                           void (*report)(void *, const char *), void *arg)
{
    struct text_report t = { report, arg };
    const struct quota_run run = { .fix = fix,
                                   .correction = report ? report_text : NULL,
                                   .arg = &t };

    return quota_count(s, prefix, &run);
}

err_t quota_fix(struct store *s, struct slice prefix, void (*report)(void *, const char *),
                void *arg)
{
    return run_with_text(s, prefix, true, report, arg);
}

err_t quota_verify(struct store *s, struct slice prefix, void (*report)(void *, const char *),
                   void *arg)
{
    return run_with_text(s, prefix, false, report, arg);
}

/* ---- roots come and go ---- */

static bool is_root_name(struct slice root)
{
    struct slice local = mbname_local(root);

    if (root.n == 0 || root.n > MBNAME_MAX || slice_eqs(local, "user"))
        return false;
    if (local.n == 0)
        return root.n > 1;                  /* "dom!" */
    return local.p[0] != '.' && local.p[local.n - 1] != '.' &&
           slice_search(local, SLICE_LIT("..")) < 0;
}

static err_t lock_changes(int *fd)
{
    struct buf path = BUF_INIT;
    err_t err = partition_named_lock_path(SLICE_LIT("$QUOTACHANGE"), &path);

    *fd = -1;
    if (!err)
        err = lock_path_take(buf_cstr(&path), LOCK_EXCLUSIVE, STORE_LOCK_WAIT_MS, fd);
    buf_fini(&path);
    return err;
}

/* The tree below `root` has gained or lost a root: its mailboxes, and the root above, are counted
 * again. */
static err_t adopt(struct store *s, struct slice root)
{
    struct buf above = BUF_INIT;
    err_t err = quota_fix(s, root, NULL, NULL);

    if (!err && mbname_parent(root).n) {
        err = quota_find(s, mbname_parent(root), &above);
        if (!err)
            err = quota_fix_one(s, buf_slice(&above));
        else if (err == ERR_NOTFOUND)
            err = ERR_OK;
    }
    buf_fini(&above);
    return err;
}

err_t quota_fix_one(struct store *s, struct slice root)
{
    struct scan sc = { .run = &silent_fix };
    struct counted *c;
    err_t err = scan_init(&sc, s, root);

    if (err == ERR_CORRUPT)
        err = ERR_OK;                       /* of another root: logged */
    c = map_get(sc.by_name, root);
    if (!err && c)
        err = settle(&sc, c);
    scan_fini(&sc);
    return err;
}

static void tell(struct store *s, struct slice root)
{
    const struct store_event event = { .kind = EV_QUOTA, .mailbox = root };

    store_tell(s, &event);
}

static err_t change_limits(struct store *s, struct slice root, const int64_t limit[QUOTA_NRES])
{
    struct quota *q;
    err_t err = quota_lock(s, root, true, &q);

    if (err)
        return err;
    for (int i = 0; i < QUOTA_NRES; i++)
        quota_set_limit(q, i, limit[i]);
    return quota_commit(&q);
}

err_t quota_set_limits(struct store *s, struct slice root, const int64_t limit[QUOTA_NRES])
{
    struct quota_state old;
    bool is_new;
    int fd;
    err_t err = is_root_name(root) ? lock_changes(&fd) : ERR_BADNAME;

    if (err)
        return err;
    err = quota_read(s, root, &old);
    is_new = err == ERR_NOTFOUND;
    if (!err || is_new)
        err = change_limits(s, root, limit);
    if (!err && is_new)
        err = adopt(s, root);
    lock_path_drop(&fd);
    if (!err)
        tell(s, root);
    return err;
}

static err_t remove_root(struct store *s, struct slice root)
{
    struct db_txn *txn;
    struct db *db;
    err_t err = store_db(s, STORE_DB_QUOTA, &db);

    if (!err)
        err = db_begin(db, &txn);
    if (err)
        return err;
    err = db_delete(txn, root);
    if (!err)
        return db_commit_durable(&txn);
    db_abort(&txn);
    return err;
}

err_t quota_delete(struct store *s, struct slice root)
{
    int fd;
    err_t err = lock_changes(&fd);

    if (err)
        return err;
    err = remove_root(s, root);
    if (!err)
        err = adopt(s, root);
    lock_path_drop(&fd);
    if (!err)
        tell(s, root);
    return err;
}

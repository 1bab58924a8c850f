/* mblist_visible.c - the mailbox list as one user may see it (mblist.h)
 *
 * The walk is over raw records.  Most of them belong to other people and are dropped by a look at
 * their bytes; only what is left is parsed.  Which these are is remembered for as long as the list
 * stays the same, so that the next time costs no more than the answer.
 */
#include "imap/store/mblist_impl.h"

#include "imap/store/mbname.h"
#include "imap/store/namespace.h"
#include "lib/base/log.h"

enum { RANGES_MAX = 8, FOREIGN_MAX = 4096 };

struct view {
    const struct namespace *ns;
    const struct ident *ident;
    bool is_admin;
    struct slice userid;
    struct buf own_key, own_below;   /* keys of the INBOX and of what is below it; empty: none */
    struct buf done[2 * RANGES_MAX]; /* keys and prefixes of the ranges walked already */
    size_t ndone;
    struct mbentry entry;
    struct buf intname, ext;
    struct vec *noted; /* struct buf: keys that may concern; NULL: not wanted */
    mblist_seen_fn *fn;
    void *arg;
};

static bool is_own_key(const struct view *v, struct slice key)
{
    return v->own_key.n &&
           (slice_eq(key, buf_slice(&v->own_key)) || slice_starts(key, buf_slice(&v->own_below)));
}

/* done[] has pairs: a key, and the prefix of all below it. */
static bool is_done(const struct view *v, struct slice key)
{
    for (size_t i = 0; i < v->ndone; i += 2) {
        if (slice_eq(key, buf_slice(&v->done[i])) || slice_starts(key, buf_slice(&v->done[i + 1])))
            return true;
    }
    return false;
}

static bool may_concern(const struct view *v, struct slice key, struct slice value)
{
    return v->is_admin || is_own_key(v, key) || mbentry_may_concern(value, v->userid);
}

/* Parse and judge; false: not to be told.  v->entry, v->ext and *rights are set on true. */
static bool is_visible(struct view *v, struct slice key, struct slice value, rights_t *rights)
{
    struct slice dbname = slice_skip(key, 1);

    if (!may_concern(v, key, value))
        return false;
    if (v->noted)
        buf_add_slice(VEC_PUSH(v->noted, struct buf), key);
    mbname_from_db(dbname, &v->intname);
    namespace_to_external(v->ns, buf_slice(&v->intname), &v->ext);
    if (v->ext.n == 0 || namespace_hides(v->ns, buf_slice(&v->intname)))
        return false;
    if (mbentry_parse_name_record(dbname, value, &v->entry)) {
        log_err("DBERROR: unreadable entry in the mailbox list: mailbox=<%.*s>",
                SLICE_ARG(buf_slice(&v->intname)));
        return false;
    }
    if (!mbentry_is_mail(&v->entry))
        return false;
    *rights =
        acl_effective(buf_slice(&v->intname), buf_slice(&v->entry.acl), v->ident, v->is_admin);
    return *rights & ACL_L;
}

static err_t visit(void *arg, struct slice key, struct slice value)
{
    struct view *v = arg;
    rights_t rights;

    if (is_done(v, key) || !is_visible(v, key, value, &rights))
        return ERR_OK;
    const struct mblist_seen seen = { &v->entry, buf_slice(&v->ext), rights };

    return v->fn(v->arg, &seen);
}

static void view_init(struct view *v, const struct namespace *ns, const struct ident *ident,
                      bool is_admin)
{
    struct slice inbox = namespace_inbox(ns);

    *v = (struct view){
        .ns = ns, .ident = ident, .is_admin = is_admin, .userid = ident_userid(ident)
    };
    mbentry_init(&v->entry);
    if (inbox.n) {
        mblist_name_key(inbox, &v->own_key);
        mblist_below_key(inbox, &v->own_below);
    }
}

static void view_fini(struct view *v)
{
    for (size_t i = 0; i < v->ndone; i++)
        buf_fini(&v->done[i]);
    buf_fini(&v->own_key);
    buf_fini(&v->own_below);
    buf_fini(&v->intname);
    buf_fini(&v->ext);
    mbentry_fini(&v->entry);
}

static err_t walk_range(struct view *v, struct db *db, struct slice range)
{
    struct buf *key = &v->done[v->ndone], *below = &v->done[v->ndone + 1];
    struct buf value = BUF_INIT;
    err_t err = ERR_NOTFOUND;

    mblist_name_key(range, key);
    mblist_below_key(range, below);
    if (range.n && range.p[range.n - 1] != '!')
        err = db_fetch(db, NULL, buf_slice(key), &value);
    if (!err)
        err = visit(v, buf_slice(key), buf_slice(&value));
    else if (err == ERR_NOTFOUND)
        err = ERR_OK;
    if (!err)
        err = db_foreach(db, NULL, buf_slice(below), visit, v);
    v->ndone += 2;
    buf_fini(&value);
    return err;
}

/* ---- what is outside of the own tree ---- */

void foreign_forget(struct foreign *f)
{
    for (size_t i = 0; i < f->keys.n; i++)
        buf_fini(VEC_AT(&f->keys, struct buf, i));
    vec_fini(&f->keys);
    vec_init(&f->keys, sizeof(struct buf));
    buf_fini(&f->userid);
    f->known = false;
}

static bool is_known(const struct foreign *f, const struct view *v, const struct db_version *now)
{
    return f->known && slice_eq(buf_slice(&f->userid), v->userid) &&
           memcmp(&f->version, now, sizeof *now) == 0;
}

static err_t visit_known(struct view *v, struct db *db, const struct foreign *f)
{
    struct buf value = BUF_INIT;
    err_t err = ERR_OK;

    for (size_t i = 0; i < f->keys.n && !err; i++) {
        struct slice key = buf_slice(VEC_AT(&f->keys, struct buf, i));
        buf_reset(&value);
        err = db_fetch(db, NULL, key, &value);
        if (!err)
            err = visit(v, key, buf_slice(&value));
        else if (err == ERR_NOTFOUND)
            err = ERR_OK;
    }
    buf_fini(&value);
    return err;
}

/* The whole list but what was walked already; the version is asked before, so that a change
 * meanwhile makes the next one walk again. */
static err_t walk_foreign(struct view *v, struct db *db, struct foreign *f)
{
    struct db_version now;
    err_t err = db_version_of(db, &now);

    if (!err && is_known(f, v, &now))
        return visit_known(v, db, f);
    const bool can_tell = !err;
    foreign_forget(f);
    v->noted = can_tell ? &f->keys : NULL;
    err = walk_range(v, db, SLICE_NULL);
    v->noted = NULL;
    f->known = can_tell && !err && f->keys.n <= FOREIGN_MAX;
    if (!f->known) {
        foreign_forget(f);
        return err;
    }
    buf_add_slice(&f->userid, v->userid);
    f->version = now;
    return ERR_OK;
}

/* First the own tree, at last everything: what is between is part of that. */
static bool is_own_and_all(const struct view *v, const struct slice *ranges, size_t n)
{
    return !v->is_admin && v->userid.n && n >= 2 && ranges[n - 1].n == 0 &&
           slice_eq(ranges[0], namespace_inbox(v->ns));
}

err_t mblist_visible(struct store *s, const struct namespace *ns, const struct ident *ident,
                     bool is_admin, const struct slice *ranges, size_t nranges, mblist_seen_fn *fn,
                     void *arg)
{
    const struct slice all[] = { namespace_inbox(ns), SLICE_NULL };
    struct view v;
    struct db *db;
    err_t err = store_db(s, STORE_DB_MBOXLIST, &db);

    if (err)
        return err;
    if (nranges == 0 || nranges > RANGES_MAX) {
        bool own_first = all[0].n > 0 && !is_admin;

        ranges = own_first ? all : &all[1];
        nranges = own_first ? 2 : 1;
    }
    view_init(&v, ns, ident, is_admin);
    v.fn = fn;
    v.arg = arg;
    if (is_own_and_all(&v, ranges, nranges)) {
        err = walk_range(&v, db, ranges[0]);
        if (!err)
            err = walk_foreign(&v, db, &s->foreign);
        nranges = 0;
    }
    for (size_t i = 0; i < nranges && !err; i++)
        err = walk_range(&v, db, ranges[i]);
    view_fini(&v);
    return err;
}

bool mblist_has_children(struct store *s, struct slice intname, const struct ident *ident,
                         bool is_admin)
{
    struct buf below = BUF_INIT, last = BUF_INIT, key = BUF_INIT, value = BUF_INIT;
    struct slice userid = ident_is_anonymous(ident) ? SLICE_NULL : ident_userid(ident);
    struct namespace *ns = namespace_new(userid, is_admin);
    rights_t rights;
    struct view v;
    struct db *db;
    bool found = false;

    view_init(&v, ns, ident, is_admin);
    mblist_below_key(intname, &below);
    buf_add_slice(&last, buf_slice(&below));
    if (store_db(s, STORE_DB_MBOXLIST, &db) == ERR_OK) {
        while (!found && db_fetch_next(db, NULL, buf_slice(&last), &key, &value) == ERR_OK &&
               slice_starts(buf_slice(&key), buf_slice(&below))) {
            found = is_visible(&v, buf_slice(&key), buf_slice(&value), &rights);
            buf_reset(&last);
            buf_add_slice(&last, buf_slice(&key));
        }
    }
    view_fini(&v);
    namespace_free(&ns);
    buf_fini(&below);
    buf_fini(&last);
    buf_fini(&key);
    buf_fini(&value);
    return found;
}

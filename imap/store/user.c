/* user.c - see user.h */
#include "imap/store/user.h"

#include "imap/store/lockorder.h"
#include "imap/store/durable.h"
#include "imap/store/mblist.h"
#include "imap/store/mbname.h"
#include "imap/store/partition.h"
#include "imap/store/store_impl.h"
#include <pwd.h>

#include "lib/base/bug.h"
#include "lib/base/mem.h"
#include "lib/conf/conf.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"
#include "lib/os/lock.h"
#include "lib/os/path.h"
#include "lib/os/sync.h"

/* ---- paths ---- */

static char hash_letter(struct slice name)
{
    return path_hash(name, conf_bool(CONF_FULLDIRHASH) ? PATH_HASH_FULL : PATH_HASH_FIRST);
}

/* "<config>[/domain/<hd>/<domain>]": these directories are hashed whatever hashimapspool says. */
static err_t add_domain_root(struct slice domain, struct buf *path)
{
    buf_reset(path);
    buf_adds(path, conf_string(CONF_CONFIGDIRECTORY));
    if (domain.n == 0)
        return ERR_OK;
    if (!path_is_component(domain))
        return ERR_BADNAME;
    buf_addf(path, "/domain/%c/%.*s", hash_letter(domain), SLICE_ARG(domain));
    return ERR_OK;
}

/* Directory and common beginning of the files named by the user: ".../user/f/" and "fred.". */
static err_t named_files(struct slice inbox, struct buf *dir, struct buf *stem)
{
    struct slice level = slice_skip(mbname_local(inbox), 5);
    err_t err = add_domain_root(mbname_domain(inbox), dir);

    buf_reset(stem);
    for (size_t i = 0; i < level.n; i++)
        buf_addc(stem, level.p[i] == '^' ? '.' : level.p[i]);
    if (err || !path_is_component(buf_slice(stem)))
        return ERR_BADNAME;
    buf_addf(dir, "/user/%c", hash_letter(buf_slice(stem)));
    buf_addc(stem, '.');
    return ERR_OK;
}

static err_t shared_file(const char *suffix, struct buf *path)
{
    err_t err = add_domain_root(SLICE_NULL, path);

    buf_addf(path, "/shared.%s", suffix);
    return err;
}

static err_t uuid_directory(struct slice inbox_id, struct buf *path)
{
    buf_reset(path);
    conf_dir(path, "user");
    return partition_add_uuid(inbox_id, path);
}

/* Entry of the INBOX; false: state is in files named by the user. */
static err_t has_uuid(struct store *s, struct slice inbox, struct buf *id, bool *out)
{
    struct mbentry e;
    err_t err;

    mbentry_init(&e);
    err = mblist_lookup_any(s, inbox, &e);
    *out = !err && !(e.type & (MBTYPE_DELETED | MBTYPE_LEGACY | MBTYPE_REMOTE)) && e.uniqueid.n > 0;
    buf_reset(id);
    if (*out)
        buf_add_slice(id, buf_slice(&e.uniqueid));
    mbentry_fini(&e);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

err_t user_file(struct store *s, struct slice userid, const char *suffix, struct buf *path)
{
    struct buf inbox = BUF_INIT, stem = BUF_INIT, id = BUF_INIT;
    bool by_id;
    err_t err;

    if (userid.n == 0)
        return shared_file(suffix, path);
    mbname_inbox(userid, &inbox);
    err = has_uuid(s, buf_slice(&inbox), &id, &by_id);
    if (!err && by_id) {
        err = uuid_directory(buf_slice(&id), path);
        buf_addf(path, "/%s.db", suffix);
    } else if (!err) {
        err = named_files(buf_slice(&inbox), path, &stem);
        buf_addc(path, '/');
        buf_add_slice(path, buf_slice(&stem));
        buf_adds(path, suffix);
    }
    buf_fini(&inbox);
    buf_fini(&stem);
    buf_fini(&id);
    return err;
}

/* ---- Sieve ---- */

static err_t home_sieve_dir(struct slice userid, struct buf *path)
{
    struct buf name = BUF_INIT;
    struct passwd *pw;

    buf_add_slice(&name, userid);
    pw = getpwnam(buf_cstr(&name));
    buf_fini(&name);
    if (!pw)
        return ERR_NOTFOUND;
    buf_addf(path, "%s/sieve", pw->pw_dir);
    return ERR_OK;
}

/* "[/domain/<hd>/<domain>]/<h>/<localpart>" */
static err_t add_named_sieve_dir(struct slice inbox, struct buf *path)
{
    struct slice domain = mbname_domain(inbox), level = slice_skip(mbname_local(inbox), 5);
    struct buf name = BUF_INIT;
    err_t err = ERR_OK;

    for (size_t i = 0; i < level.n; i++)
        buf_addc(&name, level.p[i] == '^' ? '.' : level.p[i]);
    if (!path_is_component(buf_slice(&name)) || (domain.n && !path_is_component(domain)))
        err = ERR_BADNAME;
    if (!err && domain.n)
        buf_addf(path, "/domain/%c/%.*s", hash_letter(domain), SLICE_ARG(domain));
    if (!err)
        buf_addf(path, "/%c/%.*s", hash_letter(buf_slice(&name)), SLICE_ARG(buf_slice(&name)));
    buf_fini(&name);
    return err;
}

err_t user_sieve_dir(struct store *s, struct slice userid, struct buf *path)
{
    struct buf inbox = BUF_INIT, id = BUF_INIT;
    bool by_id;
    err_t err;

    buf_reset(path);
    if (userid.n && conf_bool(CONF_SIEVEUSEHOMEDIR))
        return home_sieve_dir(userid, path);
    buf_adds(path, conf_string(CONF_SIEVEDIR));
    if (userid.n == 0) {
        buf_adds(path, "/global");
        return ERR_OK;
    }
    mbname_inbox(userid, &inbox);
    err = has_uuid(s, buf_slice(&inbox), &id, &by_id);
    if (!err)
        err = by_id ? partition_add_uuid(buf_slice(&id), path)
                    : add_named_sieve_dir(buf_slice(&inbox), path);
    buf_fini(&inbox);
    buf_fini(&id);
    return err;
}

/* ---- locks ---- */

struct user_lock {
    struct store *store;
    struct buf userid;
    int fd;
    unsigned holders;
    bool exclusive;
};

static err_t take(struct user_lock *l)
{
    struct buf name = BUF_INIT, path = BUF_INIT;
    err_t err;

    buf_adds(&name, "*U*");
    for (size_t i = 0; i < l->userid.n; i++)
        buf_addc(&name, l->userid.p[i] == '.' ? '^' : l->userid.p[i]);
    err = partition_named_lock_path(buf_slice(&name), &path);
    if (!err)
        err = lock_path_take(buf_cstr(&path), l->exclusive ? LOCK_EXCLUSIVE : LOCK_SHARED,
                             STORE_LOCK_WAIT_MS, &l->fd);
    buf_fini(&name);
    buf_fini(&path);
    return err;
}

static void free_lock(struct user_lock *l)
{
    buf_fini(&l->userid);
    mem_free(l);
}

err_t user_lock(struct store *s, struct slice userid, bool exclusive, struct user_lock **out)
{
    struct user_lock *l = map_get(s->user_locks, userid);
    err_t err;

    *out = l;
    if (l) {
        BUG_UNLESS(l->exclusive || !exclusive);
        l->holders++;
        return ERR_OK;
    }
    lockorder_take(LOCK_USER);
    l = mem_zalloc(sizeof *l);
    *l = (struct user_lock){ .store = s, .fd = -1, .holders = 1, .exclusive = exclusive };
    buf_add_slice(&l->userid, userid);
    err = take(l);
    if (err) {
        lockorder_drop(LOCK_USER);
        free_lock(l);
        return err;
    }
    map_put(s->user_locks, userid, l);
    *out = l;
    return ERR_OK;
}

void user_unlock(struct user_lock **lp)
{
    struct user_lock *l = *lp;

    *lp = NULL;
    if (!l || --l->holders > 0)
        return;
    map_del(l->store->user_locks, buf_slice(&l->userid));
    lock_path_drop(&l->fd);
    lockorder_drop(LOCK_USER);
    free_lock(l);
}

err_t user_lock_owner(struct store *s, struct slice intname, bool exclusive, struct user_lock **out)
{
    struct buf userid = BUF_INIT;
    err_t err;

    (void)mbname_owner(intname, &userid);
    err = user_lock(s, buf_slice(&userid), exclusive, out);
    buf_fini(&userid);
    return err;
}

err_t user_lock_owner_if_free(struct store *s, struct slice intname, struct user_lock **out)
{
    struct buf userid = BUF_INIT;
    err_t err = ERR_OK;

    *out = NULL;
    (void)mbname_owner(intname, &userid);
    if (!map_has(s->user_locks, buf_slice(&userid)))
        err = user_lock(s, buf_slice(&userid), true, out);
    buf_fini(&userid);
    return err;
}

err_t user_lock_owners(struct store *s, struct slice a, struct slice b, struct user_lock **first,
                       struct user_lock **second)
{
    struct buf ua = BUF_INIT, ub = BUF_INIT;
    int order;
    err_t err;

    *first = *second = NULL;
    (void)mbname_owner(a, &ua);
    (void)mbname_owner(b, &ub);
    order = slice_cmp(buf_slice(&ua), buf_slice(&ub));
    err = user_lock(s, buf_slice(order <= 0 ? &ua : &ub), true, first);
    if (!err && order != 0) {
        err = user_lock(s, buf_slice(order <= 0 ? &ub : &ua), true, second);
        if (err)
            user_unlock(first);
    }
    buf_fini(&ua);
    buf_fini(&ub);
    return err;
}

/* ---- the files of a user who goes or gets another name ---- */

/* Files named "fred.<suffix>"; the suffix has no dot, so that "fred.x" of a user "fred.x" stays. */
struct named_walk {
    const char *dir;
    struct slice stem, new_stem;
    const char *new_dir;                /* NULL: remove */
    bool changed;
};

static err_t visit_named(void *arg, const char *name, enum dir_type type)
{
    struct named_walk *w = arg;
    struct slice rest = slice_cstr(name);
    struct buf from = BUF_INIT, to = BUF_INIT;
    err_t err;

    if (type != DIR_FILE || !slice_starts(rest, w->stem))
        return ERR_OK;
    rest = slice_skip(rest, w->stem.n);
    if (rest.n == 0 || slice_find(rest, '.') >= 0)
        return ERR_OK;
    path_join(&from, w->dir, name);
    if (w->new_dir) {
        buf_addf(&to, "%s/%.*s%.*s", w->new_dir, SLICE_ARG(w->new_stem), SLICE_ARG(rest));
        err = durable_rename(buf_cstr(&from), buf_cstr(&to));
    } else {
        err = durable_unlink(buf_cstr(&from));
    }
    w->changed = true;
    buf_fini(&from);
    buf_fini(&to);
    return err;
}

static err_t walk_named(struct named_walk *w)
{
    err_t err = dir_list_sorted(w->dir, visit_named, w);

    if (err == ERR_NOTFOUND)
        return ERR_OK;
    if (!err && w->changed)
        err = durable_sync_dir(w->dir);
    if (!err && w->changed && w->new_dir)
        err = durable_sync_dir(w->new_dir);
    return err;
}

static err_t delete_uuid_files(struct slice inbox_id)
{
    struct buf path = BUF_INIT;
    err_t err = uuid_directory(inbox_id, &path);

    if (!err && file_exists(buf_cstr(&path))) {
        err = dir_remove_tree(buf_cstr(&path));
        if (!err)
            err = sync_parent(buf_cstr(&path));
    }
    buf_fini(&path);
    return err;
}

err_t user_delete_files(struct store *s, struct slice userid, struct slice inbox_id)
{
    struct buf inbox = BUF_INIT, dir = BUF_INIT, stem = BUF_INIT;
    err_t err;

    store_forget_user(s, userid);
    mbname_inbox(userid, &inbox);
    err = named_files(buf_slice(&inbox), &dir, &stem);
    if (!err) {
        struct named_walk w = { .dir = buf_cstr(&dir), .stem = buf_slice(&stem) };

        err = walk_named(&w);
    }
    if (!err && inbox_id.n)
        err = delete_uuid_files(inbox_id);
    buf_fini(&inbox);
    buf_fini(&dir);
    buf_fini(&stem);
    return err;
}

err_t user_rename_files(struct store *s, struct slice from, struct slice to)
{
    struct buf inbox = BUF_INIT, dir = BUF_INIT, stem = BUF_INIT, new_dir = BUF_INIT,
               new_stem = BUF_INIT;
    err_t err;

    store_forget_user(s, from);
    store_forget_user(s, to);
    mbname_inbox(from, &inbox);
    err = named_files(buf_slice(&inbox), &dir, &stem);
    mbname_inbox(to, &inbox);
    if (!err)
        err = named_files(buf_slice(&inbox), &new_dir, &new_stem);
    if (!err)
        err = durable_make_dirs(buf_cstr(&new_dir));
    if (!err) {
        struct named_walk w = { .dir = buf_cstr(&dir), .stem = buf_slice(&stem),
                                .new_dir = buf_cstr(&new_dir), .new_stem = buf_slice(&new_stem) };

        err = walk_named(&w);
    }
    buf_fini(&inbox);
    buf_fini(&dir);
    buf_fini(&stem);
    buf_fini(&new_dir);
    buf_fini(&new_stem);
    return err;
}

/* db_quotalegacy_names.c - keys to paths, and the list of all keys */
#include "lib/base/log.h"
#include "lib/conf/conf.h"
#include "lib/db/db_quotalegacy_impl.h"
#include "lib/db/dbfile.h"
#include "lib/db/quotalegacy_format.h"
#include "lib/os/dir.h"
#include "lib/os/path.h"

static char hash_of(struct slice name)
{
    return path_hash(name, conf_bool(CONF_FULLDIRHASH) ? PATH_HASH_FULL : PATH_HASH_FIRST);
}

/* What the hash of a root (without domain) is made from. */
static struct slice hashed_part(struct slice root)
{
    ssize_t dot = slice_find(root, '.');

    return dot < 0 ? root : slice_skip(root, (size_t)dot + 1);
}

static bool has_domains(void)
{
    return strcmp(conf_enum_word(CONF_VIRTDOMAINS), "off") != 0;
}

static void add_letter(struct buf *out, char letter)
{
    path_add(out, slice_make(&letter, 1));
}

err_t ql_path(const char *base, struct slice key, struct buf *out)
{
    struct slice root = key, domain = SLICE_NULL;
    bool in_domain = false;

    buf_reset(out);
    buf_adds(out, base);
    if (has_domains()) {
        root = slice_split(key, QL_DOMAIN_MARK, &domain, &in_domain);
        if (!in_domain)
            root = key;
    }
    if (in_domain) {
        if (!path_is_component(domain))
            return ERR_BADNAME;
        path_add(out, SLICE_LIT(QL_DOMAIN_DIR));
        add_letter(out, hash_of(domain));
        path_add(out, domain);
    }
    path_add(out, SLICE_LIT(QL_QUOTA_DIR));
    if (in_domain && root.n == 0) {
        path_add(out, SLICE_LIT(QL_DOMAIN_ROOT));
        return ERR_OK;
    }
    if (!path_is_component(root))
        return ERR_BADNAME;
    add_letter(out, hash_of(hashed_part(root)));
    path_add(out, root);
    return ERR_OK;
}

/* ---- list --------------------------------------------------------------- */

struct listing {
    struct ordmap *out;
    struct buf dir;                     /* directory being listed */
    struct buf key;                     /* domain with its mark, or empty; then the root */
    char letter;                        /* hash directory being listed */
};

/* List a directory below the current one; one that vanishes meanwhile is empty. */
static err_t list_below(struct listing *l, const char *name, dir_entry_fn *fn)
{
    size_t n = l->dir.n;

    path_add(&l->dir, slice_cstr(name));
    err_t err = dir_list(buf_cstr(&l->dir), fn, l);
    buf_truncate(&l->dir, n);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static void take_key(struct listing *l, struct slice root)
{
    size_t n = l->key.n;

    buf_add_slice(&l->key, root);
    ordmap_put(l->out, buf_slice(&l->key), SLICE_NULL);
    buf_truncate(&l->key, n);
}

static err_t on_root(void *arg, const char *name, enum dir_type type)
{
    struct listing *l = arg;
    struct slice root = slice_cstr(name);

    if (type == DIR_DIR || name[0] == '.' || slice_ends(root, SLICE_LIT(DBFILE_NEW_SUFFIX)))
        return ERR_OK;
    if (hash_of(hashed_part(root)) == l->letter)
        take_key(l, root);
    return ERR_OK;
}

static bool is_letter_dir(const char *name)
{
    return name[0] && !name[1] &&
        ((name[0] >= 'a' && name[0] <= 'z') || (name[0] >= 'A' && name[0] <= 'Z'));
}

static err_t on_quota_entry(void *arg, const char *name, enum dir_type type)
{
    struct listing *l = arg;

    if (is_letter_dir(name) && type == DIR_DIR) {
        l->letter = name[0];
        return list_below(l, name, on_root);
    }
    if (l->key.n && strcmp(name, QL_DOMAIN_ROOT) == 0 && type != DIR_DIR)
        take_key(l, SLICE_NULL);
    return ERR_OK;
}

static err_t on_domain(void *arg, const char *name, enum dir_type type)
{
    struct listing *l = arg;

    if (type != DIR_DIR)
        return ERR_OK;
    buf_reset(&l->key);
    buf_adds(&l->key, name);
    buf_addc(&l->key, QL_DOMAIN_MARK);
    size_t n = l->dir.n;
    path_add(&l->dir, slice_cstr(name));
    err_t err = list_below(l, QL_QUOTA_DIR, on_quota_entry);
    buf_truncate(&l->dir, n);
    return err;
}

static err_t on_domain_letter(void *arg, const char *name, enum dir_type type)
{
    return is_letter_dir(name) && type == DIR_DIR ? list_below(arg, name, on_domain) : ERR_OK;
}

err_t ql_list(const char *base, struct ordmap *out)
{
    struct listing l = { .out = out, .dir = BUF_INIT, .key = BUF_INIT };

    buf_adds(&l.dir, base);
    err_t err = list_below(&l, QL_QUOTA_DIR, on_quota_entry);
    if (!err && has_domains())
        err = list_below(&l, QL_DOMAIN_DIR, on_domain_letter);
    buf_fini(&l.dir);
    buf_fini(&l.key);
    return err;
}

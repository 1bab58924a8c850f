/* berkeley_file.c - see berkeley_file.h */
#ifdef HAVE_LIBDB

#include "lib/db/berkeley_file.h"

#include <db.h>
#include <errno.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/db/ordmap.h"

struct berkeley_file {
    char *path;
    order_fn *order;
    DB *lib;
    DBC *cursor;
    struct ordmap *copy;                /* records of a hash file */
    const struct ordmap_entry *entry;   /* walk in copy: next record */
};

static DBT thing(struct slice s)
{
    DBT t = { .data = (void *)s.p, .size = (u_int32_t)s.n };

    return t;
}

static struct slice bytes_of(const DBT *t)
{
    return slice_make(t->data, t->size);
}

static int compare(DB *lib, const DBT *a, const DBT *b)
{
    const struct berkeley_file *f = lib->app_private;

    return f->order(bytes_of(a), bytes_of(b));
}

static err_t report(const struct berkeley_file *f, int rc, const char *what)
{
    if (rc == 0)
        return ERR_OK;
    if (rc == DB_NOTFOUND)
        return ERR_NOTFOUND;
    log_err("DBERROR: %s: filename=<%s> error=<%s>", what, f->path, db_strerror(rc));
    return rc > 0 && rc != EINVAL ? err_from_errno(rc) : ERR_CORRUPT;
}

/* libdb's own text goes nowhere: report() tells. */
static void be_quiet(const DB_ENV *env, const char *prefix, const char *text)
{
    (void)env, (void)prefix, (void)text;
}

static err_t start(const char *path, order_fn *order, struct berkeley_file **out)
{
    struct berkeley_file *f = mem_zalloc(sizeof *f);

    f->path = mem_strdup(path);
    f->order = order;
    *out = f;
    int rc = db_create(&f->lib, NULL, 0);
    if (rc)
        return report(f, rc, "cannot start libdb");
    f->lib->set_errcall(f->lib, be_quiet);
    f->lib->app_private = f;
    rc = order == order_raw ? 0 : f->lib->set_bt_compare(f->lib, compare);
    return report(f, rc, "cannot start libdb");
}

static err_t give_up(struct berkeley_file **fp, err_t err)
{
    err_t closed = berkeley_file_close(fp);

    (void)closed;
    return err;
}

static err_t copy_hash(struct berkeley_file *f)
{
    DBT key = { 0 }, value = { 0 };
    int rc;

    f->copy = ordmap_new(f->order);
    while ((rc = f->cursor->get(f->cursor, &key, &value, DB_NEXT)) == 0)
        ordmap_put(f->copy, bytes_of(&key), bytes_of(&value));
    return rc == DB_NOTFOUND ? ERR_OK : report(f, rc, "cannot read");
}

err_t berkeley_file_open(const char *path, order_fn *order, struct berkeley_file **out)
{
    DBTYPE type = DB_UNKNOWN;
    err_t err = start(path, order, out);

    if (err)
        return give_up(out, err);
    DB *lib = (*out)->lib;
    int rc = lib->open(lib, NULL, path, NULL, DB_UNKNOWN, DB_RDONLY, 0);
    if (rc == 0)
        rc = lib->get_type(lib, &type);
    if (rc == 0)
        rc = lib->cursor(lib, NULL, &(*out)->cursor, 0);
    err = report(*out, rc, "cannot open");
    if (!err && type == DB_HASH)
        err = copy_hash(*out);
    return err ? give_up(out, err) : ERR_OK;
}

err_t berkeley_file_fill(const char *path, order_fn *order, struct berkeley_file **out)
{
    err_t err = start(path, order, out);

    /* where the file is missing, libdb makes a temporary one and renames it; when a crash has
     * left one of that name it waits for ever: hence DB_TRUNCATE */
    if (!err)
        err = report(*out, (*out)->lib->open((*out)->lib, NULL, path, NULL, DB_BTREE,
                                             DB_CREATE | DB_TRUNCATE, 0), "cannot create");
    return err ? give_up(out, err) : ERR_OK;
}

err_t berkeley_file_put(struct berkeley_file *f, struct slice key, struct slice value)
{
    DBT k = thing(key), v = thing(value);

    return report(f, f->lib->put(f->lib, NULL, &k, &v, 0), "cannot write");
}

err_t berkeley_file_close(struct berkeley_file **fp)
{
    struct berkeley_file *f = *fp;
    int rc = 0;

    *fp = NULL;
    if (!f)
        return ERR_OK;
    if (f->cursor)
        rc = f->cursor->close(f->cursor);
    if (f->lib) {
        int closed = f->lib->close(f->lib, 0);
        rc = rc ? rc : closed;
    }
    err_t err = report(f, rc, "cannot close");
    ordmap_free(&f->copy);
    mem_free(f->path);
    mem_free(f);
    return err;
}

static err_t take(struct berkeley_file *f, u_int32_t how, struct slice from, struct slice *key,
                  struct slice *value)
{
    DBT k = thing(from), v = { 0 };
    int rc = f->cursor->get(f->cursor, &k, &v, how);

    if (rc)
        return report(f, rc, "cannot read");
    *key = bytes_of(&k);
    *value = bytes_of(&v);
    return ERR_OK;
}

err_t berkeley_file_next(struct berkeley_file *f, struct slice *key, struct slice *value)
{
    if (!f->copy)
        return take(f, DB_NEXT, SLICE_NULL, key, value);
    if (!f->entry)
        return ERR_NOTFOUND;
    *key = f->entry->key;
    *value = f->entry->value;
    f->entry = ordmap_next(f->entry);
    return ERR_OK;
}

err_t berkeley_file_seek(struct berkeley_file *f, struct slice from, bool inclusive,
                         struct slice *key, struct slice *value)
{
    if (f->copy) {
        f->entry = ordmap_seek(f->copy, from, inclusive);
        return berkeley_file_next(f, key, value);
    }
    err_t err = take(f, from.n ? DB_SET_RANGE : DB_FIRST, from, key, value);
    if (!err && !inclusive && from.n && f->order(*key, from) == 0)
        err = take(f, DB_NEXT, SLICE_NULL, key, value);
    return err;
}

#else

typedef int berkeley_is_not_built;      /* ISO C wants something in a file */

#endif

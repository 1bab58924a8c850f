/* db_flat.c - the flat engine: a sorted text file that is written anew for every change
 *
 * The file never changes in place, so readers need no lock: they look whether the path still
 * names the file they have mapped.  A new file is gone through once; if it is not sorted or
 * escaped as we do it (people edit these files) its records are read into memory and served
 * from there.
 * Everything inside works on escaped keys and values.
 */
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/db/db_impl.h"
#include "lib/db/dbfile.h"
#include "lib/db/flat_format.h"
#include "lib/db/ordmap.h"
#include "lib/db/overlay.h"
#include "lib/os/file.h"

enum { WRITE_CHUNK = 256 * 1024 };

struct flat {
    struct dbfile file;
    bool known;                         /* the mapped file has been gone through */
    uint64_t known_size;
    struct ordmap *copy;                /* its records, if they are not in order; else NULL */
    struct ordmap *pending;             /* changes of the transaction */
    size_t at;                          /* walk: next line */
    const struct ordmap_entry *entry;   /* walk in copy: next entry */
};

static struct flat *state(struct db *db)
{
    return db->state;
}

/* ---- escapes ------------------------------------------------------------ */

static void add_escaped(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (c == FLAT_ESCAPE || memchr(FLAT_ESCAPED, c, FLAT_NESCAPED)) {
            buf_addc(out, (char)FLAT_ESCAPE);
            c |= FLAT_ESCAPE_BIT;
        }
        buf_addc(out, (char)c);
    }
}

static void add_unescaped(struct buf *out, struct slice s)
{
    while (s.n) {
        const char *esc = memchr(s.p, FLAT_ESCAPE, s.n);
        size_t plain = esc ? (size_t)(esc - s.p) : s.n;
        buf_add(out, s.p, plain);
        s = slice_skip(s, plain);
        if (s.n < 2)
            return;
        uint8_t c = (uint8_t)s.p[1];
        buf_addc(out, (char)(c == FLAT_ESCAPE ? c : c & ~FLAT_ESCAPE_BIT));
        s = slice_skip(s, 2);
    }
}

/* ---- lines -------------------------------------------------------------- */

/* The line at `at`, which is before the end of the (checked) text; returns the next one. */
static size_t line_at(struct slice text, size_t at, struct slice *key, struct slice *value)
{
    const char *p = text.p + at, *end = memchr(p, FLAT_LINE_END, text.n - at);
    size_t n = end ? (size_t)(end - p) : text.n - at;
    const char *tab = memchr(p, FLAT_KEY_END, n);

    *key = slice_make(p, tab ? (size_t)(tab - p) : n);
    *value = tab ? slice_make(tab + 1, n - key->n - 1) : SLICE_NULL;
    return end ? at + n + 1 : text.n;
}

/* Offset of the first line whose key is not below key. */
static size_t search(struct slice text, struct slice key)
{
    size_t low = 0, high = text.n;      /* both at starts of lines (or the end) */
    struct slice k, v;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        while (mid > low && text.p[mid - 1] != FLAT_LINE_END)
            mid--;
        size_t next = line_at(text, mid, &k, &v);
        if (order_mbox(k, key) < 0)
            low = next;
        else
            high = mid;
    }
    return low;
}

/* Is every escape in the key one of ours?  Only then the search finds it. */
static bool is_canonical(struct slice key)
{
    for (size_t i = 0; i < key.n; i++) {
        uint8_t c = (uint8_t)key.p[i];
        if (c != FLAT_ESCAPE)
            continue;
        if (++i == key.n)
            return false;
        c = (uint8_t)key.p[i];
        if (c != FLAT_ESCAPE && (!(c & FLAT_ESCAPE_BIT) ||
                                 !memchr(FLAT_ESCAPED, c & ~FLAT_ESCAPE_BIT, FLAT_NESCAPED)))
            return false;
    }
    return key.n > 0;
}

static bool is_sorted(struct slice text)
{
    struct slice prev = SLICE_NULL, key, value;

    if (text.n && (memchr(text.p, '\0', text.n) || memchr(text.p, '\r', text.n)))
        return false;                   /* should be escaped */
    for (size_t at = 0; at < text.n; prev = key) {
        at = line_at(text, at, &key, &value);
        if (!is_canonical(key) || (prev.n && order_mbox(prev, key) >= 0))
            return false;
    }
    return true;
}

static struct ordmap *sorted_copy(struct slice text)
{
    struct ordmap *m = ordmap_new(order_mbox);
    struct buf plain = BUF_INIT, escaped = BUF_INIT;
    struct slice key, value;

    for (size_t at = 0; at < text.n; ) {
        at = line_at(text, at, &key, &value);
        buf_reset(&plain);
        buf_reset(&escaped);
        add_unescaped(&plain, key);
        add_escaped(&escaped, buf_slice(&plain));
        size_t keylen = escaped.n;
        buf_reset(&plain);
        add_unescaped(&plain, value);
        add_escaped(&escaped, buf_slice(&plain));
        if (keylen)                     /* an empty line holds nothing */
            ordmap_put(m, slice_cut(buf_slice(&escaped), 0, keylen),
                       slice_skip(buf_slice(&escaped), keylen));
    }
    buf_fini(&plain);
    buf_fini(&escaped);
    return m;
}

/* Go through a file that has not been seen yet. */
static err_t examine(struct flat *fl, bool replaced)
{
    struct slice text = dbfile_bytes(&fl->file);

    if (fl->known && !replaced && fl->known_size == fl->file.size)
        return ERR_OK;
    fl->known = false;
    ordmap_free(&fl->copy);
    if (db_is_recognisable(text))
        return db_not_ours(&fl->file, "flat");
    if (text.n && text.p[text.n - 1] != FLAT_LINE_END)
        return db_corrupt(fl->file.path, "last line has no end", text.n);
    if (!is_sorted(text))
        fl->copy = sorted_copy(text);
    fl->known = true;
    fl->known_size = fl->file.size;
    return dbfile_ok(&fl->file);
}

/* ---- the file as a source of records ------------------------------------ */

static err_t source_next(void *arg, struct slice *key, struct slice *value)
{
    struct flat *fl = arg;
    struct slice text = dbfile_bytes(&fl->file);

    if (fl->copy) {
        if (!fl->entry)
            return ERR_NOTFOUND;
        *key = fl->entry->key;
        *value = fl->entry->value;
        fl->entry = ordmap_next(fl->entry);
        return ERR_OK;
    }
    if (fl->at >= text.n)
        return ERR_NOTFOUND;
    fl->at = line_at(text, fl->at, key, value);
    return ERR_OK;
}

static err_t source_seek(void *arg, struct slice from, bool inclusive, struct slice *key,
                         struct slice *value)
{
    struct flat *fl = arg;

    if (fl->copy)
        fl->entry = ordmap_seek(fl->copy, from, inclusive);
    else
        fl->at = from.n ? search(dbfile_bytes(&fl->file), from) : 0;
    err_t err = source_next(fl, key, value);
    if (!err && !inclusive && from.n && order_mbox(*key, from) == 0)
        err = source_next(fl, key, value);
    return err;
}

static struct overlay_source source(struct flat *fl)
{
    return (struct overlay_source){ source_seek, source_next, fl };
}

/* ---- open and close ------------------------------------------------------ */

static err_t flat_open(struct db *db)
{
    struct flat *fl = mem_zalloc(sizeof *fl);
    bool replaced;

    db->state = fl;
    err_t err = dbfile_open(&fl->file, db->path, &db->flags);
    if (!err)
        err = dbfile_refresh(&fl->file, &replaced);
    return err ? err : examine(fl, true);
}

static void flat_close(struct db *db)
{
    struct flat *fl = state(db);

    dbfile_close(&fl->file);
    ordmap_free(&fl->copy);
    ordmap_free(&fl->pending);
    mem_free(fl);
    db->state = NULL;
}

/* ---- reading ------------------------------------------------------------ */

static err_t read_begin(struct db *db)
{
    struct flat *fl = state(db);
    bool replaced;

    if (db->txn)
        return ERR_OK;
    err_t err = dbfile_refresh(&fl->file, &replaced);
    return err ? err : examine(fl, replaced);
}

static err_t lookup(struct flat *fl, struct slice key, struct slice *value)
{
    const struct ordmap_entry *e = fl->pending ? ordmap_find(fl->pending, key) : NULL;
    struct slice found;

    if (e) {
        *value = e->value;
        return e->deleted ? ERR_NOTFOUND : ERR_OK;
    }
    err_t err = source_seek(fl, key, true, &found, value);
    return !err && order_mbox(found, key) != 0 ? ERR_NOTFOUND : err;
}

static err_t flat_fetch(struct db *db, struct slice key, struct buf *value)
{
    struct flat *fl = state(db);
    struct buf escaped = BUF_INIT;
    struct slice v = SLICE_NULL;
    err_t err = read_begin(db);

    if (err)
        return err;
    add_escaped(&escaped, key);
    err = lookup(fl, buf_slice(&escaped), &v);
    if (!err)
        add_unescaped(value, v);
    buf_fini(&escaped);
    err_t gone = dbfile_ok(&fl->file);
    return gone ? ERR_CORRUPT : err;
}

struct collecting {
    struct db_batch *batch;
    struct slice prefix;                /* escaped */
    struct buf key, value;
};

static err_t collect_one(void *arg, struct slice key, struct slice value)
{
    struct collecting *c = arg;
    enum db_match match = db_prefix_match(order_mbox, key, c->prefix);

    if (db_batch_full(c->batch))
        return ERR_STOP;
    if (match == DB_MATCH_PAST)
        return ERR_NOTFOUND;
    if (match == DB_MATCH_YES) {
        buf_reset(&c->key);
        buf_reset(&c->value);
        add_unescaped(&c->key, key);
        add_unescaped(&c->value, value);
        db_batch_add(c->batch, buf_slice(&c->key), buf_slice(&c->value));
    }
    return ERR_OK;
}

static err_t flat_collect(struct db *db, struct slice from, bool inclusive, struct slice prefix,
                          struct db_batch *batch)
{
    struct flat *fl = state(db);
    struct buf escaped = BUF_INIT, escaped_prefix = BUF_INIT;
    err_t err = read_begin(db);

    if (err)
        return err;
    add_escaped(&escaped, from);
    add_escaped(&escaped_prefix, prefix);
    struct collecting c = { .batch = batch, .prefix = buf_slice(&escaped_prefix) };
    struct overlay_source src = source(fl);
    err = overlay_walk(&src, fl->pending, order_mbox, buf_slice(&escaped), inclusive, collect_one,
                       &c);
    batch->end = err != ERR_STOP;
    if (err == ERR_STOP || err == ERR_NOTFOUND)
        err = ERR_OK;
    buf_fini(&c.key);
    buf_fini(&c.value);
    buf_fini(&escaped);
    buf_fini(&escaped_prefix);
    err_t gone = dbfile_ok(&fl->file);
    return gone ? ERR_CORRUPT : err;
}

/* ---- transactions ------------------------------------------------------- */

static void end_txn(struct flat *fl)
{
    ordmap_free(&fl->pending);
    dbfile_unlock(&fl->file);
}

static err_t flat_begin(struct db *db)
{
    struct flat *fl = state(db);
    bool replaced;
    err_t err = dbfile_lock(&fl->file, DBFILE_EXCLUSIVE, &replaced);

    if (err)
        return err;
    err = examine(fl, replaced);
    if (err)
        dbfile_unlock(&fl->file);
    else
        fl->pending = ordmap_new(order_mbox);
    return err;
}

struct writing {
    int fd;
    const char *path;
    struct buf out;
};

static err_t write_out(struct writing *w)
{
    err_t err = file_write_all(w->fd, w->path, w->out.p, w->out.n);

    buf_reset(&w->out);
    return err;
}

static err_t write_one(void *arg, struct slice key, struct slice value)
{
    struct writing *w = arg;

    buf_add_slice(&w->out, key);
    buf_addc(&w->out, FLAT_KEY_END);
    buf_add_slice(&w->out, value);
    buf_addc(&w->out, FLAT_LINE_END);
    return w->out.n >= WRITE_CHUNK ? write_out(w) : ERR_OK;
}

/* The new file has its name, but that is not durable, and the caller will be told that nothing was
 * changed: the old bytes get the name again. */
static void put_back(const struct flat *fl, const char *new_path)
{
    const uint8_t *old = dbfile_at(&fl->file, 0, fl->file.size);

    if (file_is_same(fl->file.fd, fl->file.path) || (fl->file.size && !old))
        return;
    if (file_replace(fl->file.path, new_path, slice_make(old, fl->file.size),
                     dbfile_mode(&fl->file), FILE_NOSYNC) != ERR_OK)
        log_err("DBERROR: a change that failed cannot be taken back: filename=<%s>",
                fl->file.path);
}

/* Write the merged records to <path>.NEW and put it in place. */
static err_t write_anew(struct flat *fl, const struct overlay_source *src)
{
    struct buf name = BUF_INIT;
    struct writing w = { .fd = -1 };

    buf_addf(&name, "%s" DBFILE_NEW_SUFFIX, fl->file.path);
    w.path = buf_cstr(&name);
    err_t err = file_replace_begin(w.path, dbfile_mode(&fl->file), &w.fd);
    if (!err) {
        if (src)
            err = overlay_walk(src, fl->pending, order_mbox, SLICE_NULL, true, write_one, &w);
        if (!err)
            err = write_out(&w);
        if (!err)
            err = dbfile_ok(&fl->file);
        if (err)
            file_replace_abort(w.path, &w.fd);
        else
            err = file_replace_commit(fl->file.path, w.path, &w.fd,
                                      dbfile_is_derived(&fl->file) ? FILE_NOSYNC : FILE_SYNC);
        if (err)
            put_back(fl, w.path);
    }
    buf_fini(&w.out);
    buf_fini(&name);
    return err;
}

static err_t flat_commit(struct db *db)
{
    struct flat *fl = state(db);
    struct overlay_source src = source(fl);
    err_t err = ordmap_count(fl->pending) ? write_anew(fl, &src) : ERR_OK;

    end_txn(fl);
    return err;
}

static void flat_abort(struct db *db)
{
    end_txn(state(db));
}

static err_t flat_store(struct db *db, struct slice key, struct slice value,
                        enum db_store_mode mode)
{
    struct flat *fl = state(db);
    struct buf k = BUF_INIT, v = BUF_INIT;
    struct slice old;

    add_escaped(&k, key);
    add_escaped(&v, value);
    err_t err = lookup(fl, buf_slice(&k), &old);
    if (!err && mode == DB_STORE_NEW) {
        err = ERR_EXISTS;
    } else if (err == ERR_NOTFOUND || (!err && !slice_eq(old, buf_slice(&v)))) {
        ordmap_put(fl->pending, buf_slice(&k), buf_slice(&v));
        err = ERR_OK;
    }
    buf_fini(&k);
    buf_fini(&v);
    return err;
}

static err_t flat_remove(struct db *db, struct slice key)
{
    struct flat *fl = state(db);
    struct buf k = BUF_INIT;
    struct slice old;

    add_escaped(&k, key);
    err_t err = lookup(fl, buf_slice(&k), &old);
    if (!err)
        ordmap_put_tombstone(fl->pending, buf_slice(&k));
    buf_fini(&k);
    return err;
}

/* ---- care --------------------------------------------------------------- */

static err_t flat_check(struct db *db, struct buf *report)
{
    struct flat *fl = state(db);
    err_t err = read_begin(db);

    if (err)
        buf_adds(report, "not a flat file\n");
    else if (fl->copy)
        buf_adds(report, "lines are not in order\n");
    return err ? err : fl->copy ? ERR_CORRUPT : ERR_OK;
}

static err_t flat_recreate(struct db *db)
{
    struct flat *fl = state(db);
    err_t err = dbfile_lock(&fl->file, DBFILE_EXCLUSIVE, NULL);

    if (err)
        return err;
    err = write_anew(fl, NULL);
    fl->known = false;
    dbfile_unlock(&fl->file);
    return err;
}

static struct dbfile *flat_file(struct db *db)
{
    return &state(db)->file;
}

const struct db_engine db_flat_engine = {
    .name = "flat",
    .order = order_mbox,
    .open = flat_open,
    .close = flat_close,
    .fetch = flat_fetch,
    .collect = flat_collect,
    .begin = flat_begin,
    .commit = flat_commit,
    .abort = flat_abort,
    .store = flat_store,
    .remove = flat_remove,
    .check = flat_check,
    .recreate = flat_recreate,
    .file = flat_file,
};

/* dlist.c - trees of dlist.h: building, looking up, converting */
#include "lib/text/dlist.h"

#include "lib/base/num.h"

struct dlist *dlist_new(struct arena *a, enum dlist_kind kind, struct dlist *parent,
                        const char *key)
{
    struct dlist *d = arena_alloc(a, sizeof *d);

    d->kind = kind;
    d->key = slice_cstr(key);
    if (parent) {
        if (parent->tail)
            parent->tail->next = d;
        else
            parent->head = d;
        parent->tail = d;
        parent->count++;
    }
    return d;
}

static struct dlist *add_bytes(struct arena *a, enum dlist_kind kind, struct dlist *parent,
                               const char *key, struct slice s)
{
    struct dlist *d = dlist_new(a, s.p ? kind : DLIST_NIL, parent, key);

    d->text = s;
    return d;
}

struct dlist *dlist_add_text(struct arena *a, struct dlist *parent, const char *key, struct slice s)
{
    return add_bytes(a, DLIST_ATOM, parent, key, s);
}

struct dlist *dlist_add_flag(struct arena *a, struct dlist *parent, const char *key, struct slice s)
{
    return add_bytes(a, DLIST_FLAG, parent, key, s);
}

struct dlist *dlist_add_buf(struct arena *a, struct dlist *parent, const char *key, struct slice s)
{
    return add_bytes(a, DLIST_BUF, parent, key, s);
}

struct dlist *dlist_add_num(struct arena *a, struct dlist *parent, const char *key, uint64_t n)
{
    struct dlist *d = dlist_new(a, DLIST_NUM, parent, key);

    d->num = n;
    return d;
}

struct dlist *dlist_add_hex(struct arena *a, struct dlist *parent, const char *key, uint64_t n)
{
    struct dlist *d = dlist_new(a, DLIST_HEX, parent, key);

    d->num = n;
    return d;
}

struct dlist *dlist_add_guid(struct arena *a, struct dlist *parent, const char *key,
                             const struct guid *g)
{
    struct dlist *d = dlist_new(a, DLIST_GUID, parent, key);

    d->guid = *g;
    return d;
}

struct dlist *dlist_add_list(struct arena *a, struct dlist *parent, const char *key)
{
    return dlist_new(a, DLIST_LIST, parent, key);
}

struct dlist *dlist_add_kvlist(struct arena *a, struct dlist *parent, const char *key)
{
    return dlist_new(a, DLIST_KVLIST, parent, key);
}

/* ---- parsing ---- */

static const enum dlist_kind kind_of_event[] = {
    [DLIST_EV_NIL] = DLIST_NIL,     [DLIST_EV_ATOM] = DLIST_ATOM,
    [DLIST_EV_FLAG] = DLIST_FLAG,   [DLIST_EV_LITERAL] = DLIST_BUF,
    [DLIST_EV_FILE] = DLIST_FILE,   [DLIST_EV_LIST] = DLIST_LIST,
    [DLIST_EV_KVLIST] = DLIST_KVLIST,
};

static err_t node_of_event(struct arena *a, struct dlist_reader *r, enum dlist_event ev,
                           struct dlist *parent, struct dlist **out)
{
    struct dlist *d = dlist_new(a, kind_of_event[ev], parent, NULL);

    d->key = r->key;
    d->text = dlist_unescape(a, r);
    d->partition = r->partition;
    *out = d;
    return ev == DLIST_EV_FILE ? guid_parse(&d->guid, r->guid) : ERR_OK;
}

static err_t build(struct arena *a, struct dlist_reader *r, struct dlist **out)
{
    struct dlist *open[DLIST_MAX_DEPTH + 1] = { NULL };
    struct dlist *root = NULL, *d;
    enum dlist_event ev;
    size_t nodes = 0;
    err_t err;

    while ((err = dlist_read(r, &ev)) == ERR_OK && ev != DLIST_EV_END) {
        unsigned depth = r->depth;
        if (ev == DLIST_EV_CLOSE)
            continue;
        if (nodes++ == DLIST_MAX_NODES)
            return ERR_LIMIT;
        if (ev == DLIST_EV_LIST || ev == DLIST_EV_KVLIST)
            depth--;
        err = node_of_event(a, r, ev, open[depth], &d);
        if (err)
            return err;
        if (!root)
            root = d;
        open[r->depth] = r->depth > depth ? d : open[r->depth];
    }
    if (!err)
        *out = root;
    return err;
}

err_t dlist_parse(struct arena *a, struct slice text, enum dlist_mode mode, struct dlist **out)
{
    struct dlist_reader r;

    dlist_reader_init(&r, text, mode);
    return build(a, &r, out);
}

err_t dlist_parse_keyed(struct arena *a, struct slice text, bool files, struct dlist **out)
{
    struct dlist_reader r;
    struct slice key;
    bool found;

    text = slice_split(text, ' ', &key, &found);
    if (!found || key.n == 0 || slice_find(key, '(') >= 0 || slice_find(key, '"') >= 0)
        return ERR_SYNTAX;
    dlist_reader_init(&r, text, DLIST_STREAM);
    r.files = files;
    err_t err = build(a, &r, out);
    if (!err)
        (*out)->key = key;
    return err;
}

/* ---- looking up ---- */

const struct dlist *dlist_find(const struct dlist *list, const char *key)
{
    struct slice want = slice_cstr(key);

    if (!list || list->kind != DLIST_KVLIST)
        return NULL;
    for (const struct dlist *d = list->head; d; d = d->next)
        if (slice_eq(d->key, want))
            return d;
    return NULL;
}

static bool is_text(const struct dlist *d)
{
    return d->kind == DLIST_ATOM || d->kind == DLIST_FLAG || d->kind == DLIST_BUF;
}

err_t dlist_text(const struct dlist *d, struct slice *out)
{
    if (!d)
        return ERR_NOTFOUND;
    if (!is_text(d))
        return ERR_SYNTAX;
    *out = d->text;
    return ERR_OK;
}

err_t dlist_num(const struct dlist *d, uint64_t *out)
{
    if (!d)
        return ERR_NOTFOUND;
    if (d->kind == DLIST_NUM) {
        *out = d->num;
        return ERR_OK;
    }
    return is_text(d) && num_u64(d->text, out) == ERR_OK ? ERR_OK : ERR_SYNTAX;
}

err_t dlist_num32(const struct dlist *d, uint32_t *out)
{
    uint64_t n;
    err_t err = dlist_num(d, &n);

    if (!err && n > UINT32_MAX)
        err = ERR_SYNTAX;
    if (!err)
        *out = (uint32_t)n;
    return err;
}

err_t dlist_hex(const struct dlist *d, uint64_t *out)
{
    if (!d)
        return ERR_NOTFOUND;
    if (d->kind == DLIST_HEX) {
        *out = d->num;
        return ERR_OK;
    }
    return is_text(d) && num_hex64(d->text, out) == ERR_OK ? ERR_OK : ERR_SYNTAX;
}

err_t dlist_guid(const struct dlist *d, struct guid *out)
{
    if (!d)
        return ERR_NOTFOUND;
    if (d->kind == DLIST_GUID || d->kind == DLIST_FILE) {
        *out = d->guid;
        return ERR_OK;
    }
    return is_text(d) && guid_parse(out, d->text) == ERR_OK ? ERR_OK : ERR_SYNTAX;
}

bool dlist_get_text(const struct dlist *list, const char *key, struct slice *out)
{
    return dlist_text(dlist_find(list, key), out) == ERR_OK;
}

bool dlist_get_num(const struct dlist *list, const char *key, uint64_t *out)
{
    return dlist_num(dlist_find(list, key), out) == ERR_OK;
}

bool dlist_get_num32(const struct dlist *list, const char *key, uint32_t *out)
{
    return dlist_num32(dlist_find(list, key), out) == ERR_OK;
}

bool dlist_get_hex(const struct dlist *list, const char *key, uint64_t *out)
{
    return dlist_hex(dlist_find(list, key), out) == ERR_OK;
}

bool dlist_get_guid(const struct dlist *list, const char *key, struct guid *out)
{
    return dlist_guid(dlist_find(list, key), out) == ERR_OK;
}

/* metadata.c - which annotations a client asks for, and how they are told (metadata.h)
 *
 * The values of a mailbox come from one read of its part of annotations.db; names that match a
 * pattern are those of the tables and those that have a value.
 */
#include "imap/imapd/metadata.h"

#include "imap/store/annot.h"
#include "imap/store/annot_define.h"
#include "imap/store/mbname.h"
#include "lib/base/map.h"
#include "lib/text/ascii.h"
#include "lib/text/glob.h"
#include "lib/text/imapout.h"

bool metadata_split(struct slice full, unsigned *attribute, struct slice *name)
{
    static const struct {
        const char *prefix;
        unsigned attribute;
    } kinds[] = { { "/shared", ANNOT_SHARED }, { "/private", ANNOT_PRIVATE } };

    for (size_t i = 0; i < 2; i++) {
        struct slice prefix = slice_cstr(kinds[i].prefix);

        if (!slice_starts_nocase(full, prefix) || (full.n > prefix.n && full.p[prefix.n] != '/'))
            continue;
        *attribute = kinds[i].attribute;
        *name = slice_skip(full, prefix.n);
        return true;
    }
    return false;
}

const char metadata_no_prefix[] = "entry must begin with /shared or /private";

void metadata_bad(struct session *s, err_t err)
{
    if (s->tok.why == metadata_no_prefix)
        reply_bad(s, metadata_no_prefix);
    else
        args_bad(s, err);
}

/* ---- what is asked for ---- */

/* Names are without case (RFC 5464 3.2) and kept in lower case. */
static struct slice lower(struct arena *arena, struct slice name)
{
    char *p = arena_strndup(arena, name.p, name.n);

    for (size_t i = 0; i < name.n; i++)
        p[i] = ascii_lower(p[i]);
    return slice_make(p, name.n);
}

static err_t read_want(struct session *s, int depth, struct vec *out)
{
    struct metadata_want w = { .depth = depth };
    struct slice full;
    err_t err = imaptok_list_mailbox(&s->tok, &full);

    if (err)
        return err;
    if (!metadata_split(full, &w.attributes, &w.name)) {
        s->tok.why = metadata_no_prefix;
        return ERR_SYNTAX;
    }
    if (out->n == METADATA_WANTS_MAX || w.name.n > METADATA_NAME_MAX)
        return ERR_LIMIT;
    w.name = lower(s->base->command, w.name);
    *VEC_PUSH(out, struct metadata_want) = w;
    return ERR_OK;
}

err_t metadata_read_wants(struct session *s, int depth, struct vec *out)
{
    bool more;
    err_t err;

    if (imaptok_peek(&s->tok) != '(')
        return read_want(s, depth, out);
    err = imaptok_open(&s->tok);
    while (!err && (err = imaptok_more(&s->tok, &more)) == ERR_OK && more)
        err = read_want(s, depth, out);
    if (!err && !out->n) {
        s->tok.why = "Missing metadata entry";
        err = ERR_SYNTAX;
    }
    return err;
}

/* ---- the values that are stored ---- */

struct stored {
    struct slice name, value; /* arena */
    enum annot_attribute attribute;
};

struct visiting {
    const struct metadata_target *t;
    struct arena *arena;
    struct slice mine; /* userid under which private values are stored */
    struct vec stored; /* struct stored */
    struct map *told;
    metadata_visit_fn *fn;
    void *arg;
};

static err_t keep(void *arg, struct slice id, struct slice entry, struct slice userid,
                  struct slice value)
{
    struct visiting *v = arg;

    (void)id;
    if (value.n && (!userid.n || slice_eq(userid, v->mine)))
        *VEC_PUSH(&v->stored, struct stored) =
            (struct stored){ arena_dup(v->arena, entry), arena_dup(v->arena, value),
                             userid.n ? ANNOT_PRIVATE : ANNOT_SHARED };
    return ERR_OK;
}

/* ---- telling ---- */

static void tell(struct visiting *v, struct slice name, enum annot_attribute attribute,
                 const struct slice *value)
{
    struct buf key = BUF_INIT;

    buf_addc(&key, attribute == ANNOT_SHARED ? 's' : 'p');
    buf_add_slice(&key, name);
    if (!map_has(v->told, buf_slice(&key))) {
        map_put(v->told, buf_slice(&key), v);
        v->fn(v->arg, &(struct metadata_item){ name, attribute, value != NULL,
                                               value ? *value : SLICE_NULL });
    }
    buf_fini(&key);
}

/* The value of one name, wherever it is; NIL without one. */
static void tell_one(struct visiting *v, const struct annot_entry *e, struct slice name,
                     enum annot_attribute attribute)
{
    struct buf bytes = BUF_INIT;

    if (e && e->source != ANNOT_IN_DB && (e->readable & attribute)) {
        bool has = metadata_computed(v->t, e, &bytes);
        struct slice value = buf_slice(&bytes);
        tell(v, name, attribute, has ? &value : NULL);
        buf_fini(&bytes);
        return;
    }
    for (size_t i = 0; i < v->stored.n; i++) {
        const struct stored *s = VEC_AT(&v->stored, struct stored, i);

        if (s->attribute == attribute && slice_eq_nocase(s->name, name)) {
            tell(v, name, attribute, &s->value);
            return;
        }
    }
    tell(v, name, attribute, NULL);
}

/* ---- choosing ---- */

struct choice {
    const struct metadata_want *w;
    struct glob *glob; /* NULL: by depth */
};

static bool is_chosen(const struct choice *c, struct slice name)
{
    const struct metadata_want *w = c->w;
    struct slice below;

    if (c->glob)
        return glob_matches(c->glob, name);
    if (slice_eq_nocase(name, w->name))
        return true;
    if (name.n <= w->name.n || name.p[w->name.n] != '/' || !slice_starts_nocase(name, w->name))
        return false;
    below = slice_skip(name, w->name.n + 1);
    return w->depth == METADATA_INFINITE || slice_find(below, '/') < 0;
}

static void tell_entry(struct visiting *v, const struct choice *c, const struct annot_entry *e)
{
    static const enum annot_attribute order[] = { ANNOT_PRIVATE, ANNOT_SHARED };
    enum annot_scope scope = v->t->entry ? ANNOT_MAILBOX : ANNOT_SERVER;

    if (e->scope != scope || !is_chosen(c, slice_cstr(e->name)))
        return;
    for (size_t i = 0; i < 2; i++)
        if (e->readable & c->w->attributes & order[i])
            tell_one(v, e, slice_cstr(e->name), order[i]);
}

static void tell_many(struct visiting *v, const struct choice *c)
{
    const struct annot_entry *e;
    size_t n;

    e = annot_entries(&n);
    for (size_t i = 0; i < n; i++)
        tell_entry(v, c, &e[i]);
    e = annot_defined(&n);
    for (size_t i = 0; i < n; i++)
        tell_entry(v, c, &e[i]);
    for (size_t i = 0; i < v->stored.n; i++) {
        const struct stored *s = VEC_AT(&v->stored, struct stored, i);

        if ((s->attribute & c->w->attributes) && is_chosen(c, s->name))
            tell(v, s->name, s->attribute, &s->value);
    }
}

static err_t tell_want(struct visiting *v, const struct metadata_want *w)
{
    struct choice c = { .w = w };
    enum annot_scope scope = v->t->entry ? ANNOT_MAILBOX : ANNOT_SERVER;
    err_t err = ERR_OK;

    if (slice_find(w->name, '*') >= 0 || slice_find(w->name, '%') >= 0)
        err = glob_compile(v->arena, w->name, '/', 0, &c.glob);
    if (err)
        return err;
    if (c.glob || w->depth) {
        tell_many(v, &c);
        return ERR_OK;
    }
    const struct annot_entry *e = annot_entry_find(scope, w->name);
    if (w->attributes & ANNOT_PRIVATE)
        tell_one(v, e, w->name, ANNOT_PRIVATE);
    if (w->attributes & ANNOT_SHARED)
        tell_one(v, e, w->name, ANNOT_SHARED);
    return ERR_OK;
}

err_t metadata_visit(const struct metadata_target *t, const struct metadata_want *wants, size_t n,
                     metadata_visit_fn *fn, void *arg)
{
    struct session_base *b = t->s->base;
    struct slice name = t->entry ? buf_slice(&t->entry->name) : SLICE_NULL;
    struct arena_mark mark = arena_mark(b->command);
    struct visiting v = { .t = t,
                          .arena = b->command,
                          .fn = fn,
                          .arg = arg,
                          .mine = annot_userid(name, ident_userid(b->ident)),
                          .stored = VEC_INIT(struct stored) };
    err_t err =
        annot_of(b->store, t->entry ? buf_slice(&t->entry->uniqueid) : SLICE_NULL, keep, &v);

    v.told = map_new(NULL);
    for (size_t i = 0; i < n && !err; i++)
        err = tell_want(&v, &wants[i]);
    map_free(&v.told);
    vec_fini(&v.stored);
    arena_release(b->command, mark);
    return err;
}

/* ---- the METADATA response ---- */

struct putting {
    struct buf line;
    size_t n;
    uint32_t maxsize, longest;
};

static void put_value(struct buf *b, const struct metadata_item *item)
{
    if (!item->has_value) {
        buf_adds(b, "NIL");
    } else if (memchr(item->value.p, '\0', item->value.n)) {
        imapout_literal_head(b, item->value.n, true, 0); /* RFC 3516 */
        buf_add_slice(b, item->value);
    } else {
        imapout_string(b, item->value, 0);
    }
}

static void put_item(void *arg, const struct metadata_item *item)
{
    struct putting *p = arg;
    struct buf name = BUF_INIT;

    if (item->value.n > p->maxsize) {
        if (item->value.n > p->longest)
            p->longest = (uint32_t)item->value.n;
        return;
    }
    buf_adds(&name, item->attribute == ANNOT_SHARED ? "/shared" : "/private");
    buf_add_slice(&name, item->name);
    if (p->n++)
        buf_addc(&p->line, ' ');
    imapout_string(&p->line, buf_slice(&name), 0);
    buf_addc(&p->line, ' ');
    put_value(&p->line, item);
    buf_fini(&name);
}

err_t metadata_put(const struct metadata_target *t, const struct vec *wants, uint32_t maxsize,
                   uint32_t *longest)
{
    struct putting p = { .line = BUF_INIT, .maxsize = maxsize };
    err_t err;

    buf_adds(&p.line, "* METADATA ");
    if (t->entry)
        session_put_mailbox(t->s, &p.line, buf_slice(&t->entry->name));
    else
        buf_adds(&p.line, "\"\"");
    buf_adds(&p.line, " (");
    err = metadata_visit(t, wants->p, wants->n, put_item, &p);
    buf_adds(&p.line, ")\r\n");
    if (!err && p.n)
        stream_put_slice(out(t->s), buf_slice(&p.line));
    if (p.longest > *longest)
        *longest = p.longest;
    buf_fini(&p.line);
    return err;
}

bool metadata_may_read(const struct session *s, const struct mbentry *e, rights_t rights)
{
    if (s->base->is_admin && acl_admin_covers(buf_slice(&e->name), s->base->ident))
        return true;
    return policy_check(OP_GET_ANNOTATION, rights) == ERR_OK;
}

/* ---- mailboxes by pattern ---- */

struct matching {
    struct session *s;
    struct glob *glob;
    metadata_mailbox_fn *fn;
    void *arg;
    unsigned n;
};

static err_t match(void *arg, const struct mblist_seen *seen)
{
    struct matching *m = arg;

    if (!glob_matches(m->glob, seen->ext) || !metadata_may_read(m->s, seen->entry, seen->rights))
        return ERR_OK;
    m->n++;
    return m->fn(m->arg, seen->entry);
}

err_t metadata_mailboxes(struct session *s, struct slice pattern, metadata_mailbox_fn *fn,
                         void *arg)
{
    enum { RANGES_MAX = 8 };
    struct session_base *b = s->base;
    struct matching m = { .s = s, .fn = fn, .arg = arg };
    struct slice ranges[RANGES_MAX];
    struct buf bytes = BUF_INIT;
    err_t err = glob_compile(b->command, pattern, namespace_sep(s->ns), GLOB_INBOX, &m.glob);

    if (!err) {
        size_t n =
            namespace_scan_ranges(s->ns, glob_literal_prefix(m.glob), &bytes, ranges, RANGES_MAX);
        err = mblist_visible(b->store, s->ns, b->ident, b->is_admin, ranges, n, match, &m);
    }
    buf_fini(&bytes);
    return err ? err : m.n ? ERR_OK : ERR_NOTFOUND;
}

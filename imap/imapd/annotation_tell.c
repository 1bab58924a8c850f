/* annotation_tell.c - annotations of messages as they are told; see annotation.h
 *
 * The values of a message come from one walk over its part of cyrus.annotations.  A wildcard tells of the entries that
 * have a value and of those that are known, each once, in order of their names.
 */
#include "imap/imapd/annotation.h"

#include "imap/store/annot.h"
#include "imap/store/annot_define.h"
#include "imap/store/msgannot_entry.h"
#include "lib/base/log.h"
#include "lib/text/imapout.h"

struct stored {
    struct slice name, value;
    enum annot_attribute attribute;
};

struct telling {
    const struct annotation_want *w;
    struct arena *arena;
    struct slice mine;
    struct vec stored;                          /* struct stored, by name */
    struct vec names;                           /* struct slice */
};

static int by_text(const void *x, const void *y)
{
    return slice_cmp(*(const struct slice *)x, *(const struct slice *)y);
}

static int by_name(const void *x, const void *y)
{
    return slice_cmp(((const struct stored *)x)->name, ((const struct stored *)y)->name);
}

static bool is_wanted(const struct annotation_want *w, struct slice name, bool by_wildcard)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->names[i].glob ? glob_matches(w->names[i].glob, name)
                             : !by_wildcard && slice_eq(w->names[i].name, name))
            return true;
    return false;
}

static err_t keep(void *arg, const struct msgannot_item *item)
{
    struct telling *t = arg;
    const bool is_shared = !item->userid.n;

    if (item->deleted || (!is_shared && !slice_eq(item->userid, t->mine)) || !is_wanted(t->w, item->entry, false))
        return ERR_OK;
    const struct stored one = {
        arena_dup(t->arena, item->entry),
        arena_dup(t->arena, item->value),
        is_shared ? ANNOT_SHARED : ANNOT_PRIVATE,
    };
    *VEC_PUSH(&t->stored, struct stored) = one;
    *VEC_PUSH(&t->names, struct slice) = one.name;
    return ERR_OK;
}

static void add_known(struct telling *t, struct slice name)
{
    if (is_wanted(t->w, name, true))
        *VEC_PUSH(&t->names, struct slice) = name;
}

/* Names without a value: those that were asked for by name, and the known ones that match. */
static void add_names(struct telling *t)
{
    size_t n;
    const struct annot_entry *e = annot_defined(&n);
    bool wildcards = false;

    for (size_t i = 0; i < t->w->n; i++) {
        wildcards |= t->w->names[i].glob != NULL;
        if (!t->w->names[i].glob)
            *VEC_PUSH(&t->names, struct slice) = t->w->names[i].name;
    }
    for (size_t i = 0; wildcards && msgannot_names[i]; i++)
        add_known(t, slice_cstr(msgannot_names[i]));
    for (size_t i = 0; wildcards && i < n; i++)
        if (e[i].scope == ANNOT_MESSAGE)
            add_known(t, slice_cstr(e[i].name));
}

/* First of the stored ones with this name, or their number. */
static size_t find_stored(const struct telling *t, struct slice name)
{
    size_t lo = 0, hi = t->stored.n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (slice_cmp(VEC_AT(&t->stored, struct stored, mid)->name, name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static struct slice value_of(const struct telling *t, struct slice name, enum annot_attribute attribute)
{
    for (size_t i = find_stored(t, name); i < t->stored.n; i++) {
        const struct stored *s = VEC_AT(&t->stored, struct stored, i);

        if (!slice_eq(s->name, name))
            break;
        if (s->attribute == attribute)
            return s->value;
    }
    return SLICE_NULL;
}

/* nstring / literal8 */
static void put_value(struct session *s, struct slice value, struct buf *b)
{
    if (value.p && slice_find(value, '\0') >= 0) {
        imapout_literal_head(b, value.n, true, 0);
        buf_add_slice(b, value);
    } else {
        imapout_nstring(b, value, out_flags(s));
    }
}

static void put_entry(const struct telling *t, struct session *s, struct slice name, struct buf *b)
{
    static const struct {
        unsigned bit;
        const char *name;
        enum annot_attribute attribute;
        bool is_size;
    } rows[] = {
        { AN_VALUE_PRIV, "value.priv ", ANNOT_PRIVATE, false },
        { AN_VALUE_SHARED, "value.shared ", ANNOT_SHARED, false },
        { AN_SIZE_PRIV, "size.priv ", ANNOT_PRIVATE, true },
        { AN_SIZE_SHARED, "size.shared ", ANNOT_SHARED, true },
    };
    const char *before = " (";

    imapout_astring(b, name, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!(t->w->attributes & rows[i].bit))
            continue;
        const struct slice value = value_of(t, name, rows[i].attribute);
        buf_adds(b, before);
        buf_adds(b, rows[i].name);
        if (rows[i].is_size)
            buf_addf(b, "\"%zu\"", value.n);
        else
            put_value(s, value, b);
        before = " ";
    }
    buf_addc(b, ')');
}

void annotation_put(const struct fetch_message *m, const struct annotation_want *w)
{
    struct view *v = m->s->view;
    struct arena *arena = m->s->base->command;
    const struct arena_mark mark = arena_mark(arena);
    struct telling t = {
        w, arena, annot_userid(mailbox_name(view_mailbox(v)), ident_userid(m->s->base->ident)),
        VEC_INIT(struct stored), VEC_INIT(struct slice),
    };
    struct msgannot *a = view_annotations(v);
    const struct slice *last = NULL;

    if (a && msgannot_foreach(a, m->rec.uid, keep, &t) != ERR_OK)
        t.stored.n = 0;
    vec_sort(&t.stored, by_name);
    add_names(&t);
    vec_sort(&t.names, by_text);
    buf_adds(m->b, "ANNOTATION (");
    for (size_t i = 0; i < t.names.n; i++) {
        const struct slice *name = VEC_AT(&t.names, struct slice, i);

        if (last && slice_eq(*last, *name))
            continue;
        if (last)
            buf_addc(m->b, ' ');
        put_entry(&t, m->s, *name, m->b);
        last = name;
    }
    buf_addc(m->b, ')');
    vec_fini(&t.stored);
    vec_fini(&t.names);
    arena_release(arena, mark);
}

bool annotation_wants_parts(const struct annotation_want *w)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->names[i].nparts)
            return true;
    return false;
}

/* ---- what others changed ---- */

struct changed {
    struct slice mine;
    uint64_t since;
    struct buf *out;
    struct buf last;                            /* an entry may have two values: keys are in order of entries */
    size_t n;
};

static err_t add_changed(void *arg, const struct msgannot_item *item)
{
    struct changed *c = arg;

    if (item->modseq <= c->since || (item->userid.n && !slice_eq(item->userid, c->mine)) ||
        (c->n && slice_eq(buf_slice(&c->last), item->entry)))
        return ERR_OK;
    buf_adds(c->out, c->n ? " " : " ANNOTATION (");
    imapout_astring(c->out, item->entry, 0);
    buf_reset(&c->last);
    buf_add_slice(&c->last, item->entry);
    c->n++;
    return ERR_OK;
}

void annotation_put_changed(struct session *s, uint32_t uid, uint64_t since, struct buf *b)
{
    struct msgannot *a = view_annotations(s->view);
    struct changed c = {
        .mine = annot_userid(mailbox_name(view_mailbox(s->view)), ident_userid(s->base->ident)),
        .since = since,
        .out = b,
    };

    if (a && msgannot_foreach(a, uid, add_changed, &c) != ERR_OK)
        log_debug("annotations of %u could not be read to the end", uid);
    if (c.n)
        buf_addc(b, ')');
    buf_fini(&c.last);
}

/* annotation_args.c - annotations in the arguments of commands; see annotation.h */
#include "imap/imapd/annotation.h"

#include "imap/store/msgannot_entry.h"

static err_t fail(struct session *s, const char *why)
{
    s->tok.why = why;
    return ERR_SYNTAX;
}

/* What was collected, in the command arena. */
static void *take_array(struct session *s, const struct vec *v, size_t size)
{
    void *copy = arena_array(s->base->command, v->n + 1, size);

    if (v->n)
        memcpy(copy, v->p, v->n * size);
    return copy;
}

static bool has_wildcard(struct slice name)
{
    return slice_find(name, '*') >= 0 || slice_find(name, '%') >= 0;
}

/* The form of an entry's name; the parts it is about, if any, in the command arena. */
static err_t check_name(struct session *s, struct slice name, const uint32_t **parts, size_t *nparts)
{
    uint32_t found[MSGANNOT_PARTS_MAX];
    uint32_t *copy;

    if (msgannot_name_check(name, found, nparts) != ERR_OK)
        return fail(s, "Invalid annotation entry");
    copy = arena_array(s->base->command, *nparts + 1, sizeof *copy);
    memcpy(copy, found, *nparts * sizeof *copy);
    *parts = copy;
    return ERR_OK;
}

/* ---- what FETCH wants ---- */

static err_t read_wanted_name(struct session *s, struct vec *out)
{
    struct annotation_name n = { .glob = NULL };
    err_t err = imaptok_list_mailbox(&s->tok, &n.name);

    if (err)
        return err;
    if (out->n >= ANNOTATION_WANTS_MAX)
        return ERR_LIMIT;
    n.name = arena_dup(s->base->command, n.name);
    if (!has_wildcard(n.name))
        err = check_name(s, n.name, &n.parts, &n.nparts);
    else if (n.name.n > MSGANNOT_NAME_MAX || glob_compile(s->base->command, n.name, '/', 0, &n.glob) != ERR_OK)
        err = fail(s, "Invalid annotation entry");
    if (!err)
        *VEC_PUSH(out, struct annotation_name) = n;
    return err;
}

static const struct {
    const char *name;
    unsigned bits;
} attributes[] = {
    { "value", AN_VALUE_PRIV | AN_VALUE_SHARED }, { "value.priv", AN_VALUE_PRIV },
    { "value.shared", AN_VALUE_SHARED },          { "size", AN_SIZE_PRIV | AN_SIZE_SHARED },
    { "size.priv", AN_SIZE_PRIV },                { "size.shared", AN_SIZE_SHARED },
};

/* Names of attributes are with case (RFC 5257 3.2). */
static err_t read_attribute(struct session *s, unsigned *bits)
{
    struct slice word;
    err_t err = imaptok_astring(&s->tok, &word);

    if (err)
        return err;
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        if (!slice_eqs(word, attributes[i].name))
            continue;
        *bits |= attributes[i].bits;
        return ERR_OK;
    }
    return fail(s, "Invalid annotation attribute");
}

/* One, or a list of one or more. */
static err_t read_some(struct session *s, err_t (*one)(struct session *, void *), void *arg)
{
    bool more, any = false;
    err_t err;

    if (imaptok_peek(&s->tok) != '(')
        return one(s, arg);
    err = imaptok_open(&s->tok);
    while (!err && (err = imaptok_more(&s->tok, &more)) == ERR_OK && more) {
        err = one(s, arg);
        any = true;
    }
    return !err && !any ? fail(s, "Empty list") : err;
}

static err_t one_name(struct session *s, void *names)
{
    return read_wanted_name(s, names);
}

static err_t one_attribute(struct session *s, void *bits)
{
    return read_attribute(s, bits);
}

err_t annotation_read_want(struct session *s, struct annotation_want *w)
{
    struct vec names = VEC_INIT(struct annotation_name);
    err_t err;

    for (size_t i = 0; i < w->n; i++)
        *VEC_PUSH(&names, struct annotation_name) = w->names[i];
    if ((err = imaptok_sp(&s->tok)) == ERR_OK && (err = imaptok_char(&s->tok, '(')) == ERR_OK
        && (err = read_some(s, one_name, &names)) == ERR_OK && (err = imaptok_sp(&s->tok)) == ERR_OK
        && (err = read_some(s, one_attribute, &w->attributes)) == ERR_OK)
        err = imaptok_char(&s->tok, ')');
    w->names = take_array(s, &names, sizeof *w->names);
    w->n = names.n;
    vec_fini(&names);
    return err;
}

struct annotation_want *annotation_keep(const struct annotation_want *w, struct arena *arena)
{
    struct annotation_want *kept = arena_alloc(arena, sizeof *kept);

    *kept = (struct annotation_want){ .attributes = w->attributes, .n = w->n };
    kept->names = arena_array(arena, w->n + 1, sizeof *kept->names);
    for (size_t i = 0; i < w->n; i++) {
        struct annotation_name *n = &kept->names[i];
        uint32_t *parts = arena_array(arena, w->names[i].nparts + 1, sizeof *parts);

        *n = w->names[i];
        n->name = arena_dup(arena, n->name);
        if (n->nparts)
            memcpy(parts, n->parts, n->nparts * sizeof *parts);
        n->parts = parts;
        if (n->glob && glob_compile(arena, n->name, '/', 0, &n->glob) != ERR_OK)
            n->glob = NULL;                     /* cannot be: it was compiled before */
    }
    return kept;
}

/* ---- SEARCH and SORT ---- */

err_t annotation_read_attribute(struct session *s, bool both_too, unsigned *out)
{
    struct slice word;
    err_t err = imaptok_sp(&s->tok);

    if (!err)
        err = imaptok_astring(&s->tok, &word);
    if (err)
        return err;
    if (slice_eqs(word, "value.priv"))
        *out = ANNOT_PRIVATE;
    else if (slice_eqs(word, "value.shared"))
        *out = ANNOT_SHARED;
    else if (both_too && slice_eqs(word, "value"))
        *out = ANNOT_PRIVATE | ANNOT_SHARED;
    else
        return fail(s, "Invalid annotation attribute");
    return ERR_OK;
}

err_t annotation_read_entry(struct session *s, struct slice *name)
{
    const uint32_t *parts;
    size_t n;
    err_t err = imaptok_sp(&s->tok);

    if (!err)
        err = imaptok_astring(&s->tok, name);
    if (err)
        return err;
    *name = arena_dup(s->base->command, *name);
    return check_name(s, *name, &parts, &n);
}

/* ---- what STORE and APPEND set ---- */

struct reading {
    struct session *s;
    annotation_literal_fn *literal;
    struct annotation_changes *out;
    struct vec list;                            /* struct annotation_change */
};

/* A literal that is still on the wire; the lists were opened in the text before it. */
static err_t fetch_literal(struct reading *r, struct slice *value)
{
    struct session *s = r->s;
    const unsigned depth = s->tok.depth;
    struct imaptok_literal lit;
    err_t err = imaptok_literal_head(&s->tok, &lit);

    if (!err && lit.size > MSGANNOT_VALUE_MAX) {
        r->out->fault = ANNOTATION_TOOBIG;
        err = ERR_LIMIT;
    }
    if (!err)
        err = r->literal(s, &lit, value);
    s->tok.depth = depth;
    s->tok.opened = NULL;
    return err;
}

static err_t read_value(struct reading *r, struct slice *value)
{
    struct session *s = r->s;
    const struct imaptok at = s->tok;
    err_t err = imaptok_nstring(&s->tok, value);

    if (err == ERR_AGAIN && r->literal) {
        s->tok = at;
        return fetch_literal(r, value);
    }
    if (!err && value->p)
        *value = arena_dup(s->base->command, *value);
    return err;
}

static err_t read_set_attribute(struct session *s, struct annotation_change *c)
{
    struct slice word;
    err_t err = imaptok_astring(&s->tok, &word);

    if (err)
        return err;
    c->is_size = slice_starts(word, SLICE_LIT("size."));
    if (slice_eqs(word, "value.priv") || slice_eqs(word, "size.priv"))
        c->attribute = ANNOT_PRIVATE;
    else if (slice_eqs(word, "value.shared") || slice_eqs(word, "size.shared"))
        c->attribute = ANNOT_SHARED;
    else
        return fail(s, "Invalid annotation attribute");
    return ERR_OK;
}

static err_t read_att_value(struct reading *r, struct annotation_change *c)
{
    err_t err = read_set_attribute(r->s, c);

    if (!err)
        err = imaptok_sp(&r->s->tok);
    if (!err)
        err = read_value(r, &c->value);
    if (err)
        return err;
    if (r->list.n >= ANNOTATION_CHANGES_MAX) {
        r->out->fault = ANNOTATION_TOOMANY;
        return ERR_LIMIT;
    }
    r->out->bytes += c->value.n;
    *VEC_PUSH(&r->list, struct annotation_change) = *c;
    return ERR_OK;
}

static err_t read_entry_att(struct reading *r)
{
    struct session *s = r->s;
    struct annotation_change c = { .is_size = false };
    bool more, any = false;
    err_t err = imaptok_astring(&s->tok, &c.entry);

    if (err)
        return err;
    c.entry = arena_dup(s->base->command, c.entry);
    if ((err = check_name(s, c.entry, &c.parts, &c.nparts)) != ERR_OK || (err = imaptok_sp(&s->tok)) != ERR_OK)
        return err;
    err = imaptok_open(&s->tok);
    while (!err && (err = imaptok_more(&s->tok, &more)) == ERR_OK && more) {
        err = read_att_value(r, &c);
        any = true;
    }
    return !err && !any ? fail(s, "Missing annotation attribute") : err;
}

err_t annotation_read_changes(struct session *s, annotation_literal_fn *literal, struct annotation_changes *out)
{
    struct reading r = { s, literal, out, VEC_INIT(struct annotation_change) };
    bool more;
    err_t err = imaptok_open(&s->tok);

    s->tok.flags |= IMAPTOK_BINARY;             /* value = nstring / literal8 */
    while (!err && (err = imaptok_more(&s->tok, &more)) == ERR_OK && more)
        err = read_entry_att(&r);
    if (!err && !r.list.n)
        err = fail(s, "Missing annotation entry");
    out->all = take_array(s, &r.list, sizeof *out->all);
    out->n = r.list.n;
    vec_fini(&r.list);
    return err;
}

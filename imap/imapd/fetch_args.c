/* fetch_args.c - item list of FETCH to struct fetch; see fetch.h */
#include "imap/imapd/fetch.h"

#include "imap/imapd/annotation.h"
#include "lib/text/imapout.h"

static const struct {
    const char *name;
    unsigned items;
    bool macro;                     /* stands alone, not within a list */
} plain_items[] = {
    { "ALL", F_FLAGS | F_INTERNALDATE | F_SIZE | F_ENVELOPE, true },
    { "FAST", F_FLAGS | F_INTERNALDATE | F_SIZE, true },
    { "FULL", F_FLAGS | F_INTERNALDATE | F_SIZE | F_ENVELOPE | F_BODY, true },
    { "FLAGS", F_FLAGS, false },
    { "UID", F_UID, false },
    { "INTERNALDATE", F_INTERNALDATE, false },
    { "RFC822.SIZE", F_SIZE, false },
    { "ENVELOPE", F_ENVELOPE, false },
    { "BODYSTRUCTURE", F_BODYSTRUCTURE, false },
    { "MODSEQ", F_MODSEQ, false },
    { "SAVEDATE", F_SAVEDATE, false },                  /* RFC 8514 */
    { "EMAILID", F_EMAILID, false },                    /* RFC 8474 */
    { "THREADID", F_THREADID, false },
    { "DIGEST.SHA1", F_DIGEST, false },                 /* these three as in 3.6 */
    { "RFC822.FILESIZE", F_FILESIZE, false },
    { "CREATEDMODSEQ", F_CREATEDMODSEQ, false },
};

/* Old names of sections. */
static const struct {
    const char *name;
    enum section_kind kind;
    bool peek;
} old_sections[] = {
    { "RFC822", SECTION_WHOLE, false },
    { "RFC822.HEADER", SECTION_HEADER, true },
    { "RFC822.TEXT", SECTION_TEXT, false },
};

static const struct {
    const char *name;
    enum section_kind kind;
    bool has_fields, needs_part;
} specs[] = {
    { "HEADER", SECTION_HEADER, false, false },
    { "HEADER.FIELDS", SECTION_FIELDS, true, false },
    { "HEADER.FIELDS.NOT", SECTION_FIELDS_NOT, true, false },
    { "TEXT", SECTION_TEXT, false, false },
    { "MIME", SECTION_MIME, false, true },
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct fetch_section *add_section(struct fetch *f)
{
    return VEC_PUSH(&f->sections, struct fetch_section);
}

static err_t read_fields(struct session *s, struct fetch_section *sec)
{
    struct imaptok *t = &s->tok;
    struct vec names = VEC_INIT(struct slice);
    struct slice name;
    bool more;
    err_t err;

    sec->fields_cached = sec->kind == SECTION_FIELDS && sec->nparts == 0;
    if ((err = imaptok_sp(t)) == ERR_OK)
        err = imaptok_open(t);
    while (!err && (err = imaptok_more(t, &more)) == ERR_OK && more) {
        if (names.n >= FETCH_FIELDS_MAX)
            err = ERR_LIMIT;
        else if ((err = imaptok_astring(t, &name)) == ERR_OK)
            *VEC_PUSH(&names, struct slice) = name;
    }
    if (!err && names.n == 0)
        err = ERR_SYNTAX;
    if (!err) {
        struct slice *copy = arena_array(s->base->command, names.n, sizeof *copy);
        memcpy(copy, names.p, names.n * sizeof *copy);
        sec->fields = copy;
        sec->nfields = names.n;
    }
    vec_fini(&names);
    return err;
}

static err_t read_spec_name(struct session *s, struct fetch_section *sec)
{
    struct slice name;
    err_t err = imaptok_name(&s->tok, ".", &name);

    if (err)
        return err;
    for (size_t i = 0; i < COUNT(specs); i++) {
        if (!slice_eqs_nocase(name, specs[i].name))
            continue;
        if (specs[i].needs_part && sec->nparts == 0)
            return ERR_SYNTAX;
        sec->kind = specs[i].kind;
        return specs[i].has_fields ? read_fields(s, sec) : ERR_OK;
    }
    return ERR_SYNTAX;
}

/* Between the brackets. */
static err_t read_spec(struct session *s, struct fetch_section *sec)
{
    struct imaptok *t = &s->tok;
    err_t err;
    int c;

    while ((c = imaptok_peek(t)) >= '0' && c <= '9') {
        if (sec->nparts == FETCH_PARTS_MAX)
            return ERR_LIMIT;
        if ((err = imaptok_nz_number(t, &sec->part[sec->nparts])) != ERR_OK)
            return err;
        sec->nparts++;
        if (!imaptok_accept(t, '.'))
            return ERR_OK;
        c = imaptok_peek(t);
        if (c == ']')
            return ERR_SYNTAX;
    }
    return c == ']' ? ERR_OK : read_spec_name(s, sec);
}

static err_t read_partial(struct session *s, struct fetch_section *sec)
{
    struct imaptok *t = &s->tok;
    err_t err;

    if (!imaptok_accept(t, '<'))
        return ERR_OK;
    sec->partial = true;
    if ((err = imaptok_number64(t, &sec->start)) != ERR_OK || (err = imaptok_char(t, '.')) != ERR_OK
        || (err = imaptok_number64(t, &sec->count)) != ERR_OK)
        return err;
    if (sec->count)
        return imaptok_char(t, '>');
    t->why = "a partial has at least one octet";
    return ERR_SYNTAX;
}

/* The label of the reply says what was asked for, without ".PEEK". */
static struct slice make_label(struct session *s, const struct fetch_section *sec)
{
    struct buf b = BUF_INIT;
    struct slice label;

    buf_adds(&b, sec->kind == SECTION_BINARY ? "BINARY[" : sec->kind == SECTION_BINARY_SIZE ? "BINARY.SIZE[" : "BODY[");
    for (size_t i = 0; i < sec->nparts; i++)
        buf_addf(&b, i ? ".%u" : "%u", sec->part[i]);
    for (size_t i = 0; i < COUNT(specs); i++) {
        if (sec->kind != specs[i].kind)
            continue;
        if (sec->nparts)
            buf_addc(&b, '.');
        buf_adds(&b, specs[i].name);
    }
    if (sec->nfields) {
        buf_adds(&b, " (");
        for (size_t i = 0; i < sec->nfields; i++) {
            if (i)
                buf_addc(&b, ' ');
            imapout_astring(&b, sec->fields[i], 0);
        }
        buf_addc(&b, ')');
    }
    buf_addc(&b, ']');
    label = arena_dup(s->base->command, buf_slice(&b));
    buf_fini(&b);
    return label;
}

static err_t read_body(struct session *s, struct fetch *f, bool peek)
{
    struct fetch_section *sec;
    err_t err;

    if (!imaptok_accept(&s->tok, '[')) {
        if (peek)
            return ERR_SYNTAX;
        f->items |= F_BODY;
        return ERR_OK;
    }
    if (f->sections.n >= FETCH_SECTIONS_MAX)
        return ERR_LIMIT;
    sec = add_section(f);
    if ((err = read_spec(s, sec)) != ERR_OK || (err = imaptok_char(&s->tok, ']')) != ERR_OK
        || (err = read_partial(s, sec)) != ERR_OK)
        return err;
    sec->label = make_label(s, sec);
    f->sets_seen |= !peek;
    return ERR_OK;
}

/* BINARY[1.2]<0.100>, BINARY.SIZE[1.2]: part numbers alone, a partial only for bytes (RFC 3516 7). */
static err_t read_binary(struct session *s, struct fetch *f, enum section_kind kind, bool peek)
{
    struct fetch_section *sec;
    err_t err = imaptok_char(&s->tok, '[');

    if (err)
        return err;
    if (f->sections.n >= FETCH_SECTIONS_MAX)
        return ERR_LIMIT;
    sec = add_section(f);
    if ((err = read_spec(s, sec)) != ERR_OK || (err = imaptok_char(&s->tok, ']')) != ERR_OK)
        return err;
    if (sec->kind != SECTION_WHOLE) {
        s->tok.why = "Only part numbers name binary sections";
        return ERR_SYNTAX;
    }
    sec->kind = kind;
    if (kind == SECTION_BINARY && (err = read_partial(s, sec)) != ERR_OK)
        return err;
    sec->label = make_label(s, sec);
    f->sets_seen |= !peek;
    return ERR_OK;
}

static err_t read_body_seen(struct session *s, struct fetch *f)
{
    return read_body(s, f, false);
}

static err_t read_body_peek(struct session *s, struct fetch *f)
{
    return read_body(s, f, true);
}

static err_t read_binary_seen(struct session *s, struct fetch *f)
{
    return read_binary(s, f, SECTION_BINARY, false);
}

static err_t read_binary_peek(struct session *s, struct fetch *f)
{
    return read_binary(s, f, SECTION_BINARY, true);
}

static err_t read_binary_size(struct session *s, struct fetch *f)
{
    return read_binary(s, f, SECTION_BINARY_SIZE, true);
}

/* "(LAZY)" may follow (RFC 8970 6); it changes nothing here: see put_preview(). */
static err_t read_preview(struct session *s, struct fetch *f)
{
    struct imaptok *t = &s->tok;
    struct imaptok at = *t;
    bool more, any = false;
    err_t err;

    f->items |= F_PREVIEW;
    if (!imaptok_accept_sp(t))
        return ERR_OK;
    if (imaptok_peek(t) != '(') {
        *t = at;                                /* the next item */
        return ERR_OK;
    }
    if (imaptok_open(t) == ERR_OK && imaptok_accept_word(t, "LAZY")) {
        any = true;
        while ((err = imaptok_more(t, &more)) == ERR_OK && more)
            if (!imaptok_accept_word(t, "LAZY"))
                break;
        if (!err && !more)
            return ERR_OK;
    }
    if (f->alone && !any) {
        *t = at;                                /* FETCH 1 PREVIEW (CHANGEDSINCE 5) */
        return ERR_OK;
    }
    t->why = "Unknown preview modifier";
    return ERR_SYNTAX;
}

/* ANNOTATION (entries attributes): several items are one question (RFC 5257 4.3). */
static err_t read_annotation(struct session *s, struct fetch *f)
{
    if (!f->annotations)
        f->annotations = arena_alloc(s->base->command, sizeof *f->annotations);
    f->items |= F_ANNOTATION;
    return annotation_read_want(s, f->annotations);
}

/* Items with a syntax of their own. */
static const struct {
    const char *name;
    err_t (*read)(struct session *, struct fetch *);
} own_items[] = {
    { "BODY", read_body_seen }, { "BODY.PEEK", read_body_peek },
    { "BINARY", read_binary_seen }, { "BINARY.PEEK", read_binary_peek },
    { "BINARY.SIZE", read_binary_size }, { "PREVIEW", read_preview },
    { "ANNOTATION", read_annotation },
};

static err_t read_item(struct session *s, struct fetch *f, bool alone)
{
    struct slice name;
    err_t err = imaptok_name(&s->tok, ".", &name);

    if (err)
        return err;
    f->alone = alone;
    for (size_t i = 0; i < COUNT(own_items); i++)
        if (slice_eqs_nocase(name, own_items[i].name))
            return own_items[i].read(s, f);
    for (size_t i = 0; i < COUNT(plain_items); i++) {
        if (!slice_eqs_nocase(name, plain_items[i].name) || (plain_items[i].macro && !alone))
            continue;
        f->items |= plain_items[i].items;
        return ERR_OK;
    }
    for (size_t i = 0; i < COUNT(old_sections); i++) {
        if (!slice_eqs_nocase(name, old_sections[i].name))
            continue;
        if (f->sections.n >= FETCH_SECTIONS_MAX)
            return ERR_LIMIT;
        struct fetch_section *sec = add_section(f);
        sec->kind = old_sections[i].kind;
        sec->label = slice_cstr(old_sections[i].name);
        f->sets_seen |= !old_sections[i].peek;
        return ERR_OK;
    }
    s->tok.why = "Unknown fetch item";
    return ERR_SYNTAX;
}

static err_t read_items(struct session *s, struct fetch *f)
{
    bool more;
    err_t err;

    if (imaptok_peek(&s->tok) != '(')
        return read_item(s, f, true);
    err = imaptok_open(&s->tok);
    while (!err && (err = imaptok_more(&s->tok, &more)) == ERR_OK && more)
        err = read_item(s, f, false);
    if (!err && !f->items && f->sections.n == 0)
        err = ERR_SYNTAX;
    return err;
}

/* " a:b" or " -a:-b", in either order of the numbers (RFC 9394 3.3). */
static err_t read_range(struct imaptok *t, struct fetch *f)
{
    uint32_t a = 0, b = 0;
    err_t err = imaptok_sp(t);

    if (err)
        return err;
    f->has_range = true;
    f->from_end = imaptok_accept(t, '-');
    if ((err = imaptok_nz_number(t, &a)) != ERR_OK || (err = imaptok_char(t, ':')) != ERR_OK)
        return err;
    if (imaptok_accept(t, '-') != f->from_end)
        return ERR_SYNTAX;
    err = imaptok_nz_number(t, &b);
    f->range_lo = a < b ? a : b;
    f->range_hi = a < b ? b : a;
    return err;
}

void fetch_narrow(const struct fetch *f, struct ranges *msgnos)
{
    uint64_t n = ranges_count(msgnos), pos = 0, lo = f->range_lo, hi = f->range_hi;
    struct ranges kept = RANGES_INIT;

    if (!f->has_range)
        return;
    if (f->from_end) {
        lo = f->range_hi > n ? 1 : n + 1 - f->range_hi;
        hi = f->range_lo > n ? 0 : n + 1 - f->range_lo;
    }
    for (size_t i = 0; i < msgnos->n && pos < hi; i++) {
        uint64_t first = msgnos->r[i].lo, count = msgnos->r[i].hi - first + 1;
        uint64_t from = lo > pos + 1 ? lo - pos - 1 : 0, to = hi - pos < count ? hi - pos : count;
        if (from < to)
            ranges_add(&kept, (uint32_t)(first + from), (uint32_t)(first + to - 1));
        pos += count;
    }
    ranges_copy(msgnos, &kept);
    ranges_fini(&kept);
}

/* RFC 7162 3.1.4.1, 3.2.6 */
static err_t read_modifiers(struct session *s, struct fetch *f)
{
    struct imaptok *t = &s->tok;
    bool more;
    err_t err;

    if (imaptok_at_end(t))
        return ERR_OK;
    if ((err = imaptok_sp(t)) == ERR_OK)
        err = imaptok_open(t);
    while (!err && (err = imaptok_more(t, &more)) == ERR_OK && more) {
        if (imaptok_accept_word(t, "CHANGEDSINCE")) {
            f->has_changedsince = true;
            if ((err = imaptok_sp(t)) == ERR_OK)
                err = imaptok_number64(t, &f->changedsince);
        } else if (s->is_uid && !f->has_range && imaptok_accept_word(t, "PARTIAL")) {
            err = read_range(t, f);
        } else if (imaptok_accept_word(t, "VANISHED")) {
            f->vanished = true;
        } else {
            t->why = "Unknown fetch modifier";
            err = ERR_SYNTAX;
        }
    }
    if (!err && f->vanished && (!f->has_changedsince || !s->is_uid || !(s->enabled & ENABLED_QRESYNC))) {
        t->why = "VANISHED needs UID, CHANGEDSINCE and ENABLE QRESYNC";
        err = ERR_SYNTAX;
    }
    return err;
}

err_t fetch_read(struct session *s, struct fetch *f)
{
    err_t err;

    *f = (struct fetch){ 0 };
    vec_init(&f->sections, sizeof(struct fetch_section));
    if ((err = imaptok_sp(&s->tok)) != ERR_OK || (err = read_items(s, f)) != ERR_OK
        || (err = read_modifiers(s, f)) != ERR_OK) {
        args_bad(s, err);
        return err;
    }
    if ((err = args_end(s)) != ERR_OK)
        return err;
    if (s->is_uid && !(s->enabled & ENABLED_UIDONLY))
        f->items |= F_UID;
    if ((f->has_changedsince || (f->items & F_MODSEQ)) && !view_has_modseqs(s->view)) {
        reply_bad(s, "The mailbox has no modseqs");     /* RFC 7162 3.1.2.2 */
        return ERR_SYNTAX;
    }
    if (f->has_changedsince || (f->items & F_MODSEQ)) {
        f->items |= F_MODSEQ;
        s->enabled |= ENABLED_CONDSTORE;        /* RFC 7162 3.1 */
    }
    return ERR_OK;
}

err_t fetch_read_atts(struct session *s, struct fetch *f)
{
    err_t err = ERR_SYNTAX;

    *f = (struct fetch){ 0 };
    vec_init(&f->sections, sizeof(struct fetch_section));
    if (imaptok_peek(&s->tok) == '(')
        err = read_items(s, f);
    if (!err && (f->items & F_MODSEQ))
        s->enabled |= ENABLED_CONDSTORE;        /* RFC 7162 3.1 */
    return err;
}

static void keep_section(struct fetch_section *sec, struct arena *arena)
{
    struct slice *fields = sec->nfields ? arena_array(arena, sec->nfields, sizeof *fields) : NULL;

    for (size_t i = 0; i < sec->nfields; i++)
        fields[i] = arena_dup(arena, sec->fields[i]);
    sec->fields = fields;
    sec->label = arena_dup(arena, sec->label);
}

struct fetch *fetch_keep(const struct fetch *f, struct arena *arena)
{
    struct fetch *kept = arena_alloc(arena, sizeof *kept);
    const size_t n = f->sections.n;

    *kept = *f;
    if (f->annotations)
        kept->annotations = annotation_keep(f->annotations, arena);
    kept->sections.p = n ? arena_array(arena, n, sizeof(struct fetch_section)) : NULL;
    kept->sections.cap = n;
    for (size_t i = 0; i < n; i++) {
        struct fetch_section *sec = VEC_AT(&kept->sections, struct fetch_section, i);
        *sec = *VEC_AT(&f->sections, struct fetch_section, i);
        keep_section(sec, arena);
    }
    return kept;
}

static bool is_same_section(const struct fetch_section *a, const struct fetch_section *b)
{
    return slice_eq(a->label, b->label) && a->partial == b->partial
           && (!a->partial || (a->start == b->start && a->count == b->count));
}

void fetch_merge(struct fetch *into, const struct fetch *from)
{
    size_t before = into->sections.n, k;

    if (!into->sections.size)
        vec_init(&into->sections, sizeof(struct fetch_section));
    into->items |= from->items;
    into->sets_seen |= from->sets_seen;
    for (size_t i = 0; i < from->sections.n; i++) {
        const struct fetch_section *sec = VEC_AT(&from->sections, struct fetch_section, i);
        for (k = 0; k < before && !is_same_section(VEC_AT(&into->sections, struct fetch_section, k), sec); k++)
            ;
        if (k == before)
            *add_section(into) = *sec;
    }
}

void fetch_fini(struct fetch *f)
{
    vec_fini(&f->sections);
}

/* mime.c - see mime.h
 *
 *   HEADER --empty line--> LEAF                          a leaf: content up to a boundary
 *                      --> HEADER of the inner message
 *                      --> PREAMBLE of a multipart --its boundary--> HEADER of a part
 *   anywhere: a boundary line --> TAIL (rest of that line) --> HEADER of the next part,
 *                                                          --> EPILOGUE if it closed one
 *
 * A section is what lies between two such events.  Its last two bytes are held back,
 * since they go with the boundary line if one follows.
 */
#include "lib/text/mime.h"

#include "lib/base/mem.h"
#include "lib/text/ascii.h"
#include "lib/text/charset.h"
#include "lib/text/hdr822.h"
#include "lib/text/mime_bounds.h"

enum state { HEADER, PREAMBLE, LEAF, EPILOGUE, TAIL };

enum { HELD = 2 };

/* An open part. */
struct frame {
    struct mime_part *part;
    uint64_t first_line;                /* line ends before its body */
};

struct mime_scan {
    struct arena *arena;
    struct mime_hooks hooks;
    void *ctx;
    uint32_t max_depth, max_parts;
    enum state state;
    enum state after_tail;              /* HEADER or EPILOGUE */
    bool limited;
    bool at_bol;                        /* the next byte begins a line */
    uint64_t pos, lines;                /* consumed so far */
    uint64_t section;                   /* position where the section began */
    size_t nheld;
    char held[HELD];
    struct buf start;                   /* of a line that may be a boundary, not consumed */
    struct buf header;                  /* of the innermost part */
    size_t line_n;                      /* HEADER: bytes of the line so far, at most 3 */
    char line[2];                       /* the first two of them */
    struct mime_part *root, *cut;       /* cut: its body begins behind the boundary line */
    uint32_t nparts;
    struct vec frames;                  /* open parts, outermost first */
    struct vec multis;                  /* size_t: frame of each open boundary */
    struct vec messages;                /* open MESSAGE parts, which hear of every byte */
    struct mime_bounds bounds;
};

static struct frame *top(struct mime_scan *s)
{
    return s->frames.n ? VEC_AT(&s->frames, struct frame, s->frames.n - 1) : NULL;
}

/* ---- bytes of the section, behind the two that are held ---- */

static void deliver(struct mime_scan *s, const char *p, size_t n)
{
    if (n == 0 || !s->hooks.content)
        return;
    for (size_t i = 0; i < s->messages.n; i++)
        s->hooks.content(s->ctx, *VEC_AT(&s->messages, struct mime_part *, i), p, n);
    if (s->state == LEAF && top(s)->part->kind != MIME_MESSAGE)
        s->hooks.content(s->ctx, top(s)->part, p, n);
}

static void release_held(struct mime_scan *s)
{
    deliver(s, s->held, s->nheld);
    s->nheld = 0;
}

static void add_header(struct mime_scan *s, const char *p, size_t n)
{
    size_t room = MIME_HEADER_MAX - s->header.n;
    if (n > room) {
        s->limited = true;
        n = room;
    }
    buf_add(&s->header, p, n);
}

/* n bytes that are no boundary line. */
static void consume(struct mime_scan *s, const char *p, size_t n)
{
    s->pos += n;
    if (s->state == HEADER)
        add_header(s, p, n);
    if (n >= HELD) {
        release_held(s);
        deliver(s, p, n - HELD);
        memcpy(s->held, p + n - HELD, HELD);
        s->nheld = HELD;
        return;
    }
    for (; n > 0; n--, p++) {
        if (s->nheld == HELD) {
            deliver(s, s->held, 1);
            s->held[0] = s->held[1];
            s->nheld--;
        }
        s->held[s->nheld++] = *p;
    }
}

/* ---- parts ---- */

static void begin_section(struct mime_scan *s, enum state state)
{
    release_held(s);
    s->state = state;
    s->section = s->pos;
    s->line_n = 0;
    if (state == HEADER)
        buf_reset(&s->header);
}

static struct mime_part *new_part(struct mime_scan *s, struct mime_part *parent)
{
    struct mime_part *part = arena_alloc(s->arena, sizeof *part);

    s->nparts++;
    part->parent = parent;
    part->number = 1;
    part->type = SLICE_LIT("TEXT");
    part->subtype = SLICE_LIT("PLAIN");
    if (!parent)
        return part;
    if (slice_eqs(parent->type, "MULTIPART") && slice_eqs(parent->subtype, "DIGEST")) {
        part->type = SLICE_LIT("MESSAGE");
        part->subtype = SLICE_LIT("RFC822");
    }
    part->number = ++parent->nchildren;
    if (parent->last)
        parent->last->next = part;
    else
        parent->child = part;
    parent->last = part;
    return part;
}

/* Begin a part with its header; past the limit, one that is not looked into. */
static void begin_part(struct mime_scan *s, struct mime_part *parent)
{
    struct mime_part *part = new_part(s, parent);

    part->header_off = s->pos;
    *VEC_PUSH(&s->frames, struct frame) = (struct frame){ part, s->lines };
    if (!s->root)
        s->root = part;
    begin_section(s, HEADER);
    if (s->nparts >= s->max_parts && parent) {
        s->limited = true;
        mime_bounds_truncate(&s->bounds, 0);
        part->body_off = s->pos;
        part->type = SLICE_LIT("APPLICATION");
        part->subtype = SLICE_LIT("OCTET-STREAM");
        if (s->hooks.header)
            s->hooks.header(s->ctx, part, SLICE_NULL);
        begin_section(s, LEAF);
    }
}

static void close_frame(struct mime_scan *s, uint64_t end, uint64_t lines)
{
    struct frame f = *top(s);
    struct mime_part *part = f.part;

    vec_pop(&s->frames);
    if (s->messages.n > 0 &&
        *VEC_AT(&s->messages, struct mime_part *, s->messages.n - 1) == part)
        vec_pop(&s->messages);
    if (!part->cut) {
        part->body_size = end > part->body_off ? end - part->body_off : 0;
        part->body_lines = lines > f.first_line ? lines - f.first_line : 0;
    }
    if (s->hooks.end)
        s->hooks.end(s->ctx, part);
}

/* ---- headers ---- */

static struct slice upper(struct mime_scan *s, struct slice text)
{
    char *p = arena_alloc(s->arena, text.n + 1);
    for (size_t i = 0; i < text.n; i++)
        p[i] = ascii_upper(text.p[i]);
    return slice_make(p, text.n);
}

static void read_params(struct mime_scan *s, struct mime_part *part)
{
    struct buf bytes = BUF_INIT;

    for (size_t i = 0; i < part->nparams; i++) {
        struct param2231 *p = &part->params[i];
        if (slice_eqs(p->name, "CHARSET") && charset_is_known(p->value))
            part->charset = p->value;
        if (part->boundary.p)
            continue;
        if (slice_eqs(p->name, "BOUNDARY")) {
            part->boundary = p->value;
        } else if (slice_eqs(p->name, "BOUNDARY*")) {
            param2231_bytes(p->value, &bytes);
            part->boundary = arena_dup(s->arena, buf_slice(&bytes));
        }
    }
    buf_fini(&bytes);
}

static void read_type(struct mime_scan *s, struct mime_part *part, struct slice value)
{
    struct param2231_parser p;
    struct slice type, subtype;

    if (param2231_begin_type(&p, value, &type, &subtype) == ERR_OK) {
        part->has_type = true;
        part->type = upper(s, type);
        part->subtype = upper(s, subtype);
        part->nparams = param2231_all(&p, s->arena, &part->params);
    }
    param2231_fini(&p);
    read_params(s, part);
}

static enum mime_encoding encoding_of(struct slice name)
{
    static const struct {
        const char *name;
        enum mime_encoding encoding;
    } rows[] = {
        { "", MIME_ENC_NONE }, { "7BIT", MIME_ENC_NONE }, { "8BIT", MIME_ENC_NONE },
        { "BINARY", MIME_ENC_NONE }, { "QUOTED-PRINTABLE", MIME_ENC_QP },
        { "BASE64", MIME_ENC_BASE64 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (slice_eqs(name, rows[i].name))
            return rows[i].encoding;
    return MIME_ENC_UNKNOWN;
}

static void read_encoding(struct mime_scan *s, struct mime_part *part, struct slice value)
{
    struct param2231_parser p;
    struct slice token;

    if (param2231_begin_token(&p, value, &token) == ERR_OK && p.at == value.n)
        part->encoding_name = upper(s, token);
    param2231_fini(&p);
}

/* Of repeated fields the last counts. */
static void read_header(struct mime_scan *s, struct mime_part *part)
{
    struct slice type = SLICE_NULL, encoding = SLICE_NULL;
    struct hdr822_iter it;
    struct hdr822_field f;

    hdr822_begin(&it, buf_slice(&s->header));
    while (hdr822_next(&it, &f)) {
        if (f.name.n < 12 || ascii_lower(f.name.p[0]) != 'c' || f.name.p[f.name.n] != ':')
            continue;
        if (slice_eqs_nocase(f.name, "content-type"))
            type = f.value;
        else if (slice_eqs_nocase(f.name, "content-transfer-encoding"))
            encoding = f.value;
    }
    read_type(s, part, type);
    read_encoding(s, part, encoding);
    part->encoding = encoding_of(part->encoding_name);
}

static void classify(struct mime_part *part)
{
    if (slice_eqs(part->type, "MULTIPART"))
        part->kind = MIME_MULTIPART;
    else if (slice_eqs(part->type, "MESSAGE") && slice_eqs(part->subtype, "RFC822"))
        part->kind = MIME_MESSAGE;
}

/* An inner message of which nothing is there. */
static void add_empty_message(struct mime_scan *s, struct mime_part *part)
{
    struct mime_part *inner = new_part(s, part);

    inner->cut = true;
    if (s->hooks.header)
        s->hooks.header(s->ctx, inner, SLICE_NULL);
    if (s->hooks.end)
        s->hooks.end(s->ctx, inner);
}

static struct mime_part *take_header(struct mime_scan *s)
{
    struct mime_part *part = top(s)->part;

    read_header(s, part);
    classify(part);
    if (s->hooks.header)
        s->hooks.header(s->ctx, part, buf_slice(&s->header));
    return part;
}

/* What follows the header of a multipart. */
static void enter_multipart(struct mime_scan *s, struct mime_part *part)
{
    size_t depth = mime_bounds_count(&s->bounds) + 1;

    if (!part->boundary.p) {
        begin_section(s, LEAF);
    } else if (depth >= s->max_depth || part->boundary.n > MIME_BOUNDARY_MAX) {
        s->limited = true;
        begin_section(s, LEAF);
    } else {
        mime_bounds_push(&s->bounds, part->boundary);
        *VEC_PUSH(&s->multis, size_t) = s->frames.n - 1;
        begin_section(s, PREAMBLE);
    }
}

static void enter_message(struct mime_scan *s, struct mime_part *part)
{
    release_held(s);
    *VEC_PUSH(&s->messages, struct mime_part *) = part;
    if (s->messages.n < MIME_MESSAGES) {
        begin_part(s, part);
        return;
    }
    s->limited = true;
    add_empty_message(s, part);
    begin_section(s, LEAF);
}

/* The empty line, or the end of the message. */
static void end_header(struct mime_scan *s)
{
    struct mime_part *part = take_header(s);

    part->header_size = s->pos - part->header_off;
    part->body_off = s->pos;
    top(s)->first_line = s->lines;
    if (part->kind == MIME_MULTIPART)
        enter_multipart(s, part);
    else if (part->kind == MIME_MESSAGE)
        enter_message(s, part);
    else
        begin_section(s, LEAF);
}

/* A boundary line came before the empty line; `end` is where the header ends. */
static void cut_header(struct mime_scan *s, uint64_t end)
{
    size_t rest = (size_t)(s->pos - end);

    if (s->header.n >= rest)
        buf_truncate(&s->header, s->header.n - rest);
    top(s)->part->cut = true;
    struct mime_part *part = take_header(s);
    part->header_size = end - part->header_off;
    s->cut = part;
    if (part->kind == MIME_MESSAGE)
        add_empty_message(s, part);
}

/* ---- boundary lines ---- */

/* The line whose first bytes are in `line` ends the section. */
static void meet_boundary(struct mime_scan *s, enum mime_match match, size_t index,
                          struct slice line)
{
    bool empty = s->pos == s->section;
    uint64_t end = s->pos - s->section >= HELD ? s->pos - HELD : s->pos;
    uint64_t lines = s->lines - !empty;
    size_t innermost = mime_bounds_count(&s->bounds) - 1;
    size_t keep = *VEC_AT(&s->multis, size_t, match == MIME_CLOSE ? index : innermost) + 1;
    char held[HELD];
    size_t nheld;

    if (s->pos - s->section < HELD)
        release_held(s);
    memcpy(held, s->held, sizeof held);
    nheld = s->nheld;
    s->nheld = 0;
    if (s->state == HEADER)
        cut_header(s, end);
    while (s->frames.n > keep)
        close_frame(s, end, lines);
    if (match == MIME_CLOSE) {
        mime_bounds_truncate(&s->bounds, index);
        while (s->multis.n > index)
            vec_pop(&s->multis);
    }
    s->state = TAIL;
    s->after_tail = match == MIME_CLOSE ? EPILOGUE : HEADER;
    deliver(s, held, nheld);
    deliver(s, line.p, line.n);
    s->pos += line.n;
    s->at_bol = false;
}

static void end_tail(struct mime_scan *s)
{
    s->lines++;
    s->at_bol = true;
    if (s->cut) {
        s->cut->body_off = s->pos;
        s->cut = NULL;
    }
    if (s->after_tail == HEADER)
        begin_part(s, top(s)->part);
    else
        begin_section(s, EPILOGUE);
}

/* Rest of a boundary line; returns the bytes used. */
static size_t push_tail(struct mime_scan *s, const char *p, size_t n)
{
    const char *lf = memchr(p, '\n', n);
    size_t used = lf ? (size_t)(lf - p) + 1 : n;

    deliver(s, p, used);
    s->pos += used;
    if (lf)
        end_tail(s);
    return used;
}

/* ---- lines ---- */

/* Bytes up to the end of the line; returns them.  Ends the header at an empty line. */
static size_t push_header(struct mime_scan *s, const char *p, size_t n)
{
    const char *lf = memchr(p, '\n', n);
    size_t used = lf ? (size_t)(lf - p) + 1 : n;

    for (size_t i = 0; i < used && s->line_n < 3; i++, s->line_n++)
        if (s->line_n < 2)
            s->line[s->line_n] = p[i];
    consume(s, p, used);
    s->at_bol = lf != NULL;
    if (lf) {
        bool empty = s->line_n == 2 && s->line[0] == '\r';
        s->lines++;
        s->line_n = 0;
        if (empty)
            end_header(s);
    }
    return used;
}

/* Bytes up to a line that may be a boundary; returns them. */
static size_t push_body(struct mime_scan *s, const char *p, size_t n)
{
    const char *at = p, *end = p + n;

    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        s->at_bol = lf != NULL;
        at = lf ? lf + 1 : end;
        if (!lf)
            break;
        s->lines++;
        if (at < end && *at == '-' && mime_bounds_count(&s->bounds) > 0)
            break;
    }
    consume(s, p, (size_t)(at - p));
    return (size_t)(at - p);
}

static size_t push_line(struct mime_scan *s, const char *p, size_t n)
{
    return s->state == HEADER ? push_header(s, p, n) : push_body(s, p, n);
}

/* The start of a line was kept: is it a boundary now? */
static void decide(struct mime_scan *s, bool whole)
{
    size_t index;
    enum mime_match m = mime_bounds_match(&s->bounds, buf_slice(&s->start), whole, &index);

    if (m == MIME_MORE)
        return;
    if (m != MIME_NO) {
        size_t n = s->start.n;
        if (n > 0 && s->start.p[n - 1] == '\n')
            n--;                        /* push_tail() counts the line end */
        meet_boundary(s, m, index, slice_make(s->start.p, n));
        if (n < s->start.n)
            push_tail(s, s->start.p + n, 1);
        buf_reset(&s->start);
        return;
    }
    struct buf line = s->start;         /* an ordinary line; push_* may not see it change */
    s->start = (struct buf)BUF_INIT;
    for (size_t at = 0; at < line.n;)
        at += push_line(s, line.p + at, line.n - at);
    buf_reset(&line);
    s->start = line;
}

/* Move bytes of a line that may be a boundary into start until that is decided. */
static size_t push_start(struct mime_scan *s, const char *p, size_t n)
{
    size_t index;

    if (s->start.n == 0) {
        enum mime_match m = mime_bounds_match(&s->bounds, slice_make(p, n), false, &index);
        if (m == MIME_NO)
            return push_line(s, p, n);
        if (m != MIME_MORE) {
            const char *lf = memchr(p, '\n', n);
            size_t used = lf ? (size_t)(lf - p) : n;
            meet_boundary(s, m, index, slice_make(p, used));
            return used;
        }
    }
    const char *lf = memchr(p, '\n', n);
    size_t used = lf ? (size_t)(lf - p) + 1 : n;
    if (used > MIME_BOUNDARY_MAX)
        used = MIME_BOUNDARY_MAX;
    buf_add(&s->start, p, used);
    decide(s, false);
    return used;
}

void mime_push(struct mime_scan *s, const char *p, size_t n)
{
    while (n > 0) {
        size_t used;
        if (s->state == TAIL)
            used = push_tail(s, p, n);
        else if (s->start.n > 0 ||
                 (s->at_bol && *p == '-' && mime_bounds_count(&s->bounds) > 0))
            used = push_start(s, p, n);
        else
            used = push_line(s, p, n);
        p += used;
        n -= used;
    }
}

struct mime_part *mime_end(struct mime_scan *s)
{
    if (s->start.n > 0)
        decide(s, true);
    if (s->state == TAIL)
        end_tail(s);
    while (s->state == HEADER || s->state == PREAMBLE) {
        if (s->state == HEADER)
            end_header(s);
        else
            begin_part(s, top(s)->part);
    }
    release_held(s);
    while (s->frames.n > 0)
        close_frame(s, s->pos, s->lines);
    return s->root;
}

struct mime_scan *mime_begin(const struct mime_options *opts, const struct mime_hooks *hooks,
                             void *ctx, struct arena *arena)
{
    struct mime_scan *s = mem_zalloc(sizeof *s);

    s->arena = arena;
    if (hooks)
        s->hooks = *hooks;
    s->ctx = ctx;
    s->max_depth = opts && opts->depth ? opts->depth : MIME_DEPTH;
    if (s->max_depth > MIME_DEPTH_MAX)
        s->max_depth = MIME_DEPTH_MAX;
    s->max_parts = opts && opts->parts ? opts->parts : MIME_PARTS;
    s->at_bol = true;
    vec_init(&s->frames, sizeof(struct frame));
    vec_init(&s->multis, sizeof(size_t));
    vec_init(&s->messages, sizeof(struct mime_part *));
    mime_bounds_init(&s->bounds);
    begin_part(s, NULL);
    return s;
}

void mime_free(struct mime_scan **sp)
{
    struct mime_scan *s = *sp;

    if (!s)
        return;
    *sp = NULL;
    buf_fini(&s->start);
    buf_fini(&s->header);
    vec_fini(&s->frames);
    vec_fini(&s->multis);
    vec_fini(&s->messages);
    mime_bounds_fini(&s->bounds);
    mem_free(s);
}

struct mime_part *mime_parse(struct slice message, const struct mime_options *opts,
                             struct arena *arena)
{
    struct mime_scan *s = mime_begin(opts, NULL, NULL, arena);

    mime_push(s, message.p, message.n);
    struct mime_part *root = mime_end(s);
    mime_free(&s);
    return root;
}

struct mime_part *mime_next(const struct mime_part *part)
{
    if (part->child)
        return part->child;
    while (part && !part->next)
        part = part->parent;
    return part ? part->next : NULL;
}

bool mime_was_limited(const struct mime_scan *s)
{
    return s->limited;
}

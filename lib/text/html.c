/* html.c - see html.h
 *
 *   TEXT --"<"--> OPEN --letter, "/"--> NAME --> ATTRIBUTES <--> QUOTED, --">"--> TEXT or RAW
 *                      --"!"--> BANG --"--"--> COMMENT --"-->"--> TEXT
 *                      --"!", "?"--> MARKUP --">"--> TEXT
 *   TEXT --"&"--> ENTITY --> TEXT
 *   RAW --"<"--> RAW_OPEN --"/"--> RAW_NAME --the same name--> ATTRIBUTES
 */
#include "lib/text/html.h"

#include "lib/base/num.h"
#include "lib/text/ascii.h"
#include "lib/text/utf8.h"

#include "lib/text/html_entities.inc"

enum state {
    TEXT, OPEN, NAME, ATTRIBUTES, QUOTED, BANG, BANG_DASH, COMMENT, MARKUP, ENTITY,
    RAW, RAW_OPEN, RAW_NAME
};

/* Elements that begin a new line, sorted. */
static const char *const blocks[] = {
    "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "div",
    "dl", "dt", "fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "head", "header", "hr", "html", "li", "main", "nav", "ol", "option", "p", "pre", "section",
    "table", "tbody", "td", "tfoot", "th", "thead", "title", "tr", "ul",
};

/* Elements whose content is not text; names fit into html_text.raw. */
static const char *const raws[] = { "script", "style" };

void html_begin(struct html_text *h)
{
    *h = (struct html_text){ .state = TEXT };
}

static struct slice name_of(const struct html_text *h)
{
    return slice_make(h->name, h->n);
}

/* list is sorted. */
static bool is_listed(struct slice name, const char *const *list, size_t n)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        const int c = slice_cmp(name, slice_cstr(list[mid]));
        if (c == 0)
            return true;
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return false;
}

static void add_name(struct html_text *h, char c)
{
    if (h->n < HTML_NAME_MAX)
        h->name[h->n++] = c;
}

/* ">" of a tag. */
static void end_tag(struct html_text *h, struct buf *out)
{
    struct slice name = name_of(h);

    if (is_listed(name, blocks, sizeof blocks / sizeof *blocks))
        buf_addc(out, ' ');
    h->raw[0] = '\0';
    if (!h->closing && is_listed(name, raws, sizeof raws / sizeof *raws)) {
        memcpy(h->raw, name.p, name.n);
        h->raw[name.n] = '\0';
    }
    h->state = h->raw[0] ? RAW : TEXT;
}

static bool find_entity(struct slice name, uint32_t *cp)
{
    size_t lo = 0, hi = sizeof entities / sizeof *entities;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = slice_cmp(name, slice_cstr(entities[mid].name));
        if (c == 0) {
            *cp = entities[mid].cp;
            return true;
        }
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return false;
}

/* "#65", "#x41" or a name. */
static bool reference(struct slice name, uint32_t *cp)
{
    uint64_t v;

    if (name.n < 2 || name.p[0] != '#')
        return find_entity(name, cp);
    if (name.p[1] == 'x' || name.p[1] == 'X') {
        if (num_hex64(slice_skip(name, 2), &v))
            return false;
    } else if (num_u64(slice_skip(name, 1), &v)) {
        return false;
    }
    if (v == 0 || v > 0x10ffff)
        return false;
    *cp = (uint32_t)v;
    return true;
}

/* The entity ends before c: give its character, or the bytes as they are. */
static void end_entity(struct html_text *h, bool semicolon, struct buf *out)
{
    uint32_t cp;

    if (reference(name_of(h), &cp)) {
        utf8_add(out, cp);
    } else {
        buf_addc(out, '&');
        buf_add_slice(out, name_of(h));
        if (semicolon)
            buf_addc(out, ';');
    }
    h->state = TEXT;
}

static void begin_name(struct html_text *h, enum state state)
{
    h->state = state;
    h->n = 0;
}

static void text_byte(struct html_text *h, char c, struct buf *out)
{
    if (c == '<')
        begin_name(h, OPEN);
    else if (c == '&')
        begin_name(h, ENTITY);
    else
        buf_addc(out, c);
}

static void open_byte(struct html_text *h, char c, struct buf *out)
{
    h->closing = c == '/';
    if (c == '/' || ascii_is_alpha(c)) {
        begin_name(h, NAME);
        if (c != '/')
            add_name(h, ascii_lower(c));
    } else if (c == '!') {
        h->state = BANG;
    } else if (c == '?') {
        h->state = MARKUP;
    } else {
        buf_addc(out, '<');
        h->state = TEXT;
        text_byte(h, c, out);
    }
}

static void tag_byte(struct html_text *h, char c, struct buf *out)
{
    if (c == '>') {
        end_tag(h, out);
    } else if (h->state == NAME && ascii_is_alnum(c)) {
        add_name(h, ascii_lower(c));
    } else {
        h->state = c == '"' || c == '\'' ? QUOTED : ATTRIBUTES;
        h->quote = c;
    }
}

/* Comments end with "-->"; other markup with ">". */
static void markup_byte(struct html_text *h, char c)
{
    switch (h->state) {
    case BANG:
        h->state = c == '-' ? BANG_DASH : c == '>' ? TEXT : MARKUP;
        break;
    case BANG_DASH:
        h->state = c == '-' ? COMMENT : c == '>' ? TEXT : MARKUP;
        h->dashes = 0;
        break;
    case COMMENT:
        if (c == '>' && h->dashes >= 2)
            h->state = TEXT;
        h->dashes = c != '-' ? 0 : h->dashes < 2 ? h->dashes + 1 : 2;
        break;
    default:
        if (c == '>')
            h->state = TEXT;
        break;
    }
}

static void entity_byte(struct html_text *h, char c, struct buf *out)
{
    if (ascii_is_alnum(c) || (c == '#' && h->n == 0)) {
        if (h->n < HTML_NAME_MAX) {
            add_name(h, c);
            return;
        }
    }
    end_entity(h, c == ';', out);
    if (c != ';')
        text_byte(h, c, out);
}

/* Inside script or style: only its own end tag counts. */
static void raw_byte(struct html_text *h, char c, struct buf *out)
{
    if (h->state == RAW_NAME && ascii_is_alnum(c)) {
        add_name(h, ascii_lower(c));
        return;
    }
    if (h->state == RAW_NAME && slice_eqs(name_of(h), h->raw)) {
        h->closing = true;
        h->state = ATTRIBUTES;
        tag_byte(h, c, out);
        return;
    }
    if (h->state == RAW_OPEN && c == '/')
        begin_name(h, RAW_NAME);
    else
        h->state = c == '<' ? RAW_OPEN : RAW;
}

static void push_byte(struct html_text *h, char c, struct buf *out)
{
    switch ((enum state)h->state) {
    case TEXT:
        text_byte(h, c, out);
        break;
    case OPEN:
        open_byte(h, c, out);
        break;
    case NAME:
    case ATTRIBUTES:
        tag_byte(h, c, out);
        break;
    case QUOTED:
        if (c == h->quote)
            h->state = ATTRIBUTES;
        break;
    case BANG:
    case BANG_DASH:
    case COMMENT:
    case MARKUP:
        markup_byte(h, c);
        break;
    case ENTITY:
        entity_byte(h, c, out);
        break;
    case RAW:
    case RAW_OPEN:
    case RAW_NAME:
        raw_byte(h, c, out);
        break;
    }
}

static size_t up_to(struct slice s, char c)
{
    const ssize_t at = slice_find(s, c);
    return at < 0 ? s.n : (size_t)at;
}

/* Bytes at the start that change no state; those of text are added. */
static size_t push_run(const struct html_text *h, struct slice s, struct buf *out)
{
    size_t n = 0;

    switch ((enum state)h->state) {
    case TEXT:
        while (n < s.n && s.p[n] != '<' && s.p[n] != '&')
            n++;
        buf_add(out, s.p, n);
        break;
    case ATTRIBUTES:
        while (n < s.n && s.p[n] != '>' && s.p[n] != '"' && s.p[n] != '\'')
            n++;
        break;
    case QUOTED: n = up_to(s, h->quote); break;
    case COMMENT: n = h->dashes ? 0 : up_to(s, '-'); break;
    case MARKUP: n = up_to(s, '>'); break;
    case RAW: n = up_to(s, '<'); break;
    default: break;
    }
    return n;
}

void html_push(struct html_text *h, struct slice s, struct buf *out)
{
    buf_reserve(out, s.n);
    while (s.n) {
        s = slice_skip(s, push_run(h, s, out));
        if (s.n) {
            push_byte(h, s.p[0], out);
            s = slice_skip(s, 1);
        }
    }
}

void html_end(struct html_text *h, struct buf *out)
{
    if (h->state == ENTITY)
        end_entity(h, false, out);
    else if (h->state == OPEN)
        buf_addc(out, '<');
    html_begin(h);
}

void html_to_text(struct buf *out, struct slice s)
{
    struct html_text h;

    html_begin(&h);
    html_push(&h, s, out);
    html_end(&h, out);
}

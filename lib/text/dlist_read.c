/* dlist_read.c - the pull reader of dlist.h: one pass, no allocation, no recursion */
#include "lib/base/num.h"
#include "lib/text/ascii.h"
#include "lib/text/dlist.h"

void dlist_reader_init(struct dlist_reader *r, struct slice text, enum dlist_mode mode)
{
    const char *p = text.p ? text.p : "";

    *r = (struct dlist_reader){ .p = p, .end = p + text.n, .start = p,
                                .mode = mode };
}

static uint64_t level(const struct dlist_reader *r)
{
    return UINT64_C(1) << r->depth;
}

static bool next_is(const struct dlist_reader *r, char c)
{
    return r->p < r->end && *r->p == c;
}

static bool accept(struct dlist_reader *r, char c)
{
    if (!next_is(r, c))
        return false;
    r->p++;
    return true;
}

/* Number of blanks taken: one at most in strict mode. */
static size_t take_blanks(struct dlist_reader *r)
{
    const char *from = r->p;

    if (r->mode == DLIST_STRICT)
        accept(r, ' ');
    else
        while (r->p < r->end && (*r->p == ' ' || *r->p == '\t'))
            r->p++;
    return (size_t)(r->p - from);
}

/* "{n}" or "{n+}" behind its "{", line end, octets. */
static err_t counted(struct dlist_reader *r, struct slice *out)
{
    const char *digits = r->p;
    uint64_t n;

    while (r->p < r->end && ascii_is_digit(*r->p))
        r->p++;
    if (num_u64(slice_make(digits, (size_t)(r->p - digits)), &n))
        return ERR_SYNTAX;
    accept(r, '+');
    if (!accept(r, '}'))
        return ERR_SYNTAX;
    accept(r, '\r');
    if (!accept(r, '\n') || n > (size_t)(r->end - r->p))
        return ERR_SYNTAX;
    *out = slice_make(r->p, n);
    r->p += n;
    return ERR_OK;
}

/* Behind the opening quote. */
static err_t quoted(struct dlist_reader *r, struct slice *out)
{
    const char *from = r->p;

    for (; r->p < r->end; r->p++) {
        switch (*r->p) {
        case '"':
            *out = slice_make(from, (size_t)(r->p - from));
            r->p++;
            return ERR_OK;
        case '\\':
            r->escaped = true;
            if (++r->p == r->end || *r->p == '\0' || *r->p == '\r' || *r->p == '\n')
                return ERR_SYNTAX;
            break;
        case '\0':
        case '\r':
        case '\n':
            return ERR_SYNTAX;
        }
    }
    return ERR_SYNTAX;
}

/* May this octet stand in an unquoted text from a stream?  Writers put none of the others
 * there; "%", "*" and "\" are taken because flags have them. */
static bool is_stream_atom(char c)
{
    return c != ' ' && c != '(' && c != ')' && c != '{' && c != '"' &&
           (unsigned char)c >= 0x1f && c != 0x7f;
}

static bool breaks_line(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\0' || s.p[i] == '\r' || s.p[i] == '\n')
            return true;
    return false;
}

static err_t unquoted(struct dlist_reader *r, struct slice *out)
{
    const char *from = r->p, *to = r->p;

    if (r->mode == DLIST_STREAM) {
        while (to < r->end && is_stream_atom(*to))
            to++;
    } else {
        to = memchr(from, ' ', (size_t)(r->end - from));
        if (!to)
            to = r->end;
        while (to > from && to[-1] == ')')
            to--;
    }
    *out = slice_make(from, (size_t)(to - from));
    if (out->n == 0 || (r->mode == DLIST_STRICT && breaks_line(*out)))
        return ERR_SYNTAX;
    r->p = to;
    return ERR_OK;
}

/* astring of a key or of a part of "%{ }". */
static err_t plain_word(struct dlist_reader *r, struct slice *out)
{
    err_t err;

    if (accept(r, '"'))
        err = quoted(r, out);
    else if (accept(r, '{'))
        err = counted(r, out);
    else
        err = unquoted(r, out);
    if (!err && (out->n == 0 || r->escaped))
        err = ERR_SYNTAX;
    return err;
}

/* Behind "%{": partition SP guid SP size "}" line end, octets. */
static err_t file(struct dlist_reader *r)
{
    err_t err;

    if (r->mode != DLIST_STREAM || !r->files)
        return ERR_UNSUPPORTED;
    err = plain_word(r, &r->partition);
    if (!err)
        err = take_blanks(r) ? plain_word(r, &r->guid) : ERR_SYNTAX;
    if (!err)
        err = take_blanks(r) ? counted(r, &r->text) : ERR_SYNTAX;
    return err;
}

static err_t open_list(struct dlist_reader *r, bool is_kv)
{
    if (r->depth == DLIST_MAX_DEPTH)
        return ERR_LIMIT;
    r->depth++;
    r->has_items &= ~level(r);
    r->is_kv = is_kv ? r->is_kv | level(r) : r->is_kv & ~level(r);
    return ERR_OK;
}

static err_t value(struct dlist_reader *r, enum dlist_event *out)
{
    err_t err;

    if (accept(r, '(')) {
        *out = DLIST_EV_LIST;
        return open_list(r, false);
    }
    if (accept(r, '"')) {
        *out = DLIST_EV_ATOM;
        return quoted(r, &r->text);
    }
    if (accept(r, '{')) {
        *out = DLIST_EV_LITERAL;
        return counted(r, &r->text);
    }
    if (accept(r, '%')) {
        if (accept(r, '(')) {
            *out = DLIST_EV_KVLIST;
            return open_list(r, true);
        }
        *out = DLIST_EV_FILE;
        return accept(r, '{') ? file(r) : ERR_SYNTAX;
    }
    *out = next_is(r, '\\') ? DLIST_EV_FLAG : DLIST_EV_ATOM;
    err = unquoted(r, &r->text);
    if (!err && slice_eqs(r->text, "NIL")) {
        *out = DLIST_EV_NIL;
        r->text = SLICE_NULL;
    }
    return err;
}

static err_t at_end(struct dlist_reader *r, enum dlist_event *out)
{
    if (r->mode == DLIST_STREAM) {
        take_blanks(r);
        if (r->end - r->p == 2 && r->p[0] == '\r' && r->p[1] == '\n')
            r->p += 2;
        else if (r->end - r->p == 1)
            accept(r, '\n');
    }
    *out = DLIST_EV_END;
    return r->p == r->end ? ERR_OK : ERR_SYNTAX;
}

err_t dlist_read(struct dlist_reader *r, enum dlist_event *out)
{
    bool first = !(r->has_items & level(r));
    size_t blanks = 0;
    err_t err;

    r->key = r->text = r->partition = r->guid = SLICE_NULL;
    r->escaped = false;
    if (r->depth == 0 && !first)
        return at_end(r, out);
    if (r->mode == DLIST_STREAM || (!first && !next_is(r, ')')))
        blanks = take_blanks(r);
    if (r->depth > 0 && (first || r->mode == DLIST_STREAM || blanks == 0) && accept(r, ')')) {
        r->depth--;
        *out = DLIST_EV_CLOSE;
        return ERR_OK;
    }
    if (!first && blanks == 0)
        return ERR_SYNTAX;
    r->has_items |= level(r);
    if (r->is_kv & level(r)) {
        err = plain_word(r, &r->key);
        if (!err && take_blanks(r) == 0)
            err = ERR_SYNTAX;
        if (err)
            return err;
    }
    return value(r, out);
}

err_t dlist_skip(struct dlist_reader *r)
{
    unsigned outside = r->depth - 1;
    enum dlist_event ev;

    while (r->depth > outside) {
        err_t err = dlist_read(r, &ev);
        if (err)
            return err;
    }
    return ERR_OK;
}

struct slice dlist_unescape(struct arena *a, const struct dlist_reader *r)
{
    struct slice out = r->text;
    char *to;

    if (!r->escaped)
        return out;
    out.p = to = arena_alloc(a, r->text.n);
    for (size_t i = 0; i < r->text.n; i++) {
        if (r->text.p[i] == '\\')
            i++;
        *to++ = r->text.p[i];
    }
    out.n = (size_t)(to - out.p);
    return out;
}

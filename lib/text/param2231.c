/* param2231.c - see param2231.h
 *
 * The treatment of malformed fields was measured on the 3.6.1 server: its result is stored in
 * cyrus.cache.
 */
#include "lib/text/param2231.h"

#include "lib/base/num.h"
#include "lib/base/vec.h"
#include "lib/text/ascii.h"
#include "lib/text/charset.h"
#include "lib/text/word2047.h"

static int peek(const struct param2231_parser *p)
{
    return p->at < p->in.n ? (unsigned char)p->in.p[p->at] : -1;
}

static bool is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_comment(struct param2231_parser *p)
{
    unsigned depth = 1;

    for (p->at++; p->at < p->in.n && depth > 0; p->at++) {
        char c = p->in.p[p->at];
        if (c == '\\')
            p->at++;
        else if (c == '(' && depth < PARAM2231_COMMENT_DEPTH)
            depth++;
        else if (c == ')')
            depth--;
    }
    if (p->at > p->in.n)
        p->at = p->in.n;
}

static void skip_blanks(struct param2231_parser *p)
{
    for (;;) {
        if (is_blank(peek(p)))
            p->at++;
        else if (peek(p) == '(')
            skip_comment(p);
        else
            return;
    }
}

/* A token of RFC 2045 5.1, perhaps empty. */
static struct slice take_token(struct param2231_parser *p)
{
    size_t from = p->at;
    for (int c; (c = peek(p)) > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?=", c);)
        p->at++;
    return slice_cut(p->in, from, p->at);
}

static bool at_end_or(const struct param2231_parser *p, char c)
{
    return peek(p) < 0 || peek(p) == c;
}

err_t param2231_begin_type(struct param2231_parser *p, struct slice value,
                           struct slice *type, struct slice *subtype)
{
    *p = (struct param2231_parser){ .in = value };
    skip_blanks(p);
    *type = take_token(p);
    skip_blanks(p);
    if (peek(p) != '/')
        return ERR_SYNTAX;
    p->at++;
    skip_blanks(p);
    if (peek(p) < 0)
        return ERR_SYNTAX;
    *subtype = take_token(p);
    skip_blanks(p);
    return at_end_or(p, ';') ? ERR_OK : ERR_SYNTAX;
}

err_t param2231_begin_token(struct param2231_parser *p, struct slice value, struct slice *token)
{
    *p = (struct param2231_parser){ .in = value };
    skip_blanks(p);
    if (peek(p) < 0)
        return ERR_SYNTAX;
    *token = take_token(p);
    skip_blanks(p);
    return at_end_or(p, ';') ? ERR_OK : ERR_SYNTAX;
}

void param2231_begin_list(struct param2231_parser *p, struct slice value)
{
    *p = (struct param2231_parser){ .in = value };
}

bool param2231_next_token(struct param2231_parser *p, struct slice *out)
{
    skip_blanks(p);
    if (peek(p) < 0)
        return false;
    *out = take_token(p);
    skip_blanks(p);
    if (!at_end_or(p, ','))
        return false;
    p->at += peek(p) == ',';
    return true;
}

void param2231_fini(struct param2231_parser *p)
{
    buf_fini(&p->text);
}

static bool at_crlf(const struct param2231_parser *p)
{
    return slice_starts(slice_skip(p->in, p->at), SLICE_LIT("\r\n"));
}

/* A quoted string without its folds; false if it is not closed, or a lone CR is in it. */
static bool take_quoted(struct param2231_parser *p, struct slice *out)
{
    buf_reset(&p->text);
    for (p->at++; p->at < p->in.n; p->at++) {
        char c = p->in.p[p->at];
        if (c == '"') {
            p->at++;
            *out = buf_slice(&p->text);
            return true;
        }
        bool escaped = c == '\\' && p->at + 1 < p->in.n;
        p->at += escaped;
        if (at_crlf(p)) {
            if (escaped)
                buf_adds(&p->text, "\r\n");
            p->at++;
            continue;
        }
        if (p->in.p[p->at] == '\r')
            return false;
        buf_addc(&p->text, p->in.p[p->at]);
    }
    return false;
}

/* Everything up to ";" or a comment, blanks inside included.  A ";" at once is the value. */
static struct slice take_unquoted(struct param2231_parser *p)
{
    size_t from = p->at;
    if (peek(p) == ';')
        return slice_cut(p->in, from, ++p->at);
    for (int c; (c = peek(p)) >= 0 && c != ';' && c != '(' && (c >= ' ' || is_blank(c));) {
        if (c == '\r' && !at_crlf(p))
            break;
        p->at++;
    }
    return slice_trim(slice_cut(p->in, from, p->at));
}

static bool at_separator(const struct param2231_parser *p)
{
    return peek(p) == ';' || peek(p) == '\r' || peek(p) == '\n';
}

/* From a malformed parameter to the next; a fold ends it as well. */
static void skip_to_separator(struct param2231_parser *p)
{
    while (peek(p) >= 0 && !at_separator(p))
        p->at++;
}

/* "=" behind the name.  Of anything else the first character is lost if blanks were before
 * it: so 3.6.1 goes on behind it when it looks for the next parameter. */
static bool take_equals(struct param2231_parser *p)
{
    size_t before = p->at;

    skip_blanks(p);
    bool found = peek(p) == '=';
    if (peek(p) >= 0 && (found || p->at > before))
        p->at++;
    return found;
}

/* Value and what must follow it; false if the list ends here. */
static bool take_value(struct param2231_parser *p, struct param2231 *out, bool *good)
{
    skip_blanks(p);
    bool quoted = peek(p) == '"';
    if (!quoted)
        out->value = take_unquoted(p);
    else if (!take_quoted(p, &out->value))
        return false;
    skip_blanks(p);
    *good = at_end_or(p, ';') && (quoted || out->value.n > 0);
    return true;
}

/* Behind ";": false ends the list, *good tells whether *out was filled. */
static bool take_param(struct param2231_parser *p, struct param2231 *out, bool *good)
{
    *good = false;
    skip_blanks(p);
    if (peek(p) < 0)
        return false;
    out->name = take_token(p);
    if (take_equals(p) && !take_value(p, out, good))
        return false;
    skip_to_separator(p);
    return true;
}

bool param2231_next(struct param2231_parser *p, struct param2231 *out)
{
    bool good = false;

    while (!good) {
        if (!at_separator(p))
            return false;
        p->at++;
        if (!take_param(p, out, &good)) {
            p->at = p->in.n;
            return false;
        }
    }
    return true;
}

bool param2231_piece(struct slice name, struct slice *base, uint32_t *number, bool *extended)
{
    *extended = name.n > 0 && name.p[name.n - 1] == '*';
    if (*extended)
        name.n--;
    ssize_t star = slice_rfind(name, '*');
    if (star < 0)
        return false;
    struct slice digits = slice_skip(name, (size_t)star + 1);
    *base = slice_cut(name, 0, (size_t)star);
    if ((digits.n > 1 && digits.p[0] == '0') || slice_find(*base, '*') >= 0)
        return false;
    return num_u32(digits, number) == ERR_OK;
}

/* A parameter of a list, and its place if it is a piece of a longer one. */
struct item {
    struct param2231 p;
    struct slice base;
    uint32_t number;
    size_t order;
    bool is_piece, extended, used;
};

/* Pieces of the same parameter together, by number, the first of each first. */
static int by_piece(const void *a, const void *b)
{
    const struct item *x = *(struct item *const *)a, *y = *(struct item *const *)b;
    int c = slice_cmp_nocase(x->base, y->base);
    if (c == 0)
        c = x->number < y->number ? -1 : x->number > y->number;
    if (c == 0)
        c = x->order < y->order ? -1 : x->order > y->order;
    return c;
}

static bool is_attribute_char(char c)
{
    return c > ' ' && c < 0x7f && !strchr("*'%()<>@,;:\\\"/[]?=", c);
}

static void add_percent(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (is_attribute_char(s.p[i]))
            buf_addc(out, s.p[i]);
        else
            buf_addf(out, "%%%02X", (unsigned char)s.p[i]);
    }
}

/* Make one parameter of the pieces numbered 0.. that start at sorted[at]. */
static void join_at(struct item **sorted, size_t n, size_t at, struct arena *arena)
{
    struct item *first = sorted[at];
    struct buf value = BUF_INIT;
    bool any = false;
    size_t end = at;

    for (uint32_t want = 0; end < n && slice_eq_nocase(sorted[end]->base, first->base); end++) {
        if (sorted[end]->number == want && !sorted[end]->used) {
            sorted[end]->used = true;
            any |= sorted[end]->extended;
            want++;
        } else if (sorted[end]->number >= want) {
            break;
        }
    }
    if (any && !first->extended)
        buf_adds(&value, "''");
    uint32_t next = 0;
    for (size_t i = at; i < end; i++) {
        if (sorted[i]->number != next)
            continue;
        next++;
        if (any && !sorted[i]->extended)
            add_percent(&value, sorted[i]->p.value);
        else
            buf_add_slice(&value, sorted[i]->p.value);
    }
    first->used = false;
    first->p.name = slice_cut(first->p.name, 0, first->base.n + any);
    first->p.value = arena_dup(arena, buf_slice(&value));
    buf_fini(&value);
}

static void join_pieces(struct item *items, size_t n, struct arena *arena)
{
    struct vec v = VEC_INIT(struct item *);

    for (size_t i = 0; i < n; i++)
        if (items[i].is_piece)
            *VEC_PUSH(&v, struct item *) = &items[i];
    vec_sort(&v, by_piece);
    struct item **sorted = v.p;
    for (size_t i = 0; i < v.n; i++)
        if (sorted[i]->number == 0)
            join_at(sorted, v.n, i, arena);
    vec_fini(&v);
}

static struct slice upper(struct slice s, struct arena *arena)
{
    char *p = arena_alloc(arena, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = ascii_upper(s.p[i]);
    return slice_make(p, s.n);
}

size_t param2231_all(struct param2231_parser *p, struct arena *arena, struct param2231 **out)
{
    struct vec v = VEC_INIT(struct item);
    struct param2231 param;
    bool pieces = false;
    size_t count = 0;

    while (v.n < PARAM2231_MAX && param2231_next(p, &param)) {
        struct item *it = VEC_PUSH(&v, struct item);
        it->p.name = upper(param.name, arena);
        it->p.value = arena_dup(arena, param.value);
        it->order = v.n;
        it->is_piece = param2231_piece(it->p.name, &it->base, &it->number, &it->extended);
        pieces |= it->is_piece;
    }
    if (pieces)
        join_pieces(v.p, v.n, arena);
    *out = arena_array(arena, v.n, sizeof **out);
    for (size_t i = 0; i < v.n; i++)
        if (!VEC_AT(&v, struct item, i)->used)
            (*out)[count++] = VEC_AT(&v, struct item, i)->p;
    vec_fini(&v);
    return count;
}

/* One piece of the wanted parameter, kept until all are known. */
struct piece {
    uint32_t number;
    bool extended;
    size_t from, to;                    /* in the buffer of all pieces */
};

static int by_number(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static void unpercent(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        int hi = s.p[i] == '%' && i + 2 < s.n ? ascii_xvalue(s.p[i + 1]) : -1;
        int lo = hi >= 0 ? ascii_xvalue(s.p[i + 2]) : -1;
        if (lo >= 0) {
            buf_addc(out, (char)(hi << 4 | lo));
            i += 2;
        } else {
            buf_addc(out, s.p[i]);
        }
    }
}

/* charset'language'bytes -> the bytes; *charset becomes the first part. */
static struct slice strip_charset(struct slice s, struct slice *charset)
{
    struct slice rest, language;
    bool found;

    rest = slice_split(s, '\'', charset, &found);
    if (found)
        rest = slice_split(rest, '\'', &language, &found);
    if (found)
        return rest;
    *charset = SLICE_NULL;
    return s;
}

void param2231_bytes(struct slice value, struct buf *out)
{
    struct slice charset;
    unpercent(out, strip_charset(value, &charset));
}

/* The forms in which the wanted parameter was met. */
struct found {
    bool has_plain, has_extended;
    struct piece plain, extended;       /* name=, name*= (the first of each) */
    struct vec pieces;                  /* name*N, name*N* */
    struct buf all;                     /* the values of all of them */
};

static void keep(struct found *f, const struct param2231 *param, const char *name)
{
    struct slice base;
    struct piece piece = { .from = f->all.n, .to = f->all.n + param->value.n };
    bool whole = !param2231_piece(param->name, &base, &piece.number, &piece.extended);

    if (whole) {
        base = param->name;
        base.n -= piece.extended;
    }
    if (!slice_eqs_nocase(base, name) || f->pieces.n >= PARAM2231_PIECES)
        return;
    if (!whole) {
        *VEC_PUSH(&f->pieces, struct piece) = piece;
    } else if (piece.extended && !f->has_extended) {
        f->has_extended = true;
        f->extended = piece;
    } else if (!piece.extended && !f->has_plain) {
        f->has_plain = true;
        f->plain = piece;
    } else {
        return;
    }
    buf_add_slice(&f->all, param->value);
}

/* Join pieces 0, 1, 2... as far as they go. */
static void join(const struct found *f, struct buf *out)
{
    struct buf raw = BUF_INIT;
    struct slice charset = SLICE_NULL;
    uint32_t want = 0;
    bool encoded = false;

    for (size_t i = 0; i < f->pieces.n; i++) {
        const struct piece *p = VEC_AT(&f->pieces, struct piece, i);
        struct slice s = slice_cut(buf_slice(&f->all), p->from, p->to);
        if (p->number != want)
            continue;
        want++;
        if (p->extended) {
            encoded = true;
            if (p->number == 0)
                s = strip_charset(s, &charset);
            unpercent(&raw, s);
        } else {
            buf_add_slice(&raw, s);
        }
    }
    if (encoded)
        charset_to_utf8_lossy(charset.n ? charset : SLICE_LIT("utf-8"), buf_slice(&raw), out);
    else
        word2047_decode(out, buf_slice(&raw));
    buf_fini(&raw);
}

/* The best form: encoded, else continued, else plain. */
static err_t choose(struct found *f, struct buf *out)
{
    vec_sort(&f->pieces, by_number);
    if (f->has_extended) {
        f->extended.number = 0;
        *(struct piece *)vec_insert(&f->pieces, 0) = f->extended;
        f->pieces.n = 1;
    } else if (f->has_plain &&
               (f->pieces.n == 0 || VEC_AT(&f->pieces, struct piece, 0)->number != 0)) {
        *(struct piece *)vec_insert(&f->pieces, 0) = f->plain;
        f->pieces.n = 1;
    }
    if (f->pieces.n == 0 || VEC_AT(&f->pieces, struct piece, 0)->number != 0)
        return ERR_NOTFOUND;
    join(f, out);
    return ERR_OK;
}

err_t param2231_get(struct slice value, const char *name, struct buf *out)
{
    struct param2231_parser p;
    struct param2231 param;
    struct slice first, second;
    struct found f = { .pieces = VEC_INIT(struct piece) };
    err_t err = param2231_begin_type(&p, value, &first, &second);

    if (err) {
        param2231_fini(&p);
        err = param2231_begin_token(&p, value, &first);
    }
    while (!err && param2231_next(&p, &param))
        keep(&f, &param, name);
    err = err ? ERR_NOTFOUND : choose(&f, out);
    param2231_fini(&p);
    vec_fini(&f.pieces);
    buf_fini(&f.all);
    return err;
}

static bool is_token(struct slice s)
{
    struct param2231_parser p = { .in = s };
    return s.n > 0 && take_token(&p).n == s.n;
}

static void add_extended(struct buf *out, struct slice s)
{
    buf_adds(out, "*=utf-8''");
    for (size_t i = 0; i < s.n; i++) {
        if (ascii_is_alnum(s.p[i]) || (s.p[i] != 0 && strchr("-._~", s.p[i])))
            buf_addc(out, s.p[i]);
        else
            buf_addf(out, "%%%02X", (unsigned char)s.p[i]);
    }
}

void param2231_add(struct buf *out, const char *name, struct slice s)
{
    bool plain = true;

    buf_addf(out, "; %s", name);
    for (size_t i = 0; i < s.n && plain; i++)
        plain = s.p[i] >= ' ' && s.p[i] < 0x7f;
    if (!plain) {
        add_extended(out, s);
        return;
    }
    buf_addc(out, '=');
    if (is_token(s)) {
        buf_add_slice(out, s);
        return;
    }
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_addc(out, '\\');
        buf_addc(out, s.p[i]);
    }
    buf_addc(out, '"');
}

/* imaptok_string.c - quoted strings and literals of imaptok.h */
#include "lib/base/num.h"
#include "lib/text/imaptok_impl.h"
#include "lib/text/utf8.h"

/* ---- literal heads ---- */

bool imaptok_line_literal(struct slice line, struct imaptok_literal *out)
{
    size_t n = line.n, digits;

    *out = (struct imaptok_literal){ 0 };
    if (n == 0 || line.p[--n] != '}')
        return false;
    if (n > 0 && line.p[n - 1] == '+') {
        out->nonsync = true;
        n--;
    }
    for (digits = n; digits > 0 && ascii_is_digit(line.p[digits - 1]);)
        digits--;
    if (digits == n || digits == 0 || line.p[digits - 1] != '{')
        return false;
    if (num_u64(slice_cut(line, digits, n), &out->size) || out->size > UINT32_MAX)
        out->size = UINT64_MAX;
    out->binary = digits > 1 && line.p[digits - 2] == '~';
    return true;
}

/* Line end behind "}"; the end of the text will do, where CRLF was taken off. */
static bool take_line_end(struct imaptok *t)
{
    if (t->p == t->end)
        return true;
    imaptok_accept(t, '\r');
    return imaptok_accept(t, '\n');
}

err_t imaptok_literal_head(struct imaptok *t, struct imaptok_literal *out)
{
    const char *from = t->p;
    uint32_t size;
    err_t err;

    *out = (struct imaptok_literal){ 0 };
    if ((t->flags & IMAPTOK_BINARY) && imaptok_accept(t, '~'))
        out->binary = true;
    if (!imaptok_accept(t, '{')) {
        t->p = from;
        return imaptok_fail(t, ERR_SYNTAX, "missing literal");
    }
    err = imaptok_number(t, &size);
    if (err)
        return imaptok_fail(t, err, "invalid literal size");
    out->size = size;
    out->nonsync = imaptok_accept(t, '+');
    if (!imaptok_accept(t, '}') || !take_line_end(t))
        return imaptok_fail(t, ERR_SYNTAX, "invalid literal");
    return ERR_OK;
}

static err_t literal(struct imaptok *t, struct slice *out)
{
    const char *from = t->p;
    err_t err = imaptok_literal_head(t, &t->lit);

    if (err)
        return err;
    if (t->lit.size > imaptok_left(t)) {
        t->p = from;
        return imaptok_fail(t, ERR_AGAIN, "literal is not complete");
    }
    *out = slice_make(t->p, t->lit.size);
    if (!t->lit.binary && out->n > 0 && memchr(out->p, '\0', out->n)) {
        t->p = from;
        return imaptok_fail(t, ERR_SYNTAX, "NUL in literal");
    }
    t->p += out->n;
    return ERR_OK;
}

/* ---- quoted strings ---- */

static struct slice without_backslashes(struct arena *a, struct slice raw)
{
    char *copy = arena_alloc(a, raw.n), *to = copy;

    for (size_t i = 0; i < raw.n; i++) {
        if (raw.p[i] == '\\')
            i++;
        *to++ = raw.p[i];
    }
    return slice_make(copy, (size_t)(to - copy));
}

/* From behind the opening quote to the closing one. */
static err_t scan_quoted(struct imaptok *t, bool *escaped)
{
    *escaped = false;
    for (; t->p < t->end; t->p++) {
        switch (*t->p) {
        case '"':
            return ERR_OK;
        case '\\':
            if (t->p + 1 == t->end || (t->p[1] != '"' && t->p[1] != '\\'))
                return imaptok_fail(t, ERR_SYNTAX, "invalid backslash in quoted string");
            *escaped = true;
            t->p++;
            break;
        case '\0':
        case '\r':
        case '\n':
            return imaptok_fail(t, ERR_SYNTAX, "invalid character in quoted string");
        }
    }
    return imaptok_fail(t, ERR_SYNTAX, "missing closing quote");
}

err_t imaptok_quoted(struct imaptok *t, struct slice *out)
{
    const char *from = t->p;
    struct slice raw;
    bool escaped;
    err_t err;

    if (!imaptok_accept(t, '"'))
        return imaptok_fail(t, ERR_SYNTAX, "missing quoted string");
    err = scan_quoted(t, &escaped);
    if (err)
        return err;
    raw = slice_make(from + 1, (size_t)(t->p - from - 1));
    if (raw.n > t->max_quoted) {
        t->p = from;
        return imaptok_fail(t, ERR_LIMIT, "quoted string too long");
    }
    if ((t->flags & IMAPTOK_UTF8) && !utf8_valid(raw)) {
        t->p = from;
        return imaptok_fail(t, ERR_SYNTAX, "quoted string is not UTF-8");
    }
    t->p++;
    *out = escaped ? without_backslashes(t->arena, raw) : raw;
    return ERR_OK;
}

/* ---- the choices ---- */

err_t imaptok_string(struct imaptok *t, struct slice *out)
{
    switch (imaptok_peek(t)) {
    case '"':
        return imaptok_quoted(t, out);
    case '{':
        return literal(t, out);
    case '~':
        if (t->flags & IMAPTOK_BINARY)
            return literal(t, out);
        break;
    }
    return imaptok_fail(t, ERR_SYNTAX, imaptok_at_end(t) ? "missing argument" : "missing string");
}

err_t imaptok_astring(struct imaptok *t, struct slice *out)
{
    const char *from = t->p;

    if (imaptok_begins_string(t))
        return imaptok_string(t, out);
    while (t->p < t->end && imaptok_is_astring(*t->p))
        t->p++;
    *out = slice_make(from, (size_t)(t->p - from));
    if (out->n == 0)
        return imaptok_fail(t, ERR_SYNTAX, imaptok_at_end(t) ? "missing argument"
                                                             : "unexpected character");
    if (out->n > t->max_word || ((t->flags & IMAPTOK_UTF8) && !utf8_valid(*out))) {
        t->p = from;
        return out->n > t->max_word ? imaptok_fail(t, ERR_LIMIT, "word too long")
                                    : imaptok_fail(t, ERR_SYNTAX, "word is not UTF-8");
    }
    return ERR_OK;
}

err_t imaptok_nstring(struct imaptok *t, struct slice *out)
{
    if (!imaptok_begins_string(t) && imaptok_accept_word(t, "NIL")) {
        *out = SLICE_NULL;
        return ERR_OK;
    }
    return imaptok_string(t, out);
}

/* imaptok.c - see imaptok.h: punctuation, words, numbers, flags, dates */
#include "lib/text/imaptok.h"

#include "lib/base/num.h"
#include "lib/text/date_imap.h"
#include "lib/text/imaptok_impl.h"

void imaptok_init(struct imaptok *t, struct slice text, struct arena *a, unsigned flags)
{
    const char *p = text.p ? text.p : "";

    *t = (struct imaptok){ .p = p, .end = p + text.n, .start = p, .arena = a, .flags = flags,
                           .max_word = IMAPTOK_MAX_WORD, .max_quoted = IMAPTOK_MAX_QUOTED,
                           .why = "" };
}

/* ---- punctuation ---- */

int imaptok_peek(const struct imaptok *t)
{
    return t->p < t->end ? (unsigned char)*t->p : -1;
}

bool imaptok_accept(struct imaptok *t, char c)
{
    if (t->p == t->end || *t->p != c)
        return false;
    t->p++;
    return true;
}

err_t imaptok_char(struct imaptok *t, char c)
{
    if (imaptok_accept(t, c))
        return ERR_OK;
    return imaptok_fail(t, ERR_SYNTAX, imaptok_at_end(t) ? "missing argument"
                                                         : "unexpected character");
}

err_t imaptok_sp(struct imaptok *t)
{
    if (imaptok_accept(t, ' '))
        return ERR_OK;
    return imaptok_fail(t, ERR_SYNTAX, imaptok_at_end(t) ? "missing argument" : "missing space");
}

bool imaptok_accept_sp(struct imaptok *t)
{
    return imaptok_accept(t, ' ');
}

bool imaptok_at_end(const struct imaptok *t)
{
    size_t left = imaptok_left(t);

    return left == 0 || (left == 1 && *t->p == '\n') ||
           (left == 2 && t->p[0] == '\r' && t->p[1] == '\n');
}

err_t imaptok_end(struct imaptok *t)
{
    if (!imaptok_at_end(t))
        return imaptok_fail(t, ERR_SYNTAX, "unexpected extra arguments");
    t->p = t->end;
    return ERR_OK;
}

bool imaptok_accept_word(struct imaptok *t, const char *word)
{
    struct slice want = slice_cstr(word), here = slice_make(t->p, imaptok_left(t));

    if (!slice_starts_nocase(here, want) || (here.n > want.n && imaptok_is_astring(here.p[want.n])))
        return false;
    t->p += want.n;
    return true;
}

err_t imaptok_open(struct imaptok *t)
{
    if (imaptok_peek(t) != '(')
        return imaptok_fail(t, ERR_SYNTAX, "missing parenthesised list");
    if (t->depth == IMAPTOK_MAX_DEPTH)
        return imaptok_fail(t, ERR_LIMIT, "too many nested parentheses");
    t->depth++;
    t->opened = ++t->p;
    return ERR_OK;
}

err_t imaptok_close(struct imaptok *t)
{
    if (t->depth == 0 || !imaptok_accept(t, ')'))
        return imaptok_fail(t, ERR_SYNTAX, "missing close parenthesis");
    t->depth--;
    return ERR_OK;
}

err_t imaptok_more(struct imaptok *t, bool *more)
{
    *more = imaptok_peek(t) != ')';
    if (!*more)
        return imaptok_close(t);
    return t->p == t->opened ? ERR_OK : imaptok_sp(t);
}

/* ---- words ---- */

/* Take octets while `is_part` says so, at least one. */
static err_t take_while(struct imaptok *t, bool (*is_part)(char), const char *missing,
                        struct slice *out)
{
    const char *from = t->p;

    while (t->p < t->end && is_part(*t->p))
        t->p++;
    *out = slice_make(from, (size_t)(t->p - from));
    if (out->n == 0)
        return imaptok_fail(t, ERR_SYNTAX, missing);
    if (out->n > t->max_word) {
        t->p = from;
        return imaptok_fail(t, ERR_LIMIT, "word too long");
    }
    return ERR_OK;
}

static bool is_tag_char(char c)
{
    return (ascii_is(c, A_ATOM) || c == ']') && c != '+';
}

static bool is_atom_char(char c)
{
    return ascii_is(c, A_ATOM);
}

static bool is_list_char(char c)
{
    return imaptok_is_astring(c) || c == '%' || c == '*';
}

static bool is_word_char(char c)
{
    return c != ' ' && c != '(' && c != ')' && !ascii_is_ctl(c);
}

err_t imaptok_tag(struct imaptok *t, struct slice *out)
{
    return take_while(t, is_tag_char, "missing tag", out);
}

err_t imaptok_atom(struct imaptok *t, struct slice *out)
{
    return take_while(t, is_atom_char, "missing atom", out);
}

err_t imaptok_word(struct imaptok *t, struct slice *out)
{
    return take_while(t, is_word_char, "missing word", out);
}

err_t imaptok_name(struct imaptok *t, const char *more, struct slice *out)
{
    const char *from = t->p;

    while (t->p < t->end && *t->p != '\0' && (ascii_is_alnum(*t->p) || strchr(more, *t->p)))
        t->p++;
    *out = slice_make(from, (size_t)(t->p - from));
    if (out->n == 0)
        return imaptok_fail(t, ERR_SYNTAX, "missing name");
    return ERR_OK;
}

struct slice imaptok_rest(struct imaptok *t)
{
    struct slice rest = slice_make(t->p, imaptok_left(t));

    if (rest.n > 0 && rest.p[rest.n - 1] == '\n')
        rest.n--;
    if (rest.n > 0 && rest.p[rest.n - 1] == '\r')
        rest.n--;
    t->p = t->end;
    return rest;
}

err_t imaptok_list_mailbox(struct imaptok *t, struct slice *out)
{
    if (imaptok_begins_string(t))
        return imaptok_string(t, out);
    return take_while(t, is_list_char, "missing pattern", out);
}

/* ---- numbers ---- */

static bool is_digit(char c)
{
    return ascii_is_digit(c);
}

err_t imaptok_number64(struct imaptok *t, uint64_t *out)
{
    const char *from = t->p;
    struct slice digits;
    uint64_t n;
    err_t err = take_while(t, is_digit, "missing number", &digits);

    if (!err && (num_u64(digits, &n) || n > INT64_MAX)) {
        t->p = from;
        err = imaptok_fail(t, ERR_LIMIT, "number too large");
    }
    if (!err)
        *out = n;
    return err;
}

err_t imaptok_number(struct imaptok *t, uint32_t *out)
{
    const char *from = t->p;
    uint64_t n;
    err_t err = imaptok_number64(t, &n);

    if (!err && n > UINT32_MAX) {
        t->p = from;
        err = imaptok_fail(t, ERR_LIMIT, "number too large");
    }
    if (!err)
        *out = (uint32_t)n;
    return err;
}

err_t imaptok_nz_number(struct imaptok *t, uint32_t *out)
{
    if (imaptok_peek(t) == '0')
        return imaptok_fail(t, ERR_SYNTAX, "number may not begin with 0");
    return imaptok_number(t, out);
}

/* ---- flags ---- */

err_t imaptok_flag(struct imaptok *t, struct slice *out)
{
    const char *from = t->p;
    struct slice name;
    err_t err;

    imaptok_accept(t, '\\');
    err = take_while(t, is_atom_char, "missing flag", &name);
    if (!err)
        *out = slice_make(from, (size_t)(t->p - from));
    return err;
}

static err_t add_flag(struct imaptok *t, struct slice **flags, size_t *n, size_t *cap)
{
    if (*n == IMAPTOK_MAX_FLAGS)
        return imaptok_fail(t, ERR_LIMIT, "too many flags");
    if (*n == *cap) {
        size_t want = *cap ? *cap * 2 : 8;
        struct slice *grown = arena_array(t->arena, want, sizeof *grown);
        if (*n)
            memcpy(grown, *flags, *n * sizeof *grown);
        *flags = grown;
        *cap = want;
    }
    return imaptok_flag(t, &(*flags)[(*n)++]);
}

err_t imaptok_flags(struct imaptok *t, bool bare_too, struct slice **out, size_t *n)
{
    size_t cap = 0;
    bool more;
    err_t err;

    *out = NULL;
    *n = 0;
    if (bare_too && imaptok_peek(t) != '(') {
        do
            err = add_flag(t, out, n, &cap);
        while (!err && imaptok_accept_sp(t));
        return err;
    }
    err = imaptok_open(t);
    while (!err && (err = imaptok_more(t, &more)) == ERR_OK && more)
        err = add_flag(t, out, n, &cap);
    return err;
}

/* ---- dates ---- */

static err_t bad_date(struct imaptok *t, const char *from)
{
    t->p = from;
    return imaptok_fail(t, ERR_SYNTAX, "invalid date");
}

err_t imaptok_date(struct imaptok *t, time_t *start, time_t *end)
{
    const char *from = t->p;
    struct slice text;
    err_t err;

    if (imaptok_peek(t) == '"')
        err = imaptok_quoted(t, &text);
    else
        err = imaptok_atom(t, &text);
    if (!err && date_imap_day(text, start, end))
        err = bad_date(t, from);
    return err;
}

err_t imaptok_date_time(struct imaptok *t, time_t *out)
{
    const char *from = t->p;
    struct slice text;
    err_t err = imaptok_quoted(t, &text);

    if (!err && date_imap_parse(text, out))
        err = bad_date(t, from);
    return err;
}

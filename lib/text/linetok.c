/* linetok.c - see linetok.h: words and parameters */
#include "lib/text/linetok.h"

#include "lib/text/ascii.h"

void linetok_init(struct linetok *t, struct slice line)
{
    t->p = line.p ? line.p : "";
    t->end = t->p + line.n;
}

static void skip_blanks(struct linetok *t)
{
    while (t->p < t->end && (*t->p == ' ' || *t->p == '\t'))
        t->p++;
}

bool linetok_word(struct linetok *t, struct slice *out)
{
    const char *from;

    skip_blanks(t);
    from = t->p;
    while (t->p < t->end && *t->p != ' ' && *t->p != '\t')
        t->p++;
    *out = slice_make(from, (size_t)(t->p - from));
    return out->n > 0;
}

bool linetok_accept(struct linetok *t, const char *word)
{
    const char *from = t->p;
    struct slice found;

    if (linetok_word(t, &found) && slice_eqs_nocase(found, word))
        return true;
    t->p = from;
    return false;
}

bool linetok_accept_text(struct linetok *t, const char *text)
{
    const char *from = t->p;
    struct slice want = slice_cstr(text);

    skip_blanks(t);
    if (slice_starts_nocase(slice_make(t->p, (size_t)(t->end - t->p)), want)) {
        t->p += want.n;
        return true;
    }
    t->p = from;
    return false;
}

struct slice linetok_rest(struct linetok *t)
{
    skip_blanks(t);
    return linetok_raw(t);
}

struct slice linetok_raw(struct linetok *t)
{
    struct slice rest = slice_make(t->p, (size_t)(t->end - t->p));

    t->p = t->end;
    return rest;
}

bool linetok_at_end(struct linetok *t)
{
    skip_blanks(t);
    return t->p == t->end;
}

/* ---- parameters ---- */

static bool is_keyword(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_alnum(s.p[i]) && (s.p[i] != '-' || i == 0))
            return false;
    return s.n > 0;
}

static bool is_value(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (ascii_is_ctl(s.p[i]))
            return false;
    return true;
}

err_t linetok_param(struct linetok *t, struct linetok_param *out)
{
    struct slice word;

    if (!linetok_word(t, &word))
        return ERR_NOTFOUND;
    out->value = slice_split(word, '=', &out->key, &out->has_value);
    return is_keyword(out->key) && is_value(out->value) ? ERR_OK : ERR_SYNTAX;
}

/* "+XX" at the start of s as its octet; -1 if it is none or NUL. */
static int hex_char(struct slice s)
{
    int high = s.n > 2 ? ascii_xvalue(s.p[1]) : -1;
    int low = s.n > 2 ? ascii_xvalue(s.p[2]) : -1;

    return high < 0 || low < 0 || high + low == 0 ? -1 : high << 4 | low;
}

err_t linetok_xtext(struct arena *a, struct slice text, struct slice *out)
{
    char *copy = arena_alloc(a, text.n + 1), *to = copy;

    while (text.n > 0) {
        int c = (unsigned char)text.p[0];
        if (!ascii_is_graph((char)c) || c == '=')
            return ERR_SYNTAX;
        if (c == '+') {
            c = hex_char(text);
            if (c < 0)
                return ERR_SYNTAX;
            text = slice_skip(text, 2);
        }
        text = slice_skip(text, 1);
        *to++ = (char)c;
    }
    *out = slice_make(copy, (size_t)(to - copy));
    return ERR_OK;
}

/* imaptok_impl.h - shared by the files of the IMAP tokeniser */
#ifndef TEXT_IMAPTOK_IMPL_H
#define TEXT_IMAPTOK_IMPL_H

#include "lib/text/ascii.h"
#include "lib/text/imaptok.h"

/* Note what was wrong at t->p and return `err`. */
static inline err_t imaptok_fail(struct imaptok *t, err_t err, const char *why)
{
    t->why = why;
    return err;
}

static inline size_t imaptok_left(const struct imaptok *t)
{
    return (size_t)(t->end - t->p);
}

/* ASTRING-CHAR, and what clients send in its place. */
static inline bool imaptok_is_astring(char c)
{
    return ascii_is(c, A_ATOM | A_8BIT) || c == ']';
}

/* Is a quoted string or a literal next? */
static inline bool imaptok_begins_string(const struct imaptok *t)
{
    int c = imaptok_peek(t);

    return c == '"' || c == '{' ||
           (c == '~' && (t->flags & IMAPTOK_BINARY) && imaptok_left(t) > 1 && t->p[1] == '{');
}

#endif

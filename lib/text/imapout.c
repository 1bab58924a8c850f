/* imapout.c - see imapout.h */
#include "lib/text/imapout.h"

#include "lib/text/ascii.h"
#include "lib/text/utf8.h"

bool imapout_may_quote(struct slice s, unsigned flags)
{
    bool has_8bit = false;

    if (s.n >= IMAPOUT_MAX_QUOTED)
        return false;
    for (size_t i = 0; i < s.n; i++)
        switch (s.p[i]) {
        case '\0':
        case '\r':
        case '\n':
        case '"':
        case '%':
        case '\\':
            return false;
        default:
            has_8bit |= ascii_is(s.p[i], A_8BIT);
        }
    return !has_8bit || ((flags & IMAPOUT_UTF8) && utf8_valid(s));
}

bool imapout_may_atom(struct slice s)
{
    if (s.n == 0 || s.n >= IMAPOUT_MAX_QUOTED || slice_eqs_nocase(s, "NIL"))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is(s.p[i], A_ATOM) && s.p[i] != ']')
            return false;
    return true;
}

void imapout_literal_head(struct buf *out, uint64_t n, bool binary, unsigned flags)
{
    if (binary)
        buf_addc(out, '~');
    buf_addc(out, '{');
    buf_add_u64(out, n);
    buf_adds(out, flags & IMAPOUT_NONSYNC ? "+}\r\n" : "}\r\n");
}

static void put_quoted(struct buf *out, struct slice s)
{
    buf_addc(out, '"');
    buf_add_slice(out, s);
    buf_addc(out, '"');
}

void imapout_string(struct buf *out, struct slice s, unsigned flags)
{
    if (imapout_may_quote(s, flags)) {
        put_quoted(out, s);
    } else {
        imapout_literal_head(out, s.n, false, flags);
        buf_add_slice(out, s);
    }
}

void imapout_nstring(struct buf *out, struct slice s, unsigned flags)
{
    if (s.p)
        imapout_string(out, s, flags);
    else
        buf_adds(out, "NIL");
}

void imapout_astring(struct buf *out, struct slice s, unsigned flags)
{
    if (imapout_may_atom(s))
        buf_add_slice(out, s);
    else
        imapout_string(out, s, flags);
}

/* Could the text stand in quotes if '"' and '\' are escaped? */
static bool may_escape(struct slice s, unsigned flags)
{
    if (s.n >= IMAPOUT_MAX_QUOTED)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\0' || s.p[i] == '\r' || s.p[i] == '\n')
            return false;
    return utf8_is_ascii(s) || ((flags & IMAPOUT_UTF8) && utf8_valid(s));
}

void imapout_mailbox(struct buf *out, struct slice s, unsigned flags)
{
    if (imapout_may_atom(s) || imapout_may_quote(s, flags) || !may_escape(s, flags)) {
        imapout_astring(out, s, flags);
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

void imapout_words(struct buf *out, const struct slice *words, size_t n)
{
    buf_addc(out, '(');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_addc(out, ' ');
        buf_add_slice(out, words[i]);
    }
    buf_addc(out, ')');
}

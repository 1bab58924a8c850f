/* linetok_path.c - paths of MAIL FROM and RCPT TO (RFC 5321 4.1.2) of linetok.h */
#include "lib/base/buf.h"
#include "lib/text/ascii.h"
#include "lib/text/linetok.h"

struct path_reader {
    struct slice rest;
    struct arena *arena;
    unsigned flags;
    struct linetok_path *out;
    const char *why;
};

static err_t fail(struct path_reader *r, err_t err, const char *why)
{
    r->why = why;
    return err;
}

static int peek(const struct path_reader *r)
{
    return r->rest.n > 0 ? (unsigned char)r->rest.p[0] : -1;
}

static void skip(struct path_reader *r, size_t n)
{
    r->rest = slice_skip(r->rest, n);
}

static bool accept(struct path_reader *r, char c)
{
    if (peek(r) != (unsigned char)c)
        return false;
    skip(r, 1);
    return true;
}

static bool is_8bit_allowed(const struct path_reader *r, char c)
{
    if (!ascii_is(c, A_8BIT))
        return false;
    r->out->has_8bit = true;
    return r->flags & LINETOK_8BIT;
}

static bool is_domain_char(const struct path_reader *r, char c)
{
    return ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' || is_8bit_allowed(r, c);
}

static bool is_local_char(const struct path_reader *r, char c)
{
    if (ascii_is(c, A_ATEXT) || c == '.' || is_8bit_allowed(r, c))
        return true;
    return (r->flags & LINETOK_LENIENT) && ascii_is_graph(c) && !strchr("<>()[],;:\"@\\", c);
}

/* ---- the parts ---- */

/* "@a,@b:" in front of the mailbox. */
static err_t take_route(struct path_reader *r)
{
    ssize_t colon = slice_find(r->rest, ':');

    if (colon < 0)
        return fail(r, ERR_SYNTAX, "source route without \":\"");
    r->out->route = slice_cut(r->rest, 0, (size_t)colon);
    for (size_t i = 0; i < r->out->route.n; i++) {
        char c = r->out->route.p[i];
        if (!is_domain_char(r, c) && c != '@' && c != ',')
            return fail(r, ERR_SYNTAX, "bad character in source route");
    }
    skip(r, (size_t)colon + 1);
    return ERR_OK;
}

/* Behind the opening quote. */
static err_t take_quoted_local(struct path_reader *r)
{
    char *copy = arena_alloc(r->arena, r->rest.n + 1), *to = copy;

    while (!accept(r, '"')) {
        char c;
        accept(r, '\\');
        if (r->rest.n == 0)
            return fail(r, ERR_SYNTAX, "local part without closing quote");
        c = r->rest.p[0];
        if (ascii_is_ctl(c) || (ascii_is(c, A_8BIT) && !is_8bit_allowed(r, c)))
            return fail(r, ERR_SYNTAX, "bad character in local part");
        *to++ = c;
        skip(r, 1);
    }
    r->out->local = slice_make(copy, (size_t)(to - copy));
    return ERR_OK;
}

static bool has_misplaced_dot(struct slice local)
{
    return local.p[0] == '.' || local.p[local.n - 1] == '.' ||
           slice_search(local, SLICE_LIT("..")) >= 0;
}

static err_t take_dotted_local(struct path_reader *r)
{
    size_t n = 0;

    while (n < r->rest.n && is_local_char(r, r->rest.p[n]))
        n++;
    r->out->local = slice_cut(r->rest, 0, n);
    if (n == 0)
        return fail(r, ERR_SYNTAX, "address without local part");
    if (!(r->flags & LINETOK_LENIENT) && has_misplaced_dot(r->out->local))
        return fail(r, ERR_SYNTAX, "misplaced dot in local part");
    skip(r, n);
    return ERR_OK;
}

static err_t take_domain(struct path_reader *r)
{
    bool is_literal = peek(r) == '[';
    size_t n = 0;

    if (is_literal) {
        ssize_t close = slice_find(r->rest, ']');
        for (n = 1; close > 0 && n < (size_t)close; n++)
            if (!ascii_is_graph(r->rest.p[n]) || memchr("[\\<>", r->rest.p[n], 4))
                return fail(r, ERR_SYNTAX, "bad character in address literal");
        if (close < 2)
            return fail(r, ERR_SYNTAX, "bad address literal");
        n = (size_t)close + 1;
    } else {
        while (n < r->rest.n && is_domain_char(r, r->rest.p[n]))
            n++;
    }
    r->out->domain = slice_cut(r->rest, 0, n);
    if (n == 0 || (!is_literal && has_misplaced_dot(r->out->domain)))
        return fail(r, ERR_SYNTAX, "bad domain");
    skip(r, n);
    return ERR_OK;
}

static err_t take_mailbox(struct path_reader *r)
{
    struct slice from = r->rest;
    err_t err = accept(r, '"') ? take_quoted_local(r) : take_dotted_local(r);

    if (err)
        return err;
    if (accept(r, '@'))
        err = take_domain(r);
    else if (!(r->flags & LINETOK_BARE) && !slice_eqs_nocase(r->out->local, "postmaster"))
        err = fail(r, ERR_SYNTAX, "address without domain");
    if (err)
        return err;
    r->out->text = slice_cut(from, 0, from.n - r->rest.n);
    if (r->out->text.n > LINETOK_MAX_PATH || r->out->local.n > LINETOK_MAX_LOCAL)
        return fail(r, ERR_LIMIT, "address too long");
    return ERR_OK;
}

static err_t take_path(struct path_reader *r)
{
    bool bracketed = accept(r, '<');
    err_t err = ERR_OK;

    if (!bracketed && !(r->flags & LINETOK_LENIENT))
        return fail(r, ERR_SYNTAX, "missing \"<\"");
    if (bracketed && accept(r, '>')) {
        r->out->is_null = true;
        return r->flags & LINETOK_NULL ? ERR_OK : fail(r, ERR_SYNTAX, "empty address");
    }
    if (peek(r) == '@')
        err = take_route(r);
    if (!err)
        err = take_mailbox(r);
    if (!err && bracketed && !accept(r, '>'))
        err = fail(r, ERR_SYNTAX, "bad character in address");
    return err;
}

err_t linetok_path(struct linetok *t, struct arena *a, unsigned flags, struct linetok_path *out,
                   const char **why)
{
    struct path_reader r = { slice_make(t->p, (size_t)(t->end - t->p)), a, flags, out, "" };
    err_t err;

    *out = (struct linetok_path){ .is_null = false };
    while ((flags & LINETOK_LENIENT) && (peek(&r) == ' ' || peek(&r) == '\t'))
        skip(&r, 1);
    err = take_path(&r);
    if (!err && r.rest.n > 0 && peek(&r) != ' ' && peek(&r) != '\t')
        err = fail(&r, ERR_SYNTAX, "text behind the address");
    if (!err)
        t->p = r.rest.p;
    if (why)
        *why = r.why;
    return err;
}

/* ---- writing ---- */

static bool needs_quotes(struct slice local)
{
    if (local.n == 0 || has_misplaced_dot(local))
        return true;
    for (size_t i = 0; i < local.n; i++)
        if (!ascii_is(local.p[i], A_ATEXT | A_8BIT) && local.p[i] != '.')
            return true;
    return false;
}

void linetok_put_path(struct buf *out, struct slice local, struct slice domain)
{
    bool quotes = needs_quotes(local);

    if (quotes)
        buf_addc(out, '"');
    for (size_t i = 0; i < local.n; i++) {
        if (local.p[i] == '"' || local.p[i] == '\\')
            buf_addc(out, '\\');
        buf_addc(out, local.p[i]);
    }
    if (quotes)
        buf_addc(out, '"');
    if (domain.n > 0) {
        buf_addc(out, '@');
        buf_add_slice(out, domain);
    }
}

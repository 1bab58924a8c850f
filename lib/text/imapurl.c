/* imapurl.c - see imapurl.h
 *
 * A ";" that is part of a name is written "%3B" (RFC 5092 11: bchar), so the first one ends the mailbox.
 */
#include "lib/text/imapurl.h"

#include "lib/base/num.h"
#include "lib/text/ascii.h"
#include "lib/text/utf8.h"

struct cursor {
    struct slice rest;
    struct arena *arena;
};

static bool accept(struct cursor *c, const char *word)
{
    if (!slice_starts_nocase(c->rest, slice_cstr(word)))
        return false;
    c->rest = slice_skip(c->rest, slice_cstr(word).n);
    return true;
}

/* Up to the first octet of `ends`, or to the end. */
static struct slice take_until(struct cursor *c, const char *ends)
{
    size_t n = 0;

    while (n < c->rest.n && !strchr(ends, c->rest.p[n]))
        n++;
    struct slice out = slice_cut(c->rest, 0, n);
    c->rest = slice_skip(c->rest, n);
    return out;
}

/* Percent escapes undone; what is no UTF-8 or holds a NUL is refused. */
static err_t decode(struct cursor *c, struct slice raw, struct slice *out)
{
    char *p = arena_alloc(c->arena, raw.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < raw.n; i++) {
        p[n] = raw.p[i];
        if (raw.p[i] == '%') {
            if (raw.n - i < 3 || !ascii_is_xdigit(raw.p[i + 1]) || !ascii_is_xdigit(raw.p[i + 2]))
                return ERR_SYNTAX;
            p[n] = (char)(ascii_xvalue(raw.p[i + 1]) << 4 | ascii_xvalue(raw.p[i + 2]));
            i += 2;
        }
        if (p[n++] == '\0')
            return ERR_SYNTAX;
    }
    *out = slice_make(p, n);
    return utf8_valid(*out) ? ERR_OK : ERR_SYNTAX;
}

static err_t take_number(struct cursor *c, uint32_t *out)
{
    size_t n = 0;

    while (n < c->rest.n && ascii_is_digit(c->rest.p[n]))
        n++;
    err_t err = num_u32(slice_cut(c->rest, 0, n), out);
    c->rest = slice_skip(c->rest, n);
    return err ? ERR_SYNTAX : ERR_OK;
}

static err_t take_nz_number(struct cursor *c, uint32_t *out)
{
    err_t err = take_number(c, out);
    return err || *out ? err : ERR_SYNTAX;
}

/* ---- server ---- */

static err_t take_server(struct cursor *c, struct imapurl *u)
{
    struct slice server = take_until(c, "/");
    ssize_t at = slice_rfind(server, '@');
    err_t err = ERR_OK;

    u->has_server = true;
    u->host = slice_skip(server, (size_t)(at + 1));
    if (u->host.n == 0)
        return ERR_SYNTAX;
    if (at >= 0) {
        struct cursor user = { slice_cut(server, 0, (size_t)at), c->arena };
        struct slice name = take_until(&user, ";");
        err = decode(c, name, &u->user);
        if (!err && accept(&user, ";AUTH="))
            err = decode(c, user.rest, &u->auth);
        else if (!err && user.rest.n)
            err = ERR_SYNTAX;
    }
    return err;
}

/* ---- path ---- */

static err_t take_mailbox(struct cursor *c, struct imapurl *u)
{
    u->from_root = accept(c, "/");
    struct slice raw = take_until(c, ";");
    if (raw.n && raw.p[raw.n - 1] == '/' && c->rest.n)          /* of "/;UID=" */
        raw.n--;
    return decode(c, raw, &u->mailbox);
}

static err_t take_partial(struct cursor *c, struct imapurl *u)
{
    err_t err = take_number(c, &u->start);

    u->has_partial = true;
    return err || !accept(c, ".") ? err : take_nz_number(c, &u->count);
}

static err_t take_section(struct cursor *c, struct imapurl *u)
{
    struct slice raw = take_until(c, ";");

    if (raw.n && raw.p[raw.n - 1] == '/' && c->rest.n)
        raw.n--;
    err_t err = decode(c, raw, &u->section);
    return !err && u->section.n == 0 ? ERR_SYNTAX : err;
}

/* The "/" before ";UID=" may have been left to the mailbox or the section. */
static err_t take_message(struct cursor *c, struct imapurl *u)
{
    err_t err = ERR_OK;

    if (accept(c, ";UIDVALIDITY="))
        err = take_nz_number(c, &u->uidvalidity);
    if (!err && (accept(c, "/;UID=") || accept(c, ";UID=")))
        err = take_number(c, &u->uid);
    if (!err && (accept(c, "/;SECTION=") || accept(c, ";SECTION=")))
        err = take_section(c, u);
    if (!err && (accept(c, "/;PARTIAL=") || accept(c, ";PARTIAL=")))
        err = take_partial(c, u);
    return err;
}

/* ---- authorization ---- */

static int64_t days_before(int64_t year, unsigned month, unsigned day)
{
    const int64_t y = year - (month <= 2), era = y / 400, of_era = y - era * 400;
    const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static err_t take_digits(struct cursor *c, size_t n, unsigned max, unsigned *out)
{
    struct slice digits = slice_cut(c->rest, 0, n);

    for (size_t i = 0; i < digits.n; i++)
        if (!ascii_is_digit(digits.p[i]))
            return ERR_SYNTAX;
    c->rest = slice_skip(c->rest, n);
    err_t err = digits.n == n ? num_u32(digits, out) : ERR_SYNTAX;
    return !err && *out > max ? ERR_SYNTAX : err;
}

static err_t take_zone(struct cursor *c, int64_t *seconds)
{
    unsigned hours, minutes;
    const bool minus = c->rest.n && c->rest.p[0] == '-';

    *seconds = 0;
    if (accept(c, "Z"))
        return ERR_OK;
    if (!accept(c, "+") && !accept(c, "-"))
        return ERR_SYNTAX;
    err_t err = take_digits(c, 2, 23, &hours);
    if (!err)
        err = accept(c, ":") ? take_digits(c, 2, 59, &minutes) : ERR_SYNTAX;
    if (!err)
        *seconds = ((int64_t)hours * 3600 + (int64_t)minutes * 60) * (minus ? -1 : 1);
    return err;
}

/* RFC 3339 date-time. */
static err_t take_time(struct cursor *c, time_t *out)
{
    static const struct {
        size_t digits;
        unsigned max;
        const char *behind;
    } parts[] = { { 4, 9999, "-" }, { 2, 12, "-" }, { 2, 31, "T" }, { 2, 23, ":" }, { 2, 59, ":" }, { 2, 60, "" } };
    unsigned v[6] = { 0 };
    int64_t zone = 0;
    err_t err = ERR_OK;

    for (size_t i = 0; i < 6 && !err; i++) {
        err = take_digits(c, parts[i].digits, parts[i].max, &v[i]);
        if (!err && !accept(c, parts[i].behind))
            err = ERR_SYNTAX;
    }
    if (!err && accept(c, "."))
        while (c->rest.n && ascii_is_digit(c->rest.p[0]))
            c->rest = slice_skip(c->rest, 1);
    if (!err)
        err = take_zone(c, &zone);
    if (err || v[1] == 0 || v[2] == 0)
        return ERR_SYNTAX;
    *out = (time_t)(days_before(v[0], v[1], v[2]) * 86400 + v[3] * 3600 + v[4] * 60 + v[5] - zone);
    return ERR_OK;
}

static err_t take_access(struct cursor *c, struct imapurl *u)
{
    struct slice word = take_until(c, ":");

    if (slice_starts_nocase(word, SLICE_LIT("submit+")))
        u->access = IMAPURL_SUBMIT;
    else if (slice_starts_nocase(word, SLICE_LIT("user+")))
        u->access = IMAPURL_USER;
    else if (slice_eqs_nocase(word, "authuser"))
        u->access = IMAPURL_AUTHUSER;
    else if (slice_eqs_nocase(word, "anonymous"))
        u->access = IMAPURL_ANONYMOUS;
    else
        return ERR_SYNTAX;
    if (u->access != IMAPURL_SUBMIT && u->access != IMAPURL_USER)
        return ERR_OK;
    err_t err = decode(c, slice_skip(word, (size_t)slice_find(word, '+') + 1), &u->access_user);
    return !err && u->access_user.n == 0 ? ERR_SYNTAX : err;
}

static err_t take_authorization(struct cursor *c, struct slice text, struct imapurl *u)
{
    err_t err = ERR_OK;

    if (accept(c, ";EXPIRE=")) {
        u->has_expire = true;
        err = take_time(c, &u->expire);
    }
    if (err || !accept(c, ";URLAUTH="))
        return err;
    err = take_access(c, u);
    u->rump = text.n - c->rest.n;
    if (err || !accept(c, ":"))
        return err;
    u->mech = take_until(c, ":");
    if (!accept(c, ":"))
        return ERR_SYNTAX;
    u->token = c->rest;
    c->rest = SLICE_NULL;
    return u->mech.n && u->token.n ? ERR_OK : ERR_SYNTAX;
}

err_t imapurl_parse(struct slice text, struct arena *arena, struct imapurl *out)
{
    struct cursor c = { text, arena };
    err_t err = ERR_OK;

    *out = (struct imapurl){ .rump = text.n };
    if (text.n > IMAPURL_MAX)
        return ERR_LIMIT;
    if (accept(&c, "imap://"))
        err = take_server(&c, out);
    if (!err)
        err = take_mailbox(&c, out);
    if (!err)
        err = take_message(&c, out);
    if (!err)
        err = take_authorization(&c, text, out);
    return !err && c.rest.n ? ERR_SYNTAX : err;
}

/* addr822.c - see addr822.h
 *
 *   address = phrase ","            a local part without a domain
 *           | phrase "@" domain     comments in or behind the domain give the name
 *           | phrase "<" [route ":"] local ["@" domain] ">"
 *           | phrase ":"            a group begins
 *           | [phrase] ";"          it ends
 *
 * What a phrase, a domain and a route may hold, and what happens at a character that fits
 * nowhere, was measured on the 3.6.1 server, because the results are stored in cyrus.cache.
 */
#include "lib/text/addr822.h"

#include "lib/text/ascii.h"

/* A piece of parser->text. */
struct span {
    size_t from, to;
};

static int peek(const struct addr822_parser *p)
{
    return p->at < p->in.n ? (unsigned char)p->in.p[p->at] : -1;
}

static struct slice span_slice(const struct addr822_parser *p, struct span s)
{
    return slice_cut(buf_slice(&p->text), s.from, s.to);
}

/* Pass over a comment; its text goes to `text` if not NULL.  False if it is not closed: then all
 * of the rest is used up. */
static bool skip_comment(struct addr822_parser *p, struct buf *text)
{
    unsigned depth = 1;

    for (p->at++; p->at < p->in.n; p->at++) {
        char c = p->in.p[p->at];
        if (c == '\\') {
            if (++p->at == p->in.n)
                break;
            c = p->in.p[p->at];
        } else if (c == '(' && depth < ADDR822_COMMENT_DEPTH) {
            depth++;
        } else if (c == ')' && --depth == 0) {
            p->at++;
            return true;
        }
        if (text)
            buf_addc(text, c);
    }
    return false;
}

static bool at_crlf(const struct addr822_parser *p)
{
    return slice_starts(slice_skip(p->in, p->at), SLICE_LIT("\r\n"));
}

/* Append the text of a quoted string, without folds and control characters; a lone CR counts as
 * a blank.  False if it is not closed. */
static bool take_quoted(struct addr822_parser *p)
{
    for (p->at++; p->at < p->in.n; p->at++) {
        char c = p->in.p[p->at];
        if (c == '"') {
            p->at++;
            return true;
        }
        bool escaped = c == '\\' && p->at + 1 < p->in.n;
        p->at += escaped;
        if (at_crlf(p)) {
            p->at++;
            continue;
        }
        c = p->in.p[p->at];
        if (c == '\r' && !escaped)
            buf_addc(&p->text, ' ');
        else if (escaped || c == '\t' || !ascii_is_ctl(c))
            buf_addc(&p->text, c);
    }
    return false;
}

enum phrase_end { PHRASE_STOP, PHRASE_EOF, PHRASE_BROKEN };

/* Pass over white space and comments.  False if a comment is not closed. */
static bool skip_blanks(struct addr822_parser *p)
{
    for (;;) {
        int c = peek(p);
        if (c == '(') {
            if (!skip_comment(p, NULL))
                return false;
        } else if (c >= 0 && ascii_is_space((char)c)) {
            p->at++;
        } else {
            return true;
        }
    }
}

/* One quoted string, atom character or run of blanks of a phrase. */
static enum phrase_end take_piece(struct addr822_parser *p, int c, bool *started)
{
    if (c == '(' || ascii_is_space((char)c)) {
        if (*started)
            buf_addc(&p->text, ' ');
        return skip_blanks(p) ? PHRASE_STOP : PHRASE_EOF;
    }
    *started = true;
    if (c == '"')
        return take_quoted(p) ? PHRASE_STOP : PHRASE_BROKEN;
    buf_addc(&p->text, (char)c);
    p->at++;
    return PHRASE_STOP;
}

/* Words up to a character of `stops` (not consumed) or the end.  White space and comments
 * between words become one blank. */
static enum phrase_end take_phrase(struct addr822_parser *p, const char *stops, struct span *out)
{
    enum phrase_end end = PHRASE_STOP;
    bool started = false;

    out->from = p->text.n;
    while (end == PHRASE_STOP) {
        int c = peek(p);
        if (c > 0 && strchr(stops, c))
            break;
        end = c < 0 ? PHRASE_EOF : take_piece(p, c, &started);
    }
    if (end == PHRASE_BROKEN)
        buf_truncate(&p->text, out->from);
    if (p->text.n > out->from && p->text.p[p->text.n - 1] == ' ')
        p->text.n--;
    out->to = p->text.n;
    return end;
}

static bool in_domain(int c)
{
    return ascii_is_alnum((char)c) || c == '-' || c == ':' || c == '@' || c == '[' || c == ']';
}

static bool in_route(int c)
{
    return ascii_is_alnum((char)c) || c == '-' || c == ',' || c == '@' || c == '[' || c == ']';
}

/* Characters of a domain or route; white space and comments are passed over, dots at the
 * ends dropped, several made one.  *comment becomes the place in the input of the last
 * comment behind all of it.  Stops at the first character that does not fit. */
static struct span take_domain(struct addr822_parser *p, bool (*fits)(int), struct span *comment)
{
    struct span out = { p->text.n, p->text.n };
    bool dot = false, begun = false;

    for (int c; (c = peek(p)) >= 0;) {
        if (c == '(') {
            size_t from = p->at;
            bool closed = skip_comment(p, NULL);
            if (begun)
                *comment = (struct span){ from, p->at };
            if (!closed)
                break;
            continue;
        }
        if (c == '.' || fits(c)) {
            begun = true;
            *comment = (struct span){ 0, 0 };
            if (dot && c != '.' && p->text.n > out.from)
                buf_addc(&p->text, '.');
            dot = c == '.';
            if (!dot)
                buf_addc(&p->text, (char)c);
        } else if (!ascii_is_space((char)c)) {
            break;
        }
        p->at++;
    }
    out.to = p->text.n;
    return out;
}

/* Text of the comment at a place of the input. */
static struct span comment_text(struct addr822_parser *p, struct span where)
{
    struct span out = { p->text.n, p->text.n };
    size_t at = p->at;

    if (where.to > where.from) {
        p->at = where.from;
        (void)skip_comment(p, &p->text);
        p->at = at;
    }
    out.to = p->text.n;
    return out;
}

void addr822_begin(struct addr822_parser *p, struct slice value)
{
    *p = (struct addr822_parser){ .in = value };
}

void addr822_again(struct addr822_parser *p, struct slice value)
{
    p->in = value;
    p->at = 0;
    p->in_group = p->end_group = false;
    buf_reset(&p->text);
}

void addr822_fini(struct addr822_parser *p)
{
    buf_fini(&p->text);
}

/* What one address is made of, as places in parser->text. */
struct parts {
    struct span name, route, mailbox, domain;
};

static void give(const struct addr822_parser *p, const struct parts *a, struct addr822 *out)
{
    *out = (struct addr822){ .kind = ADDR822_MAILBOX, .has_mailbox = true, .has_domain = true };
    out->name = span_slice(p, a->name);
    out->has_name = out->name.n > 0;
    out->route = span_slice(p, a->route);
    out->has_route = out->route.n > 0;
    out->mailbox = span_slice(p, a->mailbox);
    out->domain = span_slice(p, a->domain);
    if (out->domain.n == 0)
        out->domain = SLICE_LIT(ADDR822_NO_DOMAIN);
}

static void give_group(struct addr822_parser *p, struct span name, struct addr822 *out)
{
    p->in_group = true;
    *out = (struct addr822){ .kind = ADDR822_GROUP, .has_mailbox = true };
    out->mailbox = span_slice(p, name);
}

/* Behind "@": the domain, and the character that ended it. */
static void after_at(struct addr822_parser *p, struct parts *a)
{
    struct span comment = { 0, 0 };

    a->domain = take_domain(p, in_domain, &comment);
    a->name = comment_text(p, comment);
    if (peek(p) == ';') {
        p->end_group = true;
        p->in_group = false;
    }
    if (peek(p) >= 0)
        p->at++;
}

/* Behind "<": route, local part and domain up to ">".  An "@" at once begins a route. */
static void after_angle(struct addr822_parser *p, struct parts *a)
{
    struct span comment = { 0, 0 };
    enum phrase_end end = take_phrase(p, "@>", &a->mailbox);

    if (end == PHRASE_STOP && peek(p) == '@' && a->mailbox.to == a->mailbox.from) {
        a->route = take_domain(p, in_route, &comment);
        while (a->route.to > a->route.from && strchr(",@.", p->text.p[a->route.to - 1]))
            a->route.to--;
        end = PHRASE_EOF;
        if (peek(p) == ':') {
            p->at++;
            end = take_phrase(p, "@>", &a->mailbox);
        }
    }
    if (end == PHRASE_STOP && peek(p) == '@') {
        p->at++;
        a->domain = take_domain(p, in_domain, &comment);
    }
    ssize_t close = slice_find(slice_skip(p->in, p->at), '>');
    p->at = close < 0 ? p->in.n : p->at + (size_t)close + 1;
}

/* One construct; false if it gave nothing (an empty place between commas). */
static bool take_one(struct addr822_parser *p, struct addr822 *out)
{
    struct parts a = { { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 } };
    struct span phrase;

    enum phrase_end end = take_phrase(p, p->in_group ? ",@<;" : ",@<:", &phrase);
    if (end == PHRASE_BROKEN)
        p->at = p->in.n;
    char stop = end == PHRASE_STOP ? p->in.p[p->at++] : ',';
    if (stop == ':') {
        give_group(p, phrase, out);
        return true;
    }
    if (stop == '@') {
        a.mailbox = phrase;
        after_at(p, &a);
    } else if (stop == '<') {
        a.name = phrase;
        after_angle(p, &a);
    } else {
        a.mailbox = phrase;
        if (stop == ';') {
            p->end_group = true;
            p->in_group = false;
        }
        if (phrase.to == phrase.from)
            return false;
    }
    give(p, &a, out);
    return true;
}

bool addr822_next(struct addr822_parser *p, struct addr822 *out)
{
    buf_reset(&p->text);
    for (;;) {
        if (p->end_group || (p->at == p->in.n && p->in_group)) {
            p->end_group = p->in_group = false;
            *out = (struct addr822){ .kind = ADDR822_GROUP_END };
            return true;
        }
        if (p->at == p->in.n)
            return false;
        if (take_one(p, out))
            return true;
    }
}

bool addr822_first(struct slice value, struct buf *out)
{
    struct addr822_parser p;
    struct addr822 a;
    bool found = false;

    addr822_begin(&p, value);
    while (!found && addr822_next(&p, &a))
        found = a.kind == ADDR822_MAILBOX && a.mailbox.n > 0;
    if (found) {
        buf_add_slice(out, a.mailbox);
        if (!slice_eqs(a.domain, ADDR822_NO_DOMAIN)) {
            buf_addc(out, '@');
            buf_add_slice(out, a.domain);
        }
    }
    addr822_fini(&p);
    return found;
}

/* A phrase as a quoted string unless all of it is atoms and blanks; a local part (no blanks)
 * unless it is a dot-atom. */
static void add_word(struct buf *out, struct slice s, const char *also)
{
    bool plain = s.n > 0;

    for (size_t i = 0; i < s.n && plain; i++)
        plain = ascii_is(s.p[i], A_ATEXT) || (s.p[i] != 0 && strchr(also, s.p[i]) != NULL);
    if (plain) {
        buf_add_slice(out, s);
        return;
    }
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_addc(out, '\\');
        if (s.p[i] != '\r' && s.p[i] != '\n' && s.p[i] != '\0')
            buf_addc(out, s.p[i]);
    }
    buf_addc(out, '"');
}

void addr822_format(struct buf *out, const struct addr822 *a)
{
    if (a->has_name) {
        add_word(out, a->name, " ");
        buf_adds(out, " <");
    }
    add_word(out, a->mailbox, ".");
    if (a->has_domain && !slice_eqs(a->domain, ADDR822_NO_DOMAIN)) {
        buf_addc(out, '@');
        buf_add_slice(out, a->domain);
    }
    if (a->has_name)
        buf_addc(out, '>');
}

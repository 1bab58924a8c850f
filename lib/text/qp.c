/* qp.c - see qp.h
 *
 *   TEXT  -- "=" -->  EQUALS  -- hex digit -->  HEX  -- hex digit: a byte -->  TEXT
 *   EQUALS -- blanks, line end: nothing at all (soft break) -->  TEXT
 * Line by line the result is that of 3.6.1 (its SHA-1 is stored in cyrus.cache): carriage
 * returns count for nothing, a line ends with LF and is given out with CRLF.
 */
#include "lib/text/qp.h"

#include "lib/text/ascii.h"

enum state { TEXT, EQUALS, HEX };

void qp_dec_init(struct qp_dec *d)
{
    d->state = TEXT;
    d->nheld = 0;
}

static void flush(struct qp_dec *d, struct buf *out)
{
    if (d->nheld == 0)
        return;
    buf_add(out, d->held, d->nheld);
    d->nheld = 0;
}

static void hold(struct qp_dec *d, char c, struct buf *out)
{
    if (d->nheld == sizeof d->held) {
        flush(d, out);
        d->state = TEXT;
    }
    d->held[d->nheld++] = c;
}

/* A byte that is not part of an escape. */
static void text_byte(struct qp_dec *d, char c, struct buf *out)
{
    if (c == ' ' || c == '\t') {
        hold(d, c, out);
    } else if (c == '\n') {
        d->nheld = 0;
        buf_add(out, "\r\n", 2);
    } else if (c == '=') {
        flush(d, out);
        hold(d, c, out);
        d->state = EQUALS;
    } else {
        flush(d, out);
        buf_addc(out, c);
    }
}

/* The next byte behind "=", which is held together with what came since. */
static void escape_byte(struct qp_dec *d, char c, struct buf *out)
{
    if (d->state == HEX && ascii_is_xdigit(c)) {
        buf_addc(out, (char)(ascii_xvalue(d->held[1]) << 4 | ascii_xvalue(c)));
        d->nheld = 0;
        d->state = TEXT;
    } else if (d->state == EQUALS && c == '\n') {
        d->nheld = 0;
        d->state = TEXT;
    } else if (d->state == EQUALS && d->nheld == 1 && ascii_is_xdigit(c)) {
        hold(d, c, out);
        d->state = HEX;
    } else if (d->state == EQUALS && (c == ' ' || c == '\t')) {
        hold(d, c, out);
    } else {
        flush(d, out);
        d->state = TEXT;
        text_byte(d, c, out);
    }
}

enum { LOOK_AHEAD = 256 };              /* bounds what one step costs */

static size_t up_to(const char *p, size_t n, char c)
{
    const char *at = memchr(p, c, n);
    return at ? (size_t)(at - p) : n;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Length of the run at the start that needs no attention: a line, or what of it comes before an
 * escape, without the blanks at its end. */
static size_t plain_run(struct slice s)
{
    size_t n;

    if (is_blank(s.p[0]) && (s.n == 1 || is_blank(s.p[1])))
        return 0;                       /* a row of blanks is not looked through again and again */
    n = up_to(s.p, s.n < LOOK_AHEAD ? s.n : LOOK_AHEAD, '\n');
    n = up_to(s.p, n, '=');
    n = up_to(s.p, n, '\r');
    while (n > 0 && is_blank(s.p[n - 1]))
        n--;
    return n;
}

void qp_dec_push(struct qp_dec *d, struct slice s, struct buf *out)
{
    buf_reserve(out, s.n + d->nheld);
    while (s.n > 0) {
        size_t n = d->state == TEXT ? plain_run(s) : 0;
        if (n > 0) {
            flush(d, out);
            buf_add(out, s.p, n);
            s = slice_skip(s, n);
            continue;
        }
        if (s.p[0] == '\r')
            ;                           /* nothing */
        else if (d->state == TEXT)
            text_byte(d, s.p[0], out);
        else
            escape_byte(d, s.p[0], out);
        s = slice_skip(s, 1);
    }
}

void qp_dec_end(struct qp_dec *d, struct buf *out)
{
    if (d->state == HEX)
        flush(d, out);
    qp_dec_init(d);
}

void qp_decode(struct buf *out, struct slice s)
{
    struct qp_dec d;
    qp_dec_init(&d);
    qp_dec_push(&d, s, out);
    qp_dec_end(&d, out);
}

/* Is the byte at i written as it is?  Blanks are, except before a line end. */
static bool is_literal(struct slice s, size_t i)
{
    char c = s.p[i];
    if (c == ' ' || c == '\t')
        return i + 1 < s.n && s.p[i + 1] != '\r' && s.p[i + 1] != '\n';
    return ascii_is_graph(c) && c != '=';
}

void qp_encode(struct buf *out, struct slice s)
{
    size_t column = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n') {
            buf_add(out, "\r\n", 2);
            column = 0;
            i++;
            continue;
        }
        size_t width = is_literal(s, i) ? 1 : 3;
        if (column + width > QP_LINE - 1) {
            buf_add(out, "=\r\n", 3);
            column = 0;
        }
        if (width == 1)
            buf_addc(out, s.p[i]);
        else
            buf_addf(out, "=%02X", (unsigned char)s.p[i]);
        column += width;
    }
}

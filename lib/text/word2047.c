/* word2047.c - see word2047.h
 *
 * The result goes into cyrus.cache, so the treatment of broken words is that of 3.6.1.  Of
 * adjacent words with the same charset and encoding the second continues the first: a
 * UTF-8 character or a base64 group may be split between them (some mailers do it).
 */
#include "lib/text/word2047.h"

#include "lib/base/mem.h"
#include "lib/text/ascii.h"
#include "lib/text/base64.h"
#include "lib/text/charset.h"
#include "lib/text/qp.h"
#include "lib/text/utf8.h"

/* One encoded word, cut up. */
struct word {
    struct slice charset, text;
    char encoding;                      /* 'q' or 'b' */
    size_t length;                      /* from "=?" through "?=" */
};

struct decoder {
    struct buf *out;
    bool raw_utf8;                      /* 8-bit bytes outside of words may be UTF-8 */
    const char *charset;                /* canonical; of the running conversion, NULL none */
    char encoding;
    struct charset_conv *conv;
    struct base64_dec b64;
    struct qp_dec qp;
    struct buf bytes;                   /* of one word, undone from its encoding */
};

/* Find "=?charset?e?text?=" at the start of s. */
static bool cut_word(struct slice s, struct word *w)
{
    struct slice rest, encoding, language;
    bool found;

    rest = slice_split(slice_skip(s, 2), '?', &w->charset, &found);
    if (found)
        rest = slice_split(rest, '?', &encoding, &found);
    if (!found || encoding.n != 1 || slice_find(w->charset, '=') >= 0)
        return false;
    w->encoding = ascii_lower(encoding.p[0]);
    if (w->encoding != 'q' && w->encoding != 'b')
        return false;
    rest = slice_split(rest, '?', &w->text, &found);
    if (!found || rest.n == 0 || rest.p[0] != '=')
        return false;
    w->length = (size_t)(rest.p + 1 - s.p);
    slice_split(w->charset, '*', &language, &found);
    w->charset = language;
    return true;
}

/* Only UTF-8 characters may be split between words; the rest of another is U+FFFD. */
static void end_word(struct decoder *d)
{
    if (!slice_eqs(slice_cstr(d->charset), "UTF-8"))
        charset_conv_end(d->conv, d->out);
}

/* End the running conversion: give out what an unfinished base64 group holds, drop an
 * unfinished character. */
static void stop(struct decoder *d)
{
    uint8_t rest[3];

    if (!d->conv)
        return;
    charset_conv_push(d->conv, rest, base64_dec_end(&d->b64, rest), d->out);
    end_word(d);
    charset_conv_free(&d->conv);
    d->charset = NULL;
}

static void start(struct decoder *d, const struct word *w)
{
    const char *name = charset_canonical(w->charset);

    if (d->conv && d->charset == name && d->encoding == w->encoding)
        return;
    stop(d);
    d->b64 = (struct base64_dec)BASE64_DEC_INIT;
    qp_dec_init(&d->qp);
    d->encoding = w->encoding;
    if (charset_conv_new(w->charset, &d->conv))
        return;
    d->charset = name;
}

/* Q is quoted-printable with "_" for a blank that counts (RFC 2047 4.2). */
static void undo_q(struct decoder *d, struct slice text)
{
    while (text.n > 0) {
        struct slice part;
        bool found;
        text = slice_split(text, '_', &part, &found);
        qp_dec_push(&d->qp, part, &d->bytes);
        if (found)
            qp_dec_push(&d->qp, SLICE_LIT("=20"), &d->bytes);
    }
    qp_dec_end(&d->qp, &d->bytes);
}

static void undo_b(struct decoder *d, struct slice text)
{
    buf_reserve(&d->bytes, BASE64_DEC_MAX(text.n) + 3);
    d->bytes.n += base64_dec_push(&d->b64, text.p, text.n, (uint8_t *)d->bytes.p + d->bytes.n);
}

static void decode_word(struct decoder *d, const struct word *w)
{
    start(d, w);
    if (!d->conv) {
        utf8_add(d->out, UTF8_REPLACEMENT);
        return;
    }
    buf_reset(&d->bytes);
    if (w->encoding == 'q')
        undo_q(d, w->text);
    else
        undo_b(d, w->text);
    charset_conv_push(d->conv, d->bytes.p, d->bytes.n, d->out);
    end_word(d);
}

static void add_plain(struct decoder *d, struct slice s)
{
    if (s.n > 0)
        stop(d);
    if (d->raw_utf8)
        utf8_add_lossy(d->out, s);
    else
        charset_to_utf8_lossy(SLICE_LIT("us-ascii"), s, d->out);
}

static bool is_blank_run(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_space(s.p[i]))
            return false;
    return true;
}

/* Unfolded text to UTF-8. */
static void decode(struct decoder *d, struct slice s)
{
    size_t plain = 0, at = 0;           /* start of what is not given out yet; search from */
    bool after_word = false;
    struct word w;

    for (;;) {
        ssize_t n = slice_search(slice_skip(s, at), SLICE_LIT("=?"));
        if (n < 0)
            break;
        at += (size_t)n;
        if (!cut_word(slice_skip(s, at), &w)) {
            at++;
            continue;
        }
        struct slice between = slice_cut(s, plain, at);
        if (!after_word || !is_blank_run(between))
            add_plain(d, between);
        decode_word(d, &w);
        after_word = true;
        plain = at += w.length;
    }
    add_plain(d, slice_skip(s, plain));
}

/* Append without line ends; a lone CR in the middle stays. */
static void unfold(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool folded = s.p[i] == '\n' ||
                      (s.p[i] == '\r' && (i + 1 == s.n || s.p[i + 1] == '\n'));
        if (!folded)
            buf_addc(out, s.p[i]);
    }
}

static void decode_value(struct buf *out, struct slice value, bool raw_utf8)
{
    struct decoder d = { .out = out, .raw_utf8 = raw_utf8 };
    struct buf unfolded = BUF_INIT;

    if (utf8_is_ascii(value) && slice_find(value, '\n') < 0 && slice_find(value, '\r') < 0 &&
        slice_search(value, SLICE_LIT("=?")) < 0) {
        buf_add_slice(out, value);      /* nearly all there is */
        return;
    }
    unfold(&unfolded, value);
    decode(&d, buf_slice(&unfolded));
    stop(&d);
    buf_fini(&d.bytes);
    buf_fini(&unfolded);
}

void word2047_decode(struct buf *out, struct slice value)
{
    decode_value(out, value, false);
}

void word2047_decode_utf8(struct buf *out, struct slice value)
{
    decode_value(out, value, true);
}

/* May it go without encoding? */
static bool is_plain(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < ' ' || s.p[i] == 0x7f)
            return false;
    return slice_search(s, SLICE_LIT("=?")) < 0;
}

/* Characters a byte takes in a Q word of a phrase (RFC 2047 5 (3)). */
static size_t q_width(char c)
{
    return ascii_is_alnum(c) || c == ' ' || strchr("!*+-/", c) != NULL ? 1 : 3;
}

static void add_q(struct buf *out, struct slice s)
{
    buf_adds(out, "=?utf-8?Q?");
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == ' ')
            buf_addc(out, '_');
        else if (s.p[i] != '\0' && q_width(s.p[i]) == 1)
            buf_addc(out, s.p[i]);
        else
            buf_addf(out, "=%02X", (unsigned char)s.p[i]);
    }
    buf_adds(out, "?=");
}

static void add_b(struct buf *out, struct slice s)
{
    buf_adds(out, "=?utf-8?B?");
    base64_encode(out, s);
    buf_adds(out, "?=");
}

/* Longest start of s, whole characters, that fits into `room` characters. */
static size_t fitting(struct slice s, bool q, size_t room)
{
    size_t n = 0, width = 0;

    while (n < s.n) {
        uint32_t cp;
        size_t len = utf8_decode(slice_skip(s, n), &cp);
        size_t w = 0;
        for (size_t i = 0; i < len; i++)
            w += q_width(s.p[n + i]);
        if (q ? width + w > room : BASE64_LEN(n + len) > room)
            break;
        width += w;
        n += len;
    }
    return n;
}

void word2047_encode(struct buf *out, struct slice s, size_t column)
{
    enum { FRAME = sizeof "=?utf-8?Q?" "?=" - 1 };
    size_t wide = 0;

    if (is_plain(s)) {
        buf_add_slice(out, s);
        return;
    }
    for (size_t i = 0; i < s.n; i++)
        wide += q_width(s.p[i]);
    bool q = wide <= BASE64_LEN(s.n);
    while (s.n > 0) {
        size_t room = WORD2047_MAX - FRAME;
        size_t left = column + FRAME < WORD2047_MAX ? WORD2047_MAX - FRAME - column : 0;
        size_t n = fitting(s, q, left < room ? left : room);
        if (n == 0) {
            buf_adds(out, "\r\n ");
            column = 1;
            n = fitting(s, q, room - 1);
        }
        if (q)
            add_q(out, slice_cut(s, 0, n));
        else
            add_b(out, slice_cut(s, 0, n));
        s = slice_skip(s, n);
        column = WORD2047_MAX;
    }
}

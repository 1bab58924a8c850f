/* base64.c - see base64.h */
#include "lib/text/base64.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet_url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum { BAD = 0xff };

/* Value of each character of the standard alphabet, BAD for the others. */
#define XX BAD
static const uint8_t values[256] = {
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, 62, XX, XX, XX, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, XX, XX, XX, XX, XX, XX,
    XX, 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, XX, XX, XX, XX, XX,
    XX, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
};
#undef XX

/* Four characters for three bytes; returns how many of them carry data for n = 1..3. */
static size_t encode_group(char out[4], const uint8_t *p, size_t n, const char *abc)
{
    uint32_t v = (uint32_t)p[0] << 16;
    if (n > 1)
        v |= (uint32_t)p[1] << 8;
    if (n > 2)
        v |= p[2];
    out[0] = abc[v >> 18];
    out[1] = abc[v >> 12 & 63];
    out[2] = abc[v >> 6 & 63];
    out[3] = abc[v & 63];
    return n + 1;
}

static void encode(struct buf *out, struct slice s, const char *abc, bool pad)
{
    const uint8_t *p = (const uint8_t *)s.p;

    buf_reserve(out, BASE64_LEN(s.n));
    for (size_t left = s.n; left > 0;) {
        size_t n = left < 3 ? left : 3;
        size_t used = encode_group(out->p + out->n, p, n, abc);
        for (; pad && used < 4; used++)
            out->p[out->n + used] = '=';
        out->n += used;
        p += n;
        left -= n;
    }
}

void base64_encode(struct buf *out, struct slice s)
{
    encode(out, s, alphabet, true);
}

void base64url_encode(struct buf *out, struct slice s)
{
    encode(out, s, alphabet_url, false);
}

void base64_encode_lines(struct buf *out, struct slice s)
{
    while (s.n > 0) {
        encode(out, slice_cut(s, 0, BASE64_LINE / 4 * 3), alphabet, true);
        buf_add(out, "\r\n", 2);
        s = slice_skip(s, BASE64_LINE / 4 * 3);
    }
}

/* Decode whole text strictly; url: of the URL alphabet. */
static err_t decode_strict(struct buf *out, struct slice s, bool url)
{
    size_t start = out->n;
    uint32_t v = 0;

    while (s.n > 0 && s.p[s.n - 1] == '=' && (s.n % 4 == 0 || s.n % 4 == 3))
        s.n--;
    buf_reserve(out, BASE64_DEC_MAX(s.n));
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (url)
            c = c == '-' ? '+' : c == '_' ? '/' : c == '+' || c == '/' ? '=' : c;
        uint8_t d = values[(uint8_t)c];
        if (d == BAD) {
            out->n = start;
            return ERR_SYNTAX;
        }
        v = v << 6 | d;
        if (i % 4 != 0)
            out->p[out->n++] = (char)(v >> (6 - 2 * (i % 4)));
    }
    if (s.n % 4 == 1) {
        out->n = start;
        return ERR_SYNTAX;
    }
    return ERR_OK;
}

err_t base64_decode(struct buf *out, struct slice s)
{
    return s.n % 4 ? ERR_SYNTAX : decode_strict(out, s, false);
}

err_t base64url_decode(struct buf *out, struct slice s)
{
    return decode_strict(out, s, true);
}

/* Whole groups without anything odd, the body of nearly every message; returns characters used. */
static size_t push_fast(const uint8_t *p, size_t n, uint8_t **out)
{
    size_t i = 0;
    uint8_t *o = *out;

    for (; i + 4 <= n; i += 4, o += 3) {
        uint8_t a = values[p[i]], b = values[p[i + 1]], c = values[p[i + 2]], d = values[p[i + 3]];
        if ((a | b | c | d) & 0x80)
            break;
        o[0] = (uint8_t)(a << 2 | b >> 4);
        o[1] = (uint8_t)(b << 4 | c >> 2);
        o[2] = (uint8_t)(c << 6 | d);
    }
    *out = o;
    return i;
}

/* What an unfinished group of n characters holds: n-1 bytes. */
static size_t flush_group(struct base64_dec *d, uint8_t *out)
{
    size_t bytes = d->n > 1 ? d->n - 1 : 0;
    uint32_t v = d->bits << (6 * (4 - d->n));

    if (bytes > 0)
        out[0] = (uint8_t)(v >> 16);
    if (bytes > 1)
        out[1] = (uint8_t)(v >> 8);
    d->n = 0;
    d->bits = 0;
    return bytes;
}

size_t base64_dec_push(struct base64_dec *d, const char *text, size_t n, uint8_t *out)
{
    const uint8_t *p = (const uint8_t *)text, *end = p + n;
    uint8_t *o = out;

    while (p < end) {
        if (d->n == 0) {
            p += push_fast(p, (size_t)(end - p), &o);
            if (p == end)
                break;
        }
        uint8_t v = values[*p];
        if (v != BAD) {
            d->bits = d->bits << 6 | v;
            if (++d->n == 4) {
                *o++ = (uint8_t)(d->bits >> 16);
                *o++ = (uint8_t)(d->bits >> 8);
                *o++ = (uint8_t)d->bits;
                d->n = 0;
                d->bits = 0;
            }
        } else if (*p == '=') {
            o += flush_group(d, o);
        }
        p++;
    }
    return (size_t)(o - out);
}

size_t base64_dec_end(struct base64_dec *d, uint8_t out[3])
{
    return flush_group(d, out);
}

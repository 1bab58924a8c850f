/* utf8.c - see utf8.h */
#include "lib/text/utf8.h"

/* Smallest lead byte values, and what the second byte may be (RFC 3629 4): the ranges that
 * keep out overlong forms, surrogates and everything above U+10FFFF. */
static size_t sequence_length(uint8_t lead, uint8_t *min2, uint8_t *max2)
{
    *min2 = 0x80;
    *max2 = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if (lead >= 0xe0 && lead <= 0xef) {
        if (lead == 0xe0)
            *min2 = 0xa0;
        else if (lead == 0xed)
            *max2 = 0x9f;
        return 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        if (lead == 0xf0)
            *min2 = 0x90;
        else if (lead == 0xf4)
            *max2 = 0x8f;
        return 4;
    }
    return 0;
}

size_t utf8_decode(struct slice s, uint32_t *cp)
{
    uint8_t min, max;

    *cp = UTF8_BAD;
    if (s.n == 0)
        return 0;
    uint8_t lead = (uint8_t)s.p[0];
    if (lead < 0x80) {
        *cp = lead;
        return 1;
    }
    size_t need = sequence_length(lead, &min, &max);
    if (need == 0)
        return 1;
    uint32_t v = lead & (0x7fu >> need);
    for (size_t i = 1; i < need; i++) {
        uint8_t b = i < s.n ? (uint8_t)s.p[i] : 0;
        if (b < min || b > max)
            return i;
        v = v << 6 | (b & 0x3f);
        min = 0x80;
        max = 0xbf;
    }
    *cp = v;
    return need;
}

size_t utf8_encode(char out[UTF8_MAX], uint32_t cp)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xc0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
        cp = UTF8_REPLACEMENT;
    if (cp < 0x10000) {
        out[0] = (char)(0xe0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}

void utf8_add(struct buf *b, uint32_t cp)
{
    char s[UTF8_MAX];
    buf_add(b, s, utf8_encode(s, cp));
}

/* Length of the run of ASCII at the start. */
static size_t ascii_run(struct slice s)
{
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8) {
        uint64_t w;
        memcpy(&w, s.p + i, 8);
        if (w & 0x8080808080808080u)
            break;
    }
    while (i < s.n && !((uint8_t)s.p[i] & 0x80))
        i++;
    return i;
}

void utf8_add_lossy(struct buf *b, struct slice s)
{
    while (s.n > 0) {
        size_t run = ascii_run(s);
        if (run == 0) {
            uint32_t cp;
            run = utf8_decode(s, &cp);
            if (cp == UTF8_BAD)
                utf8_add(b, UTF8_REPLACEMENT);
            else
                buf_add(b, s.p, run);
        } else {
            buf_add(b, s.p, run);
        }
        s = slice_skip(s, run);
    }
}

bool utf8_valid(struct slice s)
{
    while (s.n > 0) {
        size_t run = ascii_run(s);
        if (run == 0) {
            uint32_t cp;
            run = utf8_decode(s, &cp);
            if (cp == UTF8_BAD)
                return false;
        }
        s = slice_skip(s, run);
    }
    return true;
}

bool utf8_is_ascii(struct slice s)
{
    return ascii_run(s) == s.n;
}

struct slice utf8_clip(struct slice s, size_t max)
{
    if (s.n <= max)
        return s;
    size_t n = max;
    while (n > 0 && max - n < UTF8_MAX && ((uint8_t)s.p[n] & 0xc0) == 0x80)
        n--;
    return slice_cut(s, 0, n);
}

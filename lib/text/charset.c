/* charset.c - see charset.h */
#include "lib/text/charset.h"

#include <errno.h>
#include <iconv.h>

#include "lib/base/mem.h"
#include "lib/text/ascii.h"
#include "lib/text/utf8.h"

/* Who converts. */
enum kind {
    NONE,           /* known by name only */
    ASCII,
    UTF8,
    LATIN1,         /* with the C1 controls, unlike the label "iso-8859-1" in mail */
    CP1252,
    UTF16,          /* by its byte order mark, else big-endian */
    UTF16BE,
    UTF16LE,
    ICONV,
    ICONV_C1,       /* one byte per character; undefined 0x80-0x9F stay C1 controls */
    ICONV_GBK       /* with the euro sign at 0x80, as Windows has it */
};

struct charset {
    const char *name;
    enum kind kind;
    const char *iconv;
};

static const struct charset charsets[] = {
#define CHARSET(number, name, kind, iconv) [number] = { name, kind, iconv },
#include "lib/text/charset_names.def"
#undef CHARSET
};

struct name_row {
    const char *name;
    int number;
};

static const struct name_row names[] = {
#define NAME(name, number) { name, number },
#include "lib/text/charset_names.def"
#undef NAME
};

static const struct name_row aliases[] = {
#define ALIAS(name, number) { name, number },
#include "lib/text/charset_names.def"
#undef ALIAS
};

enum { NNAMES = sizeof names / sizeof *names, NALIASES = sizeof aliases / sizeof *aliases };

/* 0x80-0x9F of windows-1252; the five undefined ones stay C1 controls. */
static const uint16_t cp1252_c1[32] = {
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
    0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008d, 0x017d, 0x008f,
    0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
    0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
};

enum { HELD = 16 };                     /* longest unfinished character or escape sequence */

struct charset_conv {
    enum kind kind;
    iconv_t cd;                         /* ICONV and its kin, else -1 */
    bool started, little;               /* UTF16: the byte order is known; which */
    size_t nheld;                       /* input that waits for more */
    char held[HELD];
};

/* Letters and digits in lower case, without leading zeros of numbers.  Returns the
 * length, 0 if it is too long.  What follows a comma is an option and dropped. */
static size_t normalize(struct slice s, char out[CHARSET_NAME_MAX])
{
    bool in_number = false;
    size_t n = 0;

    for (size_t i = 0; i < s.n && s.p[i] != ','; i++) {
        char c = ascii_lower(s.p[i]);
        if (!ascii_is_alnum(c)) {
            in_number = false;
            continue;
        }
        if (c == '0' && !in_number && i + 1 < s.n && ascii_is_digit(s.p[i + 1]))
            continue;
        in_number = ascii_is_digit(c);
        if (n == CHARSET_NAME_MAX)
            return 0;
        out[n++] = c;
    }
    return n;
}

static const struct charset *find_name(struct slice key)
{
    size_t lo = 0, hi = NNAMES;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = slice_cmp(key, slice_cstr(names[mid].name));
        if (c == 0)
            return &charsets[names[mid].number];
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

static const struct charset *find(struct slice name)
{
    char key[CHARSET_NAME_MAX];

    if (name.n > CHARSET_RAW_MAX)
        return NULL;
    for (;;) {
        const struct charset *found = find_name(slice_make(key, normalize(name, key)));
        for (size_t i = 0; !found && i < NALIASES; i++)
            if (slice_eqs_nocase(name, aliases[i].name))
                found = &charsets[aliases[i].number];
        if (found || !slice_starts_nocase(name, SLICE_LIT("x-")))
            return found;
        name = slice_skip(name, 2);
    }
}

bool charset_is_known(struct slice name)
{
    return find(name) != NULL;
}

const char *charset_canonical(struct slice name)
{
    const struct charset *c = find(name);
    return c ? c->name : NULL;
}

err_t charset_conv_new(struct slice name, struct charset_conv **out)
{
    const struct charset *c = find(name);
    iconv_t cd = (iconv_t)-1;

    if (!c || c->kind == NONE)
        return ERR_UNSUPPORTED;
    if (c->iconv && (cd = iconv_open("UTF-8", c->iconv)) == (iconv_t)-1)
        return ERR_UNSUPPORTED;
    struct charset_conv *v = mem_zalloc(sizeof *v);
    v->kind = c->kind;
    v->cd = cd;
    *out = v;
    return ERR_OK;
}

void charset_conv_free(struct charset_conv **vp)
{
    if (!*vp)
        return;
    if ((*vp)->cd != (iconv_t)-1)
        iconv_close((*vp)->cd);
    mem_free(*vp);
    *vp = NULL;
}

static size_t ascii_prefix(struct slice s)
{
    size_t n = 0;
    while (n < s.n && !((uint8_t)s.p[n] & 0x80))
        n++;
    return n;
}

static uint32_t high_byte(enum kind kind, uint8_t b)
{
    if (kind == ASCII)
        return UTF8_REPLACEMENT;
    return kind == CP1252 && b < 0xa0 ? cp1252_c1[b - 0x80] : b;
}

static void push_bytes(enum kind kind, struct slice s, struct buf *out)
{
    while (s.n > 0) {
        size_t n = ascii_prefix(s);
        buf_add(out, s.p, n);
        s = slice_skip(s, n);
        if (s.n > 0) {
            utf8_add(out, high_byte(kind, (uint8_t)s.p[0]));
            s = slice_skip(s, 1);
        }
    }
}

/* Each of these converts what it can of s and returns the bytes used; the rest (less than
 * HELD bytes) is the start of a character. */

/* Bytes that a lead byte announces.  The forms that RFC 3629 forbids are still read as one
 * character each, which then is U+FFFD: so 3.6.1 counts them. */
static size_t utf8_announced(uint8_t lead)
{
    if (lead < 0xc2 || lead > 0xf4)
        return 1;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

static size_t push_utf8(struct slice s, struct buf *out)
{
    size_t at = 0;

    while (at < s.n) {
        struct slice rest = slice_skip(s, at);
        size_t n = ascii_prefix(rest);
        if (n == 0) {
            size_t need = utf8_announced((uint8_t)rest.p[0]);
            for (n = 1; n < need && n < rest.n && ((uint8_t)rest.p[n] & 0xc0) == 0x80;)
                n++;
            if (n == rest.n && n < need)
                return at;
            if (n > 0 && n < need && (uint8_t)rest.p[n] >= 0xfe)
                n++;                    /* 3.6.1 counts it with the broken character */
            struct slice one = slice_cut(rest, 0, n);
            if (utf8_valid(one))
                buf_add_slice(out, one);
            else
                utf8_add(out, UTF8_REPLACEMENT);
        } else {
            buf_add(out, rest.p, n);
        }
        at += n;
    }
    return at;
}

static uint32_t unit16(const struct charset_conv *v, const char *p)
{
    uint8_t a = (uint8_t)p[0], b = (uint8_t)p[1];
    return v->little ? (uint32_t)b << 8 | a : (uint32_t)a << 8 | b;
}

static size_t push_utf16(struct charset_conv *v, struct slice s, struct buf *out)
{
    size_t at = 0;

    while (at + 2 <= s.n) {
        uint32_t u = unit16(v, s.p + at);
        if (!v->started && v->kind == UTF16 && (u == 0xfeff || u == 0xfffe)) {
            v->little = u == 0xfffe;
            v->started = true;
            at += 2;
            continue;
        }
        v->started = true;
        if (u >= 0xd800 && u < 0xdc00) {
            if (at + 4 > s.n)
                break;
            uint32_t low = unit16(v, s.p + at + 2);
            if (low >= 0xdc00 && low < 0xe000) {
                u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
                at += 2;
            }
        }
        utf8_add(out, u);
        at += 2;
    }
    return at;
}

/* What a byte means that iconv refuses. */
static uint32_t bad_byte(enum kind kind, uint8_t b)
{
    if (kind == ICONV_C1 && b >= 0x80 && b < 0xa0)
        return b;
    if (kind == ICONV_GBK && b == 0x80)
        return 0x20ac;
    return kind == ICONV_GBK && b == 0xff ? 0xf8f5 : UTF8_REPLACEMENT;
}

static size_t push_iconv(struct charset_conv *v, struct slice s, struct buf *out)
{
    char *in = (char *)(uintptr_t)s.p;
    size_t left = s.n;

    while (left > 0) {
        buf_reserve(out, 4 * left + 16);
        char *to = out->p + out->n;
        size_t room = out->cap - out->n;
        size_t rc = iconv(v->cd, &in, &left, &to, &room);
        out->n = (size_t)(to - out->p);
        if (rc != (size_t)-1)
            break;
        if (errno == EINVAL && left < HELD)
            break;
        if (errno == E2BIG)
            continue;
        utf8_add(out, bad_byte(v->kind, (uint8_t)*in));
        in++;
        left--;
    }
    return s.n - left;
}

static size_t convert(struct charset_conv *v, struct slice s, struct buf *out)
{
    switch (v->kind) {
    case UTF8:
        return push_utf8(s, out);
    case UTF16:
    case UTF16BE:
    case UTF16LE:
        v->little = v->kind == UTF16LE || (v->kind == UTF16 && v->started && v->little);
        return push_utf16(v, s, out);
    case ICONV:
    case ICONV_C1:
    case ICONV_GBK:
        return push_iconv(v, s, out);
    default:
        push_bytes(v->kind, s, out);
        return s.n;
    }
}

void charset_conv_push(struct charset_conv *v, const void *bytes, size_t n, struct buf *out)
{
    struct slice s = slice_make(bytes, n);

    /* finish what is held, byte by byte */
    while (v->nheld > 0 && s.n > 0) {
        v->held[v->nheld++] = s.p[0];
        s = slice_skip(s, 1);
        size_t used = convert(v, slice_make(v->held, v->nheld), out);
        memmove(v->held, v->held + used, v->nheld - used);
        v->nheld -= used;
        if (v->nheld == HELD) {
            utf8_add(out, UTF8_REPLACEMENT);
            v->nheld = 0;
        }
    }
    if (s.n > 0) {
        struct slice rest = slice_skip(s, convert(v, s, out));
        memcpy(v->held, rest.p, rest.n);
        v->nheld = rest.n;
    }
}

size_t charset_conv_waiting(const struct charset_conv *v)
{
    return v->nheld;
}

void charset_conv_end(struct charset_conv *v, struct buf *out)
{
    if (v->nheld > 0)
        utf8_add(out, UTF8_REPLACEMENT);
    if (v->cd != (iconv_t)-1) {         /* a character that waited for a combining one */
        buf_reserve(out, HELD);
        char *to = out->p + out->n;
        size_t room = out->cap - out->n;
        (void)iconv(v->cd, NULL, NULL, &to, &room);
        out->n = (size_t)(to - out->p);
    }
    charset_conv_reset(v);
}

void charset_conv_reset(struct charset_conv *v)
{
    v->nheld = 0;
    v->started = v->little = false;
    if (v->cd != (iconv_t)-1)
        iconv(v->cd, NULL, NULL, NULL, NULL);
}

err_t charset_to_utf8(struct slice name, struct slice text, struct buf *out)
{
    struct charset_conv *v;
    err_t err = charset_conv_new(name, &v);

    if (err)
        return err;
    charset_conv_push(v, text.p, text.n, out);
    charset_conv_end(v, out);
    charset_conv_free(&v);
    return ERR_OK;
}

void charset_to_utf8_lossy(struct slice name, struct slice text, struct buf *out)
{
    if (charset_to_utf8(name, text, out))
        push_bytes(ASCII, text, out);
}

/* What iconv calls a charset that is converted here. */
static const char *iconv_name(const struct charset *c)
{
    static const char *const own[] = { [ASCII] = "US-ASCII", [UTF8] = "UTF-8",
                                       [LATIN1] = "ISO-8859-1", [CP1252] = "CP1252",
                                       [UTF16] = "UTF-16BE", [UTF16BE] = "UTF-16BE",
                                       [UTF16LE] = "UTF-16LE", [ICONV] = NULL };
    return c->iconv ? c->iconv : own[c->kind];
}

err_t charset_from_utf8(struct slice name, struct slice utf8, struct buf *out)
{
    const struct charset *c = find(name);
    const char *to_name = c ? iconv_name(c) : NULL;
    char *in = (char *)(uintptr_t)utf8.p;
    size_t left = utf8.n;

    if (!to_name)
        return ERR_UNSUPPORTED;
    iconv_t cd = iconv_open(to_name, "UTF-8");
    if (cd == (iconv_t)-1)
        return ERR_UNSUPPORTED;
    for (bool flushed = false; !flushed;) {
        buf_reserve(out, 2 * left + 16);
        char *to = out->p + out->n;
        size_t room = out->cap - out->n;
        bool flush = left == 0;
        size_t rc = flush ? iconv(cd, NULL, NULL, &to, &room) : iconv(cd, &in, &left, &to, &room);
        flushed = flush && rc != (size_t)-1;
        if (rc == (size_t)-1 && errno != E2BIG && left > 0) {
            uint32_t cp;
            size_t n = utf8_decode(slice_make(in, left), &cp);
            char mark = '?', *p = &mark;
            size_t one = 1;
            (void)iconv(cd, &p, &one, &to, &room);
            in += n;
            left -= n;
        }
        out->n = (size_t)(to - out->p);
    }
    iconv_close(cd);
    return ERR_OK;
}

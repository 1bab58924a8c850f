/* mutf7.c - see mutf7.h: one walker decodes and judges, the writer is its mirror */
#include "lib/text/mutf7.h"

#include "lib/text/utf8.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool is_printable(uint32_t cp)
{
    return cp >= 0x20 && cp <= 0x7e;
}

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == ',' ? 63 : -1;
}

/* ---- reading ---- */

struct walk {
    struct slice name;
    size_t at;
    uint32_t high;              /* first half of a pair, 0 for none */
    struct buf *out;            /* NULL: only check */
};

static enum mutf7_fault take_unit(struct walk *w, uint32_t unit)
{
    if (w->high) {
        if (unit < 0xdc00 || unit > 0xdfff)
            return MUTF7_SURROGATE;
        unit = 0x10000 + ((w->high - 0xd800) << 10) + (unit - 0xdc00);
        w->high = 0;
    } else if (unit >= 0xd800 && unit <= 0xdbff) {
        w->high = unit;
        return MUTF7_OK;
    } else if (unit >= 0xdc00 && unit <= 0xdfff) {
        return MUTF7_SURROGATE;
    }
    if (unit == 0)
        return MUTF7_NUL;
    if (is_printable(unit))
        return MUTF7_PRINTABLE;
    if (w->out)
        utf8_add(w->out, unit);
    return MUTF7_OK;
}

/* Behind the "&" of a run, up to and with its "-". */
static enum mutf7_fault walk_run(struct walk *w)
{
    enum mutf7_fault fault;
    uint32_t bits = 0;
    unsigned nbits = 0;

    for (; w->at < w->name.n && w->name.p[w->at] != '-'; w->at++) {
        int v = sextet(w->name.p[w->at]);
        if (v < 0)
            return MUTF7_BASE64;
        bits = bits << 6 | (uint32_t)v;
        nbits += 6;
        if (nbits < 16)
            continue;
        nbits -= 16;
        fault = take_unit(w, bits >> nbits & 0xffff);
        if (fault)
            return fault;
        bits &= (1u << nbits) - 1;
    }
    if (w->at == w->name.n)
        return MUTF7_UNENDED;
    if (nbits >= 6)
        return MUTF7_BASE64;
    if (bits)
        return MUTF7_PADDING;
    if (w->high)
        return MUTF7_SURROGATE;
    w->at++;
    return MUTF7_OK;
}

static enum mutf7_fault walk(struct walk *w)
{
    bool behind_run = false;

    while (w->at < w->name.n) {
        char c = w->name.p[w->at];
        bool is_run = c == '&' && (w->at + 1 == w->name.n || w->name.p[w->at + 1] != '-');
        if (is_run) {
            if (behind_run)
                return MUTF7_ADJACENT;
            w->at++;
            enum mutf7_fault fault = walk_run(w);
            if (fault)
                return fault;
        } else {
            if (!is_printable((unsigned char)c))
                return MUTF7_RAW;
            if (w->out)
                buf_addc(w->out, c);
            w->at += c == '&' ? 2 : 1;
        }
        behind_run = is_run;
    }
    return MUTF7_OK;
}

enum mutf7_fault mutf7_check(struct slice name, size_t *pos)
{
    struct walk w = { .name = name };
    enum mutf7_fault fault = walk(&w);

    if (pos)
        *pos = w.at;
    return fault;
}

const char *mutf7_fault_text(enum mutf7_fault fault)
{
    static const char *const text[] = {
        [MUTF7_OK] = "fine",
        [MUTF7_RAW] = "octet that is not printable ASCII in name",
        [MUTF7_UNENDED] = "\"&\" without \"-\" in name",
        [MUTF7_BASE64] = "bad base64 between \"&\" and \"-\" in name",
        [MUTF7_PADDING] = "unused bits set before \"-\" in name",
        [MUTF7_PRINTABLE] = "printable ASCII character encoded in name",
        [MUTF7_SURROGATE] = "unpaired surrogate in name",
        [MUTF7_NUL] = "NUL character in name",
        [MUTF7_ADJACENT] = "two encoded runs side by side in name",
    };

    return text[fault];
}

err_t mutf7_to_utf8(struct slice name, struct buf *out)
{
    struct walk w = { .name = name, .out = out };
    size_t before = out->n;

    if (walk(&w) == MUTF7_OK)
        return ERR_OK;
    buf_truncate(out, before);
    return ERR_BADNAME;
}

/* ---- writing ---- */

struct run {
    struct buf *out;
    uint32_t bits;
    unsigned nbits;
    bool open;
};

static void put_unit(struct run *r, uint32_t unit)
{
    if (!r->open)
        buf_addc(r->out, '&');
    r->open = true;
    r->bits = r->bits << 16 | unit;
    for (r->nbits += 16; r->nbits >= 6; r->nbits -= 6)
        buf_addc(r->out, alphabet[r->bits >> (r->nbits - 6) & 0x3f]);
    r->bits &= (1u << r->nbits) - 1;
}

static void end_run(struct run *r)
{
    if (!r->open)
        return;
    if (r->nbits > 0)
        buf_addc(r->out, alphabet[r->bits << (6 - r->nbits) & 0x3f]);
    buf_addc(r->out, '-');
    r->open = false;
    r->bits = r->nbits = 0;
}

static void put_char(struct run *r, uint32_t cp)
{
    if (is_printable(cp)) {
        end_run(r);
        buf_addc(r->out, (char)cp);
        if (cp == '&')
            buf_addc(r->out, '-');
    } else if (cp < 0x10000) {
        put_unit(r, cp);
    } else {
        put_unit(r, 0xd800 + ((cp - 0x10000) >> 10));
        put_unit(r, 0xdc00 + ((cp - 0x10000) & 0x3ff));
    }
}

err_t mutf7_from_utf8(struct slice text, struct buf *out)
{
    struct run r = { .out = out };
    size_t before = out->n;
    uint32_t cp;

    while (text.n > 0) {
        text = slice_skip(text, utf8_decode(text, &cp));
        if (cp == UTF8_BAD || cp == 0) {
            buf_truncate(out, before);
            return ERR_BADNAME;
        }
        put_char(&r, cp);
    }
    end_run(&r);
    return ERR_OK;
}

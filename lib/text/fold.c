/* fold.c - see fold.h */
#include "lib/text/fold.h"

#include "lib/text/ascii.h"
#include "lib/text/utf8.h"

#include "lib/text/fold_tables.inc"

enum {
    BLOCK = sizeof *fold_blocks / sizeof **fold_blocks,
    NMARKS = sizeof mark_ranges / sizeof *mark_ranges,
    /* Hangul syllables decompose by rule (Unicode 3.12) */
    HANGUL_FIRST = 0xac00, HANGUL_LAST = 0xd7a3,
    HANGUL_L = 0x1100, HANGUL_V = 0x1161, HANGUL_T = 0x11a7,
    HANGUL_NV = 21, HANGUL_NT = 28
};

static bool is_mark(uint32_t cp)
{
    size_t lo = 0, hi = NMARKS;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (cp < mark_ranges[mid].first)
            hi = mid;
        else if (cp > mark_ranges[mid].last)
            lo = mid + 1;
        else
            return true;
    }
    return false;
}

/* White space of Unicode that decomposition has not made a blank already. */
static bool is_space(uint32_t cp)
{
    return (cp >= '\t' && cp <= '\r') || cp == ' ' || cp == 0x85 || cp == 0x1680 ||
           cp == 0x2028 || cp == 0x2029;
}

/* A character of the folded text. */
static void emit(struct fold_state *f, uint32_t cp, struct buf *out)
{
    if (cp >= 0x300 && (f->flags & FOLD_SKIP_DIACRIT) && is_mark(cp))
        return;
    bool space = is_space(cp);
    if (space && (f->flags & FOLD_SKIP_SPACE))
        return;
    if (space && (f->flags & FOLD_MERGE_SPACE)) {
        if (!f->in_space)
            buf_addc(out, ' ');
        f->in_space = true;
        return;
    }
    f->in_space = false;
    utf8_add(out, cp);
}

static void fold_hangul(struct fold_state *f, uint32_t cp, struct buf *out)
{
    uint32_t s = cp - HANGUL_FIRST;

    emit(f, HANGUL_L + s / (HANGUL_NV * HANGUL_NT), out);
    emit(f, HANGUL_V + s % (HANGUL_NV * HANGUL_NT) / HANGUL_NT, out);
    if (s % HANGUL_NT != 0)
        emit(f, HANGUL_T + s % HANGUL_NT, out);
}

static void fold_one(struct fold_state *f, uint32_t cp, struct buf *out)
{
    uint16_t at = cp < FOLD_LAST ? fold_blocks[fold_index[cp / BLOCK]][cp % BLOCK] : 0;

    if (cp >= HANGUL_FIRST && cp <= HANGUL_LAST) {
        fold_hangul(f, cp, out);
    } else if (at == 0) {
        emit(f, cp, out);
    } else {
        struct slice s = slice_make(fold_pool + at + 1, fold_pool[at]);
        while (s.n > 0) {
            s = slice_skip(s, utf8_decode(s, &cp));
            emit(f, cp, out);
        }
    }
}

static bool is_ascii_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* ASCII at the start, without its control characters; returns how many bytes.  What emit() does,
 * for nearly all there is. */
static size_t fold_ascii(struct fold_state *f, struct slice s, struct buf *out)
{
    const bool skip = f->flags & FOLD_SKIP_SPACE, merge = f->flags & FOLD_MERGE_SPACE;
    bool in_space = f->in_space;
    size_t n = 0;

    buf_reserve(out, s.n);
    char *to = out->p + out->n;
    for (; n < s.n; n++) {
        const char c = s.p[n];
        if (ascii_is_graph(c)) {
            *to++ = ascii_lower(c);
            in_space = false;
        } else if (!is_ascii_space(c)) {
            break;
        } else if (!skip && merge) {
            *to = ' ';
            to += !in_space;
            in_space = true;
        } else if (!skip) {
            *to++ = c;
            in_space = false;
        }
    }
    out->n = (size_t)(to - out->p);
    f->in_space = in_space;
    return n;
}

/* May more bytes complete what s starts with? */
static bool is_unfinished(struct slice s)
{
    uint8_t lead = (uint8_t)s.p[0];
    size_t need = lead < 0xc2 || lead > 0xf4 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t cp;

    return s.n < need && utf8_decode(s, &cp) == s.n && cp == UTF8_BAD;
}

/* Fold whole characters; returns the bytes used, at most UTF8_MAX - 1 less than s.n. */
static size_t fold_whole(struct fold_state *f, struct slice s, bool last, struct buf *out)
{
    size_t at = 0;

    while (at < s.n) {
        struct slice rest = slice_skip(s, at);
        size_t n = fold_ascii(f, rest, out);
        if (n == 0) {
            uint32_t cp;
            if (!last && (rest.p[0] & 0x80) && is_unfinished(rest))
                return at;
            n = utf8_decode(rest, &cp);
            fold_one(f, cp == UTF8_BAD ? UTF8_REPLACEMENT : cp, out);
        }
        at += n;
    }
    return at;
}

void fold_begin(struct fold_state *f, unsigned flags)
{
    *f = (struct fold_state){ .flags = flags };
}

void fold_push(struct fold_state *f, struct slice s, struct buf *out)
{
    while (f->npending > 0 && s.n > 0) {
        f->pending[f->npending++] = s.p[0];
        s = slice_skip(s, 1);
        size_t used = fold_whole(f, slice_make(f->pending, f->npending), false, out);
        memmove(f->pending, f->pending + used, f->npending - used);
        f->npending = (uint8_t)(f->npending - used);
    }
    struct slice rest = slice_skip(s, fold_whole(f, s, false, out));
    if (rest.n > 0) {
        memcpy(f->pending, rest.p, rest.n);
        f->npending = (uint8_t)rest.n;
    }
}

void fold_end(struct fold_state *f, struct buf *out)
{
    (void)fold_whole(f, slice_make(f->pending, f->npending), true, out);
    fold_begin(f, f->flags);
}

void fold_add(struct buf *out, struct slice utf8, unsigned flags)
{
    struct fold_state f;

    fold_begin(&f, flags);
    (void)fold_whole(&f, utf8, true, out);
}

int fold_cmp(struct slice a, struct slice b)
{
    struct buf x = BUF_INIT, y = BUF_INIT;

    fold_add(&x, a, 0);
    fold_add(&y, b, 0);
    int c = slice_cmp(buf_slice(&x), buf_slice(&y));
    buf_fini(&x);
    buf_fini(&y);
    return c;
}

/* nfc.c - see nfc.h */
#include "lib/text/nfc.h"

#include "lib/text/utf8.h"

#include "lib/text/nfc_tables.inc"

#define ROWS(a) (sizeof(a) / sizeof *(a))

/* Hangul (Unicode 3.12): syllables are made of a leading consonant, a vowel, and perhaps a trailing consonant. */
enum {
    L_BASE = 0x1100, V_BASE = 0x1161, T_BASE = 0x11A7, S_BASE = 0xAC00,
    L_COUNT = 19, V_COUNT = 21, T_COUNT = 28, N_COUNT = V_COUNT * T_COUNT, S_COUNT = L_COUNT * N_COUNT
};

/* A starter and what was read behind it, decomposed. */
struct run {
    uint32_t cp[1 + NFC_RUN_MAX];
    uint8_t ccc[1 + NFC_RUN_MAX];
    size_t n;
};

static uint8_t class_of(uint32_t cp)
{
    size_t lo = 0, hi = ROWS(nfc_classes);

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (cp < nfc_classes[mid].from)
            hi = mid;
        else if (cp > nfc_classes[mid].to)
            lo = mid + 1;
        else
            return nfc_classes[mid].ccc;
    }
    return 0;
}

static const uint32_t *decomposition(uint32_t cp)
{
    size_t lo = 0, hi = ROWS(nfc_decomp);

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (cp == nfc_decomp[mid].cp)
            return nfc_decomp[mid].to;
        if (cp < nfc_decomp[mid].cp)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

static uint32_t compose_hangul(uint32_t a, uint32_t b)
{
    if (a >= L_BASE && a < L_BASE + L_COUNT && b >= V_BASE && b < V_BASE + V_COUNT)
        return S_BASE + ((a - L_BASE) * V_COUNT + (b - V_BASE)) * T_COUNT;
    if (a >= S_BASE && a < S_BASE + S_COUNT && (a - S_BASE) % T_COUNT == 0 && b > T_BASE
        && b < T_BASE + T_COUNT)
        return a + (b - T_BASE);
    return 0;
}

/* 0: the two do not compose. */
static uint32_t compose(uint32_t a, uint32_t b)
{
    size_t lo = 0, hi = ROWS(nfc_pairs);

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (a == nfc_pairs[mid].a && b == nfc_pairs[mid].b)
            return nfc_pairs[mid].cp;
        if (a < nfc_pairs[mid].a || (a == nfc_pairs[mid].a && b < nfc_pairs[mid].b))
            hi = mid;
        else
            lo = mid + 1;
    }
    return compose_hangul(a, b);
}

/* Compose what is in the run onto its starter: a mark does not pass one of its own class or a
 * starter that stayed before it.  A starter can only be the last of the run. */
static void compose_run(struct run *r)
{
    size_t kept = 1;
    uint8_t before = 0;                         /* class of the last that stayed */

    for (size_t i = 1; i < r->n; i++) {
        const bool blocked = kept > 1 && before >= r->ccc[i];
        const uint32_t whole = blocked || r->ccc[0] ? 0 : compose(r->cp[0], r->cp[i]);
        if (whole) {
            r->cp[0] = whole;
            continue;
        }
        before = r->ccc[i];
        r->ccc[kept] = r->ccc[i];
        r->cp[kept++] = r->cp[i];
    }
    r->n = kept;
}

static void put_run(struct run *r, struct buf *out)
{
    for (size_t i = 0; i < r->n; i++)
        utf8_add(out, r->cp[i]);
    r->n = 0;
}

/* In the place that canonical order gives it: behind those of its class and of lower ones. */
static void insert(struct run *r, uint32_t cp, uint8_t ccc)
{
    size_t at = r->n;

    for (; at > 0 && ccc && r->ccc[at - 1] > ccc; at--) {
        r->cp[at] = r->cp[at - 1];
        r->ccc[at] = r->ccc[at - 1];
    }
    r->cp[at] = cp;
    r->ccc[at] = ccc;
    r->n++;
}

/* One decomposed character.  A new starter may compose with the one before it when nothing stands between. */
static void push(struct run *r, uint32_t cp, struct buf *out)
{
    const uint8_t ccc = class_of(cp);

    if (r->n && (ccc == 0 || r->n > NFC_RUN_MAX)) {
        compose_run(r);
        const uint32_t whole = ccc == 0 && r->n == 1 && !r->ccc[0] ? compose(r->cp[0], cp) : 0;
        if (whole) {
            r->cp[0] = whole;
            return;
        }
        put_run(r, out);
    }
    insert(r, cp, ccc);
}

static void push_decomposed(struct run *r, uint32_t cp, struct buf *out)
{
    if (cp >= S_BASE && cp < S_BASE + S_COUNT) {
        const uint32_t i = cp - S_BASE, t = i % T_COUNT;
        push(r, L_BASE + i / N_COUNT, out);
        push(r, V_BASE + i % N_COUNT / T_COUNT, out);
        if (t)
            push(r, T_BASE + t, out);
        return;
    }
    const uint32_t *to = decomposition(cp);
    if (!to)
        push(r, cp, out);
    for (size_t i = 0; to && i < 4 && to[i]; i++)
        push(r, to[i], out);
}

void nfc_add(struct buf *out, struct slice utf8)
{
    struct run r = { .n = 0 };

    while (utf8.n) {
        uint32_t cp;
        size_t n = utf8_decode(utf8, &cp);
        push_decomposed(&r, cp == UTF8_BAD ? UTF8_REPLACEMENT : cp, out);
        utf8 = slice_skip(utf8, n);
    }
    if (r.n)
        compose_run(&r);
    put_run(&r, out);
}

bool nfc_is(struct slice utf8)
{
    struct buf out = BUF_INIT;

    if (utf8_is_ascii(utf8))
        return true;
    nfc_add(&out, utf8);
    const bool same = slice_eq(buf_slice(&out), utf8);
    buf_fini(&out);
    return same;
}

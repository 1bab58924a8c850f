/* collate.c - see collate.h */
#include "imap/search/collate.h"

#include <stdint.h>

#include "lib/text/ascii.h"
#include "lib/text/fold.h"
#include "lib/text/utf8.h"

#include "imap/search/title_tables.inc"

enum { NRANGES = sizeof title_ranges / sizeof *title_ranges };

static uint32_t title(uint32_t cp)
{
    size_t lo = 0, hi = NRANGES;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const struct title_range *r = &title_ranges[mid];
        if (cp < r->first)
            hi = mid;
        else if (cp > r->last)
            lo = mid + 1;
        else
            return (cp - r->first) % r->step ? cp : (uint32_t)((int64_t)cp + r->delta);
    }
    return cp;
}

/* The rest of a folded text, from its first character beyond ASCII on. */
static void title_rest(struct buf *out, size_t from)
{
    struct buf rest = BUF_INIT;
    struct slice s;

    buf_add(&rest, out->p + from, out->n - from);
    buf_truncate(out, from);
    for (s = buf_slice(&rest); s.n;) {
        uint32_t cp;
        s = slice_skip(s, utf8_decode(s, &cp));
        utf8_add(out, cp < 0x80 ? (uint32_t)ascii_upper((char)cp) : title(cp));
    }
    buf_fini(&rest);
}

void collate_add(struct buf *out, struct slice utf8)
{
    size_t at = out->n;

    fold_add(out, utf8, 0);
    for (; at < out->n && !(out->p[at] & 0x80); at++)
        out->p[at] = ascii_upper(out->p[at]);
    if (at < out->n)
        title_rest(out, at);
}

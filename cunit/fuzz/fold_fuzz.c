/* fold_fuzz.c - first byte: flags; folding gives UTF-8, the same in pieces, and is final */
#include "lib/base/bug.h"
#include "lib/text/fold.h"
#include "lib/text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    unsigned flags = data[0] & 7;
    struct slice s = slice_make(data + 1, n - 1);
    struct buf whole = BUF_INIT, out = BUF_INIT;
    struct fold_state f;
    size_t piece = 1 + n % 5;

    fold_add(&whole, s, flags);
    BUG_UNLESS(utf8_valid(buf_slice(&whole)) && whole.n <= FOLD_GROWTH * s.n);
    fold_begin(&f, flags);
    for (size_t at = 0; at < s.n; at += piece)
        fold_push(&f, slice_cut(s, at, at + piece), &out);
    fold_end(&f, &out);
    BUG_UNLESS(slice_eq(buf_slice(&whole), buf_slice(&out)));
    buf_reset(&out);
    fold_add(&out, buf_slice(&whole), flags);
    BUG_UNLESS(slice_eq(buf_slice(&whole), buf_slice(&out)));
    buf_fini(&whole);
    buf_fini(&out);
    return 0;
}

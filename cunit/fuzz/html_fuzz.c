/* html_fuzz.c - HTML: pieces do not matter, output is bounded */
#include "lib/base/bug.h"
#include "lib/text/html.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice s = slice_make(data, n);
    struct buf whole = BUF_INIT, out = BUF_INIT;
    struct html_text h;
    size_t piece = 1 + n % 7;

    html_to_text(&whole, s);
    BUG_UNLESS(whole.n <= n + 1);
    html_begin(&h);
    for (size_t at = 0; at < n; at += piece)
        html_push(&h, slice_cut(s, at, at + piece), &out);
    html_end(&h, &out);
    BUG_UNLESS(slice_eq(buf_slice(&whole), buf_slice(&out)));
    buf_fini(&whole);
    buf_fini(&out);
    return 0;
}

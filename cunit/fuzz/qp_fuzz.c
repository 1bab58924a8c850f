/* qp_fuzz.c - quoted-printable: pieces do not matter, and what is encoded comes back */
#include "lib/base/bug.h"
#include "lib/text/qp.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice s = slice_make(data, n);
    struct buf whole = BUF_INIT, out = BUF_INIT, coded = BUF_INIT;
    struct qp_dec d;
    size_t piece = 1 + n % 7;

    qp_decode(&whole, s);
    BUG_UNLESS(whole.n <= 2 * n);
    qp_dec_init(&d);
    for (size_t at = 0; at < n; at += piece)
        qp_dec_push(&d, slice_cut(s, at, at + piece), &out);
    qp_dec_end(&d, &out);
    BUG_UNLESS(slice_eq(buf_slice(&whole), buf_slice(&out)));
    qp_encode(&coded, s);
    buf_reset(&out);
    qp_decode(&out, buf_slice(&coded));
    BUG_UNLESS(slice_eq(s, buf_slice(&out)));
    buf_fini(&whole);
    buf_fini(&out);
    buf_fini(&coded);
    return 0;
}

/* nfc_fuzz.c - normalization gives UTF-8, within bounds, and is final where runs of marks are short */
#include "lib/base/bug.h"
#include "lib/text/nfc.h"
#include "lib/text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice s = slice_make(data, n);
    struct buf out = BUF_INIT, again = BUF_INIT;

    nfc_add(&out, s);
    BUG_UNLESS(utf8_valid(buf_slice(&out)) && out.n <= 3 * n);
    if (nfc_is(s))
        BUG_UNLESS(slice_eq(buf_slice(&out), s));
    nfc_add(&again, buf_slice(&out));
    BUG_UNLESS(n > NFC_RUN_MAX || slice_eq(buf_slice(&out), buf_slice(&again)));
    buf_fini(&out);
    buf_fini(&again);
    return 0;
}

/* mutf7_fuzz.c - modified UTF-7: each spelling has one text and each text one spelling */
#include "lib/base/bug.h"
#include "lib/text/mutf7.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct slice in = slice_make(data, n);
    struct buf there = BUF_INIT, back = BUF_INIT;
    size_t pos;
    bool fine = mutf7_check(in, &pos) == MUTF7_OK;

    BUG_UNLESS(pos <= n);
    BUG_UNLESS((mutf7_to_utf8(in, &there) == ERR_OK) == fine);
    if (fine) {
        BUG_UNLESS(mutf7_from_utf8(buf_slice(&there), &back) == ERR_OK);
        BUG_UNLESS(slice_eq(buf_slice(&back), in));
    }
    buf_reset(&there);
    buf_reset(&back);
    if (mutf7_from_utf8(in, &there) == ERR_OK) {
        BUG_UNLESS(mutf7_to_utf8(buf_slice(&there), &back) == ERR_OK);
        BUG_UNLESS(slice_eq(buf_slice(&back), in));
    }
    buf_fini(&there);
    buf_fini(&back);
    return 0;
}

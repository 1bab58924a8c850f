/* word2047_fuzz.c - decoding gives UTF-8; encoding of UTF-8 comes back */
#include "lib/base/bug.h"
#include "lib/text/utf8.h"
#include "lib/text/word2047.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice s = slice_make(data, n);
    struct buf plain = BUF_INIT, coded = BUF_INIT, back = BUF_INIT;

    word2047_decode(&plain, s);
    BUG_UNLESS(utf8_valid(buf_slice(&plain)));
    buf_reset(&plain);
    word2047_decode_utf8(&plain, s);
    BUG_UNLESS(utf8_valid(buf_slice(&plain)));
    buf_reset(&plain);
    utf8_add_lossy(&plain, s);
    word2047_encode(&coded, buf_slice(&plain), n % 80);
    BUG_UNLESS(utf8_is_ascii(buf_slice(&coded)));
    struct slice c = buf_slice(&coded);
    if (slice_starts(c, SLICE_LIT("\r\n ")))
        c = slice_skip(c, 3);
    word2047_decode(&back, c);
    BUG_UNLESS(slice_eq(buf_slice(&plain), buf_slice(&back)));
    buf_fini(&plain);
    buf_fini(&coded);
    buf_fini(&back);
    return 0;
}

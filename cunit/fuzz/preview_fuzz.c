/* preview_fuzz.c - any message has a preview: valid UTF-8, short, without control characters */
#include <stdlib.h>

#include "imap/imapd/preview.h"
#include "lib/base/bug.h"
#include "lib/text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(0);
    struct buf out = BUF_INIT;
    size_t chars = 0;

    preview_text(slice_make(data, n), a, &out);
    BUG_UNLESS(utf8_valid(buf_slice(&out)));
    for (size_t i = 0; i < out.n; i++) {
        unsigned char c = (unsigned char)out.p[i];
        BUG_UNLESS(c >= ' ' && c != 0x7f);
        chars += (c & 0xc0) != 0x80;
    }
    BUG_UNLESS(chars <= PREVIEW_CHARS);
    buf_fini(&out);
    arena_free(&a);
    return 0;
}

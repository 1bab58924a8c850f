/* charset_fuzz.c - "name:bytes": the result is UTF-8, the same in pieces; and back */
#include "lib/base/bug.h"
#include "lib/text/charset.h"
#include "lib/text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void check_pieces(struct slice name, struct slice text, size_t piece, struct slice expected)
{
    struct charset_conv *v;
    struct buf out = BUF_INIT;

    if (charset_conv_new(name, &v))
        return;
    for (size_t at = 0; at < text.n; at += piece) {
        struct slice s = slice_cut(text, at, at + piece);
        charset_conv_push(v, s.p, s.n, &out);
    }
    charset_conv_end(v, &out);
    BUG_UNLESS(slice_eq(buf_slice(&out), expected));
    charset_conv_free(&v);
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice name, text;
    struct buf out = BUF_INIT, back = BUF_INIT;

    text = slice_split(slice_make(data, n), ':', &name, NULL);
    BUG_UNLESS(charset_is_known(name) == (charset_canonical(name) != NULL));
    if (charset_to_utf8(name, text, &out) == ERR_OK) {
        BUG_UNLESS(utf8_valid(buf_slice(&out)));
        check_pieces(name, text, 1 + n % 5, buf_slice(&out));
        (void)!charset_from_utf8(name, buf_slice(&out), &back);
    }
    buf_reset(&out);
    charset_to_utf8_lossy(name, text, &out);
    BUG_UNLESS(utf8_valid(buf_slice(&out)));
    buf_fini(&out);
    buf_fini(&back);
    return 0;
}

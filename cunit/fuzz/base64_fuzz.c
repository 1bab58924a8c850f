/* base64_fuzz.c - strict text is decoded alike by both decoders; what is encoded comes back */
#include "lib/base/bug.h"
#include "lib/base/mem.h"
#include "lib/text/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static size_t tolerant(struct slice s, size_t piece, uint8_t *out)
{
    struct base64_dec d = BASE64_DEC_INIT;
    size_t n = 0;

    for (size_t at = 0; at < s.n; at += piece) {
        struct slice part = slice_cut(s, at, at + piece);
        n += base64_dec_push(&d, part.p, part.n, out + n);
    }
    return n + base64_dec_end(&d, out + n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice s = slice_make(data, n);
    struct buf out = BUF_INIT, back = BUF_INIT;
    uint8_t *p = mem_alloc(BASE64_DEC_MAX(n) + 8), *q = mem_alloc(BASE64_DEC_MAX(n) + 8);
    size_t np = tolerant(s, n + 1, p), nq = tolerant(s, 1 + n % 5, q);

    BUG_UNLESS(slice_eq(slice_make(p, np), slice_make(q, nq)));
    if (base64_decode(&out, s) == ERR_OK)
        BUG_UNLESS(slice_eq(buf_slice(&out), slice_make(p, np)));
    buf_reset(&out);
    base64_encode(&out, s);
    BUG_UNLESS(out.n == BASE64_LEN(n) && base64_decode(&back, buf_slice(&out)) == ERR_OK);
    BUG_UNLESS(slice_eq(buf_slice(&back), s));
    buf_reset(&out);
    buf_reset(&back);
    base64url_encode(&out, s);
    BUG_UNLESS(base64url_decode(&back, buf_slice(&out)) == ERR_OK);
    BUG_UNLESS(slice_eq(buf_slice(&back), s));
    (void)!base64url_decode(&out, s);
    mem_free(p);
    mem_free(q);
    buf_fini(&out);
    buf_fini(&back);
    return 0;
}

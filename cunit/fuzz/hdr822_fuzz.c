/* hdr822_fuzz.c - fields lie in the block, one behind the other */
#include "lib/base/bug.h"
#include "lib/text/hdr822.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice s = slice_make(data, n), v;
    struct hdr822_iter it;
    struct hdr822_field f;
    struct buf out = BUF_INIT;
    const char *end = s.p;

    BUG_UNLESS(hdr822_size(s) <= n);
    hdr822_begin(&it, s);
    while (hdr822_next(&it, &f)) {
        BUG_UNLESS(f.raw.n > 0 && f.raw.p >= end && f.raw.p + f.raw.n <= s.p + n);
        BUG_UNLESS(f.name.n + f.value.n < f.raw.n && f.name.p == f.raw.p);
        end = f.raw.p + f.raw.n;
        buf_reset(&out);
        hdr822_unfold(&out, f.value);
        BUG_UNLESS(slice_find(buf_slice(&out), '\n') < 0 && out.n <= f.value.n);
    }
    if (hdr822_find(s, "a", &v))
        BUG_UNLESS(hdr822_find_last(s, "A", &v));
    buf_fini(&out);
    return 0;
}

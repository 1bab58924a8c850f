/* seen_fuzz.c - values of a seen database; what is accepted is written so that it reads back as the same
 */
#include "imap/store/seen_format.h"
#include "lib/base/bug.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct buf first = BUF_INIT, second = BUF_INIT;
    struct seen s, back;

    seen_init(&s);
    seen_init(&back);
    if (seen_parse(slice_make(data, n), &s) == ERR_OK) {
        seen_format(&s, &first);
        BUG_UNLESS(seen_parse(buf_slice(&first), &back) == ERR_OK);
        seen_format(&back, &second);
        BUG_UNLESS(slice_eq(buf_slice(&first), buf_slice(&second)));
    } else {
        BUG_UNLESS(ranges_empty(&s.uids));
    }
    seen_fini(&s);
    seen_fini(&back);
    buf_fini(&first);
    buf_fini(&second);
    return 0;
}

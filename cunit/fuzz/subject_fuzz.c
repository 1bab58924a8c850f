/* subject_fuzz.c - any bytes as a Subject and as References: nothing grows, and the second time changes nothing */
#include "imap/search/collate.h"
#include "imap/search/msgid.h"
#include "imap/search/subject.h"
#include "lib/base/bug.h"
#include "lib/text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice in = slice_make(data, n), rest = in;
    struct buf once = BUF_INIT, twice = BUF_INIT;

    (void)subject_base(in, &once);
    BUG_UNLESS(once.n <= n);
    (void)subject_base(buf_slice(&once), &twice);
    BUG_UNLESS(slice_eq(buf_slice(&once), buf_slice(&twice)));
    buf_reset(&twice);
    collate_add(&twice, buf_slice(&once));
    BUG_UNLESS(utf8_valid(buf_slice(&twice)));
    while (msgid_next(&rest, &once)) {
        BUG_UNLESS(once.n > 0 && once.n <= MSGID_MAX && slice_find(buf_slice(&once), '@') >= 0);
        BUG_UNLESS(rest.p > in.p && rest.p + rest.n == in.p + in.n);
    }
    buf_fini(&once);
    buf_fini(&twice);
    return 0;
}

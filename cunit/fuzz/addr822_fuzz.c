/* addr822_fuzz.c - groups are balanced, and no more comes out than went in */
#include "lib/base/bug.h"
#include "lib/text/addr822.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct addr822_parser p;
    struct addr822 a;
    struct buf out = BUF_INIT;
    size_t events = 0;
    bool in_group = false;

    addr822_begin(&p, slice_make(data, n));
    while (addr822_next(&p, &a)) {
        BUG_UNLESS(++events <= 2 * n + 2);
        BUG_UNLESS(a.name.n + a.route.n + a.mailbox.n <= n);
        BUG_UNLESS(!(in_group && a.kind == ADDR822_GROUP));
        in_group = a.kind == ADDR822_GROUP || (in_group && a.kind != ADDR822_GROUP_END);
        addr822_format(&out, &a);
        buf_reset(&out);
    }
    BUG_UNLESS(!in_group);
    BUG_UNLESS(!addr822_next(&p, &a));
    addr822_fini(&p);
    (void)addr822_first(slice_make(data, n), &out);
    buf_fini(&out);
    return 0;
}

/* envelope_fuzz.c - any bytes as the ENVELOPE of a cache record: fields lie inside, in order, and read alike alone */
#include "imap/search/envelope.h"
#include "lib/base/bug.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice in = slice_make(data, n);
    struct envelope e;
    struct envelope_address a;
    const char *at = in.p;

    (void)envelope_string(in);
    (void)envelope_first_address(in, &a);
    if (!envelope_split(in, &e))
        return 0;
    for (size_t i = 0; i < ENV_NFIELDS; i++) {
        struct slice s = envelope_string(e.field[i]);
        BUG_UNLESS(e.field[i].p > at && e.field[i].p + e.field[i].n < in.p + in.n);
        BUG_UNLESS(!s.p || (s.p >= e.field[i].p && s.p + s.n <= e.field[i].p + e.field[i].n));
        at = e.field[i].p + e.field[i].n - 1;
        (void)envelope_first_address(e.field[i], &a);
    }
    return 0;
}

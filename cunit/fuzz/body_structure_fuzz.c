/* body_structure_fuzz.c - a BODYSTRUCTURE of any bytes: what is found lies within it
 *
 * The first two bytes are numbers of parts.
 */
#include "imap/imapd/body_structure.h"
#include "lib/base/bug.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void within(struct slice s, struct slice all)
{
    BUG_UNLESS(!s.n || (s.p >= all.p && s.p + s.n <= all.p + all.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct slice all = slice_skip(slice_make(data, n), 2);
    const uint32_t part[] = { n ? data[0] : 0, n > 1 ? data[1] : 0 };
    struct body_part p;

    for (size_t k = 0; k <= 2; k++) {
        if (!body_part_find(all, part, k, &p))
            continue;
        within(p.whole, all);
        within(p.inner, p.whole);
        within(p.encoding, p.whole);
        within(p.size, p.whole);
        within(p.lines, p.whole);
        BUG_UNLESS(p.is_multipart || (p.encoding.p < p.size.p && (!p.lines.n || p.size.p < p.lines.p)));
    }
    return 0;
}

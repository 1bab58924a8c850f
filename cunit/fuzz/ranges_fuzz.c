/* ranges_fuzz.c - sets of numbers from text: ranges_parse() and the number readers
 *
 * What was accepted must come out in canonical spelling, which is read back as the same.
 */
#include "lib/base/bug.h"
#include "lib/base/num.h"
#include "lib/base/ranges.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void check_set(struct slice text)
{
    struct ranges a = RANGES_INIT, b = RANGES_INIT;
    struct buf first = BUF_INIT, second = BUF_INIT;

    if (ranges_parse(&a, text, 1000) == ERR_OK) {
        ranges_format(&a, &first);
        BUG_UNLESS(ranges_parse(&b, buf_slice(&first), 1000) == ERR_OK);
        ranges_format(&b, &second);
        BUG_UNLESS(slice_eq(buf_slice(&first), buf_slice(&second)));
        BUG_UNLESS(ranges_count(&a) == ranges_count(&b));
        ranges_subtract(&a, &b);
    }
    BUG_UNLESS(ranges_empty(&a));
    ranges_fini(&a);
    ranges_fini(&b);
    buf_fini(&first);
    buf_fini(&second);
}

static void check_number(struct slice text)
{
    struct buf out = BUF_INIT;
    uint64_t u, h;
    int64_t i, back;
    uint32_t small;

    if (num_i64(text, &i) == ERR_OK) {
        buf_add_i64(&out, i);
        BUG_UNLESS(num_i64(buf_slice(&out), &back) == ERR_OK && back == i);
    }
    if (num_u32(text, &small) == ERR_OK)
        BUG_UNLESS(num_u64(text, &u) == ERR_OK && u == small);
    if (num_u64(text, &u) == ERR_OK && text.n <= 16)
        BUG_UNLESS(num_hex64(text, &h) == ERR_OK && h >= u);
    (void)!num_oct32(text, &small);
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct slice text = slice_make(data, n);

    check_set(text);
    check_number(text);
    return 0;
}

/* dlist_fuzz.c - dlist text in both modes: what was read is written so that both modes read
 * it back as the same
 */
#include "lib/base/bug.h"
#include "lib/text/dlist.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void check_again(struct slice text, enum dlist_mode mode)
{
    struct arena *a = arena_new(0);
    struct buf out = BUF_INIT;
    struct dlist *d;

    BUG_UNLESS(dlist_parse(a, text, mode, &d) == ERR_OK);
    dlist_print(d, DLIST_PLAIN, &out);
    BUG_UNLESS(slice_eq(buf_slice(&out), text));
    buf_fini(&out);
    arena_free(&a);
}

/* A flag is written as it came; odd ones that only strict mode takes are left out. */
static bool has_odd_flag(const struct dlist *d)
{
    if (d->kind == DLIST_FLAG)
        for (size_t i = 0; i < d->text.n; i++)
            if (strchr("(){\"", d->text.p[i]) || (unsigned char)d->text.p[i] < 0x1f ||
                d->text.p[i] == 0x7f)
                return true;
    for (d = d->head; d; d = d->next)
        if (has_odd_flag(d))
            return true;
    return false;
}

static void check(struct slice text, enum dlist_mode mode)
{
    struct arena *a = arena_new(0);
    struct buf out = BUF_INIT;
    struct dlist *d;
    uint64_t n;

    if (dlist_parse(a, text, mode, &d) == ERR_OK) {
        dlist_print(d, DLIST_PLAIN, &out);
        check_again(buf_slice(&out), DLIST_STRICT);
        if (!has_odd_flag(d))
            check_again(buf_slice(&out), DLIST_STREAM);
        (void)!dlist_num(d, &n);
        (void)!dlist_hex(dlist_find(d, "H"), &n);
    }
    (void)!dlist_parse_keyed(a, text, mode == DLIST_STREAM, &d);
    buf_fini(&out);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    check(slice_make(data, n), DLIST_STRICT);
    check(slice_make(data, n), DLIST_STREAM);
    return 0;
}

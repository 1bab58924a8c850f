/* mboxdump_fuzz.c - dumps of the mailbox list: what was read, written and read back is the same */
#include "imap/admin/mboxlist_text.h"
#include "lib/base/bug.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void ignore(void *arg, const char *text)
{
    (void)arg;
    (void)text;
}

static void put_all(const struct vec *all, struct buf *out)
{
    buf_reset(out);
    buf_addc(out, '{');
    for (size_t i = 0; i < all->n; i++) {
        const struct mblist_restored *one = VEC_AT(all, struct mblist_restored, i);

        buf_adds(out, i ? ",\n" : "\n");
        mboxlist_text_put(&one->entry, &one->history, out);
    }
    buf_adds(out, "\n}\n");
}

/* Written once, bytes that are no UTF-8 are replaced; from then on nothing changes. */
static void check_round_trip(const struct vec *all)
{
    struct vec again = VEC_INIT(struct mblist_restored);
    struct buf first = BUF_INIT, second = BUF_INIT;

    put_all(all, &first);
    BUG_UNLESS(mboxlist_text_parse(buf_slice(&first), &again, ignore, NULL) == ERR_OK);
    BUG_UNLESS(again.n == all->n);
    put_all(&again, &second);
    BUG_UNLESS(slice_eq(buf_slice(&first), buf_slice(&second)));
    mboxlist_text_free(&again);
    buf_fini(&first);
    buf_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct vec all = VEC_INIT(struct mblist_restored);
    struct slice text = slice_make(data, n);

    if (mboxlist_text_parse(text, &all, ignore, NULL) == ERR_OK)
        check_round_trip(&all);
    mboxlist_text_free(&all);
    vec_init(&all, sizeof(struct mblist_restored));
    (void)!mboxlist_text_parse_old(text, &all, ignore, NULL);
    mboxlist_text_free(&all);
    return 0;
}

/* mboxheader_fuzz.c - cyrus.header in both forms; what is read is written so that it reads back as the same
 */
#include "imap/store/header.h"
#include "imap/store/header_format.h"
#include "lib/base/bug.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool same(const struct buf *a, const struct buf *b)
{
    return slice_eq(buf_slice(a), buf_slice(b));
}

static void check_again(struct header *h)
{
    struct buf out = BUF_INIT;
    struct header back;

    header_init(&back);
    header_format(h, &out);
    BUG_UNLESS(header_parse(buf_slice(&out), &back) == ERR_OK);
    BUG_UNLESS(back.crc == h->crc);
    BUG_UNLESS(same(&h->type, &back.type) && same(&h->name, &back.name) && same(&h->uniqueid, &back.uniqueid));
    BUG_UNLESS(same(&h->quotaroot, &back.quotaroot));
    for (unsigned i = 0; i < USER_FLAGS_MAX; i++)
        BUG_UNLESS(same(&h->flag[i], &back.flag[i]));
    header_fini(&back);
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct buf file = BUF_INIT;
    struct header h;

    header_init(&h);
    buf_add(&file, HEADER_MAGIC, HEADER_MAGIC_SIZE);
    buf_add(&file, data, n);
    (void)!header_parse(slice_make(data, n), &h);
    if (header_parse(buf_slice(&file), &h) == ERR_OK) {
        (void)header_flag_find(&h, slice_make(data, n));
        (void)header_flag_free(&h, USER_FLAGS_MAX);
        check_again(&h);
    }
    header_fini(&h);
    buf_fini(&file);
    return 0;
}

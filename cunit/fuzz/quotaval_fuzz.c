/* quotaval_fuzz.c - values of quota roots: what was read, written and read back is the same
 */
#include "imap/store/quota_format.h"
#include "lib/base/bug.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Limits are stored in whole units. */
static void check_units(struct quota_state *q)
{
    for (int i = 0; i < QUOTA_NRES; i++) {
        BUG_UNLESS(q->used[i] >= 0 && q->limit[i] >= 0);
        BUG_UNLESS(q->limit[i] == QUOTA_UNLIMITED || q->limit[i] % quota_res_unit(i) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct buf out = BUF_INIT;
    struct quota_state a, b;

    if (quota_format_parse(slice_make(data, n), &a) == ERR_OK) {
        check_units(&a);
        quota_format_put(&a, &out);
        BUG_UNLESS((out.n + 1) % QUOTA_FORMAT_STEP == 0);
        BUG_UNLESS(quota_format_parse(buf_slice(&out), &b) == ERR_OK);
        BUG_UNLESS(memcmp(a.used, b.used, sizeof a.used) == 0);
        BUG_UNLESS(memcmp(a.limit, b.limit, sizeof a.limit) == 0);
        BUG_UNLESS(a.modseq == b.modseq);
    }
    buf_fini(&out);
    return 0;
}

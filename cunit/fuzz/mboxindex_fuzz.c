/* mboxindex_fuzz.c - cyrus.index as bytes from anywhere: header and records of every version
 *
 * What is accepted as the present version must come out of the encoder as it went in.
 */
#include "imap/store/index.h"
#include "lib/base/bug.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void check_record(const uint8_t *p, const struct index_layout *l)
{
    uint8_t again[INDEX_RECORD_SIZE], copy[INDEX_RECORD_SIZE];
    struct index_head counts = { 0 };
    struct record r;

    index_record_decode(p, l, &r);
    index_head_count(&counts, &r, 1);
    index_head_count(&counts, &r, -1);
    BUG_UNLESS(counts.exists == 0 && counts.quota_used == 0 && counts.unseen == 0);
    if (l->version != INDEX_VERSION)
        return;
    index_record_encode(&r, again);
    BUG_UNLESS(memcmp(p, again, IR_CRC) == 0);
    if (index_record_crc_ok(p, l)) {
        BUG_UNLESS(memcmp(p, again, sizeof again) == 0);
        memcpy(copy, p, sizeof copy);
        copy[p[0] % IR_CRC] ^= 0x55;
        BUG_UNLESS(index_correct_byte(copy, sizeof copy));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct index_layout l = { 0, 0, 0 };
    struct index_head h;
    uint8_t again[INDEX_HEAD_SIZE];

    err_t err = index_head_decode(slice_make(data, n), &l, &h);
    if (!l.version)
        return 0;
    if (!err && l.version == INDEX_VERSION && h.exists && h.highestmodseq) {
        index_head_encode(&h, again);
        BUG_UNLESS(index_head_decode(slice_make(again, sizeof again), NULL, &h) == ERR_OK);
    }
    for (size_t at = l.head_size; at + l.record_size <= n; at += l.record_size)
        check_record(data + at, &l);
    return 0;
}

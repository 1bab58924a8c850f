/* twoskip_fuzz.c - bytes of a twoskip file, as they are and with checksums set right
 *
 * With the right checksums the mutations get further than to the first comparison.
 */
#include "cunit/fuzz/dbfile_fuzz.h"
#include "lib/base/crc32.h"
#include "lib/base/endian.h"
#include "lib/db/twoskip_format.h"

/* Checksums of the record at `at`; returns where to look for the next one. */
static size_t repair_record(char *p, size_t n, size_t at)
{
    uint8_t level = (uint8_t)p[at + TS_R_LEVEL];
    size_t keylen = be16_get(p + at + TS_R_KEYLEN), vallen = be32_get(p + at + TS_R_VALLEN);
    size_t head = TS_R_FIXED + (keylen == TS_LONG_KEY) * TS_LONG_SIZE +
        (vallen == TS_LONG_VALUE) * TS_LONG_SIZE + TS_PTR_SIZE * (level + 1u) + TS_CRCS_SIZE;
    size_t tail = (keylen + vallen + TS_ALIGN - 1) / TS_ALIGN * TS_ALIGN;

    if (level > TS_MAX_LEVEL || head > n - at)
        return at + TS_ALIGN;
    if (tail <= n - at - head)
        be32_put(p + at + head - 4, crc32_of(p + at + head, tail));
    be32_put(p + at + head - 8, crc32_of(p + at, head - 8));
    return tail <= n - at - head ? at + head + tail : at + TS_ALIGN;
}

static void repair(struct buf *b)
{
    size_t at = TS_DUMMY_AT;

    memcpy(b->p, TS_MAGIC, TS_MAGIC_SIZE);
    be32_put(b->p + TS_H_VERSION, TS_VERSION);
    be32_put(b->p + TS_H_CRC, crc32_of(b->p, TS_H_CRC));
    while (at + TS_HEAD_MIN <= b->n) {
        if (memchr("=+-$", b->p[at], 4))
            at = repair_record(b->p, b->n, at);
        else
            at += TS_ALIGN;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct buf b = BUF_INIT;

    fuzz_engine("twoskip", data, n);
    if (n >= TS_HEADER_SIZE) {
        buf_add(&b, data, n);
        repair(&b);
        fuzz_engine("twoskip", b.p, b.n);
        buf_fini(&b);
    }
    return 0;
}

/* crc32_test.c - the checksum against zlib's, in every length that takes another way, and in pieces
 */
#include <zlib.h>

#include "cunit/test.h"
#include "lib/base/crc32.h"

enum { BYTES = 70000, SHORT = 700 };

static const uint8_t *pattern(void)
{
    static uint8_t bytes[BYTES];
    uint32_t x = 12345;

    for (size_t i = 0; i < BYTES; i++) {
        x = x * 1103515245 + 12345;
        bytes[i] = (uint8_t)(x >> 16);
    }
    return bytes;
}

static void test_known(void)
{
    CU_ASSERT_EQUAL(crc32_of("", 0), 0);
    CU_ASSERT_EQUAL(crc32_of("123456789", 9), 0xcbf43926);
}

static void test_lengths(void)
{
    const uint8_t *p = pattern();

    for (size_t n = 0; n < SHORT; n++)
        for (size_t from = 0; from < 17; from++)        /* any alignment */
            CU_CHECK_ROW(n, crc32_of(p + from, n) == crc32_z(0, p + from, n));
    for (size_t n = SHORT; n < BYTES; n += 997)
        CU_CHECK_ROW(n, crc32_of(p, n) == crc32_z(0, p, n));
}

static void test_pieces(void)
{
    const uint8_t *p = pattern();
    const uint32_t whole = crc32_of(p, 4096);

    for (size_t cut = 0; cut <= 4096; cut += 13)
        CU_CHECK_ROW(cut, crc32_add(crc32_of(p, cut), p + cut, 4096 - cut) == whole);
}

/* Every byte, changed in many ways, is put right again; two of them are not. */
static void test_correct(void)
{
    uint8_t good[700], p[700];

    for (size_t i = 0; i < sizeof good; i++)
        good[i] = (uint8_t)(i * 37 + i / 7);
    const uint32_t want = crc32_of(good, sizeof good);
    memcpy(p, good, sizeof p);
    CU_ASSERT_FALSE(crc32_correct_byte(p, sizeof p, want));
    CU_ASSERT_FALSE(crc32_correct_byte(p, 0, want));
    for (size_t at = 0; at < sizeof p; at++) {
        for (unsigned mask = 1; mask < 256; mask += 6) {
            p[at] = good[at] ^ (uint8_t)mask;
            CU_CHECK_ROW(at,
                         crc32_correct_byte(p, sizeof p, want) && memcmp(p, good, sizeof p) == 0);
        }
        p[at] = good[at];
    }
    p[3] ^= 1;
    p[600] ^= 0x40;
    CU_ASSERT_FALSE(crc32_correct_byte(p, sizeof p, want));
    CU_ASSERT_EQUAL(p[3], good[3] ^ 1);
}

TEST_SUITE("crc32", { "known", test_known }, { "lengths", test_lengths }, { "pieces", test_pieces },
           { "correct", test_correct })

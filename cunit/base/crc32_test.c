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

TEST_SUITE("crc32", { "known", test_known }, { "lengths", test_lengths }, { "pieces", test_pieces })

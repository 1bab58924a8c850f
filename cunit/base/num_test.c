/* num_test.c - numbers and hex text */
#include "cunit/test.h"
#include "lib/base/endian.h"
#include "lib/base/num.h"

#include <string.h>

static void test_decimal(void)
{
    static const struct {
        struct slice text;
        err_t u32, u64, i64;
        uint64_t value;
    } rows[] = {
        { SLICE_LIT("0"), ERR_OK, ERR_OK, ERR_OK, 0 },
        { SLICE_LIT("007"), ERR_OK, ERR_OK, ERR_OK, 7 },
        { SLICE_LIT("4294967295"), ERR_OK, ERR_OK, ERR_OK, UINT32_MAX },
        { SLICE_LIT("4294967296"), ERR_LIMIT, ERR_OK, ERR_OK, 4294967296 },
        { SLICE_LIT("9223372036854775807"), ERR_LIMIT, ERR_OK, ERR_OK, INT64_MAX },
        { SLICE_LIT("9223372036854775808"), ERR_LIMIT, ERR_OK, ERR_LIMIT, 9223372036854775808u },
        { SLICE_LIT("18446744073709551615"), ERR_LIMIT, ERR_OK, ERR_LIMIT, UINT64_MAX },
        { SLICE_LIT("18446744073709551616"), ERR_LIMIT, ERR_LIMIT, ERR_LIMIT, 0 },
        { SLICE_LIT("99999999999999999999999"), ERR_LIMIT, ERR_LIMIT, ERR_LIMIT, 0 },
        { SLICE_LIT("99999999999999999999999x"), ERR_SYNTAX, ERR_SYNTAX, ERR_SYNTAX, 0 },
        { SLICE_LIT("00000000000000000000000001"), ERR_OK, ERR_OK, ERR_OK, 1 },
        { SLICE_LIT(""), ERR_SYNTAX, ERR_SYNTAX, ERR_SYNTAX, 0 },
        { { NULL, 0 }, ERR_SYNTAX, ERR_SYNTAX, ERR_SYNTAX, 0 },
        { SLICE_LIT("-"), ERR_SYNTAX, ERR_SYNTAX, ERR_SYNTAX, 0 },
        { SLICE_LIT("--1"), ERR_SYNTAX, ERR_SYNTAX, ERR_SYNTAX, 0 },
        { SLICE_LIT("+1"), ERR_SYNTAX, ERR_SYNTAX, ERR_SYNTAX, 0 },
        { SLICE_LIT(" 1"), ERR_SYNTAX, ERR_SYNTAX, ERR_SYNTAX, 0 },
        { SLICE_LIT("1 "), ERR_SYNTAX, ERR_SYNTAX, ERR_SYNTAX, 0 },
        { SLICE_LIT("1\0"), ERR_SYNTAX, ERR_SYNTAX, ERR_SYNTAX, 0 },
        { SLICE_LIT("0x1"), ERR_SYNTAX, ERR_SYNTAX, ERR_SYNTAX, 0 },
        { SLICE_LIT("a"), ERR_SYNTAX, ERR_SYNTAX, ERR_SYNTAX, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t u32 = 4711;
        uint64_t u64 = 4711;
        int64_t i64 = 4711;
        CU_CHECK_ROW(i, num_u32(rows[i].text, &u32) == rows[i].u32);
        CU_CHECK_ROW(i, num_u64(rows[i].text, &u64) == rows[i].u64);
        CU_CHECK_ROW(i, num_i64(rows[i].text, &i64) == rows[i].i64);
        CU_CHECK_ROW(i, u32 == (rows[i].u32 ? 4711 : rows[i].value));
        CU_CHECK_ROW(i, u64 == (rows[i].u64 ? 4711 : rows[i].value));
        CU_CHECK_ROW(i, i64 == (rows[i].i64 ? 4711 : (int64_t)rows[i].value));
    }
}

static void test_negative(void)
{
    int64_t v = 0;
    uint64_t u;

    CU_ASSERT(num_i64(SLICE_LIT("-9223372036854775808"), &v) == ERR_OK && v == INT64_MIN);
    CU_ASSERT(num_i64(SLICE_LIT("-0"), &v) == ERR_OK && v == 0);
    CU_ASSERT(num_i64(SLICE_LIT("-17"), &v) == ERR_OK && v == -17);
    CU_ASSERT_EQUAL(num_i64(SLICE_LIT("-9223372036854775809"), &v), ERR_LIMIT);
    CU_ASSERT_EQUAL(v, -17);
    CU_ASSERT_EQUAL(num_u64(SLICE_LIT("-1"), &u), ERR_SYNTAX);
}

static void test_other_bases(void)
{
    uint64_t h = 0;
    uint32_t o = 0;

    CU_ASSERT(num_hex64(SLICE_LIT("FFFFffffFFFFffff"), &h) == ERR_OK && h == UINT64_MAX);
    CU_ASSERT(num_hex64(SLICE_LIT("1aF"), &h) == ERR_OK && h == 0x1af);
    CU_ASSERT_EQUAL(num_hex64(SLICE_LIT("00000000000000001"), &h), ERR_SYNTAX);
    CU_ASSERT_EQUAL(num_hex64(SLICE_LIT(""), &h), ERR_SYNTAX);
    CU_ASSERT_EQUAL(num_hex64(SLICE_LIT("g"), &h), ERR_SYNTAX);
    CU_ASSERT(num_oct32(SLICE_LIT("0755"), &o) == ERR_OK && o == 0755);
    CU_ASSERT(num_oct32(SLICE_LIT("37777777777"), &o) == ERR_OK && o == UINT32_MAX);
    CU_ASSERT_EQUAL(num_oct32(SLICE_LIT("40000000000"), &o), ERR_LIMIT);
    CU_ASSERT_EQUAL(num_oct32(SLICE_LIT("8"), &o), ERR_SYNTAX);
}

static void test_put(void)
{
    static const struct {
        uint64_t v;
        const char *text;
    } rows[] = { { 0, "0" }, { 9, "9" }, { 10, "10" }, { UINT64_MAX, "18446744073709551615" } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char dst[NUM_U64_MAX];
        size_t n = num_put_u64(dst, rows[i].v);
        CU_CHECK_ROW(i, slice_eqs(slice_make(dst, n), rows[i].text));
    }
}

static void test_hex_text(void)
{
    char text[9];
    unsigned char raw[4] = { 1, 2, 3, 4 };

    num_hex(text, "\x00\x9f\xff\x10", 4);
    CU_ASSERT_STRING_EQUAL(text, "009fff10");
    CU_ASSERT_EQUAL(num_unhex(raw, 4, SLICE_LIT("009FfF1g")), ERR_SYNTAX);
    CU_ASSERT_EQUAL(raw[1], 2);         /* untouched */
    CU_ASSERT_EQUAL(num_unhex(raw, 4, SLICE_LIT("009FfF1")), ERR_SYNTAX);
    CU_ASSERT_EQUAL(num_unhex(raw, 4, SLICE_LIT("009FfF1000")), ERR_SYNTAX);
    CU_ASSERT_EQUAL(num_unhex(raw, 4, SLICE_LIT("009FfF10")), ERR_OK);
    CU_ASSERT(memcmp(raw, "\x00\x9f\xff\x10", 4) == 0);
    num_hex(text, NULL, 0);
    CU_ASSERT_STRING_EQUAL(text, "");
    CU_ASSERT_EQUAL(num_unhex(raw, 0, SLICE_NULL), ERR_OK);
}

static void test_endian(void)
{
    unsigned char raw[9] = { 0 };

    be64_put(raw + 1, 0x0102030405060708);      /* at an odd address */
    CU_ASSERT(memcmp(raw, "\0\1\2\3\4\5\6\7\x08", 9) == 0);
    CU_ASSERT_EQUAL(be64_get(raw + 1), 0x0102030405060708);
    CU_ASSERT_EQUAL(be32_get(raw + 1), 0x01020304);
    CU_ASSERT_EQUAL(be16_get(raw + 1), 0x0102);
    be32_put(raw + 1, 0xfffefdfc);
    be16_put(raw + 5, 0x1234);
    CU_ASSERT(memcmp(raw + 1, "\xff\xfe\xfd\xfc\x12\x34\7\x08", 8) == 0);
}

TEST_SUITE("num", { "decimal", test_decimal }, { "negative", test_negative },
           { "other bases", test_other_bases }, { "put", test_put }, { "hex", test_hex_text },
           { "endian", test_endian })

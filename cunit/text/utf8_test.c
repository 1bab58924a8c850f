/* utf8_test.c - UTF-8 in and out, well-formed and not (RFC 3629)
 */
#include "cunit/test.h"

#include "lib/text/utf8.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))
#define TEXT(s) { (s), sizeof(s) - 1 }

static void test_decode(void)
{
    static const struct {
        struct slice bytes;
        uint32_t cp;
        size_t n;
    } rows[] = {
        { TEXT("a"), 'a', 1 },
        { TEXT("\0"), 0, 1 },
        { TEXT("\xc3\xa4x"), 0xe4, 2 },
        { TEXT("\xc2\x80"), 0x80, 2 },
        { TEXT("\xe2\x82\xac"), 0x20ac, 3 },
        { TEXT("\xe0\xa0\x80"), 0x800, 3 },
        { TEXT("\xef\xbf\xbf"), 0xffff, 3 },
        { TEXT("\xf0\x9f\x98\x80"), 0x1f600, 4 },
        { TEXT("\xf4\x8f\xbf\xbf"), 0x10ffff, 4 },
        { TEXT("\x80"), UTF8_BAD, 1 },
        { TEXT("\xc0\x80"), UTF8_BAD, 1 },
        { TEXT("\xc1\xbf"), UTF8_BAD, 1 },
        { TEXT("\xe0\x9f\xbf"), UTF8_BAD, 1 },
        { TEXT("\xed\xa0\x80"), UTF8_BAD, 1 },
        { TEXT("\xf0\x8f\xbf\xbf"), UTF8_BAD, 1 },
        { TEXT("\xf4\x90\x80\x80"), UTF8_BAD, 1 },
        { TEXT("\xf5\x80\x80\x80"), UTF8_BAD, 1 },
        { TEXT("\xff"), UTF8_BAD, 1 },
        { TEXT("\xe2\x82" "A"), UTF8_BAD, 2 },
        { TEXT("\xe2\x82"), UTF8_BAD, 2 },
        { TEXT("\xf0\x9f\x98"), UTF8_BAD, 3 },
        { TEXT(""), UTF8_BAD, 0 },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        uint32_t cp;
        CU_CHECK_ROW(i, utf8_decode(rows[i].bytes, &cp) == rows[i].n);
        CU_CHECK_ROW(i, cp == rows[i].cp);
        CU_CHECK_ROW(i, utf8_valid(rows[i].bytes) ==
                            (rows[i].cp != UTF8_BAD || rows[i].n == 0));
    }
}

static void test_round_trip(void)
{
    char s[UTF8_MAX];
    uint32_t back;

    for (uint32_t cp = 0; cp <= 0x10ffff; cp += cp < 0x3000 ? 1 : 37) {
        size_t n = utf8_encode(s, cp);
        if (utf8_decode(slice_make(s, n), &back) != n)
            CU_FAIL("length");
        if (back != (cp >= 0xd800 && cp <= 0xdfff ? UTF8_REPLACEMENT : cp))
            CU_FAIL("code point");
    }
    CU_ASSERT_EQUAL(utf8_encode(s, 0x110000), 3);
    utf8_decode(slice_make(s, 3), &back);
    CU_ASSERT_EQUAL(back, UTF8_REPLACEMENT);
}

static void test_lossy(void)
{
    static const struct {
        struct slice in, out;
    } rows[] = {
        { TEXT("plain"), TEXT("plain") },
        { TEXT("a\xc3\xa4z"), TEXT("a\xc3\xa4z") },
        { TEXT("a\xe4z"), TEXT("a\xef\xbf\xbdz") },
        { TEXT("\xe2\x82z"), TEXT("\xef\xbf\xbdz") },
        { TEXT("a long run of ASCII, longer than a word \xff"),
          TEXT("a long run of ASCII, longer than a word \xef\xbf\xbd") },
        { TEXT("\x80\x80"), TEXT("\xef\xbf\xbd\xef\xbf\xbd") },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        utf8_add_lossy(&out, rows[i].in);
        CU_CHECK_ROW(i, slice_eq(buf_slice(&out), rows[i].out));
        CU_CHECK_ROW(i, utf8_valid(buf_slice(&out)));
        buf_fini(&out);
    }
    CU_ASSERT(utf8_is_ascii(SLICE_LIT("0123456789")));
    CU_ASSERT(!utf8_is_ascii(SLICE_LIT("01234567\xc3\xa4")));
}

static void test_clip(void)
{
    struct slice s = SLICE_LIT("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    static const size_t expected[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10 };

    for (size_t max = 0; max < ROWS(expected); max++)
        CU_CHECK_ROW(max, utf8_clip(s, max).n == expected[max]);
}

TEST_SUITE("utf8", { "decode", test_decode }, { "round trip", test_round_trip },
           { "lossy", test_lossy }, { "clip", test_clip })

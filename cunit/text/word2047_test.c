/* word2047_test.c - encoded words, in and out
 */
#include "cunit/test.h"

#include "lib/text/utf8.h"
#include "lib/text/word2047.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))

static void test_decode(void)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "plain", "plain" },
        { "=?utf-8?q?a_b=20c?=", "a b c" },
        { "=?UTF-8?B?w7Y=?= x", "\xc3\xb6 x" },
        { "=?iso-8859-1*de?Q?=F6?=", "\xc3\xb6" },
        { "=?utf-8?q?a?= =?utf-8?q?b?=", "ab" },
        { "=?utf-8?q?a?=\r\n =?iso-8859-1?q?b?=\r\n c", "ab c" },
        { "x=?utf-8?q?a?=y", "xay" },
        { "=?utf-8?q?=C3?= =?utf-8?q?=B6?=", "\xc3\xb6" },
        { "=?utf-8?q?x=C3?=", "x" },
        { "=?utf-8?b?Y?= =?utf-8?b?WJj?=", "abc" },
        { "=?utf-8?B?w7Y?=", "\xc3\xb6" },
        { "=?gb2312?b?xA==?= =?gb2312?b?4w==?=", "\xef\xbf\xbd\xef\xbf\xbd" },
        { "=?bogus?q?a?= b", "\xef\xbf\xbd b" },
        { "=?utf-8?x?a?=", "=?utf-8?x?a?=" },
        { "=?utf-8?q?a", "=?utf-8?q?a" },
        { "=?utf-8?q?a?b?=", "=?utf-8?q?a?b?=" },
        { "=?=?utf-8?q?a?=", "=?a" },
        { "=?utf-8?q?a ?=x", "ax" },
        { "=?utf-8?q?a=4?=", "a=4" },
        { "a\xe9" "b", "a\xef\xbf\xbd" "b" },
        { "a\r\n\tb", "a\tb" },
        { "=?utf-8?q?" "?=", "" },
        { "", "" },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        word2047_decode(&out, slice_cstr(rows[i].in));
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].out));
        buf_fini(&out);
    }
}

static void test_decode_utf8(void)
{
    struct buf out = BUF_INIT;

    word2047_decode_utf8(&out, SLICE_LIT("caf\xc3\xa9 \xe9 =?utf-8?q?=C3=A9?="));
    CU_ASSERT(slice_eqs(buf_slice(&out), "caf\xc3\xa9 \xef\xbf\xbd \xc3\xa9"));
    buf_fini(&out);
}

static void test_encode(void)
{
    static const struct {
        const char *in, *out;
        size_t column;
    } rows[] = {
        { "plain text", "plain text", 9 },
        { "caf\xc3\xa9 x", "=?utf-8?Q?caf=C3=A9_x?=", 9 },
        { "\xd0\x9f\xd1\x80\xd0\xb8", "=?utf-8?B?0J/RgNC4?=", 9 },
        { "a =?b", "=?utf-8?B?YSA9P2I=?=", 0 },
        { "long a =?b", "=?utf-8?Q?long_a_=3D=3Fb?=", 0 },
        { "", "", 0 },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        word2047_encode(&out, slice_cstr(rows[i].in), rows[i].column);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].out));
        buf_fini(&out);
    }
}

/* Long texts come back, on lines that are short enough. */
static void test_round_trip(void)
{
    static const char *units[] = { "\xc3\xa9", "abcdefg \xe2\x82\xac", "\xf0\x9f\x98\x80",
                                   "\x01z" };

    for (size_t i = 0; i < ROWS(units); i++) {
        for (size_t column = 0; column < 90; column += 11) {
            struct buf in = BUF_INIT, coded = BUF_INIT, out = BUF_INIT;
            size_t line = column;
            for (int k = 0; k < 60; k++)
                buf_adds(&in, units[i]);
            word2047_encode(&coded, buf_slice(&in), column);
            for (size_t k = 0; k < coded.n; k++) {
                line = coded.p[k] == '\n' ? 0 : line + (coded.p[k] != '\r');
                CU_CHECK_ROW(i, line <= WORD2047_MAX + 1 || line <= column);
            }
            /* a fold at once belongs to the name of the field */
            bool folded = slice_starts(buf_slice(&coded), SLICE_LIT("\r\n "));
            word2047_decode(&out, slice_skip(buf_slice(&coded), folded ? 3 : 0));
            CU_CHECK_ROW(i, slice_eq(buf_slice(&in), buf_slice(&out)));
            buf_fini(&in);
            buf_fini(&coded);
            buf_fini(&out);
        }
    }
}

TEST_SUITE("word2047", { "decode", test_decode }, { "decode utf8", test_decode_utf8 },
           { "encode", test_encode }, { "round trip", test_round_trip })

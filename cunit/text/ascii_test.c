/* ascii_test.c - the table of character classes against their definitions */
#include "cunit/test.h"

#include <string.h>

#include "lib/text/ascii.h"

static bool in(int c, const char *set)
{
    return c != 0 && c < 128 && strchr(set, c);
}

static void test_table(void)
{
    static const char digits[] = "0123456789", hex[] = "abcdefABCDEF";

    for (int c = 0; c < 256; c++) {
        bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        char k = (char)c;
        CU_CHECK_ROW((size_t)c, ascii_is_digit(k) == in(c, digits));
        CU_CHECK_ROW((size_t)c, ascii_is_alpha(k) == alpha);
        CU_CHECK_ROW((size_t)c, ascii_is_alnum(k) == (alpha || in(c, digits)));
        CU_CHECK_ROW((size_t)c, ascii_is_xdigit(k) == (in(c, digits) || in(c, hex)));
        CU_CHECK_ROW((size_t)c, ascii_is_space(k) == in(c, " \t\r\n\v\f"));
        CU_CHECK_ROW((size_t)c, ascii_is_ctl(k) == (c < 32 || c == 127));
        CU_CHECK_ROW((size_t)c, ascii_is(k, A_8BIT) == (c >= 128));
        CU_CHECK_ROW((size_t)c, ascii_is(k, A_ATOM) ==
                     (c > 32 && c < 127 && !in(c, "(){%*\"\\]")));
        CU_CHECK_ROW((size_t)c, ascii_is(k, A_ATEXT) ==
                     (alpha || in(c, digits) || in(c, "!#$%&'*+-/=?^_`{|}~")));
        CU_CHECK_ROW((size_t)c, ascii_is_graph(k) == (c > 32 && c < 127));
    }
}

static void test_convert(void)
{
    CU_ASSERT_EQUAL(ascii_lower('A'), 'a');
    CU_ASSERT_EQUAL(ascii_lower('Z'), 'z');
    CU_ASSERT_EQUAL(ascii_lower('@'), '@');
    CU_ASSERT_EQUAL(ascii_lower('\xc4'), '\xc4');
    CU_ASSERT_EQUAL(ascii_upper('z'), 'Z');
    CU_ASSERT_EQUAL(ascii_upper('{'), '{');
    CU_ASSERT_EQUAL(ascii_xvalue('0'), 0);
    CU_ASSERT_EQUAL(ascii_xvalue('f'), 15);
    CU_ASSERT_EQUAL(ascii_xvalue('A'), 10);
    CU_ASSERT_EQUAL(ascii_xvalue('g'), -1);
    CU_ASSERT_EQUAL(ascii_xvalue('\0'), -1);
}

TEST_SUITE("ascii", { "table", test_table }, { "convert", test_convert })

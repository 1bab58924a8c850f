/* slice_test.c - borrowed bytes */
#include "cunit/test.h"
#include "lib/base/buf.h"
#include "lib/base/slice.h"

#define S(lit) SLICE_LIT(lit)

static int sign(int v)
{
    return v < 0 ? -1 : v > 0;
}

static void test_compare(void)
{
    static const struct {
        struct slice a, b;
        int cmp, nocase;
    } rows[] = {
        { S(""), S(""), 0, 0 },         { { NULL, 0 }, S(""), 0, 0 },
        { S("a"), S("b"), -1, -1 },     { S("a"), S("aa"), -1, -1 },
        { S("aa"), S("a"), 1, 1 },      { S("A"), S("a"), -1, 0 },
        { S("B"), S("a"), -1, 1 },      { S("\xff"), S("a"), 1, 1 },
        { S("a\0b"), S("a\0c"), -1, -1 }, { S("["), S("A"), 1, -1 },
        { S("\xc4"), S("\xe4"), -1, -1 }, { { NULL, 0 }, S("x"), -1, -1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice a = rows[i].a, b = rows[i].b;
        CU_CHECK_ROW(i, sign(slice_cmp(a, b)) == rows[i].cmp);
        CU_CHECK_ROW(i, sign(slice_cmp(b, a)) == -rows[i].cmp);
        CU_CHECK_ROW(i, sign(slice_cmp_nocase(a, b)) == rows[i].nocase);
        CU_CHECK_ROW(i, slice_eq(a, b) == (rows[i].cmp == 0));
        CU_CHECK_ROW(i, slice_eq_nocase(a, b) == (rows[i].nocase == 0));
    }
    CU_ASSERT(slice_eqs(S("abc"), "abc"));
    CU_ASSERT_FALSE(slice_eqs(S("abc"), "ab"));
    CU_ASSERT(slice_eqs(SLICE_NULL, NULL));
    CU_ASSERT(slice_eqs_nocase(S("aBc"), "AbC"));
    CU_ASSERT(slice_starts_nocase(S("InBox.x"), S("INBOX")));
    CU_ASSERT_FALSE(slice_starts_nocase(S("INBO"), S("INBOX")));
    CU_ASSERT(slice_starts(S("abc"), SLICE_NULL) && slice_ends(S("abc"), S("bc")));
    CU_ASSERT_FALSE(slice_ends(S("c"), S("bc")));
}

static void test_cut(void)
{
    static const struct {
        struct slice s;
        size_t from, to;
        const char *expected;
    } rows[] = {
        { S("abcdef"), 1, 3, "bc" }, { S("abcdef"), 0, 99, "abcdef" }, { S("abc"), 2, 1, "" },
        { S("abc"), 9, 12, "" },     { { NULL, 0 }, 1, 2, "" },        { S("abc"), 3, 3, "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_CHECK_ROW(i, slice_eqs(slice_cut(rows[i].s, rows[i].from, rows[i].to),
                                  rows[i].expected));
    CU_ASSERT(slice_eqs(slice_skip(S("abc"), 1), "bc"));
    CU_ASSERT(slice_eqs(slice_skip(S("abc"), 4), ""));
}

static void test_search(void)
{
    static const struct {
        struct slice hay, needle;
        ssize_t at, nocase;
    } rows[] = {
        { S("hello"), S("l"), 2, 2 },        { S("hello"), S(""), 0, 0 },
        { S(""), S(""), 0, 0 },              { { NULL, 0 }, { NULL, 0 }, 0, 0 },
        { S(""), S("a"), -1, -1 },           { S("Hello"), S("hELLO"), -1, 0 },
        { S("aaab"), S("AAB"), -1, 1 },      { S("ababac"), S("abac"), 2, 2 },
        { S("xABABABCx"), S("ababc"), -1, 3 }, { S("ab"), S("abc"), -1, -1 },
        { S("a\0b"), S("\0b"), 1, 1 },       { S("aabaabaaa"), S("AABAAA"), -1, 3 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, slice_search(rows[i].hay, rows[i].needle) == rows[i].at);
        CU_CHECK_ROW(i, slice_search_nocase(rows[i].hay, rows[i].needle) == rows[i].nocase);
    }
}

/* The folded search against the plain way, over all short words of two letters. */
static void test_search_exhaustive(void)
{
    enum { HAY = 9, NEEDLE = 4 };
    char hay[HAY], needle[NEEDLE];

    for (unsigned h = 0; h < 1u << HAY; h++) {
        for (unsigned k = 0; k < HAY; k++)
            hay[k] = h >> k & 1 ? 'A' : 'b';
        for (unsigned n = 0; n < 1u << NEEDLE; n++) {
            char exact[NEEDLE];
            for (unsigned k = 0; k < NEEDLE; k++) {
                needle[k] = n >> k & 1 ? 'a' : 'B';
                exact[k] = n >> k & 1 ? 'A' : 'b';
            }
            ssize_t want = slice_search(slice_make(hay, HAY), slice_make(exact, NEEDLE));
            ssize_t got = slice_search_nocase(slice_make(hay, HAY), slice_make(needle, NEEDLE));
            if (want != got)
                CU_FAIL("folded search differs");
        }
    }
    CU_PASS("all words tried");
}

/* Texts made for the worst case of naive searches; a quadratic one would take minutes. */
static void test_search_linear(void)
{
    struct buf hay = BUF_INIT, needle = BUF_INIT;

    for (int i = 0; i < 1000000; i++)
        buf_addc(&hay, 'a');
    for (int i = 0; i < 300000; i++)
        buf_addc(&needle, 'A');
    buf_addc(&needle, 'B');
    CU_ASSERT_EQUAL(slice_search_nocase(buf_slice(&hay), buf_slice(&needle)), -1);
    buf_addc(&hay, 'b');
    CU_ASSERT_EQUAL(slice_search_nocase(buf_slice(&hay), buf_slice(&needle)), 700000);
    buf_fini(&hay);
    buf_fini(&needle);
}

static void test_find(void)
{
    CU_ASSERT_EQUAL(slice_find(S("abca"), 'a'), 0);
    CU_ASSERT_EQUAL(slice_rfind(S("abca"), 'a'), 3);
    CU_ASSERT_EQUAL(slice_find(S("abca"), 'x'), -1);
    CU_ASSERT_EQUAL(slice_find(SLICE_NULL, 'x'), -1);
    CU_ASSERT_EQUAL(slice_rfind(SLICE_NULL, 'x'), -1);
    CU_ASSERT_EQUAL(slice_find(S("a\0b"), '\0'), 1);
}

static void test_split(void)
{
    static const struct {
        struct slice text;
        const char *head, *tail;
        bool found;
    } rows[] = {
        { S("a:b"), "a", "b", true },   { S("ab"), "ab", "", false }, { S(":"), "", "", true },
        { S("a:b:c"), "a", "b:c", true }, { S(""), "", "", false },
        { { NULL, 0 }, "", "", false }, { S("a:"), "a", "", true },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice head;
        bool found = !rows[i].found;
        struct slice tail = slice_split(rows[i].text, ':', &head, &found);
        CU_CHECK_ROW(i, slice_eqs(head, rows[i].head));
        CU_CHECK_ROW(i, slice_eqs(tail, rows[i].tail));
        CU_CHECK_ROW(i, found == rows[i].found);
    }
}

static void test_trim(void)
{
    CU_ASSERT(slice_eqs(slice_trim(S(" \t a b\r\n")), "a b"));
    CU_ASSERT(slice_eqs(slice_trim(S(" \r\n\t ")), ""));
    CU_ASSERT(slice_eqs(slice_trim(SLICE_NULL), ""));
    CU_ASSERT(slice_eqs(slice_trim(S("x")), "x"));
}

TEST_SUITE("slice", { "compare", test_compare }, { "cut", test_cut }, { "search", test_search },
           { "search exhaustive", test_search_exhaustive },
           { "search linear", test_search_linear }, { "find", test_find },
           { "split", test_split }, { "trim", test_trim })

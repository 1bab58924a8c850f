/* hdr822_test.c - header blocks cut into fields
 */
#include "cunit/test.h"

#include "lib/text/hdr822.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))

static void test_next(void)
{
    static const char block[] = "From: a@b\r\nSubject : one\r\n two\r\nno colon here\r\n folded\r\n"
                                "Empty:\r\nX: lf\nY:z\r\n\r\nBody: no\r\n";
    static const struct {
        const char *name, *value, *raw;
    } rows[] = {
        { "From", " a@b", "From: a@b\r\n" },
        { "Subject", " one\r\n two", "Subject : one\r\n two\r\n" },
        { "Empty", "", "Empty:\r\n" },
        { "X", " lf", "X: lf\n" },
        { "Y", "z", "Y:z\r\n" },
    };
    struct hdr822_iter it;
    struct hdr822_field f;

    hdr822_begin(&it, SLICE_LIT(block));
    for (size_t i = 0; i < ROWS(rows); i++) {
        CU_CHECK_ROW(i, hdr822_next(&it, &f));
        CU_CHECK_ROW(i, slice_eqs(f.name, rows[i].name));
        CU_CHECK_ROW(i, slice_eqs(f.value, rows[i].value));
        CU_CHECK_ROW(i, slice_eqs(f.raw, rows[i].raw));
    }
    CU_ASSERT(!hdr822_next(&it, &f));
    CU_ASSERT(slice_eqs(it.rest, "Body: no\r\n"));
}

static void test_size(void)
{
    static const struct {
        const char *message;
        size_t size;
    } rows[] = {
        { "", 0 }, { "a: b", 4 }, { "a: b\r\n", 6 }, { "a: b\r\n\r\nbody", 8 },
        { "a: b\n\nbody", 6 }, { "\r\nbody", 2 }, { "\nbody", 1 }, { "a: b\r\n \r\n\r\nx", 11 },
    };

    for (size_t i = 0; i < ROWS(rows); i++)
        CU_CHECK_ROW(i, hdr822_size(slice_cstr(rows[i].message)) == rows[i].size);
}

static void test_find(void)
{
    static const char block[] = "A: 1\r\nB: 2\r\na: 3\r\n\r\nB: body\r\n";
    struct slice v;

    CU_ASSERT(hdr822_find(SLICE_LIT(block), "a", &v) && slice_eqs(v, " 1"));
    CU_ASSERT(hdr822_find_last(SLICE_LIT(block), "A", &v) && slice_eqs(v, " 3"));
    CU_ASSERT(hdr822_find_last(SLICE_LIT(block), "B", &v) && slice_eqs(v, " 2"));
    CU_ASSERT(!hdr822_find(SLICE_LIT(block), "C", &v));
}

static void test_unfold(void)
{
    static const struct {
        const char *value, *text;
    } rows[] = {
        { "  a", "a" }, { " a\r\n b", "a b" }, { " a\r\n\tb\n c", "a\tb c" }, { "", "" },
        { " \r\n x", " x" }, { " a \t ", "a \t " },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        hdr822_unfold(&out, slice_cstr(rows[i].value));
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].text));
        buf_fini(&out);
    }
    CU_ASSERT(hdr822_name_valid(SLICE_LIT("X-a_b")));
    CU_ASSERT(!hdr822_name_valid(SLICE_LIT("")));
    CU_ASSERT(!hdr822_name_valid(SLICE_LIT("a b")));
    CU_ASSERT(!hdr822_name_valid(SLICE_LIT("a:")));
    CU_ASSERT(!hdr822_name_valid(SLICE_LIT("\xe9")));
}

TEST_SUITE("hdr822", { "next", test_next }, { "size", test_size }, { "find", test_find },
           { "unfold", test_unfold })

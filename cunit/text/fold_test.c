/* fold_test.c - the search form of text
 * covers: IM-05
 */
#include "cunit/test.h"

#include "lib/text/fold.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))
#define TEXT(s) { (s), sizeof(s) - 1 }

static const struct {
    struct slice in, out;
    unsigned flags;
} rows[] = {
    { TEXT("Hello, World 42"), TEXT("hello, world 42"), 0 },
    { TEXT("Stra\xc3\x9f" "e"), TEXT("strasse"), 0 },
    { TEXT("\xc3\x84RGER"), TEXT("a\xcc\x88rger"), 0 },
    { TEXT("\xc3\x84RGER"), TEXT("arger"), FOLD_SKIP_DIACRIT },
    { TEXT("A\xcc\x88rger"), TEXT("arger"), FOLD_SKIP_DIACRIT },
    { TEXT("\xc5\x81\xc3\xb3" "d\xc5\xba"), TEXT("\xc5\x82odz"), FOLD_SKIP_DIACRIT },
    { TEXT("\xce\xa3\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x82"),
      TEXT("\xcf\x83\xce\xb9\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x83"), FOLD_SKIP_DIACRIT },
    { TEXT("\xd0\x9f\xd0\xa0\xd0\x98\xd0\x99"), TEXT("\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb8"),
      FOLD_SKIP_DIACRIT },
    { TEXT("\xef\xac\x81ne \xe2\x85\xa7 \xef\xbc\xa1"), TEXT("fine viii a"), 0 },
    { TEXT("\xea\xb0\x81"), TEXT("\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8"), 0 },
    { TEXT("\xea\xb0\x80"), TEXT("\xe1\x84\x80\xe1\x85\xa1"), 0 },
    { TEXT("\xe4\xb8\xad\xe6\x96\x87"), TEXT("\xe4\xb8\xad\xe6\x96\x87"), 0 },
    { TEXT("a \t\r\n b\xc2\xa0 c"), TEXT("a b c"), FOLD_MERGE_SPACE },
    { TEXT("a \t\r\n b\xc2\xa0 c"), TEXT("abc"), FOLD_SKIP_SPACE },
    { TEXT("a \t b"), TEXT("a \t b"), 0 },
    { TEXT("x\xff\xe2\x82"), TEXT("x\xef\xbf\xbd\xef\xbf\xbd"), 0 },
    { TEXT("\xc4\xb0stanbul"), TEXT("istanbul"), FOLD_SKIP_DIACRIT },
    { TEXT("\xf0\x9d\x94\x98 \xf0\x9f\x98\x80"), TEXT("u \xf0\x9f\x98\x80"), 0 },
    { TEXT(""), TEXT(""), 0 },
};

static void test_fold(void)
{
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT, again = BUF_INIT;
        fold_add(&out, rows[i].in, rows[i].flags);
        CU_CHECK_ROW(i, slice_eq(buf_slice(&out), rows[i].out));
        fold_add(&again, buf_slice(&out), rows[i].flags);
        CU_CHECK_ROW(i, slice_eq(buf_slice(&again), buf_slice(&out)));
        buf_fini(&out);
        buf_fini(&again);
    }
}

static void test_pieces(void)
{
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct fold_state f;
        struct buf out = BUF_INIT;
        fold_begin(&f, rows[i].flags);
        for (size_t piece = 1; piece < 5; piece++) {
            buf_reset(&out);
            for (size_t at = 0; at < rows[i].in.n; at += piece)
                fold_push(&f, slice_cut(rows[i].in, at, at + piece), &out);
            fold_end(&f, &out);
            CU_CHECK_ROW(i, slice_eq(buf_slice(&out), rows[i].out));
        }
        buf_fini(&out);
    }
}

/* Every character folds to something that folds to itself, within the promised growth. */
static void test_all(void)
{
    struct buf in = BUF_INIT, out = BUF_INIT, again = BUF_INIT;

    for (uint32_t cp = 0; cp < 0x30000; cp++) {
        if (cp >= 0xd800 && cp <= 0xdfff)
            continue;
        buf_reset(&in);
        buf_reset(&out);
        buf_reset(&again);
        if (cp < 0x80)
            buf_addc(&in, (char)cp);
        else if (cp < 0x800)
            buf_addf(&in, "%c%c", (int)(0xc0 | cp >> 6), (int)(0x80 | (cp & 63)));
        else if (cp < 0x10000)
            buf_addf(&in, "%c%c%c", (int)(0xe0 | cp >> 12), (int)(0x80 | (cp >> 6 & 63)),
                     (int)(0x80 | (cp & 63)));
        else
            buf_addf(&in, "%c%c%c%c", (int)(0xf0 | cp >> 18), (int)(0x80 | (cp >> 12 & 63)),
                     (int)(0x80 | (cp >> 6 & 63)), (int)(0x80 | (cp & 63)));
        fold_add(&out, buf_slice(&in), 0);
        fold_add(&again, buf_slice(&out), 0);
        if (!slice_eq(buf_slice(&out), buf_slice(&again)))
            CU_FAIL("folding twice differs");
        if (out.n == 0 && in.n != 0 && cp != 0xad && in.n < 2)
            CU_FAIL("nothing left");
        if (out.n > FOLD_GROWTH * in.n)
            CU_FAIL("grew too much");
    }
    buf_fini(&in);
    buf_fini(&out);
    buf_fini(&again);
}

static void test_cmp(void)
{
    CU_ASSERT_EQUAL(fold_cmp(SLICE_LIT("STRASSE"), SLICE_LIT("stra\xc3\x9f" "e")), 0);
    CU_ASSERT_EQUAL(fold_cmp(SLICE_LIT("\xc3\xa9"), SLICE_LIT("E\xcc\x81")), 0);
    CU_ASSERT(fold_cmp(SLICE_LIT("a"), SLICE_LIT("B")) < 0);
    CU_ASSERT(fold_cmp(SLICE_LIT("b"), SLICE_LIT("A")) > 0);
    CU_ASSERT(fold_cmp(SLICE_LIT("e"), SLICE_LIT("\xc3\xa9")) < 0);
}

TEST_SUITE("fold", { "fold", test_fold }, { "pieces", test_pieces }, { "all", test_all },
           { "cmp", test_cmp })

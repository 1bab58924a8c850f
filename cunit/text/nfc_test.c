/* nfc_test.c - normalization form C
 * covers: NS-30
 */
#include "cunit/test.h"

#include "lib/text/nfc.h"
#include "lib/text/utf8.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))
#define TEXT(s) { (s), sizeof(s) - 1 }

static const struct {
    struct slice in, out;
} rows[] = {
    { TEXT("plain"), TEXT("plain") },
    { TEXT(""), TEXT("") },
    { TEXT("Entwu\xcc\x88rfe"), TEXT("Entw\xc3\xbcrfe") },
    { TEXT("Entw\xc3\xbcrfe"), TEXT("Entw\xc3\xbcrfe") },
    /* marks in the wrong order, and one that composes past another */
    { TEXT("a\xcc\x82\xcc\xa3"), TEXT("\xe1\xba\xad") },
    { TEXT("\xc3\xa2\xcc\xa3"), TEXT("\xe1\xba\xad") },
    { TEXT("a\xcc\xa3\xcc\x82"), TEXT("\xe1\xba\xad") },
    { TEXT("q\xcc\x87\xcc\xa3"), TEXT("q\xcc\xa3\xcc\x87") },
    /* blocked by one of the same class */
    { TEXT("a\xcc\x85\xcc\x82"), TEXT("a\xcc\x85\xcc\x82") },
    /* singletons, exclusions */
    { TEXT("\xe2\x84\xab"), TEXT("\xc3\x85") },
    { TEXT("\xe2\x84\xa6"), TEXT("\xce\xa9") },
    { TEXT("\xe0\xa5\x98"), TEXT("\xe0\xa4\x95\xe0\xa4\xbc") },
    { TEXT("\xcd\x84"), TEXT("\xcc\x88\xcc\x81") },
    /* Hangul, starters that compose */
    { TEXT("\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8"), TEXT("\xea\xb0\x81") },
    { TEXT("\xea\xb0\x80\xe1\x86\xa8"), TEXT("\xea\xb0\x81") },
    { TEXT("\xea\xb0\x81\xe1\x86\xa8"), TEXT("\xea\xb0\x81\xe1\x86\xa8") },
    { TEXT("\xe0\xa7\x87\xe0\xa6\xbe"), TEXT("\xe0\xa7\x8b") },
    /* a mark without a character */
    { TEXT("\xcc\x88u"), TEXT("\xcc\x88u") },
    { TEXT("\xff"), TEXT("\xef\xbf\xbd") },
};

static void test_rows(void)
{
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        nfc_add(&out, rows[i].in);
        CU_CHECK_ROW(i, slice_eq(buf_slice(&out), rows[i].out));
        CU_CHECK_ROW(i, nfc_is(rows[i].in) == slice_eq(rows[i].in, rows[i].out));
        CU_CHECK_ROW(i, nfc_is(rows[i].out));
        buf_fini(&out);
    }
}

/* What was normalized stays as it is: each character alone, and behind a letter with a mark behind. */
static void test_all(void)
{
    struct buf in = BUF_INIT, out = BUF_INIT;

    for (uint32_t cp = 0; cp < 0x30000; cp++) {
        if (cp >= 0xd800 && cp <= 0xdfff)
            continue;
        buf_reset(&in);
        buf_addc(&in, 'a');
        utf8_add(&in, cp);
        utf8_add(&in, 0x301);
        buf_reset(&out);
        nfc_add(&out, slice_cut(buf_slice(&in), 1, in.n - 2));
        if (!nfc_is(buf_slice(&out)))
            CU_FAIL("a character changes again");
        buf_reset(&out);
        nfc_add(&out, buf_slice(&in));
        if (!nfc_is(buf_slice(&out)))
            CU_FAIL("a sequence changes again");
    }
    buf_fini(&in);
    buf_fini(&out);
}

/* Marks without end take linear time. */
static void test_long(void)
{
    struct buf in = BUF_INIT, out = BUF_INIT;

    buf_addc(&in, 'a');
    for (int i = 0; i < 200000; i++)
        utf8_add(&in, i % 2 ? 0x323 : 0x302);
    nfc_add(&out, buf_slice(&in));
    CU_ASSERT(utf8_valid(buf_slice(&out)) && out.n + 4 >= in.n);
    buf_fini(&in);
    buf_fini(&out);
}

TEST_SUITE("nfc", { "rows", test_rows }, { "all", test_all }, { "long", test_long })

/* mutf7_test.c - modified UTF-7: both directions, and every fault it can have
 * covers: NS-05 SV-03
 */
#include "cunit/test.h"

#include "lib/text/mutf7.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))
#define TEXT(s) { (s), sizeof(s) - 1 }

static void test_pairs(void)
{
    static const struct {
        struct slice coded, plain;
    } rows[] = {
        { TEXT(""), TEXT("") },
        { TEXT("INBOX"), TEXT("INBOX") },
        { TEXT("a&-b"), TEXT("a&b") },
        { TEXT("&-"), TEXT("&") },
        { TEXT("&-&-"), TEXT("&&") },
        { TEXT("~peter/mail/&U,BTFw-/&ZeVnLIqe-"), TEXT("~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/"
                                                          "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e") },
        { TEXT("Entw&APw-rfe"), TEXT("Entw\xc3\xbcrfe") },
        { TEXT("&AOQ-&-"), TEXT("\xc3\xa4&") },
        { TEXT("&AOQA9g-"), TEXT("\xc3\xa4\xc3\xb6") },
        { TEXT("&AOQA9gD8-"), TEXT("\xc3\xa4\xc3\xb6\xc3\xbc") },
        { TEXT("&2D3eAA-"), TEXT("\xf0\x9f\x98\x80") },
        { TEXT("x&2D3eAAD8-y"), TEXT("x\xf0\x9f\x98\x80\xc3\xbcy") },
        { TEXT("&AAE-"), TEXT("\x01") },
        { TEXT("&AH8-"), TEXT("\x7f") },
        { TEXT("&2,,f,w-"), TEXT("\xf4\x8f\xbf\xbf") },
        { TEXT("&,,8-"), TEXT("\xef\xbf\xbf") },
        { TEXT("Gel&APY-scht &- weg"), TEXT("Gel\xc3\xb6scht & weg") },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        CU_CHECK_ROW(i, mutf7_check(rows[i].coded, NULL) == MUTF7_OK);
        CU_CHECK_ROW(i, mutf7_to_utf8(rows[i].coded, &out) == ERR_OK);
        CU_CHECK_ROW(i, slice_eq(buf_slice(&out), rows[i].plain));
        buf_reset(&out);
        CU_CHECK_ROW(i, mutf7_from_utf8(rows[i].plain, &out) == ERR_OK);
        CU_CHECK_ROW(i, slice_eq(buf_slice(&out), rows[i].coded));
        buf_fini(&out);
    }
}

static void test_faults(void)
{
    static const struct {
        struct slice name;
        enum mutf7_fault fault;
        size_t pos;
    } rows[] = {
        { TEXT("ab\xc3\xa4"), MUTF7_RAW, 2 },
        { TEXT("a\tb"), MUTF7_RAW, 1 },
        { TEXT("a\x7f"), MUTF7_RAW, 1 },
        { TEXT("a\0b"), MUTF7_RAW, 1 },
        { TEXT("a\r\nb"), MUTF7_RAW, 1 },
        { TEXT("&"), MUTF7_UNENDED, 1 },
        { TEXT("x&AOQ"), MUTF7_UNENDED, 5 },
        { TEXT("&AO/Q-"), MUTF7_BASE64, 3 },
        { TEXT("&AO Q-"), MUTF7_BASE64, 3 },
        { TEXT("&AOQ=-"), MUTF7_BASE64, 4 },
        { TEXT("&AOQ&-"), MUTF7_BASE64, 4 },
        { TEXT("&A-"), MUTF7_BASE64, 2 },
        { TEXT("&AA-"), MUTF7_BASE64, 3 },
        { TEXT("&AOQA-"), MUTF7_BASE64, 5 },
        { TEXT("&AOR-"), MUTF7_PADDING, 4 },
        { TEXT("&AOQA9j-"), MUTF7_PADDING, 7 },
        { TEXT("&AGE-"), MUTF7_PRINTABLE, 3 },
        { TEXT("&ACY-"), MUTF7_PRINTABLE, 3 },
        { TEXT("&AC8-"), MUTF7_PRINTABLE, 3 },
        { TEXT("&AOQAYQ-"), MUTF7_PRINTABLE, 6 },
        { TEXT("&2D0-"), MUTF7_SURROGATE, 4 },
        { TEXT("&3gA-"), MUTF7_SURROGATE, 3 },
        { TEXT("&2D3YPQ-"), MUTF7_SURROGATE, 6 },
        { TEXT("&2D0A5A-"), MUTF7_SURROGATE, 6 },
        { TEXT("&AAA-"), MUTF7_NUL, 3 },
        { TEXT("&AOQ-&APY-"), MUTF7_ADJACENT, 5 },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        size_t pos = 999;
        buf_adds(&out, "keep");
        CU_CHECK_ROW(i, mutf7_check(rows[i].name, &pos) == rows[i].fault);
        CU_CHECK_ROW(i, pos == rows[i].pos);
        CU_CHECK_ROW(i, mutf7_to_utf8(rows[i].name, &out) == ERR_BADNAME);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), "keep"));
        CU_CHECK_ROW(i, strlen(mutf7_fault_text(rows[i].fault)) > 5);
        buf_fini(&out);
    }
}

static void test_bad_utf8(void)
{
    static const struct slice rows[] = {
        TEXT("\xc3"),
        TEXT("\xc0\x80"),
        TEXT("\xed\xa0\x80"),
        TEXT("\xf4\x90\x80\x80"),
        TEXT("a\xff"),
        TEXT("\xe2\x82"),
        TEXT("a\0b"),
        TEXT("\x80"),
        TEXT("\xc3\xa4\xe0\x80\x80"),
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        buf_adds(&out, "keep");
        CU_CHECK_ROW(i, mutf7_from_utf8(rows[i], &out) == ERR_BADNAME);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), "keep"));
        buf_fini(&out);
    }
}

TEST_SUITE("mutf7", { "pairs", test_pairs }, { "faults", test_faults },
           { "bad utf8", test_bad_utf8 })

/* imapout_test.c - form of strings written to IMAP clients and to the cache */
#include "cunit/test.h"

#include "lib/text/imapout.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))
#define TEXT(s) { (s), sizeof(s) - 1 }

static const struct {
    struct slice text;
    unsigned flags;
    const char *string, *astring, *mailbox;
} rows[] = {
    { TEXT(""), 0, "\"\"", "\"\"", "\"\"" },
    { TEXT("INBOX"), 0, "\"INBOX\"", "INBOX", "INBOX" },
    { TEXT("INBOX/a.b-c&AOQ-"), 0, "\"INBOX/a.b-c&AOQ-\"", "INBOX/a.b-c&AOQ-", "INBOX/a.b-c&AOQ-" },
    { TEXT("a]"), 0, "\"a]\"", "a]", "a]" },
    { TEXT("NIL"), 0, "\"NIL\"", "\"NIL\"", "\"NIL\"" },
    { TEXT("nil"), 0, "\"nil\"", "\"nil\"", "\"nil\"" },
    { TEXT("a b"), 0, "\"a b\"", "\"a b\"", "\"a b\"" },
    { TEXT("a(b"), 0, "\"a(b\"", "\"a(b\"", "\"a(b\"" },
    { TEXT("a*b"), 0, "\"a*b\"", "\"a*b\"", "\"a*b\"" },
    { TEXT("a{b"), 0, "\"a{b\"", "\"a{b\"", "\"a{b\"" },
    { TEXT("a\tb"), 0, "\"a\tb\"", "\"a\tb\"", "\"a\tb\"" },
    { TEXT("a\"b"), 0, "{3}\r\na\"b", "{3}\r\na\"b", "\"a\\\"b\"" },
    { TEXT("a\\b"), 0, "{3}\r\na\\b", "{3}\r\na\\b", "\"a\\\\b\"" },
    { TEXT("100%"), 0, "{4}\r\n100%", "{4}\r\n100%", "\"100%\"" },
    { TEXT("a\r\nb"), 0, "{4}\r\na\r\nb", "{4}\r\na\r\nb", "{4}\r\na\r\nb" },
    { TEXT("a\nb"), IMAPOUT_NONSYNC, "{3+}\r\na\nb", "{3+}\r\na\nb", "{3+}\r\na\nb" },
    { TEXT("\xc3\xa4"), 0, "{2}\r\n\xc3\xa4", "{2}\r\n\xc3\xa4", "{2}\r\n\xc3\xa4" },
    { TEXT("\xc3\xa4"), IMAPOUT_UTF8, "\"\xc3\xa4\"", "\"\xc3\xa4\"", "\"\xc3\xa4\"" },
    { TEXT("\xc3\xa4%"), IMAPOUT_UTF8, "{3}\r\n\xc3\xa4%", "{3}\r\n\xc3\xa4%", "\"\xc3\xa4%\"" },
    { TEXT("\xe4"), IMAPOUT_UTF8, "{1}\r\n\xe4", "{1}\r\n\xe4", "{1}\r\n\xe4" },
};

static void test_rows(void)
{
    struct buf out = BUF_INIT;

    for (size_t i = 0; i < ROWS(rows); i++) {
        buf_reset(&out);
        imapout_string(&out, rows[i].text, rows[i].flags);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].string));
        buf_reset(&out);
        imapout_nstring(&out, rows[i].text, rows[i].flags);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].string));
        buf_reset(&out);
        imapout_astring(&out, rows[i].text, rows[i].flags);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].astring));
        buf_reset(&out);
        imapout_mailbox(&out, rows[i].text, rows[i].flags);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].mailbox));
    }
    buf_fini(&out);
}

static void test_long(void)
{
    struct buf out = BUF_INIT;
    char big[IMAPOUT_MAX_QUOTED];

    memset(big, 'x', sizeof big);
    imapout_astring(&out, slice_make(big, sizeof big - 1), 0);
    CU_ASSERT_EQUAL(out.n, sizeof big - 1);
    buf_reset(&out);
    imapout_astring(&out, slice_make(big, sizeof big), 0);
    CU_ASSERT_TRUE(slice_starts(buf_slice(&out), SLICE_LIT("{1024}\r\nxx")));
    big[0] = ' ';
    buf_reset(&out);
    imapout_mailbox(&out, slice_make(big, sizeof big - 1), 0);
    CU_ASSERT_EQUAL(out.n, sizeof big + 1);
    buf_fini(&out);
}

static void test_others(void)
{
    static const struct slice words[] = { TEXT("\\Seen"), TEXT("a") };
    struct buf out = BUF_INIT;

    imapout_nstring(&out, SLICE_NULL, 0);
    imapout_words(&out, words, 0);
    imapout_words(&out, words, 2);
    imapout_literal_head(&out, 7, false, 0);
    imapout_literal_head(&out, 7, true, IMAPOUT_NONSYNC);
    imapout_string(&out, (struct slice)TEXT("a\0b"), 0);
    CU_ASSERT_TRUE(slice_eq(buf_slice(&out),
                            (struct slice)TEXT("NIL()(\\Seen a){7}\r\n~{7+}\r\n{3}\r\na\0b")));
    buf_fini(&out);
}

TEST_SUITE("imapout", { "rows", test_rows }, { "long", test_long }, { "others", test_others })

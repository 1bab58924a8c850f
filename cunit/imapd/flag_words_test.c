/* covers: IM-01 */
#include "imap/imapd/flag_words.h"

#include "cunit/test.h"
#include "imap/store/record.h"

static void test_sort(void)
{
    struct slice words[] = { SLICE_LIT("work"), SLICE_LIT("\\seen"), SLICE_LIT("$Junk"), SLICE_LIT("\\Deleted") };
    struct flag_words f;

    CU_ASSERT_EQUAL(flag_words_sort(words, 4, &f), ERR_OK);
    CU_ASSERT_EQUAL(f.system, FLAG_SEEN | FLAG_DELETED);
    CU_ASSERT_EQUAL_FATAL(f.nkeywords, 2);
    CU_ASSERT_TRUE(slice_eqs(f.keywords[0], "work"));
    CU_ASSERT_TRUE(slice_eqs(f.keywords[1], "$Junk"));
}

/* \Recent is the server's; unknown backslash words are no flags. */
static void test_refused(void)
{
    static const char *const bad[] = { "\\Recent", "\\Whatever", "\\" };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct slice word = slice_cstr(bad[i]);
        struct flag_words f;
        CU_CHECK_ROW(i, flag_words_sort(&word, 1, &f) == ERR_BADNAME);
    }
}

TEST_SUITE("flag_words", { "system flags and keywords", test_sort }, { "refused", test_refused })

/* covers: IM-04 IM-06 */
#include "imap/search/envelope.h"

#include "cunit/test.h"

#define ADDR "((\"A B\" NIL \"a\" \"x.org\")(NIL NIL \"b\" \"y.org\"))"
#define WHOLE "(\"date\" {6}\r\nsu\"bj( " ADDR " " ADDR " NIL NIL NIL NIL \"<r@x>\" \"<m@x>\")"

static void test_split(void)
{
    struct envelope e;
    struct envelope_address a;

    CU_ASSERT_TRUE_FATAL(envelope_split(SLICE_LIT(WHOLE), &e));
    CU_ASSERT_TRUE(slice_eqs(envelope_string(e.field[ENV_DATE]), "date"));
    CU_ASSERT_TRUE(slice_eqs(envelope_string(e.field[ENV_SUBJECT]), "su\"bj("));
    CU_ASSERT_TRUE(slice_eqs(e.field[ENV_FROM], ADDR));
    CU_ASSERT_TRUE(slice_eqs(e.field[ENV_TO], "NIL"));
    CU_ASSERT_TRUE(slice_eqs(envelope_string(e.field[ENV_IN_REPLY_TO]), "<r@x>"));
    CU_ASSERT_TRUE(slice_eqs(envelope_string(e.field[ENV_MESSAGE_ID]), "<m@x>"));
    CU_ASSERT_TRUE(envelope_first_address(e.field[ENV_FROM], &a));
    CU_ASSERT_TRUE(slice_eqs(a.name, "A B") && slice_eqs(a.mailbox, "a") && slice_eqs(a.host, "x.org"));
    CU_ASSERT_FALSE(envelope_first_address(e.field[ENV_TO], &a));
    CU_ASSERT_PTR_NULL(envelope_string(e.field[ENV_TO]).p);
}

/* Whatever is cut off or out of place is refused. */
static void test_damaged(void)
{
    static const char *const rows[] = {
        "", "(", "()", "NIL", "(NIL NIL)", "(\"a NIL NIL NIL NIL NIL NIL NIL NIL NIL)",
        "({99}\r\na NIL NIL NIL NIL NIL NIL NIL NIL NIL)", "({x}\r\na NIL NIL NIL NIL NIL NIL NIL NIL NIL)",
        "({99999999999999}\r\na NIL NIL NIL NIL NIL NIL NIL NIL NIL)", "(NIL NIL ((NIL NIL NIL NIL NIL NIL NIL NIL)",
        "(NIL NIL (] NIL NIL NIL NIL NIL NIL NIL)",
    };
    struct slice whole = SLICE_LIT(WHOLE);
    struct envelope e;
    struct envelope_address a;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_CHECK_ROW(i, !envelope_split(slice_cstr(rows[i]), &e));
    for (size_t n = 0; n < whole.n; n++)
        CU_CHECK_ROW(n, !envelope_split(slice_cut(whole, 0, n), &e));
    CU_ASSERT_FALSE(envelope_first_address(SLICE_LIT("((NIL NIL NIL))"), &a));
    CU_ASSERT_FALSE(envelope_first_address(SLICE_LIT("(())"), &a));
}

TEST_SUITE("envelope", { "fields", test_split }, { "damaged", test_damaged })

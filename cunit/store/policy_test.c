/* policy_test.c - which rights an operation needs
 *
 * covers: AC-02 AC-03 AC-04 AC-05 AC-06 AC-07 AC-08 AC-09 AC-10 AC-11 AC-12 AC-37
 */
#include "imap/store/policy.h"

#include "cunit/test.h"

static void test_each(void)
{
    static const struct {
        enum policy_op op;
        const char *needs;
    } rows[] = {
        { OP_LOOKUP, "l" },        { OP_SELECT, "r" },        { OP_STATUS, "r" },
        { OP_APPEND, "i" },        { OP_COPY_FROM, "r" },     { OP_STORE_FLAGS, "w" },
        { OP_STORE_SEEN, "s" },    { OP_STORE_DELETED, "t" }, { OP_EXPUNGE, "e" },
        { OP_POST, "p" },          { OP_CREATE_BELOW, "k" },  { OP_DELETE, "x" },
        { OP_RENAME_FROM, "x" },   { OP_ADMIN_ACL, "a" },     { OP_LIST_ACL, "a" },
        { OP_GET_QUOTAROOT, "r" }, { OP_SUBSCRIBE, "l" },     { OP_ANNOTATE, "lw" },
        { OP_GET_ANNOTATION, "lrswip" },
    };
    bool seen[OP_NOPS] = { false };
    rights_t r;
    char bad;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, acl_parse_rights(slice_cstr(rows[i].needs), &r, &bad) == ERR_OK);
        seen[rows[i].op] = true;
        CU_CHECK_ROW(i, policy_check(rows[i].op, ACL_ALL) == ERR_OK);
        CU_CHECK_ROW(i, policy_check(rows[i].op, r) == ERR_OK);
        CU_CHECK_ROW(i, policy_check(rows[i].op, ACL_ALL & ~r) ==
                            (r & ACL_L ? ERR_NOTFOUND : ERR_DENIED));
        CU_CHECK_ROW(i, policy_check(rows[i].op, 0) == ERR_NOTFOUND);
    }
    for (size_t i = 0; i < OP_NOPS; i++)
        CU_CHECK_ROW(i, seen[i]);
}

TEST_SUITE("policy", { "each", test_each })

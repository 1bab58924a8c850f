/* mem_test.c - memory, errors, and how broken invariants end */
#include "cunit/base/death.h"
#include "cunit/test.h"
#include "lib/base/bug.h"
#include "lib/base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

static void test_alloc(void)
{
    char *p = mem_alloc(0);
    int *cleared = mem_array(100, sizeof *cleared);
    int sum = 0;

    CU_ASSERT_PTR_NOT_NULL(p);
    mem_free(p);
    for (int i = 0; i < 100; i++)
        sum |= cleared[i];
    CU_ASSERT_EQUAL(sum, 0);
    cleared[99] = 7;
    cleared = mem_rearray(cleared, 1000, sizeof *cleared);
    CU_ASSERT_EQUAL(cleared[99], 7);
    mem_free(cleared);
    mem_free(NULL);
    p = mem_zalloc(3);
    CU_ASSERT(p[0] == 0 && p[2] == 0);
    mem_free(p);
}

static void test_dup(void)
{
    char *a = mem_strdup("abc"), *b = mem_strndup("ab\0cd", 5), *c = mem_dup("xyz", 3);
    char *d = mem_strndup(NULL, 0);

    CU_ASSERT_STRING_EQUAL(a, "abc");
    CU_ASSERT(memcmp(b, "ab\0cd", 6) == 0);
    CU_ASSERT(memcmp(c, "xyz", 3) == 0);
    CU_ASSERT_STRING_EQUAL(d, "");
    mem_free(a);
    mem_free(b);
    mem_free(c);
    mem_free(d);
}

static void test_secrets(void)
{
    char a[] = "secret", b[] = "secreT";

    CU_ASSERT(mem_equal_secret(a, "secret", 6));
    CU_ASSERT_FALSE(mem_equal_secret(a, b, 6));
    CU_ASSERT(mem_equal_secret(a, b, 5));
    CU_ASSERT(mem_equal_secret(NULL, NULL, 0));
    mem_wipe(a, sizeof a);
    CU_ASSERT(memcmp(a, "\0\0\0\0\0\0", 7) == 0);
    mem_wipe(NULL, 0);
}

static void overflow_array(void)
{
    mem_free(mem_array(SIZE_MAX / 2, 3));
}

static void overflow_rearray(void)
{
    mem_free(mem_rearray(NULL, SIZE_MAX, 2));
}

static void bug_plain(void)
{
    BUG("on purpose");
}

static void bug_unless_false(void)
{
    BUG_UNLESS(1 == 2);
}

static void bug_unless_true(void)
{
    BUG_UNLESS(1 == 1);
}

static void test_death(void)
{
    static const struct {
        void (*fn)(void);
        int death;
    } rows[] = {
        { overflow_array, SIGABRT },   { overflow_rearray, SIGABRT }, { bug_plain, SIGABRT },
        { bug_unless_false, SIGABRT }, { bug_unless_true, -1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_CHECK_ROW(i, death_of(rows[i].fn) == rows[i].death);
}

static void test_errors(void)
{
    static const struct {
        int errno_value;
        err_t err;
    } rows[] = {
        { ENOENT, ERR_NOTFOUND }, { ENOSPC, ERR_NOSPACE }, { EDQUOT, ERR_NOSPACE },
        { EMFILE, ERR_NOSPACE },  { ENFILE, ERR_NOSPACE }, { EACCES, ERR_DENIED },
        { EPERM, ERR_DENIED },    { EROFS, ERR_READONLY }, { EIO, ERR_IO },
        { 0, ERR_IO },            { EINVAL, ERR_IO },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_CHECK_ROW(i, err_from_errno(rows[i].errno_value) == rows[i].err);
    for (int e = 0; e < ERR_NKINDS; e++) {
        CU_CHECK_ROW((size_t)e, strcmp(err_name((err_t)e), "unknown error") != 0);
        for (int f = 0; f < e; f++)
            CU_CHECK_ROW((size_t)e, strcmp(err_name((err_t)e), err_name((err_t)f)) != 0);
    }
    CU_ASSERT_STRING_EQUAL(err_name(ERR_NOTFOUND), "not found");
    CU_ASSERT_STRING_EQUAL(err_name((err_t)-1), "unknown error");
    CU_ASSERT_STRING_EQUAL(err_name(ERR_NKINDS), "unknown error");
}

TEST_SUITE("mem", { "alloc", test_alloc }, { "dup", test_dup }, { "secrets", test_secrets },
           { "death", test_death }, { "errors", test_errors })

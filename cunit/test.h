/* test.h - how unit tests register with the one runner (cunit/runner.c)
 *
 *   static void test_find(void) { CU_ASSERT_EQUAL(...); }
 *   TEST_SUITE("quota", { "find", test_find }, { "commit", test_commit })
 *
 * One program per folder of the tree links all its *_test.c files and runner.c;
 * arguments of the program select suites by name.
 */
#ifndef CUNIT_TEST_H
#define CUNIT_TEST_H

#include <CUnit/CUnit.h>

struct test_case {
    const char *name;
    void (*run)(void);
};

void test_register(const char *suite, const struct test_case *, size_t n);

/* Directory for files of this run, removed at its end; made on first use. */
const char *test_tmpdir(void);

/* Path of a file below cunit/data in the source tree; static buffer. */
const char *test_data(const char *name);

#define TEST_SUITE(suite, ...)                                                         \
    __attribute__((constructor)) static void register_suite(void)                     \
    {                                                                                  \
        static const struct test_case cases[] = { __VA_ARGS__ };                       \
        test_register(suite, cases, sizeof cases / sizeof *cases);                     \
    }

/* Row number in the message of a failing table-driven check. */
#define CU_CHECK_ROW(row, cond)                                                        \
    CU_assertImplementation((cond) ? CU_TRUE : CU_FALSE, __LINE__,                     \
                            test_row_text((row), #cond), __FILE__, "", CU_FALSE)
const char *test_row_text(size_t row, const char *cond);

#endif

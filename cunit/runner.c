/* runner.c - main() of every unit test program: see test.h */
#include "cunit/test.h"

#include <CUnit/Basic.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SUITES = 200 };

static struct {
    const char *name;
    const struct test_case *cases;
    size_t n;
} suites[MAX_SUITES];
static size_t nsuites;
static char tmpdir[200];

void test_register(const char *suite, const struct test_case *cases, size_t n)
{
    if (nsuites == MAX_SUITES)
        abort();
    suites[nsuites].name = suite;
    suites[nsuites].cases = cases;
    suites[nsuites++].n = n;
}

const char *test_tmpdir(void)
{
    if (!tmpdir[0]) {
        const char *base = getenv("TMPDIR");
        snprintf(tmpdir, sizeof tmpdir, "%s/halcyon-unit-XXXXXX", base ? base : "/tmp");
        if (!mkdtemp(tmpdir)) {
            perror(tmpdir);
            exit(2);
        }
    }
    return tmpdir;
}

const char *test_data(const char *name)
{
    static char path[4096];
    const char *src = getenv("HALCYON_SRCDIR");
    snprintf(path, sizeof path, "%s/cunit/data/%s", src ? src : ".", name);
    return path;
}

const char *test_row_text(size_t row, const char *cond)
{
    static char text[400];
    snprintf(text, sizeof text, "row %zu: %s", row, cond);
    return text;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static int wanted(const char *suite, int argc, char **argv)
{
    if (argc < 2)
        return 1;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], suite) == 0)
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    for (size_t i = 0; i < nsuites; i++) {
        if (!wanted(suites[i].name, argc, argv))
            continue;
        CU_pSuite s = CU_add_suite(suites[i].name, NULL, NULL);
        for (size_t k = 0; s && k < suites[i].n; k++)
            CU_add_test(s, suites[i].cases[k].name, suites[i].cases[k].run);
    }
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_tests_failed();
    unsigned run = CU_get_number_of_tests_run();
    CU_cleanup_registry();
    if (tmpdir[0])
        nftw(tmpdir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    /* one line that tools/runtests adds up */
    printf("UNIT %u passed, %u failed\n", run - failed, failed);
    return failed || run == 0 ? 1 : 0;
}

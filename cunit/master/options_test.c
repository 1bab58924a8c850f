/* options_test.c - the command line of master */
#include "cunit/test.h"
#include "master/options.h"

#include <unistd.h>

enum { ARGS_MAX = 8 };

static const struct {
    const char *args[ARGS_MAX];
    err_t err;
    const char *says;                   /* part of the complaint */
} rows[] = {
    { { "-d" }, ERR_OK, NULL },
    { { "-D", "-v" }, ERR_OK, NULL },
    { { "-V" }, ERR_OK, NULL },
    { { "-C", "/a", "-M", "/b", "-p", "/c", "-L", "/d" }, ERR_OK, NULL },
    { { "-l", "1", "-j", "1000" }, ERR_OK, NULL },
    { { "-d", "-D" }, ERR_BADNAME, "exclude each other" },
    { { "-j", "0" }, ERR_BADNAME, "of option -j" },
    { { "-j", "1001" }, ERR_BADNAME, "of option -j" },
    { { "-l", "abc" }, ERR_BADNAME, "value 'abc' of option -l" },
    { { "-l", "-1" }, ERR_BADNAME, "of option -l" },
    { { "-x" }, ERR_SYNTAX, "usage: master" },
    { { "-p" }, ERR_SYNTAX, "usage: master" },
    { { "-d", "more" }, ERR_SYNTAX, "usage: master" },
};

static err_t read_args(const char *const *args, struct options *o, struct buf *why)
{
    char *argv[ARGS_MAX + 2] = { (char *)(uintptr_t)"master" };
    int argc = 1;

    for (int i = 0; i < ARGS_MAX && args[i]; i++)
        argv[argc++] = (char *)(uintptr_t)args[i];
    return options_read(argc, argv, o, why);
}

static void test_table(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct options o;
        struct buf why = BUF_INIT;
        CU_CHECK_ROW(i, read_args(rows[i].args, &o, &why) == rows[i].err);
        CU_CHECK_ROW(i, rows[i].says ? strstr(buf_cstr(&why), rows[i].says) != NULL : why.n == 0);
        options_fini(&o);
        buf_fini(&why);
    }
}

static void test_values(void)
{
    static const char *const args[ARGS_MAX] = { "-C", "/a/i", "-l", "100", "-d", "-j", "5" };
    struct options o;
    struct buf why = BUF_INIT;

    CU_ASSERT_EQUAL(read_args(args, &o, &why), ERR_OK);
    CU_ASSERT_STRING_EQUAL(o.imapd_conf, "/a/i");
    CU_ASSERT_STRING_EQUAL(o.cyrus_conf, "/etc/cyrus.conf");
    CU_ASSERT_PTR_NULL(o.pidfile);
    CU_ASSERT_PTR_NULL(o.logfile);
    CU_ASSERT_EQUAL(o.backlog, 100);
    CU_ASSERT_EQUAL(o.janitor_per_second, 5);
    CU_ASSERT_TRUE(o.background);
    CU_ASSERT_FALSE(o.keep_stdio);
    options_fini(&o);
    buf_fini(&why);
}

static void test_relative(void)
{
    static const char *const args[ARGS_MAX] = { "-M", "sub/cyrus.conf", "-p", "pid" };
    struct options o;
    struct buf why = BUF_INIT;
    char dir[4096], expected[4200];

    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(dir, sizeof dir));
    CU_ASSERT_EQUAL(read_args(args, &o, &why), ERR_OK);
    snprintf(expected, sizeof expected, "%s/sub/cyrus.conf", dir);
    CU_ASSERT_STRING_EQUAL(o.cyrus_conf, expected);
    CU_ASSERT_EQUAL(o.pidfile[0], '/');
    options_fini(&o);
    buf_fini(&why);
}

static void test_prefix(void)
{
    static const char *const none[ARGS_MAX] = { NULL };
    struct options o;
    struct buf why = BUF_INIT;

    setenv("CYRUS_PREFIX", "/opt/x", 1);
    CU_ASSERT_EQUAL(read_args(none, &o, &why), ERR_OK);
    CU_ASSERT_STRING_EQUAL(o.imapd_conf, "/opt/x/etc/imapd.conf");
    CU_ASSERT_STRING_EQUAL(o.cyrus_conf, "/opt/x/etc/cyrus.conf");
    options_fini(&o);
    unsetenv("CYRUS_PREFIX");
    CU_ASSERT_EQUAL(read_args(none, &o, &why), ERR_OK);
    CU_ASSERT_PTR_NULL(o.imapd_conf);
    options_fini(&o);
    buf_fini(&why);
}

TEST_SUITE("options", { "table", test_table }, { "values", test_values },
           { "relative", test_relative }, { "prefix", test_prefix })

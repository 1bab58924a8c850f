/* log_test.c - what reaches syslog
 *
 * covers: install contract section 7
 */
#include "cunit/base/syslog_double.h"
#include "cunit/test.h"
#include "lib/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *last(void)
{
    return syslog_double.line;
}

static void test_ident(void)
{
    char prefix[] = "here";

    log_open(prefix, "imap", LOG_LOCAL6, false);
    memset(prefix, 'x', 4);             /* copied */
    CU_ASSERT_STRING_EQUAL(syslog_double.ident, "here/imap");
    CU_ASSERT_EQUAL(syslog_double.facility, LOG_LOCAL6);
    CU_ASSERT(syslog_double.option & LOG_PID);
    log_open(NULL, "reconstruct", LOG_MAIL, false);
    CU_ASSERT_STRING_EQUAL(syslog_double.ident, "reconstruct");
    log_open("", "quota", LOG_MAIL, false);
    CU_ASSERT_STRING_EQUAL(syslog_double.ident, "quota");
    log_close();
}

static void test_levels(void)
{
    static const struct {
        void (*fn)(const char *, ...);
        int priority;
    } rows[] = {
        { log_info, LOG_INFO }, { log_notice, LOG_NOTICE }, { log_warn, LOG_WARNING },
        { log_err, LOG_ERR },   { log_crit, LOG_CRIT },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rows[i].fn("n=<%d>", 42);
        CU_CHECK_ROW(i, syslog_double.priority == rows[i].priority);
        CU_CHECK_ROW(i, strcmp(last(), "n=<42>") == 0);
    }
}

static void test_debug(void)
{
    log_open(NULL, "t", LOG_MAIL, false);
    int before = syslog_double.lines;
    log_debug("quiet");
    CU_ASSERT_FALSE(log_debugging());
    CU_ASSERT_EQUAL(syslog_double.lines, before);
    log_open(NULL, "t", LOG_MAIL, true);
    log_debug("loud");
    CU_ASSERT(log_debugging() && syslog_double.priority == LOG_DEBUG);
    CU_ASSERT_STRING_EQUAL(last(), "loud");
    log_open(NULL, "t", LOG_MAIL, false);
}

static void test_escape(void)
{
    static char big[20000];

    log_info("a=<%s>", "x\r\ny\tz\x7f\x1b[0m\xc3\xa4%s");
    CU_ASSERT_STRING_EQUAL(last(), "a=<x\\x0d\\x0ay\\x09z\\x7f\\x1b[0m\xc3\xa4%s>");
    memset(big, 'b', sizeof big - 1);
    log_info("%s", big);
    CU_ASSERT(strlen(last()) > 7000 && strlen(last()) < 8000);
    memset(big, '\n', sizeof big - 1);
    log_info("%s", big);
    CU_ASSERT(strlen(last()) < 8000 && strcmp(last() + strlen(last()) - 4, "\\x0a") == 0);
}

static void test_session(void)
{
    log_set_session("s-1 alice");
    log_notice("hello");
    CU_ASSERT_STRING_EQUAL(last(), "s-1 alice: hello");
    log_set_session(NULL);
    log_notice("hello");
    CU_ASSERT_STRING_EQUAL(last(), "hello");
}

static void test_io(void)
{
    errno = ENOSPC;
    CU_ASSERT_EQUAL(log_io_at("store", "write", "/spool/x\n"), ERR_NOSPACE);
    CU_ASSERT_EQUAL(errno, ENOSPC);
    CU_ASSERT_STRING_EQUAL(last(), "IOERROR: write: filename=</spool/x\\x0a> "
                                   "syserror=<No space left on device> func=<store>");
    CU_ASSERT_EQUAL(syslog_double.priority, LOG_ERR);
    errno = EACCES;
    CU_ASSERT_EQUAL(LOG_IO("open", NULL), ERR_DENIED);
    CU_ASSERT_PTR_NOT_NULL(strstr(last(), "func=<test_io>"));
    errno = EINTR;
    log_info("other");
    CU_ASSERT_EQUAL(errno, EINTR);
}

static void test_facility(void)
{
    CU_ASSERT_EQUAL(log_facility("mail"), LOG_MAIL);
    CU_ASSERT_EQUAL(log_facility("LOCAL0"), LOG_LOCAL0);
    CU_ASSERT_EQUAL(log_facility("local6"), LOG_LOCAL6);
    CU_ASSERT_EQUAL(log_facility("nonsense"), LOG_LOCAL6);
    CU_ASSERT_EQUAL(log_facility(NULL), LOG_LOCAL6);
}

TEST_SUITE("log", { "ident", test_ident }, { "facility", test_facility },
           { "levels", test_levels }, { "debug", test_debug },
           { "escape", test_escape }, { "session", test_session }, { "io", test_io })

/* date_test.c - dates of header fields, INTERNALDATE and SEARCH
 */
#include "cunit/test.h"

#include <stdlib.h>

#include "lib/text/date822.h"
#include "lib/text/date_imap.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))

static void use_zone(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
}

static void test_parse(void)
{
    static const struct {
        const char *text;
        time_t utc;
        int zone;
        bool has_time;
    } rows[] = {
        { "Mon, 2 Jan 2023 10:11:12 +0200", 1672647072, 120, true },
        { "2 Jan 2023 10:11:12 -0330", 1672666872, -210, true },
        { "Mon,\r\n 02 Jan 23 10:11 EST", 1672672260, -300, true },
        { "2-Jan-2023 10.11.12 GMT", 1672654272, 0, true },
        { "2 jan 2023 10:11:12 A", 1672650672, 60, true },
        { "2 JAN 2023 10:11:12 CEST", 1672654272, 0, true },
        { "2 Jan 99 00:00:00 +0000", 915235200, 0, true },
        { "2 Jan 69 00:00:00 +0000", 3124310400, 0, true },
        { "31 Feb 2023 00:00:00 +0000", 1677801600, 0, true },
        { "2 Jan 2023", 1672617600, 0, false },
        { "2 Jan 2023 nonsense", 1672617600, 0, false },
        { "2 Jan 2023 10:11:12 (comment)", 1672654272, 0, true },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct date822 d;
        CU_CHECK_ROW(i, date822_parse(slice_cstr(rows[i].text), &d) == ERR_OK);
        CU_CHECK_ROW(i, d.utc == rows[i].utc);
        CU_CHECK_ROW(i, d.zone_minutes == rows[i].zone);
        CU_CHECK_ROW(i, d.has_time == rows[i].has_time);
    }
}

static void test_no_date(void)
{
    static const char *rows[] = { "", "x", "Mon, 2", "2 Foo 2023 10:11:12 +0000",
                                  "Monday, 2 Jan 2023 10:11:12 +0000", "2 Jan 123 10:11:12",
                                  "2 January 2023", "2023-01-02T10:11:12Z", "Mon 2 Jan 2023",
                                  "Mon Jan  2 10:11:12 2023", "002 Jan 2023", "2 Jan 99999999999" };
    struct date822 d;

    for (size_t i = 0; i < ROWS(rows); i++)
        CU_CHECK_ROW(i, date822_parse(slice_cstr(rows[i]), &d) == ERR_SYNTAX);
}

static void test_format(void)
{
    struct buf out = BUF_INIT;

    date822_format(&out, 1672817999, -480);
    CU_ASSERT(slice_eqs(buf_slice(&out), "Tue, 03 Jan 2023 23:39:59 -0800"));
    use_zone("IST-5:30");
    buf_reset(&out);
    date822_format_local(&out, 1672617600);
    CU_ASSERT(slice_eqs(buf_slice(&out), "Mon, 02 Jan 2023 05:30:00 +0530"));
    CU_ASSERT_EQUAL(date822_zone_at(0), 330);
    CU_ASSERT_EQUAL(date822_local(2023, 1, 2, 5, 30, 0), 1672617600);
    use_zone("UTC");
    buf_fini(&out);
}

static void test_utc(void)
{
    for (int64_t t = -62135596800; t < 32503680000; t += 86400 * 1013 + 4711) {
        struct tm tm;
        time_t in = (time_t)t;
        gmtime_r(&in, &tm);
        if (date822_utc(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                        tm.tm_sec) != in)
            CU_FAIL("differs from gmtime_r");
    }
    for (int m = 1; m <= 12; m++)
        CU_ASSERT_EQUAL(date822_month(slice_cstr(date822_month_name(m))), m);
    CU_ASSERT_EQUAL(date822_month(SLICE_LIT("foo")), 0);
    CU_ASSERT_EQUAL(date822_month(SLICE_LIT("janx")), 0);
}

static void test_internaldate(void)
{
    static const struct {
        const char *text;
        err_t err;
        time_t t;
    } rows[] = {
        { " 2-Jan-2023 08:11:12 +0000", ERR_OK, 1672647072 },
        { "02-Jan-2023 10:11:12 +0200", ERR_OK, 1672647072 },
        { "2-jan-2023 10:11:12 +0200", ERR_OK, 1672647072 },
        { "29-Feb-2024 00:00:00 -0800", ERR_OK, 1709193600 },
        { "29-Feb-2023 00:00:00 +0000", ERR_SYNTAX, 0 },
        { "00-Jan-2023 00:00:00 +0000", ERR_SYNTAX, 0 },
        { "1-Jan-2023 24:00:00 +0000", ERR_SYNTAX, 0 },
        { "1-Jan-2023 00:60:00 +0000", ERR_SYNTAX, 0 },
        { "1-Jan-2023 00:00:00 0000", ERR_SYNTAX, 0 },
        { "1-Jan-2023 00:00:00 +00000", ERR_SYNTAX, 0 },
        { "1-Jan-2023 00:00:00", ERR_SYNTAX, 0 },
        { "1-Jan-23 00:00:00 +0000", ERR_SYNTAX, 0 },
        { "1 Jan 2023 00:00:00 +0000", ERR_SYNTAX, 0 },
        { "", ERR_SYNTAX, 0 },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        time_t t = 0;
        CU_CHECK_ROW(i, date_imap_parse(slice_cstr(rows[i].text), &t) == rows[i].err);
        CU_CHECK_ROW(i, t == rows[i].t);
    }
}

static void test_internaldate_format(void)
{
    static const struct {
        const char *zone;
        time_t t;
        const char *text;
    } rows[] = {
        { "UTC", 1672647072, " 2-Jan-2023 08:11:12 +0000" },
        { "EST5EDT", 1688212800, " 1-Jul-2023 08:00:00 -0400" },
        { "IST-5:30", 1700000000, "15-Nov-2023 03:43:20 +0530" },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        time_t back;
        use_zone(rows[i].zone);
        date_imap_format(&out, rows[i].t);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].text));
        CU_CHECK_ROW(i, out.n == DATE_IMAP_LEN);
        CU_CHECK_ROW(i, date_imap_parse(buf_slice(&out), &back) == ERR_OK && back == rows[i].t);
        buf_fini(&out);
    }
    use_zone("UTC");
}

static void test_search_day(void)
{
    time_t start, end;

    use_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    CU_ASSERT_EQUAL(date_imap_day(SLICE_LIT("26-Mar-2023"), &start, &end), ERR_OK);
    CU_ASSERT_EQUAL(start, 1679785200);
    CU_ASSERT_EQUAL(end - start, 23 * 3600);
    use_zone("UTC");
    CU_ASSERT_EQUAL(date_imap_day(SLICE_LIT("1-Feb-1994"), &start, &end), ERR_OK);
    CU_ASSERT_EQUAL(start, 760060800);
    CU_ASSERT_EQUAL(end - start, 86400);
    CU_ASSERT_EQUAL(date_imap_day(SLICE_LIT("31-Feb-1994"), &start, &end), ERR_SYNTAX);
    CU_ASSERT_EQUAL(date_imap_day(SLICE_LIT("1-Feb-1994 "), &start, &end), ERR_SYNTAX);
    CU_ASSERT_EQUAL(date_imap_day(SLICE_LIT("1-Feb-94"), &start, &end), ERR_SYNTAX);
}

TEST_SUITE("date", { "parse", test_parse }, { "no date", test_no_date },
           { "format", test_format }, { "utc", test_utc },
           { "internaldate", test_internaldate },
           { "internaldate format", test_internaldate_format },
           { "search day", test_search_day })

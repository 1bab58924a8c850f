/* schedule_test.c - when events run, whatever the clocks do
 *
 * covers: ST-22
 */
#include "cunit/test.h"
#include "master/schedule.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

static char saved_tz[100];

static void use_zone(const char *tz)
{
    const char *old = getenv("TZ");

    if (!saved_tz[0])
        snprintf(saved_tz, sizeof saved_tz, "%s", old ? old : "-");
    setenv("TZ", tz, 1);
    tzset();
}

static void restore_zone(void)
{
    if (strcmp(saved_tz, "-") == 0)
        unsetenv("TZ");
    else
        setenv("TZ", saved_tz, 1);
    saved_tz[0] = '\0';
    tzset();
}

/* UTC, no zone involved. */
static time_t utc(int year, int month, int day, int hour, int min)
{
    struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day,
                     .tm_hour = hour, .tm_min = min };

    return timegm(&tm);
}

/* Rules written out, so that no zone files are needed. */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define ADELAIDE "ACST-9:30ACDT,M10.1.0,M4.1.0/3"
#define LORD_HOWE "LHST-10:30LHDT-11,M10.1.0,M4.1.0"

static void test_daily(void)
{
    static const struct {
        const char *tz;
        int at;                                 /* hhmm */
        int after[5], expected[5];              /* UTC */
    } rows[] = {
        { "UTC0", 400, { 2026, 5, 1, 3, 59 }, { 2026, 5, 1, 4, 0 } },
        { "UTC0", 400, { 2026, 5, 1, 4, 0 }, { 2026, 5, 2, 4, 0 } },
        { "UTC0", 0, { 2026, 12, 31, 23, 59 }, { 2027, 1, 1, 0, 0 } },
        { "UTC0", 2359, { 2028, 2, 28, 23, 59 }, { 2028, 2, 29, 23, 59 } },
        { BERLIN, 400, { 2026, 1, 1, 2, 0 }, { 2026, 1, 1, 3, 0 } },
        { BERLIN, 400, { 2026, 7, 1, 1, 0 }, { 2026, 7, 1, 2, 0 } },
        /* 29 March 2026, 02:00 becomes 03:00 at 01:00 UTC */
        { BERLIN, 200, { 2026, 3, 28, 12, 0 }, { 2026, 3, 29, 1, 0 } },
        { BERLIN, 230, { 2026, 3, 28, 12, 0 }, { 2026, 3, 29, 1, 0 } },
        { BERLIN, 259, { 2026, 3, 28, 12, 0 }, { 2026, 3, 29, 1, 0 } },
        { BERLIN, 300, { 2026, 3, 28, 12, 0 }, { 2026, 3, 29, 1, 0 } },
        { BERLIN, 330, { 2026, 3, 28, 12, 0 }, { 2026, 3, 29, 1, 30 } },
        { BERLIN, 130, { 2026, 3, 28, 12, 0 }, { 2026, 3, 29, 0, 30 } },
        { BERLIN, 230, { 2026, 3, 29, 12, 0 }, { 2026, 3, 30, 0, 30 } },
        { ADELAIDE, 230, { 2026, 10, 3, 12, 0 }, { 2026, 10, 3, 16, 30 } },
        { LORD_HOWE, 215, { 2026, 10, 3, 12, 0 }, { 2026, 10, 3, 15, 30 } },
        /* 25 October 2026, 03:00 becomes 02:00 at 01:00 UTC; afterwards normal again */
        { BERLIN, 330, { 2026, 10, 24, 12, 0 }, { 2026, 10, 25, 2, 30 } },
        { BERLIN, 130, { 2026, 10, 24, 12, 0 }, { 2026, 10, 24, 23, 30 } },
        { BERLIN, 230, { 2026, 10, 25, 12, 0 }, { 2026, 10, 26, 1, 30 } },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const int *a = rows[i].after, *e = rows[i].expected;
        use_zone(rows[i].tz);
        time_t t = schedule_next_daily(rows[i].at / 100 * 60 + rows[i].at % 100,
                                       utc(a[0], a[1], a[2], a[3], a[4]), 0);
        CU_CHECK_ROW(i, t == utc(e[0], e[1], e[2], e[3], e[4]));
    }
    restore_zone();
}

struct world {
    struct schedule s;
    struct schedule_state st;
    struct schedule_now now;
};

static void begin(struct world *w, int at_min, int period_min, time_t wall)
{
    w->s = (struct schedule){ .at_min = at_min, .period_min = period_min };
    w->now = (struct schedule_now){ .wall = wall, .mono_ms = 5000 };
    schedule_begin(&w->s, &w->st, w->now);
}

static void pass(struct world *w, int64_t seconds)
{
    w->now.wall += seconds;
    w->now.mono_ms += (uint64_t)seconds * 1000;
}

/* Minute by minute over a span; returns how often it ran. */
static int live(struct world *w, int64_t seconds)
{
    int ran = 0;

    for (int64_t t = 0; t < seconds; t += MINUTE) {
        pass(w, MINUTE);
        ran += schedule_take(&w->s, &w->st, w->now);
    }
    return ran;
}

/* Once each calendar day for a year, in the hours that the change of time touches, too. */
static void test_daily_year(void)
{
    static const int at[] = { 0, 60, 119, 120, 150, 179, 180, 185, 240, 1439 };

    use_zone(BERLIN);
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        struct world w;
        begin(&w, at[i], 0, utc(2026, 2, 1, 12, 0));
        CU_CHECK_ROW(i, live(&w, 365 * (int64_t)DAY) == 365);
    }
    restore_zone();
}

static void test_once(void)
{
    struct world w;

    begin(&w, SCHEDULE_NO_TIME, 0, utc(2026, 5, 1, 0, 0));
    CU_ASSERT_EQUAL(schedule_wait_ms(&w.s, &w.st, w.now), 0);
    CU_ASSERT_TRUE(schedule_take(&w.s, &w.st, w.now));
    CU_ASSERT_EQUAL(live(&w, 3 * DAY), 0);
    CU_ASSERT_EQUAL(schedule_wait_ms(&w.s, &w.st, w.now), -1);
}

static void test_period(void)
{
    struct world w;

    begin(&w, SCHEDULE_NO_TIME, 30, utc(2026, 5, 1, 0, 0));
    CU_ASSERT_TRUE(schedule_take(&w.s, &w.st, w.now));          /* first at start */
    CU_ASSERT_FALSE(schedule_take(&w.s, &w.st, w.now));
    CU_ASSERT_EQUAL(schedule_wait_ms(&w.s, &w.st, w.now), SCHEDULE_WAIT_MAX_MS);
    pass(&w, 30 * MINUTE - 2);
    CU_ASSERT_EQUAL(schedule_wait_ms(&w.s, &w.st, w.now), 2000);
    CU_ASSERT_FALSE(schedule_take(&w.s, &w.st, w.now));
    CU_ASSERT_EQUAL(live(&w, DAY), 48);
    w.now.wall -= 10 * DAY;                                     /* the wall clock is nothing */
    CU_ASSERT_EQUAL(live(&w, DAY), 48);
    w.now.wall += 20 * DAY;
    CU_ASSERT_EQUAL(live(&w, DAY), 48);
}

static void test_jumps(void)
{
    struct world w;

    use_zone("UTC0");
    begin(&w, 240, 0, utc(2026, 5, 1, 3, 0));
    CU_ASSERT_FALSE(schedule_take(&w.s, &w.st, w.now));
    w.now.wall += 5 * HOUR;                             /* forward over the time: at once */
    CU_ASSERT_TRUE(schedule_take(&w.s, &w.st, w.now));
    CU_ASSERT_FALSE(schedule_take(&w.s, &w.st, w.now));
    w.now.wall -= 5 * HOUR;                             /* back before it: not again today */
    CU_ASSERT_EQUAL(live(&w, 20 * HOUR), 0);
    CU_ASSERT_EQUAL(live(&w, DAY), 1);
    w.now.wall += 100 * DAY;                            /* many days missed: once */
    CU_ASSERT_TRUE(schedule_take(&w.s, &w.st, w.now));
    CU_ASSERT_EQUAL(live(&w, DAY), 1);
    w.now.wall -= 200 * DAY;                            /* back by months: goes on daily */
    CU_ASSERT_EQUAL(live(&w, 3 * DAY), 3);
    restore_zone();
}

/* Missed shortly before midnight and made up after it: the new day has its own run. */
static void test_late(void)
{
    struct world w;

    use_zone("UTC0");
    begin(&w, 23 * 60 + 50, 0, utc(2026, 5, 1, 12, 0));
    w.now.wall = utc(2026, 5, 2, 0, 10);
    CU_ASSERT_TRUE(schedule_take(&w.s, &w.st, w.now));
    CU_ASSERT_EQUAL(live(&w, 23 * HOUR), 0);
    CU_ASSERT_EQUAL(live(&w, HOUR), 1);
    restore_zone();
}

TEST_SUITE("schedule", { "daily", test_daily }, { "daily for a year", test_daily_year },
           { "once", test_once }, { "period", test_period }, { "jumps", test_jumps },
           { "late", test_late })

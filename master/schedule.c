/* schedule.c - see schedule.h */
#include "master/schedule.h"

enum {
    DAY_S = 24 * 60 * 60,
    HOUR_S = 60 * 60,
    DAYS_TRIED = 3,
};

/* The first second after a change of the offset from UTC that lies in (low, high]. */
static time_t find_change(time_t low, time_t high)
{
    struct tm tm;
    long offset;

    localtime_r(&low, &tm);
    offset = tm.tm_gmtoff;
    while (high - low > 1) {
        time_t middle = low + (high - low) / 2;
        localtime_r(&middle, &tm);
        if (tm.tm_gmtoff == offset)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* The moment of a time of day on the calendar day of `day`, plus `days`. */
static time_t moment(const struct tm *day, int days, int at_min)
{
    struct tm tm = { .tm_year = day->tm_year, .tm_mon = day->tm_mon,
                     .tm_mday = day->tm_mday + days, .tm_hour = at_min / 60,
                     .tm_min = at_min % 60, .tm_isdst = -1 };
    time_t t = mktime(&tm);

    if (tm.tm_hour * 60 + tm.tm_min != at_min)      /* skipped by a change of the clock */
        return find_change(t - 2 * HOUR_S, t + 2 * HOUR_S);
    return t;
}

time_t schedule_next_daily(int at_min, time_t after, time_t not_day_of)
{
    struct tm today, done;

    localtime_r(&after, &today);
    localtime_r(&not_day_of, &done);
    for (int days = 0; days < DAYS_TRIED; days++) {
        time_t t = moment(&today, days, at_min);
        struct tm tm;
        localtime_r(&t, &tm);
        if (not_day_of != 0 && t <= not_day_of)
            continue;
        if (not_day_of != 0 && tm.tm_year == done.tm_year && tm.tm_yday == done.tm_yday)
            continue;
        if (t > after)
            return t;
    }
    return after + DAY_S;
}

void schedule_begin(const struct schedule *s, struct schedule_state *st, struct schedule_now now)
{
    *st = (struct schedule_state){ .due_mono_ms = now.mono_ms };
    if (s->at_min != SCHEDULE_NO_TIME)
        st->due_wall = schedule_next_daily(s->at_min, now.wall - 1, 0);
}

static bool take_daily(const struct schedule *s, struct schedule_state *st, time_t now)
{
    if (st->due_wall - now > DAY_S + 2 * HOUR_S)    /* set back by days */
        st->due_wall = schedule_next_daily(s->at_min, now, 0);
    if (now < st->due_wall)
        return false;
    st->due_wall = schedule_next_daily(s->at_min, now, st->due_wall);
    return true;
}

bool schedule_take(const struct schedule *s, struct schedule_state *st, struct schedule_now now)
{
    if (s->at_min != SCHEDULE_NO_TIME)
        return take_daily(s, st, now.wall);
    if (st->over || now.mono_ms < st->due_mono_ms)
        return false;
    if (s->period_min == 0)
        st->over = true;
    else
        st->due_mono_ms = now.mono_ms + (uint64_t)s->period_min * 60000;
    return true;
}

int64_t schedule_wait_ms(const struct schedule *s, const struct schedule_state *st,
                         struct schedule_now now)
{
    int64_t ms;

    if (s->at_min != SCHEDULE_NO_TIME)
        ms = now.wall >= st->due_wall ? 0 : (int64_t)(st->due_wall - now.wall) * 1000;
    else if (st->over)
        return -1;
    else
        ms = now.mono_ms >= st->due_mono_ms ? 0 : (int64_t)(st->due_mono_ms - now.mono_ms);
    return ms < SCHEDULE_WAIT_MAX_MS ? ms : SCHEDULE_WAIT_MAX_MS;
}

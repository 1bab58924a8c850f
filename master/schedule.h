/* schedule.h - at which times an event of cyrus.conf runs: pure computation
 *
 * Three kinds: once at start; every N minutes, measured on the clock that never jumps; and
 * daily at a local time of day, measured on the wall clock.
 *
 * Daily events run once for each calendar day whatever the clock does:
 *   - a time that daylight saving skips (02:30 of a spring night) comes at the end of the
 *     gap; a time that comes twice runs once;
 *   - what was missed (suspended machine, clock set forward) runs at once, one time however
 *     many days have passed; a clock that is set back does not make it run again;
 *   - after the clock was set back by more than a day the next time is computed anew.
 */
#ifndef MASTER_SCHEDULE_H
#define MASTER_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum { SCHEDULE_NO_TIME = -1 };

struct schedule {
    int at_min;                         /* daily: minutes after local midnight; else NO_TIME */
    int period_min;                     /* not daily: 0 once, else minutes */
};

struct schedule_state {
    time_t due_wall;                    /* daily: next run */
    uint64_t due_mono_ms;               /* periodic: next run */
    bool over;                          /* once: has run */
};

/* Both clocks at one moment. */
struct schedule_now {
    time_t wall;
    uint64_t mono_ms;
};

/* First run: daily events at their time, the others now. */
void schedule_begin(const struct schedule *, struct schedule_state *, struct schedule_now);

/* Must it run now?  True moves the state on to the next run. */
bool schedule_take(const struct schedule *, struct schedule_state *, struct schedule_now);

enum { SCHEDULE_WAIT_MAX_MS = 30000 };

/* Milliseconds until the next run, at most SCHEDULE_WAIT_MAX_MS so that jumps of the wall
 * clock are noticed; -1: none any more. */
int64_t schedule_wait_ms(const struct schedule *, const struct schedule_state *,
                         struct schedule_now);

/* The first moment after `after` whose local time of day is at_min, on a day later than that of
 * `not_day_of` (0: any day). */
time_t schedule_next_daily(int at_min, time_t after, time_t not_day_of);

#endif

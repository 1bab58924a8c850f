/* clock.c - see clock.h; only the wall clock can be frozen, deadlines go on */
#include "lib/base/clock.h"

static time_t frozen;                   /* 0: the wall clock runs */

static uint64_t read_us(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

time_t clock_now(void)
{
    return frozen ? frozen : time(NULL);
}

uint64_t clock_now_us(void)
{
    return frozen ? (uint64_t)frozen * 1000000 : read_us(CLOCK_REALTIME);
}

uint64_t clock_mono_ms(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000;
}

uint64_t clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

void clock_fake(time_t t)
{
    frozen = t;
}

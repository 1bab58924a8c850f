/* clock.h - what time it is; replaceable in tests */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

time_t clock_now(void);                         /* wall clock, seconds */
uint64_t clock_now_us(void);                    /* wall clock, microseconds */
uint64_t clock_mono_ms(void);                   /* monotonic */
uint64_t clock_mono_us(void);

/* Tests: freeze the wall clock at t; 0 lets it run again. */
void clock_fake(time_t t);

#endif

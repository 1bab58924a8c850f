/* date822.h - dates of header fields (RFC 5322 3.3 and 4.3), read with tolerance
 */
#ifndef TEXT_DATE822_H
#define TEXT_DATE822_H

#include <stdint.h>
#include <time.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct date822 {
    int year;                           /* 0.. */
    int month;                          /* 1..12 */
    int day;                            /* 0..99 as written: 32 Jan is 1 Feb */
    bool has_time;                      /* a usable time of day was there; else what follows is 0 */
    int hour, minute, second;
    int zone_minutes;                   /* east of Greenwich; 0 if unknown */
    time_t utc;                         /* the instant; without a time midnight UTC of the day */
};

/* Read [xxx ","] day month year [hour ":" minute [":" second] [zone]]; years of two digits are
 * 1970..2069; "-", "." and "/" may stand between the parts of the day, "." between those of
 * the time.  Zones: +hhmm, North American names, military letters; others count as UTC.
 * ERR_SYNTAX if there is no day, month and year. */
err_t date822_parse(struct slice value, struct date822 *out) NODISCARD;

/* "Tue, 03 Jan 2023 23:59:59 -0800" appended.  _local: in the zone of the process. */
void date822_format(struct buf *out, time_t, int zone_minutes);
void date822_format_local(struct buf *out, time_t);

/* Instant of the civil time y-m-d h:m:s in UTC (proleptic Gregorian, any year), and the
 * same in the zone of the process.  Values out of range run over into the next unit. */
time_t date822_utc(int year, int month, int day, int hour, int minute, int second);
time_t date822_local(int year, int month, int day, int hour, int minute, int second);

/* Offset of the process' zone at an instant, minutes east of Greenwich. */
int date822_zone_at(time_t);

/* Number 1..12 of an English month name of three letters in any case; 0 if it is none. */
int date822_month(struct slice name);
const char *date822_month_name(int month);

#endif

/* date822_fuzz.c - dates are read within bounds, and what is written can be read again */
#include "lib/base/bug.h"
#include "lib/text/date822.h"
#include "lib/text/date_imap.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct slice s = slice_make(data, n);
    struct date822 d, back;
    struct buf out = BUF_INIT;
    time_t t, end;

    if (date822_parse(s, &d) == ERR_OK) {
        BUG_UNLESS(d.month >= 1 && d.month <= 12 && d.day >= 0 && d.day <= 99);
        if (d.year >= 1980 && d.year < 9000 && d.zone_minutes > -1440 && d.zone_minutes < 1440) {
            date822_format(&out, d.utc, d.zone_minutes);
            BUG_UNLESS(date822_parse(buf_slice(&out), &back) == ERR_OK);
            BUG_UNLESS(back.utc == d.utc && back.zone_minutes == d.zone_minutes);
        }
    }
    if (date_imap_parse(s, &t) == ERR_OK) {
        buf_reset(&out);
        date_imap_format(&out, t);
        if (out.n == DATE_IMAP_LEN)
            BUG_UNLESS(date_imap_parse(buf_slice(&out), &end) == ERR_OK && end == t);
    }
    if (date_imap_day(s, &t, &end) == ERR_OK)
        BUG_UNLESS(end > t);
    buf_fini(&out);
    return 0;
}

/* date_imap.c - see date_imap.h */
#include "lib/text/date_imap.h"

#include "lib/text/ascii.h"
#include "lib/text/date822.h"

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (leap && month == 2);
}

/* n digits at p. */
static bool digits(const char *p, size_t n, int *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (!ascii_is_digit(p[i]))
            return false;
        *out = *out * 10 + (p[i] - '0');
    }
    return true;
}

struct day {
    int year, month, day;
};

/* "d-Mon-yyyy" or "dd-Mon-yyyy" at the start of *s, which is moved behind it. */
static bool take_day(struct slice *s, struct day *out)
{
    size_t n = s->n > 1 && ascii_is_digit(s->p[1]) ? 2 : 1;

    if (s->n < n + 9 || !digits(s->p, n, &out->day))
        return false;
    const char *p = s->p + n;
    out->month = date822_month(slice_make(p + 1, 3));
    if (p[0] != '-' || p[4] != '-' || out->month == 0 || !digits(p + 5, 4, &out->year))
        return false;
    *s = slice_skip(*s, n + 9);
    return out->day >= 1 && out->day <= days_in_month(out->year, out->month);
}

err_t date_imap_parse(struct slice s, time_t *out)
{
    struct day d;
    int hour, min, sec, zone;

    if (s.n > 0 && s.p[0] == ' ')
        s = slice_skip(s, 1);
    if (!take_day(&s, &d) || s.n != sizeof " hh:mm:ss +zzzz" - 1)
        return ERR_SYNTAX;
    const char *p = s.p;
    if (p[0] != ' ' || p[3] != ':' || p[6] != ':' || p[9] != ' ' || (p[10] != '+' && p[10] != '-'))
        return ERR_SYNTAX;
    if (!digits(p + 1, 2, &hour) || !digits(p + 4, 2, &min) || !digits(p + 7, 2, &sec) ||
        !digits(p + 11, 4, &zone))
        return ERR_SYNTAX;
    if (hour > 23 || min > 59 || sec > 60 || zone % 100 > 59)
        return ERR_SYNTAX;
    zone = (zone / 100 * 60 + zone % 100) * (p[10] == '-' ? -60 : 60);
    *out = date822_utc(d.year, d.month, d.day, hour, min, sec) - zone;
    return ERR_OK;
}

void date_imap_format(struct buf *out, time_t t)
{
    struct tm tm;

    if (!localtime_r(&t, &tm))
        return;
    long zone = tm.tm_gmtoff / 60;
    unsigned long east = (unsigned long)(zone < 0 ? -zone : zone);
    buf_addf(out, "%2d-%s-%04d %02d:%02d:%02d %c%02lu%02lu", tm.tm_mday,
             date822_month_name(tm.tm_mon + 1), tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
             tm.tm_sec, zone < 0 ? '-' : '+', east / 60, east % 60);
}

err_t date_imap_day(struct slice s, time_t *start, time_t *end)
{
    struct day d;

    if (!take_day(&s, &d) || s.n != 0)
        return ERR_SYNTAX;
    *start = date822_local(d.year, d.month, d.day, 0, 0, 0);
    *end = date822_local(d.year, d.month, d.day + 1, 0, 0, 0);
    return ERR_OK;
}

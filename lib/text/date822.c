/* date822.c - see date822.h
 *
 * What is accepted was measured on the 3.6.1 server: sentdate and gmtime of the index
 * depend on it.
 */
#include "lib/text/date822.h"

#include "lib/text/ascii.h"

enum { YEAR_DIGITS = 9 };

static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char day_names[] = "SunMonTueWedThuFriSat";

struct us_zone {
    char letter;
    int hours;
};

/* Zones of two kinds: xST and xDT, hours east of Greenwich of the first. */
static const struct us_zone us_zones[] = {
    { 'A', -4 }, { 'E', -5 }, { 'C', -6 }, { 'M', -7 },
    { 'P', -8 }, { 'Y', -9 }, { 'H', -10 }, { 'B', -11 },
};

int date822_month(struct slice name)
{
    for (int m = 1; m <= 12; m++)
        if (slice_eq_nocase(name, slice_make(month_names + 3 * (m - 1), 3)))
            return m;
    return 0;
}

const char *date822_month_name(int month)
{
    static const char names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    return month >= 1 && month <= 12 ? names[month - 1] : "";
}

static char head(struct slice s)
{
    return s.n ? s.p[0] : '\0';
}

static void skip_blanks(struct slice *s)
{
    while (s->n > 0 && strchr(" \t\r\n", s->p[0]) && s->p[0] != '\0')
        *s = slice_skip(*s, 1);
}

/* A run of letters, digits and 8-bit characters. */
static struct slice take_word(struct slice *s)
{
    size_t n = 0;
    while (n < s->n && ascii_is(s->p[n], A_ALPHA | A_DIGIT | A_8BIT))
        n++;
    struct slice word = slice_cut(*s, 0, n);
    *s = slice_skip(*s, n);
    return word;
}

/* min..max digits and nothing but them. */
static bool word_number(struct slice word, size_t min, size_t max, int *out)
{
    if (word.n < min || word.n > max)
        return false;
    *out = 0;
    for (size_t i = 0; i < word.n; i++) {
        if (!ascii_is_digit(word.p[i]))
            return false;
        *out = *out * 10 + (word.p[i] - '0');
    }
    return true;
}

/* One separating character, blanks after it. */
static void skip_separator(struct slice *s)
{
    *s = slice_skip(*s, 1);
    skip_blanks(s);
}

static bool take_weekday(struct slice *s)
{
    if (!ascii_is_alpha(head(*s)))
        return true;
    if (take_word(s).n != 3 || head(*s) != ',')
        return false;
    skip_separator(s);
    return true;
}

static bool take_year(struct slice *s, int *out)
{
    struct slice word = take_word(s);
    if (word.n < 2 || word.n == 3 || !word_number(word, 2, YEAR_DIGITS, out))
        return false;
    if (word.n == 2)
        *out += *out < 70 ? 2000 : 1900;
    return true;
}

static bool take_day(struct slice *s, struct date822 *d)
{
    skip_blanks(s);
    if (!take_weekday(s) || !word_number(take_word(s), 1, 2, &d->day))
        return false;
    skip_separator(s);
    d->month = date822_month(take_word(s));
    if (d->month == 0)
        return false;
    skip_separator(s);
    return take_year(s, &d->year);
}

static bool at_clock_separator(struct slice s)
{
    return head(s) == ':' || head(s) == '.';
}

static bool take_time(struct slice *s, struct date822 *d)
{
    if (s->n == 0 || !strchr(" \t\r\n", head(*s)))
        return false;
    skip_blanks(s);
    if (!word_number(take_word(s), 1, 2, &d->hour) || !at_clock_separator(*s))
        return false;
    *s = slice_skip(*s, 1);
    if (!word_number(take_word(s), 1, 2, &d->minute))
        return false;
    d->second = 0;
    if (!at_clock_separator(*s))
        return true;
    *s = slice_skip(*s, 1);
    return word_number(take_word(s), 1, 2, &d->second);
}

/* Military letters, RFC 5322 4.3.  (3.6.1 computes with the character itself, so lower-case
 * letters and digits give odd hours; gmtime of the index shows them.) */
static int letter_zone(char c)
{
    char up = ascii_upper(c);
    int hours;

    if (up == 'J' || up == 'Z')
        hours = 0;
    else if (up <= 'I')
        hours = c - 'A' + 1;
    else
        hours = up <= 'M' ? c - 'A' : 'M' - c;
    return hours * 60;
}

static int name_zone(struct slice w)
{
    if (w.n == 1)
        return letter_zone(w.p[0]);
    if (w.n != 3 || ascii_upper(w.p[2]) != 'T')
        return 0;
    int summer = ascii_upper(w.p[1]) == 'D';
    if (!summer && ascii_upper(w.p[1]) != 'S')
        return 0;
    for (size_t i = 0; i < sizeof us_zones / sizeof *us_zones; i++)
        if (us_zones[i].letter == ascii_upper(w.p[0]))
            return (us_zones[i].hours + summer) * 60;
    return 0;
}

/* Digits without a sign count as west, as 3.6.1 has it. */
static int take_zone(struct slice *s)
{
    int n, sign = -1;

    skip_blanks(s);
    if (head(*s) == '+' || head(*s) == '-') {
        sign = head(*s) == '-' ? -1 : 1;
        *s = slice_skip(*s, 1);
    }
    struct slice word = take_word(s);
    if (word_number(word, 4, 4, &n))
        return sign * (n / 100 * 60 + n % 100);
    return name_zone(word);
}

err_t date822_parse(struct slice value, struct date822 *out)
{
    struct date822 d = { 0 };

    if (!take_day(&value, &d))
        return ERR_SYNTAX;
    d.has_time = take_time(&value, &d);
    if (d.has_time)
        d.zone_minutes = take_zone(&value);
    else
        d.hour = d.minute = d.second = 0;
    d.utc = date822_utc(d.year, d.month, d.day, d.hour, d.minute, d.second) -
            (time_t)d.zone_minutes * 60;
    *out = d;
    return ERR_OK;
}

time_t date822_utc(int year, int month, int day, int hour, int minute, int second)
{
    /* days since 1970-01-01 of the first of the month; the year starts in March */
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
    int64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;

    return (time_t)((days + day - 1) * 86400 + (int64_t)hour * 3600 + minute * 60 + second);
}

time_t date822_local(int year, int month, int day, int hour, int minute, int second)
{
    struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day,
                     .tm_hour = hour, .tm_min = minute, .tm_sec = second, .tm_isdst = -1 };
    return mktime(&tm);
}

int date822_zone_at(time_t t)
{
    struct tm tm;
    if (!localtime_r(&t, &tm))
        return 0;
    return (int)(tm.tm_gmtoff / 60);
}

void date822_format(struct buf *out, time_t t, int zone_minutes)
{
    struct tm tm;
    time_t shifted = t + (time_t)zone_minutes * 60;
    unsigned zone = (unsigned)(zone_minutes < 0 ? -zone_minutes : zone_minutes);

    if (!gmtime_r(&shifted, &tm))
        return;
    buf_addf(out, "%.3s, %02d %s %04d %02d:%02d:%02d %c%02u%02u", day_names + 3 * tm.tm_wday,
             tm.tm_mday, date822_month_name(tm.tm_mon + 1), tm.tm_year + 1900, tm.tm_hour,
             tm.tm_min, tm.tm_sec, zone_minutes < 0 ? '-' : '+', zone / 60, zone % 60);
}

void date822_format_local(struct buf *out, time_t t)
{
    date822_format(out, t, date822_zone_at(t));
}

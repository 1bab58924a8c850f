/* syslog_double.c - see syslog_double.h; without <syslog.h>, whose inline functions of a
 * fortified build would be in the way */
#include "cunit/base/syslog_double.h"

#include <stdarg.h>
#include <stdio.h>

struct syslog_double syslog_double;

void openlog(const char *ident, int option, int facility);
void syslog(int priority, const char *fmt, ...);
void __syslog_chk(int priority, int flag, const char *fmt, ...);

void openlog(const char *ident, int option, int facility)
{
    snprintf(syslog_double.ident, sizeof syslog_double.ident, "%s", ident);
    syslog_double.option = option;
    syslog_double.facility = facility;
}

__attribute__((format(printf, 2, 0))) static void remember(int priority, const char *fmt,
                                                           va_list ap)
{
    syslog_double.lines++;
    syslog_double.priority = priority;
    vsnprintf(syslog_double.line, sizeof syslog_double.line, fmt, ap);
}

__attribute__((format(printf, 2, 3))) void syslog(int priority, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    remember(priority, fmt, ap);
    va_end(ap);
}

__attribute__((format(printf, 3, 4))) void __syslog_chk(int priority, int flag, const char *fmt,
                                                        ...)
{
    va_list ap;

    (void)flag;
    va_start(ap, fmt);
    remember(priority, fmt, ap);
    va_end(ap);
}

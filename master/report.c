/* report.c - see report.h */
#include "master/report.h"

#include <stdarg.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"

static void say(void (*log)(const char *, ...), const char *fmt, va_list ap)
{
    struct buf text = BUF_INIT;

    buf_vaddf(&text, fmt, ap);
    fprintf(stderr, "master: %s\n", buf_cstr(&text));
    log("%s", buf_cstr(&text));
    buf_fini(&text);
}

void report_warning(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(log_warn, fmt, ap);
    va_end(ap);
}

void report_fatal(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(log_crit, fmt, ap);
    va_end(ap);
}

/* log.c - see log.h
 *
 * Uses fixed buffers only: it must work when memory is exhausted.
 */
#define SYSLOG_NAMES                    /* <syslog.h>, which log.h includes: table of names */
#include "lib/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <strings.h>

enum {
    LOG_LINE_MAX = 8000,                /* what common syslog daemons take in one line */
    LOG_IDENT_MAX = 128,
    LOG_SESSION_MAX = 256,
    LOG_VALUE_MAX = 1024,               /* one value of a structured line */
};

static struct {
    char ident[LOG_IDENT_MAX];          /* openlog() keeps the pointer */
    char session[LOG_SESSION_MAX];
    bool debug;
    bool to_stderr, not_to_syslog;
} state;

void log_open(const char *prefix, const char *program, int facility, bool debug)
{
    if (prefix && *prefix)
        snprintf(state.ident, sizeof state.ident, "%s/%s", prefix, program);
    else
        snprintf(state.ident, sizeof state.ident, "%s", program);
    state.debug = debug;
    openlog(state.ident, LOG_PID, facility);
}

int log_facility(const char *name)
{
    for (const CODE *c = facilitynames; name && c->c_name; c++)
        if (strcasecmp(c->c_name, name) == 0)
            return c->c_val;
    return LOG_LOCAL6;
}

void log_close(void)
{
    closelog();
}

void log_to_stderr(bool only)
{
    state.to_stderr = true;
    state.not_to_syslog = only;
}

void log_set_session(const char *text)
{
    snprintf(state.session, sizeof state.session, "%s", text ? text : "");
}

bool log_debugging(void)
{
    return state.debug;
}

/* Copy with control characters as \xNN; dst holds max bytes and is cut, not overrun. */
static void escape(char *dst, size_t max, const char *src)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;

    for (; *src && n + 5 <= max; src++) {
        unsigned char c = (unsigned char)*src;
        if (c >= 0x20 && c != 0x7f) {
            dst[n++] = (char)c;
            continue;
        }
        dst[n++] = '\\';
        dst[n++] = 'x';
        dst[n++] = digits[c >> 4];
        dst[n++] = digits[c & 15];
    }
    dst[n] = '\0';
}

PRINTF_LIKE(2, 0) static void emit(int priority, const char *fmt, va_list ap)
{
    char raw[LOG_LINE_MAX], line[LOG_LINE_MAX];
    const int saved = errno;
    int at = 0;

    if (state.session[0])
        at = snprintf(raw, sizeof raw, "%s: ", state.session);
    errno = saved;                      /* for %m */
    vsnprintf(raw + at, sizeof raw - (size_t)at, fmt, ap);
    escape(line, sizeof line, raw);
    if (state.to_stderr)
        fprintf(stderr, "%s\n", line);
    if (!state.not_to_syslog)
        syslog(priority, "%s", line);
    errno = saved;
}

void log_debug(const char *fmt, ...)
{
    va_list ap;

    if (!state.debug)
        return;
    va_start(ap, fmt);
    emit(LOG_DEBUG, fmt, ap);
    va_end(ap);
}

void log_info(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    emit(LOG_INFO, fmt, ap);
    va_end(ap);
}

void log_notice(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    emit(LOG_NOTICE, fmt, ap);
    va_end(ap);
}

void log_warn(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    emit(LOG_WARNING, fmt, ap);
    va_end(ap);
}

void log_err(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    emit(LOG_ERR, fmt, ap);
    va_end(ap);
}

void log_crit(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    emit(LOG_CRIT, fmt, ap);
    va_end(ap);
}

err_t log_io_at(const char *func, const char *what, const char *path)
{
    const int saved = errno;

    log_err("IOERROR: %s: filename=<%.*s> syserror=<%s> func=<%s>", what, LOG_VALUE_MAX,
            path ? path : "", strerror(saved), func);
    errno = saved;
    return err_from_errno(saved);
}

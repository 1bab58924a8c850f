/* log.h - one place where messages for the operator leave the process
 *
 * Goes through libc's openlog()/syslog() so that it can be interposed; ident is
 * "<syslog_prefix>/<program>".  Form of structured lines (install contract 7):
 *   LABEL: text: key=<value> key=<value> [syserror=<...> func=<...>]
 * The words ERROR, IOERROR, DBERROR are for real faults only.  Control characters in
 * values are shown as \xNN, long values are cut.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <syslog.h>

#include "lib/base/err.h"

/* facility: LOG_LOCAL6 etc.  Both strings are copied.  prefix may be NULL. */
void log_open(const char *prefix, const char *program, int facility, bool debug);
void log_close(void);

/* LOG_MAIL for "mail" and so on, in either case; LOG_LOCAL6 for NULL and unknown names. */
int log_facility(const char *name);

/* Tests and tools: also (or only) write to stderr. */
void log_to_stderr(bool only);

/* Text put in front of every line of this session, such as "<sessionid> alice"; copied,
 * NULL ends it. */
void log_set_session(const char *);

/* Was log_open() told to let log_debug() through? */
bool log_debugging(void);

/* One line each, at the syslog level of that name; errno is kept, %m is understood. */
void log_debug(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_info(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_notice(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_err(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_crit(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* "IOERROR: <what>: filename=<path> syserror=<strerror(errno)> func=<func>"; keeps errno.
 * Returns err_from_errno(errno), so that `return LOG_IO("open", path);` reads well. */
err_t log_io_at(const char *func, const char *what, const char *path);
#define LOG_IO(what, path) log_io_at(__func__, (what), (path))

#endif

/* report.h - sentences for the administrator: to stderr and to syslog
 *
 * For what stops master or makes it disregard a part of its configuration.  stderr is that of
 * whoever starts master until it works in the background or is ready.
 */
#ifndef MASTER_REPORT_H
#define MASTER_REPORT_H

#include "lib/base/err.h"

/* It goes on. */
void report_warning(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* It ends, or a whole service does. */
void report_fatal(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif

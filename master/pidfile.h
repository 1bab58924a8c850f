/* pidfile.h - one master per pid file
 *
 * The file holds "<pid>\n", is locked exclusively as long as master lives and is never removed.
 * While a master goes to the background "<pidfile>.lock" is locked too, so that two that start
 * at one moment do not both believe to be first.
 */
#ifndef MASTER_PIDFILE_H
#define MASTER_PIDFILE_H

#include "lib/base/err.h"

/* Lock "<pidfile>.lock" until the process ends; the child it forks does not inherit that.
 * ERR_LOCKED: somebody starts right now.  Others: it cannot be opened (logged). */
err_t pidfile_begin(const char *pidfile) NODISCARD;

/* Remove "<pidfile>.lock"; may be called in the child. */
void pidfile_end(const char *pidfile);

/* Open, lock and write our pid; held open until the process ends.  ERR_LOCKED: another master
 * runs.  Others: it cannot be opened or written (logged). */
err_t pidfile_take(const char *pidfile) NODISCARD;

#endif

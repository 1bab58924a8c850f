/* start.h - what happens before services run: START, daemons with wait=y, listeners */
#ifndef MASTER_START_H
#define MASTER_START_H

#include "master/master.h"

/* Does every program of SERVICES and DAEMON exist?  ERR_NOTFOUND: one does not (reported);
 * events without a program are only warned about. */
err_t start_check_programs(const struct master *) NODISCARD;

/* Run the entries of START one after the other.  ERR_STOP: told to stop meanwhile; others:
 * one has failed (reported). */
err_t start_run(struct master *) NODISCARD;

/* Make services of the entries of DAEMON, and start those with wait=y, each until it says that
 * it is ready.  Errors as start_run(). */
err_t start_daemons(struct master *) NODISCARD;

/* Open all listeners.  ERR_INUSE: one could not be opened and that is fatal, or none could
 * (reported).  ERR_STOP: told to stop meanwhile. */
err_t start_listeners(struct master *) NODISCARD;

#endif

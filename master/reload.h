/* reload.h - SIGHUP: read the configuration again while everything runs
 *
 * Listeners of services whose name, address and protocol are as before stay open.  A file
 * with an error changes nothing.
 */
#ifndef MASTER_RELOAD_H
#define MASTER_RELOAD_H

#include "master/master.h"

/* Do it; what goes wrong is in the log. */
void reload(struct master *);

/* Free the services that are no longer configured and have no process left. */
void reload_sweep(struct master *);

#endif

/* stop.h - ending: all children first, daemons with wait=y last, in time
 *
 * STOP_POLITE_MS after the first signal what still runs is killed, so that nobody waits
 * longer than STOP_TOTAL_MS for master to end.  Sessions use that time to finish the command
 * they are in.
 */
#ifndef MASTER_STOP_H
#define MASTER_STOP_H

#include "master/master.h"

enum {
    STOP_POLITE_MS = 14000,             /* for services, events and plain daemons */
    STOP_TOTAL_MS = 18000,              /* for everything */
};

/* Begin: no new children, TERM to all but daemons with wait=y.  The loop ends by itself when
 * the last child has gone.  Again: nothing happens. */
void stop_begin(struct master *);

/* A child has ended meanwhile. */
void stop_child_ended(struct master *);

#endif

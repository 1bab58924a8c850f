/* janitor.h - looking after children that were asked to end and take their time
 *
 * After SIGHUP each child ends when its client has gone; the log names, once, those that have
 * not done so after JANITOR_SLOW_MS.  Idle ones that are still there have missed the signal
 * (it came between their looking and their waiting) and are sent it again.  The table is swept
 * -j times a second, but only while there is somebody to wait for.
 */
#ifndef MASTER_JANITOR_H
#define MASTER_JANITOR_H

#include "master/master.h"

enum { JANITOR_SLOW_MS = 30000 };

/* Children have been asked to end: begin to sweep. */
void janitor_wake(struct master *);

/* One sweep at that time: remind() gets the idle ones.  True: somebody is still to be waited
 * for. */
bool janitor_sweep(struct children *, uint64_t now_ms, void (*remind)(struct child *));

#endif

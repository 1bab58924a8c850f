/* health.h - syncs that failed: counted where operators can read it; who fails again is closed for
 * changes
 *
 * After a failed sync what was to be stored counts as lost: the one who waited is refused, and the
 * state is read again.  A disk that fails once more after that is not trusted again: with
 * HEALTH_FAILURES_MAX failures since the server was started the partition takes no changes, until
 * the next start.  A failing journal closes all partitions.  Want of room (ENOSPC, EDQUOT) is no
 * failure of a disk.
 *
 * The figures are <configdirectory>/stats/store.prom, in the text form that Prometheus reads:
 *   cyrus_sync_failures_total{place="partition",partition="default"}          0
 * with numbers of fixed width, overwritten in place under a lock of the file, never synced.  Every
 * process maps it, so that asking costs no system call.
 */
#ifndef STORE_HEALTH_H
#define STORE_HEALTH_H

#include "imap/store/store.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

enum { HEALTH_FAILURES_MAX = 3 };

struct health;

/* Make the file unless it is there for these partitions, map it, and count the failures of this
 * process from now on.  NULL when that cannot be (logged): nothing is counted then, and nothing
 * refused. */
struct health *health_open(void);
void health_close(struct health **); /* NULL is fine */

/* ERR_IO: the partition takes no changes (logged when it was closed).  NULL: ERR_OK. */
err_t health_check(const struct health *, struct slice partition) NODISCARD;

/* The server is about to start: all partitions are trusted, counting begins again. */
err_t health_reset(struct health *) NODISCARD;

#endif

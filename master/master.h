/* master.h - the running supervisor: what its parts share
 *
 *   STARTING --> RUNNING --> STOPPING --> (loop ends)
 *       \__________________________^        TERM, INT or QUIT at any time; a start that fails
 *
 * STARTING runs the entries of START one after the other, then daemons with wait=y; then
 * listeners are opened and the rest is started.  All of it happens in one loop (lib/os/loop)
 * and nothing waits outside of it, so signals are heard in every phase.
 */
#ifndef MASTER_MASTER_H
#define MASTER_MASTER_H

#include "lib/base/vec.h"
#include "lib/os/loop.h"
#include "master/activation.h"
#include "master/children.h"
#include "master/cyrusconf.h"
#include "master/events.h"
#include "master/notify.h"
#include "master/options.h"
#include "master/privilege.h"
#include "master/spawn.h"

enum master_phase { MASTER_STARTING, MASTER_RUNNING, MASTER_STOPPING };

struct master {
    const struct options *options;
    enum master_phase phase;
    struct loop *loop;
    struct children *children;
    struct cyrusconf conf;              /* in use; entries are borrowed by services and events */
    struct vec services;                /* struct service * */
    struct events events;
    uint64_t events_timer;
    struct spawn_setup spawn;
    struct privilege privilege;
    struct activation activation;
    struct notify notify;
    struct buf procdir, ready_file;
    bool bind_errors_fatal;
    int last_status;                    /* of the START entry that ended last */
    uint64_t janitor_timer;
    bool adopts_orphans;                /* children of children that end become ours */
};

/* Run until it is told to end; returns the exit status of the program.  Options, configuration,
 * directories, pid file and descriptors are in order, and are given back by the caller. */
int master_run(struct master *);

/* ---- used by the parts ---- */

struct schedule_now master_now(void);   /* both clocks */

/* A remark about an entry of cyrus.conf, with file and line in front. */
void master_complain(const struct master *, const struct cyrusconf_entry *, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Start a program for an entry without listener and count it among the children.  NULL: it
 * could not be started (logged). */
struct child *master_spawn(struct master *, const struct cyrusconf_entry *, enum child_kind,
                           const struct spawn_request *);

/* A new child of that pid: count it. */
struct child *master_meet(struct master *, pid_t, enum child_kind, const char *name,
                          const char *path);

/* One round of the loop; false: the loop itself fails, or we have been told to stop. */
bool master_round(struct master *);

#endif

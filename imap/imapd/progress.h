/* progress.h - tell the client that a long command is still at work (RFC 9585)
 *
 * "* OK [INPROGRESS ("tag" done goal)]" every PROGRESS_SECONDS.  Only between untagged responses, and never while a
 * mailbox is locked, since the client may be slow to read.
 */
#ifndef IMAPD_PROGRESS_H
#define IMAPD_PROGRESS_H

#include "imap/imapd/imapd.h"

enum {
    PROGRESS_SECONDS = 10,              /* RFC 9585 4: 10 to 15 */
    PROGRESS_STEPS = 16                 /* steps between two looks at the clock */
};

struct progress {
    struct session *s;
    uint64_t done, goal;                /* steps */
    uint64_t next_ms;                   /* when to tell again, monotonic */
};

/* goal 0: not known. */
void progress_begin(struct progress *, struct session *, uint64_t goal);

/* One step more was done: is it time to tell?  Cheap. */
bool progress_due(struct progress *);
/* Tells and sends it. */
void progress_tell(struct progress *);

#endif

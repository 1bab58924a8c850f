/* cmdtable.h - command tables of line protocols
 *
 * One row per command.  cmd_find() looks a word up without case; cmd_allowed() checks the row's
 * conditions so that handlers need not.  The daemon reads arguments itself.
 */
#ifndef SERVE_CMDTABLE_H
#define SERVE_CMDTABLE_H

#include "lib/base/err.h"
#include "lib/base/slice.h"

enum cmd_flags {
    C_WRITE = 1,            /* refused in read-only mode */
    C_NO_TLS = 2,           /* only before TLS */
    C_MAY_EXPUNGE = 4,      /* untagged EXPUNGE may be sent with its reply */
    C_UID = 8,              /* the UID form */
    C_ADMIN = 16,           /* administrators only */
    C_QUIET = 32,           /* arguments are secret: not logged, not in telemetry */
    C_STREAM = 64,          /* literals of its arguments are streamed, not collected */
    C_NUMBERS = 128,        /* takes or gives message numbers, where the UID form has UIDs */
    C_EXPUNGES = 256,       /* untagged EXPUNGE is its answer */
    C_NO_NEWS = 512,        /* its answer could be mistaken for what is told of other mailboxes */
};

struct command {
    const char *name;
    void (*run)(void *session, const struct command *);
    unsigned states;        /* bit set of the daemon's own states */
    unsigned flags;
    const char *args;       /* the daemon's argument pattern, for its parser and for help */
};

/* NULL when unknown.  The table is sorted by name or not; n rows. */
const struct command *cmd_find(const struct command *table, size_t n, struct slice word);

#endif

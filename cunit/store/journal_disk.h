/* journal_disk.h - disks of servers that died, for the tests of the journal
 *
 * A disk is a copy of the instance's cfg and spool, with links and times, below a directory of the
 * instance.  A crash is built from two of them: what was durable before an operation, and the
 * journal's files as they are after it.
 */
#ifndef CUNIT_STORE_JOURNAL_DISK_H
#define CUNIT_STORE_JOURNAL_DISK_H

#include "imap/store/mbentry.h"
#include "imap/store/store.h"

/* Keep the disk as it is now, in place of what was kept under that name. */
void disk_keep(const char *as);

/* cfg and spool become those that were kept; the journal's files are those of another disk (NULL:
 * of the same).  No store may be open. */
void disk_put(const char *kept, const char *journal_of);
/* One half of that each. */
void disk_put_cfg(const char *kept, const char *journal_of);
void disk_put_spool(const char *kept);
/* The journal's files and the marker alone. */
void disk_put_journal(const char *kept);

/* cp -a of one thing. */
void disk_copy(const char *from, const char *to);

/* Open the store as a server does that starts; ends the test program on failure. */
struct store *disk_open(void);

/* In a child process of its own: open the store, run fn, and die without closing anything.  What fn
 * returned. */
int disk_run(int (*fn)(struct store *));

/* Is the mailbox, byte for byte, what it is on the disk that was kept: index, cyrus.header, message
 * files?  NULL, or what differs (static). */
const char *disk_difference(const struct mbentry *, const char *kept);

#endif

/* recover.h - what opening a mailbox after a crash may conclude
 *
 * The order of writes (commit.h) leaves few kinds of debris, and each has one reading:
 *   stage files of processes that no longer live      removed (recover_stage_dir)
 *   *.NEW                                             never became valid: removed, but for a cache
 *                                                     whose index is in place: renamed
 *   message files above last_uid                      their commit died: removed; when nobody can
 *                                                     tell (power cut): taken in as messages
 *   index bytes behind num_records                    never committed: cut off
 *   option UNFINISHED in the index header, lock free  a writer died between its first and last
 *                                                     index write: counts and checksums are made
 *                                                     again, the quota root is recounted
 *   header checksum wrong                             the same; what records cannot tell comes from
 *                                                     the old bytes, the mailbox list, the files
 *   record checksum wrong                             a torn rewrite: flags as far as they can be
 *                                                     read, the rest from the message; new modseq
 *   record newer than the header                      committed in part: as UNFINISHED
 *   cache shorter than referenced, or not matching    parsed again when asked for
 *
 * A repair that loses something - flags, dates, names of keywords - is an error in the log, and a
 * bit in the header with its time (INDEX_OPT_REPAIRED): whoever selects the mailbox is told.
 *
 * A sound record whose message is missing stays as it is: the file system may only be gone for a
 * while, and a backup may bring the file back.
 *
 * A mailbox whose index was last written before the server started is checked once, at its first
 * opening, by reading all its records; the index's modification time then says that it was done.
 */
#ifndef STORE_RECOVER_H
#define STORE_RECOVER_H

#include "imap/store/mailbox.h"
#include "lib/base/err.h"

/* Find and repair all of the above in one mailbox, under exclusive locks taken here (none may be
 * held but the namespace lock).  Refreshes the view: recnos stay.  ERR_OK: the mailbox is sound
 * now; ERR_CORRUPT: only reconstruct can help (logged); ERR_LOCKED. */
err_t recover_mailbox(struct mailbox *) NODISCARD;

/* Remove new files that never got their names, of a mailbox that is sound otherwise; a cache that
 * the index in place belongs to gets its name.  Whoever writes such files now has the index lock:
 * then, and on a failure (logged), they stay. */
void recover_leftovers(struct mailbox *);

/* Remove what dead processes, or processes from before `start` (of the server), left in the staging
 * directory of a partition. */
void recover_stage_dir(struct slice partition, time_t start);

#endif

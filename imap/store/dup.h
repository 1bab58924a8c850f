/* dup.h - has this message been delivered here already? (deliver.db; databases.md 8; derived)
 *
 * Key: message-id NUL destination NUL date NUL; value: time and UID, each 8 bytes in the byte order
 * of the host.  The database is never synced: losing it after a crash costs at most a duplicate.
 */
#ifndef STORE_DUP_H
#define STORE_DUP_H

#include <stdint.h>
#include <time.h>

#include "imap/store/store.h"

/* The time it was marked, or 0 (also when the database cannot be read: logged, and mail is let
 * through). */
time_t dup_check(struct store *, struct slice message_id, struct slice dest, struct slice date);
void dup_mark(struct store *, struct slice message_id, struct slice dest, struct slice date, time_t,
              uint32_t uid);
/* Remove marks older than `before`. */
err_t dup_prune(struct store *, time_t before, unsigned *removed) NODISCARD;

/* All marks, for ctl_deliver. */
struct dup_mark {
    struct slice message_id, dest, date;
    time_t when;
    uint64_t uid;
};
typedef err_t dup_visit_fn(void *arg, const struct dup_mark *);
err_t dup_foreach(struct store *, dup_visit_fn *, void *arg) NODISCARD;

#endif

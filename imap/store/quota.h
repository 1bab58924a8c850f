/* quota.h - how much a quota root may hold, and how much it does
 *
 * A quota root is a mailbox name; a mailbox obeys the nearest root at or above it.  Units: STORAGE
 * and ANNOTATION in bytes (protocols and limits in files: KiB), the others counts.  The value's
 * text: formats/mailbox-store.md 17.  Usage is derived (recount gives it again); limits are not.
 * Locking: a root is locked from quota_lock() to quota_commit()/quota_abort(), after the mailbox
 * (lockorder.h).
 */
#ifndef STORE_QUOTA_H
#define STORE_QUOTA_H

#include <stdint.h>

#include "imap/store/store.h"

struct quota;
enum quota_res { QUOTA_STORAGE, QUOTA_MESSAGE, QUOTA_ANNOTATION, QUOTA_FOLDERS, QUOTA_NRES };
#define QUOTA_UNLIMITED INT64_MAX
/* "STORAGE", "MESSAGE", "X-ANNOTATION-STORAGE", "X-NUM-FOLDERS" */
extern const char *const quota_res_names[QUOTA_NRES];
int64_t quota_res_unit(enum quota_res); /* 1024 or 1: what one unit of a limit is in bytes/items */

struct quota_state {
    int64_t used[QUOTA_NRES];                   /* bytes, items */
    int64_t limit[QUOTA_NRES];                  /* bytes, items; QUOTA_UNLIMITED */
    uint64_t modseq;
};

/* Root of a mailbox: the nearest at or above it, at last its domain ("dom!").  ERR_NOTFOUND:
 * none. */
err_t quota_find(struct store *, struct slice intname, struct buf *root_out) NODISCARD;
/* ERR_NOTFOUND: no such root.  ERR_CORRUPT: unreadable (logged); the file is left alone. */
err_t quota_read(struct store *, struct slice root, struct quota_state *out) NODISCARD;
/* create: make the root when missing.  One root at a time per process.  ERR_LOCKED after the
 * wait. */
err_t quota_lock(struct store *, struct slice root, bool create, struct quota **out) NODISCARD;
const struct quota_state *quota_state(const struct quota *);
/* May n more be stored?  n == 0 asks "not over yet?". ERR_OVERQUOTA. */
err_t quota_check(const struct quota_state *, enum quota_res, int64_t n) NODISCARD;
/* Add n, which may be negative; never below zero (a shortfall is logged once). */
void quota_add(struct quota *, enum quota_res, int64_t n);
void quota_set_used(struct quota *, enum quota_res, int64_t used);
void quota_set_limit(struct quota *, enum quota_res, int64_t limit);
/* Limits durable; usage alone: derived, not synced. */
err_t quota_commit(struct quota **) NODISCARD;
void quota_abort(struct quota **);              /* NULL is fine */

/* Usage of a mailbox by its index header: what it adds to its root. */
struct index_head;
void quota_usage_of(const struct index_head *, int64_t used[QUOTA_NRES]);
/* Add (sign 1) or take away (sign -1) such usage in one step.  An empty or missing root is fine. */
err_t quota_charge(struct store *, struct slice root, const int64_t used[QUOTA_NRES],
                   int sign) NODISCARD;

/* A new or changed root: sets Q of the mailboxes below, counts them.  SETQUOTA.  ERR_BADNAME: no
 * name for a root. Takes namespace locks. */
err_t quota_set_limits(struct store *, struct slice root,
                       const int64_t limit[QUOTA_NRES]) NODISCARD;
typedef err_t quota_visit_fn(void *arg, struct slice root, const struct quota_state *);
/* All roots whose name begins with these bytes, in order.  Unreadable ones are logged and passed
 * over; the walk then ends with ERR_CORRUPT. */
err_t quota_foreach(struct store *, struct slice prefix, quota_visit_fn *, void *arg) NODISCARD;
/* The root goes; mailboxes below fall to the next one above.  ERR_NOTFOUND. */
err_t quota_delete(struct store *, struct slice root) NODISCARD;

/* Recount the roots at and below prefix ("": all) from the index headers, and set the roots named
 * in the mailboxes' headers.  Runs beside live sessions: what differs is counted again under the
 * owner's namespace lock (which the caller may hold already) before it is corrected.  ERR_CORRUPT:
 * some root is unreadable (logged, left alone); the others were counted. */
struct quota_correction {
    struct slice name; /* of the root; of the mailbox when old_root and new_root matter */
    bool is_root_change;
    struct slice old_root, new_root;            /* empty: none */
    enum quota_res res;
    int64_t was, now;                           /* usage in bytes or items */
};
struct quota_run {
    bool fix;                                   /* else report only */
    void (*correction)(void *arg, const struct quota_correction *);     /* may be NULL */
    void (*at_mailbox)(void *arg, struct slice intname); /* before each is counted; may be NULL */
    void *arg;
};
err_t quota_count(struct store *, struct slice prefix, const struct quota_run *) NODISCARD;

/* The same with fix on or off; report(line) per correction (NULL: silent), names are internal:
 *   "user.fred: STORAGE usage was 1, now 198"      "user.fred.x: quota root user.fred --> (none)"
 */
err_t quota_fix(struct store *, struct slice prefix, void (*report)(void *, const char *),
                void *arg) NODISCARD;
err_t quota_verify(struct store *, struct slice prefix, void (*report)(void *, const char *),
                   void *arg) NODISCARD;
/* Append such a line. */
void quota_correction_text(const struct quota_correction *, struct buf *out);

/* One root alone, without the mailboxes' headers. */
err_t quota_fix_one(struct store *, struct slice root) NODISCARD;

#endif

/* commit.h - every durable change of mailboxes: THE order of writes
 *
 * A commit is one write session on one mailbox: namespace lock (shared), mailbox lock (shared),
 * index lock (exclusive) from commit_begin() to commit_end()/commit_abort().  Changes are collected
 * in memory and written in one order:
 *   - what STATUS kept of the mailbox is dropped (statuscache.h; not synced)
 *   0 UNFINISHED into the index header, before the first byte of the mailbox changes (it tells other
 *     processes that the writer died; the last write takes it away; synced only before a name is
 *     linked that no record of the journal brings)
 *   1 message data (staged file, made durable before any lock is taken), names linked into place
 *   2 header file when user flags changed (replaced, its bytes durable); cache record (derived: not
 *   2 header file when user flags changed (replaced, its bytes durable); cache record (derived, and
 *     checksummed: no reply depends on it); then the directories and the cache made durable
 *   3 index records, quota use (derived, never synced here), index header: the commit point, one
 *     sync
 *   4 duplicate marks, seen and other derived state
 *   5 listeners, after all locks are released
 * commit_end_many() shares the syncs of several mailboxes.  What recovery may conclude: recover.h.
 * Callers see only "durable or not": group commit or a journal can replace the inside.
 */
#ifndef STORE_COMMIT_H
#define STORE_COMMIT_H

#include "imap/store/mailbox.h"
#include "imap/store/stage.h"

struct commit;

/* Fresh picture of the mailbox (as after mailbox_refresh; *news tells, may be NULL).  ERR_LOCKED,
 * ERR_NOTFOUND, ERR_CORRUPT, ERR_READONLY; ERR_INUSE: this process already has a commit on that
 * mailbox. */
err_t commit_begin(struct mailbox *, enum mailbox_news *news, struct commit **out) NODISCARD;

/* Several mailboxes at once (one delivery to many): the locks are taken in the one order that
 * cannot deadlock.  A series of commit_begin() may do the same in order of mailbox name. results[i]
 * and out[i] (NULL on failure) per mailbox; news may be NULL.  A mailbox that is named twice:
 * ERR_INUSE for the second. */
void commit_begin_many(struct mailbox *const *, size_t n, enum mailbox_news *news,
                       struct commit **out, err_t *results);

struct append_info {
    uint32_t flags;                             /* system flags */
    const struct slice *keywords;               /* user flags by name */
    size_t nkeywords;
    time_t internaldate;                        /* 0 = now */
    bool seen_by_owner_only;                    /* unused bits stay 0 */
};
enum quota_rule { QUOTA_STRICT, QUOTA_DELIVERY, QUOTA_IGNORE };     /* QU-09, QU-10, QU-14 */
/* Would n more messages of size bytes in all fit?  ERR_OVERQUOTA.  Under the commit's lock. */
err_t commit_check_quota(struct commit *, enum quota_rule, uint64_t bytes,
                         uint32_t messages) NODISCARD;

/* The stage may be linked into many mailboxes.  *uid_out: UID given. */
err_t commit_append(struct commit *, struct stage *, const struct append_info *,
                    uint32_t *uid_out) NODISCARD;
#define COPY_WITHOUT_KEYWORDS (1u << 31)        /* in system_flags: leave user flags out */
/* Copy by hard link from another mailbox (or the same): keeps dates and user flags of the source;
 * system flags are those given.  src stays open, and its picture as it is, until the call returns.
 * ERR_NOTFOUND: the message has gone; ERR_CORRUPT: its record is damaged; ERR_LIMIT: user flags. */
err_t commit_copy(struct commit *dst, struct mailbox *src, uint32_t recno, uint32_t system_flags,
                  uint32_t *uid_out) NODISCARD;

/* ---- annotations of messages (RFC 5257, msgannot.h): commit_annot.c ---- */

/* Set the value of an entry; value.p NULL: there is none from now on.  userid: empty for the shared
 * value, else as it is stored (annot_userid()).  The message gets a new modseq, unless it came with
 * this commit or nothing changes.  All changes of one message are made in a row.  A message whose
 * annotations change is not expunged by the same commit.  ERR_NOTFOUND: no such message, or it is
 * expunged; ERR_LIMIT: the value is longer than MSGANNOT_VALUE_MAX, the message has
 * MSGANNOT_ENTRIES_MAX values, or the commit has too much to write; ERR_CORRUPT. */
err_t commit_annotate(struct commit *, uint32_t uid, struct slice entry, struct slice userid,
                      struct slice value) NODISCARD;

/* Which annotations go along with a copy. */
struct annot_copy {
    bool shared, of_user;
    struct slice from, to; /* stored userid of the one user whose values are copied, there and here */
};
/* Annotations of a message of src for one that came with this commit; values that are too long stay
 * behind.  Errors as above. */
err_t commit_copy_annotations(struct commit *, uint32_t uid, struct mailbox *src, uint32_t src_uid,
                              const struct annot_copy *) NODISCARD;

/* Is there room for what the annotations have grown by so far?  ERR_OVERQUOTA. */
err_t commit_check_annotation_quota(struct commit *) NODISCARD;

/* Replace system flags (mask says which) and user flags of one record.  A change that changes
 * nothing gives no new modseq.  Bit n mod 32 of word n / 32 is user flag n.  ERR_CORRUPT: the
 * record is damaged. */
struct flag_change {
    uint32_t system_mask, system_value;
    uint32_t user_mask[USER_FLAGS_MAX / 32], user_value[USER_FLAGS_MAX / 32];
    bool touch;         /* a new modseq in any case: a flag that is kept elsewhere changes */
};
err_t commit_flags(struct commit *, uint32_t recno, const struct flag_change *) NODISCARD;
/* Number of a user flag, created when missing (limit: only the first 100 for clients).
 * ERR_LIMIT. */
err_t commit_keyword(struct commit *, struct slice name, unsigned *out) NODISCARD;
/* By expunge_mode: kept, or its file (and record) removed at closing.  ERR_NOTFOUND: it is expunged
 * already; ERR_CORRUPT. */
err_t commit_expunge(struct commit *, uint32_t recno) NODISCARD;
/* \Recent bookkeeping of the owner and POP3 login time: derived, not synced by itself. */
void commit_recent(struct commit *, uint32_t recentuid);
/* Time of the last POP3 login: derived too. */
void commit_pop3_login(struct commit *, time_t);
/* Option bits of the index header (enum mailbox_options): durable. */
void commit_options(struct commit *, uint32_t set, uint32_t clear);

/* Pending state as seen inside the commit. */
uint32_t commit_last_uid(const struct commit *);
/* With the changes collected so far. */
uint64_t commit_highestmodseq(const struct commit *);

/* Durable on ERR_OK; on failure nothing of it is visible.  Refreshes the mailbox's picture
 * (MAILBOX_CHANGED). Frees in every case. */
err_t commit_end(struct commit **) NODISCARD;
/* The same for several mailboxes with shared syncs; results[i] per mailbox.  Commits that expunge
 * are not written when one of the others failed: a MOVE never loses a message. */
void commit_end_many(struct commit **, size_t n, err_t *results);
void commit_abort(struct commit **);            /* NULL is fine */

#endif

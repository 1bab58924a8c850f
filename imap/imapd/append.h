/* append.h - messages on their way from the wire into a mailbox: what APPEND and its kin share
 *
 * All messages of a command are staged first, without a lock, and stored by one commit: all of
 * them or none (RFC 3502).  What stays in memory meanwhile is bounded; more goes to staged files.
 */
#ifndef IMAPD_APPEND_H
#define IMAPD_APPEND_H

#include "imap/imapd/flag_words.h"
#include "imap/imapd/imapd.h"
#include "imap/store/quota.h"
#include "imap/store/stage.h"
#include "lib/base/ranges.h"
#include "lib/base/vec.h"

struct append_message {
    struct flag_words flags;                    /* keywords in the command arena */
    time_t internaldate;                        /* 0: now */
    struct stage *stage;                        /* finished */
};

struct append_run {
    struct session *s;
    struct slice name;                          /* internal */
    struct mbentry entry;
    rights_t rights;
    struct quota_state quota;                   /* of its root, as it was when the command began */
    bool has_quota;
    struct vec messages;                        /* struct append_message */
    uint64_t bytes;                             /* of all messages */
    uint64_t content, kept;                     /* in memory: of messages, and what else belongs to them */
    struct mailbox *mb;                         /* after append_store() */
    struct ranges uids;
    uint32_t uidvalidity;
};

/* Empty; append_fini() frees what was staged. */
void append_init(struct append_run *, struct session *, struct slice name);
void append_fini(struct append_run *);

/* Does the mailbox take messages of this user?  ERR_NOTFOUND, ERR_DENIED. */
err_t append_admit(struct append_run *) NODISCARD;
/* May `size` more bytes come, as one more message?  ERR_SYNTAX: it is empty; ERR_LIMIT: too large;
 * ERR_OVERQUOTA.  The commit asks again about the quota, under its lock. */
err_t append_may_add(const struct append_run *, uint64_t size) NODISCARD;
/* One more message; its stage is the run's from now on, whatever comes of it.  ERR_LIMIT: too many. */
err_t append_add(struct append_run *, const struct append_message *) NODISCARD;
/* All messages into the mailbox, durable; fills mb, uids, uidvalidity. */
err_t append_store(struct append_run *) NODISCARD;
/* Words for a message that may not be stored as it is (DL-17); NULL: it may. */
const char *append_fault(const struct facts *);

#endif

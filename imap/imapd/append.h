/* append.h - messages on their way from the wire into a mailbox: what APPEND and its kin share
 *
 * All messages of a command are staged first, without a lock, and stored by one commit: all of
 * them or none (RFC 3502).  What stays in memory meanwhile is bounded; more goes to staged files.
 */
#ifndef IMAPD_APPEND_H
#define IMAPD_APPEND_H

#include "imap/imapd/annotation.h"
#include "imap/imapd/flag_words.h"
#include "imap/imapd/imapd.h"
#include "imap/store/quota.h"
#include "imap/store/stage.h"
#include "lib/base/ranges.h"
#include "lib/base/vec.h"

struct append_message {
    struct flag_words flags;                    /* keywords in the command arena */
    time_t internaldate;                        /* 0: now */
    struct annotation_changes annotations;
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
    struct annotation_changes refused;          /* fault: the annotations that could not be set */
};

/* ---- append_store.c ---- */

/* Empty; append_fini() frees what was staged. */
void append_init(struct append_run *, struct session *, struct slice name);
void append_fini(struct append_run *);

/* Does the mailbox take messages of this user?  ERR_NOTFOUND, ERR_DENIED. */
err_t append_admit(struct append_run *) NODISCARD;
/* May a message of `size` bytes come?  ERR_SYNTAX: it is empty; ERR_LIMIT: too large; ERR_OVERQUOTA.
 * The commit asks again about the quota, under its lock. */
err_t append_may_add(const struct append_run *, uint64_t size) NODISCARD;
/* One more message; its stage is the run's from now on, whatever comes of it.  ERR_LIMIT: too many. */
err_t append_add(struct append_run *, const struct append_message *) NODISCARD;
/* All messages into the mailbox, durable; fills mb, uids, uidvalidity. */
err_t append_store(struct append_run *) NODISCARD;
/* The same, and that message of the selected mailbox is expunged with it: both or none (RFC 8508).
 * ERR_AGAIN: it has gone already. */
err_t append_store_instead(struct append_run *, uint32_t msgno) NODISCARD;
/* Words for a message that may not be stored as it is (DL-17); NULL: it may. */
const char *append_fault(const struct facts *);

/* ---- append_take.c ---- */

/* Messages from the wire, one or (MULTIAPPEND) more, up to the end of the command.  false: the answer is
 * out, or the session at its end. */
bool append_take(struct append_run *, bool several);
/* The octets of a literal into a stage, and the text behind it into the tokeniser.  *store_err: what
 * the stage said; the result is that of the wire. */
err_t append_receive(struct session *, const struct imaptok_literal *, struct stage *,
                     err_t *store_err) NODISCARD;
/* Why append_may_add() does not want it. */
void append_refuse_size(struct session *, err_t);
/* What comes unasked from here on to the end of the command is dropped. */
void append_drain(struct session *);

/* ---- cmd_append.c ---- */

/* Blank and mailbox name from the wire, then append_admit().  false: the answer is out.
 * append_end() in any case. */
bool append_begin(struct append_run *, struct session *);
void append_end(struct append_run *);
/* Tagged NO for a mailbox that cannot take the messages. */
void append_refuse(struct append_run *, err_t);
/* "APPENDUID ..." if the user may know it. */
bool append_uid_code(const struct append_run *, struct buf *code);

#endif

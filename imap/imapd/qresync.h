/* qresync.h - the QRESYNC parameter of SELECT (RFC 7162 3.2.5) */
#ifndef IMAPD_QRESYNC_H
#define IMAPD_QRESYNC_H

#include "imap/imapd/imapd.h"

struct qresync {
    bool given;
    uint32_t uidvalidity;
    uint64_t modseq;
    struct ranges known;                        /* UIDs; all when !has_known */
    bool has_known;
    struct ranges seq, seq_uids;                /* sample of numbers and their UIDs */
};

/* " (uidvalidity modseq [known-uids] [(seqs uids)])" from the command's arguments. */
err_t qresync_read(struct session *, struct qresync *) NODISCARD;
void qresync_fini(struct qresync *);

/* VANISHED (EARLIER) and FETCH responses for what changed since, if the uidvalidity still holds. */
void qresync_tell(struct session *, const struct qresync *);

/* UIDs among `wanted` (all up to the last UID if NULL) that were expunged with a modseq above `since`; if the
 * mailbox has forgotten so far back, all of `wanted` that do not exist (RFC 7162 3.2.5.2). */
void qresync_vanished(struct session *, uint64_t since, const struct ranges *wanted, struct ranges *out);

#endif

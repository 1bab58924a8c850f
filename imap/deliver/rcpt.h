/* rcpt.h - from an address to the mailbox that a message for it goes to (RFC 5233; features DL-08 to DL-14)
 *
 *   user            user's INBOX
 *   user+folder     that folder if it exists and the poster has p there, else INBOX
 *   +folder         shared folder (also postuser+folder): needs p, no fallback
 */
#ifndef DELIVER_RCPT_H
#define DELIVER_RCPT_H

#include "imap/store/mblist.h"
#include "lib/base/buf.h"

struct rcpt {
    struct buf address;                         /* as given, for replies and logs */
    struct buf userid;                          /* canonical; empty for shared folders */
    struct buf detail;                          /* behind the '+', as given */
    struct mbentry entry;                       /* mailbox that gets the message */
    bool ignore_quota;
};

void rcpt_init(struct rcpt *);
void rcpt_fini(struct rcpt *);

/* Find the mailbox.  poster: identity whose p right counts (anonymous, or AUTH= of a trusted
 * client).  ERR_NOTFOUND: no such user or folder; ERR_DENIED: no p; ERR_OVERQUOTA: a root is over its limit
 * already (or would be with `size` more bytes, lmtp_strict_quota); ERR_BADNAME: impossible address;
 * others temporary. */
err_t rcpt_resolve(struct store *, const struct ident *poster, struct slice local, struct slice domain,
                   bool ignore_quota, uint64_t size, struct rcpt *out) NODISCARD;

#endif

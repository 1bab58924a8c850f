/* lmtpd.h - one LMTP session (RFC 2033): its state and its parts
 *
 *   start -LHLO-> GREETED -MAIL-> MAIL -RCPT ok-> RCPT -DATA-> (verdicts) -> GREETED
 *
 * session.c: states and commands; envelope.c: MAIL and RCPT; data.c: the message; verdict.c: kinds of failure
 * to replies.
 */
#ifndef LMTPD_LMTPD_H
#define LMTPD_LMTPD_H

#include "imap/deliver/rcpt.h"
#include "imap/serve/cmdtable.h"
#include "imap/serve/serve.h"
#include "lib/base/vec.h"
#include "lib/text/linetok.h"

enum lmtp_state { LS_START = 1, LS_GREETED = 2, LS_MAIL = 4, LS_RCPT = 8, LS_END = 16,
                  LS_ANY = LS_START | LS_GREETED | LS_MAIL | LS_RCPT };

struct session {
    struct session_base *base;
    enum lmtp_state state;
    bool preauth;                               /* unix socket or -a: trusted */
    struct buf lhlo;                            /* name the client gave */
    struct slice args;                          /* of the command being served */
    unsigned bad_commands;
    /* envelope */
    struct buf from;                            /* return path, without <> */
    struct ident *poster;                       /* whose p right counts */
    uint64_t size;                              /* SIZE=, or 0 */
    struct vec rcpts;                           /* struct rcpt, accepted ones */
};

static inline struct stream *out(struct session *s)
{
    return s->base->stream;
}

void session_run(struct session_base *);
void session_set_preauth(bool);                 /* -a */

void reply(struct session *, const char *fmt, ...) PRINTF_LIKE(2, 3);     /* one line, CRLF added */

/* envelope.c */
void envelope_reset(struct session *);
void lmtp_mail(void *session, const struct command *);
void lmtp_rcpt(void *session, const struct command *);
/* data.c */
void lmtp_data(void *session, const struct command *);
/* verdict.c: reply for one recipient; id: session id of the text. */
void verdict_rcpt(struct session *, err_t);                     /* at RCPT */
void verdict_data(struct session *, err_t);                     /* after the dot */

#endif

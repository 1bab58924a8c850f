/* pop3d.h - one POP3 session (RFC 1939, 2449): its state and its parts
 *
 *   connect -> AUTHORIZATION -login, maildrop locked-> TRANSACTION -QUIT-> UPDATE -> end
 *
 * session.c: loop and the commands before login; trans.c: those after it; maildrop.c: the messages.
 */
#ifndef POP3D_POP3D_H
#define POP3D_POP3D_H

#include "imap/pop3d/maildrop.h"
#include "imap/serve/cmdtable.h"
#include "imap/serve/serve.h"
#include "lib/text/linetok.h"

enum pop_state { PS_AUTH = 1, PS_TRANS = 2, PS_END = 4, PS_ANY = PS_AUTH | PS_TRANS };

struct session {
    struct session_base *base;
    enum pop_state state;
    struct slice args;                          /* of the command being served */
    struct buf user;                            /* given by USER */
    struct buf folder;                          /* behind '+' of the login name (popsubfolders) */
    unsigned failed_logins, bad_commands;
    struct maildrop *drop;                      /* PS_TRANS */
    uint64_t retrieved_bytes;
    uint32_t retrieved, deleted;
};

static inline struct stream *out(struct session *s)
{
    return s->base->stream;
}

void session_run(struct session_base *);

void reply(struct session *, const char *fmt, ...) PRINTF_LIKE(2, 3);     /* one line, CRLF added */

/* trans.c */
extern const struct command pop_trans_commands[];
extern const size_t pop_ntrans_commands;

#endif

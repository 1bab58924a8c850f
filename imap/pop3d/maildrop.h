/* maildrop.h - the messages of one POP3 session, numbered at login and fixed until QUIT */
#ifndef POP3D_MAILDROP_H
#define POP3D_MAILDROP_H

#include "imap/store/mailbox.h"
#include "lib/auth/ident.h"

struct maildrop;

/* Lock and number the messages of the user's INBOX (or its subfolder).  ERR_INUSE: another session has it;
 * ERR_NOTFOUND: no such mailbox; ERR_DENIED: popuseacl and no r; ERR_AGAIN: popminpoll forbids a login so soon. */
err_t maildrop_open(struct store *, const struct ident *, struct slice folder, struct maildrop **out) NODISCARD;
void maildrop_close(struct maildrop **);        /* without removing anything */

uint32_t maildrop_count(const struct maildrop *);       /* highest number */
/* Not marked: how many, and their bytes. */
void maildrop_stat(const struct maildrop *, uint32_t *n, uint64_t *bytes);
bool maildrop_is_there(const struct maildrop *, uint32_t number);       /* exists and is not marked */
uint32_t maildrop_size(const struct maildrop *, uint32_t number);
void maildrop_uidl(const struct maildrop *, uint32_t number, struct buf *out);

/* The bytes, borrowed until the next call; \Seen is set at the end of the session (popuseimapflags). */
err_t maildrop_message(struct maildrop *, uint32_t number, struct slice *out, uint32_t *header_size) NODISCARD;

err_t maildrop_mark(struct maildrop *, uint32_t number) NODISCARD;      /* ERR_DENIED: popuseacl and no t */
void maildrop_reset(struct maildrop *);

/* UPDATE state: remove what is marked, durably.  *removed: how many. */
err_t maildrop_update(struct maildrop *, uint32_t *removed) NODISCARD;

#endif

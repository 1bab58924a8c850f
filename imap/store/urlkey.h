/* urlkey.h - the secret keys of URLAUTH: one for each user and mailbox (RFC 4467 2.2; formats/databases.md 12)
 *
 * File "mboxkey" of the user, mboxkey_db: internal mailbox name -> version (0, 1) and 16 random octets.
 */
#ifndef STORE_URLKEY_H
#define STORE_URLKEY_H

#include "imap/store/store.h"

enum { URLKEY_SIZE = 16 };

/* ERR_NOTFOUND: there is none; ERR_CORRUPT: of another form (logged). */
err_t urlkey_read(struct store *, struct slice userid, struct slice intname,
                  uint8_t out[URLKEY_SIZE]) NODISCARD;
/* The same, made when there is none; durable. */
err_t urlkey_make(struct store *, struct slice userid, struct slice intname,
                  uint8_t out[URLKEY_SIZE]) NODISCARD;
/* Forget one, or (intname empty) all: what was authorized with it is so no longer.  Durable; none there:
 * ERR_OK. */
err_t urlkey_forget(struct store *, struct slice userid, struct slice intname) NODISCARD;

#endif

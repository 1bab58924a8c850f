/* upgrade.h - cyrus.index of versions 6 to 16 becomes version 17 (formats/mailbox-store.md 8)
 *
 * Happens at the first opening, under exclusive locks: index and cache are written anew and renamed
 * into place; message annotations that became record fields move.
 */
#ifndef STORE_UPGRADE_H
#define STORE_UPGRADE_H

#include "imap/store/mailbox.h"

/* ERR_OK: the files are version 17 now (also when another process was faster).  ERR_READONLY,
 * ERR_LOCKED, ERR_CORRUPT, ERR_IO: nothing has changed. */
err_t upgrade_mailbox(struct store *, const struct mbentry *) NODISCARD;

#endif

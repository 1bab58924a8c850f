/* poplock.h - the exclusive lock of a POP3 maildrop (RFC 1939 3; features PO-02)
 *
 * A lock file of its own, held by the POP3 session from login to its end: other POP3 sessions are
 * refused, and IMAP does not expunge meanwhile.  Delivery and reading go on.  With `popexclusive:
 * no` nothing is locked.
 */
#ifndef STORE_POPLOCK_H
#define STORE_POPLOCK_H

#include "imap/store/mblist.h"

/* ERR_INUSE: another session has it.  *fd_out: to be given to poplock_drop(); -1 when nothing was
 * locked. */
err_t poplock_take(const struct mbentry *, int *fd_out) NODISCARD;
void poplock_drop(int *fd);

/* ERR_INUSE while a session holds it. */
err_t poplock_test(const struct mbentry *) NODISCARD;

#endif

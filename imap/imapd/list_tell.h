/* list_tell.h - a LIST response that no LIST has asked for (RFC 5465 5.4, 5.5, 5258, 9051 6.3.2, 6.3.9.7) */
#ifndef IMAPD_LIST_TELL_H
#define IMAPD_LIST_TELL_H

#include "imap/imapd/imapd.h"

enum list_tell_flags {
    LIST_TELL_NO_ACCESS = 1,
    LIST_TELL_EXISTS = 2                /* it is there, though this user may not look it up */
};

/* The name as it is now: \NonExistent when there is no such mailbox for this user, \Subscribed,
 * children, special uses.  oldname: as the client names it, for OLDNAME if it is another name; empty: none. */
void list_tell(struct session *, struct slice intname, struct slice oldname, unsigned flags);

#endif

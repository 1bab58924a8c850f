/* notify_list.h - a LIST response that no LIST has asked for (RFC 5465 5.4, 5.5, 5258) */
#ifndef IMAPD_NOTIFY_LIST_H
#define IMAPD_NOTIFY_LIST_H

#include "imap/imapd/imapd.h"

enum notify_list_flags { NOTIFY_LIST_NO_ACCESS = 1 };

/* The name as it is now: \NonExistent when there is no such mailbox for this user, \Subscribed,
 * children, special uses.  oldname: not empty for OLDNAME. */
void notify_list_put(struct session *, struct slice intname, struct slice oldname, unsigned flags);

#endif

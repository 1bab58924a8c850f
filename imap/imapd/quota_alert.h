/* quota_alert.h - the warning at SELECT when a quota is nearly or wholly used (QU-16, QU-17) */
#ifndef IMAPD_QUOTA_ALERT_H
#define IMAPD_QUOTA_ALERT_H

#include "imap/imapd/imapd.h"

/* For the mailbox selected now; says nothing unless the user may delete here. */
void quota_alert(struct session *);

#endif

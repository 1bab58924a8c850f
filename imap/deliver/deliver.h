/* deliver.h - one message into the mailboxes of its recipients, with a verdict for each
 *
 * The message is staged once; every mailbox gets a link (other partitions one copy).  Commits share
 * their syncs; one recipient's failure changes nothing for another.  A verdict of ERR_OK means durable.
 */
#ifndef DELIVER_DELIVER_H
#define DELIVER_DELIVER_H

#include "imap/deliver/rcpt.h"
#include "imap/store/stage.h"

struct delivery {
    struct stage *stage;                        /* finished */
    struct rcpt *rcpts;
    size_t n;
    const char *session_id;                     /* for the log */
};

/* verdicts[i] for rcpts[i].  ERR_EXISTS is reported as ERR_OK after logging: a duplicate was suppressed. */
void deliver_run(struct store *, const struct delivery *, err_t *verdicts);

#endif

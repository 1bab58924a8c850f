/* url_message.h - the bytes that an IMAP URL stands for: a message, or a section or stretch of it */
#ifndef IMAPD_URL_MESSAGE_H
#define IMAPD_URL_MESSAGE_H

#include "imap/imapd/imapd.h"
#include "imap/store/mailbox.h"
#include "lib/text/imapurl.h"

struct url_message {
    struct mbentry entry;
    struct mailbox *mb;
    uint32_t recno;
    struct slice bytes;                 /* borrowed until url_message_fini() */
    struct buf fields;                  /* behind bytes, for chosen header fields */
};

/* Open mailbox `intname` as that user, who needs the right to read it, and find the bytes.  NULL, or
 * words why not; a mailbox that the user may not know of does not exist.  url_message_fini() in any case. */
const char *url_message_open(struct session *, const struct actor *, struct slice intname,
                             const struct imapurl *, struct url_message *out);
void url_message_fini(struct url_message *);

#endif

/* url_message.h - the bytes that an IMAP URL stands for: a message, or a section or stretch of it; also decoded, and with
 * the structure of the part (RFC 5524) */
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
    struct slice section;               /* the same without the stretch, as in the message */
    bool is_content;                    /* the message, or the content of a part, and not a header or text */
    uint32_t encoding;                  /* enum mime_encoding, of content */
    const uint32_t *part;               /* of whom the structure tells */
    size_t nparts;
    bool of_inner;                      /* of the message that is in the part */
    struct buf decoded;
};

/* Open mailbox `intname` as that user, who needs the right to read it, and find the bytes.  NULL, or
 * words why not; a mailbox that the user may not know of does not exist.  url_message_fini() in any case. */
const char *url_message_open(struct session *, const struct actor *, struct slice intname,
                             const struct imapurl *, struct url_message *out);
void url_message_fini(struct url_message *);

/* The bytes without their transfer encoding; *unknown: nobody knows it, there are none.  False: they are none that have
 * one. */
bool url_message_decode(struct url_message *, const struct imapurl *, struct slice *out, bool *unknown);

/* Append the BODYPARTSTRUCTURE; of what was decoded before, if it was: encoding, size and lines are then those of the
 * decoded bytes.  False: the message has none that can be read. */
bool url_message_structure(struct url_message *, struct buf *out);

#endif

/* url_auth.h - authorized URLs: whom they serve, and their tokens (RFC 4467)
 *
 * The token of the INTERNAL mechanism is that of 3.6.1: a version octet 0 and the HMAC-SHA1 of the rump
 * URL under the owner's key for the mailbox, in hexadecimal digits.
 */
#ifndef IMAPD_URL_AUTH_H
#define IMAPD_URL_AUTH_H

#include "imap/imapd/imapd.h"
#include "lib/text/imapurl.h"

enum { URL_TOKEN_SIZE = 42 };

/* Append the URL with its mechanism and token.  NULL, or words why not.  Only for a URL of the user himself,
 * of a message in a mailbox that he may read now. */
const char *url_auth_make(struct session *, struct slice url, struct buf *out);

/* May this session fetch what the URL names?  Then *owner is the user with whose rights that is
 * done (ident_free()) and *intname the mailbox, in the arena. */
bool url_auth_check(struct session *, struct slice url, const struct imapurl *, struct ident **owner,
                    struct slice *intname);

#endif

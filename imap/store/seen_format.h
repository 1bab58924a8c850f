/* seen_format.h - the value of a seen database (formats/mailbox-store.md 15)
 */
#ifndef STORE_SEEN_FORMAT_H
#define STORE_SEEN_FORMAT_H

#include "imap/store/seen.h"

enum { SEEN_MAX_RANGES = 1000 * 1000 };         /* of one mailbox */

/* ERR_CORRUPT: not such a value; *out is then empty. */
err_t seen_parse(struct slice value, struct seen *out) NODISCARD;
/* Append the value. */
void seen_format(const struct seen *, struct buf *out);

#endif

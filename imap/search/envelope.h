/* envelope.h - reading the ENVELOPE of a cache record (RFC 3501 7.4.2; cache_format.h)
 *
 * The cache holds the text of the list; everything here points into it.  Strings are NIL, quoted without escapes, or
 * literals, as the store writes them; other bytes are refused, not trusted.
 */
#ifndef SEARCH_ENVELOPE_H
#define SEARCH_ENVELOPE_H

#include <stdbool.h>

#include "lib/base/slice.h"

enum envelope_field {
    ENV_DATE, ENV_SUBJECT, ENV_FROM, ENV_SENDER, ENV_REPLY_TO, ENV_TO, ENV_CC, ENV_BCC, ENV_IN_REPLY_TO,
    ENV_MESSAGE_ID, ENV_NFIELDS
};

struct envelope {
    struct slice field[ENV_NFIELDS];    /* each as written: a string or a list */
};

/* Cut the item into its fields.  False: it is no ENVELOPE. */
bool envelope_split(struct slice item, struct envelope *out);

/* The bytes of a string; p is NULL for NIL and for what is no string. */
struct slice envelope_string(struct slice written);

/* Name, mailbox and host of the first address of a list, as bytes; p is NULL where it says NIL. */
struct envelope_address {
    struct slice name, mailbox, host;
};
/* False: NIL, or no list. */
bool envelope_first_address(struct slice list, struct envelope_address *out);

#endif

/* msgid.h - message ids of Message-ID, In-Reply-To and References, in one form (RFC 5322 3.6.4, RFC 5256 3) */
#ifndef SEARCH_MSGID_H
#define SEARCH_MSGID_H

#include "lib/base/buf.h"
#include "lib/base/slice.h"

enum { MSGID_MAX = 1000 };              /* bytes of an id as written; what is longer is none */

/* Take the next valid id out of a field value: *rest is what follows it.  *out gets "left@right" without quoting,
 * brackets and white space, replacing what it held.  False: there is none.  Linear. */
bool msgid_next(struct slice *rest, struct buf *out);

#endif

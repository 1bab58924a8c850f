/* subject.h - base subject: what is left of a Subject without "Re:", "Fwd:", "[list]" and the like (RFC 5256 2.1) */
#ifndef SEARCH_SUBJECT_H
#define SEARCH_SUBJECT_H

#include "lib/base/buf.h"
#include "lib/base/slice.h"

/* Append the base subject of a decoded, unfolded Subject (UTF-8).  True: what was taken away says that the message is
 * a reply or was forwarded (RFC 5256 3, REFERENCES).  Linear; the case is kept. */
bool subject_base(struct slice utf8, struct buf *out);

#endif

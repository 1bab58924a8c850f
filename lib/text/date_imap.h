/* date_imap.h - dates of IMAP: INTERNALDATE and the dates of SEARCH (RFC 3501 9)
 */
#ifndef TEXT_DATE_IMAP_H
#define TEXT_DATE_IMAP_H

#include <time.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

#define DATE_IMAP_LEN 26                /* "dd-Mon-yyyy hh:mm:ss +zzzz" */

/* date-time without its quotes: " 1-Jan-2023 08:11:12 +0200".  The day may have one
 * digit with or without the blank.  ERR_SYNTAX for anything else and for impossible dates. */
err_t date_imap_parse(struct slice, time_t *out) NODISCARD;

/* date-time of DATE_IMAP_LEN characters, no quotes, appended; zone of the process. */
void date_imap_format(struct buf *out, time_t);

/* date of SEARCH, "1-Feb-1994" or "01-Feb-1994", without quotes: midnight at the start and
 * at the end (start of the next day) of that day in the zone of the process. */
err_t date_imap_day(struct slice, time_t *start, time_t *end) NODISCARD;

#endif

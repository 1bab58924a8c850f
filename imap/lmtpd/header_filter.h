/* header_filter.h - the header of an incoming message on its way to the stage
 *
 * Puts trace headers in front, adds Message-ID and Date at the end of the header when they are missing (DL-16),
 * and treats 8-bit bytes of the header as the options say (DL-18).  Streaming: pieces in, pieces
 * out, no copy of the body.
 */
#ifndef LMTPD_HEADER_FILTER_H
#define LMTPD_HEADER_FILTER_H

#include "lib/base/buf.h"
#include "lib/net/sink.h"

enum { HEADER_NAME_MAX = 20 };

struct header_filter {
    const struct sink *next;
    bool munge;                                 /* 8-bit bytes become X */
    bool in_body, at_bol;
    bool has_msgid, has_date, has_8bit;
    bool has_begun, begins_folded;              /* the first line would continue the trace headers: no header */
    char name[HEADER_NAME_MAX];                 /* start of the line, up to the colon */
    size_t name_n;
    bool name_done;
    struct buf extra;                           /* scratch */
    const char *msgid, *date;                   /* to add: whole lines with CRLF */
};

/* msgid, date: lines for when the message has none; borrowed. */
void header_filter_init(struct header_filter *, const struct sink *next, bool munge, const char *msgid,
                        const char *date);
/* Text with CRLF line ends. */
err_t header_filter_push(struct header_filter *, struct slice) NODISCARD;
/* The message has ended; it may not have had a body. */
err_t header_filter_end(struct header_filter *) NODISCARD;
void header_filter_fini(struct header_filter *);

#endif

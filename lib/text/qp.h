/* qp.h - quoted-printable (RFC 2045 6.7), streaming
 *
 * Decoding drops white space at the end of a line and soft line breaks; an '=' that
 * starts neither two hex digits nor a line break stays as it is.
 */
#ifndef TEXT_QP_H
#define TEXT_QP_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/slice.h"

enum {
    QP_LINE = 76,                       /* longest line that is written, without CRLF */
    QP_HELD = 1024                      /* blanks held back; a longer run is content */
};

/* State of a decoding in pieces. */
struct qp_dec {
    uint16_t state;                     /* enum of qp.c */
    uint16_t nheld;
    char held[QP_HELD + 4];             /* blanks, or the start of an escape, not decided yet */
};

/* Start on a text. */
void qp_dec_init(struct qp_dec *);

/* Decode the next bytes; appends. */
void qp_dec_push(struct qp_dec *, struct slice, struct buf *out);
void qp_dec_end(struct qp_dec *, struct buf *out);      /* ready for a new text */

/* Whole texts.  Encoding: CRLF stays a line end. */
void qp_decode(struct buf *out, struct slice);
void qp_encode(struct buf *out, struct slice);

#endif

/* cte.h - undo a Content-Transfer-Encoding (RFC 2045 6), whole or as much as is wanted */
#ifndef TEXT_CTE_H
#define TEXT_CTE_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/text/mime.h"

/* Append the content of an encoded body; decoding stops once `want` bytes have come out (a little more may).
 * Content that breaks the rules of its encoding is read as qp.h and base64.h say.  ERR_UNSUPPORTED: an encoding
 * that nobody knows; nothing is appended. */
err_t cte_decode(enum mime_encoding, struct slice body, size_t want, struct buf *out) NODISCARD;

#endif

/* base64.h - RFC 4648 base64: strict for protocols, tolerant and streaming for mail
 */
#ifndef TEXT_BASE64_H
#define TEXT_BASE64_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

#define BASE64_LINE 72                  /* characters per line of base64_encode_lines() */

/* Characters that n bytes become, without line ends. */
#define BASE64_LEN(n) (((n) + 2) / 3 * 4)

/* Append the text of the bytes. */
void base64_encode(struct buf *out, struct slice bytes);        /* one line, padded */
void base64_encode_lines(struct buf *out, struct slice bytes);  /* CRLF after each line */
void base64url_encode(struct buf *out, struct slice bytes);     /* section 5, no padding */

/* The whole slice must be base64: complete, padded, no white space (SASL, BINARY
 * parameters).  ERR_SYNTAX otherwise; out then has what it had. */
err_t base64_decode(struct buf *out, struct slice text) NODISCARD;
err_t base64url_decode(struct buf *out, struct slice text) NODISCARD;   /* padding optional */

/* Content-Transfer-Encoding: bytes outside the alphabet are skipped, '=' ends a group
 * and decoding goes on with what follows; an unfinished group gives its whole bytes. */
struct base64_dec {
    uint32_t bits;                      /* what is collected of a group */
    unsigned n;                         /* characters in bits: 0..3 */
};

#define BASE64_DEC_INIT { 0, 0 }

/* Decoded bytes of n characters are at most BASE64_DEC_MAX(n). */
#define BASE64_DEC_MAX(n) (((n) + 3) / 4 * 3)

/* Decode the next n characters into out (room for BASE64_DEC_MAX(n)); returns bytes. */
size_t base64_dec_push(struct base64_dec *, const char *, size_t n, uint8_t *out);
size_t base64_dec_end(struct base64_dec *, uint8_t out[3]);     /* ready for a new text */

#endif

/* word2047.h - encoded words of header fields (RFC 2047)
 */
#ifndef TEXT_WORD2047_H
#define TEXT_WORD2047_H

#include "lib/base/buf.h"
#include "lib/base/slice.h"

enum { WORD2047_MAX = 75 };             /* characters of an encoded word that is written */

/* Append the value as UTF-8: unfolded, encoded words decoded, white space between two
 * adjacent encoded words dropped.  A word of an unknown charset becomes one U+FFFD, a word
 * of an unknown encoding stays as written; 8-bit bytes outside of words become U+FFFD
 * each.  Linear. */
void word2047_decode(struct buf *out, struct slice value);

/* As above, but 8-bit bytes outside of words are taken for UTF-8 (RFC 6532) where they are. */
void word2047_decode_utf8(struct buf *out, struct slice value);

/* Append UTF-8 text as a header value: as it is if it is printable ASCII that contains no
 * "=?", else as encoded words (RFC 2047 5) of at most WORD2047_MAX characters, folded with
 * CRLF SP.  `column` is where the value starts on its line. */
void word2047_encode(struct buf *out, struct slice utf8, size_t column);

#endif

/* utf8.h - Unicode code points from and to UTF-8 (RFC 3629)
 *
 * Overlong forms, surrogates and values above U+10FFFF are invalid.  An invalid
 * sequence counts as one bad unit per maximal well-formed prefix, so that decoding
 * always advances and never swallows a following ASCII byte.
 */
#ifndef TEXT_UTF8_H
#define TEXT_UTF8_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/slice.h"

#define UTF8_MAX 4                      /* bytes of the longest sequence */
#define UTF8_BAD UINT32_MAX             /* what utf8_decode() gives for invalid bytes */
#define UTF8_REPLACEMENT 0xFFFDu        /* U+FFFD, shown in place of what cannot be decoded */

/* First code point of s into *cp (UTF8_BAD if invalid); returns the bytes it takes,
 * 0 only if s is empty. */
size_t utf8_decode(struct slice s, uint32_t *cp);

/* Sequence for cp into out; returns its length.  A value that is no code point
 * becomes U+FFFD. */
size_t utf8_encode(char out[UTF8_MAX], uint32_t cp);

/* Append to a buffer, and look at bytes. */
void utf8_add(struct buf *, uint32_t cp);               /* encode and append */
void utf8_add_lossy(struct buf *, struct slice);        /* append, each bad unit as U+FFFD */

bool utf8_valid(struct slice);
bool utf8_is_ascii(struct slice);                       /* no byte above 0x7F */

/* Longest prefix of at most max bytes that does not cut a sequence. */
struct slice utf8_clip(struct slice, size_t max);

#endif

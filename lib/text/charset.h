/* charset.h - text in any charset to UTF-8, streaming
 *
 * us-ascii, utf-8, iso-8859-1 and windows-1252 are converted here, all others by
 * iconv.  Which names are known is decided by charset_names.def, not by the iconv of
 * the machine, because the name of a known charset is stored in cyrus.cache
 * (mailbox-store.md 10).  Names compare by their letters and digits, without regard to
 * case and leading zeros of numbers; "x-" in front of a known name is ignored.  As
 * everywhere in mail, the label iso-8859-1 means windows-1252.  Bytes that are invalid in
 * the charset become U+FFFD.
 */
#ifndef TEXT_CHARSET_H
#define TEXT_CHARSET_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

enum {
    CHARSET_NAME_MAX = 64,              /* letters and digits of a name: more are unknown */
    CHARSET_RAW_MAX = 255               /* bytes of a name as written */
};

/* Is this a name of a charset that the store recognises? */
bool charset_is_known(struct slice name);

/* Preferred (MIME) spelling of a known name, "utf-8" for example; NULL if unknown.
 * Static. */
const char *charset_canonical(struct slice name);

/* One running conversion, owned by the caller.  ERR_UNSUPPORTED: unknown name, or
 * known but not convertible on this machine. */
struct charset_conv;
err_t charset_conv_new(struct slice name, struct charset_conv **out) NODISCARD;
void charset_conv_free(struct charset_conv **);         /* NULL is fine */

/* Bytes that wait for the rest of their character. */
size_t charset_conv_waiting(const struct charset_conv *);

/* Convert the next bytes, which may end inside a character, and append UTF-8. */
void charset_conv_push(struct charset_conv *, const void *, size_t, struct buf *out);

/* End of input: an unfinished character becomes U+FFFD; ready for a new text. */
void charset_conv_end(struct charset_conv *, struct buf *out);

/* Forget what was unfinished; ready for a new text. */
void charset_conv_reset(struct charset_conv *);

/* Whole text at once.  ERR_UNSUPPORTED appends nothing. */
err_t charset_to_utf8(struct slice name, struct slice text, struct buf *out) NODISCARD;

/* As above, but an unknown charset is taken for us-ascii: 8-bit bytes become U+FFFD. */
void charset_to_utf8_lossy(struct slice name, struct slice text, struct buf *out);

/* UTF-8 into another charset (RFC 5255 answers, NNTP, news articles).  Characters that
 * do not exist there become '?'. */
err_t charset_from_utf8(struct slice name, struct slice utf8, struct buf *out) NODISCARD;

#endif

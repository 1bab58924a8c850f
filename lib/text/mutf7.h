/* mutf7.h - modified UTF-7, the spelling of mailbox names on the IMAP wire
 *
 * RFC 3501 5.1.3: printable ASCII stands for itself, "&" is "&-", everything else is UTF-16
 * in base64 (with "," for "/", without "=") between "&" and "-".  A name has one spelling
 * only; every other is refused, because two spellings would be two mailboxes.  Control characters
 * can be encoded; whether a name may have them is not decided here.
 */
#ifndef TEXT_MUTF7_H
#define TEXT_MUTF7_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

/* What is wrong with a spelling. */
enum mutf7_fault {
    MUTF7_OK,
    MUTF7_RAW,          /* a control character or an octet >= 0x80 outside of "&...-" */
    MUTF7_UNENDED,      /* "&" without its "-" */
    MUTF7_BASE64,       /* a character that is no base64, or left-over bits */
    MUTF7_PADDING,      /* the unused bits at the end of a run are not zero */
    MUTF7_PRINTABLE,    /* a run that encodes a printable ASCII character */
    MUTF7_SURROGATE,    /* half of a UTF-16 pair */
    MUTF7_NUL,          /* U+0000, such as "&AAA-" */
    MUTF7_ADJACENT      /* "&...-&...-": two runs where one would do */
};

/* Check the whole name.  *pos (may be NULL) gets the offset of the fault. */
enum mutf7_fault mutf7_check(struct slice name, size_t *pos);

/* A few words for the client ("unpaired surrogate in name"); never NULL. */
const char *mutf7_fault_text(enum mutf7_fault);

/* Append the name as UTF-8.  ERR_BADNAME for anything mutf7_check() finds fault with; `out`
 * then is as before. */
err_t mutf7_to_utf8(struct slice name, struct buf *out) NODISCARD;

/* Append UTF-8 text in modified UTF-7.  ERR_BADNAME when it is not well-formed UTF-8 (overlong
 * forms, surrogates, beyond U+10FFFF) or has a NUL; `out` then is as before. */
err_t mutf7_from_utf8(struct slice text, struct buf *out) NODISCARD;

#endif

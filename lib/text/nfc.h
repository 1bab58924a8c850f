/* nfc.h - Unicode normalization form C (UAX #15), which Net-Unicode asks of names (RFC 5198 2)
 *
 * The tables (nfc_tables.inc) are generated from Unicode data; no locale is used.  Time is linear
 * but for runs of combining marks, which are sorted in pieces of at most NFC_RUN_MAX.
 */
#ifndef TEXT_NFC_H
#define TEXT_NFC_H

#include "lib/base/buf.h"
#include "lib/base/slice.h"

/* Combining marks behind one character.  More than that are no text of any language (UAX #15 13
 * allows 30); they are put into order piece by piece. */
enum { NFC_RUN_MAX = 64 };

/* Append the text in form C; bytes that are no UTF-8 become U+FFFD. */
void nfc_add(struct buf *out, struct slice utf8);

/* Is it valid UTF-8 and in form C already? */
bool nfc_is(struct slice utf8);

#endif

/* message_text.h - look for a folded needle in the text of a message, decoding as it goes */
#ifndef SEARCH_MESSAGE_TEXT_H
#define SEARCH_MESSAGE_TEXT_H

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/slice.h"

/* In what follows the header of the message: the bodies of the text parts and the headers of all parts and
 * contained messages (RFC 3501 6.4.4 BODY); with_headers also looks at the message's own header (TEXT).
 * Transfer encodings and charsets are undone, HTML gives its visible text or, with search_skiphtml, is left
 * out. `scratch` is reset by the caller. */
bool message_text_has(struct slice message, struct slice needle, bool with_headers, unsigned fold_flags,
                      struct arena *scratch);

/* In the decoded values of all fields `name` of a header block; an empty needle asks for existence. */
bool message_header_has(struct slice block, struct slice name, struct slice needle, unsigned fold_flags);

/* The same values, folded, one behind the other with a NUL between, appended to *out.  False: no such field. */
bool message_header_collect(struct slice block, struct slice name, unsigned fold_flags, struct buf *out);

#endif

/* preview.h - the first words of a message, for lists of messages (RFC 8970) */
#ifndef IMAPD_PREVIEW_H
#define IMAPD_PREVIEW_H

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/slice.h"

enum {
    PREVIEW_CHARS = 200,                /* RFC 8970 3.3: SHOULD; 256 at most */
    PREVIEW_LOOK = 256 << 10            /* bytes of the message that are looked at, whatever its size */
};

/* Append the preview: UTF-8, one line, no markup, no quoted text, no signature; of the first text/plain part, else
 * of the first text/html one, parts of contained messages last.  Nothing: no text (encrypted, images).
 * Takes bounded time; `scratch` is the caller's. */
void preview_text(struct slice message, struct arena *scratch, struct buf *out);

#endif

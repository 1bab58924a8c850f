/* guid.h - the name of a message's content: SHA-1 of its file */
#ifndef BASE_GUID_H
#define BASE_GUID_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/digest.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct guid {
    uint8_t b[SHA1_SIZE];
};

#define GUID_HEX_MAX (2 * SHA1_SIZE + 1)

/* Make, test and spell; the null guid (all bytes 0) means "not known". */
void guid_of(struct guid *, const void *, size_t);
bool guid_is_null(const struct guid *);
bool guid_eq(const struct guid *, const struct guid *);
void guid_hex(const struct guid *, char out[GUID_HEX_MAX]);     /* lower-case, NUL */
err_t guid_parse(struct guid *, struct slice hex) NODISCARD;    /* exactly 40 digits */

#endif

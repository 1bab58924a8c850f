/* body_structure.h - one part of a BODYSTRUCTURE as it stands in the cache (RFC 3501 7.4.2) */
#ifndef IMAPD_BODY_STRUCTURE_H
#define IMAPD_BODY_STRUCTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

struct body_part {
    struct slice whole;                 /* "(...)" */
    bool is_multipart, is_message;      /* message/rfc822 with the structure of what is in it */
    struct slice encoding, size, lines; /* of one that is no multipart; lines: empty if it has none */
    struct slice inner;                 /* of a message: the structure of its body */
};

/* Look at one structure.  False: it is damaged. */
bool body_part_read(struct slice whole, struct body_part *out);

/* The part with these numbers; none: the whole.  False: there is none. */
bool body_part_find(struct slice structure, const uint32_t *part, size_t nparts, struct body_part *out);

#endif

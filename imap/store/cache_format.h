/* cache_format.h - cyrus.cache (formats/mailbox-store.md 10)
 *
 * File: 4-byte generation, then records back to back.  Record: CACHE_NITEMS items; item:
 * 4-byte length, bytes, NULs up to a multiple of 4 (not counted in the length).  The CRC in
 * the index covers a record from its first length to its last padding.
 */
#ifndef STORE_CACHE_FORMAT_H
#define STORE_CACHE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum cache_item {
    CACHE_ENVELOPE,
    CACHE_BODYSTRUCTURE,
    CACHE_BODY,
    CACHE_SECTION,
    CACHE_HEADERS,
    CACHE_FROM,
    CACHE_TO,
    CACHE_CC,
    CACHE_BCC,
    CACHE_SUBJECT,
    CACHE_NITEMS
};

enum {
    CACHE_FILE_HEADER = 4,              /* generation */
    CACHE_ALIGN = 4,
    CACHE_ITEM_LENGTH = 4,
    CACHE_VERSION = 11,                 /* of records written here */

    /* Section item: node := count, count parts, count-1 nodes. */
    CACHE_PART_FIXED = 20,              /* offsets, sizes, charset/encoding word */
    CACHE_PART_DIGEST = 20,             /* SHA-1 of the decoded content, since version 5 */
    CACHE_PART_TAIL = 28,               /* digest, decoded size (8), lines (9) */
    CACHE_ENCODING_MASK = 0xff,
    CACHE_CHARSET_SHIFT = 16,
    CACHE_NO_CHARSET = 0xffff,          /* the charset/encoding word of a part without one */
    CACHE_SINCE_CHARSET = 4,            /* cache_version from which the name is there */
    CACHE_SINCE_DIGEST = 5,
    CACHE_SINCE_DECODED = 8,
    CACHE_SINCE_LINES = 9,

    CACHE_HEADER_NAME_MAX = 32          /* names of this length or more are not cached */
};

#define CACHE_NO_SIZE UINT32_MAX        /* sizes of the placeholder, part 0 of a multipart */

#define CACHE_PAD(n) (((n) + (CACHE_ALIGN - 1)) & ~(size_t)(CACHE_ALIGN - 1))

_Static_assert(CACHE_NITEMS == 10, "a cache record has ten items");
_Static_assert(CACHE_PART_TAIL == CACHE_PART_DIGEST + 8, "tail: digest, size, lines");

#endif

/* cache.h - reading records of cyrus.cache
 *
 * Everything points into the mapped file: nothing is copied, nothing is allocated.  All
 * offsets and lengths in a record are checked against it; a record that fails is
 * ERR_CORRUPT, which is no disaster: the message is parsed again (facts.h).
 */
#ifndef STORE_CACHE_H
#define STORE_CACHE_H

#include <stdint.h>

#include "imap/store/cache_format.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct cache_record {
    struct slice item[CACHE_NITEMS];    /* without length and padding */
    struct slice whole;                 /* the record as stored: what the CRC covers */
};

/* Flag for parse: skip the CRC (records of indexes before version 12 have none). */
enum cache_parse_flags { CACHE_NO_CRC = 1 };

/* `at` starts at the record (file bytes from cache_offset on, to the end of the file).
 * ERR_CORRUPT: it does not fit, or its CRC is not `crc`. */
err_t cache_record_parse(struct slice at, uint32_t crc, unsigned flags,
                         struct cache_record *out) NODISCARD;

/* Length of the record at `at`, without a CRC check; 0 if it does not fit. */
size_t cache_record_length(struct slice at);

enum { CACHE_PATH_MAX = 1024 };         /* numbers in a part specifier */

enum cache_part_kind {
    CACHE_PART_BODY,                    /* BODY[2.1]: content of the part */
    CACHE_PART_HEADER,                  /* [2.1.HEADER]: header of a contained message */
    CACHE_PART_TEXT,                    /* [2.1.TEXT]: body of a contained message */
    CACHE_PART_MIME                     /* [2.1.MIME]: header of the part itself */
};

struct cache_section {
    uint32_t offset, size;              /* in the message file */
    uint32_t encoding;                  /* enum mime_encoding: of the content */
    bool has_charset;
    struct slice charset;               /* as written; empty unless has_charset */
    const uint8_t *digest;              /* 20 bytes, SHA-1 of the decoded content; NULL unknown */
    uint32_t decoded_size;              /* 0 unknown */
    uint32_t lines;                     /* of the content; 0 unknown */
};

/* Find section part[0].part[1]... of kind in item 3.  nparts 0 is the message itself: HEADER and
 * TEXT are its header and body; BODY (the whole file) and MIME are ERR_UNSUPPORTED.
 * encoding, charset, digest and the rest describe the content of the part, whatever kind.
 * ERR_NOTFOUND: no such part, or HEADER/TEXT of a part that is no message; ERR_LIMIT: more than
 * CACHE_PATH_MAX parts; ERR_CORRUPT: the item contradicts itself.  cache_version: of the index
 * record. */
err_t cache_section_find(struct slice item, uint32_t cache_version, const uint32_t *part,
                         size_t nparts, enum cache_part_kind, struct cache_section *out) NODISCARD;

/* Version from which a header line of this name is in item 4; CACHE_HEADER_NEVER if in none. */
#define CACHE_HEADER_NEVER UINT32_MAX
uint32_t cache_header_since(struct slice name);

/* May a question for header `name` be answered from a record of that cache_version? */
bool cache_header_is_cached(struct slice name, uint32_t cache_version);

/* Append the fields of a header block (item 4, or any) whose name is in the list (or with
 * not_in: is not in it), whole, in message order, each ended by CRLF. */
void cache_headers_select(struct slice block, const struct slice *names, size_t n, bool not_in,
                          struct buf *out);

/* First field `name` of a header block: its value, still folded. */
bool cache_headers_find(struct slice block, struct slice name, struct slice *value);

#endif

/* annot_format.h - key and value of an annotation (formats/mailbox-store.md 14)
 *
 *   key    first NUL entry NUL userid NUL; first: uniqueid of a mailbox, UID, or empty
 *   value  4-byte big-endian length, 4 zero bytes, value, NUL, "text/plain" NUL, 8 zero bytes,
 *          8-byte modseq, 1 flag byte (bit 0: deleted).  Old records may end after the value.
 */
#ifndef STORE_ANNOT_FORMAT_H
#define STORE_ANNOT_FORMAT_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/endian.h"

enum { ANNOT_LENGTH_SIZE = 8, ANNOT_VALUE_MAX = 16 * 1024 * 1024 };

static inline void annot_format_key(struct slice first, struct slice entry, struct slice userid,
                                    struct buf *key)
{
    const struct slice parts[] = { first, entry, userid };

    buf_reset(key);
    for (size_t i = 0; i < 3; i++) {
        buf_add_slice(key, parts[i]);
        buf_addc(key, '\0');
    }
}

static inline void annot_format_value(struct slice value, uint64_t modseq, uint8_t flags,
                                      struct buf *out)
{
    buf_reset(out);
    buf_add_be32(out, (uint32_t)value.n);
    buf_add_be32(out, 0);
    buf_add_slice(out, value);
    buf_add(out, "\0text/plain\0\0\0\0\0\0\0\0", 20);
    buf_add_be64(out, modseq);
    buf_addc(out, (char)flags);
}

/* False: damaged.  An old record may have no modseq: 0. */
static inline bool annot_format_parse_all(struct slice bytes, struct slice *value,
                                          uint64_t *modseq, bool *is_deleted)
{
    enum { TAIL = 28, MODSEQ = 20 };        /* NUL to modseq, and where that is */
    uint32_t n;

    if (bytes.n < ANNOT_LENGTH_SIZE)
        return false;
    n = be32_get(bytes.p);
    if (n > ANNOT_VALUE_MAX || n > bytes.n - ANNOT_LENGTH_SIZE)
        return false;
    *value = slice_cut(bytes, ANNOT_LENGTH_SIZE, ANNOT_LENGTH_SIZE + n);
    bytes = slice_skip(bytes, ANNOT_LENGTH_SIZE + (size_t)n);
    *modseq = bytes.n >= TAIL ? be64_get(bytes.p + MODSEQ) : 0;
    *is_deleted = bytes.n > TAIL && (bytes.p[TAIL] & 1);
    return true;
}

static inline bool annot_format_parse(struct slice bytes, struct slice *value, bool *is_deleted)
{
    uint64_t modseq;

    return annot_format_parse_all(bytes, value, &modseq, is_deleted);
}

#endif

/* index.h - header and records of cyrus.index: bytes <-> values (pure; layout: index_format.h)
 */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include "imap/store/index_format.h"
#include "imap/store/mailbox.h"
#include "imap/store/record.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

/* Where things are in one file. */
struct index_layout {
    uint32_t version;
    uint32_t head_size;                 /* = start_offset of a sound file */
    uint32_t record_size;
};

/* Sizes of a version; false: not a version that exists. */
bool index_layout_of(uint32_t version, struct index_layout *out);

/* Decode a header of any version.  bytes: at least the start of the file.  ERR_CORRUPT: too short,
 * no such version, sizes that do not belong to it, or a wrong checksum.  `layout` (not NULL) is set
 * whenever the version and sizes make sense, even if the checksum is wrong; `out` then holds what
 * the bytes say. What an older version does not have is given its meaning for readers (formats 8).
 */
err_t index_head_decode(struct slice bytes, struct index_layout *layout,
                        struct index_head *out) NODISCARD;

/* Is the checksum of the header right?  (True below version 12, which has none.) */
bool index_head_crc_ok(const uint8_t *head, const struct index_layout *);

/* A version 17 header with its checksum. */
void index_head_encode(const struct index_head *, uint8_t out[INDEX_HEAD_SIZE]);

/* The start values of a new mailbox (formats 6.4). */
void index_head_new(struct index_head *, uint32_t uidvalidity, uint64_t modseq, uint32_t options,
                    uint32_t now);

/* A record of any version; what it does not have is 0.  bytes: record_size of them. */
void index_record_decode(const uint8_t *bytes, const struct index_layout *, struct record *out);
/* A version 17 record with its checksum. */
void index_record_encode(const struct record *, uint8_t out[INDEX_RECORD_SIZE]);

/* Is the checksum of the record right?  (True below version 12.) */
bool index_record_crc_ok(const uint8_t *bytes, const struct index_layout *);

/* Put a new checksum on a version 17 record whose bytes were changed in place. */
void index_record_seal(uint8_t bytes[INDEX_RECORD_SIZE]);

/* Bytes whose checksum (their last word) is wrong because exactly one byte was damaged: put that
 * byte right.  False: not so, nothing changed.  n: 160 or 112. */
bool index_correct_byte(uint8_t *bytes, size_t n);

/* Add a record to, or (sign -1) take it from, the counts of the header: exists, quota_used,
 * answered, flagged, deleted, unseen.  An expunged record counts nothing.  Sync CRCs: synccrc.h. */
void index_head_count(struct index_head *, const struct record *, int sign);

#endif

/* journal_file.h - bytes of the journal's files (journal.h), for journal*.c only */
#ifndef STORE_JOURNAL_FILE_H
#define STORE_JOURNAL_FILE_H

#include <stdbool.h>

#include "imap/store/journal.h"

struct journal_head {
    uint64_t sequence; /* 0: clear */
    uint64_t id, salt;
    uint64_t size; /* of the file: it never changes */
};

/* The first page of a file. */
void journal_head_encode(const struct journal_head *, uint8_t page[JOURNAL_PAGE]);
/* ERR_CORRUPT: no such page. */
err_t journal_head_decode(struct slice file, struct journal_head *out) NODISCARD;

struct journal_record_head {
    uint64_t length, sequence, number, known, salt;
    uint32_t kind;
};

/* The bytes before a body; the checksum covers both. */
void journal_record_encode(const struct journal_record_head *, const struct slice *pieces, size_t n,
                           uint8_t out[JOURNAL_RECORD_HEAD]);

/* Bytes that a record of that length takes in the file. */
static inline uint64_t journal_padded(uint64_t length)
{
    return (length + JOURNAL_PAGE - 1) / JOURNAL_PAGE * JOURNAL_PAGE;
}

/* Is this the head of that record (its bytes are not looked at)?  *length: of the whole. */
bool journal_record_follows(const uint8_t head[JOURNAL_RECORD_HEAD], uint64_t sequence,
                            uint64_t salt, uint64_t number, uint64_t *length);
/* Are the `length` bytes at `at` what was written there? */
bool journal_record_is_whole(struct slice file, uint64_t at, uint64_t length);

#endif

/* record.h - one message record of cyrus.index in memory */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <stdint.h>
#include <time.h>

#include "lib/base/guid.h"

enum system_flag {
    FLAG_ANSWERED = 1 << 0, FLAG_FLAGGED = 1 << 1, FLAG_DELETED = 1 << 2, FLAG_DRAFT = 1 << 3,
    FLAG_SEEN = 1 << 4,
    FLAG_SYSTEM_MASK = 0x1f,
    FLAG_INT_SNOOZED = 1 << 26, FLAG_INT_SPLIT = 1 << 27, FLAG_INT_NEEDS_CLEANUP = 1 << 28,
    FLAG_INT_ARCHIVED = 1 << 29, FLAG_INT_UNLINKED = 1 << 30,
};
#define FLAG_INT_EXPUNGED (1u << 31)

#define USER_FLAGS_MAX 128
#define USER_FLAGS_CLIENT_MAX 100               /* ordinary clients may create only these */

struct record {
    uint32_t uid;
    uint32_t internaldate, sentdate, gmtime, savedate, last_updated;
    uint32_t size, header_size;
    uint32_t flags;                             /* system and internal */
    uint32_t user_flags[USER_FLAGS_MAX / 32];
    uint64_t cache_offset;
    uint32_t cache_version, cache_crc;
    struct guid guid;
    uint64_t modseq, createdmodseq, cid;
};

#endif

/* index_format.h - cyrus.index (formats/mailbox-store.md 6 and 8)
 *
 * A header, then num_records records of fixed size in order of UID; big-endian.  Bytes behind
 * the last record are nobody's.  Version 17 is written; 6 to 16 are read (upgrade.h).
 * The header's checksum is its last word, a record's checksum too (both since version 12).
 */
#ifndef STORE_INDEX_FORMAT_H
#define STORE_INDEX_FORMAT_H

#include <stdint.h>

enum index_version {
    INDEX_VERSION_MIN = 6,
    INDEX_VERSION_UUID = 7,             /* 12-byte message uuid */
    INDEX_VERSION_MODSEQ = 8,           /* modseq, option bits */
    INDEX_VERSION_GUID = 10,            /* 20-byte guid, modseq moved */
    INDEX_VERSION_CRC = 12,             /* checksums, \Seen and EXPUNGED in the record */
    INDEX_VERSION_CID = 13,
    INDEX_VERSION_UNSEEN = 14,
    INDEX_VERSION_SAVEDATE = 15,
    INDEX_VERSION_CREATEDMODSEQ = 16,
    INDEX_VERSION_EPOCH = 17,
    INDEX_VERSION = 17                  /* written here */
};

/* Offsets in the header. */
enum index_head_offset {
    IH_GENERATION = 0,
    IH_FORMAT = 4,
    IH_VERSION = 8,
    IH_START_OFFSET = 12,
    IH_RECORD_SIZE = 16,
    IH_NUM_RECORDS = 20,
    IH_LAST_APPENDDATE = 24,
    IH_LAST_UID = 28,
    IH_QUOTA_USED = 32,                 /* 8 */
    IH_POP3_LAST_LOGIN = 40,
    IH_UIDVALIDITY = 44,
    IH_DELETED = 48,
    IH_ANSWERED = 52,
    IH_FLAGGED = 56,
    IH_OPTIONS = 60,
    IH_LEAKED_CACHE = 64,
    IH_HIGHESTMODSEQ = 68,              /* 8; since 8 */
    IH_DELETEDMODSEQ = 76,              /* 8; this and the next since 12 */
    IH_EXISTS = 84,
    IH_FIRST_EXPUNGED = 88,
    IH_LAST_REPACK_TIME = 92,
    IH_HEADER_FILE_CRC = 96,
    IH_SYNC_CRC_BASIC = 100,
    IH_RECENTUID = 104,
    IH_RECENTTIME = 108,
    IH_POP3_SHOW_AFTER = 112,           /* since 13 */
    IH_QUOTA_ANNOT_USED = 116,          /* since 13 */
    IH_SYNC_CRC_ANNOT = 120,            /* since 13 */
    IH_UNSEEN = 124,                    /* since 14 */
    IH_CREATEDMODSEQ = 128,             /* 8; since 16 */
    IH_CHANGES_EPOCH = 136,             /* since 17 */
    IH_SPARE = 140,                     /* 16 zero bytes */
    IH_CRC = 156,                       /* of version 14 and later */
    INDEX_HEAD_SIZE = 160,              /* of version 17 */
    INDEX_HEAD_SIZE_MIN = 76,
    INDEX_HEAD_SIZE_MAX = 160
};

/* Offsets in a record. */
enum index_record_offset {
    IR_UID = 0,
    IR_INTERNALDATE = 4,
    IR_SENTDATE = 8,
    IR_SIZE = 12,
    IR_HEADER_SIZE = 16,
    IR_GMTIME = 20,                     /* before 12: content offset */
    IR_CACHE_OFFSET = 24,               /* low 32 bits */
    IR_LAST_UPDATED = 28,
    IR_FLAGS = 32,
    IR_USER_FLAGS = 36,                 /* 16 */
    IR_SAVEDATE = 52,                   /* before 15: content lines */
    IR_CACHE_VERSION = 56,              /* low half; high half: bits 32..47 of the cache offset */
    IR_GUID = 60,                       /* 20; in 7 to 9: a 12-byte uuid */
    IR_MODSEQ_V8 = 72,                  /* 8; versions 8 and 9 */
    IR_MODSEQ = 80,                     /* 8; since 10 */
    IR_CACHE_CRC_V12 = 88,
    IR_CID = 88,                        /* 8; since 13 */
    IR_CACHE_CRC_V13 = 96,              /* 13 to 15 */
    IR_CREATEDMODSEQ = 96,              /* 8; since 16 */
    IR_CACHE_CRC = 104,                 /* since 16 */
    IR_CRC = 108,                       /* since 16 */
    INDEX_RECORD_SIZE = 112,            /* of version 17 */
    INDEX_RECORD_SIZE_MIN = 60,
    INDEX_RECORD_SIZE_MAX = 112
};

/* Option bits of the header beyond enum mailbox_options. */
#define INDEX_OPT_CONDSTORE     (1u << 1)       /* historic */
#define INDEX_OPT_HAS_ALARMS    (1u << 4)
#define INDEX_OPT_UNFINISHED    (1u << 20)      /* a commit is under way, or died: recover.h */
/* A repair lost something, at last_repack_time (recover.h).  Others drop this bit, as they may. */
#define INDEX_OPT_REPAIRED      (1u << 21)
#define INDEX_OPT_NEEDS_UNLINK  (1u << 29)
#define INDEX_OPT_NEEDS_REPACK  (1u << 30)
#define INDEX_OPT_DELETED       (1u << 31)
#define INDEX_OPT_KNOWN                                                                            \
    (0x1fu | INDEX_OPT_UNFINISHED | INDEX_OPT_REPAIRED | INDEX_OPT_NEEDS_UNLINK |                  \
     INDEX_OPT_NEEDS_REPACK | INDEX_OPT_DELETED)

/* Start values of a new file. */
enum { INDEX_SYNC_CRC_ANNOT_START = 12345678 };

_Static_assert(IH_CRC + 4 == INDEX_HEAD_SIZE, "the header ends in its checksum");
_Static_assert(IH_SPARE + 16 == IH_CRC, "four spare words");
_Static_assert(IR_CRC + 4 == INDEX_RECORD_SIZE, "a record ends in its checksum");
_Static_assert(IR_GUID + 20 == IR_MODSEQ, "guid is 20 bytes");

#endif

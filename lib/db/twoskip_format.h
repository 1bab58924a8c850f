/* twoskip_format.h - bytes of a twoskip file (formats/cyrusdb.md section 5)
 *
 * Header, dummy record, then records in the order they were written, each a multiple of
 * 8 bytes.  All numbers big-endian.  Version 1 is the only one.
 *
 * Header:                              Record head:
 *    0 20 magic                           0 1 type
 *   20  4 version                         1 1 level L
 *   24  8 generation                      2 2 key length, 0xffff: see long one
 *   32  8 live records                    4 4 value length, 0xffffffff: see long one
 *   40  8 size after the last repack      + 8 long key length, if so
 *   48  8 committed size                  + 8 long value length, if so
 *   56  4 flags                           + 8 * (L + 1) pointers
 *   60  4 CRC of 0..59                    + 4 CRC of the head before this field
 *                                         + 4 CRC of key, value and padding
 *                                      then key, value, zeros up to a multiple of 8
 */
#ifndef DB_TWOSKIP_FORMAT_H
#define DB_TWOSKIP_FORMAT_H

#define TS_MAGIC "\241\002\213\015twoskip file\0\0\0\0"

enum {
    TS_MAGIC_SIZE = 20,
    TS_VERSION = 1,

    TS_HEADER_SIZE = 64,
    TS_H_VERSION = 20,
    TS_H_GENERATION = 24,
    TS_H_NUM_RECORDS = 32,
    TS_H_REPACK_SIZE = 40,
    TS_H_CURRENT_SIZE = 48,
    TS_H_FLAGS = 56,
    TS_H_CRC = 60,

    TS_DIRTY = 1,                       /* flags: a transaction is being written */

    TS_DUMMY = '=', TS_RECORD = '+', TS_DELETE = '-', TS_COMMIT = '$',
    TS_R_TYPE = 0,
    TS_R_LEVEL = 1,
    TS_R_KEYLEN = 2,
    TS_R_VALLEN = 4,
    TS_R_FIXED = 8,                     /* what precedes long lengths and pointers */
    TS_LONG_SIZE = 8,
    TS_PTR_SIZE = 8,
    TS_CRCS_SIZE = 8,
    TS_LONG_KEY = 0xffff,

    TS_MAX_LEVEL = 31,
    TS_HEAD_MAX = TS_R_FIXED + 2 * TS_LONG_SIZE + (TS_MAX_LEVEL + 1) * TS_PTR_SIZE + TS_CRCS_SIZE,
    TS_HEAD_MIN = TS_R_FIXED + TS_PTR_SIZE + TS_CRCS_SIZE,

    TS_DUMMY_AT = TS_HEADER_SIZE,
    TS_DUMMY_SIZE = TS_R_FIXED + (TS_MAX_LEVEL + 1) * TS_PTR_SIZE + TS_CRCS_SIZE,
    TS_FIRST_AT = TS_DUMMY_AT + TS_DUMMY_SIZE,      /* size of a new file as well */

    TS_ALIGN = 8,
    TS_SECTOR = 512,                    /* a record head never crosses a multiple of this */
    TS_HEAD_IN_SECTOR = 504,            /* larger heads may */

    TS_REPACK_SLACK = 16834,            /* repack when larger than this and twice repack_size */
};

#define TS_LONG_VALUE 0xffffffffu
#define TS_BLANK " BLANK\007\240"       /* filler of 8 bytes between records */

_Static_assert(sizeof TS_MAGIC - 1 == TS_MAGIC_SIZE, "magic");
_Static_assert(sizeof TS_BLANK - 1 == TS_ALIGN, "filler");
_Static_assert(TS_FIRST_AT == 336, "a new file has 336 bytes");

#endif

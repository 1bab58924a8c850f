/* skiplist_format.h - bytes of a skiplist file (formats/cyrusdb.md section 6)
 *
 * Header, dummy record, INORDER records (in the order of keys, up to logstart), then the log.
 * All numbers big-endian, 4 bytes; offsets are multiples of 4.  No checksums.
 *
 * Header:  0 magic (20)  20 version  24 minor version  28 maxlevel  32 curlevel
 *          36 records at the last checkpoint  40 logstart  44 time of the last recovery
 *
 * DUMMY INORDER ADD:  type, key length, key, value length, value (each padded to 4),
 *                     1 to 20 pointers, 0xffffffff
 * DELETE:             type, offset of the deleted record
 * COMMIT:             type
 */
#ifndef DB_SKIPLIST_FORMAT_H
#define DB_SKIPLIST_FORMAT_H

#define SL_MAGIC "\241\002\213\015skiplist file\0\0\0"

enum {
    SL_MAGIC_SIZE = 20,
    SL_VERSION = 1,
    SL_MINOR = 2,
    SL_MAX_LEVEL = 20,

    SL_HEADER_SIZE = 48,
    SL_H_VERSION = 20,
    SL_H_MINOR = 24,
    SL_H_MAXLEVEL = 28,
    SL_H_CURLEVEL = 32,
    SL_H_LISTSIZE = 36,
    SL_H_LOGSTART = 40,
    SL_H_RECOVERED = 44,

    SL_INORDER = 1, SL_ADD = 2, SL_DELETE = 4, SL_COMMIT = 255, SL_DUMMY = 257,

    SL_WORD = 4,
    SL_DUMMY_AT = SL_HEADER_SIZE,
    SL_DUMMY_SIZE = SL_WORD * (3 + SL_MAX_LEVEL + 1),
    SL_FIRST_AT = SL_DUMMY_AT + SL_DUMMY_SIZE,      /* size of a new file as well */
    SL_RECORD_MIN = SL_WORD * 5,        /* no key, no value, one pointer */

    SL_REPACK_SLACK = 16834,            /* checkpoint when larger than this plus 2 * logstart */
};

#define SL_END 0xffffffffu              /* behind the pointers */
#define SL_SIZE_MAX 0xfffffff0u         /* offsets have 32 bits */

_Static_assert(sizeof SL_MAGIC - 1 == SL_MAGIC_SIZE, "magic");
_Static_assert(SL_FIRST_AT == 144, "a new file has 144 bytes");

#endif

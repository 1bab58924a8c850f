/* record.h - the log of a recorded run: every change of files below the roots, and every reply
 *
 * liblab.so appends to $LAB_CONTROL.log while control->record is set.  Each change is made and
 * written down under one lock of all processes, so the log is the true order.  Only a sync is in
 * two records: it begins, and later it has ended; what happened in between it does not cover.
 *
 * A record is struct lab_event, then path, path2 (neither with NUL) and data, then zeros up to a
 * multiple of 8.  Numbers have the byte order of the machine.
 */
#ifndef LAB_RECORD_H
#define LAB_RECORD_H

#include <stdint.h>

enum lab_event_type {
    EV_CREATE = 1,              /* path: a new file, inode ino; arg: mode */
    EV_WRITE,                   /* data at offset `at` of ino */
    EV_TRUNCATE,                /* ino has size `at` now */
    EV_EXTEND,                  /* ino has at least size `at` (fallocate) */
    EV_TIMES,                   /* ino has the modification time arg (ns) */
    EV_MODE,                    /* ino has the mode arg */
    EV_RENAME,                  /* path -> path2 */
    EV_LINK,                    /* path also has the name path2 */
    EV_SYMLINK,                 /* path2 names the text in path */
    EV_UNLINK,                  /* path */
    EV_MKDIR,                   /* path, inode ino; arg: mode */
    EV_RMDIR,                   /* path */
    EV_SYNC_BEGIN,              /* of ino (file or directory) */
    EV_SYNC_END,                /* at: position in the log of its beginning */
    EV_SYNCFS_BEGIN,
    EV_SYNCFS_END,              /* at: as above */
    EV_SEND                     /* arg bytes to the peer with TCP port ino: data, or not told */
};

struct lab_event {
    uint32_t size;              /* of all of it, with padding */
    uint16_t type;
    uint16_t flags;             /* 0 */
    uint32_t pid;
    uint32_t path_len, path2_len, data_len;
    uint64_t ino, at, arg;
    uint64_t time;              /* ns since the epoch */
};

#endif

/* recover_impl.h - one repair of a mailbox, shared by recover.c and recover_record.c
 */
#ifndef STORE_RECOVER_IMPL_H
#define STORE_RECOVER_IMPL_H

#include "imap/store/mailbox_impl.h"

struct recovery {
    struct mailbox *mb;
    struct index_head head;             /* under repair */
    struct buf records;                 /* all records, version 17 bytes */
    uint32_t fits;                      /* records that the file has room for */
    uint32_t nrecords;                  /* that there are */
    uint32_t trusted;                   /* those that were committed; more are only tried */
    uint32_t first_changed; /* offset in records from which bytes were changed; UINT32_MAX: none */
    bool unfinished;                    /* a writer died: what it had not committed goes */
    bool head_bad;                      /* checksum wrong: fields may be old, new or damaged */
    bool head_lost;                     /* the header cannot be believed in anything */
    bool cut;                           /* a sound header counts more records than there are */
    bool lossy; /* flags, dates or names of flags are lost: users are told */
    uint32_t now;
    unsigned repaired;                  /* records */
};

static inline uint8_t *recovery_raw(struct recovery *v, uint32_t recno)
{
    return (uint8_t *)v->records.p + (size_t)(recno - 1) * INDEX_RECORD_SIZE;
}

/* ---- recover_record.c ---- */

/* Make every record sound, or drop from nrecords what was never trusted.  ERR_CORRUPT: a record
 * that no file and no number can stand for. */
err_t recover_records(struct recovery *) NODISCARD;

/* Message files above last_uid: removed after an unfinished commit, else taken in as messages. */
err_t recover_orphans(struct recovery *) NODISCARD;

#endif

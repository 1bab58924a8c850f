/* commit_impl.h - the inside of a commit, for commit*.c only
 *
 * States of a commit: collecting (nothing but linked messages on disk) - prepared (header file and
 * cache written, names to be synced) - written (index records and header in place, to be synced) -
 * done.  Any failure undoes what was done so far while the locks are still held.  `started` says
 * that the index header carries UNFINISHED, which is set before the first byte of the mailbox
 * changes and goes with the last.
 */
#ifndef STORE_COMMIT_IMPL_H
#define STORE_COMMIT_IMPL_H

#include "imap/store/commit.h"
#include "imap/store/durable.h"
#include "imap/store/mailbox_impl.h"
#include "imap/store/synccrc.h"

struct commit_change {
    uint32_t recno;
    struct record before, after;
};

struct commit {
    struct mailbox *mb;
    struct view_locks locks;
    uint32_t now;
    struct index_head head;             /* as it will be */
    struct vec changes;                 /* struct commit_change */
    uint32_t *slot; /* recno - 1 -> 1 + index in changes; 0: unchanged.  Made when needed */
    struct vec appended;                /* struct record */
    struct buf cache;                   /* records to be appended to cyrus.cache */
    uint64_t cache_base;                /* file offset of cache.p[0] */
    bool cache_known;                   /* cache_base is set */
    bool copied;                        /* a message was copied, its bytes are not durable yet */
    bool header_changed;                /* cyrus.header is to be written */
    bool head_changed;                  /* the index header alone was changed */
    bool head_durable;                  /* ... in a way that must be durable */
    uint32_t nexpunged;
    const struct mailbox *copy_src;     /* whose user flags copy_map translates */
    uint32_t copy_src_crc;
    int copy_map[USER_FLAGS_MAX];

    /* while ending */
    bool started;                       /* UNFINISHED is in the file */
    bool records_written, head_written;
    bool quota_applied;
    int64_t quota_delta[3];             /* storage, messages, annotations */
    size_t dir_item, meta_item, index_item;     /* in the batch; SIZE_MAX: none */
    int meta_dirfd;
    err_t err;
};

/* Put UNFINISHED into the index header, once. */
err_t commit_start(struct commit *) NODISCARD;

/* ---- commit_flags.c ---- */

/* The record as it stands in this commit, to be changed; touched and given a modseq unless
 * `silent`. */
err_t commit_change(struct commit *, uint32_t recno, struct commit_change **out) NODISCARD;
void commit_touch(struct commit *, struct commit_change *);

/* ---- commit_write.c ---- */

/* Has the commit anything to write? */
bool commit_is_empty(const struct commit *);
/* Cache, annotations and header file; adds directories to the batch. */
err_t commit_prepare(struct commit *, struct durable *) NODISCARD;
/* Index records, quota, index header; adds the index to the batch. */
err_t commit_write(struct commit *, struct durable *) NODISCARD;
/* Take back everything after a failure. */
void commit_undo(struct commit *);
/* The view's picture is what was written. */
void commit_adopt(struct commit *);

#endif

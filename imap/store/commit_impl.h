/* commit_impl.h - the inside of a commit, for commit*.c only
 *
 * States of a commit: collecting (nothing but linked messages on disk) - prepared (header file and
 * cache written, names to be synced) - written (index records and header in place, to be synced) -
 * done.  With the journal: collecting - prepared (what the journal does not take is linked and
 * synced) - computed (the record is made and durable) - applied (all files written) - done.  Any
 * failure undoes what was done so far while the locks are still held.  `started` says that the
 * index header carries UNFINISHED, which is set before the first byte of the mailbox changes and
 * goes with the last.
 */
#ifndef STORE_COMMIT_IMPL_H
#define STORE_COMMIT_IMPL_H

#include "imap/store/commit.h"
#include "imap/store/durable.h"
#include "imap/store/mailbox_impl.h"
#include "imap/store/msgannot.h"
#include "imap/store/synccrc.h"
#include "lib/os/map.h"

struct commit_change {
    uint32_t recno;
    struct record before, after;
};

/* A message whose file gets its name when the journal has its bytes. */
struct commit_name {
    uint32_t uid, time;
    bool may_link;
    struct stage *stage; /* held; NULL: a copy */
    struct buf source;   /* path of the message that is copied */
    struct slice content;
    struct filemap map; /* behind content, of a copy */
    uint32_t number;    /* of the content in the record */
};

/* An annotation of a message, as it will stand in cyrus.annotations, and as it was. */
struct commit_annot {
    uint32_t uid;
    struct buf key, value, old;
    bool had; /* old is what stood there */
};

/* Bytes of the index. */
struct commit_run {
    uint64_t at;
    struct buf bytes;
};

struct commit {
    struct mailbox *mb;
    struct view_locks locks;
    uint32_t now;
    struct index_head head; /* as it will be */
    struct vec changes;     /* struct commit_change */
    uint32_t *slot;         /* recno - 1 -> 1 + index in changes; 0: unchanged.  Made when needed */
    struct vec appended;    /* struct record */
    struct buf cache;       /* records to be appended to cyrus.cache */
    uint64_t cache_base;    /* file offset of cache.p[0] */
    bool cache_known;       /* cache_base is set */
    bool copied;            /* bytes of a named message are not durable yet */
    uint32_t nlinked;       /* appended messages that have their names already */
    struct vec names;       /* struct commit_name: those that have not */
    uint64_t content_bytes; /* of them */
    struct vec runs;        /* struct commit_run, when computed */
    struct vec annots;      /* struct commit_annot */
    uint64_t annot_bytes;   /* of their keys and values */
    struct msgannot *annot_db;       /* of the mailbox, when it was needed and there is one */
    bool annot_opened;               /* it was looked for */
    const struct mailbox *annot_src; /* that annotations are copied from */
    struct msgannot *annot_src_db;
    bool header_changed;    /* cyrus.header is to be written */
    bool head_changed;      /* the index header alone was changed */
    bool head_durable;      /* ... in a way that must be durable */
    uint32_t nexpunged;
    const struct mailbox *copy_src; /* whose user flags copy_map translates */
    uint32_t copy_src_crc;
    int copy_map[USER_FLAGS_MAX];

    /* while ending */
    bool journaled;
    bool started; /* UNFINISHED is in the file */
    bool records_written, head_written, header_written, annots_written;
    bool quota_applied;
    int64_t quota_delta[3];                 /* storage, messages, annotations */
    size_t dir_item, meta_item, index_item; /* in the batch; SIZE_MAX: none */
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

/* ---- commit_annot.c ---- */

/* Into cyrus.annotations, durably; and what was there before again. */
err_t commit_apply_annotations(struct commit *) NODISCARD;
err_t commit_undo_annotations(struct commit *) NODISCARD;
/* For the record: path replaced, puts borrowed from the commit (struct msgannot_put). */
err_t commit_put_annotations(const struct commit *, struct buf *path, struct vec *puts) NODISCARD;
void commit_annots_fini(struct commit *);

/* ---- commit_write.c ---- */

/* Bytes of cyrus.header as it will be; its checksum is known afterwards. */
void commit_header_bytes(struct commit *, struct buf *out);
/* Has the commit anything to write? */
bool commit_is_empty(const struct commit *);
/* Cache, annotations and header file; adds directories to the batch. */
err_t commit_prepare(struct commit *, struct durable *) NODISCARD;
/* Index records, quota, index header; adds the index to the batch. */
err_t commit_write(struct commit *, struct durable *) NODISCARD;
/* With the journal.  The new index header and all writes to the index, in memory only. */
err_t commit_compute(struct commit *) NODISCARD;
/* Names of messages; then all other files.  Nothing is synced. */
err_t commit_apply_names(struct commit *) NODISCARD;
err_t commit_apply_index(struct commit *) NODISCARD;
/* Take back everything after a failure. */
void commit_undo(struct commit *);
/* The view's picture is what was written. */
void commit_adopt(struct commit *);

/* ---- commit_journal.c ---- */

/* End commits through the journal: sets err of each. */
void commit_end_journaled(struct commit **, size_t n);
void commit_names_fini(struct commit *);

#endif

/* mailbox_impl.h - the inside of an open mailbox, for the files of imap/store only
 *
 * struct mailbox_core is what a process shares between all views of a mailbox: the descriptor of
 * cyrus.index, the lock file, the state of both locks.  struct mailbox is one view: a map of the
 * index, a copy of its header and what was found in the other files.  A view's map may be of an
 * older inode than the core's descriptor (serial differs) until the view is refreshed.
 */
#ifndef STORE_MAILBOX_IMPL_H
#define STORE_MAILBOX_IMPL_H

#include "imap/store/facts.h"
#include "imap/store/header.h"
#include "imap/store/index.h"
#include "imap/store/mailbox.h"
#include "imap/store/store_impl.h"
#include "imap/store/user.h"
#include "lib/os/lock.h"
#include "lib/os/map.h"

#include <sys/stat.h>

struct commit;

struct mailbox_core {
    struct buf index_path;              /* the key */
    struct buf lock_path;
    unsigned views;                     /* open and idle ones */
    int fd;                             /* cyrus.index, -1: to be opened */
    bool writable;
    nlink_t nlink;                      /* of fd when it was last looked at */
    uint32_t serial;                    /* +1 whenever fd became another file */
    int lock_fd;                        /* -1: not yet opened */
    unsigned lock_depth;                /* mailbox lock */
    enum lock_mode lock_mode;
    unsigned index_depth;               /* index lock */
    enum lock_mode index_mode;
    struct commit *commit;              /* the one commit of this process on it */
};

/* cyrus.header, read when first asked for. */
struct mailbox_header_state {
    bool loaded;
    bool bad;                           /* the file is missing or damaged */
    err_t err;                          /* it could not be read for now: nobody knows what it says */
    struct header header;
};

/* A cache file: of the spool, or of the archive. */
struct mailbox_cache_file {
    int fd;
    struct filemap map;
    struct buf path;
};

struct mailbox {
    struct store *store;
    struct mailbox_core *core;
    bool idle;                          /* closed, kept in the pool */
    uint64_t used;                      /* order of closing, for the pool */
    struct mbentry entry;
    uint32_t serial;                    /* of core->fd when mapped */
    time_t mtime;                       /* of the index when the picture was taken */
    bool is_empty_file;                 /* nothing to repair it from */
    struct filemap map;
    struct filemap prev;                /* the index that a repack replaced, for mailbox_prev_*() */
    struct index_layout prev_layout;
    uint32_t prev_nrecords;
    struct index_layout layout;
    uint8_t raw_head[INDEX_HEAD_SIZE];  /* the picture, as stored */
    struct index_head head;             /* the picture, decoded */
    bool damaged;                       /* a record's checksum failed: repair at the next refresh */
    struct mailbox_header_state *hs;
    struct mailbox_cache_file cache[2]; /* [1]: archive */
    struct facts *parsed;               /* what mailbox_cache() had to parse last */
    uint32_t nparsed;                   /* messages it had to parse, but for archived ones */
    struct filemap message;
    struct buf msg_dir;                 /* directory of the messages */
    int msg_dirfd;                      /* -1: not yet opened */
};

/* ---- mailbox_pool.c ---- */

/* An idle view of that index to use again, or a new one with its core (entry copied, nothing
 * read). */
err_t pool_take(struct store *, const struct mbentry *, struct mailbox **out,
                bool *was_idle) NODISCARD;
/* Back into the pool; or thrown away. */
void pool_put(struct mailbox *);
void pool_drop(struct mailbox *);
/* Core of an index path if this process has one. */
struct mailbox_core *pool_find(struct store *, struct slice index_path);
/* Time the running server (or the machine) was started: indexes last written before are checked at
 * opening. */
time_t pool_start_time(struct store *);
/* Is this the first message that this process stages on the partition? */
bool pool_first_stage(struct store *, struct slice partition);
/* Move a view to the core of another index path (legacy rename). */
err_t pool_rebase(struct mailbox *) NODISCARD;

/* Open core->fd if it is -1.  ERR_NOTFOUND. */
err_t core_open(struct mailbox_core *) NODISCARD;
/* The file was replaced by name: open the new one, serial + 1. */
err_t core_reopen(struct mailbox_core *) NODISCARD;

/* Locks of a core are counted; a shared request under an exclusive one of ours is part of it.
 * timeout_ms as in lib/os/lock.h.  core_lock_index opens or reopens the file as needed. */
err_t core_lock_mailbox(struct mailbox_core *, enum lock_mode, int timeout_ms) NODISCARD;
void core_unlock_mailbox(struct mailbox_core *);
err_t core_lock_index(struct mailbox_core *, enum lock_mode, int timeout_ms) NODISCARD;
void core_unlock_index(struct mailbox_core *);

/* ---- mailbox.c ---- */

/* New picture from the file.  Under the index lock (core->index_depth) the result is final; without
 * it ERR_AGAIN means "came between the writes of somebody else".  ERR_NOTFOUND, ERR_CORRUPT. */
err_t view_read(struct mailbox *) NODISCARD;
/* Whatever belonged to another inode or another header file is forgotten. */
void view_forget_files(struct mailbox *);
void view_forget_cache(struct mailbox *);
/* All locks that a repair or a replacement needs: owner's namespace (shared: an exclusive one is
 * for changes of the tree of names), mailbox (mode), index (exclusive). */
struct view_locks {
    struct user_lock *user;
    bool mailbox, index;
};
err_t view_lock(struct mailbox *, enum lock_mode mailbox_mode, int timeout_ms,
                struct view_locks *) NODISCARD;
void view_unlock(struct mailbox *, struct view_locks *);

/* cyrus.header as a structure; loaded when needed.  On failure empty. */
struct header *view_header(const struct mailbox *);
/* Is it what the file says?  ERR_OK also for a file that is missing or damaged (hs->bad); else the
 * reason why it could not be read: then names of flags must be neither shown nor written. */
err_t view_header_known(const struct mailbox *) NODISCARD;
/* Is it other than the index says?  Then it is damaged, or a crash (or a commit that goes on) has
 * left the two at different times: recover_mailbox() tells.  False while it is not loaded. */
bool view_header_differs(const struct mailbox *);
/* Number of bytes of the index that the picture needs. */
uint64_t view_index_size(const struct mailbox *);
/* Directory of message files, open.  -1 and logged on failure. */
err_t view_msg_dir(struct mailbox *, int *fd_out) NODISCARD;

/* ---- mailbox_read.c ---- */

/* Is so much of the cache lost that writing it anew pays? */
bool view_cache_is_lost(const struct mailbox *);
/* Descriptor (read-write) of the cache in the spool, the file that its path names now.
 * ERR_NOTFOUND. */
err_t view_cache_open(struct mailbox *, int *fd_out) NODISCARD;

/* ---- recover.c ---- */

/* Quick look over all records of the picture, without locks: false when a repair should look
 * closer. */
bool recover_looks_sound(struct mailbox *);
/* Repair under the index lock (exclusive).  The view's picture is new afterwards. */
err_t recover_locked(struct mailbox *) NODISCARD;

#endif

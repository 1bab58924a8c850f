/* journal_impl.h - the inside of struct journal, for journal*.c only */
#ifndef STORE_JOURNAL_IMPL_H
#define STORE_JOURNAL_IMPL_H

#include <stdbool.h>

#include "imap/store/journal_file.h"
#include "lib/os/lock.h"
#include "lib/os/path.h"

struct journal {
    struct buf dir, marker, lock_path, path[2];
    int lock_fd, fd[2];
    uint64_t half; /* bytes of one file */
    uint64_t id;
    uint32_t group_wait_us;
    int append_wait_ms;
    unsigned held; /* bit i: the INUSE byte of file i is ours */
    bool must_tidy;
    err_t (*replay)(void *, const struct journal_found *, size_t);
    journal_visit_fn *finish;
    err_t (*flush)(void *);
    void *arg;
};

/* Offsets in the lock file that are locked. */
enum journal_byte {
    JOURNAL_USERS,
    JOURNAL_APPEND,
    JOURNAL_CLEAR,
    JOURNAL_INUSE0,
    JOURNAL_INUSE1,
    JOURNAL_ROUND0 = 4096, /* and JOURNAL_ROUNDS - 1 more */
};
enum { JOURNAL_ROUNDS = 1 << 20 };

/* Where in the lock file stands what is shared: numbers of this machine, believed only while
 * somebody has the journal open. */
enum { JOURNAL_AT_SHARED = 64, JOURNAL_AT_ROUNDS = 256 };

struct journal_shared {
    uint64_t magic;
    uint64_t id;
    uint64_t half;        /* size of a file */
    uint64_t sequence[2]; /* 0: clear */
    uint64_t last_sequence;
    uint64_t salt;        /* of the active file */
    uint64_t end, number; /* behind the last record of the active file */
    uint64_t warm[2];     /* blocks up to here were written before */
    uint32_t active;
    uint32_t failures; /* of syncs, since all was cleared */
};

/* Syncs: equal unless a round is under way.  What the last one made durable. */
struct journal_rounds {
    uint64_t begun, ended;
    uint64_t sequence, number;
};

#define JOURNAL_MAGIC 0x48616c4a726e6c31u

/* ERR_LOCKED only without wait: that goes on as long as it takes (durability.md, "Who waits for
 * whom"). */
err_t journal_lock(struct journal *, uint32_t byte, enum lock_mode, bool wait) NODISCARD;
void journal_unlock(struct journal *, uint32_t byte);
err_t journal_load(struct journal *, struct journal_shared *out) NODISCARD;
err_t journal_store(struct journal *, const struct journal_shared *) NODISCARD;
err_t journal_write_head(struct journal *, unsigned file, uint64_t sequence,
                         uint64_t salt) NODISCARD;
/* Make room, or end a state of failure; under no lock of the journal. */
err_t journal_make_clear(struct journal *) NODISCARD;

/* ---- journal_start.c ---- */

/* We are alone: make the files, replay what is in them, begin clear. */
err_t journal_start(struct journal *, const struct journal_conf *, struct buf *why) NODISCARD;
/* We are alone: clear everything. */
err_t journal_finish(struct journal *) NODISCARD;

#endif

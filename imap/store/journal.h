/* journal.h - the redo journal of a server: one sync makes a commit durable
 *
 * Two files of fixed size, <journal_path>/0 and /1, are written in turn.  A commit appends one
 * record that says everything the commit does, shares one fdatasync() with all others that wait,
 * and only then changes the files of the spool, without a sync.  When a file is full the other one
 * is taken, and the full one is cleared: when all its records are applied, one syncfs() per file
 * system makes them durable where they belong (a checkpoint).  After a crash the records of both
 * files are applied again.  After a clean end both files are clear, and the spool is complete in
 * itself.
 *
 *   <journal_path>/lock   bytes that are locked (fcntl), and what processes tell each other:
 *     USERS       shared by every process that has the journal open; who has it exclusively is
 *                 alone: replays at the start, clears at the end
 *     APPEND      writes a record and moves the end
 *     ROUND n     makes round n of syncing; the others that it covers wait for it to be given back
 *     CLEAR       clears a file
 *     INUSE0/1    shared from append to applied: a file is cleared when nobody holds its byte
 *
 * Rounds: whoever has appended wants the next round that begins.  The first who wants it takes its
 * lock, waits until the one before has ended, and syncs; all others wait for that lock, so that
 * nobody waits for a round that he does not need, and a round wakes all of its own at once.
 *
 * Order of locks: index locks of mailboxes - APPEND - INUSE; CLEAR - APPEND, CLEAR - INUSE; a round
 * waits only for the round before.  Who clears a file takes index locks of mailboxes at which
 * somebody died, with a deadline, as theirs may be waiting for CLEAR.
 *
 * A process that dies gives its locks back.  A record that it did not apply is carried out by
 * whoever opens one of its mailboxes or clears the file, before anybody looks at the mailbox
 * (journal_dead.c).  A record that was refused is made void by its writer, or by the next record of
 * the same mailbox (journal_record.h).
 *
 * File: a header page, then records, each at a multiple of JOURNAL_PAGE, so that no page that holds
 * a durable record is ever written again.  All numbers big-endian.
 *
 *   header    0  "HJF1"
 *             4  crc32 of the following bytes
 *             8  sequence (0: clear)
 *            16  id of the journal
 *            24  salt: random for each use of the file
 *            32  size of the file
 *
 *   record    0  "HJR1"
 *             4  crc32 of the following bytes
 *             8  length, header included
 *            16  sequence
 *            24  number in the file, from 1
 *            32  number up to which the writer knew all to be durable
 *            40  salt of the file: bytes of a message cannot pass for a record
 *            48  kind; 52 unused
 *            56  body
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct journal;

enum {
    JOURNAL_PAGE = 4096,
    JOURNAL_RECORD_HEAD = 56,
    JOURNAL_SIZE_MIN = 1 << 20, /* of both files together */
};

enum journal_kind {
    JOURNAL_CHANGE = 1, /* journal_record.h */
    JOURNAL_VOID = 2,   /* one mailbox of an earlier record was not changed */
};

/* One record as found in the files; body points into memory that the caller of the replay owns. */
struct journal_found {
    uint64_t sequence, number;
    uint32_t kind;
    struct slice body;
};

/* Records as they stand in the files, in order; borrowed for the call. */
typedef err_t journal_visit_fn(void *arg, uint64_t sequence, const struct journal_found *,
                               size_t n);

struct journal_conf {
    const char *dir;
    bool make_dir;          /* missing: make it; else it is an error (not mounted) */
    const char *marker;     /* file that exists while the journal may hold records */
    uint64_t size;          /* bytes of both files together */
    uint32_t group_wait_us; /* before a sync, for more records to come */
    int append_wait_ms;     /* until an append gives up with ERR_LOCKED; 0: a minute */
    /* All records in order, before anybody else can use the journal. */
    err_t (*replay)(void *arg, const struct journal_found *, size_t n);
    /* All that is in the files, while file `sequence` is about to be cleared and nobody alive is
     * between a record of it and its files: carry out what the dead have left. */
    journal_visit_fn *finish;
    /* Make durable whatever the records changed. */
    err_t (*flush)(void *arg);
    void *arg;
};

/* Names a record. */
struct journal_pos {
    uint64_t sequence, number;
};

/* Open; whoever comes first replays what a crash left.  conf->dir and conf->marker are copied.
 * On failure one sentence in *why: ERR_NOTFOUND (the journal of the last run is not there),
 * ERR_CORRUPT, ERR_IO. */
err_t journal_open(const struct journal_conf *, struct journal **out, struct buf *why) NODISCARD;

/* The last one to leave clears both files.  NULL is fine. */
void journal_close(struct journal **);

/* Longest body that one record may have. */
uint64_t journal_body_max(const struct journal *);

/* Add a record; its body is the pieces, one behind the other.  On ERR_OK the caller goes on to
 * journal_sync(), applies the record if that went well, and calls journal_applied() in any case.
 * ERR_LIMIT: too long; ERR_IO, ERR_NOSPACE, ERR_LOCKED (somebody who adds a record hangs): nothing
 * was added.  Before journal_applied() a second record may be added (JOURNAL_VOID); then
 * ERR_NOSPACE also means that the files are full. */
err_t journal_append(struct journal *, enum journal_kind, const struct slice *pieces, size_t n,
                     struct journal_pos *out) NODISCARD;

/* Everything that this process has appended is durable on ERR_OK.  On failure it counts as lost:
 * the files are cleared before anything else is appended, so that it does not come back. */
err_t journal_sync(struct journal *) NODISCARD;

/* The record was applied, or given up: its file may be cleared. */
void journal_applied(struct journal *);

/* Clear a full file, if there is one: to be called when no locks are held. */
void journal_tidy(struct journal *);

/* Forget all records that were added so far; what they changed is durable on ERR_OK.  To be called
 * under the exclusive lock of a mailbox, before its files are replaced, moved or removed. */
err_t journal_settle(struct journal *) NODISCARD;

/* Show everything that is in the files now; others may go on writing, and a record that is not whole
 * yet is the end.  sequence is passed on.  What the visitor returns, or ERR_IO. */
err_t journal_visit(struct journal *, uint64_t sequence, journal_visit_fn *,
                    void *arg) NODISCARD;

/* ---- the files, for replay, tests and fuzzing: pure ---- */

struct journal_scan {
    struct journal_found *found; /* allocated */
    size_t n;
    bool damaged; /* a record that was durable cannot be read */
    bool torn;    /* a record is not whole: its sync had not ended */
};

/* All records of one file.  sequence of the header; 0: clear or no journal. */
uint64_t journal_file_sequence(struct slice file);
/* Frees nothing of *out before; journal_scan_free() after use. */
void journal_file_scan(struct slice file, struct journal_scan *out);
/* The unbroken row from the first record on; nothing is looked for behind it. */
void journal_file_row(struct slice file, struct journal_scan *out);
void journal_scan_free(struct journal_scan *);

#endif

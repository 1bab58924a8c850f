/* engines.h - ways to make a delivery durable, side by side: what the parts share
 *
 * A microbenchmark without servers.  Some processes store messages as lmtpd would: a message
 * file, its name in a mailbox directory, a cache and an index record.  An engine decides what is
 * synced, when, and together with whom.  Processes share files and POSIX record locks only (no
 * memory), as separate daemons of different versions can.
 *
 * A system call that fails ends the program: there is nothing to recover in a benchmark.
 */
#ifndef BENCH_ENGINES_H
#define BENCH_ENGINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    METADATA_SIZE = 400,                /* index record, flags, names: what a journal record adds */
    JOURNAL_PAGE = 4096                 /* journal records begin at a multiple of this */
};

/* One delivering process. */
struct task {
    unsigned id;
    int top;                            /* directory of the run */
    int box, index, cache;              /* mailbox directory and files in it */
    int file;                           /* the message file in work, -1: none */
    const uint8_t *record;              /* metadata and message, padded to whole pages */
    size_t message_size;
    uint64_t serial;                    /* deliveries so far */
    uint64_t syncs;                     /* calls so far */
    const struct engine *engine;
    void *state;                        /* the engine's own */
};

enum engine_flags {
    ENGINE_EARLY = 1u << 0,             /* files are written before the wait, not behind it */
    ENGINE_ONE_LOCK = 1u << 1           /* rounds.c: the simpler way to wait */
};

struct engine {
    const char *name, *what;
    unsigned flags;
    void (*make)(int top);              /* once, before the processes start; NULL: nothing */
    void (*open)(struct task *);        /* in each process; NULL: nothing */
    void (*deliver)(struct task *);     /* durable when it returns */
    void (*after)(struct task *);       /* behind the positive reply: not part of its latency */
};

extern const struct engine engines[];   /* ends with a row without a name */

/* ---- delivery.c: the parts of a delivery, none of them synced ---- */

void delivery_open(struct task *, const char *mailbox);
void delivery_write(struct task *);     /* the message, in a stage file: t->file */
/* The index lock of the mailbox. */
void delivery_lock(struct task *);
void delivery_unlock(struct task *);
void delivery_link(struct task *);      /* its name in the mailbox; the stage's goes */
void delivery_index(struct task *);     /* cache record, index record, index header */
void delivery_close(struct task *);
/* All of that. */
void delivery_store(struct task *);

/* ---- journal.c: functions of engines ---- */

void journal_make(int top);
void journal_open(struct task *);
void journal_deliver(struct task *);
void journal_deliver_record(struct task *);     /* no files: what the journal alone costs */
void journal_checkpoint(struct task *);

/* ---- ordered.c: functions of engines ---- */

void group_make(int top);
void group_open(struct task *);
void group_deliver(struct task *);      /* files, then a round of syncfs */
void ordered_deliver(struct task *);    /* message; directory; index: one after another */
void paired_open(struct task *);
void paired_deliver(struct task *);     /* message and directory side by side; index */
void merged_deliver(struct task *);     /* all files, then the same three syncs */

/* ---- rounds.c: one sync for all who wait ---- */

struct rounds {
    int fd;                             /* control file: struct rounds_state at its beginning */
    bool one_lock;
};

void rounds_make(int top, const char *name);
void rounds_open(struct rounds *, int top, const char *name, unsigned flags);
/* Return when a call of sync() that began after this call has ended, whoever made it. */
void rounds_wait(struct rounds *, struct task *, void (*sync)(struct task *));

/* ---- calls that end the program on failure ---- */

enum hold { HOLD_SHARED, HOLD_EXCLUSIVE, HOLD_NOT };
void sys_lock(int fd, enum hold, int64_t byte);
bool sys_try_lock(int fd, int64_t byte);        /* HOLD_EXCLUSIVE; false: somebody else has it */
int sys_open(int dir, const char *name, int flags);
void sys_read(int fd, void *to, size_t n, int64_t at);
void sys_write(int fd, const void *from, size_t n, int64_t at);
void sys_fsync(struct task *, int fd);
void sys_fdatasync(struct task *, int fd);
void sys_syncfs(struct task *);

#endif

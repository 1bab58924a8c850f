/* journal_rig.h - a journal by itself: its callbacks write down what they are told */
#ifndef CUNIT_STORE_JOURNAL_RIG_H
#define CUNIT_STORE_JOURNAL_RIG_H

#include "imap/store/journal.h"
#include "lib/base/vec.h"

struct rig {
    char base[300], dir[320], marker[320];
    struct journal_conf conf;           /* may be changed before rig_open() */
    struct journal *journal;
    struct buf why;                     /* of the last rig_open() */
    struct vec replayed;                /* struct buf: bodies, in order; of the last rig_open() */
    unsigned replays, flushes;
    err_t replay_result, flush_result;  /* what the callbacks return */
    void (*on_flush)(struct rig *);     /* called first; NULL: nothing */
    void *arg;
};

/* A directory of its own; nothing is opened.  Size: JOURNAL_SIZE_MIN. */
void rig_init(struct rig *);
/* Closes, and frees. */
void rig_fini(struct rig *);

/* What a crash now would leave, as a rig of its own that is not opened. */
void rig_crash(const struct rig *, struct rig *out);

err_t rig_open(struct rig *) NODISCARD;
void rig_must_open(struct rig *);
void rig_close(struct rig *);

/* Append a change with that text, filled up with bytes to n (0: as it is), sync it, and say that it
 * was applied. */
err_t rig_put(struct rig *, const char *text, size_t n) NODISCARD;
/* The same without the last step, and without the last two. */
err_t rig_put_unapplied(struct rig *, const char *text, size_t n) NODISCARD;
err_t rig_append(struct rig *, const char *text, size_t n) NODISCARD;

/* Was a body replayed that begins with this text?  Its place, or -1. */
int rig_find(const struct rig *, const char *text);

/* Path of a file of the journal; static buffers. */
const char *rig_path(const struct rig *, const char *name);

/* Sequence in the header of file 0 or 1, on the disk. */
uint64_t rig_sequence(const struct rig *, unsigned file);

#endif

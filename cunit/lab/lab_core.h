/* lab_core.h - the inside of liblab.so: which calls are looked at, and what becomes of them
 *
 * A wrapper fills a struct lab_op (lab_op_fd, lab_op_path, lab_op_bare), then LAB_RUN() makes the
 * call as the rules want it.  System calls are made directly, so that nothing here depends on the
 * order in which libraries were loaded.
 */
#ifndef LAB_CORE_H
#define LAB_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cunit/lab/interpose.h"
#include "cunit/lab/record.h"

enum { LAB_OP_PATH = 512 };

struct lab_op {
    enum lab_call call;
    bool watched;                       /* below a root, or without a path */
    struct lab_rule *rule;              /* what acts on it, or NULL */
    struct lab_rule *swallow;
    char path[LAB_OP_PATH];             /* empty: none */
};

/* The shared block, or NULL when the laboratory is off. */
struct lab_control *lab_control(void);
/* The same, off or on: for what has begun.  NULL without $LAB_CONTROL. */
struct lab_control *lab_block(void);

/* A call on a descriptor.  If that is a socket, `if_socket` is the kind of call instead
 * (LAB_NCALLS: not looked at then). */
void lab_op_fd(struct lab_op *, enum lab_call, int fd, enum lab_call if_socket);
/* A call on a path, relative to dirfd. */
void lab_op_path(struct lab_op *, enum lab_call, int dirfd, const char *path);
/* A call without a path. */
void lab_op_bare(struct lab_op *, enum lab_call);

enum lab_verdict { LAB_MAKE, LAB_PRETEND, LAB_REFUSE };
/* Counts, kills, waits; LAB_REFUSE: errno is set. */
enum lab_verdict lab_before(struct lab_op *);
/* What the program is told: `result` (negative: errno tells) or what a rule says.  `good` is the
 * result of a call that went well. */
long lab_after(struct lab_op *, long result, long good);
/* How many of n bytes the call may handle. */
size_t lab_allowed(const struct lab_op *, size_t n);

#define LAB_RUN(op, good, call)                                                  \
    ({                                                                           \
        enum lab_verdict v_ = lab_before(op);                                    \
        long r_ = v_ == LAB_MAKE ? (long)(call) : v_ == LAB_PRETEND ? (good) : -1; \
        lab_after(op, r_, good);                                                 \
    })

/* ---- the log ---- */

/* Is this call to be written down? */
bool lab_recording(const struct lab_op *);
void lab_log_lock(void);
void lab_log_unlock(void);

struct lab_note {
    enum lab_event_type type;
    const char *path, *path2;           /* NULL: none */
    const void *data;
    size_t n;
    uint64_t ino, at, arg;
};
/* Append one record; the lock is held.  Returns its position. */
uint64_t lab_log(const struct lab_note *);
/* Inode number of a descriptor, of a path; 0 when there is none. */
uint64_t lab_ino(int fd);
uint64_t lab_ino_at(const char *path);

#endif

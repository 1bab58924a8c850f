/* drive.h - what all parts of the load driver share: options, endings, the clock
 *
 * The driver is one program with many small jobs ("works"): each makes load of one kind
 * against one server, checks every answer, and prints lines "result key=value ...".
 * A work runs to its end or ends the process: there is nothing to recover in a driver,
 * so its functions return values, not err_t, and call drive_wrong() or drive_cannot().
 */
#ifndef BENCH_DRIVE_H
#define BENCH_DRIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

enum exit_code {
    EXIT_FINE = 0,
    EXIT_WRONG = 3, /* the server gave a wrong answer */
    EXIT_USAGE = 64,
    EXIT_CANNOT = 4 /* the environment does not allow the work (descriptors, no such capability) */
};

/* The server's answer is not what the protocol and the data set demand: say so, exit EXIT_WRONG. */
NORETURN void drive_wrong(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* The work cannot be done here: say why, exit EXIT_CANNOT. */
NORETURN void drive_cannot(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Options "key=value" of the command line; opts_set() once from main, the rest from anywhere.
 * A key that is missing gives the default; a malformed number ends with EXIT_USAGE. */
void opts_set(int argc, char **argv);
const char *opts_str(const char *key, const char *def);
uint64_t opts_u64(const char *key, uint64_t def);
bool opts_given(const char *key);
/* The words behind "--", NULL terminated; NULL without "--". */
char **opts_rest(void);

/* Monotonic nanoseconds. */
uint64_t drive_now_ns(void);

/* A row of the driver's table of works (main.c). */
struct work {
    const char *name;
    void (*run)(void);
    const char *help; /* its options */
};

/* Works, one family in each work_*.c. */
void work_supervise(void);
void work_expect(void);
void work_mkusers(void);
void work_mkboxes(void);
void work_fill(void);
void work_copies(void);
void work_count(void);
void work_empty(void);
void work_verify(void);
void work_lmtp(void);
void work_append(void);
void work_login(void);
void work_select_new(void);
void work_imap(void);
void work_bulk(void);
void work_mixed(void);
void work_pop3(void);
void work_idle(void);

#endif

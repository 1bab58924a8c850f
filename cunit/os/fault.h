/* fault.h - file calls of this program that can be told to misbehave
 *
 * read, pread, write, pwrite, writev, fsync, fdatasync, ftruncate, rename, link, mkdir
 * and open go through here.  fault_clear() after each use.
 */
#ifndef CUNIT_OS_FAULT_H
#define CUNIT_OS_FAULT_H

#include <stddef.h>

enum fault_call {
    FAULT_READ, FAULT_WRITE, FAULT_WRITEV, FAULT_SYNC, FAULT_DATASYNC, FAULT_TRUNCATE,
    FAULT_RENAME, FAULT_LINK, FAULT_MKDIR, FAULT_OPEN, FAULT_NCALLS
};

/* From the n-th call on (1: the next) fail `times` times with that errno. */
void fault_fail(enum fault_call, int nth, int times, int errno_value);

/* Move at most n bytes in one call, and fail every second call with EINTR. */
void fault_short(size_t n);

void fault_clear(void);
int fault_calls(enum fault_call);       /* since fault_clear() */

#endif

/* bug.h - an invariant of ours is broken: log where and abort
 *
 * For mistakes in the program only.  Bad input is never a bug.
 */
#ifndef BASE_BUG_H
#define BASE_BUG_H

#include "lib/base/err.h"

/* What the macros below call; not for direct use. */
NORETURN void bug_at(const char *file, int line, const char *what);

#define BUG(what) bug_at(__FILE__, __LINE__, (what))
#define BUG_UNLESS(cond) ((cond) ? (void)0 : bug_at(__FILE__, __LINE__, #cond))

#endif

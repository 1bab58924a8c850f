/* bug.c - see bug.h; the line it logs is the last one of the process */
#include "lib/base/bug.h"
#include "lib/base/log.h"

void bug_at(const char *file, int line, const char *what)
{
    log_crit("ERROR: broken invariant: file=<%s> line=<%d> what=<%s>", file, line, what);
    abort();
}

/* proctree.h - processor time and memory of a process and everything below it
 *
 * The root is the supervisor of a server (work "supervise"), which adopts every orphan, so
 * that daemons which detach themselves still count.
 */
#ifndef BENCH_PROCTREE_H
#define BENCH_PROCTREE_H

#include <stdint.h>
#include <sys/types.h>

/* User plus system time so far, in nanoseconds: of living processes from schedstat (exact),
 * of ended and awaited ones from cutime + cstime of their parents (clock ticks).  A process
 * that ends unawaited (SIGCHLD ignored) is lost; a thread that is not the first of its
 * process is counted from stat, in ticks. */
uint64_t proctree_cpu_ns(pid_t root);

struct proctree_memory {
    uint64_t pss_kb; /* shared pages divided among those who share them */
    uint64_t rss_kb; /* shared pages counted for each */
    uint64_t processes;
};

/* Memory now.  Reading another user's smaps_rollup needs root. */
struct proctree_memory proctree_memory(pid_t root);

#endif

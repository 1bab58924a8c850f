/* loop.h - the one event loop: descriptors, timers and signals
 *
 * For the few processes that serve many at once (master, idled, notifyd, proxies).
 * Callbacks run one after the other and may add and remove anything, themselves
 * included.  Nothing is called after it was removed, not even in the same round.
 */
#ifndef OS_LOOP_H
#define OS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

struct loop;

enum loop_events {
    LOOP_READ = 1,
    LOOP_WRITE = 2,                     /* errors and hang-ups are told as whatever was asked */
};

typedef void loop_fd_fn(void *arg, int fd, unsigned events);
typedef void loop_timer_fn(void *arg);
typedef void loop_signal_fn(void *arg, int signo);

/* Make and throw away. */
struct loop *loop_new(void);
void loop_free(struct loop **);         /* closes no descriptors; NULL is fine */

/* Watch fd, which is borrowed until loop_unwatch; watching it again replaces events,
 * callback and argument.  events 0: keep the place, call nothing. */
void loop_watch(struct loop *, int fd, unsigned events, loop_fd_fn *, void *arg);
void loop_unwatch(struct loop *, int fd);       /* unknown fd is fine; before close */

/* Call fn once in `in_ms` milliseconds (0: the next round), or again and again.  The id is
 * never 0.  Timers due together run in the order of their times, then of their making.
 * A repeating timer that is late skips the times it missed. */
uint64_t loop_after(struct loop *, uint64_t in_ms, loop_timer_fn *, void *arg);
uint64_t loop_every(struct loop *, uint64_t ms, loop_timer_fn *, void *arg);
void loop_cancel(struct loop *, uint64_t id);   /* 0, past and unknown ids are fine */

/* Call fn in the loop after the signal has arrived.  It stays blocked outside of the wait,
 * so callbacks are never interrupted by it. */
void loop_on_signal(struct loop *, int signo, loop_signal_fn *, void *arg);

/* Until loop_stop().  ERR_IO when waiting itself fails (logged).  Not from a callback, nor
 * loop_once and loop_free. */
err_t loop_run(struct loop *) NODISCARD;

/* One round: wait at most max_wait_ms (-1: as long as timers allow), call what is due. */
err_t loop_once(struct loop *, int max_wait_ms) NODISCARD;
void loop_stop(struct loop *);          /* from a callback: loop_run returns after the round */

#endif

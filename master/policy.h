/* policy.h - when a service gets another process: counts and times, nothing else
 *
 * One struct per listener (a service has one for each address family) or daemon.  Pure:
 * the caller tells what happened and what time it is, and does what policy_next() says.
 * Times are milliseconds of a clock that never goes back.
 *
 *            forked                UNAVAILABLE
 *   (none) ----------> READY ---------------------> BUSY
 *                        ^                            |
 *                        +------------- AVAILABLE ----+         either may end at any time
 *
 * A process counts as ready from its fork on, or from when a template (template.h) was asked for
 * it; templates themselves do not count.  Rules (formats/internal-protocols.md 1.4,
 * spec install-contract 3):
 *   - `prefork` processes are kept ready, and one more is started when a connection waits and
 *     none is ready; never more than `maxchild` are alive;
 *   - at most `maxforkrate` forks per second on average, counted with a bucket of tokens;
 *   - a process that fails (dies of a signal or with a non-zero status) while ready delays the
 *     next fork; POLICY_FAILURES_MAX failures in a row, none more than POLICY_FAILURE_GAP_MS
 *     after the one before, disable the service until the configuration is read again, unless
 *     it is `persistent`;
 *   - a process that ends well but at once and without any connection delays the next fork
 *     too, so that no program can make master fork as fast as it can.
 */
#ifndef MASTER_POLICY_H
#define MASTER_POLICY_H

#include <stdbool.h>
#include <stdint.h>

enum {
    POLICY_FAILURES_MAX = 5,
    POLICY_FAILURE_GAP_MS = 10000,
    POLICY_DELAY_FIRST_MS = 50,         /* after the second failure; doubles with each more */
    POLICY_DELAY_MAX_MS = 1000,
    POLICY_SHORT_LIFE_MS = 1000,        /* ending sooner, unused, is suspicious */
    POLICY_UNLIMITED = -1,
};

struct policy_conf {
    int prefork;
    int maxchild;                       /* POLICY_UNLIMITED: any number */
    int maxforkrate;                    /* per second; 0: no limit */
    bool persistent;                    /* babysit: never disabled by failures */
};

struct policy {
    struct policy_conf conf;
    int alive, ready;
    unsigned idle_ends;                 /* failures and short useless lives in a row */
    unsigned failures;                  /* in a row */
    uint64_t last_failure_ms;
    uint64_t not_before_ms;             /* no fork before */
    uint64_t tokens_milli;              /* of the rate limit, as of tokens_ms */
    uint64_t tokens_ms;
    bool disabled;
};

enum policy_state { POLICY_READY, POLICY_BUSY };

/* No process yet, and as many forks at once as the rate limit allows after a rest. */
void policy_init(struct policy *, const struct policy_conf *, uint64_t now_ms);

/* New settings for what runs already: failures are forgiven, delays and disabling end. */
void policy_configure(struct policy *, const struct policy_conf *, uint64_t now_ms);

enum policy_want {
    POLICY_NOTHING,                     /* until something is told */
    POLICY_FORK,                        /* now; tell how it went and ask again */
    POLICY_LATER,                       /* ask again at *when_ms_out */
};

/* Is another process wanted?  waiting: a connection is known to wait. */
enum policy_want policy_next(const struct policy *, bool waiting, uint64_t now_ms,
                             uint64_t *when_ms_out);

/* Must master itself watch the listener for a waiting connection? */
bool policy_must_watch(const struct policy *, uint64_t now_ms, uint64_t *when_ms_out);

/* A process was started: it counts as ready. */
void policy_forked(struct policy *, uint64_t now_ms);
void policy_fork_failed(struct policy *, uint64_t now_ms);  /* no process came of it: wait */

/* n processes that counted as ready do so no longer, and the rate limit forgets them: they never
 * came to be, or became templates. */
void policy_give_back(struct policy *, int n, uint64_t now_ms);

/* Something of the service has failed that counts as no process (a template).  True: with that
 * failure the service has just been disabled. */
bool policy_failed(struct policy *, uint64_t now_ms);

/* A process has changed its state.  False: it was in that state already; nothing changes. */
bool policy_set_state(struct policy *, enum policy_state *, enum policy_state to);

enum policy_end {
    POLICY_END_GOOD,                    /* status 0, or 75: gave up for the moment */
    POLICY_END_BAD,                     /* another status or a signal */
    POLICY_END_ASKED,                   /* any way after master asked it to end */
};

/* A process of that state has ended after life_ms.  True: with that failure the service has
 * just been disabled. */
bool policy_ended(struct policy *, enum policy_state, enum policy_end, uint64_t life_ms,
                  uint64_t now_ms);

#endif

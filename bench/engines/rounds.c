/* rounds.c - one sync for all who wait: see engines.h
 *
 * Rounds are numbered.  Who has written looks at the number of the last round that began: only a
 * later one covers the write.  Two ways to wait:
 *
 * One lock (ENGINE_ONE_LOCK): whoever gets it either finds such a round ended or makes one.  Those
 * who are covered have to wait for the lock too, behind the next round.
 *
 * A lock for each round: the first who wants round n takes its lock, waits until round n - 1 has
 * ended, makes the sync and gives the lock back; the others wait for a shared lock.  Nobody waits
 * for a round that he does not need, and a round wakes all of its own at once.
 */
#include <fcntl.h>

#include "bench/engines/engines.h"

/* At the beginning of the control file; equal unless a round is under way. */
struct rounds_state {
    uint64_t begun, ended;
};

enum { ONE_LOCK = 0, FIRST_LOCK = 1, LOCKS = 1 << 20 };

void rounds_make(int top, const char *name)
{
    struct rounds_state none = { 0, 0 };

    sys_write(sys_open(top, name, O_RDWR | O_CREAT), &none, sizeof none, 0);
}

void rounds_open(struct rounds *r, int top, const char *name, unsigned flags)
{
    r->fd = sys_open(top, name, O_RDWR);
    r->one_lock = flags & ENGINE_ONE_LOCK;
}

static struct rounds_state look(const struct rounds *r)
{
    struct rounds_state s;

    sys_read(r->fd, &s, sizeof s, 0);
    return s;
}

static void make_round(struct rounds *r, uint64_t n, struct task *t, void (*sync)(struct task *))
{
    struct rounds_state s = { n, n - 1 };

    sys_write(r->fd, &s, sizeof s, 0);
    sync(t);
    s.ended = n;
    sys_write(r->fd, &s, sizeof s, 0);
}

/* Any round from n on. */
static void wait_one_lock(struct rounds *r, uint64_t n, struct task *t,
                          void (*sync)(struct task *))
{
    sys_lock(r->fd, HOLD_EXCLUSIVE, ONE_LOCK);
    struct rounds_state s = look(r);
    if (s.ended < n)
        make_round(r, s.begun + 1, t, sync);
    sys_lock(r->fd, HOLD_NOT, ONE_LOCK);
}

static int64_t lock_of(uint64_t round)
{
    return (int64_t)(FIRST_LOCK + round % LOCKS);
}

/* Until round n has ended or whoever made it has died. */
static void wait_for_end(struct rounds *r, uint64_t n)
{
    sys_lock(r->fd, HOLD_SHARED, lock_of(n));
    sys_lock(r->fd, HOLD_NOT, lock_of(n));
}

static void wait_numbered(struct rounds *r, uint64_t n, struct task *t,
                          void (*sync)(struct task *))
{
    while (look(r).ended < n) {
        if (!sys_try_lock(r->fd, lock_of(n))) {
            wait_for_end(r, n);
            continue;
        }
        if (look(r).ended + 1 < n)
            wait_for_end(r, n - 1);
        if (look(r).ended < n)
            make_round(r, n, t, sync);
        sys_lock(r->fd, HOLD_NOT, lock_of(n));
    }
}

void rounds_wait(struct rounds *r, struct task *t, void (*sync)(struct task *))
{
    uint64_t n = look(r).begun + 1;

    if (r->one_lock)
        wait_one_lock(r, n, t, sync);
    else
        wait_numbered(r, n, t, sync);
}

/* loop.c - see loop.h
 *
 * One round: take pending signals, ppoll with them unblocked, call watches, signals,
 * timers.  Watches removed meanwhile leave a hole (fd -1) that is closed before the next
 * round, and new ones stand behind those that were polled; so nobody inherits the events
 * of a descriptor number that was closed and opened again.  Timers are a binary heap.
 */
#include "lib/os/loop.h"
#include "lib/base/bug.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"
#include "lib/os/sig.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

struct watch {
    int fd;                             /* -1: removed */
    unsigned events;
    loop_fd_fn *fn;
    void *arg;
};

struct timer {
    uint64_t due_ms, id, period_ms;     /* period 0: once */
    loop_timer_fn *fn;
    void *arg;
};

struct signal_watch {
    int signo;
    loop_signal_fn *fn;
    void *arg;
};

struct loop {
    struct vec watches;                 /* struct watch */
    struct vec places;                  /* size_t: index + 1 in watches, by descriptor */
    struct vec polls;                   /* struct pollfd, as watches at the start of a round */
    struct vec timers;                  /* struct timer, heap by due_ms, then id */
    struct vec signals;                 /* struct signal_watch */
    sigset_t blocked, outside;          /* our signals; the mask while waiting */
    uint64_t last_id;
    size_t holes;
    bool in_round, stop;
};

struct loop *loop_new(void)
{
    struct loop *l = mem_zalloc(sizeof *l);

    vec_init(&l->watches, sizeof(struct watch));
    vec_init(&l->places, sizeof(size_t));
    vec_init(&l->polls, sizeof(struct pollfd));
    vec_init(&l->timers, sizeof(struct timer));
    vec_init(&l->signals, sizeof(struct signal_watch));
    sigemptyset(&l->blocked);
    sigprocmask(SIG_SETMASK, NULL, &l->outside);
    return l;
}

void loop_free(struct loop **lp)
{
    struct loop *l = *lp;

    if (!l)
        return;
    *lp = NULL;
    if (l->signals.n)
        sigprocmask(SIG_UNBLOCK, &l->blocked, NULL);
    vec_fini(&l->watches);
    vec_fini(&l->places);
    vec_fini(&l->polls);
    vec_fini(&l->timers);
    vec_fini(&l->signals);
    mem_free(l);
}

/* --- descriptors --------------------------------------------------------- */

static struct watch *watch_at(struct loop *l, size_t i)
{
    return VEC_AT(&l->watches, struct watch, i);
}

static size_t *place_of(struct loop *l, int fd)
{
    while (l->places.n <= (size_t)fd)
        vec_push(&l->places);
    return VEC_AT(&l->places, size_t, fd);
}

void loop_watch(struct loop *l, int fd, unsigned events, loop_fd_fn *fn, void *arg)
{
    BUG_UNLESS(fd >= 0);
    size_t *place = place_of(l, fd);
    struct watch *w;

    if (*place) {
        w = watch_at(l, *place - 1);
    } else {
        w = VEC_PUSH(&l->watches, struct watch);
        *place = l->watches.n;
    }
    w->fd = fd;
    w->events = events;
    w->fn = fn;
    w->arg = arg;
}

void loop_unwatch(struct loop *l, int fd)
{
    if (fd < 0 || (size_t)fd >= l->places.n)
        return;
    size_t *place = place_of(l, fd);
    if (!*place)
        return;
    watch_at(l, *place - 1)->fd = -1;
    *place = 0;
    l->holes++;
}

static void close_holes(struct loop *l)
{
    size_t to = 0;

    if (!l->holes)
        return;
    for (size_t i = 0; i < l->watches.n; i++) {
        struct watch w = *watch_at(l, i);
        if (w.fd < 0)
            continue;
        *watch_at(l, to++) = w;
        *place_of(l, w.fd) = to;
    }
    l->watches.n = to;
    l->holes = 0;
}

static void fill_polls(struct loop *l)
{
    l->polls.n = 0;
    for (size_t i = 0; i < l->watches.n; i++) {
        const struct watch *w = watch_at(l, i);
        short events = (short)((w->events & LOOP_READ ? POLLIN : 0) |
                               (w->events & LOOP_WRITE ? POLLOUT : 0));
        /* without events not even a hang-up may be told: it would come again and again */
        *VEC_PUSH(&l->polls, struct pollfd) =
            (struct pollfd){ .fd = events ? w->fd : -1, .events = events };
    }
}

static unsigned told(const struct pollfd *p, unsigned wanted)
{
    if (p->revents & (POLLERR | POLLHUP | POLLNVAL))
        return wanted;
    return wanted & ((p->revents & POLLIN ? LOOP_READ : 0u) |
                     (p->revents & POLLOUT ? LOOP_WRITE : 0u));
}

static void call_watches(struct loop *l)
{
    for (size_t i = 0; i < l->polls.n; i++) {
        const struct pollfd *p = VEC_AT(&l->polls, struct pollfd, i);
        const struct watch w = *watch_at(l, i);
        if (!p->revents || w.fd < 0)
            continue;
        unsigned events = told(p, w.events);
        if (events)
            w.fn(w.arg, w.fd, events);
    }
}

/* --- timers -------------------------------------------------------------- */

static struct timer *timer_at(struct loop *l, size_t i)
{
    return VEC_AT(&l->timers, struct timer, i);
}

static bool earlier(const struct timer *a, const struct timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->id < b->id;
}

static void swap(struct loop *l, size_t i, size_t j)
{
    struct timer t = *timer_at(l, i);

    *timer_at(l, i) = *timer_at(l, j);
    *timer_at(l, j) = t;
}

static void sift_up(struct loop *l, size_t i)
{
    for (; i && earlier(timer_at(l, i), timer_at(l, (i - 1) / 2)); i = (i - 1) / 2)
        swap(l, i, (i - 1) / 2);
}

static void sift_down(struct loop *l, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < l->timers.n; c++)
            if (earlier(timer_at(l, c), timer_at(l, least)))
                least = c;
        if (least == i)
            return;
        swap(l, i, least);
        i = least;
    }
}

static void insert_timer(struct loop *l, struct timer t)
{
    *VEC_PUSH(&l->timers, struct timer) = t;
    sift_up(l, l->timers.n - 1);
}

static void remove_timer(struct loop *l, size_t i)
{
    swap(l, i, l->timers.n - 1);
    vec_pop(&l->timers);
    if (i == l->timers.n)
        return;
    sift_down(l, i);
    sift_up(l, i);
}

static uint64_t add_timer(struct loop *l, uint64_t in_ms, uint64_t period_ms, loop_timer_fn *fn,
                          void *arg)
{
    uint64_t due_ms;

    if (__builtin_add_overflow(clock_mono_ms(), in_ms, &due_ms))
        due_ms = UINT64_MAX;
    insert_timer(l, (struct timer){ due_ms, ++l->last_id, period_ms, fn, arg });
    return l->last_id;
}

uint64_t loop_after(struct loop *l, uint64_t in_ms, loop_timer_fn *fn, void *arg)
{
    return add_timer(l, in_ms, 0, fn, arg);
}

uint64_t loop_every(struct loop *l, uint64_t ms, loop_timer_fn *fn, void *arg)
{
    uint64_t period_ms = ms ? ms : 1;

    return add_timer(l, period_ms, period_ms, fn, arg);
}

void loop_cancel(struct loop *l, uint64_t id)
{
    for (size_t i = 0; i < l->timers.n; i++) {
        if (timer_at(l, i)->id == id) {
            remove_timer(l, i);
            return;
        }
    }
}

static uint64_t next_time(const struct timer *t, uint64_t now_ms)
{
    uint64_t missed = (now_ms - t->due_ms) / t->period_ms;

    return t->due_ms + (missed + 1) * t->period_ms;
}

/* Timers made by callbacks (larger ids) wait for the next round, so it ends. */
static void call_timers(struct loop *l)
{
    const uint64_t now_ms = clock_mono_ms(), last = l->last_id;

    while (l->timers.n && timer_at(l, 0)->due_ms <= now_ms) {
        struct timer t = *timer_at(l, 0);
        if (t.id > last)
            break;
        remove_timer(l, 0);
        if (t.period_ms) {
            struct timer again = t;
            again.due_ms = next_time(&t, now_ms);
            insert_timer(l, again);
        }
        t.fn(t.arg);
    }
}

/* --- signals ------------------------------------------------------------- */

void loop_on_signal(struct loop *l, int signo, loop_signal_fn *fn, void *arg)
{
    sig_catch(signo);
    sigaddset(&l->blocked, signo);
    sigdelset(&l->outside, signo);
    sigprocmask(SIG_BLOCK, &l->blocked, NULL);
    *VEC_PUSH(&l->signals, struct signal_watch) = (struct signal_watch){ signo, fn, arg };
}

/* ppoll() does not deliver a blocked signal when a descriptor is ready at once, so under
 * steady load it would never come: fetch those that wait. */
static void fetch_signals(struct loop *l)
{
    const struct timespec no_wait = { 0, 0 };
    int signo;

    while (l->signals.n && (signo = sigtimedwait(&l->blocked, NULL, &no_wait)) > 0)
        sig_raise_flag(signo);
}

static void call_signals(struct loop *l)
{
    fetch_signals(l);
    for (size_t i = 0; i < l->signals.n; i++) {
        struct signal_watch s = *VEC_AT(&l->signals, struct signal_watch, i);
        if (sig_take(s.signo))
            s.fn(s.arg, s.signo);
    }
}

static bool signal_waits(const struct loop *l)
{
    for (size_t i = 0; i < l->signals.n; i++)
        if (sig_pending(VEC_AT(&l->signals, struct signal_watch, i)->signo))
            return true;
    return false;
}

/* --- rounds -------------------------------------------------------------- */

/* How long to sleep; NULL: until something happens. */
static const struct timespec *wait_time(struct loop *l, int max_wait_ms, struct timespec *ts)
{
    uint64_t ms = max_wait_ms < 0 ? UINT64_MAX : (uint64_t)max_wait_ms;

    if (l->timers.n) {
        uint64_t now_ms = clock_mono_ms(), due_ms = timer_at(l, 0)->due_ms;
        uint64_t wait_ms = due_ms > now_ms ? due_ms - now_ms : 0;
        if (wait_ms < ms)
            ms = wait_ms;
    }
    if (signal_waits(l))
        ms = 0;
    if (ms == UINT64_MAX)
        return NULL;
    if (ms > INT_MAX)
        ms = INT_MAX;
    *ts = (struct timespec){ (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };
    return ts;
}

err_t loop_once(struct loop *l, int max_wait_ms)
{
    struct timespec ts;

    BUG_UNLESS(!l->in_round);
    close_holes(l);
    fill_polls(l);
    int r = ppoll(l->polls.p, l->polls.n, wait_time(l, max_wait_ms, &ts), &l->outside);
    if (r < 0 && errno != EINTR)
        return LOG_IO("ppoll", "");
    l->in_round = true;
    if (r > 0)
        call_watches(l);
    call_signals(l);
    call_timers(l);
    l->in_round = false;
    return ERR_OK;
}

err_t loop_run(struct loop *l)
{
    err_t err = ERR_OK;

    l->stop = false;
    while (err == ERR_OK && !l->stop)
        err = loop_once(l, -1);
    return err;
}

void loop_stop(struct loop *l)
{
    l->stop = true;
}

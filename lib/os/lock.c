/* lock.c - see lock.h
 *
 * Waiting with a deadline: F_SETLKW sleeps in the kernel's fair queue and a timer's
 * signal interrupts it.  The signal could arrive just before the call begins to sleep;
 * therefore the timer goes on ticking after the deadline until it has done its work.
 */
#include "lib/os/lock.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

enum { TICK_MS = 20 };                  /* after the deadline */

#define LOCK_SIGNAL (SIGRTMIN + 5)

/* glibc gives the member no portable name */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static uint32_t debug_ms;

void lock_set_debug_time(uint32_t ms)
{
    debug_ms = ms;
}

static struct flock whole_file(short type)
{
    return (struct flock){ .l_type = type, .l_whence = SEEK_SET };
}

static short type_of(enum lock_mode mode)
{
    return mode == LOCK_SHARED ? F_RDLCK : F_WRLCK;
}

static err_t try_lock(int fd, const char *path, enum lock_mode mode)
{
    struct flock fl = whole_file(type_of(mode));

    while (fcntl(fd, F_SETLK, &fl) < 0) {
        if (errno == EACCES || errno == EAGAIN)
            return ERR_LOCKED;
        if (errno != EINTR)
            return LOG_IO("lock", path);
    }
    return ERR_OK;
}

static void on_tick(int signo)
{
    (void)signo;                        /* interrupting is all */
}

struct ticker {
    timer_t id;
    bool on;
    sigset_t old_mask;
};

/* Start a timer that signals this thread.  On failure nothing runs.  The handler stays for
 * good: a late tick must not meet the default action, which ends the process. */
static err_t ticker_start(struct ticker *t, int timeout_ms, const char *path)
{
    struct sigaction sa = { .sa_handler = on_tick };
    struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = LOCK_SIGNAL };
    const struct itimerspec when = {
        .it_value = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L },
        .it_interval = { 0, TICK_MS * 1000000L },
    };
    sigset_t set;

    ev.sigev_notify_thread_id = gettid();
    if (timer_create(CLOCK_MONOTONIC, &ev, &t->id) < 0)
        return LOG_IO("timer_create", path);
    t->on = true;
    sigemptyset(&sa.sa_mask);
    sigaction(LOCK_SIGNAL, &sa, NULL);
    sigemptyset(&set);
    sigaddset(&set, LOCK_SIGNAL);
    sigprocmask(SIG_UNBLOCK, &set, &t->old_mask);
    timer_settime(t->id, 0, &when, NULL);
    return ERR_OK;
}

static void ticker_stop(struct ticker *t)
{
    const int saved = errno;

    if (!t->on)
        return;
    timer_delete(t->id);
    sigprocmask(SIG_SETMASK, &t->old_mask, NULL);
    errno = saved;
}

static void log_timeout(int fd, const char *path, enum lock_mode mode, int timeout_ms)
{
    log_warn("lock timed out: filename=<%s> mode=<%s> waited_ms=<%d> holder=<%ld>", path,
             mode == LOCK_SHARED ? "shared" : "exclusive", timeout_ms,
             (long)lock_holder(fd, mode));
}

static err_t wait_lock(int fd, const char *path, enum lock_mode mode, int timeout_ms)
{
    struct flock fl = whole_file(type_of(mode));
    const uint64_t begin = clock_mono_ms();
    struct ticker ticker = { .on = false };
    err_t err = timeout_ms > 0 ? ticker_start(&ticker, timeout_ms, path) : ERR_OK;

    while (err == ERR_OK && fcntl(fd, F_SETLKW, &fl) < 0) {
        if (errno == EINTR && (timeout_ms < 0 || clock_mono_ms() - begin < (uint64_t)timeout_ms))
            continue;
        err = errno == EINTR ? ERR_LOCKED : LOG_IO("lock", path);
    }
    ticker_stop(&ticker);
    if (err == ERR_LOCKED)
        log_timeout(fd, path, mode, timeout_ms);
    uint64_t waited = clock_mono_ms() - begin;
    if (err == ERR_OK && debug_ms && waited > debug_ms)
        log_notice("lock waited for: filename=<%s> waited_ms=<%llu>", path,
                   (unsigned long long)waited);
    return err;
}

err_t lock_file(int fd, const char *path, enum lock_mode mode, int timeout_ms)
{
    err_t err = try_lock(fd, path, mode);

    if (err != ERR_LOCKED || timeout_ms == LOCK_TRY)
        return err;
    return wait_lock(fd, path, mode, timeout_ms);
}

void lock_release(int fd, const char *path)
{
    struct flock fl = whole_file(F_UNLCK);
    int r;

    do
        r = fcntl(fd, F_SETLK, &fl);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        (void)!LOG_IO("unlock", path);
}

pid_t lock_holder(int fd, enum lock_mode mode)
{
    struct flock fl = whole_file(type_of(mode));

    if (fcntl(fd, F_GETLK, &fl) < 0 || fl.l_type == F_UNLCK)
        return 0;
    return fl.l_pid;
}

/* Put the file that path names now in the place of fd.  dup3 closes the old one, which
 * drops its lock; closing the second descriptor of the new one harms nothing, as nothing
 * is locked there yet. */
static err_t reopen(int fd, const char *path, int flags)
{
    int fresh;
    err_t err = file_open(path, flags, 0600, &fresh);

    if (err)
        return err;
    if (dup3(fresh, fd, O_CLOEXEC) < 0)
        err = LOG_IO("dup3", path);
    file_close(&fresh);
    return err;
}

static int time_left(int timeout_ms, uint64_t begin)
{
    if (timeout_ms <= 0)
        return timeout_ms;
    uint64_t gone = clock_mono_ms() - begin;
    return gone < (uint64_t)timeout_ms ? timeout_ms - (int)gone : LOCK_TRY;
}

err_t lock_reopen(int fd, const char *path, int flags, enum lock_mode mode, int timeout_ms,
                  bool *replaced_out)
{
    const uint64_t begin = clock_mono_ms();
    bool replaced = false;
    err_t err;

    for (;;) {
        err = lock_file(fd, path, mode, time_left(timeout_ms, begin));
        if (err || file_is_same(fd, path))
            break;
        lock_release(fd, path);
        err = reopen(fd, path, flags);
        if (err)
            break;
        replaced = true;
    }
    if (replaced_out)
        *replaced_out = replaced;
    return err;
}

/* ---- bytes ---- */

static uint32_t note_ms = 10000;

void lock_set_note_time(uint32_t ms)
{
    note_ms = ms;
}

/* A timer of the process that is made once, as waits for bytes are many and short; a child needs
 * its own. */
static struct {
    timer_t id;
    pid_t owner;
} alarm_clock;

static err_t alarm_set(uint64_t ms, const char *path)
{
    const struct itimerspec when = {
        .it_value = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000L },
        .it_interval = { 0, ms ? TICK_MS * 1000000L : 0 },
    };
    struct ticker t;

    if (alarm_clock.owner != getpid()) {
        err_t err = ticker_start(&t, 0, path);
        if (err)
            return err;
        alarm_clock.id = t.id;
        alarm_clock.owner = getpid();
    }
    timer_settime(alarm_clock.id, 0, &when, NULL);
    return ERR_OK;
}

static struct flock one_byte(short type, uint64_t at)
{
    return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)at, .l_len = 1 };
}

static void note_wait(int fd, const char *path, const struct flock *wanted, uint64_t waited)
{
    struct flock fl = *wanted;
    long holder = 0;

    if (fcntl(fd, F_GETLK, &fl) == 0 && fl.l_type != F_UNLCK)
        holder = (long)fl.l_pid;
    log_warn(
        "waiting for a lock: if the process that has it hangs, end it: filename=<%s> byte=<%lld> "
        "waited_ms=<%llu> holder=<%ld>",
        path, (long long)wanted->l_start, (unsigned long long)waited, holder);
}

/* When the alarm is wanted next, from the beginning; 0: never. */
static uint64_t next_alarm(bool noted, int timeout_ms)
{
    if (timeout_ms >= 0 && (noted || (uint32_t)timeout_ms <= note_ms))
        return (uint64_t)timeout_ms;
    return noted ? 0 : note_ms;
}

static err_t wait_byte(int fd, const char *path, struct flock *fl, int timeout_ms)
{
    const uint64_t begin = clock_mono_ms();
    bool noted = false;
    err_t err = alarm_set(next_alarm(noted, timeout_ms), path);

    while (!err && fcntl(fd, F_SETLKW, fl) < 0) {
        const uint64_t waited = clock_mono_ms() - begin;
        if (errno != EINTR) {
            err = LOG_IO("lock", path);
        } else if (timeout_ms >= 0 && waited >= (uint64_t)timeout_ms) {
            err = ERR_LOCKED;
        } else if (!noted && waited >= note_ms) {
            noted = true;
            note_wait(fd, path, fl, waited);
            const uint64_t at = next_alarm(noted, timeout_ms);
            err = alarm_set(at > waited ? at - waited : at, path);
        }
    }
    (void)!alarm_set(0, path);
    if (err == ERR_LOCKED)
        note_wait(fd, path, fl, (uint64_t)timeout_ms);
    else if (!err && noted)
        log_notice("the lock is free: filename=<%s> waited_ms=<%llu>", path,
                   (unsigned long long)(clock_mono_ms() - begin));
    return err;
}

err_t lock_byte(int fd, const char *path, uint64_t at, enum lock_mode mode, int timeout_ms)
{
    struct flock fl = one_byte(type_of(mode), at);

    while (fcntl(fd, F_SETLK, &fl) < 0) {
        if (errno == EACCES || errno == EAGAIN)
            return timeout_ms == LOCK_TRY ? ERR_LOCKED : wait_byte(fd, path, &fl, timeout_ms);
        if (errno != EINTR)
            return LOG_IO("lock", path);
    }
    return ERR_OK;
}

void lock_byte_release(int fd, const char *path, uint64_t at)
{
    struct flock fl = one_byte(F_UNLCK, at);
    int r;

    do
        r = fcntl(fd, F_SETLK, &fl);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        (void)!LOG_IO("unlock", path);
}

static err_t open_lock_file(const char *path, int *fd_out)
{
    const int flags = O_RDWR | O_CREAT;
    err_t err = file_open(path, flags, 0600, fd_out);

    if (err == ERR_NOTFOUND) {
        err = dir_make_parents(path, 0755);
        if (err == ERR_OK)
            err = file_open(path, flags, 0600, fd_out);
    }
    return err;
}

err_t lock_path_take(const char *path, enum lock_mode mode, int timeout_ms, int *fd_out)
{
    err_t err = open_lock_file(path, fd_out);

    if (err == ERR_OK)
        err = lock_reopen(*fd_out, path, O_RDWR | O_CREAT, mode, timeout_ms, NULL);
    if (err)
        file_close(fd_out);
    return err;
}

void lock_path_drop(int *fd)
{
    file_close(fd);
}

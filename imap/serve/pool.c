/* pool.c - life of a child of master: formats/internal-protocols.md 1
 *
 *   descriptor 3   status pipe, 8 byte messages          descriptor 4   listening socket
 *
 *   idle --accept--> UNAVAILABLE, CONNECTION --session--> AVAILABLE --> idle ... --> end
 *
 * An idle process waits for the accept lock of its service, then for a connection.  It ends after
 * -U connections, after -T to 2*-T seconds without one, on TERM and HUP, and when its program file
 * was replaced.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "imap/serve/serve_impl.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/rand.h"
#include "lib/conf/conf.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"

enum { STATUS_FD = 3, LISTEN_FD = 4, EXIT_TEMPORARY = 75 };
enum { ACCEPT_WAIT_MS = 50, ACCEPT_WAIT_MAX_MS = 1000 };
enum message { MSG_AVAILABLE = 1, MSG_UNAVAILABLE = 2, MSG_CONNECTION = 3 };

struct status {
    int32_t message, pid;
};

/* ---- messages ---- */

static void tell(struct serve *s, const enum message *messages, size_t n)
{
    struct status all[2];
    ssize_t done;

    if (s->status_fd < 0)
        return;
    for (size_t i = 0; i < n; i++)
        all[i] = (struct status){ .message = (int32_t)messages[i], .pid = (int32_t)getpid() };
    do
        done = write(s->status_fd, all, n * sizeof *all);
    while (done < 0 && errno == EINTR);
    if (done != (ssize_t)(n * sizeof *all))
        log_warn("master cannot be told the state of this process: %s", strerror(errno));
}

static void tell_one(struct serve *s, enum message m)
{
    tell(s, &m, 1);
}

/* ---- set-up ---- */

static bool is_listening(int fd)
{
    int on = 0;
    socklen_t n = sizeof on;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &n) == 0 && on;
}

bool pool_is_child(struct serve *s)
{
    if (!getenv("CYRUS_SERVICE") || !is_listening(LISTEN_FD))
        return false;
    s->listener = LISTEN_FD;
    s->status_fd = fcntl(STATUS_FD, F_GETFD) >= 0 ? STATUS_FD : -1;
    fcntl(LISTEN_FD, F_SETFD, FD_CLOEXEC);
    if (s->status_fd >= 0)
        fcntl(STATUS_FD, F_SETFD, FD_CLOEXEC);
    return true;
}

/* <configdirectory>/socket/<service>-<id>.lock; without it children just wait side by side. */
static void open_lock(struct serve *s)
{
    const char *id = getenv("CYRUS_ID");
    struct buf path = BUF_INIT;

    conf_dir(&path, "socket");
    if (dir_make(buf_cstr(&path), 0755) == ERR_OK) {
        buf_addf(&path, "/%s-%s.lock", s->service_name, id ? id : "0");
        if (file_open(buf_cstr(&path), O_RDWR | O_CREAT, 0600, &s->lock_fd) != ERR_OK)
            s->lock_fd = -1;
    }
    if (s->lock_fd < 0)
        log_warn("no accept lock for %s: %s", s->service_name, buf_cstr(&path));
    buf_fini(&path);
}

/* ---- waiting ---- */

/* Is it time to end?  Asked whenever a signal came. */
static bool must_leave(void)
{
    return shutdown_term() || shutdown_hup();
}

/* Wait for our turn; false: a signal told to end, or the time is up. */
static bool take_turn(struct serve *s)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    while (s->lock_fd >= 0 && fcntl(s->lock_fd, F_SETLKW, &whole) < 0) {
        if (errno != EINTR) {
            log_warn("accept lock of %s: %s", s->service_name, strerror(errno));
            return true;
        }
        if (must_leave() || shutdown_alarm_take())
            return false;
    }
    return true;
}

static void end_turn(struct serve *s)
{
    struct flock whole = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

    if (s->lock_fd >= 0)
        fcntl(s->lock_fd, F_SETLK, &whole);
}

/* No descriptors for the connection that waits: whoever ended now would be replaced at once, and
 * the next one find the same.  Wait for others to close some, twice as long each time; a signal
 * ends it. */
static void wait_for_descriptors(uint32_t *ms)
{
    const struct timespec t = { .tv_sec = *ms / 1000, .tv_nsec = (long)(*ms % 1000) * 1000000 };

    if (*ms == ACCEPT_WAIT_MS)
        log_warn("no descriptors left for a new connection: raise maxfds in cyrus.conf, or the "
                 "system's limit");
    nanosleep(&t, NULL);
    *ms = *ms * 2 < ACCEPT_WAIT_MAX_MS ? *ms * 2 : ACCEPT_WAIT_MAX_MS;
}

static err_t accept_next(struct serve *s, int *fd_out)
{
    struct sock_addr peer;
    uint32_t ms = ACCEPT_WAIT_MS;
    err_t err;

    do {
        err = sock_accept(s->listener, fd_out, &peer);
        if (err == ERR_NOSPACE)
            wait_for_descriptors(&ms);
    } while ((err == ERR_AGAIN || err == ERR_NOSPACE) && !must_leave() && !shutdown_alarm_take());
    return err == ERR_AGAIN || err == ERR_NOSPACE ? ERR_STOP : err;
}

/* The next connection.  ERR_STOP: none came in time, or a signal; else as sock_accept. */
static err_t next_connection(struct serve *s, int *fd_out)
{
    err_t err = ERR_STOP;

    shutdown_alarm_take();
    if (s->reuse_seconds > 0)
        alarm(s->reuse_seconds + rand_below(s->reuse_seconds));
    if (!must_leave() && take_turn(s)) {
        err = accept_next(s, fd_out);
        end_turn(s);
    }
    alarm(0);
    return err;
}

static bool may_go_on(const struct serve *s)
{
    return s->sessions < s->max_uses && !must_leave() && !inputs_program_replaced(s);
}

int pool_run(struct serve *s)
{
    static const enum message taken[] = { MSG_UNAVAILABLE, MSG_CONNECTION };
    int fd;

    open_lock(s);
    for (;;) {
        err_t err = next_connection(s, &fd);
        if (err) {
            tell_one(s, MSG_UNAVAILABLE);
            return err == ERR_STOP ? 0 : EXIT_TEMPORARY;
        }
        tell(s, taken, sizeof taken / sizeof *taken);
        conn_serve(s, fd, fd);
        if (!may_go_on(s))
            return 0;
        tell_one(s, MSG_AVAILABLE);
    }
}

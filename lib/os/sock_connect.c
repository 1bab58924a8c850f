/* sock_connect.c - connecting with a deadline; see sock.h */
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/os/file.h"
#include "lib/os/sock.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stddef.h>
#include <sys/time.h>
#include <sys/un.h>

/* Milliseconds to the deadline, never negative. */
static int left_until(uint64_t deadline_ms)
{
    uint64_t now = clock_mono_ms();

    if (now >= deadline_ms)
        return 0;
    return deadline_ms - now > INT_MAX ? INT_MAX : (int)(deadline_ms - now);
}

static err_t kind_of(int errno_value)
{
    switch (errno_value) {
    case 0:
        return ERR_OK;
    case ETIMEDOUT:
        return ERR_TIMEOUT;
    case EMFILE:
    case ENFILE:
        errno = errno_value;
        return LOG_IO("socket", "");
    default:
        return ERR_CLOSED;              /* refused, unreachable, reset ... */
    }
}

/* Wait for the end of a connect that is under way. */
static err_t finish(int fd, uint64_t deadline_ms)
{
    int reason = 0;
    socklen_t len = sizeof reason;
    err_t err;

    do
        err = sock_wait(fd, POLLOUT, left_until(deadline_ms));
    while (err == ERR_AGAIN);
    if (err)
        return err;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &len) < 0)
        reason = errno;
    return kind_of(reason);
}

static err_t try_address(const struct addrinfo *ai, uint64_t deadline_ms, int *fd_out)
{
    err_t err = ERR_OK;

    *fd_out = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                     ai->ai_protocol);
    if (*fd_out < 0)
        return kind_of(errno);
    /* interrupted, a connect goes on all the same */
    if (connect(*fd_out, ai->ai_addr, ai->ai_addrlen) < 0)
        err = errno == EINPROGRESS || errno == EINTR ? finish(*fd_out, deadline_ms)
                                                     : kind_of(errno);
    if (err)
        file_close(fd_out);
    else
        sock_set_nonblocking(*fd_out, false);
    return err;
}

static int count(const struct addrinfo *list)
{
    int n = 0;

    for (; list; list = list->ai_next)
        n++;
    return n;
}

/* Each address gets an equal share of the time that is left, so that one that does not
 * answer cannot use up all of it. */
static err_t try_all(const struct addrinfo *list, int timeout_ms, int *fd_out)
{
    const uint64_t deadline_ms = clock_mono_ms() + (uint64_t)timeout_ms;
    err_t err = ERR_CLOSED;

    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        int share = left_until(deadline_ms) / count(ai);
        err = try_address(ai, clock_mono_ms() + (uint64_t)share, fd_out);
        if (err == ERR_OK)
            break;
    }
    return err;
}

err_t sock_connect(const char *host, const char *port, int timeout_ms, int *fd_out)
{
    const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    int r = getaddrinfo(host, port, &hints, &list);

    *fd_out = -1;
    if (r) {
        log_err("IOERROR: cannot resolve: host=<%s> port=<%s> reason=<%s>", host, port,
                gai_strerror(r));
        return r == EAI_AGAIN ? ERR_AGAIN : ERR_NOTFOUND;
    }
    err_t err = try_all(list, timeout_ms < 0 ? INT_MAX : timeout_ms, fd_out);
    freeaddrinfo(list);
    return err;
}

/* A UNIX connect waits only while the queue of the listener is full. */
static err_t connect_unix(int fd, const struct sockaddr_un *un, uint64_t deadline_ms)
{
    int r;

    do {
        int left = left_until(deadline_ms);
        const struct timeval tv = { left / 1000, left % 1000 * 1000 };
        sock_set_nonblocking(fd, left == 0);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
        r = connect(fd, (const struct sockaddr *)un, sizeof *un);
    } while (r < 0 && errno == EINTR);
    if (r == 0)
        return ERR_OK;
    return errno == EAGAIN ? ERR_TIMEOUT : kind_of(errno);
}

err_t sock_connect_unix(const char *path, int timeout_ms, int *fd_out)
{
    const uint64_t wait_ms = timeout_ms < 0 ? INT_MAX : (uint64_t)timeout_ms;
    const struct timeval forever = { 0, 0 };
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    size_t n = strlen(path);

    *fd_out = -1;
    if (n > SOCK_UNIX_PATH_MAX)
        return ERR_LIMIT;
    memcpy(un.sun_path, path, n);
    *fd_out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd_out < 0)
        return LOG_IO("socket", path);
    err_t err = connect_unix(*fd_out, &un, clock_mono_ms() + wait_ms);
    sock_set_nonblocking(*fd_out, false);
    setsockopt(*fd_out, SOL_SOCKET, SO_SNDTIMEO, &forever, sizeof forever);
    if (err)
        file_close(fd_out);
    return err;
}

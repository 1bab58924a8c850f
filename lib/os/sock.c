/* sock.c - accepting, waiting, settings, datagrams, passing descriptors; see sock.h */
#include "lib/os/sock.h"
#include "lib/base/log.h"
#include "lib/os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/un.h>
#include <unistd.h>

enum { FDS_TAKEN_MAX = 16 };            /* more than one is never sent by us */

/* accept(2) hands on errors of the new connection: none of them is the listener's fault. */
static err_t accept_failed(void)
{
    switch (errno) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        (void)!LOG_IO("accept", "");
        return ERR_NOSPACE;
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
    case EOPNOTSUPP:
    case EFAULT:
        return LOG_IO("accept", "");
    default:
        return ERR_AGAIN;
    }
}

err_t sock_accept(int listener, int *fd_out, struct sock_addr *peer_out)
{
    struct sock_addr peer = { .len = sizeof peer.ss };

    *fd_out = accept4(listener, (struct sockaddr *)&peer.ss, &peer.len, SOCK_CLOEXEC);
    if (*fd_out < 0)
        peer.len = 0;
    if (peer_out)
        *peer_out = peer;
    return *fd_out < 0 ? accept_failed() : ERR_OK;
}

err_t sock_wait(int fd, short events, int timeout_ms)
{
    struct pollfd p = { .fd = fd, .events = events };
    int r = poll(&p, 1, timeout_ms);

    if (r == 0)
        return ERR_TIMEOUT;
    if (r < 0)
        return errno == EINTR ? ERR_AGAIN : LOG_IO("poll", "");
    if (p.revents & POLLNVAL) {
        errno = EBADF;
        return LOG_IO("poll", "");
    }
    return ERR_OK;
}

err_t sock_pair(int fds[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 ? LOG_IO("socketpair", "")
                                                                       : ERR_OK;
}

/* --- datagrams ----------------------------------------------------------- */

err_t sock_new_unix_dgram(int *fd_out)
{
    *fd_out = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return *fd_out < 0 ? LOG_IO("socket", "") : ERR_OK;
}

static err_t send_dgram(int fd, const char *path, struct slice bytes, int flags)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    size_t n = strlen(path);
    ssize_t r;

    if (n > SOCK_UNIX_PATH_MAX)
        return ERR_LIMIT;
    memcpy(un.sun_path, path, n);
    do
        r = sendto(fd, bytes.p, bytes.n, flags | MSG_NOSIGNAL, (struct sockaddr *)&un,
                   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1));
    while (r < 0 && errno == EINTR);
    if (r >= 0)
        return ERR_OK;
    switch (errno) {
    case ENOENT:
    case ECONNREFUSED:
    case ENOTSOCK:
    case EPROTOTYPE:
        return ERR_CLOSED;
    case EAGAIN:
    case ENOBUFS:
        return ERR_AGAIN;
    case EMSGSIZE:
        return ERR_LIMIT;
    default:
        return LOG_IO("sendto", path);
    }
}

err_t sock_send_unix_dgram(int fd, const char *path, struct slice bytes)
{
    return send_dgram(fd, path, bytes, MSG_DONTWAIT);
}

err_t sock_send_unix_dgram_within(int fd, const char *path, struct slice bytes, int timeout_ms)
{
    const struct timeval t = { .tv_sec = timeout_ms / 1000,
                               .tv_usec = timeout_ms % 1000 * 1000 };
    err_t err = sock_send_unix_dgram(fd, path, bytes);

    if (err != ERR_AGAIN || timeout_ms == 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t) < 0)
        return err;
    return send_dgram(fd, path, bytes, 0);
}

/* --- passing descriptors ------------------------------------------------- */

union control {
    struct cmsghdr align;
    char room[CMSG_SPACE(FDS_TAKEN_MAX * sizeof(int))];
};

static err_t peer_failed(const char *what)
{
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
        return ERR_CLOSED;
    return LOG_IO(what, "");
}

err_t sock_send_fd(int via, int fd, struct slice bytes)
{
    union control control = { .room = { 0 } };
    struct iovec iov = { (void *)(uintptr_t)bytes.p, bytes.n };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
                          .msg_controllen = CMSG_SPACE(sizeof fd) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    ssize_t r;

    if (bytes.n == 0 || bytes.n > SOCK_PASS_MAX)
        return ERR_LIMIT;
    *c = (struct cmsghdr){ CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS };
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    do
        r = sendmsg(via, &msg, MSG_NOSIGNAL);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return peer_failed("sendmsg");
    /* the descriptor went with the first byte */
    for (bytes = slice_skip(bytes, (size_t)r); bytes.n; bytes = slice_skip(bytes, (size_t)r)) {
        r = send(via, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (r < 0 && errno != EINTR)
            return peer_failed("send");
        if (r < 0)
            r = 0;
    }
    return ERR_OK;
}

/* Keep the first descriptor of a control message, close what came beside it. */
static void take_fds(struct cmsghdr *c, int *fd_out)
{
    size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
        return;
    for (size_t i = 0; i < count; i++) {
        int fd;
        memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
        if (*fd_out < 0)
            *fd_out = fd;
        else
            file_close(&fd);
    }
}

err_t sock_recv_fd(int via, void *dst, size_t max, size_t *n_out, int *fd_out)
{
    union control control;
    struct iovec iov = { dst, max };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
                          .msg_controllen = sizeof control.room };
    ssize_t r;

    *fd_out = -1;
    *n_out = 0;
    do
        r = recvmsg(via, &msg, MSG_CMSG_CLOEXEC);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return peer_failed("recvmsg");
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
        take_fds(c, fd_out);
    *n_out = (size_t)r;
    if (r == 0)
        file_close(fd_out);
    return r == 0 ? ERR_CLOSED : ERR_OK;
}

/* --- settings ------------------------------------------------------------ */

static void set_int(int fd, int level, int name, int value)
{
    setsockopt(fd, level, name, &value, sizeof value);
}

void sock_set_nodelay(int fd, bool on)
{
    set_int(fd, IPPROTO_TCP, TCP_NODELAY, on);
}

void sock_set_cork(int fd, bool on)
{
    set_int(fd, IPPROTO_TCP, TCP_CORK, on);
}

void sock_set_nonblocking(int fd, bool on)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags >= 0)
        fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

void sock_set_keepalive(int fd, int idle_s, int interval_s, int count)
{
    set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    if (idle_s)
        set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle_s);
    if (interval_s)
        set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, interval_s);
    if (count)
        set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, count);
}

/* stream_fd.c - base of a stream: a socket, or a pair of pipes or terminals
 *
 * A socket is read with SO_RCVTIMEO, so that waiting for a command is one system call; anything
 * else is polled first.  Writes do not wait unless the socket's buffer is full.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/net/stream_impl.h"

enum { NO_TIMEOUT_SET = -2, WRITE_PIECES = 16 };

err_t net_errno(int errno_value, const char *what)
{
    switch (errno_value) {
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
    case ENOTCONN:
    case ENETRESET:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return ERR_CLOSED;
    case ETIMEDOUT:
        return ERR_TIMEOUT;
    default:
        errno = errno_value;
        return LOG_IO(what, "connection");
    }
}

/* A signal interrupted a wait that began then: go on, stop, or is the time up? */
static err_t interrupted(struct base_fd *b, bool reading, uint64_t begin_ms)
{
    struct stream *s = b->owner;

    if (reading && s->may_stop && s->must_stop && s->must_stop(s->must_stop_arg))
        return ERR_AGAIN;
    if (b->timeout_ms >= 0 && clock_mono_ms() - begin_ms >= (uint64_t)b->timeout_ms)
        return ERR_TIMEOUT;
    return ERR_OK;
}

/* Wait for the events. */
static err_t wait_for(struct base_fd *b, int fd, short events)
{
    uint64_t begin = clock_mono_ms();

    for (;;) {
        struct pollfd p = { .fd = fd, .events = events };
        int64_t ms = b->timeout_ms;
        int n = poll(&p, 1, ms < 0 ? -1 : ms > INT32_MAX ? INT32_MAX : (int)ms);
        if (n > 0)
            return ERR_OK;
        if (n == 0)
            return ERR_TIMEOUT;
        if (errno != EINTR)
            return net_errno(errno, "poll");
        err_t err = interrupted(b, events == POLLIN, begin);
        if (err)
            return err;
    }
}

/* Tell the kernel the time-out of reads when it changed. */
static void set_receive_timeout(struct base_fd *b)
{
    int64_t ms = b->timeout_ms < 0 ? 0 : b->timeout_ms == 0 ? 1 : b->timeout_ms;
    struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

    setsockopt(b->in, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    b->timeout_set = b->timeout_ms;
}

static err_t read_socket(struct base_fd *b, char *dst, size_t cap, size_t *n_out)
{
    uint64_t begin = clock_mono_ms();

    if (b->timeout_ms != b->timeout_set && !b->no_wait)
        set_receive_timeout(b);
    for (;;) {
        ssize_t n = recv(b->in, dst, cap, b->no_wait ? MSG_DONTWAIT : 0);
        if (n > 0) {
            *n_out = (size_t)n;
            return ERR_OK;
        }
        if (n == 0)
            return ERR_CLOSED;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return b->no_wait ? ERR_AGAIN : ERR_TIMEOUT;
        if (errno != EINTR)
            return net_errno(errno, "recv");
        err_t err = interrupted(b, true, begin);
        if (err)
            return err;
    }
}

static err_t read_other(struct base_fd *b, char *dst, size_t cap, size_t *n_out)
{
    if (b->no_wait) {
        struct pollfd p = { .fd = b->in, .events = POLLIN };
        if (poll(&p, 1, 0) == 0)
            return ERR_AGAIN;
    } else {
        err_t err = wait_for(b, b->in, POLLIN);
        if (err)
            return err;
    }
    ssize_t n;
    do
        n = read(b->in, dst, cap);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return net_errno(errno, "read");
    *n_out = (size_t)n;
    return n == 0 ? ERR_CLOSED : ERR_OK;
}

static err_t fd_read(struct layer *l, char *dst, size_t cap, size_t *n_out)
{
    struct base_fd *b = (struct base_fd *)l;

    return b->in_is_socket ? read_socket(b, dst, cap, n_out) : read_other(b, dst, cap, n_out);
}

/* Drop what was written from the front of the list. */
static void advance(struct iovec **v, int *n, size_t done)
{
    while (*n > 0 && done >= (*v)->iov_len) {
        done -= (*v)->iov_len;
        ++*v;
        --*n;
    }
    if (*n > 0) {
        (*v)->iov_base = (char *)(*v)->iov_base + done;
        (*v)->iov_len -= done;
    }
}

static err_t write_all(struct base_fd *b, struct iovec *v, int n)
{
    while (n > 0) {
        ssize_t done;
        if (b->out_is_socket) {
            struct msghdr m = { .msg_iov = v, .msg_iovlen = (size_t)n };
            done = sendmsg(b->out, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
        } else {
            done = writev(b->out, v, n);
        }
        if (done >= 0) {
            advance(&v, &n, (size_t)done);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            err_t err = wait_for(b, b->out, POLLOUT);
            if (err)
                return err;
        } else if (errno != EINTR) {
            return net_errno(errno, "send");
        }
    }
    return ERR_OK;
}

static err_t fd_write(struct layer *l, const struct iovec *v, int n, bool flush)
{
    struct iovec copy[WRITE_PIECES];            /* a short write changes the list */
    struct base_fd *b = (struct base_fd *)l;

    (void)flush;
    while (n > 0) {
        int part = n < WRITE_PIECES ? n : WRITE_PIECES;
        memcpy(copy, v, (size_t)part * sizeof *v);
        err_t err = write_all(b, copy, part);
        if (err)
            return err;
        v += part;
        n -= part;
    }
    return ERR_OK;
}

err_t base_fd_sendfile(struct base_fd *b, int fd, uint64_t off, uint64_t n)
{
    enum { PIECE = 1 << 30 };
    off_t at = (off_t)off;

    while (n > 0) {
        err_t err = wait_for(b, b->out, POLLOUT);   /* sendfile() itself has no deadline */
        if (err)
            return err;
        ssize_t done = sendfile(b->out, fd, &at, n < PIECE ? (size_t)n : PIECE);
        if (done == 0)
            return ERR_CORRUPT;                     /* the file is shorter than it was said to be */
        if (done < 0 && errno != EAGAIN && errno != EINTR)
            return net_errno(errno, "sendfile");
        n -= done > 0 ? (uint64_t)done : 0;
    }
    return ERR_OK;
}

static bool fd_pending(struct layer *l)
{
    (void)l;
    return false;
}

static void fd_close(struct layer *l)
{
    struct base_fd *b = (struct base_fd *)l;

    close(b->in);
    if (b->out != b->in)
        close(b->out);
    mem_free(b);
}

static const struct layer_ops fd_ops = { fd_read, fd_write, fd_pending, fd_close };

/* Replies are written whole, so the kernel must not wait for more.  Tells whether it is a
 * socket. */
static bool prepare_socket(int fd)
{
    int on = 1;

    return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 || errno != ENOTSOCK;
}

struct base_fd *base_fd_new(struct stream *owner, int in, int out)
{
    struct base_fd *b = mem_zalloc(sizeof *b);

    b->layer.ops = &fd_ops;
    b->owner = owner;
    b->in = in;
    b->out = out;
    b->timeout_ms = -1;
    b->timeout_set = NO_TIMEOUT_SET;
    b->out_is_socket = prepare_socket(out);
    b->in_is_socket = in == out ? b->out_is_socket : prepare_socket(in);
    return b;
}

/* conn.c - see conn.h */
#include "bench/driver/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/driver/drive.h"
#include "lib/base/mem.h"

#define READ_SIZE      (64u * 1024) /* first buffer; it doubles for a long line */
#define LINE_MAX_BYTES (64u * 1024 * 1024)

struct conn {
    int fd;
    bool quickack;
    char *p;
    size_t head, tail, cap; /* unread bytes: p[head..tail) */
    size_t scanned;         /* no LF in p[head..scanned) */
};

struct conn *conn_open(uint64_t port, bool quickack)
{
    struct conn *c = mem_zalloc(sizeof *c);
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    struct timeval deadline = { .tv_sec = CONN_DEADLINE_S };

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        drive_cannot("socket: %s", strerror(errno));
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0)
        drive_wrong("connect to port %u: %s", (unsigned)port, strerror(errno));
    c->quickack = quickack;
    return c;
}

void conn_close(struct conn **cp)
{
    struct conn *c = *cp;

    *cp = NULL;
    if (!c)
        return;
    close(c->fd);
    mem_free(c->p);
    mem_free(c);
}

void conn_write(struct conn *c, const void *data, size_t n)
{
    const char *p = data;

    while (n > 0) {
        ssize_t w = send(c->fd, p, n, MSG_NOSIGNAL);

        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            drive_wrong("write: %s", strerror(errno));
        p += w;
        n -= (size_t)w;
    }
}

void conn_writef(struct conn *c, const char *fmt, ...)
{
    struct buf b = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    conn_write(c, b.p, b.n);
    buf_fini(&b);
}

static void make_room(struct conn *c)
{
    if (c->head > 0) {
        memmove(c->p, c->p + c->head, c->tail - c->head);
        c->tail -= c->head;
        c->scanned -= c->head;
        c->head = 0;
    }
    if (c->tail < c->cap)
        return;
    if (c->cap >= LINE_MAX_BYTES)
        drive_wrong("a line of more than %u bytes", LINE_MAX_BYTES);
    c->cap = c->cap ? c->cap * 2 : READ_SIZE;
    c->p = mem_realloc(c->p, c->cap);
}

/* One read; false at the end of the connection or (flags) when nothing is there. */
static bool more(struct conn *c, int flags)
{
    ssize_t r;

    if (c->head == c->tail)
        c->head = c->tail = c->scanned = 0;
    if (c->tail == c->cap)
        make_room(c);
    do
        r = recv(c->fd, c->p + c->tail, c->cap - c->tail, flags);
    while (r < 0 && errno == EINTR);
    if (r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && !(flags & MSG_DONTWAIT))
        drive_wrong("no answer for %d s", CONN_DEADLINE_S);
    if (r <= 0)
        return false;
    c->tail += (size_t)r;
    if (c->quickack)
        setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &(int){ 1 }, sizeof(int));
    return true;
}

bool conn_line_ready(struct conn *c, struct slice *out)
{
    const char *lf;

    if (c->tail == c->scanned)
        return false;
    lf = memchr(c->p + c->scanned, '\n', c->tail - c->scanned);
    if (!lf) {
        c->scanned = c->tail;
        return false;
    }
    *out = slice_make(c->p + c->head, (size_t)(lf - (c->p + c->head)));
    if (out->n > 0 && out->p[out->n - 1] == '\r')
        out->n--;
    c->head = c->scanned = (size_t)(lf + 1 - c->p);
    return true;
}

struct slice conn_line(struct conn *c)
{
    struct slice line;

    while (!conn_line_ready(c, &line))
        if (!more(c, 0))
            drive_wrong("the server closed the connection");
    return line;
}

void conn_take(struct conn *c, uint64_t n, struct buf *into)
{
    for (;;) {
        size_t have = c->tail - c->head;
        size_t part = have < n ? have : (size_t)n;

        if (into)
            buf_add(into, c->p + c->head, part);
        c->head += part;
        c->scanned = c->head;
        n -= part;
        if (n == 0)
            return;
        if (!more(c, 0))
            drive_wrong("the server closed the connection inside a literal");
    }
}

void conn_drain(struct conn *c)
{
    do
        c->head = c->tail = c->scanned = 0;
    while (more(c, 0));
}

int conn_fd(const struct conn *c)
{
    return c->fd;
}

bool conn_pump(struct conn *c)
{
    return more(c, MSG_DONTWAIT) || errno == EAGAIN || errno == EWOULDBLOCK;
}

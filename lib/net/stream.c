/* stream.c - the two buffers of a stream: see stream.h */
#include "lib/net/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/net/stream_impl.h"

enum { CLOSE_FLUSH_MS = 1000 };

static struct stream *stream_alloc(void)
{
    struct stream *s = mem_zalloc(sizeof *s);

    s->log.fd = -1;
    return s;
}

struct stream *stream_new(int fd_in, int fd_out)
{
    struct stream *s = stream_alloc();

    s->fd = base_fd_new(s, fd_in, fd_out);
    s->top = &s->fd->layer;
    return s;
}

struct stream *stream_new_mem(struct slice input, struct buf *out)
{
    struct stream *s = stream_alloc();

    s->top = base_mem_new(input, out);
    return s;
}

void stream_close(struct stream **sp)
{
    struct stream *s = *sp;

    if (!s)
        return;
    *sp = NULL;
    stream_set_timeout(s, CLOSE_FLUSH_MS);
    if (stream_flush(s) != ERR_OK)
        s->out_n = 0;
    for (struct layer *l = s->top, *below; l; l = below) {
        below = l->below;
        l->ops->close(l);
    }
    if (s->log.fd >= 0)
        close(s->log.fd);
    if (s->in)
        mem_wipe(s->in, s->in_cap < STREAM_IN_FIRST ? s->in_cap : STREAM_IN_FIRST);
    mem_free(s->in);
    mem_free(s->out);
    mem_free(s);
}

void stream_set_timeout(struct stream *s, int64_t ms)
{
    if (s->fd)
        s->fd->timeout_ms = ms;
}

void stream_set_interrupt(struct stream *s, bool (*must_stop)(void *), void *arg)
{
    s->must_stop = must_stop;
    s->must_stop_arg = arg;
}

void stream_push(struct stream *s, struct layer *l)
{
    l->below = s->top;
    s->top = l;
}

err_t layer_write(struct layer *l, const void *p, size_t n, bool flush)
{
    struct iovec one = { (void *)(uintptr_t)p, n };

    return l->ops->write(l, &one, n > 0, flush);
}

/* ---- reading ---- */

/* Give back what a burst left behind, while a quiet client is waited for. */
static void trim(struct stream *s)
{
    if (s->in_pos == s->in_end && s->in_cap > STREAM_IN_FIRST) {
        mem_free(s->in);
        s->in = NULL;
        s->in_cap = s->in_pos = s->in_end = 0;
    }
    if (s->out_n == 0) {
        mem_free(s->out);
        s->out = NULL;
    }
}

/* Make room behind in_end: at least one byte, and cap bytes in all. */
static void make_room(struct stream *s, size_t cap)
{
    if (s->in_pos == s->in_end) {
        s->in_pos = s->in_end = 0;
    } else if (s->in_pos > 0) {
        memmove(s->in, s->in + s->in_pos, s->in_end - s->in_pos);
        s->in_end -= s->in_pos;
        s->in_pos = 0;
    }
    if (s->in_cap < cap) {
        s->in = mem_realloc(s->in, cap);
        s->in_cap = cap;
    }
}

static void pop(struct stream *s)
{
    struct layer *l = s->top;

    s->top = l->below;
    l->ops->close(l);
}

err_t stream_stop_layers(struct stream *s)
{
    struct slice rest = SLICE_NULL;
    err_t err = stream_flush(s);

    if (err || (!s->has_deflate && !s->has_wrap))
        return err;
    stream_drop_input(s);
    if (s->has_deflate) {
        if (!stream_deflate_end(s->top, &rest) || s->has_wrap)
            rest = SLICE_NULL;
        make_room(s, rest.n > STREAM_IN_FIRST ? rest.n : STREAM_IN_FIRST);
        if (rest.n)
            memcpy(s->in, rest.p, rest.n);
        s->in_end = rest.n;
        pop(s);
    }
    if (s->has_wrap)
        pop(s);
    s->has_deflate = s->has_wrap = false;
    return ERR_OK;
}

/* Read once behind in_end, of which there is room.  What was written goes out first, since the
 * peer may be waiting for it. */
static err_t fill(struct stream *s)
{
    size_t n = 0;
    err_t err = s->rerr;

    if (err)
        return err;
    if (s->out_n > 0 && stream_flush(s) != ERR_OK)
        return s->rerr = s->werr;
    err = s->top->ops->read(s->top, s->in + s->in_end, s->in_cap - s->in_end, &n);
    if (err == ERR_AGAIN)
        return err;
    s->rerr = err;
    s->in_end += n;
    s->log.mark_in = true;
    return err;
}

bool stream_has_input(struct stream *s)
{
    return s->in_pos < s->in_end;
}

err_t stream_peek(struct stream *s, size_t want, struct slice *out)
{
    if (s->in_pos == s->in_end) {
        size_t cap = want < STREAM_IN_FIRST ? STREAM_IN_FIRST : want;
        make_room(s, cap > STREAM_BULK ? STREAM_BULK : cap);
        err_t err = fill(s);
        if (err)
            return err;
    }
    *out = slice_make(s->in + s->in_pos, s->in_end - s->in_pos);
    return ERR_OK;
}

void stream_consume(struct stream *s, size_t n)
{
    if (s->log.fd >= 0)
        stream_log_in(s, slice_make(s->in + s->in_pos, n));
    s->in_pos += n;
    s->bytes_in += n;
}

err_t stream_some(struct stream *s, size_t max, struct slice *out)
{
    err_t err = stream_peek(s, max, out);

    if (err)
        return err;
    if (out->n > max)
        out->n = max;
    stream_consume(s, out->n);
    return ERR_OK;
}

/* The line is longer than it may be: drop bytes up to its end. */
static err_t discard_line(struct stream *s)
{
    size_t dropped = 0;

    while (dropped < STREAM_DISCARD_MAX) {
        struct slice piece;
        err_t err = stream_peek(s, STREAM_BULK, &piece);
        if (err)
            return err;
        const char *lf = memchr(piece.p, '\n', piece.n);
        size_t n = lf ? (size_t)(lf + 1 - piece.p) : piece.n;
        stream_consume(s, n);
        if (lf)
            return ERR_LIMIT;
        dropped += n;
    }
    return s->rerr = ERR_CLOSED;
}

/* One more read for a line of which `have` bytes are there. */
static err_t fill_line(struct stream *s, size_t have, size_t max)
{
    size_t cap = s->in_cap ? s->in_cap : STREAM_IN_FIRST;

    if (have == cap)
        cap = cap * 2 < max + 2 ? cap * 2 : max + 2;
    make_room(s, cap);
    s->may_stop = have == 0;
    err_t err = fill(s);
    s->may_stop = false;
    return err;
}

err_t stream_line(struct stream *s, size_t max, struct slice *out)
{
    size_t seen = 0;                            /* bytes known to hold no line end */

    for (;;) {
        size_t have = s->in_end - s->in_pos;
        const char *start = have > 0 ? s->in + s->in_pos : NULL;
        const char *lf = have > seen ? memchr(start + seen, '\n', have - seen) : NULL;
        if (lf) {
            size_t n = (size_t)(lf - start);
            stream_consume(s, n + 1);
            n -= n > 0 && lf[-1] == '\r';
            *out = slice_make(start, n);
            return n > max ? ERR_LIMIT : ERR_OK;
        }
        if (have >= max + 2)
            return discard_line(s);
        seen = have;
        err_t err = fill_line(s, have, max);
        if (err)
            return err;
    }
}

err_t stream_exact(struct stream *s, size_t n, struct buf *append_to)
{
    while (n > 0) {
        struct slice piece;
        err_t err = stream_some(s, n < STREAM_BULK ? n : STREAM_BULK, &piece);
        if (err)
            return err;
        buf_add_slice(append_to, piece);
        n -= piece.n;
    }
    return ERR_OK;
}

err_t stream_discard(struct stream *s, uint64_t n)
{
    while (n > 0) {
        struct slice piece;
        err_t err = stream_some(s, n < STREAM_BULK ? (size_t)n : STREAM_BULK, &piece);
        if (err)
            return err;
        n -= piece.n;
    }
    return ERR_OK;
}

size_t stream_drop_input(struct stream *s)
{
    size_t n = s->in_end - s->in_pos;

    s->in_pos = s->in_end = 0;
    return n;
}

/* ---- waiting ---- */

/* Read what is there without waiting.  ERR_AGAIN: nothing (or only part of a TLS record). */
static err_t fill_now(struct stream *s)
{
    make_room(s, s->in_cap ? s->in_cap : STREAM_IN_FIRST);
    if (s->fd)
        s->fd->no_wait = true;
    err_t err = fill(s);
    if (s->fd)
        s->fd->no_wait = false;
    return err;
}

/* poll() until the deadline; sets *timed_out, *in_out and *other_out. */
static err_t wait_ready(struct stream *s, int other_fd, uint64_t deadline, bool forever,
                        bool *timed_out, bool *in_out, bool *other_out)
{
    struct pollfd p[2] = { { .fd = s->fd->in, .events = POLLIN },
                           { .fd = other_fd, .events = POLLIN } };
    uint64_t now = clock_mono_ms();
    int64_t left = forever ? -1 : now < deadline ? (int64_t)(deadline - now) : 0;
    int n = poll(p, 2, left > INT32_MAX ? INT32_MAX : (int)left);

    *timed_out = n == 0;
    *in_out = n > 0 && p[0].revents;
    *other_out = n > 0 && p[1].revents;
    if (n < 0 && s->must_stop && s->must_stop(s->must_stop_arg))
        return ERR_AGAIN;
    return ERR_OK;
}

err_t stream_wait(struct stream *s, int other_fd, int64_t ms, bool *input_out, bool *other_out)
{
    uint64_t deadline = clock_mono_ms() + (ms > 0 ? (uint64_t)ms : 0);
    bool try_read = s->top->ops->pending(s->top), timed_out = false;
    err_t err = stream_flush(s);

    *input_out = *other_out = false;
    if (err)
        return err;
    if (s->rerr)
        return s->rerr;
    trim(s);
    while (!stream_has_input(s) && !*other_out && !timed_out) {
        if (!try_read) {
            err = wait_ready(s, other_fd, deadline, ms < 0, &timed_out, &try_read, other_out);
            if (err)
                return err;
        }
        if (try_read) {
            err = fill_now(s);
            if (err && err != ERR_AGAIN)
                return err;
            try_read = false;
        }
    }
    *input_out = stream_has_input(s);
    return ERR_OK;
}

/* ---- writing ---- */

/* Everything in the buffer and then the extra bytes, in one gathered write. */
static void write_out(struct stream *s, const void *extra, size_t n, bool flush)
{
    struct iovec v[2];
    int pieces = 0;

    if (s->out_n > 0)
        v[pieces++] = (struct iovec){ s->out, s->out_n };
    if (n > 0)
        v[pieces++] = (struct iovec){ (void *)(uintptr_t)extra, n };
    if (s->werr == ERR_OK) {
        s->bytes_out += s->out_n + n;
        if (s->log.fd >= 0)
            stream_log_out(s, v, pieces);
        s->werr = s->top->ops->write(s->top, v, pieces, flush);
    }
    s->out_n = 0;
}

static char *out_buffer(struct stream *s)
{
    if (!s->out)
        s->out = mem_alloc(STREAM_BULK);
    return s->out;
}

void stream_put(struct stream *s, const void *p, size_t n)
{
    char *out = out_buffer(s);

    if (n > STREAM_BULK - s->out_n) {
        if (n >= STREAM_LARGE) {
            write_out(s, p, n, false);
            return;
        }
        write_out(s, NULL, 0, false);
    }
    memcpy(out + s->out_n, p, n);
    s->out_n += n;
}

void stream_puts(struct stream *s, const char *text)
{
    stream_put(s, text, strlen(text));
}

void stream_put_slice(struct stream *s, struct slice text)
{
    if (text.n > 0)
        stream_put(s, text.p, text.n);
}

void stream_printf(struct stream *s, const char *fmt, ...)
{
    enum { ROOM = 512 };
    va_list ap;

    char *room = stream_room(s, ROOM);
    va_start(ap, fmt);
    int n = vsnprintf(room, ROOM, fmt, ap);
    va_end(ap);
    if (n < ROOM) {
        stream_commit(s, n > 0 ? (size_t)n : 0);
        return;
    }
    struct buf text = BUF_INIT;
    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    stream_put_slice(s, buf_slice(&text));
    buf_fini(&text);
}

void stream_put_large(struct stream *s, struct slice text)
{
    if (text.n < STREAM_LARGE)
        stream_put_slice(s, text);
    else
        write_out(s, text.p, text.n, false);
}

err_t stream_put_file(struct stream *s, int fd, uint64_t off, uint64_t n)
{
    bool direct = s->fd && s->top == &s->fd->layer && s->fd->out_is_socket && s->log.fd < 0;

    if (direct && n >= STREAM_BULK) {
        write_out(s, NULL, 0, false);
        if (s->werr == ERR_OK)
            s->werr = base_fd_sendfile(s->fd, fd, off, n);
        s->bytes_out += n;
        return s->werr;
    }
    while (n > 0 && s->werr == ERR_OK) {
        if (s->out_n == STREAM_BULK)
            write_out(s, NULL, 0, false);
        size_t room = STREAM_BULK - s->out_n;
        ssize_t got = pread(fd, out_buffer(s) + s->out_n, n < room ? (size_t)n : room, (off_t)off);
        if (got <= 0)
            return got < 0 ? net_errno(errno, "read of a file to send") : ERR_CORRUPT;
        s->out_n += (size_t)got;
        off += (uint64_t)got;
        n -= (uint64_t)got;
    }
    return s->werr;
}

char *stream_room(struct stream *s, size_t n)
{
    if (n > STREAM_BULK - s->out_n)
        write_out(s, NULL, 0, false);
    return out_buffer(s) + s->out_n;
}

void stream_commit(struct stream *s, size_t used)
{
    s->out_n += used;
}

err_t stream_flush(struct stream *s)
{
    /* with layers even an empty buffer may have something below it */
    if (s->out_n > 0 || s->top->below)
        write_out(s, NULL, 0, true);
    return s->werr;
}

/* ---- state ---- */

err_t stream_error(const struct stream *s)
{
    return s->rerr ? s->rerr : s->werr;
}

bool stream_is_tls(const struct stream *s)
{
    return s->tls != NULL;
}

bool stream_is_deflate(const struct stream *s)
{
    return s->has_deflate;
}

uint64_t stream_bytes_in(const struct stream *s)
{
    return s->bytes_in;
}

uint64_t stream_bytes_out(const struct stream *s)
{
    return s->bytes_out;
}

int stream_fd(const struct stream *s)
{
    return s->fd ? s->fd->in : -1;
}

/* stream_impl.h - what the files of lib/net know of a stream
 *
 * A stream is two buffers on a stack of layers.  Each layer turns the bytes of the one below
 * into its own: base (descriptor or memory), TLS, SASL layer, deflate.  Telemetry is no layer: it
 * looks at the plain bytes where they enter and leave the buffers.
 */
#ifndef NET_STREAM_IMPL_H
#define NET_STREAM_IMPL_H

#include <sys/uio.h>

#include "lib/net/stream.h"

enum {
    STREAM_IN_FIRST = 4096,         /* input buffer of a quiet session */
    STREAM_BULK = 64 << 10,         /* input buffer while bulk data comes; output buffer */
    STREAM_LARGE = 8 << 10,         /* from here on bytes are not copied but written gathered */
    STREAM_DISCARD_MAX = 64 << 20,  /* rest of a line too long */
};

struct layer;

struct layer_ops {
    /* At least one byte into dst, waiting for it.  ERR_AGAIN: nothing yet (no-wait mode), or a
     * signal ended the wait. */
    err_t (*read)(struct layer *, char *dst, size_t cap, size_t *n_out);
    /* All of the pieces; with `flush` nothing may stay behind in this layer or below. */
    err_t (*write)(struct layer *, const struct iovec *, int n, bool flush);
    /* May a read succeed without asking the descriptor? */
    bool (*pending)(struct layer *);
    void (*close)(struct layer *);              /* frees this layer only */
};

struct layer {
    const struct layer_ops *ops;
    struct layer *below;                        /* NULL: base */
};

/* The base of a real stream. */
struct base_fd {
    struct layer layer;
    struct stream *owner;
    int in, out;
    bool in_is_socket, out_is_socket;
    bool no_wait;                               /* reads return ERR_AGAIN instead of waiting */
    int64_t timeout_ms, timeout_set;            /* wanted, and what SO_RCVTIMEO holds */
};

struct stream_telemetry {
    int fd;
    bool paused;
    bool mark_in;                               /* the next input starts a new mark */
    bool timestamps;
    int64_t last_in;                            /* when input was logged last */
};

struct tls_conn;

struct stream {
    struct layer *top;
    struct base_fd *fd;                         /* NULL: in memory */
    struct tls_conn *tls;                       /* the TLS layer's facts, or NULL */
    bool has_deflate, has_wrap;

    char *in;                                   /* in[in_pos .. in_end) is unread */
    size_t in_cap, in_pos, in_end;
    char *out;
    size_t out_n;
    err_t rerr, werr;

    bool (*must_stop)(void *);
    void *must_stop_arg;
    bool may_stop;                              /* a signal may end the wait going on */

    struct stream_telemetry log;
    uint64_t bytes_in, bytes_out;
};

/* Some unread bytes without consuming them: at least one; room for up to `want` is made when the
 * buffer is empty. */
err_t stream_peek(struct stream *, size_t want, struct slice *out) NODISCARD;
void stream_consume(struct stream *, size_t n);

/* ---- base layers ---- */
struct base_fd *base_fd_new(struct stream *owner, int in, int out);
struct layer *base_mem_new(struct slice input, struct buf *out);
err_t base_fd_sendfile(struct base_fd *, int fd, uint64_t off, uint64_t n) NODISCARD;

/* Errno of a failed socket call as an error kind; resets and closed pipes are ERR_CLOSED and not
 * worth a log line. */
err_t net_errno(int errno_value, const char *what);

/* ---- layers ---- */
/* Push a layer; it now belongs to the stream. */
void stream_push(struct stream *, struct layer *);
/* What was read for the deflate layer but comes behind its last block (the empty one of a flush belongs to
 * it); borrowed.  False: the peer went on compressing. */
bool stream_deflate_end(struct layer *, struct slice *rest);
err_t layer_write(struct layer *, const void *, size_t, bool flush) NODISCARD;

/* ---- telemetry ---- */
void stream_log_in(struct stream *, struct slice);
void stream_log_out(struct stream *, const struct iovec *, int n);

#endif

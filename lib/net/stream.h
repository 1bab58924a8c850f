/* stream.h - buffered two-way byte stream with deadlines, limits and layers
 *
 * Layers, innermost first: socket (or memory, for tests), TLS, SASL security layer,
 * deflate, telemetry log.  Reads wait at most the stream's timeout; the time-out, a reset
 * and end of file are ERR_TIMEOUT and ERR_CLOSED.  Writes collect in an output buffer that is
 * sent by stream_flush(), when it is full, or before a read would wait (so that a reply never
 * sits in the buffer while we wait for the client; pipelined commands share one write).
 * After an error every later call of that direction returns the same error; a failed read leaves
 * writing possible, so that a farewell can still be sent.  TCP_NODELAY is always on.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct stream;
struct tls_server;                              /* tls.h */
struct tls_client;
struct sasl_server;                             /* lib/auth */

/* Takes the descriptors (in and out may be the same one, or 0 and 1); closes them at the end. */
struct stream *stream_new(int fd_in, int fd_out);
/* In memory: input is what the peer sent; output is collected in *out (borrowed). */
struct stream *stream_new_mem(struct slice input, struct buf *out);
void stream_close(struct stream **);            /* flushes what it can within 1 s, closes */

void stream_set_timeout(struct stream *, int64_t ms);      /* per wait; < 0: none */
/* Asked when a signal interrupts a wait for the start of a line (stream_line) or stream_wait: when
 * the function says true the call returns ERR_AGAIN, so that the caller may look at its flags.
 * That is not an error of the stream. */
void stream_set_interrupt(struct stream *, bool (*must_stop)(void *), void *arg);
/* A descriptor that also ends waits in stream_wait (for IDLE and shutdown); -1: none. */
err_t stream_wait(struct stream *, int other_fd, int64_t ms, bool *input_out,
                  bool *other_out) NODISCARD;

/* ---- reading ---- */
bool stream_has_input(struct stream *);         /* bytes already buffered (no system call) */
/* One line without its CRLF or LF, borrowed until the next read.  Longer than max bytes:
 * ERR_LIMIT, and the rest of the line is thrown away in bounded memory (give up: ERR_CLOSED after
 * 64 MB of it). */
err_t stream_line(struct stream *, size_t max, struct slice *out) NODISCARD;
/* Some bytes, at least 1 and at most max, borrowed until the next read: literals, DATA. */
err_t stream_some(struct stream *, size_t max, struct slice *out) NODISCARD;
err_t stream_exact(struct stream *, size_t n, struct buf *append_to) NODISCARD;
err_t stream_discard(struct stream *, uint64_t n) NODISCARD;
/* Forget input that was sent ahead (after STARTTLS).  Returns how many bytes were dropped. */
size_t stream_drop_input(struct stream *);

/* ---- writing ---- */
void stream_put(struct stream *, const void *, size_t);     /* errors show at flush */
void stream_puts(struct stream *, const char *);
void stream_put_slice(struct stream *, struct slice);
void stream_printf(struct stream *, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Large borrowed bytes (a mapped message): may be sent at once with what is buffered by one
 * gathered write; not borrowed after the call returns. */
void stream_put_large(struct stream *, struct slice);
/* Bytes off..off+n of a file, without copying where the layers allow it (sendfile). */
err_t stream_put_file(struct stream *, int fd, uint64_t off, uint64_t n) NODISCARD;
/* Free room at the end of the output buffer of at least n bytes (n <= 4096) to format into;
 * stream_commit() says how many were used. */
char *stream_room(struct stream *, size_t n);
void stream_commit(struct stream *, size_t used);
err_t stream_flush(struct stream *) NODISCARD;
err_t stream_error(const struct stream *);      /* what ended it; ERR_OK while healthy */

/* ---- layers ---- */
/* The server's handshake.  Input that was sent ahead is dropped first. */
err_t stream_start_tls(struct stream *, struct tls_server *) NODISCARD;
/* The client's handshake; host: name for SNI and for the certificate check, or NULL. */
err_t stream_start_tls_client(struct stream *, struct tls_client *, const char *host) NODISCARD;
bool stream_is_tls(const struct stream *);
/* Encode/decode pair of a SASL security layer; maxout: largest piece to encode. */
struct stream_wrap {
    void *arg;
    err_t (*encode)(void *arg, struct slice plain, struct slice *out);
    err_t (*decode)(void *arg, struct slice wire, struct slice *out);
    size_t maxout;
};
err_t stream_start_wrap(struct stream *, const struct stream_wrap *) NODISCARD;
err_t stream_start_deflate(struct stream *) NODISCARD;
bool stream_is_deflate(const struct stream *);
/* Flush, then take deflate and the SASL layer off, as both sides do at UNAUTHENTICATE (RFC 8437).  Input that
 * was sent ahead inside of them is dropped; what came behind the compressed data without a SASL layer is read
 * next.  TLS stays. */
err_t stream_stop_layers(struct stream *) NODISCARD;
/* Telemetry: copy of both directions into fd with "<time<" and ">time>" marks; fd -1 ends it.
 * While a secret is exchanged (AUTHENTICATE, PASS) stream_log_pause(true) masks it. */
void stream_set_log(struct stream *, int fd);
void stream_log_timestamps(struct stream *, bool on);       /* seconds since the last input, too */
void stream_log_pause(struct stream *, bool paused);

uint64_t stream_bytes_in(const struct stream *);
uint64_t stream_bytes_out(const struct stream *);
int stream_fd(const struct stream *);           /* of input, for poll; -1 in memory */

#endif

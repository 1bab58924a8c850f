/* literal.h - read a counted run of bytes (IMAP literal, BDAT chunk) to a sink */
#ifndef NET_LITERAL_H
#define NET_LITERAL_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/net/sink.h"

struct stream;

/* Read exactly n bytes and hand them to the sink in pieces as they come, without a copy.  When
 * the sink refuses, the rest is read and thrown away, so that the dialogue stays in step, and
 * the sink's own error is returned.  An error of the stream (ERR_CLOSED, ERR_TIMEOUT ...) comes
 * first. */
err_t literal_read(struct stream *, uint64_t n, const struct sink *) NODISCARD;

/* Append n bytes to *out.  n > max: all of it is thrown away if it is no more than
 * LITERAL_SKIP_MAX, and the result is ERR_LIMIT; beyond that nothing is read and the result is
 * ERR_CLOSED: the connection is to be ended, since what follows would be taken for commands. */
#define LITERAL_SKIP_MAX (64u << 20)
err_t literal_buf(struct stream *, uint64_t n, uint64_t max, struct buf *out) NODISCARD;

#endif

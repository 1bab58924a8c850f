/* messages.h - status messages out of the bytes of a pipe: pure
 *
 * All processes of a service write to one pipe.  Each message is written at once and so
 * arrives whole, but a broken program may write anything between.  Bytes that are no message
 * (unknown number, pid that is no process of the service) are skipped one by one until
 * a message fits again.
 */
#ifndef MASTER_MESSAGES_H
#define MASTER_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "master/protocol.h"

struct messages {
    unsigned char held[sizeof(struct protocol_status) - 1];     /* begin of a message */
    size_t nheld;
};

/* Is it a process of this service? */
typedef bool messages_known_fn(void *arg, int32_t pid);

/* Called for each message. */
typedef void messages_take_fn(void *arg, const struct protocol_status *);

/* Take n more bytes.  Returns how many were no part of any message. */
size_t messages_feed(struct messages *, const void *bytes, size_t n, messages_known_fn *,
                     messages_take_fn *, void *arg);

#endif

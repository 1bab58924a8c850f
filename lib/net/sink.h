/* sink.h - where incoming bytes go: a function that takes them piece by piece */
#ifndef NET_SINK_H
#define NET_SINK_H

#include "lib/base/err.h"
#include "lib/base/slice.h"

/* write() gets pieces in order, never an empty one; they are borrowed for the call.  A result
 * other than ERR_OK means: no more, please; it is not called again. */
struct sink {
    err_t (*write)(void *arg, struct slice piece);
    void *arg;
};

#endif

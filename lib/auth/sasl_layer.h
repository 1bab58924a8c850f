/* sasl_layer.h - what a SASL dialogue and the connection tell each other */
#ifndef AUTH_SASL_LAYER_H
#define AUTH_SASL_LAYER_H

#include "lib/base/err.h"
#include "lib/base/slice.h"

enum { SASL_BINDINGS_MAX = 3 };

/* One way to name the channel: type ("tls-exporter", "tls-unique" ...; a constant) and bytes. */
struct sasl_binding {
    const char *type;
    struct slice data;
};

/* What protects the dialogue from outside: TLS, or an outer layer declared by -p. */
struct sasl_outer {
    unsigned ssf;                               /* strength in bits; 0: nothing */
    const char *external_id;                    /* verified client certificate's name, or NULL */
    struct sasl_binding bindings[SASL_BINDINGS_MAX];    /* the best first */
    size_t nbindings;                           /* a server lets the client choose, a client uses
                                                 * the first */
};

/* A negotiated security layer: pair of functions, in the form of struct stream_wrap.  Results are
 * borrowed until the next call. */
struct sasl_layer {
    void *arg;
    err_t (*encode)(void *arg, struct slice plain, struct slice *out);
    err_t (*decode)(void *arg, struct slice wire, struct slice *out);
    size_t maxout;                              /* largest piece to encode */
};

#endif

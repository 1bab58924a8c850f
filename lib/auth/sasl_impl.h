/* sasl_impl.h - what the SASL files of lib/auth share */
#ifndef AUTH_SASL_IMPL_H
#define AUTH_SASL_IMPL_H

#include <sasl/sasl.h>

#include "lib/auth/sasl_layer.h"
#include "lib/base/buf.h"

/* The library's one type for callbacks of all kinds. */
#define SASL_FN(f) ((int (*)(void))(void (*)(void))(f))

/* Callbacks of the library: options from imapd.conf, and its log lines (never passwords). */
int sasl_conf_getopt(void *context, const char *plugin, const char *option, const char **result,
                     unsigned *len);
int sasl_conf_log(void *context, int level, const char *message);

/* Kind of a library result; SASL_CONTINUE is ERR_AGAIN. */
err_t sasl_kind(int result);

/* Channel bindings in the library's form; they must live as long as the connection. */
struct sasl_bindings {
    sasl_channel_binding_t cb[SASL_BINDINGS_MAX];
    struct buf data[SASL_BINDINGS_MAX];
    size_t n;
};
void sasl_bindings_fini(struct sasl_bindings *);

/* Properties of the outside layer; the first binding is set. */
err_t sasl_set_outer(sasl_conn_t *, const struct sasl_outer *, struct sasl_bindings *) NODISCARD;

/* The layer that was negotiated; false: none. */
bool sasl_get_layer(sasl_conn_t *, struct sasl_layer *out);

/* Is this text a mechanism name (RFC 4422 3.1)? */
bool sasl_is_mech_name(struct slice);

enum { SASL_BUFFER_MAX = 65536 };               /* largest piece of a security layer */

#endif

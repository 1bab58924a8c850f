/* sasl_conf.c - the SASL library's view of imapd.conf, and common small matters
 *
 * "sasl_<plugin>_<option>" goes before "sasl_<option>".  What is not in the file is left to the
 * library's own default.
 */
#include "lib/auth/sasl_impl.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"

enum { NAME_MAX_BYTES = 128 };

int sasl_conf_getopt(void *context, const char *plugin, const char *option, const char **result,
                     unsigned *len)
{
    char name[NAME_MAX_BYTES];
    const char *value = NULL;

    (void)context;
    if (plugin && snprintf(name, sizeof name, "sasl_%s_%s", plugin, option) < NAME_MAX_BYTES)
        value = conf_text(name);
    if (!value && snprintf(name, sizeof name, "sasl_%s", option) < NAME_MAX_BYTES)
        value = conf_text(name);
    if (!value)
        return SASL_FAIL;
    *result = value;
    if (len)
        *len = (unsigned)strlen(value);
    return SASL_OK;
}

int sasl_conf_log(void *context, int level, const char *message)
{
    (void)context;
    switch (level) {
    case SASL_LOG_ERR:
        log_warn("SASL %s", message);
        break;
    case SASL_LOG_FAIL:
    case SASL_LOG_WARN:
        log_info("SASL %s", message);
        break;
    case SASL_LOG_NOTE:                         /* of each good login with some back ends */
    case SASL_LOG_DEBUG:
        log_debug("SASL %s", message);
        break;
    default:                                    /* traces may hold passwords */
        break;
    }
    return SASL_OK;
}

err_t sasl_kind(int result)
{
    switch (result) {
    case SASL_OK:
        return ERR_OK;
    case SASL_CONTINUE:
    case SASL_INTERACT:
        return ERR_AGAIN;
    case SASL_NOMECH:
        return ERR_UNSUPPORTED;
    case SASL_BADPROT:
    case SASL_BADPARAM:
        return ERR_SYNTAX;
    case SASL_NOAUTHZ:
    case SASL_ENCRYPT:
    case SASL_TOOWEAK:
        return ERR_DENIED;
    case SASL_FAIL:
    case SASL_NOMEM:
    case SASL_UNAVAIL:
    case SASL_TRYAGAIN:
    case SASL_NOTINIT:
        return ERR_IO;
    default:
        return ERR_AUTH;
    }
}

void sasl_bindings_fini(struct sasl_bindings *b)
{
    for (size_t i = 0; i < SASL_BINDINGS_MAX; i++)
        buf_fini(&b->data[i]);
    b->n = 0;
}

err_t sasl_set_outer(sasl_conn_t *conn, const struct sasl_outer *outer, struct sasl_bindings *b)
{
    sasl_ssf_t ssf = outer->ssf;

    if (sasl_setprop(conn, SASL_SSF_EXTERNAL, &ssf) != SASL_OK ||
        sasl_setprop(conn, SASL_AUTH_EXTERNAL, outer->external_id) != SASL_OK)
        return ERR_IO;
    b->n = outer->nbindings;
    for (size_t i = 0; i < b->n; i++) {
        struct buf *data = &b->data[i];
        buf_reset(data);
        buf_add_slice(data, outer->bindings[i].data);
        b->cb[i] = (sasl_channel_binding_t){ .name = outer->bindings[i].type, .len = data->n,
                                             .data = (const unsigned char *)data->p };
    }
    if (b->n == 0)
        return ERR_OK;
    return sasl_setprop(conn, SASL_CHANNEL_BINDING, &b->cb[0]) == SASL_OK ? ERR_OK : ERR_IO;
}

static err_t encode(void *arg, struct slice plain, struct slice *out)
{
    unsigned n = 0;
    int result = sasl_encode(arg, plain.p, (unsigned)plain.n, &out->p, &n);

    out->n = n;
    return result == SASL_OK ? ERR_OK : ERR_IO;
}

static err_t decode(void *arg, struct slice wire, struct slice *out)
{
    unsigned n = 0;
    int result = sasl_decode(arg, wire.p, (unsigned)wire.n, &out->p, &n);

    out->n = n;
    if (result == SASL_OK)
        return ERR_OK;
    log_notice("SASL layer: what came cannot be decoded, connection ended");
    return ERR_SYNTAX;
}

bool sasl_get_layer(sasl_conn_t *conn, struct sasl_layer *out)
{
    const void *p = NULL;

    if (sasl_getprop(conn, SASL_SSF, &p) != SASL_OK || !p || *(const sasl_ssf_t *)p == 0)
        return false;
    *out = (struct sasl_layer){ .arg = conn, .encode = encode, .decode = decode,
                                .maxout = SASL_BUFFER_MAX / 2 };
    if (sasl_getprop(conn, SASL_MAXOUTBUF, &p) == SASL_OK && p && *(const unsigned *)p > 0)
        out->maxout = *(const unsigned *)p;
    return true;
}

bool sasl_is_mech_name(struct slice name)
{
    enum { MECH_MAX = 20 };

    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return false;
    }
    return name.n > 0 && name.n <= MECH_MAX;
}

/* sasl_client.c - see sasl_client.h */
#include "lib/auth/sasl_client.h"

#include "lib/auth/sasl_impl.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/mem.h"

enum { NCALLBACKS = 6, ROUNDS_MAX = 20 };

struct sasl_client {
    sasl_conn_t *conn;
    sasl_callback_t callbacks[NCALLBACKS + 1];
    struct sasl_client_config cfg;              /* strings are our own copies */
    struct sasl_bindings bindings;
    struct buf answers[NCALLBACKS];             /* to the library's questions, by index below */
    const char *mech;
    bool done;
    char error[400];
};

/* What the library may ask, with the kind of our own question. */
static const struct question {
    unsigned long id;
    enum sasl_ask ask;
    const char *prompt;
} questions[NCALLBACKS] = {
    { SASL_CB_USER, SASL_ASK_USERID, "Authorization name" },
    { SASL_CB_AUTHNAME, SASL_ASK_AUTHNAME, "Authentication name" },
    { SASL_CB_PASS, SASL_ASK_PASSWORD, "Password" },
    { SASL_CB_GETREALM, SASL_ASK_REALM, "Realm" },
    { SASL_CB_ECHOPROMPT, SASL_ASK_ECHO, "Answer" },
    { SASL_CB_NOECHOPROMPT, SASL_ASK_NOECHO, "Secret" },
};

/* Options of the command line: one set per process, as the library's set-up is. */
static struct map *options;

void sasl_client_option(struct slice name, struct slice value)
{
    if (!options)
        options = map_new(mem_free);
    map_put(options, name, mem_strndup(value.p ? value.p : "", value.n));
}

static int get_option(void *context, const char *plugin, const char *option, const char **result,
                      unsigned *len)
{
    const char *value = options ? map_get(options, slice_cstr(option)) : NULL;

    (void)context, (void)plugin;
    if (!value)
        return SASL_FAIL;
    *result = value;
    if (len)
        *len = (unsigned)strlen(value);
    return SASL_OK;
}

err_t sasl_client_setup(void)
{
    static sasl_callback_t callbacks[] = {
        { SASL_CB_GETOPT, SASL_FN(get_option), NULL },
        { SASL_CB_LOG, SASL_FN(sasl_conf_log), NULL },
        { SASL_CB_LIST_END, NULL, NULL },
    };
    int result = sasl_client_init(callbacks);

    if (result == SASL_OK)
        return ERR_OK;
    log_err("the SASL library does not start: %s", sasl_errstring(result, NULL, NULL));
    return ERR_IO;
}

static char *copy(const char *text)
{
    return text ? mem_strdup(text) : NULL;
}

static void release(const char *text)
{
    mem_free((char *)(uintptr_t)text);
}

static void copy_config(struct sasl_client_config *to, const struct sasl_client_config *from)
{
    *to = *from;
    to->service = copy(from->service);
    to->host = copy(from->host);
    to->local_ip_port = copy(from->local_ip_port);
    to->remote_ip_port = copy(from->remote_ip_port);
    to->authname = copy(from->authname);
    to->userid = copy(from->userid);
    to->realm = copy(from->realm);
    to->password = copy(from->password);
}

/* Bounds of the layer; the library itself subtracts what protects from outside. */
static err_t set_properties(struct sasl_client *c)
{
    sasl_security_properties_t p = {
        .min_ssf = c->cfg.min_ssf,
        .max_ssf = c->cfg.max_ssf,
        .maxbufsize = SASL_BUFFER_MAX,
    };

    return sasl_setprop(c->conn, SASL_SEC_PROPS, &p) == SASL_OK ? ERR_OK : ERR_IO;
}

err_t sasl_client_open(const struct sasl_client_config *cfg, struct sasl_client **out)
{
    struct sasl_client *c = mem_zalloc(sizeof *c);

    copy_config(&c->cfg, cfg);
    /* without functions: each question comes back as SASL_INTERACT */
    for (size_t i = 0; i < NCALLBACKS; i++)
        c->callbacks[i].id = questions[i].id;
    c->callbacks[NCALLBACKS].id = SASL_CB_LIST_END;
    *out = NULL;
    int result = sasl_client_new(c->cfg.service, c->cfg.host, c->cfg.local_ip_port,
                                 c->cfg.remote_ip_port, c->callbacks, 0, &c->conn);
    if (result != SASL_OK || set_properties(c) != ERR_OK) {
        log_err("SASL: no new connection: %s", sasl_errstring(result, NULL, NULL));
        sasl_client_close(&c);
        return ERR_IO;
    }
    *out = c;
    return ERR_OK;
}

void sasl_client_close(struct sasl_client **cp)
{
    struct sasl_client *c = *cp;

    if (!c)
        return;
    *cp = NULL;
    sasl_dispose(&c->conn);
    if (c->cfg.password)
        mem_wipe((char *)(uintptr_t)c->cfg.password, strlen(c->cfg.password));
    for (size_t i = 0; i < NCALLBACKS; i++) {
        buf_wipe(&c->answers[i]);
        buf_fini(&c->answers[i]);
    }
    sasl_bindings_fini(&c->bindings);
    release(c->cfg.service);
    release(c->cfg.host);
    release(c->cfg.local_ip_port);
    release(c->cfg.remote_ip_port);
    release(c->cfg.authname);
    release(c->cfg.userid);
    release(c->cfg.realm);
    release(c->cfg.password);
    mem_free(c);
}

err_t sasl_client_set_tls(struct sasl_client *c, const struct sasl_outer *outer)
{
    err_t err = sasl_set_outer(c->conn, outer, &c->bindings);

    return err ? err : set_properties(c);
}

/* ---- questions ---- */

/* What we were given for this question, or NULL. */
static const char *known_answer(const struct sasl_client *c, enum sasl_ask ask)
{
    switch (ask) {
    case SASL_ASK_AUTHNAME:
        return c->cfg.authname;
    case SASL_ASK_USERID:
        return c->cfg.userid ? c->cfg.userid : "";
    case SASL_ASK_PASSWORD:
        return c->cfg.password;
    case SASL_ASK_REALM:
        return c->cfg.realm;
    default:
        return NULL;
    }
}

static err_t answer(struct sasl_client *c, sasl_interact_t *q)
{
    size_t i = 0;
    err_t err = ERR_OK;

    while (i < NCALLBACKS && questions[i].id != q->id)
        i++;
    if (i == NCALLBACKS)
        return ERR_AUTH;
    const char *known = known_answer(c, questions[i].ask);
    struct buf *text = &c->answers[i];
    buf_reset(text);
    if (known)
        buf_adds(text, known);
    else if (questions[i].ask == SASL_ASK_REALM && q->defresult && *q->defresult)
        buf_adds(text, q->defresult);
    else if (c->cfg.ask)
        err = c->cfg.ask(c->cfg.arg, questions[i].ask, q->prompt ? q->prompt : questions[i].prompt,
                         text);
    else
        err = ERR_AUTH;
    q->result = buf_cstr(text);
    q->len = (unsigned)text->n;
    return err;
}

/* Answer all questions of a list.  The library takes them with its next call. */
static err_t answer_all(struct sasl_client *c, sasl_interact_t *q)
{
    for (; q && q->id != SASL_CB_LIST_END; q++) {
        err_t err = answer(c, q);
        if (err)
            return err;
    }
    return ERR_OK;
}

static err_t fail(struct sasl_client *c, int result)
{
    snprintf(c->error, sizeof c->error, "%s",
             c->conn ? sasl_errdetail(c->conn) : sasl_errstring(result, NULL, NULL));
    err_t err = sasl_kind(result);
    return err == ERR_UNSUPPORTED ? err : ERR_AUTH;
}

/* ---- the dialogue ---- */

err_t sasl_client_begin(struct sasl_client *c, struct slice mechs, bool want_initial,
                        struct buf *initial, bool *has_initial)
{
    char *list = mem_strndup(mechs.p ? mechs.p : "", mechs.n);
    sasl_interact_t *q = NULL;
    const char *out = NULL;
    unsigned n = 0;
    int result = SASL_INTERACT;
    err_t err = ERR_OK;

    buf_reset(initial);
    *has_initial = false;
    for (int i = 0; i < ROUNDS_MAX && result == SASL_INTERACT && !err; i++) {
        result = sasl_client_start(c->conn, list, &q, want_initial ? &out : NULL,
                                   want_initial ? &n : NULL, &c->mech);
        if (result == SASL_INTERACT)
            err = answer_all(c, q);
    }
    mem_free(list);
    if (err || (result != SASL_OK && result != SASL_CONTINUE))
        return fail(c, result);
    c->done = result == SASL_OK;
    if (want_initial && out) {
        *has_initial = true;
        buf_add(initial, out, n);
    }
    return ERR_OK;
}

err_t sasl_client_next(struct sasl_client *c, struct slice challenge, struct buf *response)
{
    sasl_interact_t *q = NULL;
    const char *out = NULL;
    unsigned n = 0;
    int result = SASL_INTERACT;
    err_t err = ERR_OK;

    buf_reset(response);
    for (int i = 0; i < ROUNDS_MAX && result == SASL_INTERACT && !err; i++) {
        result = sasl_client_step(c->conn, challenge.p ? challenge.p : "", (unsigned)challenge.n,
                                  &q, &out, &n);
        if (result == SASL_INTERACT)
            err = answer_all(c, q);
    }
    if (err || (result != SASL_OK && result != SASL_CONTINUE))
        return fail(c, result);
    c->done = result == SASL_OK;
    if (out)
        buf_add(response, out, n);
    return ERR_OK;
}

bool sasl_client_is_done(const struct sasl_client *c)
{
    return c->done;
}

const char *sasl_client_mech(const struct sasl_client *c)
{
    return c->mech ? c->mech : "";
}

unsigned sasl_client_ssf(const struct sasl_client *c)
{
    const void *p = NULL;

    return sasl_getprop(c->conn, SASL_SSF, &p) == SASL_OK && p ? *(const sasl_ssf_t *)p : 0;
}

const char *sasl_client_error(const struct sasl_client *c)
{
    return c->error;
}

bool sasl_client_wrap(struct sasl_client *c, struct sasl_layer *out)
{
    return sasl_get_layer(c->conn, out);
}

/* starttls.c - TLS of a connection, and the session cache all processes share
 *
 * tls_sessions.db: session id -> time_t of its end (8 bytes, native) and the DER session
 * (formats/databases.md 9).  A cache that fails only means full handshakes.
 */
#include "imap/serve/serve_impl.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"
#include "lib/db/db.h"

enum { LIFE_MAX = 24 * 3600 };

/* ---- the cache ---- */

static struct db *cache_db(struct serve *s)
{
    const char *set = conf_string(CONF_TLS_SESSIONS_DB_PATH);
    struct buf path = BUF_INIT;

    if (!s->tls_db) {
        if (set && *set)
            buf_adds(&path, set);
        else
            conf_dir(&path, "tls_sessions.db");
        if (db_open(conf_enum_word(CONF_TLS_SESSIONS_DB), buf_cstr(&path), DB_CREATE | DB_DERIVED,
                    &s->tls_db) != ERR_OK)
            log_warn("TLS sessions are not resumed: %s cannot be opened", buf_cstr(&path));
        buf_fini(&path);
    }
    return s->tls_db;
}

static void cache_store(void *arg, struct slice id, struct slice session)
{
    struct db *db = cache_db(arg);
    int64_t life = conf_seconds(CONF_TLS_SESSION_TIMEOUT);
    time_t end = clock_now() + (life < LIFE_MAX ? life : LIFE_MAX);
    struct buf value = BUF_INIT;

    buf_add(&value, &end, sizeof end);
    buf_add_slice(&value, session);
    if (db && db_store_now(db, id, buf_slice(&value)) != ERR_OK)
        log_debug("a TLS session was not kept");
    buf_wipe(&value);
    buf_fini(&value);
}

static void cache_remove(void *arg, struct slice id)
{
    struct db *db = cache_db(arg);
    err_t err = db ? db_delete_now(db, id) : ERR_OK;

    if (err && err != ERR_NOTFOUND)
        log_debug("a TLS session was not removed");
}

static bool cache_fetch(void *arg, struct slice id, struct buf *session)
{
    struct db *db = cache_db(arg);
    time_t end;

    if (!db || id.n == 0 || db_fetch(db, NULL, id, session) != ERR_OK || session->n <= sizeof end)
        return false;
    memcpy(&end, session->p, sizeof end);
    if (end <= clock_now()) {
        cache_remove(arg, id);
        return false;
    }
    buf_remove_front(session, sizeof end);
    return true;
}

void starttls_use_cache(struct serve *s)
{
    const struct tls_cache cache = { .arg = s, .store = cache_store, .fetch = cache_fetch,
                                     .remove = cache_remove };

    tls_server_set_cache(s->tls, &cache);
}

/* ---- a connection ---- */

err_t starttls_tell_sasl(struct session_base *base)
{
    static const char *const types[SASL_BINDINGS_MAX] = { "tls-exporter", "tls-unique",
                                                          "tls-server-end-point" };
    struct sasl_outer outer = { .ssf = (unsigned)base->outer_ssf };
    struct buf data[SASL_BINDINGS_MAX] = { BUF_INIT, BUF_INIT, BUF_INIT };

    if (stream_is_tls(base->stream)) {
        outer.ssf = (unsigned)tls_ssf(base->stream);
        outer.external_id = tls_client_cn(base->stream);
        for (size_t i = 0; i < SASL_BINDINGS_MAX; i++)
            if (tls_channel_binding(base->stream, types[i], &data[i]) == ERR_OK)
                outer.bindings[outer.nbindings++] =
                    (struct sasl_binding){ types[i], buf_slice(&data[i]) };
    }
    err_t err = outer.ssf ? sasl_server_set_tls(base->sasl, &outer) : ERR_OK;
    for (size_t i = 0; i < SASL_BINDINGS_MAX; i++)
        buf_fini(&data[i]);
    return err;
}

err_t serve_starttls(struct session_base *base)
{
    if (!base->tls)
        return ERR_UNSUPPORTED;
    err_t err = stream_start_tls(base->stream, base->tls);
    if (err) {
        log_notice("starttls: negotiation failed: %s", base->client);
        return err;
    }
    /* what was said before it counts for nothing (RFC 3501 6.2.1) */
    err = conn_new_sasl(conn_of(base));
    return err;
}

/* tls_prune.c - TLS sessions whose time is over leave tls_sessions.db (features TL-07)
 *
 * To be run now and then (EVENTS of cyrus.conf).  Silent.  Sessions are collected without a lock and
 * removed some hundred at a time, so that a handshake never waits for long.
 */
#include "imap/admin/admin.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/vec.h"
#include "lib/conf/conf.h"
#include "lib/db/db.h"

enum { BATCH = 500 };

static const struct admin_tool tool = {
    .name = "tls_prune",
    .options = "",
    .usage = "\n",
};

struct pruning {
    struct db *db;
    time_t now;
    unsigned seen, removed;
    struct vec keys;                    /* struct buf: of this batch */
};

static void empty_batch(struct pruning *p)
{
    for (size_t i = 0; i < p->keys.n; i++)
        buf_fini(VEC_AT(&p->keys, struct buf, i));
    p->keys.n = 0;
}

static err_t end_batch(struct pruning *p)
{
    err_t err = p->keys.n ? db_delete_all(p->db, &p->keys) : ERR_OK;

    if (!err)
        p->removed += (unsigned)p->keys.n;
    empty_batch(p);
    return err;
}

/* A value begins with the time of its end (imap/serve/starttls.c); what has none is no session. */
static err_t look_at(void *arg, struct slice key, struct slice value)
{
    struct pruning *p = arg;
    time_t end = 0;

    p->seen++;
    if (value.n > sizeof end)
        memcpy(&end, value.p, sizeof end);
    if (end > p->now)
        return ERR_OK;
    buf_add_slice(VEC_PUSH(&p->keys, struct buf), key);
    return p->keys.n < BATCH ? ERR_OK : end_batch(p);
}

static void database_path(struct buf *out)
{
    const char *set = conf_string(CONF_TLS_SESSIONS_DB_PATH);

    if (set && *set)
        buf_adds(out, set);
    else
        conf_dir(out, "tls_sessions.db");
}

/* There need not be a database. */
static err_t prune(struct pruning *p, const char *path)
{
    err_t err = db_open(conf_enum_word(CONF_TLS_SESSIONS_DB), path, DB_DERIVED, &p->db);

    if (err == ERR_NOTFOUND) {
        log_notice("tls_prune: %s not found, nothing to do", path);
        return ERR_OK;
    }
    if (err)
        return err;
    err = db_foreach(p->db, NULL, SLICE_NULL, look_at, p);
    if (!err)
        err = end_batch(p);
    empty_batch(p);
    db_close(&p->db);
    if (!err)
        log_notice("tls_prune: purged %u out of %u entries", p->removed, p->seen);
    return err;
}

int main(int argc, char **argv)
{
    struct pruning p = { .keys = VEC_INIT(struct buf) };
    struct buf path = BUF_INIT;
    struct admin a;
    err_t err;

    admin_init(&a, &tool, argc, argv);
    while (admin_option(&a) != ADMIN_END)
        continue;
    admin_args(&a, 0, ADMIN_MANY);
    admin_start(&a, 0);
    p.now = clock_now();
    database_path(&path);
    err = prune(&p, buf_cstr(&path));
    if (err)
        admin_warn(&a, "cannot prune %s: %s (see the log)", buf_cstr(&path), err_name(err));
    vec_fini(&p.keys);
    buf_fini(&path);
    return admin_status(admin_close(&a, err));
}

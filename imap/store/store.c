/* store.c - see store.h */
#include "imap/store/store_impl.h"

#include <sys/stat.h>

#include "imap/store/health.h"
#include "imap/store/journal_store.h"
#include "imap/store/mailbox_pool.h"
#include "imap/store/user.h"
#include "lib/base/bug.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/conf.h"
#include "lib/conf/partitions.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"

enum { STATE_DIR_MODE = 0755 };

/* Directories below configdirectory that every program may count on. */
static const char *const state_dirs[] = { "db", "proc", "socket" };

/* ---- databases of the server ---- */

struct db_row {
    enum conf_id engine, path;
    const char *file;               /* when the option with the path is unset */
    unsigned flags;
};

static const struct db_row db_rows[STORE_NDBS] = {
    [STORE_DB_MBOXLIST] = { CONF_MBOXLIST_DB, CONF_MBOXLIST_DB_PATH, "mailboxes.db", DB_CREATE },
    [STORE_DB_ANNOTATIONS] = { CONF_ANNOTATION_DB, CONF_ANNOTATION_DB_PATH, "annotations.db",
                               DB_CREATE | DB_CONVERT },
    [STORE_DB_DELIVER] = { CONF_DUPLICATE_DB, CONF_DUPLICATE_DB_PATH, "deliver.db",
                           DB_CREATE | DB_DERIVED },
    [STORE_DB_QUOTA] = { CONF_QUOTA_DB, CONF_QUOTA_DB_PATH, "quotas.db", DB_CREATE },
    [STORE_DB_STATUSCACHE] = { CONF_STATUSCACHE_DB, CONF_STATUSCACHE_DB_PATH, "statuscache.db",
                               DB_CREATE | DB_DERIVED },
};

void store_db_path(const struct store *s, enum store_db which, struct buf *out)
{
    const char *path = conf_string(db_rows[which].path);

    (void)s;
    buf_reset(out);
    if (path)
        buf_adds(out, path);
    else
        conf_dir(out, db_rows[which].file);
}

const char *store_db_engine(enum store_db which)
{
    return conf_enum_word(db_rows[which].engine);
}

/* Usage figures of quotas can be rebuilt, limits cannot: only the engine with one file per root
 * keeps them safe from each other when usage is not synced (quota_commit() syncs limits). */
static unsigned db_flags(enum store_db which)
{
    bool apart =
        which == STORE_DB_QUOTA && slice_eqs(slice_cstr(store_db_engine(which)), "quotalegacy");

    return db_rows[which].flags | (apart ? DB_DERIVED : 0);
}

/* The start of the server leaves no mailbox list without a byte (ctl_cyrusdb -r): one that is has been
 * cut since.  (In other formats an empty list is an empty file.) */
static err_t check_list(enum store_db which, const char *path)
{
    const struct slice engine = slice_cstr(store_db_engine(which));
    struct stat st;

    if (which != STORE_DB_MBOXLIST ||
        (!slice_eqs(engine, "twoskip") && !slice_eqs(engine, "skiplist")) ||
        stat(path, &st) < 0 || st.st_size > 0)
        return ERR_OK;
    log_err("IOERROR: the mailbox list has been emptied, stop the server and put a copy in its "
            "place: filename=<%s>",
            path);
    return ERR_CORRUPT;
}

err_t store_db(struct store *s, enum store_db which, struct db **out)
{
    struct buf path = BUF_INIT;
    err_t err = ERR_OK;

    if (!s->db[which]) {
        store_db_path(s, which, &path);
        err = check_list(which, buf_cstr(&path));
        if (!err)
            err = db_open(store_db_engine(which), buf_cstr(&path), db_flags(which), &s->db[which]);
    }
    *out = s->db[which];
    buf_fini(&path);
    return err;
}

/* ---- databases of users ---- */

struct user_db_row {
    const char *suffix;
    enum conf_id engine;
    unsigned flags;
};

static const struct user_db_row user_db_rows[STORE_NUSERDBS] = {
    [STORE_USER_SEEN] = { "seen", CONF_SEENSTATE_DB, DB_CONVERT },
    [STORE_USER_SUB] = { "sub", CONF_SUBSCRIPTION_DB, 0 },
    [STORE_USER_MBOXKEY] = { "mboxkey", CONF_MBOXKEY_DB, 0 },
};

static void close_user_db(void *p)
{
    struct db *db = p;

    db_close(&db);
}

err_t store_user_db(struct store *s, struct slice userid, enum store_user_db which, bool create,
                    struct db **out)
{
    const struct user_db_row *row = &user_db_rows[which];
    struct buf path = BUF_INIT;
    err_t err = user_file(s, userid, row->suffix, &path);

    *out = NULL;
    if (!err) {
        *out = map_get(s->user_db, buf_slice(&path));
        /* another process may have removed the user's files */
        if (*out && !create && !file_exists(buf_cstr(&path))) {
            map_del(s->user_db, buf_slice(&path));
            *out = NULL;
            err = ERR_NOTFOUND;
        }
    }
    if (!err && !*out) {
        err = db_open(conf_enum_word(row->engine), buf_cstr(&path),
                      row->flags | (create ? DB_CREATE : 0), out);
        if (!err)
            map_put(s->user_db, buf_slice(&path), *out);
    }
    buf_fini(&path);
    return err;
}

void store_session_end(struct store *s)
{
    foreign_forget(&s->foreign);
    if (map_count(s->user_db)) {
        map_free(&s->user_db);
        s->user_db = map_new(close_user_db);
    }
}

void store_forget_user(struct store *s, struct slice userid)
{
    struct buf path = BUF_INIT;

    for (size_t i = 0; i < STORE_NUSERDBS; i++) {
        if (user_file(s, userid, user_db_rows[i].suffix, &path) == ERR_OK)
            map_del(s->user_db, buf_slice(&path));
    }
    buf_fini(&path);
}

/* ---- opening ---- */

static err_t make_state_dirs(struct buf *why)
{
    struct buf path = BUF_INIT;
    err_t err = ERR_OK;

    for (size_t i = 0; i < sizeof state_dirs / sizeof *state_dirs && !err; i++) {
        buf_reset(&path);
        conf_dir(&path, state_dirs[i]);
        if (!file_exists(buf_cstr(&path)))
            err = dir_make(buf_cstr(&path), STATE_DIR_MODE);
    }
    if (err)
        buf_addf(why,
                 "%s: cannot make the directory %s (%s): give the server's user write access to "
                 "configdirectory",
                 conf_path(), buf_cstr(&path), err_name(err));
    buf_fini(&path);
    return err;
}

static bool engine_exists(struct slice word)
{
    for (const char *const *name = db_engines(); *name; name++)
        if (slice_eqs(word, *name))
            return true;
    return false;
}

/* The table of options knows words for engines that need not be built in. */
static err_t check_engines(const struct store *s, struct buf *why)
{
    enum conf_id used[STORE_NDBS + STORE_NUSERDBS];
    size_t n = 0;

    for (size_t i = 0; i < STORE_NDBS; i++)
        if (i != STORE_DB_STATUSCACHE || s->statuscache.on)
            used[n++] = db_rows[i].engine;
    for (size_t i = 0; i < STORE_NUSERDBS; i++)
        used[n++] = user_db_rows[i].engine;
    for (size_t i = 0; i < n; i++) {
        const char *word = conf_enum_word(used[i]);
        if (word && engine_exists(slice_cstr(word)))
            continue;
        conf_place(used[i], why);
        buf_addf(why, "%s is \"%s\", an engine that is not built in: use one of",
                 conf_option(used[i])->name, word ? word : "");
        for (const char *const *name = db_engines(); *name; name++)
            buf_addf(why, " %s", *name);
        return ERR_UNSUPPORTED;
    }
    return ERR_OK;
}

static err_t check_partitions(struct buf *why)
{
    struct slice name;
    size_t pos = 0;

    while (partition_next(&pos, &name)) {
        const char *root = partition_root(name, PARTITION_DATA);

        if (!file_exists(root)) {
            buf_addf(why, "%s: partition-%.*s names %s, which does not exist: make the directory "
                     "(mkimap) or mount it", conf_path(), SLICE_ARG(name), root);
            return ERR_NOTFOUND;
        }
    }
    return ERR_OK;
}

static void read_conf(struct store *s)
{
    struct store_conf *c = &s->conf;

    c->configdir = conf_string(CONF_CONFIGDIRECTORY);
    c->lockdir = conf_string(CONF_MBOXNAME_LOCKPATH);
    if (!c->lockdir) {
        conf_dir(&s->lockdir, "lock");
        c->lockdir = buf_cstr(&s->lockdir);
    }
    c->legacy_dirs = conf_bool(CONF_MAILBOX_LEGACY_DIRS);
    c->delayed_delete = slice_eqs(slice_cstr(conf_enum_word(CONF_DELETE_MODE)), "delayed");
    c->single_instance = conf_bool(CONF_SINGLEINSTANCESTORE);
    c->reverse_acls = conf_bool(CONF_REVERSEACLS);
    c->direct = slice_eqs(slice_cstr(conf_enum_word(CONF_COMMIT_SYNC)), "direct");
    s->statuscache.on = conf_bool(CONF_STATUSCACHE);
}

err_t store_open(struct store **out, struct buf *why)
{
    struct store *s = mem_zalloc(sizeof *s);
    err_t err;

    *out = NULL;
    buf_reset(why);
    vec_init(&s->listeners, sizeof(struct store_listener));
    s->user_db = map_new(close_user_db);
    s->user_locks = map_new(NULL);
    read_conf(s);
    conf_dir(&s->dbdir, "db");
    db_env_init(buf_cstr(&s->dbdir));
    err = check_engines(s, why);
    if (!err)
        err = make_state_dirs(why);
    if (!err)
        err = check_partitions(why);
    if (!err)
        s->health = health_open();
    if (!err)
        err = journal_store_open(s, why);
    if (err)
        store_close(&s);
    *out = s;
    return err;
}

void store_close(struct store **sp)
{
    struct store *s = *sp;

    *sp = NULL;
    if (!s)
        return;
    BUG_UNLESS(map_count(s->user_locks) == 0);
    mailbox_pool_free(&s->mailboxes);
    map_free(&s->user_db);
    map_free(&s->user_locks);
    for (size_t i = 0; i < STORE_NDBS; i++) {
        if (s->db[i])
            db_close(&s->db[i]);
    }
    journal_store_close(s);
    health_close(&s->health);
    foreign_forget(&s->foreign);
    vec_fini(&s->listeners);
    buf_fini(&s->lockdir);
    buf_fini(&s->dbdir);
    mem_free(s);
}

err_t store_trust_disks(struct store *s)
{
    return health_reset(s->health);
}

/* ctl_cyrusdb.c - start-up and regular care of the databases (features RC-24, PT-37)
 *
 * -r, before anything else runs: stamp of the start, databases of another kind than configured are
 *     converted, the mailbox list and annotations of older versions are brought up, operations on
 *     mailboxes that a crash interrupted are finished, leftover stage files and the status cache
 *     go, quotas are counted again.  Silent; repairs are logged.
 * -c, now and then: copies of the databases that cannot be rebuilt, two generations of them.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "imap/admin/admin.h"
#include "imap/admin/instance.h"
#include "imap/store/annot.h"
#include "imap/store/mblist.h"
#include "imap/store/mbops.h"
#include "imap/store/partition.h"
#include "imap/store/quota.h"
#include "imap/store/recover.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/conf/conf.h"
#include "lib/db/db.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"
#include "lib/os/path.h"
#include "lib/os/sync.h"

enum { TIME_TEXT_MAX = 40 };

static const struct admin_tool tool = {
    .name = "ctl_cyrusdb",
    .options = "rxc",
    .usage = "-c\n"
             "       ctl_cyrusdb [-C altconfig] -r [-x]\n"
             "  -c  copy the databases to db.backup1, the last copies to db.backup2\n"
             "  -r  recover: what must happen once before the server starts\n"
             "  -x  with -r: leave the mailbox list as it is\n",
};

/* ---- the databases of the server ---- */

struct database {
    enum conf_id engine, path;
    const char *file;
    bool is_saved;                      /* cannot be rebuilt */
};

static const struct database databases[] = {
    { CONF_MBOXLIST_DB, CONF_MBOXLIST_DB_PATH, "mailboxes.db", true },
    { CONF_ANNOTATION_DB, CONF_ANNOTATION_DB_PATH, "annotations.db", true },
    { CONF_QUOTA_DB, CONF_QUOTA_DB_PATH, "quotas.db", true },
    { CONF_USERDENY_DB, CONF_USERDENY_DB_PATH, "user_deny.db", false },
    { CONF_DUPLICATE_DB, CONF_DUPLICATE_DB_PATH, "deliver.db", false },
    { CONF_TLS_SESSIONS_DB, CONF_TLS_SESSIONS_DB_PATH, "tls_sessions.db", false },
    { CONF_STATUSCACHE_DB, CONF_STATUSCACHE_DB_PATH, "statuscache.db", false },
};
enum { NDATABASES = sizeof databases / sizeof *databases };

static void database_path(const struct database *d, struct buf *out)
{
    const char *path = conf_string(d->path);

    buf_reset(out);
    if (path)
        buf_adds(out, path);
    else
        conf_dir(out, d->file);
}

/* One file, recognisable by its first bytes; not a directory of files. */
static bool is_one_file(const struct database *d)
{
    return !slice_eqs(slice_cstr(conf_enum_word(d->engine)), "quotalegacy");
}

/* ---- -r ---- */

/* What is of another kind than configured gets the configured one, in place. */
static err_t convert(const struct database *d)
{
    const char *wanted = conf_enum_word(d->engine), *found;
    struct buf path = BUF_INIT;
    err_t err = ERR_OK;

    database_path(d, &path);
    found = is_one_file(d) ? db_detect(buf_cstr(&path)) : NULL;
    if (found && !slice_eqs(slice_cstr(found), wanted)) {
        log_notice("converting database: filename=<%s> from=<%s> to=<%s>", buf_cstr(&path), found,
                   wanted);
        err = db_convert(buf_cstr(&path), found, buf_cstr(&path), wanted);
    }
    buf_fini(&path);
    return err;
}

static err_t convert_all(void)
{
    err_t err = ERR_OK;

    for (size_t i = 0; i < NDATABASES && !err; i++)
        err = convert(&databases[i]);
    return err;
}

/* When the server was last started; 0: never, or not known. */
static time_t last_start(void)
{
    struct buf path = BUF_INIT;
    struct stat st;
    time_t when = 0;

    conf_dir(&path, "db/skipstamp");
    if (file_stat(buf_cstr(&path), &st) == ERR_OK)
        when = st.st_mtime;
    buf_fini(&path);
    return when;
}

/* A recovery that was itself interrupted has left the new stamp: until one has come to its end the
 * time of the start before stands in db/recovering. */
static err_t begin_recovery(time_t *since)
{
    struct buf path = BUF_INIT, tmp = BUF_INIT, text = BUF_INIT;
    uint64_t before;
    err_t err;

    conf_dir(&path, "db/recovering");
    buf_addf(&tmp, "%s.NEW", buf_cstr(&path));
    *since = last_start();
    if (file_load(path.p, TIME_TEXT_MAX, &text) == ERR_OK &&
        num_u64(slice_trim(buf_slice(&text)), &before) == ERR_OK) {
        *since = (time_t)before;
        err = ERR_OK;
    } else {
        buf_reset(&text);
        buf_addf(&text, "%lld\n", (long long)*since);
        err = *since ? file_replace(path.p, buf_cstr(&tmp), buf_slice(&text), 0600, FILE_SYNC) : ERR_OK;
    }
    buf_fini(&path);
    buf_fini(&tmp);
    buf_fini(&text);
    return err;
}

static err_t end_recovery(void)
{
    struct buf path = BUF_INIT;

    conf_dir(&path, "db/recovering");
    err_t err = file_exists(buf_cstr(&path)) ? file_unlink(path.p) : ERR_OK;
    buf_fini(&path);
    return err;
}

static err_t recover_list(struct store *s, time_t since)
{
    struct mblist_repairs list = { 0 };
    struct mbop_repairs ops = { 0 };
    unsigned annotations = 0;
    err_t err = mblist_recover(s, &list);

    if (!err)
        err = annot_recover(s, &annotations);
    if (!err)
        err = mbop_recover(s, since, &ops);
    if (list.upgraded || list.unreserved || list.given_ids || list.reverse_added || annotations)
        log_notice("mailbox list: upgraded=<%u> unreserved=<%u> given_ids=<%u> reverse_added=<%u> "
                   "annotations=<%u>",
                   list.upgraded, list.unreserved, list.given_ids, list.reverse_added, annotations);
    if (ops.removals || ops.directories || ops.names)
        log_notice("interrupted operations: deletions finished=<%u> directories removed=<%u> "
                   "names written=<%u>", ops.removals, ops.directories, ops.names);
    return err;
}

static void log_correction(void *arg, const char *line)
{
    (void)arg;
    log_notice("quota: %s", line);
}

/* The new version of a database whose writer died before it gave it its name.  Under the lock of the
 * database: a writer who lives is waited for. */
static void remove_unnamed(const struct database *d)
{
    struct buf path = BUF_INIT, new = BUF_INIT;
    struct db_txn *txn;
    struct db *db;

    database_path(d, &path);
    buf_addf(&new, "%s.NEW", buf_cstr(&path));
    if (is_one_file(d) && file_exists(buf_cstr(&new)) &&
        db_open(conf_enum_word(d->engine), path.p, 0, &db) == ERR_OK) {
        if (db_begin(db, &txn) == ERR_OK) {
            (void)!file_unlink(new.p);          /* gone meanwhile is fine */
            db_abort(&txn);
        }
        db_close(&db);
    }
    buf_fini(&path);
    buf_fini(&new);
}

/* Its counts were never synced, and nobody kept them right while the option was off: what another
 * server would find after that must not be old. */
static err_t remove_status_cache(void)
{
    struct buf path = BUF_INIT;
    err_t err = ERR_OK;

    for (size_t i = 0; i < NDATABASES; i++) {
        if (databases[i].engine != CONF_STATUSCACHE_DB)
            continue;
        database_path(&databases[i], &path);
        if (file_exists(buf_cstr(&path)))
            err = file_unlink(path.p);
    }
    buf_fini(&path);
    return err;
}

static err_t remove_unnamed_root(void *dir, const char *name, enum dir_type type)
{
    struct buf path = BUF_INIT;

    if (type != DIR_DIR && slice_ends(slice_cstr(name), SLICE_LIT(".NEW"))) {
        buf_addf(&path, "%s/%s", (const char *)dir, name);
        (void)!file_unlink(buf_cstr(&path));
    }
    buf_fini(&path);
    return ERR_OK;
}

/* The same of quota roots, a file each: nobody else is at work yet.  Of the databases of users it
 * is removed when they are opened. */
static void remove_unnamed_roots(void)
{
    struct buf dir = BUF_INIT;

    conf_dir(&dir, "quota");
    if (slice_eqs(slice_cstr(conf_enum_word(CONF_QUOTA_DB)), "quotalegacy") &&
        file_exists(buf_cstr(&dir)))
        (void)!dir_walk(dir.p, DIR_PRE, remove_unnamed_root, dir.p);
    buf_fini(&dir);
}

/* The server starts now, whenever the store was opened that has replayed the journal. */
static void recover_stages(void)
{
    struct slice partition;
    size_t pos = 0;

    while (partition_next(&pos, &partition))
        recover_stage_dir(partition, time(NULL));
}

/* What a start leaves that died before the first byte was durable. */
static void remove_empty_list(void)
{
    struct buf path = BUF_INIT;
    struct stat st;

    for (size_t i = 0; i < NDATABASES; i++) {
        if (databases[i].engine != CONF_MBOXLIST_DB)
            continue;
        database_path(&databases[i], &path);
        if (stat(buf_cstr(&path), &st) == 0 && st.st_size == 0 && file_unlink(path.p) == ERR_OK)
            log_notice("an empty mailbox list is begun anew: filename=<%s>", path.p);
    }
    buf_fini(&path);
}

static err_t recover(bool keep_list)
{
    time_t since;
    remove_empty_list();
    struct store *s = admin_store();
    err_t err = begin_recovery(&since);

    if (!err)
        err = db_env_recover();
    if (!err)
        err = store_trust_disks(s);
    if (!err)
        err = remove_status_cache();
    if (!err)
        err = convert_all();
    if (!err && !keep_list)
        err = recover_list(s, since);
    if (!err) {
        for (size_t i = 0; i < NDATABASES; i++)
            remove_unnamed(&databases[i]);
        remove_unnamed_roots();
        recover_stages();
        err = quota_fix(s, SLICE_NULL, log_correction, NULL);
        /* an unreadable root is logged; mail must flow all the same */
        if (err == ERR_CORRUPT)
            err = ERR_OK;
    }
    if (!err && !keep_list)
        err = end_recovery();
    store_close(&s);
    return err;
}

/* ---- -c ---- */

/* db.backup1 becomes db.backup2, which goes. */
static err_t rotate(struct buf *first)
{
    struct buf second = BUF_INIT;
    err_t err;

    conf_dir(first, "db.backup1");
    conf_dir(&second, "db.backup2");
    err = dir_remove_tree(buf_cstr(&second));
    if (err == ERR_NOTFOUND)
        err = ERR_OK;
    if (!err && file_exists(buf_cstr(first)))
        err = file_rename(buf_cstr(first), buf_cstr(&second));
    if (!err)
        err = dir_make(buf_cstr(first), 0755);
    if (!err)
        err = sync_parent(buf_cstr(first));
    buf_fini(&second);
    return err;
}

static err_t checkpoint(void)
{
    struct buf dir = BUF_INIT, path[NDATABASES] = { BUF_INIT };
    const char *paths[NDATABASES + 1];
    struct store *s = admin_store();
    size_t n = 0;
    err_t err = rotate(&dir);

    for (size_t i = 0; i < NDATABASES; i++) {
        database_path(&databases[i], &path[i]);
        if (databases[i].is_saved && is_one_file(&databases[i]) && file_exists(buf_cstr(&path[i])))
            paths[n++] = buf_cstr(&path[i]);
    }
    paths[n] = NULL;
    if (!err)
        err = db_archive(paths, buf_cstr(&dir));
    for (size_t i = 0; i < NDATABASES; i++)
        buf_fini(&path[i]);
    buf_fini(&dir);
    store_close(&s);
    return err;
}

/* ---- */

int main(int argc, char **argv)
{
    struct admin a;
    char mode = 0;
    bool keep_list = false;
    err_t err;

    admin_init(&a, &tool, argc, argv);
    for (int c; (c = admin_option(&a)) != ADMIN_END;) {
        if (c == 'x') {
            keep_list = true;
            continue;
        }
        if (mode)
            admin_usage(&a);
        mode = (char)c;
    }
    admin_args(&a, 0, 0);
    if (!mode || (keep_list && mode != 'r'))
        admin_usage(&a);
    admin_start(&a, 0);
    err = mode == 'r' ? recover(keep_list) : checkpoint();
    if (err)
        admin_warn(&a, "%s failed: %s (see the log)", mode == 'r' ? "recovery" : "checkpoint",
                   err_name(err));
    return admin_status(admin_close(&a, err));
}

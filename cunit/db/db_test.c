/* db_test.c - see db_test.h */
#include "cunit/db/db_test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/conf/conf.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"

const struct engine_row engine_rows[] = {
    { "twoskip", 0, false },
    { "twoskip", DB_MBOXSORT, false },
    { "twoskip", DB_DERIVED, false },
    { "skiplist", 0, false },
    { "skiplist", DB_DERIVED, false },
    { "flat", 0, false },
    { "memory", 0, false },
#ifdef HAVE_LIBDB
    { "berkeley", 0, false },
    { "berkeley", DB_MBOXSORT, false },
#endif
    { "quotalegacy", 0, true },
    { "quotalegacy", DB_DERIVED, true },
};
const size_t nengine_rows = sizeof engine_rows / sizeof *engine_rows;

static char dir[300];

void use_conf(const char *lines)
{
    static bool loaded;
    struct buf text = BUF_INIT, path = BUF_INIT, why = BUF_INIT;

    if (loaded && !lines)
        return;
    if (loaded)
        conf_unload();
    buf_addf(&path, "%s/imapd.conf", test_tmpdir());
    buf_addf(&text, "configdirectory: %s/conf\npartition-default: %s/spool\n%s", test_tmpdir(),
             test_tmpdir(), lines ? lines : "");
    write_file(buf_cstr(&path), buf_slice(&text));
    if (conf_load(buf_cstr(&path), "unit_db", &why) != ERR_OK) {
        fprintf(stderr, "%s\n", buf_cstr(&why));
        abort();
    }
    loaded = true;
    buf_fini(&text);
    buf_fini(&path);
    buf_fini(&why);
}

const char *fresh_dir(void)
{
    static unsigned n;

    snprintf(dir, sizeof dir, "%s/db%u", test_tmpdir(), n++);
    if (mkdir(dir, 0755) != 0)
        abort();
    return dir;
}

const char *in_dir(const char *name)
{
    static char paths[32][512];
    static unsigned next;
    char *p = paths[next++ % 32];

    if (!dir[0])
        fresh_dir();
    snprintf(p, sizeof paths[0], "%s/%s", dir, name);
    return p;
}

const char *fresh_path(const struct engine_row *row)
{
    fresh_dir();
    use_conf(NULL);
    return in_dir(row->plain ? "quota" : "test.db");
}

struct db *open_named(const char *engine, const char *path, unsigned flags)
{
    struct db *db;

    if (db_open(engine, path, flags, &db) != ERR_OK) {
        fprintf(stderr, "cannot open %s as %s\n", path, engine);
        abort();
    }
    return db;
}

struct db *must_open(const struct engine_row *row, const char *path, unsigned more_flags)
{
    return open_named(row->name, path, DB_CREATE | row->flags | more_flags);
}

bool has(struct db *db, struct db_txn *txn, const char *key, const char *value)
{
    struct buf v = BUF_INIT;
    err_t err = db_fetch(db, txn, slice_cstr(key), &v);
    bool ok = value ? !err && slice_eqs(buf_slice(&v), value) : err == ERR_NOTFOUND;

    buf_fini(&v);
    return ok;
}

static err_t add_record(void *arg, struct slice key, struct slice value)
{
    buf_add_slice(arg, key);
    buf_addc(arg, '=');
    buf_add_slice(arg, value);
    buf_addc(arg, ' ');
    return ERR_OK;
}

const char *content(struct db *db, struct db_txn *txn)
{
    static struct buf text;
    static char copy[100000];

    buf_reset(&text);
    if (db_foreach(db, txn, SLICE_NULL, add_record, &text) != ERR_OK)
        return "(error)";
    snprintf(copy, sizeof copy, "%s", buf_cstr(&text));
    buf_fini(&text);
    return copy;
}

const char *content_of(const char *engine, const char *path)
{
    struct db *db;

    if (db_open(engine, path, 0, &db) != ERR_OK)
        return "(not opened)";
    const char *text = content(db, NULL);
    db_close(&db);
    return text;
}

err_t put(struct db *db, const char *key, const char *value)
{
    if (!value)
        return db_delete_now(db, slice_cstr(key));
    return db_store_now(db, slice_cstr(key), slice_cstr(value));
}

void read_file(const char *path, struct buf *out)
{
    if (file_load(path, 64 << 20, out) != ERR_OK)
        abort();
}

void write_file(const char *path, struct slice bytes)
{
    int fd;

    if (file_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644, &fd) != ERR_OK ||
        file_write_all(fd, path, bytes.p, bytes.n) != ERR_OK)
        abort();
    file_close(&fd);
}

int in_child(int (*fn)(void *), void *arg)
{
    int status;
    pid_t pid = fork();

    if (pid < 0)
        abort();
    if (pid == 0)
        _exit(fn(arg));
    while (waitpid(pid, &status, 0) < 0)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static err_t count_entry(void *arg, const char *name, enum dir_type type)
{
    (void)name, (void)type;
    ++*(int *)arg;
    return ERR_OK;
}

int open_descriptors(void)
{
    int n = 0;

    return dir_list("/proc/self/fd", count_entry, &n) == ERR_OK ? n : -1;
}

int dberrors(void)
{
    static int seen;
    int n = syslog_double.lines - seen;

    seen = syslog_double.lines;
    return n;
}

/* crash_test.c - databases after a kill, after a power cut, after a refused write
 *
 * A script of transactions runs on each engine.  Wherever it is stopped, the database opens
 * again with the content before or after the transaction that was running, and works.
 */
#include "cunit/db/db_test.h"
#include "cunit/db/disk.h"
#include "cunit/db/powercut.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/map.h"
#include "lib/os/dir.h"
#include "lib/os/sync.h"

/* One transaction: what is stored (no value: deleted), and what is there afterwards. */
static const struct {
    const char *key[4], *value[4];
    const char *after;
} script[] = {
    { { NULL }, { NULL }, "" },
    { { "user.b" }, { "%(2)" }, "user.b=%(2) " },
    { { "user.a", "user.c", "user.d" }, { "%(1)", "%(3)", "%(4)" },
      "user.a=%(1) user.b=%(2) user.c=%(3) user.d=%(4) " },
    { { "user.b", "user.c" }, { "%(20)", NULL }, "user.a=%(1) user.b=%(20) user.d=%(4) " },
    { { "user.a" }, { NULL }, "user.b=%(20) user.d=%(4) " },
    { { "user.c", "user.d", "user.a", "user.d" }, { "%(30)", NULL, "%(10)", "%(40)" },
      "user.a=%(10) user.b=%(20) user.c=%(30) user.d=%(40) " },
    { { "user.b" }, { "%(21)" }, "user.a=%(10) user.b=%(21) user.c=%(30) user.d=%(40) " },
};
enum { NSCRIPT = sizeof script / sizeof *script };

static err_t run_one(struct db *db, size_t i)
{
    struct db_txn *txn;
    err_t err = db_begin(db, &txn);

    if (err)
        return err;
    for (size_t k = 0; !err && k < 4 && script[i].key[k]; k++) {
        struct slice key = slice_cstr(script[i].key[k]);
        err = script[i].value[k] ? db_store(txn, key, slice_cstr(script[i].value[k]))
                                 : db_delete(txn, key);
    }
    if (!err)
        return db_commit(&txn);
    db_abort(&txn);
    return err;
}

/* Memory has nothing to lose, and quotalegacy commits file by file (its own test). */
static bool is_skipped(const struct engine_row *row)
{
    return row->plain || strcmp(row->name, "memory") == 0;
}

/* The server starts: skiplist files are to be recovered. */
static void start_over(const char *dir)
{
    clock_fake(clock_now() + 10);
    db_env_init(dir);
    if (db_env_recover() != ERR_OK)
        abort();
}

static void end_over(void)
{
    db_env_init(NULL);
    clock_fake(0);
}

/* What can be rebuilt may be lost and may be wrong, but it opens and takes new records; where
 * damage shows in the middle of a transaction the next one finds an empty database. */
static bool works_derived(const struct engine_row *row, const char *path)
{
    struct db *db;
    bool ok = db_open(row->name, path, row->flags | DB_CREATE, &db) == ERR_OK;

    if (!ok)
        return false;
    ok = strcmp(content(db, NULL), "(error)") != 0;
    for (int i = 0; ok && i < 3; i++) {
        char key[20];
        snprintf(key, sizeof key, "user.new%d", i);
        err_t err = put(db, key, "%(5)");
        if (err == ERR_CORRUPT)
            err = put(db, key, "%(5)");
        ok = !err && has(db, NULL, key, "%(5)");
    }
    db_close(&db);
    return ok;
}

/* Does it open with an allowed content, keep working and stay consistent? */
static bool works(const struct engine_row *row, const char *path, size_t done)
{
    struct buf report = BUF_INIT;
    struct db *db;
    bool ok = db_open(row->name, path, row->flags | DB_CREATE, &db) == ERR_OK;

    if (!ok)
        return false;
    const char *text = content(db, NULL);
    ok = strcmp(text, script[done].after) == 0 ||
        (done + 1 < NSCRIPT && strcmp(text, script[done + 1].after) == 0);
    if (!ok)
        fprintf(stderr, "%s: after %zu there is: %s\n", row->name, done, text);
    ok = ok && db_check(db, &report) == ERR_OK;
    for (int i = 0; ok && i < 3; i++) {
        char key[20];
        snprintf(key, sizeof key, "user.new%d", i);
        ok = put(db, key, "%(5)") == ERR_OK && has(db, NULL, key, "%(5)");
    }
    ok = ok && db_check(db, &report) == ERR_OK;
    if (report.n)
        fprintf(stderr, "%s: %s\n", row->name, buf_cstr(&report));
    buf_fini(&report);
    db_close(&db);
    return ok;
}

/* ---- killed ------------------------------------------------------------- */

struct run {
    const struct engine_row *row;
    const char *path;
    int kill_at;
    int progress;                       /* pipe: a byte for each transaction that is done */
};

static int run_script(void *arg)
{
    struct run *run = arg;
    struct db *db;
    char mark = 'x';

    disk_kill_at(run->kill_at);
    if (db_open(run->row->name, run->path, run->row->flags | DB_CREATE, &db) != ERR_OK)
        return 1;
    for (size_t i = 1; i < NSCRIPT; i++) {
        if (run_one(db, i) != ERR_OK)
            return 2;
        if (i == NSCRIPT / 2 && db_repack(db) != ERR_OK)
            return 3;
        disk_clear();
        if (dup2(run->progress, 2) < 0 || write(2, &mark, 1) != 1)
            return 4;
        disk_kill_at(run->kill_at);
    }
    return 0;
}

static void test_killed(void)
{
    for (const struct engine_row *row = engine_rows; row < engine_rows + nengine_rows; row++) {
        if (is_skipped(row))
            continue;
        bool finished = false;
        for (int n = 1; !finished && n < 60; n++) {
            struct run run = { .row = row, .path = fresh_path(row), .kill_at = n };
            int fds[2];
            char marks[NSCRIPT];
            if (pipe(fds) != 0)
                abort();
            run.progress = fds[1];
            int status = in_child(run_script, &run);
            close(fds[1]);
            ssize_t done = read(fds[0], marks, sizeof marks);
            close(fds[0]);
            CU_CHECK_ROW((size_t)n, status == DISK_KILLED || status == 0);
            CU_CHECK_ROW((size_t)n, done >= 0 && works(row, run.path, (size_t)done));
            finished = status == 0;
        }
        CU_ASSERT_TRUE(finished);
    }
}

/* ---- power cut ---------------------------------------------------------- */

static bool check_state(const struct engine_row *row, size_t k, enum powercut_data how, size_t n,
                        enum powercut_names names, const char *from, size_t done)
{
    char to[600];

    snprintf(to, sizeof to, "%s/state", test_tmpdir());
    err_t err = dir_remove_tree(to);
    if ((err && err != ERR_NOTFOUND) || dir_make(to, 0755) != ERR_OK)
        abort();
    powercut_make(k, how, n, names, from, to);
    char path[700];
    snprintf(path, sizeof path, "%s/test.db", to);
    start_over(to);
    bool ok = row->flags & DB_DERIVED ? works_derived(row, path) : works(row, path, done);
    end_over();
    if (!ok)
        fprintf(stderr, "%s flags %u: step %zu, data %d (%zu), names %d\n", row->name, row->flags,
                k, how, n, names);
    return ok;
}

/* Has the same disk been looked at for the same content? */
static bool is_seen(struct map *seen, uint64_t fingerprint, size_t done)
{
    uint64_t key[2] = { fingerprint, done };
    struct slice k = slice_make(key, sizeof key);
    bool known = map_has(seen, k);

    if (!known)
        map_put(seen, k, NULL);
    return known;
}

/* Every state of one moment; returns how many have been looked at. */
static size_t check_moment(const struct engine_row *row, size_t k, const char *from, size_t done,
                           struct map *seen)
{
    size_t unsynced = powercut_unsynced(k), states = 0;

    for (enum powercut_names names = 0; names < CUT_NNAMES; names++) {
        for (enum powercut_data how = 0; how < CUT_NDATA; how++) {
            size_t n = how < CUT_ONLY ? 1 : unsynced;
            for (size_t i = 0; i < n; i++) {
                if (is_seen(seen, powercut_fingerprint(k, how, i, names), done))
                    continue;
                states++;
                CU_CHECK_ROW(k, check_state(row, k, how, i, names, from, done));
            }
        }
    }
    return states;
}

static void test_power_cut(void)
{
    for (const struct engine_row *row = engine_rows; row < engine_rows + nengine_rows; row++) {
        if (is_skipped(row))
            continue;
        const char *path = fresh_path(row);
        char from[600];
        struct map *seen = map_new(NULL);
        size_t at[NSCRIPT + 2] = { 0 }, k = 0, n, states = 0;

        snprintf(from, sizeof from, "%s", in_dir(""));
        from[strlen(from) - 1] = '\0';
        disk_clear();
        disk_record();
        struct db *db = must_open(row, path, 0);
        for (size_t i = 1; i < NSCRIPT; i++) {
            CU_ASSERT_EQUAL(run_one(db, i), ERR_OK);
            if (i == NSCRIPT / 2)
                CU_ASSERT_EQUAL(db_repack(db), ERR_OK);
            disk_recorded(&at[i + 1]);
        }
        db_close(&db);
        disk_record_end();
        disk_recorded(&n);
        for (size_t done = 0; k <= n; k++) {
            while (done + 1 < NSCRIPT && k >= at[done + 2])
                done++;
            states += check_moment(row, k, from, done, seen);
        }
        CU_ASSERT(states > 20);
        map_free(&seen);
        disk_clear();
    }
}

/* ---- power cut while recovering ------------------------------------------ */

/* The transaction that is killed; the others before it are complete. */
enum { KILLED = 5 };

static int run_one_killed(void *arg)
{
    struct run *run = arg;
    struct db *db;

    if (db_open(run->row->name, run->path, run->row->flags, &db) != ERR_OK)
        return 1;
    disk_clear();
    disk_kill_at(run->kill_at);
    return run_one(db, KILLED) == ERR_OK ? 0 : 2;
}

/* Open the file that the kill has left, and cut that short as well. */
static size_t check_recovery(const struct engine_row *row, const char *path, const char *from)
{
    struct map *seen = map_new(NULL);
    size_t n, states = 0;
    struct db *db;

    disk_clear();
    disk_record();
    start_over(from);
    CU_ASSERT_EQUAL(db_open(row->name, path, row->flags, &db), ERR_OK);
    end_over();
    disk_record_end();
    db_close(&db);
    disk_recorded(&n);
    for (size_t k = 0; k <= n; k++)
        states += check_moment(row, k, from, KILLED - 1, seen);
    map_free(&seen);
    disk_clear();
    return states;
}

static void test_power_cut_in_recovery(void)
{
    for (const struct engine_row *row = engine_rows; row < engine_rows + nengine_rows; row++) {
        size_t states = 0;
        int status = DISK_KILLED;
        if (is_skipped(row) || (row->flags & DB_DERIVED))
            continue;
        for (int n = 1; status == DISK_KILLED && n < 30; n++) {
            struct run run = { .row = row, .path = fresh_path(row), .kill_at = n };
            char from[600];
            snprintf(from, sizeof from, "%s", in_dir(""));
            from[strlen(from) - 1] = '\0';
            struct db *db = must_open(row, run.path, 0);
            for (size_t i = 1; i < KILLED; i++)
                CU_ASSERT_EQUAL(run_one(db, i), ERR_OK);
            db_close(&db);
            status = in_child(run_one_killed, &run);
            CU_CHECK_ROW((size_t)n, status == DISK_KILLED || status == 0);
            states += check_recovery(row, run.path, from);
        }
        CU_ASSERT_EQUAL(status, 0);
        CU_ASSERT(states > 10);
    }
}

/* ---- refused writes ----------------------------------------------------- */

/* Every step fails once, or from then on: the transaction fails, or it is there; the next
 * one works when the disk does. */
static void test_refused(void)
{
    static const int errors[] = { ENOSPC, EIO };
    int descriptors = open_descriptors();

    for (const struct engine_row *row = engine_rows; row < engine_rows + nengine_rows; row++) {
        if (is_skipped(row))
            continue;
        for (size_t e = 0; e < 2; e++) {
            for (int times = 1; times < 1000; times += 998) {
                bool failed = true;
                for (int n = 1; failed; n++) {
                    const char *path = fresh_path(row);
                    struct db *db = must_open(row, path, 0);
                    CU_ASSERT_EQUAL(run_one(db, 1), ERR_OK);
                    disk_fail_at(n, times, errors[e]);
                    err_t err = run_one(db, 2);
                    failed = disk_steps() > 0 && err != ERR_OK;
                    disk_clear();
                    const char *text = content(db, NULL);
                    bool old = strcmp(text, script[1].after) == 0,
                         new = strcmp(text, script[2].after) == 0;
                    CU_CHECK_ROW((size_t)n, err ? old || new : new);
                    CU_CHECK_ROW((size_t)n, works(row, path, 1));
                    db_close(&db);
                    if (n > 60)
                        break;
                }
                CU_ASSERT_FALSE(failed);
            }
        }
        CU_ASSERT_EQUAL(open_descriptors(), descriptors);
    }
}

TEST_SUITE("db crash",
    { "killed", test_killed },
    { "power cut", test_power_cut },
    { "power cut while recovering", test_power_cut_in_recovery },
    { "refused writes", test_refused })

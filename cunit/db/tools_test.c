/* tools_test.c - recognising, converting and archiving databases
 *
 * covers: RC-15 PT-37
 */
#include "cunit/db/db_test.h"
#include "cunit/db/disk.h"
#include "cunit/db/real_files.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/os/file.h"
#include "lib/os/lock.h"

static const char *const file_engines[] = {
    "twoskip", "skiplist", "flat",
#ifdef HAVE_LIBDB
    "berkeley",
#endif
};
enum { NENGINES = sizeof file_engines / sizeof *file_engines };

/* A small database with a key that sorts differently everywhere. */
static void build(const char *engine, const char *path)
{
    struct db *db = open_named(engine, path, DB_CREATE);

    CU_ASSERT_EQUAL(put(db, "user.a", "1"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "user.\xc3\xa4", "2"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "user.a-b", "3"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "user.a.b", ""), ERR_OK);
    db_close(&db);
}

static bool is_built(const char *engine, const char *path)
{
    struct db *db;
    struct buf report = BUF_INIT;

    if (db_open(engine, path, 0, &db) != ERR_OK)
        return false;
    bool ok = strcmp(db_engine(db), engine) == 0 && has(db, NULL, "user.a", "1") &&
              has(db, NULL, "user.\xc3\xa4", "2") && has(db, NULL, "user.a-b", "3") &&
              has(db, NULL, "user.a.b", "") &&
              strlen(content(db, NULL)) == strlen("user.a=1 user.xx=2 user.a-b=3 user.a.b= ");
    ok = ok && db_check(db, &report) == ERR_OK;
    buf_fini(&report);
    db_close(&db);
    return ok;
}

static void test_detect(void)
{
    for (size_t i = 0; i < NENGINES; i++) {
        fresh_dir();
        build(file_engines[i], in_dir("x"));
        const char *found = db_detect(in_dir("x"));
        if (strcmp(file_engines[i], "flat") == 0)
            CU_CHECK_ROW(i, !found);
        else
            CU_CHECK_ROW(i, found && strcmp(found, file_engines[i]) == 0);
    }
    CU_ASSERT_PTR_NULL(db_detect(in_dir("missing")));
    CU_ASSERT_PTR_NULL(db_detect("/"));
    write_file(in_dir("short"), SLICE_LIT("\241\002\213\015twoskip file"));
    CU_ASSERT_PTR_NULL(db_detect(in_dir("short")));
}

/* Asking about an open file must not cost us its lock. */
static int is_locked(void *arg)
{
    int fd;

    if (file_open(arg, O_RDWR, 0, &fd) != ERR_OK)
        return 2;
    return lock_holder(fd, LOCK_SHARED) ? 1 : 0;
}

static void test_locks_are_kept(void)
{
    struct db_txn *txn;
    struct db *db, *again;
    char path[300];

    fresh_dir();
    snprintf(path, sizeof path, "%s", in_dir("x"));
    const char *paths[] = { path, NULL };
    build("twoskip", path);
    db = open_named("twoskip", path, 0);
    CU_ASSERT_EQUAL(in_child(is_locked, path), 0);
    CU_ASSERT_EQUAL(db_begin(db, &txn), ERR_OK);
    CU_ASSERT_EQUAL(in_child(is_locked, path), 1);
    CU_ASSERT_STRING_EQUAL(db_detect(path), "twoskip");
    CU_ASSERT_EQUAL(db_archive(paths, in_dir("backup")), ERR_INUSE);
    CU_ASSERT_EQUAL(db_open("flat", path, 0, &again), ERR_OK);
    CU_ASSERT_TRUE(has(again, NULL, "user.a", "1"));
    db_close(&again);
    CU_ASSERT_EQUAL(in_child(is_locked, path), 1);
    CU_ASSERT_EQUAL(db_commit(&txn), ERR_OK);
    CU_ASSERT_EQUAL(in_child(is_locked, path), 0);
    db_close(&db);
}

static void test_convert(void)
{
    for (size_t i = 0; i < NENGINES; i++) {
        for (size_t k = 0; k < NENGINES; k++) {
            fresh_dir();
            build(file_engines[i], in_dir("from"));
            write_file(in_dir("to"), SLICE_LIT("what was there before"));
            write_file(in_dir("to.NEW"), SLICE_LIT("left over"));
            CU_CHECK_ROW(10 * i + k, db_convert(in_dir("from"), file_engines[i], in_dir("to"),
                                                file_engines[k]) == ERR_OK);
            CU_CHECK_ROW(10 * i + k, is_built(file_engines[k], in_dir("to")));
            CU_CHECK_ROW(10 * i + k, is_built(file_engines[i], in_dir("from")));
            CU_CHECK_ROW(10 * i + k, !file_exists(in_dir("to.NEW")));
            CU_CHECK_ROW(10 * i + k, !file_exists(in_dir("to.NEW.lock")));
        }
    }
}

static void test_convert_quota(void)
{
    use_conf("");
    fresh_dir();
    struct db *db = open_named("twoskip", in_dir("quotas.db"), DB_CREATE);
    char key[20];
    for (int i = 0; i < 350; i++) {
        snprintf(key, sizeof key, "user.u%03d", i);
        CU_ASSERT_EQUAL(put(db, key, "%(S (1 2))"), ERR_OK);
    }
    db_close(&db);
    CU_ASSERT_EQUAL(db_convert(in_dir("quotas.db"), "twoskip", in_dir("quota"), "quotalegacy"),
                    ERR_OK);
    CU_ASSERT_TRUE(file_exists(in_dir("quota/u/user.u349")));
    CU_ASSERT_EQUAL(db_convert(in_dir("quota"), "quotalegacy", in_dir("back"), "flat"), ERR_OK);
    db = open_named("flat", in_dir("back"), 0);
    CU_ASSERT_TRUE(has(db, NULL, "user.u000", "%(S (1 2))") &&
                   has(db, NULL, "user.u349", "%(S (1 2))"));
    db_close(&db);
}

static void test_convert_fails(void)
{
    fresh_dir();
    CU_ASSERT_EQUAL(db_convert(in_dir("none"), "flat", in_dir("to"), "twoskip"), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(db_convert(in_dir("none"), "flat", in_dir("to"), "nothing"), ERR_UNSUPPORTED);
    CU_ASSERT_EQUAL(db_convert(in_dir("none"), "nothing", in_dir("to"), "flat"), ERR_UNSUPPORTED);
    build("twoskip", in_dir("from"));
    write_file(in_dir("to"), SLICE_LIT("before\t1\n"));
    for (int n = 1; n < 40; n++) {
        disk_clear();
        disk_fail_at(n, 1, ENOSPC);
        err_t err = db_convert(in_dir("from"), "twoskip", in_dir("to"), "flat");
        disk_clear();
        CU_CHECK_ROW((size_t)n, !file_exists(in_dir("to.NEW")));
        if (!err)
            break;
        struct db *db = open_named("flat", in_dir("to"), 0);
        CU_CHECK_ROW((size_t)n, has(db, NULL, "before", "1") || is_built("flat", in_dir("to")));
        db_close(&db);
    }
    CU_ASSERT_TRUE(is_built("flat", in_dir("to")));
    CU_ASSERT_TRUE(is_built("twoskip", in_dir("from")));
}

/* Another engine's file is used as it is, or converted in place. */
static void test_open_other(void)
{
    for (size_t i = 0; i < NENGINES; i++) {
        for (size_t k = 0; k < NENGINES; k++) {
            const char *from = file_engines[i], *to = file_engines[k];
            struct db *db;
            if (strcmp(from, "flat") == 0 && from != to)
                continue;
            fresh_dir();
            build(from, in_dir("x"));
            CU_CHECK_ROW(10 * i + k, db_open(to, in_dir("x"), 0, &db) == ERR_OK);
            CU_CHECK_ROW(10 * i + k,
                         strcmp(db_engine(db), from) == 0 && has(db, NULL, "user.a", "1"));
            db_close(&db);
            CU_CHECK_ROW(10 * i + k,
                         db_open(to, in_dir("x"), DB_CONVERT | DB_RDONLY, &db) == ERR_OK);
            CU_CHECK_ROW(10 * i + k, strcmp(db_engine(db), from) == 0);
            db_close(&db);
            CU_CHECK_ROW(10 * i + k, db_open(to, in_dir("x"), DB_CONVERT, &db) == ERR_OK);
            CU_CHECK_ROW(10 * i + k, strcmp(db_engine(db), to) == 0);
            CU_CHECK_ROW(10 * i + k,
                         put(db, "user.z", "9") == ERR_OK && put(db, "user.z", NULL) == ERR_OK);
            db_close(&db);
            CU_CHECK_ROW(10 * i + k, is_built(to, in_dir("x")));
        }
    }
}

/* Another process converts the file that we have open. */
static int convert_it(void *arg)
{
    return db_convert(arg, "skiplist", arg, "twoskip") == ERR_OK ? 0 : 1;
}

static void test_converted_under_us(void)
{
    char path[300];

    fresh_dir();
    snprintf(path, sizeof path, "%s", in_dir("x"));
    build("skiplist", path);
    for (int i = 0; i < 3; i++) {
        build("skiplist", path);
        struct db *db = open_named("skiplist", path, 0);
        struct db_txn *txn;
        CU_ASSERT_TRUE(has(db, NULL, "user.a", "1"));
        CU_ASSERT_EQUAL(in_child(convert_it, path), 0);
        dberrors();
        if (i == 0)
            CU_ASSERT_TRUE(has(db, NULL, "user.a", "1"));
        if (i == 1)
            CU_ASSERT(strlen(content(db, NULL)) > 20);
        CU_ASSERT_EQUAL(db_begin(db, &txn), ERR_OK);
        CU_ASSERT_EQUAL(db_store(txn, SLICE_LIT("user.a"), SLICE_LIT("1")), ERR_OK);
        CU_ASSERT_EQUAL(db_commit(&txn), ERR_OK);
        CU_ASSERT_EQUAL(dberrors(), 0);
        CU_ASSERT_STRING_EQUAL(db_engine(db), "twoskip");
        db_close(&db);
        CU_ASSERT_TRUE(is_built("twoskip", path));
        CU_ASSERT_EQUAL(unlink(path), 0);
    }
}

static void test_archive(void)
{
    const char *paths[NENGINES + 2];
    size_t n = 0;
    struct db *open;

    fresh_dir();
    for (size_t i = 0; i < NENGINES; i++) {
        build(file_engines[i], in_dir(file_engines[i]));
        paths[n++] = in_dir(file_engines[i]);
    }
    paths[n++] = in_dir("missing");
    paths[n] = NULL;
    open = open_named("twoskip", in_dir("twoskip"), 0);
    CU_ASSERT_EQUAL(db_archive(paths, in_dir("backup")), ERR_OK);
    CU_ASSERT_EQUAL(db_archive(paths, in_dir("backup")), ERR_OK);
    db_close(&open);
    for (size_t i = 0; i < NENGINES; i++) {
        char path[300];
        snprintf(path, sizeof path, "backup/%s", file_engines[i]);
        CU_CHECK_ROW(i, is_built(file_engines[i], in_dir(path)));
    }
    CU_ASSERT_FALSE(file_exists(in_dir("backup/missing")));
    CU_ASSERT_FALSE(file_exists(in_dir("backup/twoskip.NEW")));
}

static void test_engine_names(void)
{
    bool twoskip = false, memory = false;

    for (const char *const *name = db_engines(); *name; name++) {
        twoskip |= strcmp(*name, "twoskip") == 0;
        memory |= strcmp(*name, "memory") == 0;
        CU_ASSERT(!name[1] || strcmp(name[0], name[1]) < 0);
    }
    CU_ASSERT_TRUE(twoskip && !memory);
}

TEST_SUITE("db tools",
    { "detect", test_detect },
    { "locks are kept", test_locks_are_kept },
    { "convert", test_convert },
    { "convert quota", test_convert_quota },
    { "convert fails", test_convert_fails },
    { "open another engine's file", test_open_other },
    { "converted under us", test_converted_under_us },
    { "archive", test_archive },
    { "names of engines", test_engine_names })

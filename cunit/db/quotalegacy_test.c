/* quotalegacy_test.c - paths, texts, and the two ways to write */
#include "cunit/db/db_test.h"
#include "cunit/db/disk.h"

#include <errno.h>
#include <unistd.h>

#include "lib/os/file.h"

static bool file_is(const char *path, const char *want)
{
    struct buf b = BUF_INIT;

    if (!file_exists(path))
        return false;
    read_file(path, &b);
    bool ok = slice_eqs(buf_slice(&b), want);
    buf_fini(&b);
    return ok;
}

static void test_paths(void)
{
    static const struct {
        const char *conf, *key, *path;
    } rows[] = {
        { "fulldirhash: no\n", "user.fred", "quota/f/user.fred" },
        { "fulldirhash: no\n", "user.Fred.sub", "quota/f/user.Fred.sub" },
        { "fulldirhash: no\n", "shared", "quota/s/shared" },
        { "fulldirhash: no\n", "user.1a", "quota/q/user.1a" },
        { "fulldirhash: no\n", "dom.org!user.x", "quota/o/dom.org!user.x" },
        { "fulldirhash: yes\n", "user.zorro", "quota/Q/user.zorro" },
        { "fulldirhash: yes\n", "x2", "quota/U/x2" },
        { "virtdomains: yes\n", "user.fred", "quota/f/user.fred" },
        { "virtdomains: yes\n", "dom.org!user.x", "domain/d/dom.org/quota/x/user.x" },
        { "virtdomains: userid\n", "dom.org!", "domain/d/dom.org/quota/root" },
        { "virtdomains: yes\nfulldirhash: yes\n", "other.org!user.q",
          "domain/M/other.org/quota/M/user.q" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        use_conf(rows[i].conf);
        fresh_dir();
        struct db *db = open_named("quotalegacy", in_dir("quota"), DB_CREATE);
        CU_CHECK_ROW(i, put(db, rows[i].key, "%(S (1 2))") == ERR_OK);
        if (i != 10)        /* the letter is only known to the hash */
            CU_CHECK_ROW(i, file_is(in_dir(rows[i].path), "%(S (1 2))\n"));
        char want[100];
        snprintf(want, sizeof want, "%s=%%(S (1 2)) ", rows[i].key);
        CU_CHECK_ROW(i, strcmp(content(db, NULL), want) == 0);
        CU_CHECK_ROW(i, has(db, NULL, rows[i].key, "%(S (1 2))"));
        db_close(&db);
    }
    use_conf("");
}

static void test_bad_names(void)
{
    static const char *const names[] = { "../../etc/passwd", "user.a/b", "..", "a\nb" };
    struct db *db;

    fresh_dir();
    use_conf("virtdomains: yes\n");
    db = open_named("quotalegacy", in_dir("quota"), DB_CREATE);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        CU_CHECK_ROW(i, put(db, names[i], "%(1)") == ERR_BADNAME);
        CU_CHECK_ROW(i, has(db, NULL, names[i], NULL));
        CU_CHECK_ROW(i, put(db, names[i], NULL) == ERR_NOTFOUND);
    }
    CU_ASSERT_EQUAL(put(db, "../x!user.a", "%(1)"), ERR_BADNAME);
    CU_ASSERT_EQUAL(put(db, "!user.a", "%(1)"), ERR_BADNAME);
    db_close(&db);
    use_conf("");
}

static void test_texts(void)
{
    static const struct {
        const char *value, *text;       /* text NULL: refused */
    } rows[] = {
        { "%(S (1 2))", "%(S (1 2))\n" },
        { "12 34", "12\n34\n" },
        { "12 34 M 1 2", "12\n34 M 1 2\n" },
        { "12", "12\n" },
        { "", "\n" },
        { "12\n34", NULL },
    };

    use_conf("");
    fresh_dir();
    struct db *db = open_named("quotalegacy", in_dir("quota"), DB_CREATE);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        err_t err = put(db, "user.x", rows[i].value);
        CU_CHECK_ROW(i, err == (rows[i].text ? ERR_OK : ERR_SYNTAX));
        if (err)
            continue;
        CU_CHECK_ROW(i, file_is(in_dir("quota/x/user.x"), rows[i].text));
        CU_CHECK_ROW(i, has(db, NULL, "user.x", rows[i].value));
    }
    db_close(&db);
}

static void test_odd_files(void)
{
    struct buf v = BUF_INIT;

    use_conf("");
    fresh_dir();
    struct db *db = open_named("quotalegacy", in_dir("quota"), DB_CREATE);
    CU_ASSERT_EQUAL(put(db, "user.a", "%(1)"), ERR_OK);
    write_file(in_dir("quota/a/user.a.empty"), SLICE_NULL);
    write_file(in_dir("quota/a/user.a.NEW"), SLICE_LIT("%(left over)\n"));
    write_file(in_dir("quota/a/user.b"), SLICE_LIT("%(wrong place)\n"));
    write_file(in_dir("quota/README"), SLICE_LIT("hello\n"));
    CU_ASSERT_STRING_EQUAL(content(db, NULL), "user.a=%(1) ");
    CU_ASSERT_TRUE(has(db, NULL, "user.a.empty", NULL));
    CU_ASSERT_EQUAL(put(db, "user.a.empty", NULL), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(db_check(db, &v), ERR_OK);

    write_file(in_dir("quota/a/user.ab"), SLICE_LIT("%(no end)"));
    CU_ASSERT_EQUAL(db_fetch(db, NULL, SLICE_LIT("user.ab"), &v), ERR_CORRUPT);
    CU_ASSERT_EQUAL(db_check(db, &v), ERR_CORRUPT);
    CU_ASSERT_TRUE(slice_starts(buf_slice(&v), SLICE_LIT("user.ab: ")));
    db_close(&db);
    buf_fini(&v);
}

/* Nothing stays behind of a key that was only locked. */
static void test_abort(void)
{
    struct db_txn *txn;

    use_conf("");
    fresh_dir();
    struct db *db = open_named("quotalegacy", in_dir("quota"), DB_CREATE);
    CU_ASSERT_EQUAL(db_begin(db, &txn), ERR_OK);
    CU_ASSERT_EQUAL(db_store(txn, SLICE_LIT("user.a"), SLICE_LIT("%(1)")), ERR_OK);
    CU_ASSERT_TRUE(file_exists(in_dir("quota/a/user.a")));
    db_abort(&txn);
    CU_ASSERT_FALSE(file_exists(in_dir("quota/a/user.a")));
    db_close(&db);
}

/* The limit stands in the same file as the usage: it must survive whatever happens.  A text of
 * the same length goes over the old one in one write and without a sync, another length takes
 * the safe way. */
static void test_derived(void)
{
    static const struct {
        unsigned flags;
        const char *value;
        int steps;
    } rows[] = {
        { DB_DERIVED, "%(S (2 2))", 1 },
        { DB_DERIVED, "%(S (20 2))", 5 },       /* create, write, sync, rename, sync */
        { 0, "%(S (2 2))", 5 },
        { 0, "%(S (1 2))", 0 },
        { DB_DERIVED, "%(S (1 2))", 0 },
    };

    use_conf("");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stat before, after;
        fresh_dir();
        struct db *db = open_named("quotalegacy", in_dir("quota"), DB_CREATE | rows[i].flags);
        CU_CHECK_ROW(i, put(db, "user.a", "%(S (1 2))") == ERR_OK);
        CU_ASSERT_EQUAL(file_stat(in_dir("quota/a/user.a"), &before), ERR_OK);
        disk_clear();
        CU_CHECK_ROW(i, put(db, "user.a", rows[i].value) == ERR_OK);
        CU_CHECK_ROW(i, disk_steps() == rows[i].steps);
        disk_clear();
        CU_ASSERT_EQUAL(file_stat(in_dir("quota/a/user.a"), &after), ERR_OK);
        CU_CHECK_ROW(i, (before.st_ino == after.st_ino) == (rows[i].steps < 5));
        CU_CHECK_ROW(i, has(db, NULL, "user.a", rows[i].value));
        db_close(&db);
    }
}

/* Each step of a change refused, or the process killed there: old or new, never nothing. */
struct stop {
    struct db *db;
    const char *value;
    int at;
};

static int change(void *arg)
{
    struct stop *s = arg;

    disk_clear();
    disk_kill_at(s->at);
    return put(s->db, "user.a", s->value) == ERR_OK ? 0 : 1;
}

static void test_stopped(void)
{
    static const unsigned flags[] = { 0, DB_DERIVED };
    static const char *const values[] = { "%(S (2 2))", "%(S (200 2))" };

    use_conf("");
    for (size_t i = 0; i < 4; i++) {
        int status = DISK_KILLED;
        for (int n = 1; status != 0 && n < 20; n++) {
            fresh_dir();
            struct db *db = open_named("quotalegacy", in_dir("quota"), DB_CREATE | flags[i / 2]);
            CU_ASSERT_EQUAL(put(db, "user.a", "%(S (1 2))"), ERR_OK);
            struct stop stop = { db, values[i % 2], n };
            status = in_child(change, &stop);
            CU_CHECK_ROW(i, status == 0 || status == DISK_KILLED);
            CU_CHECK_ROW(i, has(db, NULL, "user.a", "%(S (1 2))") ||
                                has(db, NULL, "user.a", values[i % 2]));
            CU_CHECK_ROW(i, status != 0 || has(db, NULL, "user.a", values[i % 2]));

            CU_CHECK_ROW(i, put(db, "user.a", "%(S (1 2))") == ERR_OK);
            disk_clear();
            disk_fail_at(n, 1, ENOSPC);
            err_t err = put(db, "user.a", values[i % 2]);
            disk_clear();
            CU_CHECK_ROW(i, has(db, NULL, "user.a", "%(S (1 2))") ||
                                has(db, NULL, "user.a", values[i % 2]));
            CU_CHECK_ROW(i, err || has(db, NULL, "user.a", values[i % 2]));
            db_close(&db);
        }
        CU_CHECK_ROW(i, status == 0);
    }
}

TEST_SUITE("db quotalegacy",
    { "paths", test_paths },
    { "bad names", test_bad_names },
    { "texts", test_texts },
    { "odd files", test_odd_files },
    { "abort", test_abort },
    { "derived", test_derived },
    { "stopped", test_stopped })

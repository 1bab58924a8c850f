/* damage_test.c - every byte changed, every length cut: an error or the right data
 *
 * Formats with checksums may only give what was stored; those without must at least keep
 * their heads.
 */
#include "cunit/db/db_test.h"

#include <stdlib.h>

#include "lib/os/dir.h"
#include "lib/os/file.h"

struct state_list {
    char text[12][400];
    size_t n;
};

/* A file with replaced and deleted records and several transactions; all contents on the way. */
static void build(const char *engine, const char *path, struct state_list *states)
{
    static const char *const work[][2] = {
        { "user.b", "two" }, { "user.a", "one" }, { "user.c", "three" }, { "user.b", "zwei" },
        { "user.d", "a longer value, so that it is not all heads" }, { "user.c", NULL },
    };
    struct db *db = open_named(engine, path, DB_CREATE);

    states->n = 0;
    snprintf(states->text[states->n++], sizeof states->text[0], "%s", "");
    for (size_t i = 0; i < sizeof work / sizeof *work; i++) {
        CU_ASSERT_EQUAL(put(db, work[i][0], work[i][1]), ERR_OK);
        snprintf(states->text[states->n++], sizeof states->text[0], "%s", content(db, NULL));
    }
    db_close(&db);
}

static bool is_known(const struct state_list *states, const char *text, bool older_too)
{
    for (size_t i = older_too ? 0 : states->n - 1; i < states->n; i++)
        if (strcmp(states->text[i], text) == 0)
            return true;
    return false;
}

static err_t ignore(void *arg, struct slice key, struct slice value)
{
    size_t *sum = arg;

    *sum += key.n + value.n + (key.n ? (unsigned char)key.p[key.n - 1] : 0);
    return ERR_OK;
}

/* Use everything; the results do not matter, nor the errors. */
static void exercise(const char *engine, const char *path, unsigned flags)
{
    struct buf k = BUF_INIT, v = BUF_INIT;
    struct db *db;
    size_t sum = 0;

    if (db_open(engine, path, flags, &db) == ERR_OK) {
        err_t err = db_foreach(db, NULL, SLICE_LIT("user."), ignore, &sum);
        err = db_fetch_next(db, NULL, SLICE_LIT("user.b"), &k, &v);
        err = db_check(db, &v);
        err = db_dump(db, 1, &v);
        err = put(db, "user.b", "new");
        err = put(db, "user.a", NULL);
        err = put(db, "user.x", "x");
        err = db_repack(db);
        (void)err;
        db_close(&db);
    }
    buf_fini(&k);
    buf_fini(&v);
}

/* Does a reader get an error, or something that was once stored? */
static bool reads_right(const char *engine, const char *path, const struct state_list *states,
                        unsigned flags, bool older_too)
{
    struct db *db;

    if (db_open(engine, path, flags, &db) != ERR_OK)
        return true;
    const char *text = content(db, NULL);
    bool ok = strcmp(text, "(error)") == 0 || is_known(states, text, older_too);
    if (!ok)
        fprintf(stderr, "there is: %s\n", text);
    /* a record at a time, for those that a walk does not reach any more */
    static const char *const keys[] = { "user.a", "user.b", "user.c", "user.d" };
    static const char *const last[] = { "one", "zwei", NULL,
                                        "a longer value, so that it is not all heads" };
    struct buf v = BUF_INIT;
    for (size_t i = 0; i < 4 && !older_too; i++) {
        err_t err = db_fetch(db, NULL, slice_cstr(keys[i]), &v);
        if (!err)
            ok = ok && last[i] && slice_eqs(buf_slice(&v), last[i]);
        else
            ok = ok && (err != ERR_NOTFOUND || !last[i]);
    }
    buf_fini(&v);
    db_close(&db);
    return ok;
}

static void damage(const char *engine, bool checksums)
{
    struct state_list states;
    struct buf good = BUF_INIT, bad = BUF_INIT;

    fresh_dir();
    build(engine, in_dir("good"), &states);
    read_file(in_dir("good"), &good);
    const char *path = in_dir("bad");
    for (size_t i = 0; i < 3 * good.n; i++) {
        size_t at = i / 3;
        unsigned char mask = i % 3 == 0 ? 1 : i % 3 == 1 ? 0x80 : 0xff;
        buf_reset(&bad);
        buf_add_slice(&bad, buf_slice(&good));
        bad.p[at] = (char)(bad.p[at] ^ mask);
        write_file(path, buf_slice(&bad));
        if (checksums) {
            CU_CHECK_ROW(at, reads_right(engine, path, &states, DB_RDONLY, false));
            CU_CHECK_ROW(at, reads_right(engine, path, &states, 0, false));
        }
        exercise(engine, path, DB_RDONLY);
        exercise(engine, path, 0);
    }
    for (size_t n = 0; n < good.n; n++) {
        write_file(path, slice_make(good.p, n));
        if (checksums && n) {
            CU_CHECK_ROW(n, reads_right(engine, path, &states, DB_RDONLY, true));
            CU_CHECK_ROW(n, reads_right(engine, path, &states, 0, true));
        }
        exercise(engine, path, 0);
    }
    buf_fini(&good);
    buf_fini(&bad);
}

static void test_twoskip(void)
{
    damage("twoskip", true);
}

static void test_skiplist(void)
{
    damage("skiplist", false);
}

static void test_flat(void)
{
    damage("flat", false);
}

/* A file that has lost its end is never served as if there had been none: a reader who may not
 * repair it is refused, and a repair is told.  Of a skiplist only the part before the log can be
 * missed. */
static void test_short(void)
{
    static const struct {
        const char *engine;
        bool repack;
    } rows[] = { { "twoskip", false }, { "twoskip", true }, { "skiplist", true } };
    struct state_list states;
    struct buf good = BUF_INIT;
    struct db *db;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fresh_dir();
        build(rows[i].engine, in_dir("good"), &states);
        CU_ASSERT_EQUAL_FATAL(db_open(rows[i].engine, in_dir("good"), 0, &db), ERR_OK);
        if (rows[i].repack)
            CU_ASSERT_EQUAL(db_repack(db), ERR_OK);
        db_close(&db);
        read_file(in_dir("good"), &good);
        for (size_t n = 1; n < good.n; n++) {
            write_file(in_dir("bad"), slice_make(good.p, n));
            CU_CHECK_ROW(n, db_open(rows[i].engine, in_dir("bad"), DB_RDONLY, &db) == ERR_CORRUPT);
            syslog_double.lines = 0;
            if (db_open(rows[i].engine, in_dir("bad"), 0, &db) == ERR_OK)
                db_close(&db);
            CU_CHECK_ROW(n, syslog_double.lines > 0);
        }
    }
    buf_fini(&good);
}

/* A new version of a file that never got its name goes when the file is opened, but not from under
 * somebody who is writing it, and not for readers. */
static void test_unnamed(void)
{
    static const char *const engines[] = { "twoskip", "skiplist", "flat" };
    struct db *db;

    for (size_t i = 0; i < 3; i++) {
        fresh_dir();
        CU_ASSERT_EQUAL_FATAL(db_open(engines[i], in_dir("x"), DB_CREATE, &db), ERR_OK);
        CU_CHECK_ROW(i, put(db, "a", "1") == ERR_OK);
        db_close(&db);
        write_file(in_dir("x.NEW"), SLICE_LIT("left over"));
        CU_ASSERT_EQUAL_FATAL(db_open(engines[i], in_dir("x"), DB_RDONLY, &db), ERR_OK);
        db_close(&db);
        CU_CHECK_ROW(i, file_exists(in_dir("x.NEW")));
        CU_ASSERT_EQUAL_FATAL(db_open(engines[i], in_dir("x"), 0, &db), ERR_OK);
        CU_CHECK_ROW(i, !file_exists(in_dir("x.NEW")));
        CU_CHECK_ROW(i, has(db, NULL, "a", "1"));
        db_close(&db);
    }
}

/* Files that are something else, or nothing. */
static void test_foreign(void)
{
    static const char *const engines[] = { "twoskip", "skiplist", "flat" };
    static char zeros[5000];
    struct db *db;

    for (size_t i = 0; i < 3; i++) {
        fresh_dir();
        write_file(in_dir("text"), SLICE_LIT("This is some text without any order\nat all\n"));
        CU_CHECK_ROW(i, db_open(engines[i], in_dir("text"), DB_CREATE, &db) ==
                            (i < 2 ? ERR_CORRUPT : ERR_OK));
        db_close(&db);
        write_file(in_dir("zeros"), slice_make(zeros, sizeof zeros));
        CU_CHECK_ROW(i, db_open(engines[i], in_dir("zeros"), DB_CREATE, &db) == ERR_CORRUPT);
        /* as a power failure may leave a new file */
        write_file(in_dir("short"), slice_make(zeros, 100));
        err_t err = db_open(engines[i], in_dir("short"), DB_CREATE, &db);
        CU_CHECK_ROW(i, err == (i < 2 ? ERR_OK : ERR_CORRUPT));
        db_close(&db);
        write_file(in_dir("empty"), SLICE_NULL);
        CU_CHECK_ROW(i, db_open(engines[i], in_dir("empty"), DB_RDONLY, &db) == ERR_OK);
        CU_CHECK_ROW(i, strcmp(content(db, NULL), "") == 0 && has(db, NULL, "a", NULL));
        db_close(&db);
        CU_CHECK_ROW(i, db_open(engines[i], in_dir("empty"), 0, &db) == ERR_OK);
        CU_CHECK_ROW(i, put(db, "a", "b") == ERR_OK && has(db, NULL, "a", "b"));
        db_close(&db);
        CU_ASSERT_EQUAL(dir_make(in_dir("dir"), 0755), ERR_OK);
        CU_CHECK_ROW(i, db_open(engines[i], in_dir("dir"), DB_CREATE, &db) != ERR_OK);
    }
}

/* What can be rebuilt is rebuilt: an empty database in place of a damaged one, told once. */
static void test_derived(void)
{
    static const char *const engines[] = { "twoskip", "skiplist" };
    struct db *db;

    for (size_t i = 0; i < 2; i++) {
        fresh_dir();
        const char *path = in_dir("x");
        write_file(path, SLICE_LIT("neither of the kinds that are known here"));
        syslog_double.lines = 0;
        CU_CHECK_ROW(i, db_open(engines[i], path, DB_CREATE | DB_DERIVED, &db) == ERR_OK);
        CU_CHECK_ROW(i, syslog_double.lines <= 2);
        CU_CHECK_ROW(i, strcmp(content(db, NULL), "") == 0);
        CU_CHECK_ROW(i, put(db, "a", "b") == ERR_OK);
        /* damaged while it is open */
        write_file(path, SLICE_LIT("neither of the kinds that are known here"));
        CU_CHECK_ROW(i, has(db, NULL, "a", NULL));
        CU_CHECK_ROW(i, put(db, "a", "c") == ERR_OK && has(db, NULL, "a", "c"));
        db_close(&db);
    }
}

TEST_SUITE("db damage", { "twoskip", test_twoskip }, { "skiplist", test_skiplist },
           { "flat", test_flat }, { "short", test_short }, { "unnamed", test_unnamed },
           { "foreign files", test_foreign }, { "derived", test_derived })

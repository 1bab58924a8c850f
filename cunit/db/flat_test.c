/* flat_test.c - flat files: bytes, and what people do to them with an editor */
#include "cunit/db/db_test.h"
#include "cunit/db/real_files.h"

#include "lib/os/file.h"

static bool file_is(const char *path, struct slice want)
{
    struct buf b = BUF_INIT;

    read_file(path, &b);
    bool ok = slice_eq(buf_slice(&b), want);
    buf_fini(&b);
    return ok;
}

static void test_bytes(void)
{
    fresh_dir();
    struct db *db = open_named("flat", in_dir("x"), DB_CREATE);

    CU_ASSERT_EQUAL(db_store_now(db, SLICE_LIT("a\tb"), SLICE_LIT("\0\t\r\n\377")), ERR_OK);
    CU_ASSERT_EQUAL(db_store_now(db, SLICE_LIT("a.b"), SLICE_LIT("")), ERR_OK);
    CU_ASSERT_EQUAL(db_store_now(db, SLICE_LIT("a b"), SLICE_LIT("x y")), ERR_OK);
    CU_ASSERT_TRUE(
        file_is(in_dir("x"), SLICE_LIT("a.b\t\na b\tx y\na\377\211b\t\377\200\377\211\377\215"
                                       "\377\212\377\377\n")));
    CU_ASSERT_FALSE(file_exists(in_dir("x.NEW")));
    db_close(&db);
}

static void test_real_file(void)
{
    fresh_dir();
    copy_real("real.flat", in_dir("x"));
    struct db *db = open_named("flat", in_dir("x"), 0);
    CU_ASSERT_TRUE(is_real_content(db));
    db_close(&db);
}

static void test_edited(void)
{
    static const struct {
        struct slice text, content, after;      /* after "m" was stored */
    } rows[] = {
        { SLICE_LIT("b\t2\na\t1\n"), SLICE_LIT("a=1 b=2 "), SLICE_LIT("a\t1\nb\t2\nm\t-\n") },
        { SLICE_LIT("\nb\t2\n\nz\t3\n"), SLICE_LIT("b=2 z=3 "), SLICE_LIT("b\t2\nm\t-\nz\t3\n") },
        { SLICE_LIT("a\t1\na\t2\n"), SLICE_LIT("a=2 "), SLICE_LIT("a\t2\nm\t-\n") },
        { SLICE_LIT("a\nb\n"), SLICE_LIT("a= b= "), SLICE_LIT("a\nb\n") },
        { SLICE_LIT("a\t1\t2\n"), SLICE_LIT("a=1\t2 "), SLICE_LIT("a\t1\t2\nm\t-\n") },
        { SLICE_LIT("a\t1\r\nb\tx\0y\n"), SLICE_LIT("a=1\r b=x"),
          SLICE_LIT("a\t1\377\215\nb\tx\377\200y\nm\t-\n") },
        { SLICE_LIT("m\t1"), SLICE_NULL, SLICE_NULL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct db *db;
        fresh_dir();
        write_file(in_dir("x"), rows[i].text);
        err_t err = db_open("flat", in_dir("x"), 0, &db);
        if (!rows[i].content.p) {
            CU_CHECK_ROW(i, err == ERR_CORRUPT);
            continue;
        }
        CU_CHECK_ROW(i, err == ERR_OK);
        CU_CHECK_ROW(i, slice_eqs(rows[i].content, content(db, NULL)));
        if (i == 3) {
            CU_CHECK_ROW(i, has(db, NULL, "a", "") && has(db, NULL, "c", NULL));
        } else {
            CU_CHECK_ROW(i, put(db, "m", "-") == ERR_OK);
            CU_CHECK_ROW(i, file_is(in_dir("x"), rows[i].after));
        }
        db_close(&db);
    }
}

/* An edit while the file is open is seen. */
static void test_edited_while_open(void)
{
    fresh_dir();
    write_file(in_dir("x"), SLICE_LIT("a\t1\n"));
    struct db *db = open_named("flat", in_dir("x"), 0);
    CU_ASSERT_TRUE(has(db, NULL, "a", "1"));
    write_file(in_dir("y"), SLICE_LIT("c\t3\na\t2\n"));
    CU_ASSERT_EQUAL(file_rename(in_dir("y"), in_dir("x")), ERR_OK);
    CU_ASSERT_TRUE(has(db, NULL, "a", "2") && has(db, NULL, "c", "3"));
    write_file(in_dir("x"), SLICE_LIT("d\t4\n"));
    CU_ASSERT_STRING_EQUAL(content(db, NULL), "d=4 ");
    db_close(&db);
}

/* With flat configured, a file of another engine is not text. */
static void test_other_engines(void)
{
    fresh_dir();
    copy_real("real.twoskip", in_dir("x"));
    struct db *db = open_named("flat", in_dir("x"), 0);
    CU_ASSERT_STRING_EQUAL(db_engine(db), "twoskip");
    CU_ASSERT_TRUE(is_real_content(db));
    db_close(&db);
    /* the first bytes of one */
    struct buf b = BUF_INIT;
    read_file(in_dir("x"), &b);
    write_file(in_dir("x"), slice_make(b.p, 20));
    CU_ASSERT_EQUAL(db_open("flat", in_dir("x"), 0, &db), ERR_CORRUPT);
    buf_fini(&b);
}

TEST_SUITE("db flat",
    { "bytes", test_bytes },
    { "real file", test_real_file },
    { "edited", test_edited },
    { "edited while open", test_edited_while_open },
    { "files of other engines", test_other_engines })

/* skiplist_test.c - bytes, recovery and care of skiplist files
 *
 * covers: PT-36
 */
#include "cunit/db/db_test.h"
#include "cunit/db/real_files.h"

#include "lib/base/clock.h"
#include "lib/base/endian.h"
#include "lib/db/skiplist_format.h"
#include "lib/os/file.h"

static struct db *open_new(void)
{
    fresh_dir();
    return open_named("skiplist", in_dir("x"), DB_CREATE);
}

static uint32_t word(const char *path, size_t at)
{
    struct buf b = BUF_INIT;

    read_file(path, &b);
    uint32_t v = at + 4 <= b.n ? be32_get(b.p + at) : 0;
    buf_fini(&b);
    return v;
}

static size_t size_of(const char *path)
{
    struct buf b = BUF_INIT;

    read_file(path, &b);
    size_t n = b.n;
    buf_fini(&b);
    return n;
}

static void cut(const char *path, size_t n)
{
    struct buf b = BUF_INIT;

    read_file(path, &b);
    write_file(path, slice_make(b.p, b.n - n));
    buf_fini(&b);
}

static void append(const char *path, const uint32_t *words, size_t n)
{
    struct buf b = BUF_INIT;

    read_file(path, &b);
    for (size_t i = 0; i < n; i++)
        buf_add_be32(&b, words[i]);
    write_file(path, buf_slice(&b));
    buf_fini(&b);
}

static void test_new_file(void)
{
    clock_fake(0x61000000);
    struct db *db = open_new();
    struct buf b = BUF_INIT;

    db_close(&db);
    clock_fake(0);
    read_file(in_dir("x"), &b);
    CU_ASSERT_EQUAL(b.n, 144);
    CU_ASSERT_EQUAL(memcmp(b.p, "\241\002\213\015skiplist file\0\0\0", 20), 0);
    static const uint32_t header[] = { 1, 2, 20, 0, 0, 144, 0x61000000, 257, 0, 0 };
    for (size_t i = 0; i < 10; i++)
        CU_CHECK_ROW(i, be32_get(b.p + 20 + 4 * i) == header[i]);
    CU_ASSERT_EQUAL(be32_get(b.p + 140), 0xffffffff);
    buf_fini(&b);
}

static void test_log(void)
{
    struct db *db = open_new();
    struct buf b = BUF_INIT;
    struct db_txn *txn;

    CU_ASSERT_EQUAL(db_begin(db, &txn), ERR_OK);
    CU_ASSERT_EQUAL(db_store(txn, SLICE_LIT("k"), SLICE_LIT("value")), ERR_OK);
    CU_ASSERT_EQUAL(db_delete(txn, SLICE_LIT("k")), ERR_OK);
    CU_ASSERT_EQUAL(db_commit(&txn), ERR_OK);
    db_close(&db);
    read_file(in_dir("x"), &b);
    const char *p = b.p + 144;
    CU_ASSERT_EQUAL(be32_get(p), 2);
    CU_ASSERT_EQUAL(be32_get(p + 4), 1);
    CU_ASSERT_EQUAL(memcmp(p + 8, "k\0\0\0\0\0\0\5value\0\0\0", 16), 0);
    const char *end = b.p + b.n;
    CU_ASSERT_EQUAL(be32_get(end - 16), 0xffffffff);
    CU_ASSERT_EQUAL(be32_get(end - 12), 4);
    CU_ASSERT_EQUAL(be32_get(end - 8), 144);
    CU_ASSERT_EQUAL(be32_get(end - 4), 255);
    buf_fini(&b);
}

static void test_real_file(void)
{
    struct buf report = BUF_INIT;

    fresh_dir();
    copy_real("real.skiplist", in_dir("x"));
    struct db *db = open_named("skiplist", in_dir("x"), 0);
    CU_ASSERT_TRUE(is_real_content(db));
    CU_ASSERT_EQUAL(db_check(db, &report), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "user.k00", "mine"), ERR_OK);
    CU_ASSERT_EQUAL(db_check(db, &report), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "user.k00", NULL), ERR_OK);
    CU_ASSERT_EQUAL(db_repack(db), ERR_OK);
    CU_ASSERT_TRUE(is_real_content(db));
    CU_ASSERT_EQUAL(db_check(db, &report), ERR_OK);
    CU_ASSERT_EQUAL(word(in_dir("x"), SL_H_LISTSIZE), 30);
    CU_ASSERT_EQUAL(word(in_dir("x"), SL_H_LOGSTART), size_of(in_dir("x")));
    db_close(&db);
    buf_fini(&report);
}

/* 8-bit keys come first. */
static void test_order(void)
{
    struct db *db = open_new();

    CU_ASSERT_EQUAL(put(db, "b", "1"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "\xc3\xa4", "2"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "a", "3"), ERR_OK);
    CU_ASSERT_STRING_EQUAL(content(db, NULL), "\xc3\xa4=2 a=3 b=1 ");
    db_close(&db);
}

static void build(void)
{
    struct db *db = open_new();

    CU_ASSERT_EQUAL(put(db, "a", "1"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "b", "2"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "c", "3"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "b", NULL), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "a", "11"), ERR_OK);
    db_close(&db);
}

/* The last transaction has lost its COMMIT: it does not count, whoever looks. */
static void test_unfinished(void)
{
    struct buf report = BUF_INIT;

    build();
    cut(in_dir("x"), 4);
    struct db *db = open_named("skiplist", in_dir("x"), 0);
    CU_ASSERT_STRING_EQUAL(content(db, NULL), "a=1 c=3 ");
    CU_ASSERT_EQUAL(db_check(db, &report), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "d", "4"), ERR_OK);
    CU_ASSERT_STRING_EQUAL(content(db, NULL), "a=1 c=3 d=4 ");
    db_close(&db);
    buf_fini(&report);
}

static void test_dangling_record(void)
{
    static const uint32_t record[] = { 2, 1, 0x7a000000, 1, 0x31000000, 0, 0xffffffff };
    static const uint32_t zeros[5];

    build();
    append(in_dir("x"), record, 7);
    CU_ASSERT_STRING_EQUAL(content_of("skiplist", in_dir("x")), "a=11 c=3 ");
    build();
    append(in_dir("x"), zeros, 5);
    CU_ASSERT_STRING_EQUAL(content_of("skiplist", in_dir("x")), "a=11 c=3 ");
    struct db *db = open_named("skiplist", in_dir("x"), 0);
    CU_ASSERT_EQUAL(put(db, "z", "9"), ERR_OK);
    db_close(&db);
    CU_ASSERT_STRING_EQUAL(content_of("skiplist", in_dir("x")), "a=11 c=3 z=9 ");
}

/* After a restart the lists are made anew from the log: pointers of a file that lost some in a
 * power cut do not matter. */
static void test_stamp(void)
{
    struct buf b = BUF_INIT;

    fresh_dir();
    char dir[300];
    snprintf(dir, sizeof dir, "%s", in_dir(""));
    build();
    read_file(in_dir("x"), &b);
    for (size_t at = SL_DUMMY_AT + 12; at < SL_FIRST_AT - 4; at += 4)
        be32_put(b.p + at, 0);
    write_file(in_dir("x"), buf_slice(&b));
    CU_ASSERT_STRING_EQUAL(content_of("skiplist", in_dir("x")), "");
    uint32_t before = word(in_dir("x"), SL_H_RECOVERED);

    clock_fake((time_t)before + 100);
    db_env_init(dir);
    CU_ASSERT_EQUAL(db_env_recover(), ERR_OK);
    CU_ASSERT_STRING_EQUAL(content_of("skiplist", in_dir("x")), "a=11 c=3 ");
    CU_ASSERT_EQUAL(word(in_dir("x"), SL_H_RECOVERED), before + 100);
    size_t size = size_of(in_dir("x"));

    /* once is enough */
    clock_fake((time_t)before + 200);
    CU_ASSERT_STRING_EQUAL(content_of("skiplist", in_dir("x")), "a=11 c=3 ");
    CU_ASSERT_EQUAL(word(in_dir("x"), SL_H_RECOVERED), before + 100);
    CU_ASSERT_EQUAL(size_of(in_dir("x")), size);

    /* a clean shutdown keeps the stamp, once */
    struct buf clean = BUF_INIT;
    buf_addf(&clean, "%s/skipcleanshutdown", dir);
    write_file(buf_cstr(&clean), SLICE_NULL);
    CU_ASSERT_EQUAL(db_env_recover(), ERR_OK);
    CU_ASSERT_FALSE(file_exists(buf_cstr(&clean)));
    CU_ASSERT_STRING_EQUAL(content_of("skiplist", in_dir("x")), "a=11 c=3 ");
    CU_ASSERT_EQUAL(word(in_dir("x"), SL_H_RECOVERED), before + 100);
    CU_ASSERT_EQUAL(db_env_recover(), ERR_OK);
    CU_ASSERT_STRING_EQUAL(content_of("skiplist", in_dir("x")), "a=11 c=3 ");
    CU_ASSERT_EQUAL(word(in_dir("x"), SL_H_RECOVERED), before + 200);
    db_env_init(NULL);
    clock_fake(0);
    buf_fini(&clean);
    buf_fini(&b);
}

static void test_checkpoint_by_itself(void)
{
    struct db *db = open_new();
    char value[200];

    for (int i = 0; i < 200; i++) {
        snprintf(value, sizeof value, "%0150d", i);
        CU_ASSERT_EQUAL(put(db, "a", value), ERR_OK);
    }
    CU_ASSERT(size_of(in_dir("x")) > 16834);
    db_close(&db);
    CU_ASSERT(size_of(in_dir("x")) < 1000);
    db = open_named("skiplist", in_dir("x"), 0);
    CU_ASSERT_TRUE(has(db, NULL, "a", value));
    db_close(&db);
}

TEST_SUITE("db skiplist",
    { "new file", test_new_file },
    { "log", test_log },
    { "real file", test_real_file },
    { "order", test_order },
    { "unfinished transaction", test_unfinished },
    { "dangling record", test_dangling_record },
    { "stamp", test_stamp },
    { "checkpoint by itself", test_checkpoint_by_itself })

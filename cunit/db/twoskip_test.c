/* twoskip_test.c - bytes, recovery and care of twoskip files
 *
 * covers: PT-36
 */
#include "cunit/db/db_test.h"
#include "cunit/db/disk.h"
#include "cunit/db/real_files.h"

#include <stdlib.h>

#include "lib/base/crc32.h"
#include "lib/base/endian.h"
#include "lib/base/mem.h"
#include "lib/db/twoskip_format.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"

static struct db *open_new(void)
{
    fresh_dir();
    return open_named("twoskip", in_dir("x"), DB_CREATE);
}

static uint64_t header_field(const char *path, size_t at)
{
    struct buf b = BUF_INIT;

    read_file(path, &b);
    uint64_t v = be64_get(b.p + at);
    buf_fini(&b);
    return v;
}

/* Change bytes and set the header's checksum right. */
static void change_header(const char *path, size_t at, uint64_t value, size_t size)
{
    struct buf b = BUF_INIT;

    read_file(path, &b);
    if (size == 8)
        be64_put(b.p + at, value);
    else
        be32_put(b.p + at, (uint32_t)value);
    be32_put(b.p + TS_H_CRC, crc32_of(b.p, TS_H_CRC));
    write_file(path, buf_slice(&b));
    buf_fini(&b);
}

static void test_new_file(void)
{
    struct db *db = open_new();
    struct buf b = BUF_INIT;

    db_close(&db);
    read_file(in_dir("x"), &b);
    CU_ASSERT_EQUAL(b.n, 336);
    CU_ASSERT_EQUAL(memcmp(b.p, "\241\002\213\015twoskip file\0\0\0\0\0\0\0\1", 24), 0);
    CU_ASSERT_EQUAL(be64_get(b.p + 24), 1);         /* generation */
    CU_ASSERT_EQUAL(be64_get(b.p + 32), 0);         /* records */
    CU_ASSERT_EQUAL(be64_get(b.p + 40), 336);       /* size at the last repack */
    CU_ASSERT_EQUAL(be64_get(b.p + 48), 336);       /* size */
    CU_ASSERT_EQUAL(be32_get(b.p + 56), 0);         /* flags */
    CU_ASSERT_EQUAL(be32_get(b.p + 60), crc32_of(b.p, 60));
    CU_ASSERT_EQUAL(memcmp(b.p + 64, "=\37\0\0\0\0\0\0", 8), 0);
    CU_ASSERT_EQUAL(be32_get(b.p + 328), crc32_of(b.p + 64, 264));
    CU_ASSERT_EQUAL(be32_get(b.p + 332), 0);
    buf_fini(&b);
}

static void test_first_record(void)
{
    struct db *db = open_new();
    struct buf b = BUF_INIT;

    CU_ASSERT_EQUAL(put(db, "k", "v"), ERR_OK);
    db_close(&db);
    read_file(in_dir("x"), &b);
    uint8_t level = (uint8_t)b.p[337];
    size_t head = 8 + 8 * (level + 1u) + 8, end = 336 + head + 8;
    CU_ASSERT_EQUAL(b.p[336], '+');
    CU_ASSERT_EQUAL(be16_get(b.p + 338), 1);
    CU_ASSERT_EQUAL(be32_get(b.p + 340), 1);
    CU_ASSERT_EQUAL(be32_get(b.p + 336 + head - 8), crc32_of(b.p + 336, head - 8));
    CU_ASSERT_EQUAL(be32_get(b.p + 336 + head - 4), crc32_of("kv\0\0\0\0\0\0", 8));
    CU_ASSERT_EQUAL(memcmp(b.p + 336 + head, "kv\0\0\0\0\0\0", 8), 0);
    /* the commit record is behind fillers if its head would cross a sector */
    size_t at = end;
    while (memcmp(b.p + at, TS_BLANK, 8) == 0)
        at += 8;
    CU_ASSERT_EQUAL(b.p[at], '$');
    CU_ASSERT_EQUAL(be64_get(b.p + at + 8), 336);
    CU_ASSERT_EQUAL(b.n, at + 24);
    CU_ASSERT_EQUAL(be64_get(b.p + TS_H_CURRENT_SIZE), b.n);
    CU_ASSERT_EQUAL(be64_get(b.p + TS_H_NUM_RECORDS), 1);
    /* the dummy leads to it on its levels, the older pointer of level 0 is kept */
    CU_ASSERT_EQUAL(be64_get(b.p + 64 + 8), 0);
    CU_ASSERT_EQUAL(be64_get(b.p + 64 + 16), 336);
    buf_fini(&b);
}

static void test_syncs(void)
{
    static const struct {
        unsigned flags;
        int first, store, unchanged;
    } rows[] = {
        /* create, write, two syncs | header, sync, records, head, sync, header, sync */
        { 0, 4, 7, 0 },
        { DB_DERIVED, 2, 4, 0 },
    };

    for (size_t i = 0; i < 2; i++) {
        fresh_dir();
        disk_clear();
        struct db *db = open_named("twoskip", in_dir("x"), DB_CREATE | rows[i].flags);
        CU_CHECK_ROW(i, disk_steps() == rows[i].first);
        disk_clear();
        CU_CHECK_ROW(i, put(db, "a", "b") == ERR_OK);
        CU_CHECK_ROW(i, disk_steps() == rows[i].store);
        disk_clear();
        CU_CHECK_ROW(i, put(db, "a", "b") == ERR_OK);
        CU_CHECK_ROW(i, disk_steps() == rows[i].unchanged);
        CU_CHECK_ROW(i, has(db, NULL, "a", "b") && disk_steps() == 0);
        db_close(&db);
        disk_clear();
    }
}

/* One transaction of a derived database may be worth its syncs. */
static void test_durable(void)
{
    struct db_txn *txn;

    fresh_dir();
    struct db *db = open_named("twoskip", in_dir("x"), DB_CREATE | DB_DERIVED);
    for (int durable = 0; durable < 2; durable++) {
        CU_ASSERT_EQUAL(db_begin(db, &txn), ERR_OK);
        CU_ASSERT_EQUAL(db_store(txn, SLICE_LIT("a"), durable ? SLICE_LIT("1") : SLICE_LIT("2")),
                        ERR_OK);
        disk_clear();
        CU_ASSERT_EQUAL(durable ? db_commit_durable(&txn) : db_commit(&txn), ERR_OK);
        CU_ASSERT_EQUAL(disk_steps(), durable ? 7 : 4);
    }
    disk_clear();
    CU_ASSERT_EQUAL(put(db, "a", "3"), ERR_OK);
    CU_ASSERT_EQUAL(disk_steps(), 4);
    disk_clear();
    db_close(&db);
}

static void test_real_file(void)
{
    struct buf report = BUF_INIT;

    fresh_dir();
    copy_real("real.twoskip", in_dir("x"));
    struct db *db = open_named("twoskip", in_dir("x"), 0);
    CU_ASSERT_TRUE(is_real_content(db));
    CU_ASSERT_EQUAL(db_check(db, &report), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "user.k00", "mine"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "user.k39", NULL), ERR_OK);
    CU_ASSERT_TRUE(has(db, NULL, "user.k00", "mine") && has(db, NULL, "user.k38", "value 34"));
    CU_ASSERT_EQUAL(db_check(db, &report), ERR_OK);
    db_close(&db);
    buf_fini(&report);
}

static void test_repack(void)
{
    struct db *db = open_new();
    const char *path = in_dir("x");

    CU_ASSERT_EQUAL(put(db, "b", "2"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "a", "1"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "b", NULL), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "c", "3"), ERR_OK);
    CU_ASSERT_EQUAL(db_repack(db), ERR_OK);
    CU_ASSERT_STRING_EQUAL(content(db, NULL), "a=1 c=3 ");
    CU_ASSERT_EQUAL(header_field(path, TS_H_GENERATION), 2);
    uint64_t size = header_field(path, TS_H_CURRENT_SIZE),
             packed = header_field(path, TS_H_REPACK_SIZE);
    CU_ASSERT(packed + 24 <= size && packed + 24 + 512 > size);
    CU_ASSERT_FALSE(file_exists(in_dir("x.NEW")));
    db_close(&db);
}

/* Dead space is given back when the handle is closed, or at once when it is very much. */
static void test_repack_by_itself(void)
{
    struct db *db = open_new();
    char value[200];

    for (int i = 0; i < 90; i++) {
        snprintf(value, sizeof value, "%0150d", i);
        CU_ASSERT_EQUAL(put(db, "a", value), ERR_OK);
    }
    CU_ASSERT(header_field(in_dir("x"), TS_H_CURRENT_SIZE) > 16834);
    CU_ASSERT_EQUAL(header_field(in_dir("x"), TS_H_GENERATION), 1);
    db_close(&db);
    CU_ASSERT_EQUAL(header_field(in_dir("x"), TS_H_GENERATION), 2);
    CU_ASSERT(header_field(in_dir("x"), TS_H_CURRENT_SIZE) < 1000);
    db = open_named("twoskip", in_dir("x"), 0);
    CU_ASSERT_TRUE(has(db, NULL, "a", value));
    for (int i = 0; i < 2000; i++) {
        snprintf(value, sizeof value, "%0150d", i);
        CU_ASSERT_EQUAL(put(db, "a", value), ERR_OK);
    }
    CU_ASSERT(header_field(in_dir("x"), TS_H_GENERATION) > 2);
    CU_ASSERT_TRUE(has(db, NULL, "a", value));
    db_close(&db);
}

/* A transaction that outgrows memory is written early; whether it ends well or not. */
static void test_spill(void)
{
    enum { N = 1200 };
    char *value = mem_alloc(10000), key[20];

    memset(value, 'v', 10000);
    for (int commit = 0; commit < 2; commit++) {
        struct db *db = open_new();
        struct db_txn *txn;
        struct buf report = BUF_INIT;
        CU_ASSERT_EQUAL(put(db, "k0600", "old"), ERR_OK);
        CU_ASSERT_EQUAL(db_begin(db, &txn), ERR_OK);
        for (int i = 0; i < N; i++) {
            snprintf(key, sizeof key, "k%04d", i * 7 % N);
            CU_ASSERT_EQUAL(db_store(txn, slice_cstr(key), slice_make(value, 10000)), ERR_OK);
        }
        CU_ASSERT_EQUAL(header_field(in_dir("x"), TS_H_FLAGS) >> 32, TS_DIRTY);
        if (commit)
            CU_ASSERT_EQUAL(db_commit(&txn), ERR_OK);
        db_abort(&txn);
        CU_ASSERT_EQUAL(header_field(in_dir("x"), TS_H_FLAGS) >> 32, 0);
        CU_ASSERT_EQUAL(has(db, NULL, "k0600", "old"), !commit);
        CU_ASSERT_EQUAL(header_field(in_dir("x"), TS_H_NUM_RECORDS), commit ? N : 1);
        CU_ASSERT_EQUAL(db_check(db, &report), ERR_OK);
        buf_fini(&report);
        db_close(&db);
    }
    mem_free(value);
}

/* ---- recovery ----------------------------------------------------------- */

/* Three transactions; then the header says that the third never ended. */
static void build_unfinished(const char *path)
{
    struct db *db = open_named("twoskip", path, DB_CREATE);

    CU_ASSERT_EQUAL(put(db, "a", "1"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "c", "3"), ERR_OK);
    uint64_t size = header_field(path, TS_H_CURRENT_SIZE);
    CU_ASSERT_EQUAL(put(db, "b", "2"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "a", NULL), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "c", "33"), ERR_OK);
    db_close(&db);
    change_header(path, TS_H_CURRENT_SIZE, size, 8);
}

static void test_roll_back(void)
{
    struct buf report = BUF_INIT;

    fresh_dir();
    const char *path = in_dir("x");
    build_unfinished(path);
    /* one who may not repair reads the same */
    struct db *db = open_named("twoskip", path, DB_RDONLY);
    CU_ASSERT_STRING_EQUAL(content(db, NULL), "a=1 c=3 ");
    CU_ASSERT_TRUE(has(db, NULL, "c", "3") && has(db, NULL, "b", NULL));
    db_close(&db);
    db = open_named("twoskip", path, 0);
    CU_ASSERT_STRING_EQUAL(content(db, NULL), "a=1 c=3 ");
    CU_ASSERT_EQUAL(db_check(db, &report), ERR_OK);
    CU_ASSERT_EQUAL(header_field(path, TS_H_NUM_RECORDS), 2);
    CU_ASSERT_EQUAL(header_field(path, TS_H_GENERATION), 1);
    struct buf b = BUF_INIT;
    read_file(path, &b);
    CU_ASSERT_EQUAL(b.n, header_field(path, TS_H_CURRENT_SIZE));
    CU_ASSERT_EQUAL(put(db, "b", "22"), ERR_OK);
    CU_ASSERT_STRING_EQUAL(content(db, NULL), "a=1 b=22 c=3 ");
    db_close(&db);
    buf_fini(&b);
    buf_fini(&report);
}

static void test_garbage_behind(void)
{
    struct buf b = BUF_INIT;
    struct db *db = open_new();

    CU_ASSERT_EQUAL(put(db, "a", "1"), ERR_OK);
    db_close(&db);
    read_file(in_dir("x"), &b);
    size_t n = b.n;
    buf_adds(&b, "something that is no record");
    write_file(in_dir("x"), buf_slice(&b));
    CU_ASSERT_STRING_EQUAL(content_of("twoskip", in_dir("x")), "a=1 ");
    read_file(in_dir("x"), &b);
    CU_ASSERT_EQUAL(b.n, n);
    buf_fini(&b);
}

/* Offset of the n-th item of a type. */
static size_t find_item(const struct buf *b, char type, int n)
{
    for (size_t at = 64; at < b->n; at += 8)
        if (b->p[at] == type && (type != '+' || (b->p[at + 1] >= 1 && b->p[at + 1] < 31)) &&
            (type != '$' || memcmp(b->p + at, "$\0\0\0\0\0\0\0", 8) == 0) &&
            (type != '-' || memcmp(b->p + at, "-\0\0\0\0\0\0\0", 8) == 0) && n-- == 0)
            return at;
    return 0;
}

/* Damage item n of a type and make the file unclean, so that the next one has to rescue. */
static void break_item(const char *path, char type, int n, size_t byte)
{
    struct buf b = BUF_INIT;

    read_file(path, &b);
    b.p[find_item(&b, type, n) + byte] ^= 1;
    write_file(path, buf_slice(&b));
    buf_fini(&b);
    change_header(path, TS_H_FLAGS, TS_DIRTY, 4);
}

/* Replay must delete the key before the record that a delete record names (the real server
 * takes that record itself: it would give a, b here). */
static void test_rescue_deletes(void)
{
    struct db *db = open_new();

    CU_ASSERT_EQUAL(put(db, "a", "1"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "b", "2"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "c", "3"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "b", NULL), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "d", "4"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "d", NULL), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "e", "5"), ERR_OK);
    db_close(&db);
    break_item(in_dir("x"), '+', 4, 16);
    dberrors();
    db = open_named("twoskip", in_dir("x"), 0);
    CU_ASSERT(dberrors() > 0);
    CU_ASSERT_STRING_EQUAL(content(db, NULL), "a=1 c=3 ");
    CU_ASSERT_EQUAL(header_field(in_dir("x"), TS_H_GENERATION), 2);
    struct buf report = BUF_INIT;
    CU_ASSERT_EQUAL(db_check(db, &report), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "e", "55"), ERR_OK);
    CU_ASSERT_STRING_EQUAL(content(db, NULL), "a=1 c=3 e=55 ");
    buf_fini(&report);
    db_close(&db);
}

/* A transaction with an unreadable record does not count, those after it do. */
static void test_rescue_skips_transactions(void)
{
    struct db *db = open_new();
    struct db_txn *txn;

    CU_ASSERT_EQUAL(put(db, "a", "1"), ERR_OK);
    CU_ASSERT_EQUAL(db_begin(db, &txn), ERR_OK);
    CU_ASSERT_EQUAL(db_store(txn, SLICE_LIT("b"), SLICE_LIT("2")), ERR_OK);
    CU_ASSERT_EQUAL(db_store(txn, SLICE_LIT("bb"), SLICE_LIT("22")), ERR_OK);
    CU_ASSERT_EQUAL(db_commit(&txn), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "c", "3"), ERR_OK);
    db_close(&db);
    break_item(in_dir("x"), '+', 2, 8);
    CU_ASSERT_STRING_EQUAL(content_of("twoskip", in_dir("x")), "a=1 c=3 ");
}

static void test_nothing_to_rescue(void)
{
    struct buf before = BUF_INIT, after = BUF_INIT;
    struct db *db = open_new();

    CU_ASSERT_EQUAL(put(db, "a", "1"), ERR_OK);
    db_close(&db);
    break_item(in_dir("x"), '+', 0, 8);
    read_file(in_dir("x"), &before);
    CU_ASSERT_EQUAL(db_open("twoskip", in_dir("x"), DB_CREATE, &db), ERR_CORRUPT);
    read_file(in_dir("x"), &after);
    CU_ASSERT_TRUE(slice_eq(buf_slice(&before), buf_slice(&after)));
    buf_fini(&before);
    buf_fini(&after);
    /* ... unless it can be rebuilt */
    db = open_named("twoskip", in_dir("x"), DB_CREATE | DB_DERIVED);
    CU_ASSERT_STRING_EQUAL(content(db, NULL), "");
    db_close(&db);
}

/* Bytes of a value that look like records are not taken for records. */
static void test_forged_records(void)
{
    struct buf b = BUF_INIT, value = BUF_INIT;
    struct db *db = open_new();

    CU_ASSERT_EQUAL(put(db, "aa", "forged"), ERR_OK);
    db_close(&db);
    read_file(in_dir("x"), &b);
    buf_add(&value, "12345", 5);                    /* key and this: 8 bytes */
    buf_add(&value, b.p + 336, b.n - 336);
    db = open_new();
    CU_ASSERT_EQUAL(put(db, "a", "1"), ERR_OK);
    CU_ASSERT_EQUAL(db_store_now(db, SLICE_LIT("bbb"), buf_slice(&value)), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "c", "3"), ERR_OK);
    db_close(&db);
    break_item(in_dir("x"), '+', 1, 8);
    CU_ASSERT_STRING_EQUAL(content_of("twoskip", in_dir("x")), "a=1 c=3 ");
    buf_fini(&b);
    buf_fini(&value);
}

static void test_circle(void)
{
    struct buf b = BUF_INIT;
    struct db *db = open_new();

    CU_ASSERT_EQUAL(put(db, "a", "1"), ERR_OK);
    CU_ASSERT_EQUAL(put(db, "b", "2"), ERR_OK);
    db_close(&db);
    read_file(in_dir("x"), &b);
    size_t at = find_item(&b, '+', 1);
    size_t head = 8 + 8 * ((size_t)b.p[at + 1] + 1) + 8;
    be64_put(b.p + at + 8, find_item(&b, '+', 0));
    be32_put(b.p + at + head - 8, crc32_of(b.p + at, head - 8));
    write_file(in_dir("x"), buf_slice(&b));
    db = open_named("twoskip", in_dir("x"), 0);
    CU_ASSERT_STRING_EQUAL(content(db, NULL), "(error)");
    CU_ASSERT_EQUAL(db_check(db, &b), ERR_CORRUPT);
    CU_ASSERT(put(db, "c", "3") == ERR_CORRUPT);
    db_close(&db);
    buf_fini(&b);
}

static void test_newer_version(void)
{
    struct db *db = open_new();

    db_close(&db);
    change_header(in_dir("x"), TS_H_VERSION, 2, 4);
    CU_ASSERT_EQUAL(db_open("twoskip", in_dir("x"), 0, &db), ERR_CORRUPT);
}

/* What a crash in the middle of a repack has left does not disturb the next one. */
static void test_leftover(void)
{
    struct db *db = open_new();

    write_file(in_dir("x.NEW"), SLICE_LIT("left over"));
    CU_ASSERT_EQUAL(put(db, "a", "1"), ERR_OK);
    CU_ASSERT_EQUAL(db_repack(db), ERR_OK);
    CU_ASSERT_STRING_EQUAL(content(db, NULL), "a=1 ");
    CU_ASSERT_FALSE(file_exists(in_dir("x.NEW")));
    db_close(&db);
}

TEST_SUITE("db twoskip",
    { "new file", test_new_file },
    { "first record", test_first_record },
    { "syncs", test_syncs },
    { "durable commit", test_durable },
    { "real file", test_real_file },
    { "repack", test_repack },
    { "repack by itself", test_repack_by_itself },
    { "spill", test_spill },
    { "roll back", test_roll_back },
    { "garbage behind", test_garbage_behind },
    { "rescue: deletes", test_rescue_deletes },
    { "rescue: transactions", test_rescue_skips_transactions },
    { "rescue: nothing", test_nothing_to_rescue },
    { "rescue: forged records", test_forged_records },
    { "circle", test_circle },
    { "newer version", test_newer_version },
    { "leftover", test_leftover })

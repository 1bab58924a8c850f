/* partition_test.c - directories, lock paths, the partition of a new mailbox
 *
 * covers: PT-01 PT-02 PT-06 PT-07 PT-08 PT-18 PT-19
 */
#include "imap/store/partition.h"

#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "lib/conf/conf.h"

#define HASH "hashimapspool: yes\n"
#define FULL "hashimapspool: yes\nfulldirhash: yes\n"
#define META                                                                                       \
    "metapartition-default: @DIR@/meta\nmetapartition_files: header "                              \
    "index\nmetadir-cache-default: @DIR@/fast\n"

static void make(struct mbentry *e, const char *name, const char *id, uint32_t type)
{
    mbentry_init(e);
    buf_adds(&e->name, name);
    buf_adds(&e->uniqueid, id);
    buf_adds(&e->partition, "default");
    e->type = type;
}

static bool is_path(const struct buf *got, const char *want)
{
    return slice_eqs(buf_slice(got), instance_path(want));
}

static void test_dir(void)
{
    static const char id[] = "wdcd0w2zqn5yp2h3rkuqy1ab";
    static const struct {
        const char *conf, *name;
        uint32_t type;
        enum store_file file;
        const char *want;
    } rows[] = {
        { "", "user.ann.Sub", 0, FILE_MESSAGE, "spool/uuid/w/d/wdcd0w2zqn5yp2h3rkuqy1ab" },
        { FULL, "user.ann.Sub", 0, FILE_MESSAGE, "spool/uuid/w/d/wdcd0w2zqn5yp2h3rkuqy1ab" },
        { "", "user.ann.Sub", MBTYPE_LEGACY, FILE_MESSAGE, "spool/user/ann/Sub" },
        { HASH, "user.ann.Sub", MBTYPE_LEGACY, FILE_MESSAGE, "spool/a/user/ann/Sub" },
        { HASH, "shared", MBTYPE_LEGACY, FILE_MESSAGE, "spool/s/shared" },
        { HASH, "shared.x", MBTYPE_LEGACY, FILE_MESSAGE, "spool/x/shared/x" },
        { HASH, "user.j^doe", MBTYPE_LEGACY, FILE_MESSAGE, "spool/j/user/j^doe" },
        { HASH, "user.9x", MBTYPE_LEGACY, FILE_MESSAGE, "spool/q/user/9x" },
        { HASH, "DELETED.user.ann.Sub.6B017C25", MBTYPE_LEGACY, FILE_MESSAGE,
          "spool/u/DELETED/user/ann/Sub/6B017C25" },
        { HASH, "dom.example!user.ann", MBTYPE_LEGACY, FILE_MESSAGE,
          "spool/domain/d/dom.example/a/user/ann" },
        { "", "dom.example!user.ann", MBTYPE_LEGACY, FILE_MESSAGE,
          "spool/domain/dom.example/user/ann" },
        { FULL, "user.zorro", MBTYPE_LEGACY, FILE_MESSAGE, "spool/Q/user/zorro" },
        { FULL, "user.q^r", MBTYPE_LEGACY, FILE_MESSAGE, "spool/V/user/q^r" },
        { FULL, "other.org!user.x2", MBTYPE_LEGACY, FILE_MESSAGE,
          "spool/domain/M/other.org/U/user/x2" },
        { META, "user.ann", 0, FILE_INDEX, "meta/uuid/w/d/wdcd0w2zqn5yp2h3rkuqy1ab" },
        { META, "user.ann", 0, FILE_CACHE, "fast/uuid/w/d/wdcd0w2zqn5yp2h3rkuqy1ab" },
        { META, "user.ann", 0, FILE_ANNOTATIONS, "spool/uuid/w/d/wdcd0w2zqn5yp2h3rkuqy1ab" },
        { META HASH, "user.ann", MBTYPE_LEGACY, FILE_HEADER, "meta/a/user/ann" },
    };
    struct buf out = BUF_INIT;
    struct mbentry e;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        instance_conf(rows[i].conf);
        make(&e, rows[i].name, id, rows[i].type);
        CU_CHECK_ROW(i, partition_dir(&e, rows[i].file, &out) == ERR_OK);
        CU_CHECK_ROW(i, is_path(&out, rows[i].want));
        mbentry_fini(&e);
    }
    buf_fini(&out);
    conf_unload();
}

static void test_file_names(void)
{
    static const struct {
        enum store_file file;
        const char *want;
    } rows[] = {
        { FILE_HEADER, "spool/user/a/cyrus.header" },
        { FILE_INDEX, "spool/user/a/cyrus.index" },
        { FILE_CACHE, "spool/user/a/cyrus.cache" },
        { FILE_ANNOTATIONS, "spool/user/a/cyrus.annotations" },
        { FILE_SQUAT, "spool/user/a/cyrus.squat" },
        { FILE_MESSAGE, "spool/user/a" },
    };
    struct buf out = BUF_INIT;
    struct mbentry e;

    instance_conf("");
    make(&e, "user.a", "", MBTYPE_LEGACY);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, partition_file(&e, rows[i].file, &out) == ERR_OK);
        CU_CHECK_ROW(i, is_path(&out, rows[i].want));
    }
    CU_ASSERT_EQUAL(partition_stage_dir(SLICE_LIT("default"), &out), ERR_OK);
    CU_ASSERT(is_path(&out, "spool/stage."));
    CU_ASSERT_EQUAL(partition_stage_dir(SLICE_LIT("none"), &out), ERR_UNSUPPORTED);
    buf_reset(&e.partition);
    buf_adds(&e.partition, "none");
    CU_ASSERT_EQUAL(partition_dir(&e, FILE_INDEX, &out), ERR_UNSUPPORTED);
    mbentry_fini(&e);
    buf_fini(&out);
    conf_unload();
}

/* Nothing stored in a database leads out of the spool. */
static void test_hostile_names(void)
{
    static const struct {
        const char *name, *id;
        uint32_t type;
    } rows[] = {
        { "user.x", "", 0 },
        { "user.x", "a", 0 },
        { "user.x", "../../../../etc", 0 },
        { "user.x", "a/b", 0 },
        { "user.x", "..", 0 },
        { "user../etc", "", MBTYPE_LEGACY },
        { "user.a/b", "", MBTYPE_LEGACY },
        { "user..x", "", MBTYPE_LEGACY },
        { "../x!user.a", "", MBTYPE_LEGACY },
        { "..!user.a", "", MBTYPE_LEGACY },
        { "user.x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0 },
    };
    struct buf out = BUF_INIT;
    struct mbentry e;

    instance_conf("");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        make(&e, rows[i].name, rows[i].id, rows[i].type);
        CU_CHECK_ROW(i, partition_dir(&e, FILE_INDEX, &out) == ERR_CORRUPT);
        mbentry_fini(&e);
    }
    buf_fini(&out);
    conf_unload();
}

static void test_locks(void)
{
    static const struct {
        const char *conf, *name, *id;
        uint32_t type;
        const char *want;
    } rows[] = {
        { "", "user.ann.Sub", "wdcdaaaaaaaaaaaaaaaaaaaa", 0,
          "cfg/lock/wdcdaaaaaaaaaaaaaaaaaaaa.lock" },
        { HASH, "user.ann.Sub", "wdcdaaaaaaaaaaaaaaaaaaaa", 0,
          "cfg/lock/w/wdcdaaaaaaaaaaaaaaaaaaaa.lock" },
        { HASH, "user.ann.Sub", "9dcdaaaaaaaaaaaaaaaaaaaa", 0,
          "cfg/lock/q/9dcdaaaaaaaaaaaaaaaaaaaa.lock" },
        { HASH, "user.ann.Sub", "", MBTYPE_LEGACY, "cfg/lock/a/user/ann/Sub.lock" },
        { HASH "mboxname_lockpath: @DIR@/run", "user.ann", "", MBTYPE_LEGACY,
          "run/a/user/ann.lock" },
    };
    struct buf out = BUF_INIT;
    struct mbentry e;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        instance_conf(rows[i].conf);
        make(&e, rows[i].name, rows[i].id, rows[i].type);
        CU_CHECK_ROW(i, partition_lock_path(&e, &out) == ERR_OK);
        CU_CHECK_ROW(i, is_path(&out, rows[i].want));
        mbentry_fini(&e);
    }
    instance_conf(HASH);
    CU_ASSERT_EQUAL(partition_named_lock_path(SLICE_LIT("*U*dave@other^org"), &out), ERR_OK);
    CU_ASSERT(is_path(&out, "cfg/lock/q/*U*dave@other^org.lock"));
    CU_ASSERT_EQUAL(partition_named_lock_path(SLICE_LIT("$QUOTACHANGE"), &out), ERR_OK);
    CU_ASSERT(is_path(&out, "cfg/lock/q/$QUOTACHANGE.lock"));
    buf_fini(&out);
    conf_unload();
}

static void test_pick(void)
{
    static const struct partition_usage u[] = {
        { { "a", 1 }, 500, 1000 },              /* half free */
        { { "b", 1 }, 900, 10000 },             /* most free, 9 % */
        { { "c", 1 }, 80, 100 },                /* 80 % */
        { { "d", 1 }, 0, 100 },                 /* full */
    };
    static const struct {
        const char *mode;
        unsigned soft_limit;
        double point;                           /* 0..1 */
        char want;
    } rows[] = {
        { "freespace-most", 0, 0, 'b' },
        { "freespace-most", 90, 0, 'a' }, /* b is 91 % used */
        { "freespace-percent-most", 0, 0, 'c' },
        { "freespace-percent-most", 10, 0, 'c' }, /* all are above: the limit does not count */
        { "random", 0, 0.0, 'a' },
        { "random", 0, 0.26, 'b' },
        { "random", 0, 0.51, 'c' },
        { "random", 0, 0.76, 'd' },
        { "random", 0, 0.999, 'd' },
        { "random", 60, 0.999, 'c' },
        { "random", 60, 0.0, 'a' },
        { "freespace-percent-weighted", 0, 0.0, 'a' }, /* 50 : 9 : 80 : 0 */
        { "freespace-percent-weighted", 0, 0.38, 'b' },
        { "freespace-percent-weighted", 0, 0.43, 'c' },
        { "freespace-percent-weighted", 0, 0.9999, 'c' },
        { "freespace-percent-weighted-delta", 0, 0.0, 'a' }, /* 50.5 : 9.5 : 80.5 : 0.5 */
        { "freespace-percent-weighted-delta", 0, 0.40, 'b' },
        { "freespace-percent-weighted-delta", 0, 0.98, 'c' },
        { "freespace-percent-weighted-delta", 0, 0.9999, 'd' },
    };
    static const struct partition_usage full[] = { { { "x", 1 }, 0, 10 }, { { "y", 1 }, 0, 0 } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t random = (uint32_t)(rows[i].point * 4294967295.0);
        size_t n = partition_pick(rows[i].mode, u, 4, rows[i].soft_limit, random);

        CU_CHECK_ROW(i, n < 4 && u[n].name.p[0] == rows[i].want);
    }
    CU_ASSERT_EQUAL(partition_pick("freespace-percent-weighted", full, 2, 0, 77), 0);
    CU_ASSERT_EQUAL(partition_pick("freespace-most", full, 1, 50, 77), 0);
}

static void test_choose(void)
{
    struct buf out = BUF_INIT;

    instance_conf("");
    CU_ASSERT_EQUAL(partition_choose(&out), ERR_OK);
    CU_ASSERT(slice_eqs(buf_slice(&out), "default"));
    instance_conf(
        "defaultpartition:\npartition-two: @DIR@/cfg\npartition_select_exclude: default, three");
    CU_ASSERT_EQUAL(partition_choose(&out), ERR_OK);
    CU_ASSERT(slice_eqs(buf_slice(&out), "two"));
    instance_conf("defaultpartition:\npartition_select_exclude: default");
    CU_ASSERT_EQUAL(partition_choose(&out), ERR_UNSUPPORTED);
    instance_conf("defaultpartition:\npartition_select_mode: random");
    CU_ASSERT_EQUAL(partition_choose(&out), ERR_OK);
    CU_ASSERT(slice_eqs(buf_slice(&out), "default"));
    buf_fini(&out);
    conf_unload();
}

TEST_SUITE("partition", { "dir", test_dir }, { "file_names", test_file_names },
           { "hostile_names", test_hostile_names }, { "locks", test_locks }, { "pick", test_pick },
           { "choose", test_choose })

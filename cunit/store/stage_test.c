/* stage_test.c - a message being received (imap/store/stage.h)
 *
 * covers: PT-21 PT-31
 */
#include <errno.h>
#include <sys/stat.h>

#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/durable.h"
#include "imap/store/stage.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"

static err_t count_entry(void *arg, const char *name, enum dir_type type)
{
    (void)name, (void)type;
    ++*(unsigned *)arg;
    return ERR_OK;
}

static unsigned staged_files(const char *root)
{
    char path[600];
    unsigned n = 0;

    snprintf(path, sizeof path, "%s/stage.", root);
    (void)!dir_list(instance_path(path), count_entry, &n);
    return n;
}

/* In pieces of any size, below and above the buffer: the same file, the same facts. */
static void test_pieces(void)
{
    static const struct { size_t body, piece; } rows[] = {
        { 100, 1 }, { 100, 1000 }, { 300000, 7 }, { 300000, 4096 }, { 900000, 400000 }, { 0, 10 },
    };
    struct store *s = instance_open("");
    struct buf text = BUF_INIT, bytes = BUF_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage *stage;
        struct guid guid;
        struct slice map;
        const char *path;
        box_message(&text, 5, rows[i].body);
        CU_ASSERT_EQUAL_FATAL(stage_begin(s, SLICE_LIT("default"), &stage), ERR_OK);
        for (size_t at = 0; at < text.n; at += rows[i].piece) {
            struct slice piece = slice_cut(buf_slice(&text), at, at + rows[i].piece);
            CU_ASSERT_EQUAL(stage_push(stage, piece.p, piece.n), ERR_OK);
        }
        CU_CHECK_ROW(i, stage_size(stage) == text.n);
        CU_CHECK_ROW(i, stage_finish(stage) == ERR_OK);
        CU_CHECK_ROW(i, stage_finish(stage) == ERR_OK);
        guid_of(&guid, text.p, text.n);
        CU_CHECK_ROW(i, guid_eq(&guid, &stage_facts(stage)->guid));
        CU_CHECK_ROW(i, stage_facts(stage)->size == text.n);
        CU_CHECK_ROW(i, stage_map(stage, &map) == ERR_OK && slice_eq(map, buf_slice(&text)));
        CU_CHECK_ROW(i, stage_on_partition(stage, SLICE_LIT("default"), &path) == ERR_OK);
        CU_CHECK_ROW(i, file_load(path, 10000000, &bytes) == ERR_OK &&
                            slice_eq(buf_slice(&bytes), buf_slice(&text)));
        CU_CHECK_ROW(i, staged_files("spool") == 1);
        stage_free(&stage);
        CU_CHECK_ROW(i, staged_files("spool") == 0);
    }
    buf_fini(&text);
    buf_fini(&bytes);
    instance_close(&s);
}

static void test_empty(void)
{
    struct store *s = instance_open("");
    struct stage *stage;
    struct slice map;

    CU_ASSERT_EQUAL_FATAL(stage_begin(s, SLICE_LIT("default"), &stage), ERR_OK);
    CU_ASSERT_EQUAL(stage_finish(stage), ERR_OK);
    CU_ASSERT_EQUAL(stage_facts(stage)->size, 0);
    CU_ASSERT_EQUAL(stage_map(stage, &map), ERR_OK);
    CU_ASSERT_EQUAL(map.n, 0);
    stage_free(&stage);
    stage_free(&stage);                         /* NULL is fine */
    CU_ASSERT_EQUAL(stage_begin(s, SLICE_LIT("nowhere"), &stage), ERR_UNSUPPORTED);
    CU_ASSERT_PTR_NULL(stage);
    instance_close(&s);
}

/* One copy per further partition, gone with the stage. */
static void test_partitions(void)
{
    const char *a, *b, *again;
    struct stage *stage;

    instance_conf("partition-two: @DIR@/two\n");
    CU_ASSERT_EQUAL(mkdir(instance_path("two"), 0755), 0);
    struct buf why = BUF_INIT;
    struct store *s;
    CU_ASSERT_EQUAL_FATAL(store_open(&s, &why), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(stage_begin(s, SLICE_LIT("default"), &stage), ERR_OK);
    CU_ASSERT_EQUAL(stage_push(stage, "a: b\r\n\r\nc\r\n", 11), ERR_OK);
    CU_ASSERT_NOT_EQUAL(stage_on_partition(stage, SLICE_LIT("default"), &a),
                        ERR_OK); /* not finished */
    CU_ASSERT_EQUAL(stage_finish(stage), ERR_OK);
    CU_ASSERT_EQUAL(stage_on_partition(stage, SLICE_LIT("two"), &b), ERR_OK);
    CU_ASSERT_EQUAL(stage_on_partition(stage, SLICE_LIT("two"), &again), ERR_OK);
    CU_ASSERT_PTR_EQUAL(b, again);
    CU_ASSERT_EQUAL(staged_files("two"), 1);
    CU_ASSERT_EQUAL(stage_on_partition(stage, SLICE_LIT("three"), &again), ERR_UNSUPPORTED);
    stage_free(&stage);
    CU_ASSERT_EQUAL(staged_files("two"), 0);
    CU_ASSERT_EQUAL(staged_files("spool"), 0);
    buf_fini(&why);
    instance_close(&s);
}

static int refuse_writes(void *arg, const char *step, const char *path)
{
    (void)path;
    return strcmp(step, arg) == 0 ? ENOSPC : 0;
}

/* The first error stays, nothing is left behind. */
static void test_failures(void)
{
    static const char *const steps[] = { "create", "write", "sync" };
    struct store *s = instance_open("commit_sync: direct\n");

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct stage *stage;
        const char *path;
        struct slice map;
        durable_set_hook(refuse_writes, (void *)steps[i]);
        err_t err = stage_begin(s, SLICE_LIT("default"), &stage);
        CU_CHECK_ROW(i, err == ERR_OK);
        if (!err) {
            CU_CHECK_ROW(i, stage_push(stage, "a: b\r\n\r\n", 8) == ERR_OK);
            CU_CHECK_ROW(i, stage_finish(stage) == ERR_NOSPACE);
            CU_CHECK_ROW(i, stage_finish(stage) == ERR_NOSPACE);
            CU_CHECK_ROW(i, stage_push(stage, "x", 1) == ERR_NOSPACE);
            CU_CHECK_ROW(i, stage_map(stage, &map) == ERR_NOSPACE);
            CU_CHECK_ROW(i, stage_on_partition(stage, SLICE_LIT("default"), &path) == ERR_NOSPACE);
        }
        durable_set_hook(NULL, NULL);
        stage_free(&stage);
        CU_CHECK_ROW(i, staged_files("spool") == 0);
    }
    instance_close(&s);
}

TEST_SUITE("stage", { "pieces", test_pieces }, { "empty", test_empty },
           { "partitions", test_partitions }, { "failures", test_failures })

/* partitions_test.c - which directory a kind of file of a partition is in
 * covers: PT-08
 */
#include "cunit/test.h"

#include "lib/conf/conf.h"
#include "lib/conf/partitions.h"

static const char text[] =
    "configdirectory: /c/\n"
    "defaultpartition: Main\n"
    "partition-main: /p/main/\n"
    "partition-plain: /p/plain\n"
    "partition-two-parts: /\n"
    "metapartition_files: header index annotations archivecache\n"
    "metapartition-main: /m/main\n"
    "metadir-index-main: /fast\n"
    "metadir-squat-plain: /s\n"
    "archivepartition-main: /a/main\n"
    "archivepartition-plain: /a/plain//\n";

static void load(const char *more)
{
    struct buf b = BUF_INIT, why = BUF_INIT;

    buf_adds(&b, text);
    buf_adds(&b, more);
    CU_ASSERT_EQUAL_FATAL(conf_load_text(buf_slice(&b), NULL, &why), ERR_OK);
    buf_fini(&b);
    buf_fini(&why);
}

static void test_roots(void)
{
    static const struct {
        const char *partition;
        enum partition_file kind;
        const char *root, *with_archive;
    } rows[] = {
        { "main", PARTITION_DATA, "/p/main", "/p/main" },
        { "MAIN", PARTITION_DATA, "/p/main", "/p/main" },
        { "main", PARTITION_HEADER, "/m/main", "/m/main" },
        { "main", PARTITION_INDEX, "/fast", "/fast" },
        { "main", PARTITION_ANNOTATIONS, "/fast", "/fast" },
        { "main", PARTITION_CACHE, "/p/main", "/p/main" },
        { "main", PARTITION_ARCHIVECACHE, "/m/main", "/m/main" },
        { "plain", PARTITION_HEADER, "/p/plain", "/p/plain" },
        { "plain", PARTITION_SQUAT, "/s", "/s" },
        { "plain", PARTITION_ARCHIVECACHE, "/p/plain", "/a/plain" },
        { "two-parts", PARTITION_DATA, "/", "/" },
        { "nope", PARTITION_DATA, NULL, NULL },
    };

    for (int archive = 0; archive < 2; archive++) {
        load(archive ? "archive_enabled: yes\n" : "");
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            const char *want = archive ? rows[i].with_archive : rows[i].root;
            const char *got = partition_root(slice_cstr(rows[i].partition), rows[i].kind);
            CU_CHECK_ROW(i, got && want ? strcmp(got, want) == 0 : got == want);
        }
        conf_unload();
    }
}

static void test_archive(void)
{
    load("archive_enabled: yes\n");
    CU_ASSERT_STRING_EQUAL(partition_archive_root(SLICE_LIT("plain")), "/a/plain");
    CU_ASSERT_PTR_NULL(partition_archive_root(SLICE_LIT("two-parts")));
    load("");
    CU_ASSERT_PTR_NULL(partition_archive_root(SLICE_LIT("plain")));
    CU_ASSERT_STRING_EQUAL(conf_string(CONF_CONFIGDIRECTORY), "/c");
    conf_unload();
}

static void test_names(void)
{
    static const char *const want[] = { "main", "plain", "two-parts" };
    struct slice name;
    size_t pos = 0, n = 0;

    load("");
    CU_ASSERT_EQUAL(partition_count(), 3);
    for (; partition_next(&pos, &name); n++)
        CU_CHECK_ROW(n, n < 3 && slice_eqs(name, want[n]));
    CU_ASSERT_EQUAL(n, 3);
    CU_ASSERT_TRUE(partition_exists(SLICE_LIT("main")));
    CU_ASSERT_FALSE(partition_exists(SLICE_LIT("two")));
    conf_unload();
}

TEST_SUITE("partitions", { "roots", test_roots }, { "archive", test_archive },
           { "names", test_names })

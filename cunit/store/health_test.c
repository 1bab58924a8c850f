/* health_test.c - failed syncs: counted, shown, and a partition that takes no changes
 * (imap/store/health.h)
 *
 * covers: P4
 */
#include "imap/store/health.h"

#include <errno.h>

#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/mailbox_pool.h"
#include "imap/store/store_impl.h"
#include "lib/conf/conf.h"
#include "lib/conf/partitions.h"
#include "lib/os/file.h"
#include "lib/os/sync.h"

/* Does the file for operators have that line, but for the blanks before the number? */
static bool shows(const char *name, unsigned n)
{
    struct buf text = BUF_INIT, path = BUF_INIT, line = BUF_INIT;

    buf_addf(&path, "%s/stats/store.prom", conf_string(CONF_CONFIGDIRECTORY));
    CU_ASSERT_EQUAL_FATAL(file_load(buf_cstr(&path), 10000, &text), ERR_OK);
    buf_addf(&line, "%s %20u\n", name, n);
    const bool yes = slice_search(buf_slice(&text), buf_slice(&line)) >= 0;
    if (!yes)
        fprintf(stderr, "no %s %u in:\n%s", name, n, buf_cstr(&text));
    buf_fini(&text);
    buf_fini(&path);
    buf_fini(&line);
    return yes;
}

#define FAILED(kind, partition)                                                                    \
    "cyrus_sync_failures_total{place=\"" kind "\",partition=\"" partition "\"}"
#define READONLY "cyrus_partition_readonly{partition=\"default\"}"

static void fail_below(const char *dir, const char *name, int error)
{
    char path[1000];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    sync_failed(path, error);
}

static void test_partition(void)
{
    struct store *s = instance_open("");
    const char *root = partition_root(SLICE_LIT("default"), PARTITION_DATA);
    uint32_t uid;

    box_create(s, "user.fred", NULL);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_TRUE(shows(FAILED("partition", "default"), 0));
    CU_ASSERT_TRUE(shows(READONLY, 0));
    fail_below(root, "x", ENOSPC); /* no failure of a disk */
    fail_below(root, "x", EIO);
    fail_below(root, "y/z", EIO);
    CU_ASSERT_TRUE(shows(FAILED("partition", "default"), 2));
    CU_ASSERT_EQUAL(box_append(mb, 1, 0, &uid), ERR_OK);
    sync_failed(root, EIO); /* syncfs */
    CU_ASSERT_TRUE(shows(FAILED("partition", "default"), 3));
    CU_ASSERT_TRUE(shows(READONLY, 1));
    CU_ASSERT_EQUAL(box_append(mb, 2, 0, &uid), ERR_IO);
    CU_ASSERT_EQUAL(box_set_flags(mb, 1, FLAG_SEEN, FLAG_SEEN), ERR_IO);
    CU_ASSERT_EQUAL(mailbox_head(mb)->exists, 1); /* reading goes on */
    mailbox_close(&mb);
    mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(store_trust_disks(s), ERR_OK);
    CU_ASSERT_TRUE(shows(FAILED("partition", "default"), 0));
    CU_ASSERT_TRUE(shows(READONLY, 0));
    CU_ASSERT_EQUAL(box_append(mb, 2, 0, &uid), ERR_OK);
    mailbox_close(&mb);
    instance_close(&s);
}

/* The journal serves all partitions; databases of the configuration directory fail by themselves.
 */
static void test_journal(void)
{
    struct store *s = instance_open("");
    const char *conf = conf_string(CONF_CONFIGDIRECTORY);

    for (int i = 0; i < 5; i++)
        fail_below(conf, "mailboxes.db", EIO);
    CU_ASSERT_TRUE(shows(FAILED("config", ""), 5));
    CU_ASSERT_EQUAL(health_check(s->health, SLICE_LIT("default")), ERR_OK);
    for (int i = 0; i < 3; i++)
        fail_below(conf, "journal/0", EIO);
    CU_ASSERT_TRUE(shows(FAILED("journal", ""), 3));
    CU_ASSERT_TRUE(shows(READONLY, 1));
    CU_ASSERT_EQUAL(health_check(s->health, SLICE_LIT("default")), ERR_IO);
    CU_ASSERT_EQUAL(health_check(s->health, SLICE_LIT("unknown")), ERR_OK);
    instance_close(&s);
}

/* Another process, and a later one, see what was counted; a file of other partitions is made anew;
 * without one nothing is refused. */
static void test_file(void)
{
    struct store *s = instance_open("");
    struct buf path = BUF_INIT;

    fail_below(partition_root(SLICE_LIT("default"), PARTITION_DATA), "x", EIO);
    struct health *again = health_open();
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    for (int i = 0; i < 2; i++)
        fail_below(partition_root(SLICE_LIT("default"), PARTITION_DATA), "x", EIO);
    CU_ASSERT_TRUE(shows(FAILED("partition", "default"), 3));
    CU_ASSERT_EQUAL(health_check(s->health, SLICE_LIT("default")), ERR_IO);
    health_close(&again);
    buf_addf(&path, "%s/stats/store.prom", conf_string(CONF_CONFIGDIRECTORY));
    CU_ASSERT_EQUAL(file_replace(buf_cstr(&path), instance_path("x.NEW"), SLICE_LIT("other\n"),
                                 0600, FILE_NOSYNC),
                    ERR_OK);
    again = health_open();
    CU_ASSERT_EQUAL(health_check(again, SLICE_LIT("default")), ERR_OK);
    CU_ASSERT_TRUE(shows(READONLY, 0));
    health_close(&again);
    CU_ASSERT_EQUAL(health_check(NULL, SLICE_LIT("default")), ERR_OK);
    buf_fini(&path);
    instance_close(&s);
}

TEST_SUITE("health", { "partition", test_partition }, { "journal", test_journal },
           { "file", test_file })

/* journal_replay_test.c - what was acknowledged comes back from the journal
 *
 * Each operation runs in a process that dies without closing anything.  Then the disk is built as a
 * crash may have left it, the server "starts", and the mailboxes must be, byte for byte, what they
 * were when the operation was acknowledged.
 *   strict   nothing but the journal is durable
 *   all      everything that was written is there
 *
 * covers: P1 P2 PT-23
 */
#include <sys/stat.h>

#include "cunit/store/instance.h"
#include "cunit/store/journal_disk.h"
#include "cunit/store/journal_ops.h"
#include "cunit/test.h"
#include "imap/store/durable.h"
#include "imap/store/msgfile.h"
#include "imap/store/partition.h"
#include "imap/store/quota.h"
#include "lib/conf/conf.h"
#include "lib/os/file.h"
#include "lib/os/sync.h"

struct operation {
    const char *name;
    int (*run)(struct store *);
    const char *conf;
    bool syncs;                         /* something itself: what was there then is durable */
};

static const struct operation operations[] = {
    { "append", op_append, "", false },
    { "append many", op_append_many, "", false },
    { "deliver", op_deliver, "", false },
    { "deliver, no links", op_deliver, "singleinstancestore: no\n", false },
    { "flags", op_flags, "", false },
    { "keyword", op_keyword, "", false },
    { "append with keywords", op_append_keyword, "", false },
    { "expunge", op_expunge, "expunge_mode: delayed\n", false },
    { "copy", op_copy, "", false },
    { "move", op_move, "expunge_mode: delayed\n", false },
    { "annotate", op_annotate, "", false },
    { "come and go", op_come_and_go, "expunge_mode: delayed\n", false },
    { "set header", op_set_header, "", false },
    { "set uidvalidity", op_set_uidvalidity, "", false },
    { "day", op_day, "expunge_mode: delayed\n", false },
    { "append, group wait", op_append, "journal_group_wait: 50\n", false },
    { "large", op_large, "", true },
    { "many bytes", op_many_bytes, "", true },
    { "many bytes each", op_many_bytes_each, "", true },
    { "more than the journal", op_fill, "", true },
};
enum { NOPERATIONS = sizeof operations / sizeof *operations };

static const struct operation *current;

static int keep_durable(void *arg, const char *step, const char *path)
{
    (void)arg, (void)path;
    if (strcmp(step, "syncfs") == 0 || strcmp(step, "syncdir") == 0)
        disk_keep("old");
    return 0;
}

static int run_current(struct store *s)
{
    if (current->syncs)
        durable_set_hook(keep_durable, NULL);
    return current->run(s);
}

/* Disks "old" (what was durable at last) and "new" (when the process had died). */
static void run_operation(const struct operation *op, struct ops_boxes *b)
{
    struct store *s = instance_open(op->conf);

    ops_setup(s, b);
    store_close(&s);                    /* the journal is clear: all is durable */
    disk_keep("old");
    current = op;
    CU_ASSERT_EQUAL(disk_run(run_current), 0);
    disk_keep("new");
}

static const char *compare(const struct ops_boxes *b)
{
    const char *fault = NULL;

    for (unsigned i = 0; i < OPS_BOXES && !fault; i++)
        fault = disk_difference(&b->e[i], "new");
    return fault;
}

static void check(const struct operation *op, const char *model, const struct ops_boxes *b)
{
    struct store *s = disk_open();
    const char *fault = compare(b);

    if (!fault)
        fault = ops_fault(s, b);
    if (fault)
        fprintf(stderr, "%s, %s: %s\n", op->name, model, fault);
    CU_CHECK_ROW(op - operations, fault == NULL);
    store_close(&s);
    fault = compare(b);
    if (fault)
        fprintf(stderr, "%s, %s, after closing: %s\n", op->name, model, fault);
    CU_CHECK_ROW(op - operations, fault == NULL);
}

static void run_models(const struct operation *op)
{
    struct ops_boxes b;

    run_operation(op, &b);
    disk_put("old", "new");
    check(op, "strict", &b);
    disk_put_journal("new");
    check(op, "strict, replayed once more", &b);
    disk_put("new", NULL);
    check(op, "all", &b);
    ops_fini(&b);
    conf_unload();
}

static void test_models(void)
{
    sync_set_enabled(false);
    for (size_t i = 0; i < NOPERATIONS; i++)
        run_models(&operations[i]);
    sync_set_enabled(true);
}

/* ---- links ---- */

static nlink_t links_of(const struct mbentry *e, uint32_t uid)
{
    struct buf path = BUF_INIT;
    char name[MSGFILE_NAME_MAX];
    struct stat st = { 0 };

    msgfile_name(uid, name);
    CU_ASSERT_EQUAL(partition_dir(e, FILE_MESSAGE, &path), ERR_OK);
    buf_addf(&path, "/%s", name);
    CU_ASSERT_EQUAL(stat(buf_cstr(&path), &st), 0);
    buf_fini(&path);
    return st.st_nlink;
}

/* One file for all recipients, as before the crash: whatever the order of mailboxes. */
static void test_links(void)
{
    const struct operation op = { "deliver", op_deliver, "", false };
    struct ops_boxes b;

    sync_set_enabled(false);
    run_operation(&op, &b);
    for (unsigned i = 0; i < 10; i++) {
        disk_put("old", "new");
        struct store *s = disk_open();
        CU_CHECK_ROW(i, links_of(&b.e[0], OPS_BEFORE + 1) == 3);
        CU_CHECK_ROW(i, links_of(&b.e[1], 2) == 3);
        CU_CHECK_ROW(i, links_of(&b.e[2], 2) == 3);
        store_close(&s);
    }
    ops_fini(&b);
    conf_unload();
    sync_set_enabled(true);
}

/* ---- messages that came and went ---- */

static bool has_file(const struct mbentry *e, uint32_t uid)
{
    struct buf path = BUF_INIT;
    char name[MSGFILE_NAME_MAX];

    msgfile_name(uid, name);
    CU_ASSERT_EQUAL(partition_dir(e, FILE_MESSAGE, &path), ERR_OK);
    buf_addf(&path, "/%s", name);
    const bool yes = file_exists(buf_cstr(&path));
    buf_fini(&path);
    return yes;
}

/* Delivered and expunged for good within one life of the journal: no file comes back. */
static void test_gone(void)
{
    const struct operation op = { "gone", op_come_and_go, "expunge_mode: immediate\n", false };
    static const char *const disks[] = { "old", "new" };
    struct ops_boxes b;

    sync_set_enabled(false);
    run_operation(&op, &b);
    for (unsigned i = 0; i < 2; i++) {
        disk_put(disks[i], "new");
        struct store *s = disk_open();
        CU_CHECK_ROW(i, !has_file(&b.e[0], OPS_BEFORE + 1));
        CU_CHECK_ROW(i, has_file(&b.e[0], OPS_BEFORE + 2));
        CU_CHECK_ROW(i, ops_fault(s, &b) == NULL);
        store_close(&s);
    }
    ops_fini(&b);
    conf_unload();
    sync_set_enabled(true);
}

TEST_SUITE("journal replay", { "models", test_models }, { "links", test_links },
           { "came and went", test_gone })

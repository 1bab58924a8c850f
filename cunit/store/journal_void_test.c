/* journal_void_test.c - what the journal must not bring back
 *
 * Changes that were refused or never applied, mailboxes that others have changed since, messages
 * and mailboxes that have gone.
 *
 * covers: P1 P2 P3
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cunit/store/instance.h"
#include "cunit/store/journal_disk.h"
#include "cunit/store/journal_ops.h"
#include "cunit/test.h"
#include "imap/store/durable.h"
#include "imap/store/index.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/mbops.h"
#include "imap/store/partition.h"
#include "imap/store/repack.h"
#include "imap/store/store_impl.h"
#include "lib/conf/conf.h"
#include "lib/os/file.h"
#include "lib/os/sync.h"

static void begin(const char *conf, struct ops_boxes *b)
{
    sync_set_enabled(false);
    struct store *s = instance_open(conf);
    ops_setup(s, b);
    store_close(&s);
    disk_keep("old");
}

static void end(struct ops_boxes *b)
{
    ops_fini(b);
    conf_unload();
    sync_set_enabled(true);
}

/* The three mailboxes are what they are on that disk, and sound. */
static void check_boxes(const struct ops_boxes *b, const char *kept, size_t row)
{
    struct store *s = disk_open();
    const char *fault = NULL;

    for (unsigned i = 0; i < OPS_BOXES && !fault; i++)
        fault = disk_difference(&b->e[i], kept);
    if (!fault)
        fault = ops_fault(s, b);
    if (fault)
        fprintf(stderr, "row %zu: %s\n", row, fault);
    CU_CHECK_ROW(row, fault == NULL);
    store_close(&s);
}

/* ---- refused: the record is durable, but cannot be applied ---- */

/* Once the journal is synced, the n-th step of that kind on such a path fails, or kills. */
struct trap {
    const char *step, *path;
    unsigned at, seen;
    bool kill, synced;
};

static int spring(void *arg, const char *step, const char *path)
{
    struct trap *t = arg;
    const struct slice p = slice_cstr(path);

    if (strcmp(step, "syncfs") == 0)
        disk_keep("flushed");
    if (strcmp(step, "sync") == 0 && slice_search(p, SLICE_LIT("/journal/")) >= 0) {
        t->synced = true;
        return 0;
    }
    if (!t->synced || (t->step && (strcmp(step, t->step) != 0 ||
                                   slice_search(p, slice_cstr(t->path)) < 0)))
        return 0;
    if (t->seen++ != t->at)
        return 0;
    if (t->kill)
        _exit(9);
    return EIO;
}

struct refused {
    const char *name;
    int (*run)(struct store *);
    const char *step, *path;
    unsigned at;
    bool early;                         /* before the journal has the record */
};

static const struct refused refusals[] = {
    { "append, no mark", op_append, "pwrite", "cyrus.index", 0, true },
    { "append, no name", op_append, "create", "", 0, false },
    { "append, no bytes", op_append, "write", "", 0, false },
    { "append, no record", op_append, "pwrite", "cyrus.index", 0, false },
    { "append, no header", op_append, "pwrite", "cyrus.index", 1, false },
    { "flags, no mark", op_flags, "pwrite", "cyrus.index", 0, true },
    { "flags, no record", op_flags, "pwrite", "cyrus.index", 0, false },
    { "flags, no header", op_flags, "pwrite", "cyrus.index", 1, false },
    { "keyword, no header file", op_keyword, "create", "cyrus.header", 0, false },
    { "keyword, no name", op_keyword, "rename", "cyrus.header", 0, false },
    { "keyword, no record", op_keyword, "pwrite", "cyrus.index", 0, false },
    { "keyword, no header", op_keyword, "pwrite", "cyrus.index", 1, false },
};
enum { NREFUSALS = sizeof refusals / sizeof *refusals };

static const struct refused *refusal;

static int run_refused(struct store *s)
{
    static struct trap t;

    t = (struct trap){ .step = refusal->step, .path = refusal->path, .at = refusal->at,
                       .synced = refusal->early };
    durable_set_hook(spring, &t);
    return refusal->run(s) ? 1 : 0;
}

/* What is durable at least: the last whole flush, if there was one. */
static const char *durable_disk(void)
{
    return file_exists(instance_path("flushed")) ? "flushed" : "old";
}

/* The refusal, and then another change that is acknowledged. */
static int run_refused_and_more(struct store *s)
{
    return run_refused(s) != 1 ? 2 : op_append_many(s);
}

/* Refused is refused, whether or not the writes of the attempt were lost. */
static void test_refused(void)
{
    struct ops_boxes b;

    for (size_t i = 0; i < NREFUSALS; i++) {
        refusal = &refusals[i];
        begin("", &b);
        CU_CHECK_ROW(i, disk_run(run_refused) == 1);
        disk_keep("new");
        disk_put(durable_disk(), "new");
        check_boxes(&b, "new", i);
        disk_put("old", "new");         /* nothing of the attempt was ever written */
        check_boxes(&b, "old", i);
        end(&b);
    }
}

static void test_refused_and_more(void)
{
    struct ops_boxes b;

    for (size_t i = 0; i < NREFUSALS; i++) {
        refusal = &refusals[i];
        begin("", &b);
        CU_CHECK_ROW(i, disk_run(run_refused_and_more) == 0);
        disk_keep("new");
        disk_put(durable_disk(), "new");
        check_boxes(&b, "new", i);
        disk_put("new", NULL);
        check_boxes(&b, "new", i);
        end(&b);
    }
}

/* ---- not applied by its own process, which was killed ---- */

static int keep_flushed(void *arg, const char *step, const char *path)
{
    (void)arg, (void)path;
    if (strcmp(step, "syncfs") == 0)
        disk_keep("flushed");
    return 0;
}

static int die_after_sync(struct store *s)
{
    struct trap t = { .kill = true };

    durable_set_hook(spring, &t);
    return op_append(s);
}

/* We have the journal open all the time, so that nobody replays what the other one left. */
static int outlive(struct store *s)
{
    if (disk_run(die_after_sync) != 9)
        return 1;
    durable_set_hook(keep_flushed, NULL);
    return op_append_many(s);
}

static int outlive_and_flag(struct store *s)
{
    if (disk_run(die_after_sync) != 9)
        return 1;
    durable_set_hook(keep_flushed, NULL);
    return op_flags(s);
}

static void test_killed(void)
{
    static int (*const rows[])(struct store *) = { outlive, outlive_and_flag };
    struct ops_boxes b;

    for (size_t i = 0; i < 2; i++) {
        begin("", &b);
        CU_CHECK_ROW(i, disk_run(rows[i]) == 0);
        disk_keep("new");
        CU_CHECK_ROW(i, file_exists(instance_path("flushed")));
        disk_put("flushed", "new");
        check_boxes(&b, "new", i);
        disk_put("new", NULL);
        check_boxes(&b, "new", i);
        end(&b);
    }
}

/* Nobody came after it: it may be there as a whole or not at all. */
static void test_killed_last(void)
{
    struct ops_boxes b;

    begin("", &b);
    CU_ASSERT_EQUAL(disk_run(die_after_sync), 9);
    disk_keep("new");
    disk_put("old", "new");
    struct store *s = disk_open();
    CU_ASSERT_PTR_NULL(ops_fault(s, &b));
    store_close(&s);
    end(&b);
}

/* ---- others have changed the mailbox since ---- */

static void change_head(const struct mbentry *e, uint64_t modseq, uint32_t generation)
{
    struct buf path = BUF_INIT, bytes = BUF_INIT;
    struct index_head head;
    uint8_t raw[INDEX_HEAD_SIZE];
    int fd;

    CU_ASSERT_EQUAL_FATAL(partition_file(e, FILE_INDEX, &path), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(file_load(buf_cstr(&path), 1000000, &bytes), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(index_head_decode(buf_slice(&bytes), NULL, &head), ERR_OK);
    head.highestmodseq += modseq;
    head.generation += generation;
    index_head_encode(&head, raw);
    CU_ASSERT_EQUAL_FATAL(file_open(path.p, O_WRONLY, 0, &fd), ERR_OK);
    CU_ASSERT_EQUAL(file_pwrite_all(fd, path.p, raw, sizeof raw, 0), ERR_OK);
    file_close(&fd);
    buf_fini(&path);
    buf_fini(&bytes);
}

/* The first mailbox is left alone, the others get what is theirs. */
static void test_foreign(void)
{
    static const struct {
        uint64_t modseq;
        uint32_t generation;
    } rows[] = { { 1000, 0 }, { 0, 1 }, { 0, UINT32_MAX } };
    struct ops_boxes b;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin("", &b);
        CU_ASSERT_EQUAL(disk_run(op_deliver), 0);
        disk_keep("new");
        disk_put("old", NULL);
        change_head(&b.e[0], rows[i].modseq, rows[i].generation);
        disk_keep("changed");
        disk_put_journal("new");
        struct store *s = disk_open();
        CU_CHECK_ROW(i, disk_difference(&b.e[0], "changed") == NULL);
        CU_CHECK_ROW(i, disk_difference(&b.e[1], "new") == NULL);
        CU_CHECK_ROW(i, disk_difference(&b.e[2], "new") == NULL);
        CU_CHECK_ROW(i, ops_fault(s, &b) == NULL);
        store_close(&s);
        end(&b);
    }
}

/* ---- whole mailboxes ---- */

static const struct actor robot = { .is_system = true };

static int delete_box(struct store *s)
{
    durable_set_hook(keep_flushed, NULL);
    int err = op_deliver(s);
    if (!err)
        err = mbop_delete(s, &robot, SLICE_LIT("user.fred.a"));
    return err;
}

static int rename_box(struct store *s)
{
    durable_set_hook(keep_flushed, NULL);
    int err = op_deliver(s);
    if (!err)
        err = op_append_keyword(s);
    if (!err)
        err = mbop_rename(s, &robot, SLICE_LIT("user.fred.a"), SLICE_LIT("user.fred.c"), SLICE_NULL,
                          NULL, NULL);
    return err;
}

static int repack_box(struct store *s)
{
    struct mailbox *mb = box_open(s, "user.fred.a");

    durable_set_hook(keep_flushed, NULL);
    int err = op_deliver(s);
    if (!err)
        err = box_expunge(mb, 1);
    if (!err)
        err = repack_mark_expunged(mb, time(NULL) + 10, NULL);
    if (!err)
        err = repack_mailbox(mb, true, NULL);
    return err ? err : op_append_keyword(s);
}

static void check_list(struct store *s, const char *name, bool wanted, size_t row)
{
    struct mailbox *mb = NULL;
    err_t err = mailbox_open(s, slice_cstr(name), &mb);

    CU_CHECK_ROW(row, err == (wanted ? ERR_OK : ERR_NOTFOUND));
    if (!err) {
        const char *fault = box_fault(mailbox_entry(mb));
        if (fault)
            fprintf(stderr, "row %zu, %s: %s\n", row, name, fault);
        CU_CHECK_ROW(row, fault == NULL);
        CU_CHECK_ROW(row, mailbox_head(mb)->exists >= 2);
        mailbox_close(&mb);
    }
}

struct whole {
    int (*run)(struct store *);
    const char *conf;
    bool keeps_a, makes_c, flushes;
};

/* Directories do not depend on the names of mailboxes: a rename moves nothing there. */
static const struct whole wholes[] = {
    { delete_box, "delete_mode: immediate\n", false, false, true },
    { delete_box, "delete_mode: delayed\n", false, false, false },
    { rename_box, "", false, true, false },
    { repack_box, "expunge_mode: delayed\n", true, false, true },
};

static void check_whole(const struct whole *w, size_t row)
{
    struct store *s = disk_open();

    check_list(s, "user.fred", true, row);
    check_list(s, "user.fred.a", w->keeps_a, row);
    check_list(s, "user.fred.b", true, row);
    check_list(s, "user.fred.c", w->makes_c, row);
    store_close(&s);
}

/* Databases are durable by themselves; the spool is as it was written, or (but for a repack, which
 * makes its own files durable) as the last flush left it. */
static void test_whole(void)
{
    struct ops_boxes b;

    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++) {
        const struct whole *w = &wholes[i];
        begin(w->conf, &b);
        CU_CHECK_ROW(i, disk_run(w->run) == 0);
        CU_CHECK_ROW(i, file_exists(instance_path("flushed")) == w->flushes);
        disk_keep("new");
        check_whole(w, i);
        if (w->run != repack_box) {
            disk_put("new", NULL);
            disk_put_spool(w->flushes ? "flushed" : "old");
            check_whole(w, i);
        }
        end(&b);
    }
}

/* ---- a partition that is not mounted ---- */

static void refuse_open(size_t row)
{
    struct buf why = BUF_INIT;
    struct store *s = NULL;

    CU_CHECK_ROW(row, store_open(&s, &why) != ERR_OK);
    CU_CHECK_ROW(row, why.n > 0);
    CU_CHECK_ROW(row, s == NULL);
    buf_fini(&why);
}

static void test_unmounted(void)
{
    char away[2][600];
    struct ops_boxes b;

    begin("", &b);
    CU_ASSERT_EQUAL(disk_run(op_deliver), 0);
    disk_keep("new");
    disk_put("old", "new");
    snprintf(away[0], sizeof away[0], "%s", instance_path("spool"));
    snprintf(away[1], sizeof away[1], "%s", instance_path("away"));
    CU_ASSERT_EQUAL(file_rename(away[0], away[1]), ERR_OK);
    refuse_open(0);
    refuse_open(1);
    CU_ASSERT_EQUAL(mkdir(away[0], 0755), 0);   /* the mount point without its disk */
    refuse_open(2);
    refuse_open(3);
    CU_ASSERT_EQUAL(rmdir(away[0]), 0);
    CU_ASSERT_EQUAL(file_rename(away[1], away[0]), ERR_OK);
    check_boxes(&b, "new", 4);
    end(&b);
}

TEST_SUITE("journal void", { "refused", test_refused },
           { "refused, and more", test_refused_and_more }, { "killed", test_killed },
           { "killed at last", test_killed_last }, { "foreign changes", test_foreign },
           { "whole mailboxes", test_whole }, { "partition not mounted", test_unmounted })

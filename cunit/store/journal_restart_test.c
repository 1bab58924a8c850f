/* journal_restart_test.c - the start after a crash is itself interrupted, or finds another
 * configuration
 *
 * covers: P1 P2
 */
#include <sys/wait.h>
#include <unistd.h>

#include "cunit/store/instance.h"
#include "cunit/store/journal_disk.h"
#include "cunit/store/journal_ops.h"
#include "cunit/test.h"
#include "imap/store/durable.h"
#include "lib/conf/conf.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"
#include "lib/os/sync.h"

enum { DIED = 9 };

/* Disks "old" and "new" of a day, under that configuration. */
static void begin(const char *conf, struct ops_boxes *b)
{
    sync_set_enabled(false);
    struct store *s = instance_open(conf);
    ops_setup(s, b);
    store_close(&s);
    disk_keep("old");
    CU_ASSERT_EQUAL(disk_run(op_day), 0);
    disk_keep("new");
}

static void end(struct ops_boxes *b)
{
    ops_fini(b);
    conf_unload();
    sync_set_enabled(true);
}

static void check_boxes(const struct ops_boxes *b, size_t row)
{
    struct store *s = disk_open();
    const char *fault = NULL;

    for (unsigned i = 0; i < OPS_BOXES && !fault; i++)
        fault = disk_difference(&b->e[i], "new");
    if (!fault)
        fault = ops_fault(s, b);
    if (fault)
        fprintf(stderr, "row %zu: %s\n", row, fault);
    CU_CHECK_ROW(row, fault == NULL);
    store_close(&s);
}

/* ---- interrupted ---- */

struct dying {
    unsigned at, seen;
};

static int die_at(void *arg, const char *step, const char *path)
{
    struct dying *d = arg;

    (void)step, (void)path;
    if (d->seen++ == d->at)
        _exit(DIED);
    return 0;
}

static bool start_and_die(unsigned at)
{
    struct dying d = { at, 0 };
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        durable_set_hook(die_at, &d);
        (void)disk_open();
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        abort();
    return WIFEXITED(status) && WEXITSTATUS(status) == DIED;
}

/* A start that dies at each step of the replay; the next one comes to the same end. */
static void test_interrupted(void)
{
    struct ops_boxes b;
    unsigned at = 0;
    bool more = true;

    begin("expunge_mode: delayed\n", &b);
    for (; more; at++) {
        disk_put("old", "new");
        more = start_and_die(at);
        check_boxes(&b, at);
    }
    CU_ASSERT_TRUE(at > 40);
    end(&b);
}

/* ---- other configurations ---- */

/* The configuration of the instance, and one line more. */
static void reload(const char *more)
{
    struct buf text = BUF_INIT, why = BUF_INIT;
    const char *path = instance_path("more.conf");

    conf_unload();
    CU_ASSERT_EQUAL_FATAL(file_load(instance_path("imapd.conf"), 100000, &text), ERR_OK);
    buf_adds(&text, more);
    CU_ASSERT_EQUAL_FATAL(file_replace(path, instance_path("x.NEW"), buf_slice(&text), 0644,
                                       FILE_NOSYNC), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(conf_load(path, "test", &why), ERR_OK);
    buf_fini(&text);
    buf_fini(&why);
}

/* Who changes to commit_sync: direct after a crash loses nothing. */
static void test_direct(void)
{
    struct ops_boxes b;

    begin("expunge_mode: delayed\n", &b);
    disk_put("old", "new");
    reload("commit_sync: direct\n");
    check_boxes(&b, 0);
    check_boxes(&b, 1);
    CU_ASSERT_FALSE(file_exists(instance_path("cfg/journal.used")));
    end(&b);
}

static bool opens(void)
{
    struct buf why = BUF_INIT;
    struct store *s;
    const bool yes = store_open(&s, &why) == ERR_OK;

    CU_ASSERT_TRUE(yes || why.n > 0);
    store_close(&s);
    buf_fini(&why);
    return yes;
}

/* On a disk of its own: refused while that is not mounted, or another one is. */
static void test_own_disk(void)
{
    char path[2][500];
    struct ops_boxes b;

    instance_conf("");
    snprintf(path[0], sizeof path[0], "%s/other/journal", instance_dir());
    snprintf(path[1], sizeof path[1], "%s/other/away", instance_dir());
    CU_ASSERT_EQUAL(dir_make(path[0], 0755), ERR_OK);
    struct buf conf = BUF_INIT;
    buf_addf(&conf, "expunge_mode: delayed\njournal_path: %s\n", path[0]);
    begin(buf_cstr(&conf), &b);
    disk_put_spool("old");
    CU_ASSERT_EQUAL(file_rename(path[0], path[1]), ERR_OK);
    CU_ASSERT_FALSE(opens());
    CU_ASSERT_EQUAL(dir_make(path[0], 0755), ERR_OK);
    CU_ASSERT_FALSE(opens());
    CU_ASSERT_EQUAL(dir_remove_tree(path[0]), ERR_OK);
    CU_ASSERT_EQUAL(file_rename(path[1], path[0]), ERR_OK);
    check_boxes(&b, 0);
    buf_fini(&conf);
    end(&b);
}

/* Another place for the journal, while the old one still has records. */
static void test_moved(void)
{
    struct buf more = BUF_INIT;
    struct ops_boxes b;

    begin("expunge_mode: delayed\n", &b);
    disk_put("old", "new");
    CU_ASSERT_EQUAL(dir_make(instance_path("elsewhere"), 0755), ERR_OK);
    buf_addf(&more, "journal_path: %s\n", instance_path("elsewhere"));
    reload(buf_cstr(&more));
    CU_ASSERT_FALSE(opens());
    buf_reset(&more);
    buf_addf(&more, "journal_path: %s\n", instance_path("cfg/journal"));
    reload(buf_cstr(&more));
    check_boxes(&b, 0);
    buf_fini(&more);
    end(&b);
}

TEST_SUITE("journal restart", { "interrupted", test_interrupted }, { "direct", test_direct },
           { "own disk", test_own_disk }, { "moved", test_moved })

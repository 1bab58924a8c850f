/* journal_dead_test.c - a process dies in a commit to several mailboxes, the server goes on
 *
 * At each step of a MOVE.  Whoever looks afterwards, and wherever
 * first, sees the MOVE as a whole or not at all, and so does everybody after a start.
 *
 * covers: P1 P2 IM-09
 */
#include <fcntl.h>
#include <unistd.h>

#include "cunit/store/instance.h"
#include "cunit/store/journal_disk.h"
#include "cunit/store/journal_ops.h"
#include "cunit/store/journal_rig.h"
#include "cunit/test.h"
#include "imap/store/durable.h"
#include "imap/store/journal_impl.h"
#include "imap/store/repack.h"
#include "imap/store/store_impl.h"
#include "lib/conf/conf.h"
#include "lib/os/file.h"
#include "lib/os/sync.h"

enum { SOURCE = 0, TARGET = 2, MOVED = 2, DIED = 9, PASSED = 10, LIMIT = 60 };

/* ---- dying ---- */

struct trap {
    unsigned at, seen;
};

static int die_there(void *arg, const char *step, const char *path)
{
    struct trap *t = arg;

    (void)step, (void)path;
    if (t->seen++ == t->at)
        _exit(DIED);
    return 0;
}

static unsigned dies_at;

static int move_and_die(struct store *s)
{
    struct trap t = { .at = dies_at };

    durable_set_hook(die_there, &t);
    return op_move(s) == 0 ? PASSED : 1;
}

/* ---- looking ---- */

static unsigned count_in(struct store *s, unsigned box)
{
    struct mailbox *mb = box_open(s, ops_name(box));
    unsigned n = mailbox_head(mb)->exists;

    mailbox_close(&mb);
    return n;
}

/* What there is, in that order of looking: 0 nothing has moved, 1 all has, 2 something else. */
static int look(struct store *s, const unsigned order[2])
{
    unsigned n[OPS_BOXES];

    for (unsigned i = 0; i < 2; i++)
        n[order[i]] = count_in(s, order[i]);
    if (n[SOURCE] == OPS_BEFORE && n[TARGET] == 1)
        return 0;
    return n[SOURCE] == OPS_BEFORE - MOVED && n[TARGET] == 1 + MOVED ? 1 : 2;
}

static int source_first(struct store *s)
{
    return look(s, (const unsigned[]){ SOURCE, TARGET });
}

static int target_first(struct store *s)
{
    return look(s, (const unsigned[]){ TARGET, SOURCE });
}

/* The journal is cleared by somebody who has nothing to do with these mailboxes. */
static int clear_first(struct store *s)
{
    return store_settle(s) == ERR_OK ? source_first(s) : 2;
}

/* Both are open in this process, mapped as they were. */
static int open_before(struct store *s)
{
    return source_first(s) + target_first(s);
}

static int repack_target(struct store *s)
{
    struct mailbox *mb = box_open(s, ops_name(TARGET));

    return repack_mailbox(mb, true, NULL);
}

/* This process knows the target's index, and then there is another file of that name. */
static int replaced_before(struct store *s)
{
    (void)count_in(s, TARGET);
    return disk_run(repack_target);
}

static int (*then)(struct store *);
static int (*before)(struct store *);

/* As the server: it has the journal open all the time, so that nobody starts anew. */
static int outlive(struct store *s)
{
    if (before && before(s) != 0)
        return 4;
    int end = disk_run(move_and_die);
    return end == PASSED ? PASSED : end == DIED ? then(s) : 3;
}

static const struct row {
    const char *conf;
    int (*before)(struct store *), (*then)(struct store *);
} rows[] = {
    { "expunge_mode: delayed\n", NULL, source_first },
    { "expunge_mode: delayed\n", NULL, target_first },
    { "expunge_mode: delayed\n", NULL, clear_first },
    { "expunge_mode: delayed\n", open_before, target_first },
    { "expunge_mode: delayed\n", replaced_before, source_first },
    { "expunge_mode: immediate\n", NULL, source_first },
    { "expunge_mode: immediate\n", NULL, target_first },
    { "expunge_mode: delayed\ncommit_sync: direct\n", NULL, source_first },
    { "expunge_mode: delayed\ncommit_sync: direct\n", NULL, target_first },
};

/* Nobody sees anything else after a start. */
static bool is_still(struct ops_boxes *b, int seen)
{
    struct store *s = disk_open();
    const bool same = target_first(s) == seen;
    const char *fault = ops_fault(s, b);

    if (fault)
        fprintf(stderr, "%s\n", fault);
    store_close(&s);
    return same && !fault;
}

/* Returns whether it died. */
static bool one_death(size_t row, unsigned *done)
{
    struct ops_boxes b;

    sync_set_enabled(false);
    struct store *s = instance_open(rows[row].conf);
    ops_setup(s, &b);
    store_close(&s);
    before = rows[row].before;
    then = rows[row].then;
    const int seen = disk_run(outlive);
    if (seen != 0 && seen != 1 && seen != PASSED)
        fprintf(stderr, "row %zu, death %u: a part of it, or worse (%d)\n", row, dies_at, seen);
    CU_CHECK_ROW(row, seen == 0 || seen == 1 || seen == PASSED);
    CU_CHECK_ROW(row, seen == PASSED || is_still(&b, seen));
    *done += seen == 1;
    ops_fini(&b);
    conf_unload();
    sync_set_enabled(true);
    return seen != PASSED;
}

static void test_deaths(void)
{
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        unsigned done = 0;
        for (dies_at = 0; dies_at < LIMIT && one_death(row, &done); dies_at++)
            continue;
        CU_CHECK_ROW(row, dies_at > 4 && dies_at < LIMIT);
        CU_CHECK_ROW(row, done > 3);
    }
}

/* ---- the first record of a file ---- */

struct watch {
    const char *lock;
    unsigned heads, records, unknown;
};

/* Each write to a file of the journal behind its header: is the file known to be in use? */
static int watch_writes(void *arg, const char *step, const char *path)
{
    struct watch *w = arg;
    struct journal_shared s;
    struct slice p = slice_cstr(path);
    int fd = -1;

    if (strcmp(step, "pwrite") != 0 || slice_search(p, SLICE_LIT("/journal/")) < 0)
        return 0;
    if (!w->heads++)
        return 0;
    w->records++;
    const bool known = file_open(w->lock, O_RDONLY, 0, &fd) == ERR_OK &&
                       file_pread_all(fd, w->lock, &s, sizeof s, JOURNAL_AT_SHARED) == ERR_OK &&
                       s.sequence[p.p[p.n - 1] - '0'] != 0;
    w->unknown += !known;
    return 0; /* the descriptor stays: closing it would drop the locks of this process */
}

static int append_watched(struct store *s)
{
    static char lock[600];
    struct watch w = { .lock = lock };

    snprintf(lock, sizeof lock, "%s", instance_path("cfg/journal/lock"));
    durable_set_hook(watch_writes, &w);
    int err = op_append(s);
    return err || w.heads < 2 || !w.records ? 2 : w.unknown ? 1 : 0;
}

/* Who dies behind the record leaves one that is cleared with the file. */
static void test_first_record(void)
{
    struct ops_boxes b;
    struct store *s = instance_open("");

    ops_setup(s, &b);
    store_close(&s);
    CU_ASSERT_EQUAL(disk_run(append_watched), 0);
    ops_fini(&b);
    conf_unload();
}

/* ---- a record that nobody knows of ---- */

/* Its writer died before he said that it is there: whoever comes next writes behind it. */
static void test_unknown_record(void)
{
    struct journal_shared before_it;
    struct rig r, crash;

    rig_init(&r);
    rig_must_open(&r);
    CU_ASSERT_EQUAL(rig_put(&r, "first", 0), ERR_OK);
    CU_ASSERT_EQUAL(journal_load(r.journal, &before_it), ERR_OK);
    CU_ASSERT_EQUAL(rig_put(&r, "unknown", 9000), ERR_OK);
    CU_ASSERT_EQUAL(journal_store(r.journal, &before_it), ERR_OK);
    CU_ASSERT_EQUAL(rig_put(&r, "last", 0), ERR_OK);
    rig_crash(&r, &crash);
    rig_must_open(&crash);
    CU_ASSERT_EQUAL(rig_find(&crash, "first"), 0);
    CU_ASSERT_EQUAL(rig_find(&crash, "unknown"), 1);
    CU_ASSERT_EQUAL(rig_find(&crash, "last"), 2);
    rig_fini(&crash);
    rig_fini(&r);
}

TEST_SUITE("journal dead", { "unknown record", test_unknown_record },
           { "deaths in a MOVE", test_deaths },
           { "first record", test_first_record })

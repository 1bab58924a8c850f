/* journal_start_test.c - the first opening: what is missing, damaged, of others, or interrupted
 *
 * covers: P1 P2
 */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cunit/store/journal_disk.h"
#include "cunit/store/journal_rig.h"
#include "cunit/test.h"
#include "imap/store/durable.h"
#include "imap/store/journal_file.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"

enum { RECORDS = 6, DIED = 9 };

static const char *word(unsigned i)
{
    static char text[40];

    snprintf(text, sizeof text, "r%u", i);
    return text;
}

/* A crash with RECORDS small records in file 0. */
static void make_crash(struct rig *out)
{
    struct rig r;

    rig_init(&r);
    rig_must_open(&r);
    for (unsigned i = 1; i <= RECORDS; i++)
        CU_CHECK_ROW(i, rig_put(&r, word(i), 0) == ERR_OK);
    rig_crash(&r, out);
    rig_fini(&r);
}

static bool has_all(const struct rig *r)
{
    for (unsigned i = 1; i <= RECORDS; i++)
        if (rig_find(r, word(i)) != (int)i - 1)
            return false;
    return true;
}

static void put_byte(const char *path, uint64_t at, uint8_t flip)
{
    uint8_t byte;
    int fd;

    CU_ASSERT_EQUAL_FATAL(file_open(path, O_RDWR, 0, &fd), ERR_OK);
    CU_ASSERT_EQUAL(file_pread_all(fd, path, &byte, 1, at), ERR_OK);
    byte ^= flip;
    CU_ASSERT_EQUAL(file_pwrite_all(fd, path, &byte, 1, at), ERR_OK);
    file_close(&fd);
}

static void remove_path(const char *path)
{
    CU_ASSERT_EQUAL(dir_remove_tree(path), ERR_OK);
}

/* ---- the directory ---- */

static void test_no_dir(void)
{
    struct rig r;

    rig_init(&r);
    r.conf.make_dir = false;
    CU_ASSERT_EQUAL(rig_open(&r), ERR_NOTFOUND);
    CU_ASSERT_TRUE(slice_search(buf_slice(&r.why), slice_cstr(r.dir)) >= 0);
    CU_ASSERT_PTR_NULL(r.journal);
    CU_ASSERT_FALSE(file_exists(r.dir));
    CU_ASSERT_EQUAL(dir_make(r.dir, 0755), ERR_OK);
    rig_must_open(&r);
    rig_fini(&r);
}

/* Another size than before: what was left is replayed all the same. */
static void test_other_size(void)
{
    static const uint64_t sizes[] = { JOURNAL_SIZE_MIN, 3 << 20, (2 << 20) + 12345 };
    struct rig r;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        make_crash(&r);
        r.conf.size = sizes[i];
        rig_must_open(&r);
        CU_CHECK_ROW(i, has_all(&r));
        CU_CHECK_ROW(i, journal_body_max(r.journal) < sizes[i] / 2);
        CU_CHECK_ROW(i, rig_put(&r, "big", journal_body_max(r.journal)) == ERR_OK);
        rig_fini(&r);
    }
}

/* What the processes of the last life told each other is not believed. */
static void test_stale_lock_file(void)
{
    struct buf junk = BUF_INIT;
    struct rig r;

    for (unsigned i = 0; i < 1000; i++)
        buf_addf(&junk, "junk%u", i);
    make_crash(&r);
    CU_ASSERT_EQUAL(file_replace(rig_path(&r, "lock"), rig_path(&r, "lock.NEW"), buf_slice(&junk),
                                 0600, FILE_NOSYNC), ERR_OK);
    rig_must_open(&r);
    CU_ASSERT_TRUE(has_all(&r));
    CU_ASSERT_EQUAL(rig_put(&r, "more", 0), ERR_OK);
    rig_fini(&r);
    buf_fini(&junk);
}

/* ---- missing ---- */

static void lose_dir(struct rig *r)
{
    remove_path(r->dir);
}

static void lose_both(struct rig *r)
{
    remove_path(rig_path(r, "0"));
    remove_path(rig_path(r, "1"));
}

static void lose_first(struct rig *r)
{
    remove_path(rig_path(r, "0"));
}

static void damage_first(struct rig *r)
{
    put_byte(rig_path(r, "0"), 9, 1);
}

static void cut_first(struct rig *r)
{
    CU_ASSERT_EQUAL(truncate(rig_path(r, "0"), 100), 0);
}

static void empty_both(struct rig *r)
{
    CU_ASSERT_EQUAL(truncate(rig_path(r, "0"), 0), 0);
    CU_ASSERT_EQUAL(truncate(rig_path(r, "1"), 0), 0);
}

/* The journal of another server. */
static void exchange(struct rig *r)
{
    struct rig other;

    make_crash(&other);
    remove_path(r->dir);
    disk_copy(other.dir, r->base);
    rig_fini(&other);
}

struct loss {
    const char *name;
    void (*lose)(struct rig *);
};

static const struct loss losses[] = {
    { "directory", lose_dir },       { "both files", lose_both },
    { "one file", lose_first },      { "header damaged", damage_first },
    { "one file cut", cut_first },   { "both empty", empty_both },
    { "of another server", exchange },
};

/* Nothing is dropped silently: the start is refused with a sentence that names the marker, as often
 * as it is tried, and works when somebody has taken the marker away. */
static void test_losses(void)
{
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        struct rig r;
        make_crash(&r);
        losses[i].lose(&r);
        for (unsigned k = 0; k < 2; k++) {
            err_t err = rig_open(&r);
            if (err != ERR_CORRUPT)
                fprintf(stderr, "journal lost (%s): %s\n", losses[i].name, err_name(err));
            CU_CHECK_ROW(i, err == ERR_CORRUPT);
            CU_CHECK_ROW(i, slice_search(buf_slice(&r.why), slice_cstr(r.marker)) >= 0);
            rig_close(&r);
        }
        if (file_exists(r.marker))
            remove_path(r.marker);
        rig_must_open(&r);
        CU_CHECK_ROW(i, rig_put(&r, "more", 0) == ERR_OK);
        rig_fini(&r);
    }
}

/* Brought back, it is replayed. */
static void test_brought_back(void)
{
    struct buf away = BUF_INIT;
    struct rig r;

    make_crash(&r);
    buf_addf(&away, "%s/away", r.base);
    CU_ASSERT_EQUAL(file_rename(r.dir, buf_cstr(&away)), ERR_OK);
    CU_ASSERT_EQUAL(rig_open(&r), ERR_CORRUPT);
    if (file_exists(r.dir))
        remove_path(r.dir);
    CU_ASSERT_EQUAL(file_rename(away.p, r.dir), ERR_OK);
    rig_must_open(&r);
    CU_ASSERT_TRUE(has_all(&r));
    rig_fini(&r);
    buf_fini(&away);
}

/* ---- damaged ---- */

/* Records lie at pages 1 to RECORDS; each says that the one before it was durable. */
static void test_damaged(void)
{
    for (unsigned bad = 1; bad <= RECORDS; bad++) {
        struct rig r;
        make_crash(&r);
        put_byte(rig_path(&r, "0"), (uint64_t)bad * JOURNAL_PAGE + JOURNAL_RECORD_HEAD + 1, 4);
        rig_must_open(&r);
        for (unsigned i = 1; i <= RECORDS; i++)
            CU_CHECK_ROW(bad, (rig_find(&r, word(i)) < 0) == (i == bad));
        CU_CHECK_ROW(bad, r.replayed.n == RECORDS - 1);
        /* the last one may as well be one that was never synced */
        CU_CHECK_ROW(bad, file_exists(rig_path(&r, "damaged-1")) == (bad < RECORDS));
        rig_fini(&r);
    }
}

/* ---- interrupted ---- */

static void test_failing_replay(void)
{
    struct rig r;

    make_crash(&r);
    r.replay_result = ERR_IO;
    for (unsigned k = 0; k < 2; k++) {
        CU_CHECK_ROW(k, rig_open(&r) == ERR_IO);
        CU_CHECK_ROW(k, r.why.n > 0 && !r.journal);
    }
    r.replay_result = ERR_OK;
    rig_must_open(&r);
    CU_ASSERT_TRUE(has_all(&r));
    rig_fini(&r);
}

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

/* A start that dies at that step of the journal.  False: it came to its end. */
static bool start_and_die(struct rig *r, unsigned at)
{
    struct dying d = { at, 0 };
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        durable_set_hook(die_at, &d);
        _exit(rig_open(r) == ERR_OK ? 0 : 1);
    }
    CU_ASSERT_EQUAL_FATAL(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == DIED;
}

/* Records r1 to r18, five to a file: both files are in use. */
static void make_full_crash(unsigned n, struct rig *out)
{
    struct rig r;

    rig_init(&r);
    rig_must_open(&r);
    for (unsigned i = 1; i <= n; i++)
        CU_CHECK_ROW(i, rig_put(&r, word(i), 100000) == ERR_OK);
    rig_crash(&r, out);
    rig_fini(&r);
}

/* What comes back once more after a start that was interrupted ends with the last record: older
 * records without the newer ones would undo what the newer ones did. */
static void test_interrupted_start(void)
{
    static const unsigned rows[] = { 7, 12, 18 };
    bool more = true;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++, more = true) {
        for (unsigned at = 0; more; at++) {
            struct rig r;
            make_full_crash(rows[i], &r);
            more = start_and_die(&r, at);
            rig_must_open(&r);
            const int last = rig_find(&r, word(rows[i]));
            CU_CHECK_ROW(at, !r.replayed.n || last == (int)r.replayed.n - 1);
            CU_CHECK_ROW(at, at > 0 || r.replayed.n > 0);
            rig_fini(&r);
        }
    }
}

TEST_SUITE("journal start", { "no directory", test_no_dir }, { "other size", test_other_size },
           { "stale lock file", test_stale_lock_file }, { "losses", test_losses },
           { "brought back", test_brought_back }, { "damaged", test_damaged },
           { "failing replay", test_failing_replay },
           { "interrupted start", test_interrupted_start })

/* journal_share_test.c - several processes and one journal
 *
 * Each process is a child with the journal open for itself; what they did and saw stands in memory
 * that all share.
 *
 * covers: P1 P4
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cunit/store/journal_rig.h"
#include "cunit/test.h"
#include "imap/store/durable.h"
#include "imap/store/journal_impl.h"
#include "lib/os/file.h"
#include "lib/os/lock.h"

enum { PROCESSES = 8, RECORDS = 40, DIED = 9 };

/* ---- what all processes see ---- */

struct shared {
    atomic_uint go;                     /* children wait for it */
    atomic_uint ready;
    atomic_uint syncs;                  /* calls made by all of them */
    atomic_uint applied[PROCESSES];     /* last record that was applied */
    atomic_uint flushed[PROCESSES];     /* the same, when something was last made durable */
    atomic_uint file_synced[2];
    atomic_uint released;
    atomic_uint flushed_early;          /* before `released` */
};

static struct shared *shared_new(void)
{
    void *p = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                   -1, 0);

    if (p == MAP_FAILED)
        abort();
    return p;
}

static void shared_free(struct shared *s)
{
    munmap(s, sizeof *s);
}

static void wait_until(const atomic_uint *what, unsigned n)
{
    while (atomic_load(what) < n)
        sched_yield();
}

static int status_of(pid_t pid)
{
    int status;

    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        abort();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static pid_t fork_one(void)
{
    fflush(stdout);
    return fork();
}

static const char *word(unsigned process, unsigned i)
{
    static char text[40];

    snprintf(text, sizeof text, "p%u-%u", process, i);
    return text;
}

/* ---- many at once ---- */

struct load {
    size_t bytes;                       /* of a record */
    uint64_t size;                      /* of the journal */
    uint32_t group_wait_us;
};

static const struct load loads[] = {
    { 0, 8 << 20, 0 },                  /* all in one file */
    { 0, 8 << 20, 300 },
    { 10000, JOURNAL_SIZE_MIN, 0 },     /* files are cleared meanwhile */
    { 60000, JOURNAL_SIZE_MIN, 300 },
};

/* All that has been applied by now is made durable. */
static void note_flush(struct rig *r)
{
    struct shared *s = r->arg;

    for (unsigned p = 0; p < PROCESSES; p++) {
        const unsigned now = atomic_load(&s->applied[p]);
        unsigned old = atomic_load(&s->flushed[p]);
        while (old < now && !atomic_compare_exchange_weak(&s->flushed[p], &old, now))
            continue;
    }
}

static int write_records(struct rig *r, const struct load *load, unsigned process)
{
    struct shared *s = r->arg;

    rig_must_open(r);
    const uint64_t before = durable_counts().syncs;
    atomic_fetch_add(&s->ready, 1);
    wait_until(&s->go, 1);
    for (unsigned i = 1; i <= RECORDS; i++) {
        if (rig_put_unapplied(r, word(process, i), load->bytes) != ERR_OK)
            return 1;
        atomic_store(&s->applied[process], i);
        journal_applied(r->journal);
        journal_tidy(r->journal);
    }
    atomic_fetch_add(&s->syncs, (unsigned)(durable_counts().syncs - before));
    return 0;
}

static void run_children(struct rig *r, const struct load *load)
{
    struct shared *s = r->arg;
    pid_t pids[PROCESSES];

    for (unsigned p = 0; p < PROCESSES; p++) {
        pids[p] = fork_one();
        if (pids[p] == 0)
            _exit(write_records(r, load, p));
    }
    wait_until(&s->ready, PROCESSES);
    atomic_store(&s->go, 1);
    for (unsigned p = 0; p < PROCESSES; p++)
        CU_CHECK_ROW(p, status_of(pids[p]) == 0);
}

/* Of each process: everything behind what was made durable elsewhere, in order, up to the last. */
static void check_found(const struct rig *c, const struct shared *s, size_t row)
{
    for (unsigned p = 0; p < PROCESSES; p++) {
        int last = -1;
        for (unsigned i = atomic_load(&s->flushed[p]) + 1; i <= RECORDS; i++) {
            int at = rig_find(c, word(p, i));
            CU_CHECK_ROW(row, at > last);
            last = at;
        }
    }
}

static void test_load(void)
{
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
        struct shared *s = shared_new();
        struct rig r, c;
        rig_init(&r);
        r.conf.size = loads[i].size;
        r.conf.group_wait_us = loads[i].group_wait_us;
        r.on_flush = note_flush;
        r.arg = s;
        rig_must_open(&r);              /* stays open: nobody else is the last to leave */
        run_children(&r, &loads[i]);
        rig_crash(&r, &c);
        rig_must_open(&c);
        check_found(&c, s, i);
        if (loads[i].size > JOURNAL_SIZE_MIN)
            CU_CHECK_ROW(i, c.replayed.n == PROCESSES * RECORDS);
        if (loads[i].group_wait_us)
            CU_CHECK_ROW(i, s->syncs < PROCESSES * RECORDS);
        rig_fini(&c);
        rig_fini(&r);
        CU_CHECK_ROW(i, !file_exists(r.marker));
        shared_free(s);
    }
}

/* ---- the last one out ---- */

static int hold_open(struct rig *r)
{
    struct shared *s = r->arg;

    rig_must_open(r);
    atomic_store(&s->ready, 1);
    wait_until(&s->go, 1);
    rig_close(r);
    return 0;
}

static void test_last(void)
{
    struct shared *s = shared_new();
    struct rig r;

    rig_init(&r);
    r.arg = s;
    pid_t pid = fork_one();
    if (pid == 0)
        _exit(hold_open(&r));
    wait_until(&s->ready, 1);
    rig_must_open(&r);
    CU_ASSERT_EQUAL(rig_put(&r, "a", 0), ERR_OK);
    rig_close(&r);
    CU_ASSERT_TRUE(file_exists(r.marker));
    CU_ASSERT_NOT_EQUAL(rig_sequence(&r, 0) + rig_sequence(&r, 1), 0);
    atomic_store(&s->go, 1);
    CU_ASSERT_EQUAL(status_of(pid), 0);
    CU_ASSERT_FALSE(file_exists(r.marker));
    CU_ASSERT_EQUAL(rig_sequence(&r, 0) + rig_sequence(&r, 1), 0);
    rig_fini(&r);
    shared_free(s);
}

/* ---- from append to applied ---- */

/* Somebody is killed between append and applied: his record does not keep others from clearing. */
static void test_killed(void)
{
    struct rig r;

    rig_init(&r);
    rig_must_open(&r);
    pid_t pid = fork_one();
    if (pid == 0) {
        rig_must_open(&r);
        if (rig_put_unapplied(&r, "dead", 0) == ERR_OK)
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    CU_ASSERT_EQUAL(status_of(pid), 100 + SIGKILL);
    CU_ASSERT_EQUAL(rig_sequence(&r, 0), 1);
    CU_ASSERT_EQUAL(journal_settle(r.journal), ERR_OK);
    CU_ASSERT_EQUAL(rig_sequence(&r, 0), 0);
    CU_ASSERT_EQUAL(rig_put(&r, "next", 0), ERR_OK);
    rig_fini(&r);
}

static void flush_waits(struct rig *r)
{
    struct shared *s = r->arg;
    atomic_fetch_add(&s->flushed_early, !atomic_load(&s->released));
}

static void wait_for_switch(struct rig *r)
{
    struct journal_shared s;

    do {
        sched_yield();
        if (journal_load(r->journal, &s) != ERR_OK)
            abort();
    } while (s.active == 0);
}

/* A file is neither made durable nor cleared while somebody has a record in it to be applied. */
static void test_waits(void)
{
    struct shared *s = shared_new();
    struct rig r;

    rig_init(&r);
    r.arg = s;
    r.on_flush = flush_waits;
    rig_must_open(&r);
    CU_ASSERT_EQUAL(rig_put_unapplied(&r, "slow", 0), ERR_OK);
    pid_t pid = fork_one();
    if (pid == 0) {
        rig_must_open(&r);
        _exit(journal_settle(r.journal) == ERR_OK ? 0 : 1);
    }
    wait_for_switch(&r);
    for (unsigned i = 0; i < 1000; i++)
        sched_yield();
    atomic_store(&s->released, 1);
    journal_applied(r.journal);
    CU_ASSERT_EQUAL(status_of(pid), 0);
    CU_ASSERT_EQUAL(s->flushed_early, 0);
    rig_fini(&r);
    shared_free(s);
}

/* ---- who may say that it is durable ---- */

static int note_sync(void *arg, const char *step, const char *path)
{
    struct shared *s = arg;
    const struct slice p = slice_cstr(path);

    if (strcmp(step, "sync") == 0 && slice_ends(p, SLICE_LIT("/0")))
        atomic_fetch_add(&s->file_synced[0], 1);
    if (strcmp(step, "sync") == 0 && slice_ends(p, SLICE_LIT("/1")))
        atomic_fetch_add(&s->file_synced[1], 1);
    return 0;
}

/* Another process takes the other file into use between our append and our sync. */
static void test_settle_meanwhile(void)
{
    struct shared *s = shared_new();
    struct rig r;

    rig_init(&r);
    rig_must_open(&r);
    durable_set_hook(note_sync, s);             /* children too */
    CU_ASSERT_EQUAL(rig_append(&r, "mine", 0), ERR_OK);
    pid_t pid = fork_one();
    if (pid == 0) {
        rig_must_open(&r);
        _exit(journal_settle(r.journal) == ERR_OK ? 0 : 1);
    }
    wait_for_switch(&r);
    CU_ASSERT_EQUAL(journal_sync(r.journal), ERR_OK);
    CU_ASSERT_TRUE(s->file_synced[0] > 0);      /* by whichever of the two */
    journal_applied(r.journal);
    CU_ASSERT_EQUAL(status_of(pid), 0);
    durable_set_hook(NULL, NULL);
    rig_fini(&r);
    shared_free(s);
}

/* By the descriptor that is open: closing another one would give up our locks. */
static void load_rounds(const struct rig *r, struct journal_rounds *out)
{
    const int fd = r->journal->lock_fd;

    CU_ASSERT_EQUAL(file_pread_all(fd, "lock", out, sizeof *out, JOURNAL_AT_ROUNDS), ERR_OK);
}

static int die_in_sync(void *arg, const char *step, const char *path)
{
    (void)arg;
    if (strcmp(step, "sync") == 0 && slice_search(slice_cstr(path), SLICE_LIT("/journal/")) >= 0)
        _exit(DIED);
    return 0;
}

/* In a child: a record, and death just before its sync. */
static void die_in_round(struct rig *r, unsigned i)
{
    pid_t pid = fork_one();

    if (pid == 0) {
        rig_must_open(r);
        durable_set_hook(die_in_sync, NULL);
        (void)!rig_put(r, word(9, i), 0);
        _exit(1);
    }
    CU_ASSERT_EQUAL(status_of(pid), DIED);
}

/* Rounds whose makers died have not ended, whatever others begin: who waits for one of them makes
 * it himself. */
static void test_round_after_death(void)
{
    struct journal_rounds rounds;
    struct rig r, c;

    rig_init(&r);
    rig_must_open(&r);
    CU_ASSERT_EQUAL(rig_put(&r, "first", 0), ERR_OK);
    load_rounds(&r, &rounds);
    const uint64_t ended = rounds.ended;
    for (unsigned i = 1; i <= 3; i++) {
        die_in_round(&r, i);
        load_rounds(&r, &rounds);
        CU_CHECK_ROW(i, rounds.ended == ended);
    }
    CU_ASSERT_EQUAL(rig_put(&r, "last", 0), ERR_OK);
    rig_crash(&r, &c);
    rig_must_open(&c);
    CU_ASSERT_EQUAL(rig_find(&c, "first"), 0);
    CU_ASSERT_EQUAL(rig_find(&c, "last"), (int)c.replayed.n - 1);
    rig_fini(&c);
    rig_fini(&r);
}

static int fail_in_sync(void *arg, const char *step, const char *path)
{
    (void)arg;
    return strcmp(step, "sync") == 0 && slice_ends(slice_cstr(path), SLICE_LIT("/0")) ? EIO : 0;
}

/* One process is told that a sync has failed.  The kernel does not tell others that opened the file
 * later, so nobody may get a success for a record that was written before all is cleared. */
static void test_failure_of_another(void)
{
    struct rig r, c;

    rig_init(&r);
    rig_must_open(&r);
    CU_ASSERT_EQUAL(rig_append(&r, "mine", 0), ERR_OK);
    pid_t pid = fork_one();
    if (pid == 0) {
        rig_must_open(&r);
        durable_set_hook(fail_in_sync, NULL);
        _exit(rig_put(&r, "lost", 0) == ERR_IO ? 0 : 1);
    }
    CU_ASSERT_EQUAL(status_of(pid), 0);
    CU_ASSERT_NOT_EQUAL(journal_sync(r.journal), ERR_OK);
    journal_applied(r.journal);
    CU_ASSERT_EQUAL(rig_put(&r, "after", 0), ERR_OK);
    rig_crash(&r, &c);
    rig_must_open(&c);
    CU_ASSERT_TRUE(c.replayed.n == 1 && rig_find(&c, "after") == 0);
    rig_fini(&c);
    rig_fini(&r);
}

/* A process that hangs while it adds a record holds up others, but not for ever: they are refused,
 * and nothing of theirs is there. */
static void test_hanging(void)
{
    struct shared *s = shared_new();
    struct rig r, c;

    rig_init(&r);
    r.conf.append_wait_ms = 100;
    rig_must_open(&r);
    CU_ASSERT_EQUAL(rig_put(&r, "before", 0), ERR_OK);
    const pid_t pid = fork_one();
    if (pid == 0) {
        int fd = open(rig_path(&r, "lock"), O_RDWR);
        err_t err = lock_byte(fd, "lock", JOURNAL_APPEND, LOCK_EXCLUSIVE, LOCK_TRY);
        atomic_store(&s->ready, err ? 2 : 1);
        wait_until(&s->go, 1);
        _exit(0);
    }
    wait_until(&s->ready, 1);
    CU_ASSERT_EQUAL(atomic_load(&s->ready), 1);
    CU_ASSERT_EQUAL(rig_put(&r, "refused", 0), ERR_LOCKED);
    atomic_store(&s->go, 1);
    CU_ASSERT_EQUAL(status_of(pid), 0);
    CU_ASSERT_EQUAL(rig_put(&r, "after", 0), ERR_OK);
    rig_crash(&r, &c);
    rig_must_open(&c);
    CU_ASSERT_EQUAL(c.replayed.n, 2);
    CU_ASSERT_EQUAL(rig_find(&c, "refused"), -1);
    rig_fini(&c);
    rig_fini(&r);
    shared_free(s);
}

TEST_SUITE("journal share", { "load", test_load }, { "last one out", test_last },
           { "killed before it applied", test_killed }, { "not applied yet", test_waits },
           { "settle meanwhile", test_settle_meanwhile },
           { "round after a death", test_round_after_death },
           { "failure of another", test_failure_of_another }, { "hanging", test_hanging })

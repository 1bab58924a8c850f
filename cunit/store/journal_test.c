/* journal_test.c - one process and its journal: files in turn, limits, failures
 *
 * covers: P1 P3 P4
 */
#include "imap/store/journal.h"

#include <errno.h>

#include "cunit/store/journal_rig.h"
#include "cunit/test.h"
#include "imap/store/durable.h"
#include "lib/base/mem.h"
#include "lib/os/file.h"

static const char *word(const char *prefix, unsigned i)
{
    static char text[40];

    snprintf(text, sizeof text, "%s%u", prefix, i);
    return text;
}

/* Records with that prefix from first to last are there, in order, and nothing else is. */
static bool found_row(const struct rig *r, const char *prefix, unsigned first, unsigned last)
{
    for (unsigned i = first; i <= last; i++)
        if (rig_find(r, word(prefix, i)) != (int)(i - first))
            return false;
    return r->replayed.n == last - first + 1;
}

/* ---- in order ---- */

static void test_order(void)
{
    struct rig r, c;

    rig_init(&r);
    rig_must_open(&r);
    CU_ASSERT_EQUAL(r.replays, 0);
    CU_ASSERT_FALSE(file_exists(r.marker));     /* nothing to be missed yet */
    for (unsigned i = 1; i <= 20; i++)
        CU_CHECK_ROW(i, rig_put(&r, word("r", i), i * 700) == ERR_OK);
    CU_ASSERT_TRUE(file_exists(r.marker));
    CU_ASSERT_EQUAL(r.flushes, 0);
    rig_crash(&r, &c);
    rig_must_open(&c);
    CU_ASSERT_EQUAL(c.replays, 1);
    CU_ASSERT_EQUAL(c.flushes, 1);              /* before the files are cleared */
    CU_ASSERT_TRUE(found_row(&c, "r", 1, 20));
    CU_ASSERT_FALSE(file_exists(c.marker));
    CU_ASSERT_EQUAL(rig_put(&c, "again", 0), ERR_OK);
    rig_fini(&c);
    rig_fini(&r);
}

static void test_empty_body(void)
{
    struct journal_pos pos;
    struct rig r, c;

    rig_init(&r);
    rig_must_open(&r);
    CU_ASSERT_EQUAL(journal_append(r.journal, JOURNAL_VOID, NULL, 0, &pos), ERR_OK);
    CU_ASSERT_EQUAL(journal_sync(r.journal), ERR_OK);
    journal_applied(r.journal);
    rig_crash(&r, &c);
    rig_must_open(&c);
    CU_ASSERT_EQUAL(c.replayed.n, 1);
    rig_fini(&c);
    rig_fini(&r);
}

/* The numbers of one file, from 1 on. */
static void test_positions(void)
{
    struct journal_pos a, b;
    const struct slice body = SLICE_LIT("body");
    struct rig r;

    rig_init(&r);
    rig_must_open(&r);
    CU_ASSERT_EQUAL(journal_append(r.journal, JOURNAL_CHANGE, &body, 1, &a), ERR_OK);
    CU_ASSERT_EQUAL(journal_append(r.journal, JOURNAL_VOID, &body, 1, &b), ERR_OK);
    CU_ASSERT_EQUAL(a.number, 1);
    CU_ASSERT_EQUAL(b.number, 2);
    CU_ASSERT_EQUAL(a.sequence, b.sequence);
    const uint64_t before = durable_counts().syncs;
    CU_ASSERT_EQUAL(journal_sync(r.journal), ERR_OK);
    CU_ASSERT_EQUAL(durable_counts().syncs - before, 1);    /* for both */
    journal_applied(r.journal);
    rig_fini(&r);
}

/* ---- files in turn ---- */

enum { BIG = 100000 };                  /* five of them fill a file */

/* Both files hold records when the full one is made durable. */
static void look_at_heads(struct rig *r)
{
    *(unsigned *)r->arg += rig_sequence(r, 0) && rig_sequence(r, 1);
}

static void test_turns(void)
{
    unsigned both = 0;
    struct rig r, c;

    rig_init(&r);
    r.on_flush = look_at_heads;
    r.arg = &both;
    rig_must_open(&r);
    for (unsigned i = 1; i <= 23; i++) {
        CU_CHECK_ROW(i, rig_put(&r, word("r", i), BIG) == ERR_OK);
        journal_tidy(r.journal);
        CU_CHECK_ROW(i, r.flushes == (i - 1) / 5);          /* as soon as the other one is begun */
        CU_CHECK_ROW(i, both == r.flushes);
        CU_CHECK_ROW(i, !rig_sequence(&r, 0) != !rig_sequence(&r, 1));
    }
    rig_crash(&r, &c);
    rig_must_open(&c);
    CU_ASSERT_TRUE(found_row(&c, "r", 21, 23));
    rig_fini(&c);
    rig_fini(&r);
}

/* Without tidying both files hold records; the room is made when it is needed. */
static void test_both_full(void)
{
    struct rig r, c;

    rig_init(&r);
    rig_must_open(&r);
    for (unsigned i = 1; i <= 18; i++) {
        CU_CHECK_ROW(i, rig_put(&r, word("r", i), BIG) == ERR_OK);
        const unsigned begun = (i - 1) / 5;
        CU_CHECK_ROW(i, r.flushes == (begun ? begun - 1 : 0));
        rig_crash(&r, &c);
        rig_must_open(&c);
        CU_CHECK_ROW(i, found_row(&c, "r", begun ? begun * 5 - 4 : 1, i));
        rig_fini(&c);
    }
    rig_fini(&r);
}

static void test_limits(void)
{
    struct rig r, c;

    rig_init(&r);
    rig_must_open(&r);
    const uint64_t max = journal_body_max(r.journal);
    CU_ASSERT_TRUE(max > JOURNAL_SIZE_MIN / 2 - 4 * JOURNAL_PAGE);
    CU_ASSERT_EQUAL(rig_put(&r, "a", 0), ERR_OK);
    CU_ASSERT_EQUAL(rig_put(&r, "over", max + 1), ERR_LIMIT);
    CU_ASSERT_EQUAL(rig_put(&r, "full", max), ERR_OK);
    CU_ASSERT_EQUAL(rig_put(&r, "full2", max), ERR_OK);
    CU_ASSERT_EQUAL(rig_put(&r, "b", 0), ERR_OK);
    rig_crash(&r, &c);
    rig_must_open(&c);
    CU_ASSERT_EQUAL_FATAL(c.replayed.n, 4);
    CU_ASSERT_EQUAL(rig_find(&c, "full"), 1);
    CU_ASSERT_EQUAL(rig_find(&c, "full2"), 2);
    CU_ASSERT_EQUAL(rig_find(&c, "b"), 3);
    CU_ASSERT_EQUAL(VEC_AT(&c.replayed, struct buf, 1)->n, max);
    rig_fini(&c);
    rig_fini(&r);
}

/* A second record before the first is applied: when it would need the file that the first one
 * stands in to be cleared, it is refused, and nobody waits for ever. */
static void test_second_record(void)
{
    const struct slice body = SLICE_LIT("void");
    struct journal_pos pos;
    struct rig r;

    rig_init(&r);
    rig_must_open(&r);
    for (unsigned i = 1; i <= 5; i++)
        CU_CHECK_ROW(i, rig_put(&r, word("r", i), BIG) == ERR_OK);
    CU_ASSERT_EQUAL(rig_put_unapplied(&r, "held", 400000), ERR_OK);
    CU_ASSERT_EQUAL(journal_append(r.journal, JOURNAL_VOID, &body, 1, &pos), ERR_OK);
    struct slice big = slice_make(mem_zalloc(2 * BIG), 2 * BIG);
    CU_ASSERT_EQUAL(journal_append(r.journal, JOURNAL_VOID, &big, 1, &pos), ERR_NOSPACE);
    journal_tidy(r.journal);                    /* does nothing now */
    CU_ASSERT_EQUAL(r.flushes, 0);
    journal_applied(r.journal);
    CU_ASSERT_EQUAL(rig_put(&r, "more", BIG), ERR_OK);
    mem_free((void *)big.p);
    rig_fini(&r);
}

static void test_settle(void)
{
    struct rig r, c;

    rig_init(&r);
    rig_must_open(&r);
    CU_ASSERT_EQUAL(journal_settle(r.journal), ERR_OK);
    CU_ASSERT_EQUAL(r.flushes, 0);              /* nothing to do */
    for (unsigned i = 1; i <= 7; i++)           /* both files */
        CU_CHECK_ROW(i, rig_put(&r, word("r", i), BIG) == ERR_OK);
    CU_ASSERT_EQUAL(journal_settle(r.journal), ERR_OK);
    CU_ASSERT_TRUE(r.flushes >= 1);
    CU_ASSERT_EQUAL(rig_sequence(&r, 0) + rig_sequence(&r, 1), 0);
    rig_crash(&r, &c);
    rig_must_open(&c);
    CU_ASSERT_EQUAL(c.replayed.n, 0);
    rig_fini(&c);
    CU_ASSERT_EQUAL(rig_put(&r, "after", 0), ERR_OK);
    rig_crash(&r, &c);
    rig_must_open(&c);
    CU_ASSERT_TRUE(c.replayed.n == 1 && rig_find(&c, "after") == 0);
    rig_fini(&c);
    rig_fini(&r);
}

static void test_close(void)
{
    struct rig r;

    rig_init(&r);
    rig_must_open(&r);
    CU_ASSERT_EQUAL(rig_put(&r, "a", 0), ERR_OK);
    rig_close(&r);
    CU_ASSERT_EQUAL(r.flushes, 1);
    CU_ASSERT_FALSE(file_exists(r.marker));
    CU_ASSERT_EQUAL(rig_sequence(&r, 0) + rig_sequence(&r, 1), 0);
    rig_must_open(&r);
    CU_ASSERT_EQUAL(r.replays, 0);
    rig_fini(&r);
}

/* ---- failures ---- */

/* The n-th step of that name (NULL: any) on the journal's files fails. */
struct failing {
    const char *step;
    int error;
    unsigned at, seen;
};

static int fail_step(void *arg, const char *step, const char *path)
{
    struct failing *f = arg;
    const struct slice p = slice_cstr(path);

    if (!slice_ends(p, SLICE_LIT("/0")) && !slice_ends(p, SLICE_LIT("/1")))
        return 0;
    if (f->step && strcmp(step, f->step) != 0)
        return 0;
    return f->seen++ == f->at ? f->error : 0;
}

/* Refused, cleared, and then all is well: only what was acknowledged later comes back. */
static void test_failing_sync(void)
{
    struct failing f = { "sync", EIO, 0, 0 };
    struct rig r, c;

    rig_init(&r);
    rig_must_open(&r);
    CU_ASSERT_EQUAL(rig_put(&r, "before", 0), ERR_OK);
    durable_set_hook(fail_step, &f);
    CU_ASSERT_EQUAL(rig_put(&r, "lost", 0), ERR_IO);
    durable_set_hook(NULL, NULL);
    CU_ASSERT_EQUAL(r.flushes, 0);
    CU_ASSERT_EQUAL(rig_put(&r, "after", 0), ERR_OK);
    CU_ASSERT_TRUE(r.flushes >= 1);             /* "before" is durable where it belongs */
    rig_crash(&r, &c);
    rig_must_open(&c);
    CU_ASSERT_EQUAL(rig_find(&c, "lost"), -1);
    CU_ASSERT_EQUAL(rig_find(&c, "after"), 0);
    rig_fini(&c);
    rig_fini(&r);
}

static void test_failing_sync_tidy(void)
{
    struct failing f = { "sync", EIO, 0, 0 };
    struct rig r, c;

    rig_init(&r);
    rig_must_open(&r);
    durable_set_hook(fail_step, &f);
    CU_ASSERT_EQUAL(rig_put(&r, "lost", 0), ERR_IO);
    durable_set_hook(NULL, NULL);
    journal_tidy(r.journal);
    rig_crash(&r, &c);
    rig_must_open(&c);
    CU_ASSERT_EQUAL(c.replayed.n, 0);
    rig_fini(&c);
    rig_fini(&r);
}

/* Failures of any step of an append: an error, nothing of it comes back, and the next one works. */
static void test_failing_append(void)
{
    static const struct failing rows[] = {
        { "pwrite", EIO, 0, 0 }, { "pwrite", ENOSPC, 0, 0 }, { "pwrite", EIO, 1, 0 },
    };
    struct rig r, c;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct failing f = rows[i];
        rig_init(&r);
        rig_must_open(&r);
        durable_set_hook(fail_step, &f);
        CU_CHECK_ROW(i, rig_put(&r, "lost", 0) == err_from_errno(f.error));
        durable_set_hook(NULL, NULL);
        CU_CHECK_ROW(i, rig_put(&r, "after", 0) == ERR_OK);
        rig_crash(&r, &c);
        rig_must_open(&c);
        CU_CHECK_ROW(i, c.replayed.n == 1 && rig_find(&c, "after") == 0);
        rig_fini(&c);
        rig_fini(&r);
    }
}

/* The file that is left cannot be made durable: whoever has a record in it that is not synced yet
 * must not be told that it is. */
static void test_failing_sync_full(void)
{
    const struct slice waiting = SLICE_LIT("waiting ");
    struct failing f = { "sync", EIO, 0, 0 };
    struct journal_pos pos;
    struct rig r, c;

    rig_init(&r);
    rig_must_open(&r);
    for (unsigned i = 1; i <= 4; i++)
        CU_CHECK_ROW(i, rig_put(&r, word("r", i), BIG) == ERR_OK);
    CU_ASSERT_EQUAL(journal_append(r.journal, JOURNAL_CHANGE, &waiting, 1, &pos), ERR_OK);
    durable_set_hook(fail_step, &f);
    CU_ASSERT_NOT_EQUAL(rig_append(&r, "more", 2 * BIG), ERR_OK);
    durable_set_hook(NULL, NULL);
    CU_ASSERT_NOT_EQUAL(journal_sync(r.journal), ERR_OK);
    journal_applied(r.journal);
    CU_ASSERT_EQUAL(rig_put(&r, "after", 0), ERR_OK);
    rig_crash(&r, &c);
    rig_must_open(&c);
    CU_ASSERT_EQUAL(rig_find(&c, "waiting"), -1);
    CU_ASSERT_EQUAL(rig_find(&c, "after"), 0);
    rig_fini(&c);
    rig_fini(&r);
}

/* What cannot be made durable is not cleared; when there is no room any more, that is an error. */
static void test_failing_flush(void)
{
    struct rig r, c;
    unsigned n = 0;
    err_t err = ERR_OK;

    rig_init(&r);
    rig_must_open(&r);
    r.flush_result = ERR_IO;
    while (!err && n < 100) {
        err = rig_put(&r, word("r", n + 1), BIG);
        journal_tidy(r.journal);
        n += !err;
    }
    CU_ASSERT_EQUAL(err, ERR_IO);
    CU_ASSERT_EQUAL(n, 10);
    rig_crash(&r, &c);
    rig_must_open(&c);
    CU_ASSERT_TRUE(found_row(&c, "r", 1, 10));
    rig_fini(&c);
    CU_ASSERT_EQUAL(journal_settle(r.journal), ERR_IO);
    r.flush_result = ERR_OK;
    CU_ASSERT_EQUAL(rig_put(&r, "r11", BIG), ERR_OK);
    rig_fini(&r);
}

/* Closing with a failing flush leaves everything for the next start. */
static void test_failing_close(void)
{
    struct rig r;

    rig_init(&r);
    rig_must_open(&r);
    CU_ASSERT_EQUAL(rig_put(&r, "r1", 0), ERR_OK);
    r.flush_result = ERR_IO;
    rig_close(&r);
    CU_ASSERT_TRUE(file_exists(r.marker));
    CU_ASSERT_EQUAL(rig_open(&r), ERR_IO);
    CU_ASSERT_TRUE(r.why.n > 0);
    r.flush_result = ERR_OK;
    rig_must_open(&r);
    CU_ASSERT_TRUE(found_row(&r, "r", 1, 1));
    rig_fini(&r);
}

TEST_SUITE("journal", { "order", test_order }, { "empty body", test_empty_body },
           { "positions", test_positions }, { "files in turn", test_turns },
           { "both full", test_both_full }, { "limits", test_limits },
           { "second record", test_second_record }, { "settle", test_settle },
           { "close", test_close }, { "failing sync", test_failing_sync },
           { "failing sync, tidy", test_failing_sync_tidy },
           { "failing sync of a full file", test_failing_sync_full },
           { "failing append", test_failing_append }, { "failing flush", test_failing_flush },
           { "failing close", test_failing_close })

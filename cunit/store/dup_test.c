/* dup_test.c - marks of messages that were delivered
 *
 * covers: DL-21
 */
#include "imap/store/dup.h"

#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "lib/os/sync.h"

static const struct slice id = { "<lmtp1@example.org>", 19 };
static const struct slice box = { "de27kkdiqf0x87b3maibiy1d", 24 };
static const struct slice date = { "Sat, 07 Jan 2023 09:00:00 +0000", 31 };

static void test_mark(void)
{
    struct store *s = instance_open("");
    uint64_t syncs;
    unsigned n;

    CU_ASSERT_EQUAL(dup_check(s, id, box, date), 0);
    syncs = sync_count();
    dup_mark(s, id, box, date, 1000, 5);
    dup_mark(s, id, SLICE_LIT(".ann@internal.sieve."), date, 2000, 0);
    CU_ASSERT_EQUAL(sync_count(), syncs);       /* derived: never synced */
    CU_ASSERT_EQUAL(dup_check(s, id, box, date), 1000);
    CU_ASSERT_EQUAL(dup_check(s, id, box, SLICE_LIT("")), 0);
    CU_ASSERT_EQUAL(dup_check(s, SLICE_LIT("<x>"), box, date), 0);
    instance_reopen(&s);
    CU_ASSERT_EQUAL(dup_check(s, id, box, date), 1000);
    CU_ASSERT_EQUAL(dup_prune(s, 1500, &n), ERR_OK);
    CU_ASSERT_EQUAL(n, 1);
    CU_ASSERT_EQUAL(dup_check(s, id, box, date), 0);
    CU_ASSERT_EQUAL(dup_check(s, id, SLICE_LIT(".ann@internal.sieve."), date), 2000);
    CU_ASSERT_EQUAL(dup_prune(s, 1500, &n), ERR_OK);
    CU_ASSERT_EQUAL(n, 0);
    instance_close(&s);
}

static err_t count(void *arg, const struct dup_mark *m)
{
    unsigned *n = arg;

    CU_ASSERT(slice_eq(m->message_id, id));
    CU_ASSERT(slice_eq(m->date, date));
    CU_ASSERT_EQUAL(m->when, 0x6b0177b8);
    CU_ASSERT(m->uid == (slice_eq(m->dest, box) ? 7 : 1));
    ++*n;
    return ERR_OK;
}

static void test_sample(void)
{
    struct store *s = instance_open_sample("");
    unsigned n = 0;

    CU_ASSERT_EQUAL(dup_check(s, id, box, date), 0x6b0177b8);
    CU_ASSERT_EQUAL(dup_foreach(s, count, &n), ERR_OK);
    CU_ASSERT_EQUAL(n, 2);
    instance_close(&s);
}

TEST_SUITE("dup", { "mark", test_mark }, { "sample", test_sample })

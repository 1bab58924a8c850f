/* repack_test.c - index and cache written anew (imap/store/repack.h)
 *
 * covers: PT-23 PT-30
 */
#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/index_format.h"
#include "imap/store/msgannot.h"
#include "imap/store/repack.h"
#include "lib/base/clock.h"

static void test_repack(void)
{
    struct store *s = instance_open("");
    struct repack_counts n;
    struct cache_record cache;
    struct slice bytes;
    struct mbentry e;
    uint32_t marked;

    clock_fake(1700000000);
    box_create(s, "user.fred", &e);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(box_append_many(mb, 10), ERR_OK);
    CU_ASSERT_EQUAL(box_expunge(mb, 2), ERR_OK);
    clock_fake(1700005000);
    CU_ASSERT_EQUAL(box_expunge(mb, 10), ERR_OK);
    uint32_t basic = mailbox_head(mb)->sync_crc_basic, annot = mailbox_head(mb)->sync_crc_annot;
    CU_ASSERT_EQUAL(mailbox_head(mb)->first_expunged, 1700000000);

    /* only what was expunged before */
    CU_ASSERT_EQUAL(repack_mark_expunged(mb, 1700000000, &marked), ERR_OK);
    CU_ASSERT_EQUAL(marked, 0);
    uint64_t modseq = mailbox_head(mb)->highestmodseq;
    CU_ASSERT_EQUAL(repack_mark_expunged(mb, 1700000001, &marked), ERR_OK);
    CU_ASSERT_EQUAL(marked, 1);
    CU_ASSERT_EQUAL(mailbox_head(mb)->highestmodseq, modseq);   /* silently */
    CU_ASSERT_TRUE(mailbox_head(mb)->options & INDEX_OPT_NEEDS_REPACK);
    CU_ASSERT_EQUAL(box_count_files(&e, "."), 10);

    clock_fake(1700009000);
    CU_ASSERT_EQUAL(repack_mailbox(mb, true, &n), ERR_OK);
    CU_ASSERT_EQUAL(n.kept, 9);
    CU_ASSERT_EQUAL(n.dropped, 1);
    CU_ASSERT_EQUAL(n.unlinked, 1);
    CU_ASSERT_EQUAL(mailbox_nrecords(mb), 9);
    CU_ASSERT_EQUAL(mailbox_head(mb)->exists, 8);
    CU_ASSERT_EQUAL(mailbox_head(mb)->generation, 1);
    CU_ASSERT_EQUAL(mailbox_head(mb)->last_uid, 10);
    CU_ASSERT_EQUAL(mailbox_head(mb)->deletedmodseq, 12);
    CU_ASSERT_EQUAL(mailbox_head(mb)->changes_epoch, 1700000000);
    CU_ASSERT_EQUAL(mailbox_head(mb)->last_repack_time, 1700009000);
    CU_ASSERT_EQUAL(mailbox_head(mb)->first_expunged, 1700005000);
    CU_ASSERT_EQUAL(mailbox_head(mb)->sync_crc_basic, basic);
    CU_ASSERT_EQUAL(mailbox_head(mb)->sync_crc_annot, annot);
    CU_ASSERT_FALSE(mailbox_head(mb)->options & INDEX_OPT_NEEDS_REPACK);
    CU_ASSERT_EQUAL(box_count_files(&e, "."), 9);
    CU_ASSERT_PTR_NULL(box_fault(&e));
    for (uint32_t i = 1; i <= 9; i++) {
        CU_CHECK_ROW(i, mailbox_cache(mb, i, &cache) == ERR_OK);
        CU_CHECK_ROW(i, mailbox_message(mb, i, &bytes) == ERR_OK);
    }
    clock_fake(0);
    mailbox_close(&mb);
    mbentry_fini(&e);
    instance_close(&s);
}

/* Everything goes: no cache is left, UIDs go on. */
static void test_all(void)
{
    struct store *s = instance_open("expunge_mode: immediate\n");
    struct mbentry e;
    struct commit *c;
    uint32_t uid;

    box_create(s, "user.fred", &e);
    struct mailbox *mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(box_append_many(mb, 5), ERR_OK);
    CU_ASSERT_EQUAL(commit_begin(mb, NULL, &c), ERR_OK);
    for (uint32_t i = 1; i <= 5; i++)
        CU_ASSERT_EQUAL(commit_expunge(c, i), ERR_OK);
    CU_ASSERT_EQUAL(repack_mailbox(mb, true, NULL), ERR_INUSE);
    CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
    mailbox_close(&mb);
    CU_ASSERT_EQUAL(box_count_files(&e, "."), 0);
    CU_ASSERT_EQUAL(box_count_files(&e, "cyrus.cache"), 0);
    CU_ASSERT_PTR_NULL(box_fault(&e));
    mb = box_open(s, "user.fred");
    CU_ASSERT_EQUAL(mailbox_nrecords(mb), 0);
    CU_ASSERT_EQUAL(box_append(mb, 1, 0, &uid), ERR_OK);
    CU_ASSERT_EQUAL(uid, 6);
    CU_ASSERT_PTR_NULL(box_fault(&e));
    mailbox_close(&mb);
    mbentry_fini(&e);
    instance_close(&s);
}

/* A mailbox with annotated messages keeps its checksums; an expunged message takes its share with
 * it. */
static void test_annotations(void)
{
    struct store *s = instance_open_sample("");
    struct mailbox *mb = box_open(s, "user.fred");
    struct msgannot_share share;
    struct msgannot *a;

    CU_ASSERT_EQUAL(repack_mailbox(mb, true, NULL), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_head(mb)->sync_crc_basic, 1220682809u);
    CU_ASSERT_EQUAL(mailbox_head(mb)->sync_crc_annot, 2618954857u);
    CU_ASSERT_EQUAL(mailbox_head(mb)->quota_annot_used, 73);
    CU_ASSERT_PTR_NULL(box_fault(mailbox_entry(mb)));
    CU_ASSERT_EQUAL(msgannot_open(s, mailbox_entry(mb), &a), ERR_OK);
    CU_ASSERT_EQUAL(msgannot_share(a, 1, &share), ERR_OK);
    CU_ASSERT_EQUAL(share.bytes, 36);           /* "shared msg note", "fred private msg note" */
    msgannot_close(&a);
    CU_ASSERT_EQUAL(box_expunge(mb, 1), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_head(mb)->quota_annot_used, 73 - share.bytes);
    mailbox_close(&mb);
    instance_close(&s);
}

TEST_SUITE("repack", { "repack", test_repack }, { "all", test_all },
           { "annotations", test_annotations })

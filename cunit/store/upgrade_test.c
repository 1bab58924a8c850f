/* upgrade_test.c - older index versions become the present one at their first opening
 * (imap/store/upgrade.h)
 *
 * covers: PT-13
 */
#include <sys/stat.h>

#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/store/samples.h"
#include "cunit/test.h"
#include "imap/store/index_format.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/msgannot.h"
#include "imap/store/seen.h"
#include "lib/os/dir.h"
#include "lib/os/file.h"

static void make_entry(struct mbentry *e)
{
    mbentry_init(e);
    buf_adds(&e->name, "user.ann.Sub");
    buf_adds(&e->uniqueid, "hpv7fuoipfy985f2or0ecwm1");
    buf_adds(&e->partition, "default");
    buf_adds(&e->acl, "ann\tlrswipkxtecdan\tbob\tlrs\t");
    e->type = MBTYPE_LEGACY;
    e->uidvalidity = 1795258757;
}

static err_t copy_one(void *arg, const char *name, enum dir_type type)
{
    const char *from = arg;
    char a[700], b[700];

    if (type == DIR_DIR)
        return ERR_OK;
    snprintf(a, sizeof a, "%s/%s", from, name);
    snprintf(b, sizeof b, "%s/%s", instance_path("spool/user/ann/Sub"), name);
    return file_copy(a, b, 0600, FILE_COPY_TIME);
}

/* Open the mailbox of that version as one that this server has not seen before. */
static struct mailbox *open_version(struct store *s, unsigned version, struct mbentry *e)
{
    char name[20];
    struct mailbox *mb;

    samples_unpack_versions();
    snprintf(name, sizeof name, "v%u", version);
    CU_ASSERT_EQUAL_FATAL(dir_make(instance_path("spool/user/ann/Sub"), 0755), ERR_OK);
    char from[600];
    snprintf(from, sizeof from, "%s", samples_path(name));
    CU_ASSERT_EQUAL_FATAL(dir_list(from, copy_one, from), ERR_OK);
    make_entry(e);
    CU_ASSERT_EQUAL_FATAL(mblist_put(s, e), ERR_OK);
    if (mailbox_open(s, SLICE_LIT("user.ann.Sub"), &mb) != ERR_OK)
        abort();
    return mb;
}

static void put_seen(struct store *s)
{
    struct ranges uids = RANGES_INIT;
    struct seen_change ch = {
        .add = &uids, .last_uid = 7, .last_change = 1795258758, .durable = true
    };

    ranges_add(&uids, 1, 1);
    ranges_add(&uids, 3, 3);
    ranges_add(&uids, 5, 5);
    ranges_add(&uids, 7, 7);
    CU_ASSERT_EQUAL(
        seen_update(s, SLICE_LIT("ann"), SLICE_LIT("hpv7fuoipfy985f2or0ecwm1"), &ch, NULL), ERR_OK);
    ranges_fini(&uids);
}

static void check_record(struct mailbox *mb, uint32_t recno, size_t row)
{
    static const uint8_t first[] = { 0xa9, 0x02, 0xe1, 0xc2, 0x91, 0xd8, 0x91 };
    struct cache_record cache;
    struct record r;

    mailbox_record(mb, recno, &r);
    CU_CHECK_ROW(row, r.uid == recno);
    CU_CHECK_ROW(row, r.guid.b[0] == first[recno - 1]);
    CU_CHECK_ROW(row, r.savedate == 1795258757u + (recno == 7));
    CU_CHECK_ROW(row, r.createdmodseq == (recno == 7 ? 7 : recno + 2));
    CU_CHECK_ROW(row, !!(r.flags & FLAG_SEEN) == (recno % 2 == 1));
    CU_CHECK_ROW(row, !!(r.flags & FLAG_INT_EXPUNGED) == (recno == 2 || recno == 4));
    CU_CHECK_ROW(row, r.modseq >= 1 && r.modseq <= mailbox_head(mb)->highestmodseq);
    CU_CHECK_ROW(row, r.cache_version == 11 && mailbox_cache(mb, recno, &cache) == ERR_OK);
    CU_CHECK_ROW(row, mailbox_record_ok(mb, recno));
}

static err_t find_live(void *arg, const struct msgannot_item *item)
{
    unsigned *n = arg;

    if (!item->deleted)
        (*n)++;
    return ERR_OK;
}

static void test_versions(void)
{
    static const unsigned versions[] = { 6, 7, 8, 9, 12, 13, 14, 15, 16, 17 };

    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        struct store *s = instance_open("hashimapspool: no\nannotation_db: skiplist\n");
        struct msgannot *a;
        struct mbentry e;
        unsigned live = 0;
        put_seen(s);
        struct mailbox *mb = open_version(s, versions[i], &e);
        const struct index_head *h = mailbox_head(mb);
        CU_CHECK_ROW(i, h->minor_version == INDEX_VERSION);
        CU_CHECK_ROW(i, h->exists == 5 && h->unseen == 1 && h->nrecords == 7 && h->last_uid == 7);
        CU_CHECK_ROW(i, h->quota_used == 1186);
        CU_CHECK_ROW(i, h->recentuid == 7 && h->recenttime == 1795258758);
        CU_CHECK_ROW(i, h->uidvalidity == 1795258757);
        CU_CHECK_ROW(i, h->highestmodseq == (versions[i] < 8 || versions[i] == 17 ? 1 : 18));
        /* the checksum over annotations does not depend on where they are kept */
        CU_CHECK_ROW(i, h->sync_crc_annot == 3925173485u);
        CU_CHECK_ROW(i, versions[i] < 12 || versions[i] > 16 || h->sync_crc_basic == 220295736u);
        CU_CHECK_ROW(i, h->quota_annot_used == 2);
        for (uint32_t n = 1; n <= 7; n++)
            if (versions[i] != 17)
                check_record(mb, n, i);
        CU_CHECK_ROW(i, msgannot_open(s, &e, &a) == ERR_OK);
        CU_CHECK_ROW(i, msgannot_foreach(a, 0, find_live, &live) == ERR_OK && live == 1);
        msgannot_close(&a);
        CU_CHECK_ROW(i, box_fault(&e) == NULL);
        CU_CHECK_ROW(i, box_append(mb, 9, 0, NULL) == ERR_OK);
        CU_CHECK_ROW(i, box_fault(&e) == NULL);
        mailbox_close(&mb);
        mbentry_fini(&e);
        instance_close(&s);
    }
}

/* The list of expunged messages that version 9 kept: their files go, files of live messages stay.
 */
static void test_expunge_file(void)
{
    struct store *s = instance_open("hashimapspool: no\nannotation_db: skiplist\n");
    struct buf index = BUF_INIT;
    struct mbentry e;

    samples_unpack_versions();
    samples_load("v9/cyrus.index", &index);
    CU_ASSERT_EQUAL_FATAL(dir_make(instance_path("spool/user/ann/Sub"), 0755), ERR_OK);
    index.p[96] = index.p[97] = 0;              /* first record: a UID that is not in the index */
    index.p[98] = 3;
    index.p[99] = (char)0xe8;
    CU_ASSERT_EQUAL(file_replace(instance_path("spool/user/ann/Sub/cyrus.expunge"),
                                 instance_path("x.NEW"), buf_slice(&index), 0600, FILE_NOSYNC),
                    ERR_OK);
    CU_ASSERT_EQUAL(file_replace(instance_path("spool/user/ann/Sub/1000."), instance_path("x.NEW"),
                                 SLICE_LIT("gone"), 0600, FILE_NOSYNC), ERR_OK);
    struct mailbox *mb = open_version(s, 9, &e);
    CU_ASSERT_FALSE(file_exists(instance_path("spool/user/ann/Sub/1000.")));
    CU_ASSERT_FALSE(file_exists(instance_path("spool/user/ann/Sub/cyrus.expunge")));
    CU_ASSERT_TRUE(file_exists(instance_path("spool/user/ann/Sub/3.")));
    CU_ASSERT_PTR_NULL(box_fault(&e));
    mailbox_close(&mb);
    buf_fini(&index);
    mbentry_fini(&e);
    instance_close(&s);
}

TEST_SUITE("upgrade", { "versions", test_versions }, { "expunge file", test_expunge_file })

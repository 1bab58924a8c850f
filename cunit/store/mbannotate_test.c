/* mbannotate_test.c - setting annotations of a mailbox: counted once, all or nothing
 *
 * covers: AN-13 QU-02
 */
#include "imap/store/annot.h"

#include <errno.h>

#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/durable.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/mbops.h"
#include "imap/store/msgannot.h"
#include "imap/store/quota.h"

static const struct slice box = SLICE_LIT("user.ann");

static struct store *start(void)
{
    static const struct actor system = { .is_system = true };
    static const struct mbop_create op = { .name = SLICE_LIT("user.ann") };
    const int64_t limit[QUOTA_NRES] = { QUOTA_UNLIMITED, QUOTA_UNLIMITED, 1024, QUOTA_UNLIMITED };
    struct store *s = instance_open("");

    CU_ASSERT_EQUAL(mbop_create(s, &system, &op, NULL), ERR_OK);
    CU_ASSERT_EQUAL(quota_set_limits(s, box, limit), ERR_OK);
    return s;
}

/* Bytes as the quota, the header and the database have them. */
static void check_bytes(struct store *s, int64_t want)
{
    struct quota_state q;
    struct index_head h;
    struct mbentry e;
    uint64_t bytes;

    mbentry_init(&e);
    CU_ASSERT_EQUAL(mblist_lookup(s, box, &e), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_peek(s, &e, &h), ERR_OK);
    CU_ASSERT_EQUAL(quota_read(s, box, &q), ERR_OK);
    CU_ASSERT_EQUAL(msgannot_mailbox_bytes(s, &e, &bytes), ERR_OK);
    CU_ASSERT_EQUAL(h.quota_annot_used, (uint32_t)want);
    CU_ASSERT_EQUAL(q.used[QUOTA_ANNOTATION], want);
    CU_ASSERT_EQUAL((int64_t)bytes, want);
    mbentry_fini(&e);
}

static err_t set(struct store *s, const char *a, const char *b)
{
    const struct annot_change changes[] = {
        { SLICE_LIT("/comment"), SLICE_NULL, slice_cstr(a) },
        { SLICE_LIT("/sort"), ANNOT_OWNER, slice_cstr(b) },
    };
    const struct mbop_annotations op = { .changes = changes,
                                         .nchanges = 2,
                                         .options_set = MBOPT_SHAREDSEEN };

    return mbop_annotate_all(s, box, &op);
}

static void test_count(void)
{
    static char large[1025];
    struct store *s = start();
    struct index_head h;
    struct mbentry e;

    CU_ASSERT_EQUAL(set(s, "twelve bytes", "abc"), ERR_OK);
    check_bytes(s, 15);
    mbentry_init(&e);
    CU_ASSERT_EQUAL(mblist_lookup(s, box, &e), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_peek(s, &e, &h), ERR_OK);
    CU_ASSERT(h.options & MBOPT_SHAREDSEEN);
    CU_ASSERT_EQUAL(e.foldermodseq, h.highestmodseq);
    CU_ASSERT_EQUAL(set(s, "twelve bytes", "abc"), ERR_OK); /* no change */
    const uint64_t modseq = h.highestmodseq;
    CU_ASSERT_EQUAL(mailbox_peek(s, &e, &h), ERR_OK);
    CU_ASSERT_EQUAL(h.highestmodseq, modseq);
    CU_ASSERT_EQUAL(set(s, "", "abcd"), ERR_OK);
    check_bytes(s, 4);
    memset(large, 'x', sizeof large - 1);
    CU_ASSERT_EQUAL(set(s, large, "abcd"), ERR_OVERQUOTA);
    check_bytes(s, 4);
    large[1020] = '\0';
    CU_ASSERT_EQUAL(set(s, large, "abcd"), ERR_OK);
    check_bytes(s, 1024);
    CU_ASSERT_EQUAL(mbop_annotate(s, box, "/thread", SLICE_NULL, SLICE_LIT("x")), ERR_OK);
    check_bytes(s, 1025);
    mbentry_fini(&e);
    instance_close(&s);
}

struct failing {
    unsigned left;
    bool failed;
};

static int fail_once(void *arg, const char *step, const char *path)
{
    struct failing *f = arg;

    (void)step;
    (void)path;
    if (f->failed || --f->left)
        return 0;
    f->failed = true;
    return EIO;
}

/* A step of the commit fails: the values are the old ones, and all counts agree. */
static void test_failure(void)
{
    struct store *s = start();
    struct buf value = BUF_INIT;
    struct mbentry e;
    struct failing f = { 0 };

    mbentry_init(&e);
    CU_ASSERT_EQUAL(set(s, "old", "old"), ERR_OK);
    CU_ASSERT_EQUAL(mblist_lookup(s, box, &e), ERR_OK);
    for (unsigned step = 1; step < 50; step++) {
        f = (struct failing){ .left = step };
        durable_set_hook(fail_once, &f);
        err_t err = set(s, "longer value", "x");
        durable_set_hook(NULL, NULL);
        if (!f.failed)
            break;
        check_bytes(s, err ? 6 : 13);
        CU_ASSERT_EQUAL(annot_read(s, buf_slice(&e.uniqueid), "/comment", SLICE_NULL, &value),
                        ERR_OK);
        CU_ASSERT_STRING_EQUAL(buf_cstr(&value), err ? "old" : "longer value");
        CU_ASSERT_EQUAL(set(s, "old", "old"), ERR_OK);
    }
    CU_ASSERT(!f.failed);
    buf_fini(&value);
    mbentry_fini(&e);
    instance_close(&s);
}

/* Killed behind the values: whoever opens the mailbox after the next start counts them. */
static void test_uncounted(void)
{
    struct store *s = start();
    struct mailbox *mb;
    struct mbentry e;

    mbentry_init(&e);
    CU_ASSERT_EQUAL(set(s, "old", "old"), ERR_OK);
    CU_ASSERT_EQUAL(mblist_lookup(s, box, &e), ERR_OK);
    CU_ASSERT_EQUAL(mailbox_open(s, box, &mb), ERR_OK);
    CU_ASSERT(msgannot_are_counted(mb));
    CU_ASSERT_EQUAL(
        annot_write(s, buf_slice(&e.uniqueid), "/comment", SLICE_NULL, SLICE_LIT("longer")),
        ERR_OK);
    CU_ASSERT(!msgannot_are_counted(mb));
    mailbox_close(&mb);
    mbentry_fini(&e);
    instance_close(&s);
}

TEST_SUITE("mbannotate", { "count", test_count }, { "failure", test_failure },
           { "uncounted", test_uncounted })

/* commit_annot_test.c - annotations of messages: set, counted, copied, refused, swept; all of a
 * commit or nothing
 *
 * covers: AN-06 AN-13 QU-02
 */
#include "imap/store/annot.h"

#include <errno.h>

#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/annot_format.h"
#include "imap/store/durable.h"
#include "imap/store/mailbox_impl.h"
#include "imap/store/msgannot.h"
#include "imap/store/msgannot_entry.h"
#include "imap/store/quota.h"
#include "imap/store/repack.h"
#include "imap/store/synccrc.h"
#include "lib/conf/conf.h"

#define COMMENT SLICE_LIT("/comment")

static const char *const name = "user.ann";

static struct store *start(const char *conf, struct mailbox **mb)
{
    const int64_t limit[QUOTA_NRES] = { QUOTA_UNLIMITED, QUOTA_UNLIMITED, 1024, QUOTA_UNLIMITED };
    struct store *s = instance_open(conf);
    struct mbentry e;

    box_create(s, name, &e);
    mbentry_fini(&e);
    CU_ASSERT_EQUAL(quota_set_limits(s, slice_cstr(name), limit), ERR_OK);
    *mb = box_open(s, name);
    CU_ASSERT_EQUAL(box_append_many(*mb, 4), ERR_OK);
    return s;
}

static void stop(struct store **s, struct mailbox **mb)
{
    mailbox_close(mb);
    instance_close(s);
}

static err_t set(struct mailbox *mb, uint32_t uid, struct slice userid, struct slice value)
{
    struct commit *c;
    err_t err = commit_begin(mb, NULL, &c);

    if (err)
        return err;
    err = commit_annotate(c, uid, COMMENT, userid, value);
    if (!err)
        err = commit_check_annotation_quota(c);
    if (!err)
        return commit_end(&c);
    commit_abort(&c);
    return err;
}

/* The value as the file has it; "-" for none. */
static const char *get(struct mailbox *mb, uint32_t uid, struct slice userid)
{
    static char text[1024];
    struct buf key = BUF_INIT, raw = BUF_INIT;
    struct msgannot *a;
    struct slice value;
    bool deleted;

    snprintf(text, sizeof text, "-");
    if (msgannot_open(mb->store, &mb->entry, &a) == ERR_OK) {
        msgannot_key(uid, COMMENT, userid, &key);
        if (msgannot_raw(a, buf_slice(&key), &raw) == ERR_OK &&
            annot_format_parse(buf_slice(&raw), &value, &deleted) && !deleted)
            snprintf(text, sizeof text, "%.*s", SLICE_ARG(value));
        msgannot_close(&a);
    }
    buf_fini(&key);
    buf_fini(&raw);
    return text;
}

static void check_bytes(struct mailbox *mb, int64_t want)
{
    struct quota_state q;

    CU_ASSERT_EQUAL(quota_read(mb->store, slice_cstr(name), &q), ERR_OK);
    CU_ASSERT_EQUAL(q.used[QUOTA_ANNOTATION], want);
    CU_ASSERT_EQUAL(mb->head.quota_annot_used, (uint32_t)want);
    CU_ASSERT(msgannot_are_counted(mb));
}

static void test_set(void)
{
    struct mailbox *mb;
    struct store *s = start("", &mb);
    const uint64_t before = mailbox_modseq_at(mb, 2);
    const uint32_t crc = mb->head.sync_crc_annot;

    CU_ASSERT_EQUAL(set(mb, 2, ANNOT_OWNER, SLICE_LIT("mine")), ERR_OK);
    CU_ASSERT_STRING_EQUAL(get(mb, 2, ANNOT_OWNER), "mine");
    CU_ASSERT_STRING_EQUAL(get(mb, 2, SLICE_NULL), "-");
    const uint64_t modseq = mailbox_modseq_at(mb, 2);
    CU_ASSERT(modseq > before && modseq == mb->head.highestmodseq);
    /* the checksum has the owner's real name */
    CU_ASSERT_EQUAL(mb->head.sync_crc_annot ^ crc,
                    synccrc_annotation(2, COMMENT, SLICE_LIT("ann"), SLICE_LIT("mine")) ^ 0);
    check_bytes(mb, 4);
    CU_ASSERT_EQUAL(set(mb, 2, ANNOT_OWNER, SLICE_LIT("mine")), ERR_OK); /* nothing new */
    CU_ASSERT_EQUAL(mailbox_modseq_at(mb, 2), modseq);
    CU_ASSERT_EQUAL(set(mb, 2, ANNOT_OWNER, SLICE_NULL), ERR_OK);
    CU_ASSERT_STRING_EQUAL(get(mb, 2, ANNOT_OWNER), "-");
    CU_ASSERT_EQUAL(mb->head.sync_crc_annot, crc);
    check_bytes(mb, 0);
    CU_ASSERT_EQUAL(set(mb, 2, ANNOT_OWNER, SLICE_LIT("")), ERR_OK);
    CU_ASSERT_STRING_EQUAL(get(mb, 2, ANNOT_OWNER), ""); /* not the same as none */
    CU_ASSERT_EQUAL(set(mb, 9, ANNOT_OWNER, SLICE_LIT("x")), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(box_expunge(mb, 1), ERR_OK);
    CU_ASSERT_EQUAL(set(mb, 1, ANNOT_OWNER, SLICE_LIT("x")), ERR_NOTFOUND);
    stop(&s, &mb);
}

static void test_limits(void)
{
    static char large[MSGANNOT_VALUE_MAX + 1];
    char entry[32];
    struct mailbox *mb;
    struct store *s = start("", &mb);
    struct commit *c;
    err_t err;

    memset(large, 'x', sizeof large);
    CU_ASSERT_EQUAL(set(mb, 1, SLICE_NULL, slice_make(large, sizeof large)), ERR_LIMIT);
    CU_ASSERT_EQUAL(set(mb, 1, SLICE_NULL, slice_make(large, 1025)), ERR_OVERQUOTA);
    check_bytes(mb, 0);
    CU_ASSERT_EQUAL(set(mb, 1, SLICE_NULL, slice_make(large, 1024)), ERR_OK);
    CU_ASSERT_EQUAL(set(mb, 2, SLICE_NULL, slice_make(large, 1)), ERR_OVERQUOTA);
    CU_ASSERT_EQUAL(set(mb, 1, SLICE_NULL, slice_make(large, 1023)), ERR_OK);
    check_bytes(mb, 1023);
    for (int half = 0; half < 2; half++) {
        CU_ASSERT_EQUAL_FATAL(commit_begin(mb, NULL, &c), ERR_OK);
        err = ERR_OK;
        for (int i = half * 600; i < half * 600 + 600 && !err; i++) {
            snprintf(entry, sizeof entry, "/vendor/x/%d", i);
            err = commit_annotate(c, 3, slice_cstr(entry), SLICE_NULL, SLICE_LIT(""));
        }
        CU_ASSERT_EQUAL(err, half ? ERR_LIMIT : ERR_OK);
        if (err)
            commit_abort(&c);
        else
            CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
    }
    stop(&s, &mb);
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

/* A step of the commit fails: everything is as it was. */
static void run_failures(const char *conf)
{
    struct mailbox *mb;
    struct store *s = start(conf, &mb);
    struct failing f = { 0 };

    CU_ASSERT_EQUAL(set(mb, 2, SLICE_NULL, SLICE_LIT("old")), ERR_OK);
    for (unsigned step = 1; step < 60; step++) {
        f = (struct failing){ .left = step };
        durable_set_hook(fail_once, &f);
        err_t err = set(mb, 2, SLICE_NULL, SLICE_LIT("a new one"));
        durable_set_hook(NULL, NULL);
        if (!f.failed)
            break;
        CU_ASSERT_STRING_EQUAL(get(mb, 2, SLICE_NULL), err ? "old" : "a new one");
        check_bytes(mb, err ? 3 : 9);
        enum mailbox_news news;
        CU_ASSERT_EQUAL(mailbox_refresh(mb, &news), ERR_OK);
        CU_ASSERT_EQUAL(set(mb, 2, SLICE_NULL, SLICE_LIT("old")), ERR_OK);
    }
    CU_ASSERT(!f.failed);
    stop(&s, &mb);
}

static void test_failures(void)
{
    run_failures("");
    run_failures("commit_sync: direct\n");
}

/* What goes along with a copy, and what an expunge and a repack leave. */
static void test_copy(void)
{
    const struct annot_copy own = { .of_user = true, .from = SLICE_LIT("bob"), .to = ANNOT_OWNER };
    const struct annot_copy shared = { .shared = true };
    struct mailbox *mb;
    struct store *s = start("expunge_mode: immediate\n", &mb);
    struct commit *c;
    uint32_t uid[2] = { 0 };

    CU_ASSERT_EQUAL(set(mb, 1, SLICE_NULL, SLICE_LIT("all")), ERR_OK);
    CU_ASSERT_EQUAL(set(mb, 1, SLICE_LIT("bob"), SLICE_LIT("bob's")), ERR_OK);
    CU_ASSERT_EQUAL(set(mb, 1, SLICE_LIT("eve"), SLICE_LIT("eve's")), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(commit_begin(mb, NULL, &c), ERR_OK);
    CU_ASSERT_EQUAL(commit_copy(c, mb, 1, 0, &uid[0]), ERR_OK);
    CU_ASSERT_EQUAL(commit_copy_annotations(c, uid[0], mb, 1, &own), ERR_OK);
    CU_ASSERT_EQUAL(commit_copy(c, mb, 1, 0, &uid[1]), ERR_OK);
    CU_ASSERT_EQUAL(commit_copy_annotations(c, uid[1], mb, 1, &shared), ERR_OK);
    CU_ASSERT_EQUAL(commit_expunge(c, 1), ERR_OK);
    CU_ASSERT_EQUAL(commit_end(&c), ERR_OK);
    CU_ASSERT_STRING_EQUAL(get(mb, uid[0], ANNOT_OWNER), "bob's");
    CU_ASSERT_STRING_EQUAL(get(mb, uid[0], SLICE_NULL), "-");
    CU_ASSERT_STRING_EQUAL(get(mb, uid[1], SLICE_NULL), "all");
    CU_ASSERT_STRING_EQUAL(get(mb, uid[1], SLICE_LIT("eve")), "-");
    check_bytes(mb, 8);
    CU_ASSERT_STRING_EQUAL(get(mb, 1, SLICE_LIT("eve")), "eve's");
    CU_ASSERT_EQUAL(repack_mailbox(mb, true, NULL), ERR_OK);
    CU_ASSERT_STRING_EQUAL(get(mb, 1, SLICE_LIT("eve")), "-");
    CU_ASSERT_STRING_EQUAL(get(mb, uid[1], SLICE_NULL), "all");
    check_bytes(mb, 8);
    stop(&s, &mb);
}

static void test_names(void)
{
    static const struct {
        const char *name;
        err_t form, set; /* may the shared value be set? */
        size_t nparts;
    } rows[] = {
        { "/comment", ERR_OK, ERR_OK, 0 },
        { "/altsubject", ERR_OK, ERR_OK, 0 },
        { "/COMMENT", ERR_OK, ERR_DENIED, 0 },
        { "/1/comment", ERR_OK, ERR_OK, 1 },
        { "/1.20.3/comment", ERR_OK, ERR_OK, 3 },
        { "/1/altsubject", ERR_OK, ERR_DENIED, 1 },
        { "/1/flags/seen", ERR_OK, ERR_SYNTAX, 1 },
        { "/1", ERR_OK, ERR_DENIED, 1 },
        { "/flags/seen", ERR_OK, ERR_DENIED, 0 },
        { "/vendor/x/y", ERR_OK, ERR_DENIED, 0 },
        { "/vendor/cmu/cyrus-imapd/thrid", ERR_OK, ERR_DENIED, 0 },
        { "/vendor/cmu/cyrus-imapd/snoozed", ERR_OK, ERR_OK, 0 },
        { "/0/comment", ERR_SYNTAX, 0, 0 },
        { "/1./comment", ERR_SYNTAX, 0, 0 },
        { "/1x/comment", ERR_SYNTAX, 0, 0 },
        { "/01/comment", ERR_SYNTAX, 0, 0 },
        { "/99999999999/comment", ERR_SYNTAX, 0, 0 },
        { "//comment", ERR_SYNTAX, 0, 0 },
        { "/comment/", ERR_SYNTAX, 0, 0 },
        { "comment", ERR_SYNTAX, 0, 0 },
        { "/com*ment", ERR_SYNTAX, 0, 0 },
        { "/", ERR_SYNTAX, 0, 0 },
        { "", ERR_SYNTAX, 0, 0 },
    };
    uint32_t parts[MSGANNOT_PARTS_MAX];
    size_t n;
    rights_t need;

    instance_conf("");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_CHECK_ROW(i, msgannot_name_check(slice_cstr(rows[i].name), parts, &n) == rows[i].form);
        if (rows[i].form)
            continue;
        CU_CHECK_ROW(i, n == rows[i].nparts);
        CU_CHECK_ROW(i, msgannot_may_set(slice_cstr(rows[i].name), ANNOT_SHARED, SLICE_LIT("yes"),
                                         &need) == rows[i].set);
    }
    CU_ASSERT_EQUAL(
        msgannot_may_set(SLICE_LIT("/1/flags/seen"), ANNOT_SHARED, SLICE_LIT("1"), &need), ERR_OK);
    instance_conf("annotation_allow_undefined: yes\n");
    CU_ASSERT_EQUAL(msgannot_may_set(SLICE_LIT("/vendor/x/y"), ANNOT_SHARED, SLICE_LIT("1"), &need),
                    ERR_OK);
    CU_ASSERT_EQUAL(msgannot_may_set(SLICE_LIT("/flags/seen"), ANNOT_SHARED, SLICE_LIT("1"), &need),
                    ERR_DENIED);
    conf_unload();
}

TEST_SUITE("commit_annot", { "set", test_set }, { "limits", test_limits },
           { "failures", test_failures }, { "copy", test_copy }, { "names", test_names })

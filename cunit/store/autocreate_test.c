/* autocreate_test.c - what a new user gets
 *
 * covers: SU-06 SU-07 SU-08 SU-09 SU-11 QU-26 DL-25
 */
#include "imap/store/mbops.h"

#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/annot.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/quota.h"
#include "imap/store/subs.h"

static err_t collect(void *arg, const struct mbentry *e)
{
    struct buf *out = arg;

    if (out->n)
        buf_addc(out, '|');
    buf_add_slice(out, buf_slice(&e->name));
    return ERR_OK;
}

static err_t collect_sub(void *arg, struct slice name)
{
    struct buf *out = arg;

    if (out->n)
        buf_addc(out, '|');
    buf_add_slice(out, name);
    return ERR_OK;
}

static void check_list(struct store *s, const char *top, const char *want)
{
    struct buf got = BUF_INIT;

    CU_ASSERT_EQUAL(mblist_foreach(s, slice_cstr(top), 0, collect, &got), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&got), want);
    buf_fini(&got);
}

static void check_subs(struct store *s, const char *userid, const char *want)
{
    struct buf got = BUF_INIT;

    CU_ASSERT_EQUAL(subs_foreach(s, slice_cstr(userid), collect_sub, &got), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&got), want);
    buf_fini(&got);
}

static bool has_use(struct store *s, const char *name, const char *use)
{
    struct mbentry e;
    bool found;

    mbentry_init(&e);
    CU_ASSERT_EQUAL(mblist_lookup(s, slice_cstr(name), &e), ERR_OK);
    found = annot_has_use(s, buf_slice(&e.uniqueid), slice_cstr(use));
    mbentry_fini(&e);
    return found;
}

static void check_acl(struct store *s, const char *name, const char *want)
{
    struct mbentry e;

    mbentry_init(&e);
    CU_ASSERT_EQUAL(mblist_lookup(s, slice_cstr(name), &e), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&e.acl), want);
    mbentry_fini(&e);
}

static void test_everything(void)
{
    const struct actor robot = { .is_system = true };
    const struct mbop_create news = { .name = SLICE_LIT("shared.news") };
    const struct mbop_create closed = { .name = SLICE_LIT("closed"),
                                        .acl = SLICE_LIT("bob\tlrs\t") };
    struct store *s =
        instance_open("autocreate_quota: 500\nautocreate_quota_messages: 7\n"
                      "autocreate_inbox_folders: Sent | Junk Mail|A.B|Entw\xc3\xbcrfe| |\n"
                      "autocreate_subscribe_folders: Sent|A.B\n"
                      "autocreate_acl: Sent anyone lrs \"Junk Mail\" bob lr\n"
                      "autocreate_subscribe_sharedfolders: shared.news | nope|closed\n"
                      "xlist-sent: Sent\nxlist-junk: Junk Mail\nxlist-drafts: "
                      "Entw\xc3\xbcrfe\nxlist-trash: Bin\n");
    struct quota_state q;

    CU_ASSERT_EQUAL(mbop_create(s, &robot, &news, NULL), ERR_OK);
    CU_ASSERT_EQUAL(mbop_create(s, &robot, &closed, NULL), ERR_OK);
    CU_ASSERT_EQUAL(mbop_autocreate(s, SLICE_LIT("nina"), false), ERR_OK);
    CU_ASSERT_EQUAL(mbop_autocreate(s, SLICE_LIT("nina"), false), ERR_EXISTS);
    check_list(s, "user.nina",
               "user.nina|user.nina.A|user.nina.A.B|user.nina.Entw&APw-rfe|user.nina.Junk Mail|"
               "user.nina.Sent");
    check_subs(s, "nina", "user.nina|user.nina.A.B|user.nina.Sent|shared.news");
    CU_ASSERT(has_use(s, "user.nina.Sent", "\\Sent"));
    CU_ASSERT(has_use(s, "user.nina.Junk Mail", "\\Junk"));
    CU_ASSERT(has_use(s, "user.nina.Entw&APw-rfe", "\\Drafts"));
    CU_ASSERT(!has_use(s, "user.nina.A", "\\Sent"));
    check_acl(s, "user.nina", "nina\tlrswipkxtecdan\t");
    check_acl(s, "user.nina.Sent", "nina\tlrswipkxtecdan\tanyone\tlrs\t");
    check_acl(s, "user.nina.Junk Mail", "nina\tlrswipkxtecdan\tbob\tlr\t");
    CU_ASSERT_EQUAL(quota_read(s, SLICE_LIT("user.nina"), &q), ERR_OK);
    CU_ASSERT_EQUAL(q.limit[QUOTA_STORAGE], 500 * 1024);
    CU_ASSERT_EQUAL(q.limit[QUOTA_MESSAGE], 7);
    CU_ASSERT_EQUAL(q.used[QUOTA_FOLDERS], 6);
    instance_close(&s);
}

/* The index header counts the value, for the quota; the entry says when it was changed. */
static void check_annotation_use(struct store *s, const struct mbentry *e, uint32_t want)
{
    struct index_head h;
    struct quota_state q;
    struct mbentry now;

    CU_ASSERT_EQUAL(mailbox_peek(s, e, &h), ERR_OK);
    CU_ASSERT_EQUAL(h.quota_annot_used, want);
    CU_ASSERT_EQUAL(quota_read(s, SLICE_LIT("user.nina"), &q), ERR_OK);
    CU_ASSERT_EQUAL(q.used[QUOTA_ANNOTATION], want);
    mbentry_init(&now);
    CU_ASSERT_EQUAL(mblist_lookup(s, buf_slice(&e->name), &now), ERR_OK);
    CU_ASSERT_EQUAL(now.foldermodseq, h.highestmodseq);
    mbentry_fini(&now);
}

/* The value as clients know it, whatever the option's case: 3.6.1 stores "\sent". */
static void test_use_spelling(void)
{
    struct store *s =
        instance_open("autocreate_quota: 1\nautocreate_inbox_folders: S\nxlist-SENT: S\n"
                      "specialuse_extra: \\XNotes\n");
    struct buf value = BUF_INIT;
    struct mbentry e;

    CU_ASSERT_EQUAL(mbop_autocreate(s, SLICE_LIT("nina"), false), ERR_OK);
    mbentry_init(&e);
    CU_ASSERT_EQUAL(mblist_lookup(s, SLICE_LIT("user.nina.S"), &e), ERR_OK);
    CU_ASSERT_EQUAL(annot_read(s, buf_slice(&e.uniqueid), ANNOT_SPECIALUSE, ANNOT_OWNER, &value),
                    ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&value), "\\Sent");
    check_annotation_use(s, &e, 5);
    CU_ASSERT_EQUAL(mbop_annotate(s, SLICE_LIT("user.nina.S"), ANNOT_SPECIALUSE, ANNOT_OWNER,
                                  SLICE_NULL),
                    ERR_OK);
    check_annotation_use(s, &e, 0);
    mbentry_fini(&e);
    buf_fini(&value);
    instance_close(&s);
}

static void test_conditions(void)
{
    static const struct {
        const char *conf, *userid;
        bool by_delivery;
        err_t want;
    } rows[] = {
        { "", "nina", false, ERR_UNSUPPORTED },
        { "autocreate_quota: 0", "nina", false, ERR_OK },
        { "autocreate_quota: 0", "nina", true, ERR_UNSUPPORTED },
        { "autocreate_post: yes", "nina", true, ERR_OK },
        { "autocreate_post: yes", "nina", false, ERR_UNSUPPORTED },
        { "autocreate_quota: 0", "admin", false, ERR_UNSUPPORTED },
        { "autocreate_quota: 0", "anonymous", false, ERR_UNSUPPORTED },
        { "autocreate_quota: 0", "", false, ERR_UNSUPPORTED },
        { "autocreate_quota: 0\nautocreate_users: bob ann", "nina", false, ERR_UNSUPPORTED },
        { "autocreate_quota: 0\nautocreate_users: bob nina", "nina", false, ERR_OK },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct store *s = instance_open(rows[i].conf);

        CU_CHECK_ROW(i, mbop_autocreate(s, slice_cstr(rows[i].userid), rows[i].by_delivery) ==
                            rows[i].want);
        check_list(s, "", rows[i].want ? "" : "user.nina");
        instance_close(&s);
    }
}

static void test_all_shared(void)
{
    const struct actor robot = { .is_system = true };
    const char *const names[] = { "shared", "shared.news", "user.bob" };
    struct store *s =
        instance_open("autocreate_quota: 0\nautocreate_subscribe_sharedfolders_all: yes\n"
                      "unixhierarchysep: yes\nautocreate_inbox_folders: x/y.z");

    for (size_t i = 0; i < 3; i++) {
        const struct mbop_create c = { .name = slice_cstr(names[i]),
                                       .acl = SLICE_LIT("anyone\tlrs\t") };

        CU_ASSERT_EQUAL(mbop_create(s, &robot, &c, NULL), ERR_OK);
    }
    CU_ASSERT_EQUAL(mbop_autocreate(s, SLICE_LIT("n.ina"), false), ERR_OK);
    check_list(s, "user.n^ina", "user.n^ina|user.n^ina.x|user.n^ina.x.y^z");
    check_subs(s, "n.ina", "user.n^ina|shared|shared.news");
    instance_close(&s);
}

TEST_SUITE("autocreate", { "everything", test_everything }, { "use_spelling", test_use_spelling },
           { "conditions", test_conditions }, { "all_shared", test_all_shared })

/* mbops_test.c - create, delete, rename and re-permit mailboxes
 *
 * covers: NS-07 NS-08 NS-29 NS-30 NS-31 NS-32 NS-34 AC-08 AC-09 AC-32 AC-33 AC-34 AC-35 AC-36 PT-02
 * covers: PT-03 PT-04 PT-05 PT-25 PT-26 QU-20 QU-27 SU-04 AD-10
 */
#include "imap/store/mbops.h"

#include "cunit/store/boxes.h"
#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/annot.h"
#include "imap/store/listener.h"
#include "imap/store/mailbox_files.h"
#include "imap/store/partition.h"
#include "imap/store/quota.h"
#include "imap/store/seen.h"
#include "imap/store/subs.h"
#include "imap/store/user.h"
#include "lib/base/clock.h"
#include "lib/os/file.h"

static const struct actor robot = { .is_system = true };

/* An actor for one call; the identity ends with who_done(). */
static struct actor who(const char *userid)
{
    struct ident *ident = ident_new(slice_cstr(userid));

    return (struct actor){ .ident = ident, .is_admin = ident_is_admin(ident) };
}

static void who_done(struct actor *a)
{
    struct ident *ident = (struct ident *)a->ident;

    ident_free(&ident);
}

static err_t create_as(struct store *s, const char *userid, const char *name, const char *partition)
{
    struct actor a = who(userid);
    const struct mbop_create c = { .name = slice_cstr(name), .partition = slice_cstr(partition) };
    err_t err = mbop_create(s, &a, &c, NULL);

    who_done(&a);
    return err;
}

static void create(struct store *s, const char *name)
{
    const struct mbop_create c = { .name = slice_cstr(name) };

    CU_ASSERT_EQUAL(mbop_create(s, &robot, &c, NULL), ERR_OK);
}

static err_t delete_as(struct store *s, const char *userid, const char *name)
{
    struct actor a = who(userid);
    err_t err = mbop_delete(s, &a, slice_cstr(name));

    who_done(&a);
    return err;
}

static void note_rename(void *arg, struct slice from, struct slice to)
{
    buf_addf(arg, "%.*s>%.*s ", SLICE_ARG(from), SLICE_ARG(to));
}

static struct buf renamed = BUF_INIT;

static err_t rename_as(struct store *s, const char *userid, const char *from, const char *to,
                       const char *partition)
{
    struct actor a = who(userid);
    err_t err;

    buf_reset(&renamed);
    err = mbop_rename(s, &a, slice_cstr(from), slice_cstr(to), slice_cstr(partition), note_rename,
                      &renamed);
    who_done(&a);
    return err;
}

static err_t acl_as(struct store *s, const char *userid, const char *name, const char *id,
                    enum acl_mode mode, const char *rights)
{
    struct actor a = who(userid);
    rights_t r;
    char bad;
    err_t err = acl_parse_rights(slice_cstr(rights), &r, &bad);

    if (!err)
        err = mbop_set_acl(s, &a, slice_cstr(name), slice_cstr(id), mode, r);
    who_done(&a);
    return err;
}

/* All names of the list, deleted ones with their time as "T". */
static err_t collect(void *arg, const struct mbentry *e)
{
    struct buf *out = arg;
    struct slice name = buf_slice(&e->name);

    if (out->n)
        buf_addc(out, ' ');
    if (slice_starts(name, SLICE_LIT("DELETED.")))
        name = slice_cut(name, 0, (size_t)slice_rfind(name, '.'));
    buf_add_slice(out, name);
    CU_ASSERT(mailbox_has_files(e));
    return ERR_OK;
}

static void check_list(struct store *s, const char *want)
{
    struct buf got = BUF_INIT;

    CU_ASSERT_EQUAL(mblist_foreach(s, SLICE_NULL, MBLIST_DELETED_TREE, collect, &got), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&got), want);
    buf_fini(&got);
}

static void lookup(struct store *s, const char *name, struct mbentry *e)
{
    mbentry_init(e);
    CU_ASSERT_EQUAL(mblist_lookup(s, slice_cstr(name), e), ERR_OK);
}

static void check_acl(struct store *s, const char *name, const char *want)
{
    struct header h;
    struct mbentry e;

    lookup(s, name, &e);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&e.acl), want);
    header_init(&h);
    CU_ASSERT_EQUAL(mailbox_peek_header(&e, &h), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&h.acl), want);
    header_fini(&h);
    mbentry_fini(&e);
}

/* ---- CREATE ---- */

static void test_create(void)
{
    static const struct {
        const char *userid, *name;
        err_t want;
    } rows[] = {
        { "admin", "user.bob", ERR_OK },
        { "admin", "user.bob", ERR_EXISTS },
        { "bob", "user.bob", ERR_EXISTS },
        { "ann", "user.bob", ERR_DENIED },      /* does not learn that it is there */
        { "ann", "user.ann", ERR_DENIED },
        { "bob", "user.bob.work", ERR_OK },
        { "bob", "user.bob.a.b.c", ERR_OK },
        { "bob", "user.ann.x", ERR_DENIED },
        { "bob", "top", ERR_DENIED },
        { "bob", "user.bob.a..b", ERR_BADNAME },
        { "bob", "user.bob.x*", ERR_BADNAME },
        { "admin", "user.carl.sub", ERR_DENIED },       /* no such user */
        { "admin", "top.a.b", ERR_OK },
        { "admin", "user", ERR_BADNAME },
        { "admin", "DELETED.x", ERR_BADNAME },
    };
    struct store *s = instance_open("");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_CHECK_ROW(i, create_as(s, rows[i].userid, rows[i].name, "") == rows[i].want);
    check_list(s,
               "top top.a top.a.b user.bob user.bob.a user.bob.a.b user.bob.a.b.c user.bob.work");
    check_acl(s, "user.bob", "bob\tlrswipkxtecdan\t");
    check_acl(s, "top", "anyone\tlrs\t");
    /* children have their parent's ACL; k there lets others create */
    CU_ASSERT_EQUAL(acl_as(s, "bob", "user.bob.work", "ann", ACL_MODE_SET, "lrk"), ERR_OK);
    CU_ASSERT_EQUAL(create_as(s, "ann", "user.bob.work.x", ""), ERR_OK);
    check_acl(s, "user.bob.work.x", "bob\tlrswipkxtecdan\tann\tlrkc\t");
    CU_ASSERT_EQUAL(create_as(s, "ann", "user.bob.other", ""), ERR_DENIED);
    instance_close(&s);
}

static void test_create_details(void)
{
    const struct mbop_create c = { .name = SLICE_LIT("user.bob.x"),
                                   .acl = SLICE_LIT("ann\tlr\t"),
                                   .uniqueid = SLICE_LIT("zzzzzzzzzzzzzzzzzzzzzzzz"),
                                   .uidvalidity = 77,
                                   .type = 'c' };
    struct store *s = instance_open("");
    struct buf id = BUF_INIT;
    struct mbentry e;

    create(s, "user.bob");
    CU_ASSERT_EQUAL(mbop_create(s, &robot, &c, &id), ERR_OK);
    CU_ASSERT(slice_eq(buf_slice(&id), c.uniqueid));
    lookup(s, "user.bob.x", &e);
    CU_ASSERT_EQUAL(e.uidvalidity, 77);
    CU_ASSERT_EQUAL(e.type, 'c');
    CU_ASSERT(slice_eq(buf_slice(&e.acl), c.acl));
    mbentry_fini(&e);
    buf_fini(&id);
    instance_close(&s);
}

static void check_partition(struct store *s, const char *name, const char *want)
{
    struct mbentry e;

    lookup(s, name, &e);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&e.partition), want);
    CU_ASSERT(mailbox_has_files(&e));
    mbentry_fini(&e);
}

static void test_partitions(void)
{
    struct store *s = instance_open("partition-two: @DIR@/cfg");

    CU_ASSERT_EQUAL(create_as(s, "admin", "user.bob", "two"), ERR_OK);
    CU_ASSERT_EQUAL(create_as(s, "bob", "user.bob.x", "default"), ERR_DENIED);
    CU_ASSERT_EQUAL(create_as(s, "admin", "user.ann", "nope"), ERR_UNSUPPORTED);
    CU_ASSERT_EQUAL(create_as(s, "bob", "user.bob.x", ""), ERR_OK);
    CU_ASSERT_EQUAL(create_as(s, "admin", "user.ann", ""), ERR_OK);
    check_partition(s, "user.bob.x", "two");
    check_partition(s, "user.ann", "default");
    /* RENAME without partition keeps it, with one moves the tree */
    CU_ASSERT_EQUAL(rename_as(s, "bob", "user.bob.x", "user.bob.y", ""), ERR_OK);
    check_partition(s, "user.bob.y", "two");
    CU_ASSERT_EQUAL(rename_as(s, "bob", "user.bob.y", "user.bob.y", "default"), ERR_DENIED);
    CU_ASSERT_EQUAL(rename_as(s, "admin", "user.bob", "user.bob", "two"), ERR_EXISTS);
    CU_ASSERT_EQUAL(rename_as(s, "admin", "user.bob", "user.bob", "nope"), ERR_UNSUPPORTED);
    CU_ASSERT_EQUAL(rename_as(s, "admin", "user.bob", "user.bob", ""), ERR_EXISTS);
    {
        struct mailbox *mb = box_open(s, "user.bob.y");

        CU_ASSERT_EQUAL(box_append_many(mb, 3), ERR_OK);
        mailbox_close(&mb);
    }
    CU_ASSERT_EQUAL(rename_as(s, "admin", "user.bob", "user.bob", "default"), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&renamed), "user.bob>user.bob user.bob.y>user.bob.y ");
    check_partition(s, "user.bob", "default");
    check_partition(s, "user.bob.y", "default");
    {
        struct mailbox *mb = box_open(s, "user.bob.y");
        struct slice text;

        CU_ASSERT_EQUAL(mailbox_head(mb)->exists, 3);
        CU_ASSERT_EQUAL(mailbox_message(mb, 2, &text), ERR_OK);
        mailbox_close(&mb);
    }
    instance_close(&s);
}

static void test_folder_quota(void)
{
    const int64_t limit[QUOTA_NRES] = { QUOTA_UNLIMITED, QUOTA_UNLIMITED, QUOTA_UNLIMITED, 2 };
    struct store *s = instance_open("");
    struct quota_state q;

    create(s, "user.bob");
    CU_ASSERT_EQUAL(quota_set_limits(s, SLICE_LIT("user.bob"), limit), ERR_OK);
    CU_ASSERT_EQUAL(create_as(s, "bob", "user.bob.a", ""), ERR_OK);
    CU_ASSERT_EQUAL(create_as(s, "bob", "user.bob.b", ""), ERR_OVERQUOTA);
    CU_ASSERT_EQUAL(delete_as(s, "bob", "user.bob.a"), ERR_OK);
    CU_ASSERT_EQUAL(create_as(s, "bob", "user.bob.b", ""), ERR_OK);
    CU_ASSERT_EQUAL(quota_read(s, SLICE_LIT("user.bob"), &q), ERR_OK);
    CU_ASSERT_EQUAL(q.used[QUOTA_FOLDERS], 2);
    instance_close(&s);
}

/* ---- DELETE ---- */

static void test_delete(void)
{
    static const struct {
        const char *userid, *name;
        err_t want;
    } rows[] = {
        { "bob", "user.bob.w", ERR_EXISTS },    /* has children */
        { "ann", "user.bob.w.x", ERR_NOTFOUND },
        { "bob", "user.bob.w.x", ERR_OK },
        { "bob", "user.bob.w.x", ERR_NOTFOUND },
        { "bob", "user.bob.w", ERR_OK },
        { "bob", "user.bob", ERR_UNSUPPORTED },
        { "admin", "user.bob.y", ERR_DENIED },  /* administrators need x too */
        { "bob", "shared", ERR_DENIED },
    };
    struct store *s = instance_open("");

    create(s, "user.bob");
    create(s, "user.bob.w.x");
    create(s, "user.bob.y");
    create(s, "shared");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_CHECK_ROW(i, delete_as(s, rows[i].userid, rows[i].name) == rows[i].want);
    check_list(s, "DELETED.user.bob.w DELETED.user.bob.w.x shared user.bob user.bob.y");
    instance_close(&s);
}

/* Deleting the same name twice within a second. */
static void test_delete_twice(void)
{
    struct store *s = instance_open("");
    struct mbentry a, b;

    clock_fake(0x6b0177b7);
    create(s, "user.bob");
    create(s, "user.bob.x");
    lookup(s, "user.bob.x", &a);
    CU_ASSERT_EQUAL(delete_as(s, "bob", "user.bob.x"), ERR_OK);
    create(s, "user.bob.x");
    lookup(s, "user.bob.x", &b);
    CU_ASSERT(b.uidvalidity > a.uidvalidity);
    CU_ASSERT(!slice_eq(buf_slice(&a.uniqueid), buf_slice(&b.uniqueid)));
    CU_ASSERT_EQUAL(delete_as(s, "bob", "user.bob.x"), ERR_OK);
    mbentry_fini(&a);
    mbentry_fini(&b);
    lookup(s, "DELETED.user.bob.x.6B0177B7", &a);
    lookup(s, "DELETED.user.bob.x.6B0177B8", &b);
    mbentry_fini(&a);
    mbentry_fini(&b);
    clock_fake(0);
    instance_close(&s);
}

static void test_delete_immediate(void)
{
    struct store *s = instance_open("delete_mode: immediate");
    struct buf dir = BUF_INIT;
    struct mbentry e, gone;
    struct quota_state q;
    const int64_t limit[QUOTA_NRES] = { 1 << 20, QUOTA_UNLIMITED, QUOTA_UNLIMITED,
                                        QUOTA_UNLIMITED };

    create(s, "user.bob");
    create(s, "user.bob.x");
    CU_ASSERT_EQUAL(quota_set_limits(s, SLICE_LIT("user.bob"), limit), ERR_OK);
    {
        struct mailbox *mb = box_open(s, "user.bob.x");

        CU_ASSERT_EQUAL(box_append_many(mb, 2), ERR_OK);
        mailbox_close(&mb);
    }
    lookup(s, "user.bob.x", &e);
    CU_ASSERT_EQUAL(annot_write(s, buf_slice(&e.uniqueid), "/comment", SLICE_NULL, SLICE_LIT("x")),
                    ERR_OK);
    CU_ASSERT_EQUAL(partition_dir(&e, FILE_MESSAGE, &dir), ERR_OK);
    CU_ASSERT(file_exists(buf_cstr(&dir)));
    CU_ASSERT_EQUAL(delete_as(s, "bob", "user.bob.x"), ERR_OK);
    CU_ASSERT(!file_exists(buf_cstr(&dir)));
    check_list(s, "user.bob");
    mbentry_init(&gone);
    CU_ASSERT_EQUAL(mblist_lookup_any(s, SLICE_LIT("user.bob.x"), &gone), ERR_OK);
    CU_ASSERT(gone.type & MBTYPE_DELETED);
    CU_ASSERT_EQUAL(gone.partition.n, 0);
    CU_ASSERT_EQUAL(annot_read(s, buf_slice(&e.uniqueid), "/comment", SLICE_NULL, &dir),
                    ERR_NOTFOUND);
    CU_ASSERT_EQUAL(quota_read(s, SLICE_LIT("user.bob"), &q), ERR_OK);
    CU_ASSERT_EQUAL(q.used[QUOTA_STORAGE], 0);
    CU_ASSERT_EQUAL(q.used[QUOTA_MESSAGE], 0);
    CU_ASSERT_EQUAL(q.used[QUOTA_FOLDERS], 1);
    mbentry_fini(&gone);
    mbentry_fini(&e);
    buf_fini(&dir);
    instance_close(&s);
}

/* A deleted mailbox is deleted for good, whatever the mode. */
static void test_delete_deleted(void)
{
    struct store *s = instance_open("");

    clock_fake(0x6b0177b7);
    create(s, "user.bob");
    create(s, "user.bob.x");
    CU_ASSERT_EQUAL(delete_as(s, "bob", "user.bob.x"), ERR_OK);
    CU_ASSERT_EQUAL(delete_as(s, "bob", "DELETED.user.bob.x.6B0177B7"), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(mbop_delete(s, &robot, SLICE_LIT("DELETED.user.bob.x.6B0177B7")), ERR_OK);
    check_list(s, "user.bob");
    clock_fake(0);
    instance_close(&s);
}

static void fill_user(struct store *s)
{
    const int64_t limit[QUOTA_NRES] = { 1 << 20, QUOTA_UNLIMITED, QUOTA_UNLIMITED,
                                        QUOTA_UNLIMITED };
    struct seen after;
    struct mailbox *mb;

    create(s, "user.carl");
    create(s, "user.carl.z");
    create(s, "user.carl.z.deep");
    create(s, "user.dan");
    CU_ASSERT_EQUAL(quota_set_limits(s, SLICE_LIT("user.carl"), limit), ERR_OK);
    CU_ASSERT_EQUAL(quota_set_limits(s, SLICE_LIT("user.carl.z"), limit), ERR_OK);
    CU_ASSERT_EQUAL(subs_add(s, SLICE_LIT("carl"), SLICE_LIT("user.carl.z")), ERR_OK);
    seen_init(&after);
    const struct seen_change change = { .last_uid = 4, .last_change = 1, .durable = true };

    CU_ASSERT_EQUAL(seen_update(s, SLICE_LIT("carl"), SLICE_LIT("someboxid"), &change, &after),
                    ERR_OK);
    seen_fini(&after);
    mb = box_open(s, "user.carl.z.deep");
    CU_ASSERT_EQUAL(box_append_many(mb, 2), ERR_OK);
    mailbox_close(&mb);
    store_session_end(s);
}

static void check_no_trace(struct store *s, const char *state_dir)
{
    struct quota_state q;

    CU_ASSERT(!file_exists(state_dir));
    CU_ASSERT(!subs_has(s, SLICE_LIT("carl"), SLICE_LIT("user.carl.z")));
    CU_ASSERT_EQUAL(quota_read(s, SLICE_LIT("user.carl"), &q), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(quota_read(s, SLICE_LIT("user.carl.z"), &q), ERR_NOTFOUND);
}

static void test_delete_user(void)
{
    static const char *const modes[] = {
        "", "delete_mode: immediate", "mailbox_legacy_dirs: yes",
        "mailbox_legacy_dirs: yes\ndelete_mode: immediate\nhashimapspool: yes"
    };

    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct store *s = instance_open(modes[i]);
        struct buf path = BUF_INIT, dir = BUF_INIT;

        fill_user(s);
        CU_CHECK_ROW(i, user_file(s, SLICE_LIT("carl"), "sub", &path) == ERR_OK);
        CU_CHECK_ROW(i, file_exists(buf_cstr(&path)));
        CU_CHECK_ROW(i, delete_as(s, "admin", "user.carl") == ERR_DENIED);
        CU_CHECK_ROW(i, acl_as(s, "admin", "user.carl", "admin", ACL_MODE_SET, "x") == ERR_OK);
        CU_CHECK_ROW(i, delete_as(s, "admin", "user.carl") == ERR_OK);
        check_list(
            s, i % 2 ? "user.dan"
                     : "DELETED.user.carl DELETED.user.carl.z DELETED.user.carl.z.deep user.dan");
        check_no_trace(s, buf_cstr(&path));
        CU_CHECK_ROW(i, create_as(s, "admin", "user.carl", "") == ERR_OK);
        CU_CHECK_ROW(i, create_as(s, "carl", "user.carl.z", "") == ERR_OK);
        buf_fini(&path);
        buf_fini(&dir);
        instance_close(&s);
    }
}

static void test_special_use(void)
{
    struct store *s = instance_open("");
    struct mbentry e;

    create(s, "user.bob");
    create(s, "user.bob.Trash");
    create(s, "user.bob.a");
    lookup(s, "user.bob.Trash", &e);
    CU_ASSERT_EQUAL(
        annot_write(s, buf_slice(&e.uniqueid), ANNOT_SPECIALUSE, ANNOT_OWNER, SLICE_LIT("\\trash")),
        ERR_OK);
    CU_ASSERT_EQUAL(delete_as(s, "bob", "user.bob.Trash"), ERR_INUSE);
    CU_ASSERT_EQUAL(rename_as(s, "bob", "user.bob.Trash", "user.bob.a.Trash", ""), ERR_INUSE);
    CU_ASSERT_EQUAL(rename_as(s, "bob", "user.bob.Trash", "user.bob.Bin", ""), ERR_OK);
    CU_ASSERT(annot_has_use(s, buf_slice(&e.uniqueid), SLICE_LIT("\\Trash")));
    mbentry_fini(&e);
    instance_close(&s);
}

/* ---- RENAME ---- */

static void test_rename_errors(void)
{
    static const struct {
        const char *userid, *from, *to, *partition;
        err_t want;
    } rows[] = {
        { "bob", "user.bob.none", "user.bob.x", "", ERR_NOTFOUND },
        { "bob", "user.ann", "user.bob.x", "", ERR_NOTFOUND },
        { "bob", "user.bob.a", "user.bob.b", "", ERR_EXISTS },
        { "bob", "user.bob.a", "user.bob.a", "", ERR_EXISTS },
        { "bob", "user.bob.a", "user.bob.a.q", "", ERR_BADNAME },
        { "bob", "user.bob.a", "user.bob.x..y", "", ERR_BADNAME },
        { "bob", "user.bob.a", "top", "", ERR_DENIED },
        { "bob", "user.bob.a", "user.ann.y", "", ERR_DENIED },
        { "bob", "user.bob.a", "user.bob", "", ERR_EXISTS },
        { "bob", "shared", "user.bob.s", "", ERR_DENIED },
        { "bob", "user.bob.a", "user.bob.c", "default", ERR_DENIED },
        { "admin", "user.bob", "top", "", ERR_UNSUPPORTED },
        { "admin", "user.bob", "user.eve", "", ERR_UNSUPPORTED },       /* allowusermoves is off */
        { "admin", "user.bob.a", "user.eve.a", "", ERR_DENIED },        /* no such user */
    };
    struct store *s = instance_open("");

    create(s, "user.bob");
    create(s, "user.bob.a");
    create(s, "user.bob.b");
    create(s, "user.ann");
    create(s, "shared");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_CHECK_ROW(i, rename_as(s, rows[i].userid, rows[i].from, rows[i].to, rows[i].partition) ==
                            rows[i].want);
    check_list(s, "shared user.ann user.bob user.bob.a user.bob.b");
    instance_close(&s);
}

static void check_messages(struct store *s, const char *name, uint32_t want)
{
    struct mailbox *mb = box_open(s, name);
    struct slice text;

    CU_ASSERT_EQUAL(mailbox_head(mb)->exists, want);
    for (uint32_t r = 1; r <= mailbox_nrecords(mb); r++) {
        if (!(mailbox_flags_at(mb, r) & FLAG_INT_EXPUNGED))
            CU_ASSERT_EQUAL(mailbox_message(mb, r, &text), ERR_OK);
    }
    CU_ASSERT(slice_eqs(mailbox_name(mb), name));
    mailbox_close(&mb);
}

static void test_rename_tree(void)
{
    static const char *const confs[] = { "", "mailbox_legacy_dirs: yes",
                                         "mailbox_legacy_dirs: yes\nhashimapspool: yes" };

    for (size_t i = 0; i < sizeof confs / sizeof *confs; i++) {
        struct store *s = instance_open(confs[i]);
        struct mbentry before, after;
        struct mailbox *mb;

        create(s, "user.bob");
        create(s, "user.bob.z.deep");
        mb = box_open(s, "user.bob.z.deep");
        CU_CHECK_ROW(i, box_append_many(mb, 3) == ERR_OK);
        mailbox_close(&mb);
        lookup(s, "user.bob.z.deep", &before);
        CU_CHECK_ROW(i, rename_as(s, "bob", "user.bob.z", "user.bob.n.y", "") == ERR_OK);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&renamed),
                                  "user.bob.z>user.bob.n.y user.bob.z.deep>user.bob.n.y.deep "));
        check_list(s, "user.bob user.bob.n user.bob.n.y user.bob.n.y.deep");
        lookup(s, "user.bob.n.y.deep", &after);
        CU_CHECK_ROW(i, slice_eq(buf_slice(&before.uniqueid), buf_slice(&after.uniqueid)));
        CU_CHECK_ROW(i, before.uidvalidity == after.uidvalidity);
        CU_CHECK_ROW(i, after.foldermodseq > before.foldermodseq);
        CU_CHECK_ROW(i, !(before.type & MBTYPE_LEGACY) || !mailbox_has_files(&before));
        check_messages(s, "user.bob.n.y.deep", 3);
        instance_reopen(&s);
        check_messages(s, "user.bob.n.y.deep", 3);
        mbentry_fini(&before);
        mbentry_fini(&after);
        instance_close(&s);
    }
}

/* (name, UIDVALIDITY) of another mailbox must not come back. */
static void test_rename_uidvalidity(void)
{
    struct store *s = instance_open("");
    struct mbentry a, b, c;

    clock_fake(5000);
    create(s, "user.bob");
    create(s, "user.bob.a");
    create(s, "user.bob.b");
    lookup(s, "user.bob.a", &a);
    lookup(s, "user.bob.b", &b);
    CU_ASSERT_EQUAL(a.uidvalidity, b.uidvalidity);
    CU_ASSERT_EQUAL(delete_as(s, "bob", "user.bob.a"), ERR_OK);
    CU_ASSERT_EQUAL(rename_as(s, "bob", "user.bob.b", "user.bob.a", ""), ERR_OK);
    lookup(s, "user.bob.a", &c);
    CU_ASSERT(c.uidvalidity > a.uidvalidity);
    {
        struct mailbox *mb = box_open(s, "user.bob.a");

        CU_ASSERT_EQUAL(mailbox_head(mb)->uidvalidity, c.uidvalidity);
        mailbox_close(&mb);
    }
    mbentry_fini(&a);
    mbentry_fini(&b);
    mbentry_fini(&c);
    clock_fake(0);
    instance_close(&s);
}

static void test_rename_quota(void)
{
    const int64_t plenty[QUOTA_NRES] = { 1 << 20, QUOTA_UNLIMITED, QUOTA_UNLIMITED,
                                         QUOTA_UNLIMITED };
    const int64_t little[QUOTA_NRES] = { QUOTA_UNLIMITED, 1, QUOTA_UNLIMITED, QUOTA_UNLIMITED };
    struct store *s = instance_open("");
    struct quota_state q;
    struct mailbox *mb;

    create(s, "user.bob");
    create(s, "user.bob.a");
    create(s, "shared");
    CU_ASSERT_EQUAL(acl_as(s, "admin", "shared", "bob", ACL_MODE_SET, "lrk"), ERR_OK);
    mb = box_open(s, "user.bob.a");
    CU_ASSERT_EQUAL(box_append_many(mb, 2), ERR_OK);
    mailbox_close(&mb);
    CU_ASSERT_EQUAL(quota_set_limits(s, SLICE_LIT("user.bob"), plenty), ERR_OK);
    CU_ASSERT_EQUAL(quota_set_limits(s, SLICE_LIT("shared"), little), ERR_OK);
    CU_ASSERT_EQUAL(rename_as(s, "bob", "user.bob.a", "shared.a", ""), ERR_OVERQUOTA);
    CU_ASSERT_EQUAL(quota_set_limits(s, SLICE_LIT("shared"), plenty), ERR_OK);
    CU_ASSERT_EQUAL(rename_as(s, "bob", "user.bob.a", "shared.a", ""), ERR_OK);
    CU_ASSERT_EQUAL(quota_read(s, SLICE_LIT("user.bob"), &q), ERR_OK);
    CU_ASSERT_EQUAL(q.used[QUOTA_MESSAGE], 0);
    CU_ASSERT_EQUAL(q.used[QUOTA_FOLDERS], 1);
    CU_ASSERT_EQUAL(quota_read(s, SLICE_LIT("shared"), &q), ERR_OK);
    CU_ASSERT_EQUAL(q.used[QUOTA_MESSAGE], 2);
    CU_ASSERT_EQUAL(q.used[QUOTA_FOLDERS], 2);
    /* further mail is charged there */
    mb = box_open(s, "shared.a");
    CU_ASSERT_EQUAL(box_append_many(mb, 1), ERR_OK);
    mailbox_close(&mb);
    CU_ASSERT_EQUAL(quota_read(s, SLICE_LIT("shared"), &q), ERR_OK);
    CU_ASSERT_EQUAL(q.used[QUOTA_MESSAGE], 3);
    instance_close(&s);
}

static void test_rename_user(void)
{
    static const char *const confs[] = { "allowusermoves: yes",
                                         "allowusermoves: yes\nmailbox_legacy_dirs: yes" };

    for (size_t i = 0; i < sizeof confs / sizeof *confs; i++) {
        struct store *s = instance_open(confs[i]);
        struct quota_state q;

        fill_user(s);
        CU_CHECK_ROW(i, acl_as(s, "carl", "user.carl.z", "dan", ACL_MODE_SET, "lr") == ERR_OK);
        CU_CHECK_ROW(i, rename_as(s, "admin", "user.carl", "user.dan", "") == ERR_EXISTS);
        CU_CHECK_ROW(i, rename_as(s, "admin", "user.carl", "user.eve", "") == ERR_OK);
        check_list(s, "user.dan user.eve user.eve.z user.eve.z.deep");
        check_acl(s, "user.eve", "eve\tlrswipkxtecdan\t");
        check_acl(s, "user.eve.z", "eve\tlrswipkxtecdan\tdan\tlr\t");
        CU_CHECK_ROW(i, subs_has(s, SLICE_LIT("eve"), SLICE_LIT("user.eve.z")));
        CU_CHECK_ROW(i, !subs_has(s, SLICE_LIT("carl"), SLICE_LIT("user.carl.z")));
        CU_CHECK_ROW(i, quota_read(s, SLICE_LIT("user.carl"), &q) == ERR_NOTFOUND);
        CU_CHECK_ROW(i, quota_read(s, SLICE_LIT("user.eve.z"), &q) == ERR_OK);
        CU_CHECK_ROW(i, q.used[QUOTA_MESSAGE] == 2 && q.used[QUOTA_FOLDERS] == 2);
        CU_CHECK_ROW(i, q.limit[QUOTA_STORAGE] == 1 << 20);
        check_messages(s, "user.eve.z.deep", 2);
        instance_close(&s);
    }
}

static void test_rename_inbox(void)
{
    struct store *s = instance_open("");
    struct mailbox *mb;

    create(s, "user.bob");
    create(s, "user.bob.child");
    mb = box_open(s, "user.bob");
    CU_ASSERT_EQUAL(box_append_many(mb, 3), ERR_OK);
    CU_ASSERT_EQUAL(box_set_flags(mb, 1, FLAG_FLAGGED | FLAG_SEEN, FLAG_FLAGGED | FLAG_SEEN),
                    ERR_OK);
    CU_ASSERT_EQUAL(box_expunge(mb, 2), ERR_OK);
    mailbox_close(&mb);
    CU_ASSERT_EQUAL(rename_as(s, "bob", "user.bob", "user.bob.old", ""), ERR_OK);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&renamed), "user.bob>user.bob.old ");
    check_list(s, "user.bob user.bob.child user.bob.old");
    check_messages(s, "user.bob", 0);
    check_messages(s, "user.bob.old", 2);
    mb = box_open(s, "user.bob.old");
    CU_ASSERT_EQUAL(mailbox_flags_at(mb, 1) & FLAG_SYSTEM_MASK, FLAG_FLAGGED | FLAG_SEEN);
    mailbox_close(&mb);
    CU_ASSERT_EQUAL(rename_as(s, "bob", "user.bob", "user.bob.old", ""), ERR_EXISTS);
    CU_ASSERT_EQUAL(rename_as(s, "bob", "user.bob", "top", ""), ERR_DENIED);
    /* an empty one too (3.6.1: "No matching messages") */
    CU_ASSERT_EQUAL(rename_as(s, "bob", "user.bob", "user.bob.empty", ""), ERR_OK);
    instance_close(&s);
}

/* Undelete: an administrator renames the deleted mailbox back. */
static void test_undelete(void)
{
    struct store *s = instance_open("");
    struct mailbox *mb;

    clock_fake(0x6b0177b7);
    create(s, "user.bob");
    create(s, "user.bob.x");
    mb = box_open(s, "user.bob.x");
    CU_ASSERT_EQUAL(box_append_many(mb, 2), ERR_OK);
    mailbox_close(&mb);
    CU_ASSERT_EQUAL(delete_as(s, "bob", "user.bob.x"), ERR_OK);
    CU_ASSERT_EQUAL(rename_as(s, "bob", "DELETED.user.bob.x.6B0177B7", "user.bob.y", ""),
                    ERR_NOTFOUND);
    CU_ASSERT_EQUAL(rename_as(s, "admin", "DELETED.user.bob.x.6B0177B7", "user.bob.y", ""), ERR_OK);
    check_messages(s, "user.bob.y", 2);
    check_acl(s, "user.bob.y", "bob\tlrswipkxtecdan\t");
    clock_fake(0);
    instance_close(&s);
}

/* ---- SETACL ---- */

static void test_set_acl(void)
{
    static const struct {
        const char *userid, *name, *id;
        enum acl_mode mode;
        const char *rights;
        err_t want;
        const char *acl;                        /* NULL: unchanged */
    } rows[] = {
        { "bob", "user.bob", "ann", ACL_MODE_SET, "lrs", ERR_OK,
          "bob\tlrswipkxtecdan\tann\tlrs\t" },
        { "bob", "user.bob", "ann", ACL_MODE_REMOVE, "s", ERR_OK,
          "bob\tlrswipkxtecdan\tann\tlr\t" },
        { "bob", "user.bob", "-ann", ACL_MODE_ADD, "r", ERR_OK,
          "bob\tlrswipkxtecdan\tann\tlr\t-ann\tr\t" },
        { "bob", "user.bob", "-ann", ACL_MODE_SET, "", ERR_OK, "bob\tlrswipkxtecdan\tann\tlr\t" },
        { "bob", "user.bob", "bob", ACL_MODE_SET, "", ERR_DENIED, NULL },
        { "bob", "user.bob", "bob", ACL_MODE_ADD, "i", ERR_DENIED, NULL },
        { "ann", "user.bob", "ann", ACL_MODE_SET, "a", ERR_DENIED, NULL },
        { "carl", "user.bob", "carl", ACL_MODE_SET, "a", ERR_NOTFOUND, NULL },
        { "bob", "user.none", "ann", ACL_MODE_SET, "l", ERR_NOTFOUND, NULL },
        { "bob", "user.bob", "", ACL_MODE_SET, "l", ERR_BADNAME, NULL },
        { "admin", "user.bob", "ann", ACL_MODE_SET, "", ERR_OK, "bob\tlrswipkxtecdan\t" },
        { "admin", "user.bob", "bob", ACL_MODE_SET, "", ERR_OK, "bob\tlkxcan\t" },
        { "admin", "user.bob", "admin", ACL_MODE_SET, "x", ERR_OK, "bob\tlkxcan\tadmin\txc\t" },
    };
    struct store *s = instance_open("");
    const char *acl = "bob\tlrswipkxtecdan\t";
    struct mbentry before, after;

    create(s, "user.bob");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lookup(s, "user.bob", &before);
        CU_CHECK_ROW(i, acl_as(s, rows[i].userid, rows[i].name, rows[i].id, rows[i].mode,
                               rows[i].rights) == rows[i].want);
        if (rows[i].acl)
            acl = rows[i].acl;
        check_acl(s, "user.bob", acl);
        lookup(s, "user.bob", &after);
        CU_CHECK_ROW(i, (after.foldermodseq > before.foldermodseq) == (rows[i].want == ERR_OK));
        mbentry_fini(&before);
        mbentry_fini(&after);
    }
    instance_close(&s);
}

static void test_set_acl_options(void)
{
    struct store *s = instance_open("anyoneuseracl: no");

    create(s, "user.bob");
    CU_ASSERT_EQUAL(acl_as(s, "bob", "user.bob", "anyone", ACL_MODE_SET, "l"), ERR_DENIED);
    CU_ASSERT_EQUAL(acl_as(s, "bob", "user.bob", "ann", ACL_MODE_SET, "l"), ERR_OK);
    CU_ASSERT_EQUAL(acl_as(s, "admin", "user.bob", "anyone", ACL_MODE_SET, "l"), ERR_OK);
    instance_close(&s);
    s = instance_open("allowsetacl: no");
    create(s, "user.bob");
    CU_ASSERT_EQUAL(acl_as(s, "bob", "user.bob", "ann", ACL_MODE_SET, "l"), ERR_UNSUPPORTED);
    CU_ASSERT_EQUAL(acl_as(s, "admin", "user.bob", "ann", ACL_MODE_SET, "l"), ERR_UNSUPPORTED);
    instance_close(&s);
}

/* ---- listeners ---- */

static void note_event(void *arg, const struct store_event *e)
{
    static const char *const names[] = {
        [EV_MAILBOX_CREATED] = "created",
        [EV_MAILBOX_DELETED] = "deleted",
        [EV_MAILBOX_RENAMED] = "renamed",
        [EV_ACL] = "acl",
    };

    if (e->kind == EV_MAILBOX_CREATED || e->kind == EV_MAILBOX_DELETED ||
        e->kind == EV_MAILBOX_RENAMED || e->kind == EV_ACL)
        buf_addf(arg, "%s %.*s;", names[e->kind], SLICE_ARG(e->mailbox));
}

static void test_events(void)
{
    struct store *s = instance_open("");
    struct buf got = BUF_INIT;

    store_listen(s, note_event, &got);
    create(s, "user.bob");
    create(s, "user.bob.a");
    CU_ASSERT_EQUAL(acl_as(s, "bob", "user.bob.a", "ann", ACL_MODE_SET, "l"), ERR_OK);
    CU_ASSERT_EQUAL(rename_as(s, "bob", "user.bob.a", "user.bob.b", ""), ERR_OK);
    CU_ASSERT_EQUAL(delete_as(s, "bob", "user.bob.b"), ERR_OK);
    CU_ASSERT_EQUAL(delete_as(s, "bob", "user.bob.b"), ERR_NOTFOUND);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&got), "created user.bob;created user.bob.a;acl user.bob.a;"
                                           "renamed user.bob.a;deleted user.bob.b;");
    buf_fini(&got);
    buf_fini(&renamed);
    instance_close(&s);
}

TEST_SUITE("mbops", { "create", test_create }, { "create_details", test_create_details },
           { "partitions", test_partitions }, { "folder_quota", test_folder_quota },
           { "delete", test_delete }, { "delete_twice", test_delete_twice },
           { "delete_immediate", test_delete_immediate }, { "delete_deleted", test_delete_deleted },
           { "delete_user", test_delete_user }, { "special_use", test_special_use },
           { "rename_errors", test_rename_errors }, { "rename_tree", test_rename_tree },
           { "rename_uidvalidity", test_rename_uidvalidity }, { "rename_quota", test_rename_quota },
           { "rename_user", test_rename_user }, { "rename_inbox", test_rename_inbox },
           { "undelete", test_undelete }, { "set_acl", test_set_acl },
           { "set_acl_options", test_set_acl_options }, { "events", test_events })

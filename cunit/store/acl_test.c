/* acl_test.c - rights text, changes, effective rights
 *
 * covers: AC-01 AC-14 AC-15 AC-16 AC-18 AC-19 AC-20 AC-21 AC-26 AC-27 AC-28 AC-29 AC-33 AC-34 AC-40
 * covers: NS-21 NS-22
 */
#include "imap/store/acl.h"

#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "lib/conf/conf.h"

/* What is stored when these letters are set: measured on 3.6.1. */
static void test_letters(void)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "k", "kc" }, { "x", "xc" }, { "e", "ed" }, { "t", "td" }, { "c", "kxc" }, { "d", "ted" },
        { "cd", "kxtecd" }, { "ke", "kecd" }, { "kx", "kxc" }, { "et", "ted" }, { "lrs", "lrs" },
        { "srl", "lrs" }, { "a", "a" }, { "n", "n" }, { "0", "0" }, { "9", "9" }, { "", "" },
        { "lrswipkxtecdan0123456789", "lrswipkxtecdan0123456789" },
    };
    struct buf out = BUF_INIT;
    rights_t r;
    char bad = 0;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_reset(&out);
        CU_CHECK_ROW(i, acl_parse_rights(slice_cstr(rows[i].in), &r, &bad) == ERR_OK);
        acl_rights_text(r, &out);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].out));
    }
    CU_ASSERT_EQUAL(acl_parse_rights(SLICE_LIT("lZ"), &r, &bad), ERR_SYNTAX);
    CU_ASSERT_EQUAL(bad, 'Z');
    CU_ASSERT_EQUAL(acl_parse_rights(SLICE_LIT("l l"), &r, &bad), ERR_SYNTAX);
    CU_ASSERT_EQUAL(bad, ' ');
    buf_fini(&out);
}

static void test_change(void)
{
    static const struct {
        const char *acl, *id;
        enum acl_mode mode;
        const char *rights, *want;
    } rows[] = {
        { "", "bob", ACL_MODE_SET, "lrs", "bob\tlrs\t" },
        { "bob\tlrs\t", "bob", ACL_MODE_SET, "w", "bob\tw\t" },
        { "bob\tlrs\t", "ann", ACL_MODE_SET, "l", "bob\tlrs\tann\tl\t" },
        { "bob\tlrs\tann\tl\t", "bob", ACL_MODE_SET, "", "ann\tl\t" },
        { "bob\tkxtecd\t", "bob", ACL_MODE_REMOVE, "d", "bob\tkxc\t" },
        { "bob\tkxtecd\t", "bob", ACL_MODE_REMOVE, "t", "bob\tkxecd\t" },
        { "bob\tkxtecd\t", "bob", ACL_MODE_REMOVE, "k", "bob\txtecd\t" },
        { "bob\tkxtecd\t", "bob", ACL_MODE_REMOVE, "c", "bob\tted\t" },
        { "bob\tkxtecd\t", "bob", ACL_MODE_ADD, "", "bob\tkxtecd\t" },
        { "bob\tl\t", "bob", ACL_MODE_ADD, "r", "bob\tlr\t" },
        { "bob\tlrs\t", "ann", ACL_MODE_ADD, "l", "bob\tlrs\tann\tl\t" },
        { "bob\tlrswe\t", "bob", ACL_MODE_ADD, "i", "bob\tlrswied\t" },
        { "bob\tl\t", "bob", ACL_MODE_REMOVE, "l", "" },
        { "bob\tl\t", "carl", ACL_MODE_REMOVE, "l", "bob\tl\t" },
        { "bob\tl\t", "-bob", ACL_MODE_SET, "w", "bob\tl\t-bob\tw\t" },
        { "bob\tl\t-bob\tw\t", "-bob", ACL_MODE_SET, "", "bob\tl\t" },
        { "bob\tl\t", "a b", ACL_MODE_SET, "l", "bob\tl\ta b\tl\t" },
        { "bob\tl\t", "group:adm", ACL_MODE_SET, "l", "bob\tl\tgroup:adm\tl\t" },
        { "bob\tl\tann\tl\tbob\tr\t", "bob", ACL_MODE_ADD, "s",
          "bob\tlrs\tann\tl\t" }, /* damaged: twice */
        { "bob\tl\tann", "bob", ACL_MODE_SET, "", "ann\t\t" },
    };
    struct buf acl = BUF_INIT;
    rights_t r;
    char bad;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_reset(&acl);
        buf_adds(&acl, rows[i].acl);
        CU_CHECK_ROW(i, acl_parse_rights(slice_cstr(rows[i].rights), &r, &bad) == ERR_OK);
        CU_CHECK_ROW(i, acl_change(&acl, slice_cstr(rows[i].id), rows[i].mode, r) == ERR_OK);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&acl), rows[i].want));
    }
    CU_ASSERT_EQUAL(acl_change(&acl, SLICE_LIT(""), ACL_MODE_SET, ACL_L), ERR_BADNAME);
    CU_ASSERT_EQUAL(acl_change(&acl, SLICE_LIT("-"), ACL_MODE_SET, ACL_L), ERR_BADNAME);
    CU_ASSERT_EQUAL(acl_change(&acl, SLICE_LIT("a\tb"), ACL_MODE_SET, ACL_L), ERR_BADNAME);
    buf_fini(&acl);
}

static rights_t rights_of(const char *acl, const char *userid)
{
    struct ident *who = *userid ? ident_new(slice_cstr(userid)) : ident_new_anonymous();
    rights_t r = acl_text_rights(slice_cstr(acl), who);

    ident_free(&who);
    return r;
}

static void check_text(size_t row, rights_t r, const char *want)
{
    struct buf text = BUF_INIT;

    acl_rights_text(r, &text);
    CU_CHECK_ROW(row, slice_eqs(buf_slice(&text), want));
    buf_fini(&text);
}

static void test_calculation(void)
{
    /* the overview's example, and corners */
    static const char example[] = "anyone\tlrsp\tfred\tlwi\t-anonymous\ts\t";
    static const struct {
        const char *acl, *userid, *want;        /* userid "": anonymous */
    } rows[] = {
        { example, "fred", "lrswip" },
        { example, "mary", "lrsp" },
        { example, "", "lrp" },
        { "fred\tlr\t-anyone\tr\t", "fred", "l" },
        { "-fred\tlr\tanyone\tlrs\t", "fred", "s" },
        { "fred\tlrs\t", "freda", "" },
        { "Fred\tlrs\t", "fred", "" },
        { "anonymous\tp\t", "", "p" },
        { "anonymous\tp\t", "fred", "" },
        { "fred\tlcd\t", "fred", "lkxtecd" },
        { "fred\tlQr\t", "fred", "lr" },            /* letter of another version */
        { "fred", "fred", "" },
        { "fred\tl", "fred", "l" },
        { "", "fred", "" },
        { "\t\t\t", "fred", "" },
    };

    instance_conf("");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_text(i, rights_of(rows[i].acl, rows[i].userid), rows[i].want);
    conf_unload();
}

static void test_effective(void)
{
    static const char virt[] = "virtdomains: userid\ndefaultdomain: defdomain";
    static const char cross[] = "virtdomains: userid\ndefaultdomain: defdomain\ncrossdomains: yes";
    static const struct {
        const char *conf, *name, *acl, *userid;
        bool admin;
        const char *want;
    } rows[] = {
        { "", "user.bob", "", "bob", false, "lkxcan" },
        { "", "user.bob.x", "bob\tr\t-bob\tlrkxa\t", "bob", false, "lkxcan" },
        { "implicit_owner_rights: la", "user.bob", "", "bob", false, "la" },
        { "", "user.bob", "", "ann", false, "" },
        { "", "user.bobby", "", "bob", false, "" },
        { "", "DELETED.user.bob.x.6B0177B7", "", "bob", false, "lkxcan" },
        { "", "user.bob", "bob\tlrswipkxtecdan\t", "admin", true, "la" },
        { "", "shared", "anyone\tlrs\t", "admin", true, "lrsa" },
        { "", "shared", "anyone\tlrs\t", "admin", false, "lrs" },
        { "", "shared", "anyone\tlrs\t", "", false, "lrs" },
        { "", "user.anonymous", "", "", false, "" },
        { "acl_admin_implies_write: yes", "shared", "bob\tla\t", "bob", false, "lwa" },
        { virt, "user.bob", "", "bob@defdomain", false, "lkxcan" },
        { virt, "dom.example!user.ann", "bob\tlr\t", "bob", false, "" },
        { virt, "dom.example!shared", "anyone\tlr\t", "bob", false, "" },
        { virt, "shared", "anyone\tlr\t", "ann@dom.example", false, "" },
        { virt, "dom.example!shared", "anyone\tlr\t", "ann@dom.example", false, "lr" },
        { virt, "shared", "anyone\tlr\t", "", false, "lr" },
        { virt, "dom.example!user.ann", "", "admin", true, "la" },
        { virt, "dom.example!user.ann", "", "admin@dom.example", true, "la" },
        { virt, "user.bob", "anyone\tlr\t", "admin@dom.example", true, "" },
        { cross, "dom.example!user.ann", "bob\tlr\t", "bob", false, "lr" },
        { cross, "shared", "anyone\tlr\t", "ann@dom.example", false, "lr" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ident *who;

        instance_conf(rows[i].conf);
        who = *rows[i].userid ? ident_new(slice_cstr(rows[i].userid)) : ident_new_anonymous();
        check_text(
            i, acl_effective(slice_cstr(rows[i].name), slice_cstr(rows[i].acl), who, rows[i].admin),
            rows[i].want);
        ident_free(&who);
    }
    conf_unload();
}

static void test_default(void)
{
    static const struct {
        const char *conf, *name, *want;
    } rows[] = {
        { "", "user.bob", "bob\tlrswipkxtecdan\t" },
        { "", "user.j^doe", "j.doe\tlrswipkxtecdan\t" },
        { "", "shared", "anyone\tlrs\t" },
        { "defaultacl: anyone lrsp bob all", "shared", "anyone\tlrsp\t" },
        { "defaultacl: anyone  lrs  -anonymous s", "shared", "anyone\tlrs\t-anonymous\ts\t" },
        { "virtdomains: userid", "dom.example!user.ann", "ann@dom.example\tlrswipkxtecdan\t" },
    };
    struct buf acl = BUF_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        instance_conf(rows[i].conf);
        acl_default(slice_cstr(rows[i].name), &acl);
        if (i != 3) /* "all" is no rights text: logged, the rest holds */
            CU_CHECK_ROW(i, slice_eqs(buf_slice(&acl), rows[i].want));
        else
            CU_CHECK_ROW(i, slice_starts(buf_slice(&acl), slice_cstr(rows[i].want)));
    }
    buf_fini(&acl);
    conf_unload();
}

static void test_same(void)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        { "", "", true },
        { "ann\tlrs\t", "ann\tlrs\t", true },
        { "ann\tlrs\tbob\tl\t", "bob\tl\tann\tslr\t", true },
        { "ann\tlrs\tbob\tl\t", "ann\tlrs\t", false },
        { "ann\tlrs\t", "ann\tlrs\tbob\tl\t", false },
        { "ann\tlrs\t", "ann\tlr\t", false },
        { "ann\tlrs\t", "-ann\tlrs\t", false },
        { "ann\tlrs\t", "", false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_CHECK_ROW(i, acl_same(slice_cstr(rows[i].a), slice_cstr(rows[i].b)) == rows[i].same);
}

TEST_SUITE("acl", { "letters", test_letters }, { "change", test_change },
           { "calculation", test_calculation }, { "effective", test_effective },
           { "default", test_default }, { "same", test_same })

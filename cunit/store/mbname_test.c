/* mbname_test.c - one mailbox name and its spellings
 *
 * covers: NS-01 NS-03 NS-04 NS-05 NS-18 NS-19 PT-25
 */
#include "imap/store/mbname.h"

#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "lib/conf/conf.h"

static void test_check_new(void)
{
    static const struct {
        const char *name;
        err_t want;
    } rows[] = {
        { "user.fred", ERR_OK },
        { "user.fred.Work", ERR_OK },
        { "user.fred.a b", ERR_OK },
        { "user.fred. lead", ERR_OK },
        { "user.fred.#news", ERR_OK },
        { "user.fred.$'(),-:=?@[]_~+", ERR_OK },
        { "user.fred.a^b", ERR_OK },
        { "user.fred.a&-b", ERR_OK },
        { "user.fred.&ZeVnLIqe-", ERR_OK },
        { "shared", ERR_OK },
        { "dom.example!user.ann", ERR_OK },
        { "users", ERR_OK },
        { "DELETEDx.y", ERR_OK },
        /* levels */
        { "", ERR_BADNAME },
        { "a..b", ERR_BADNAME },
        { ".a", ERR_BADNAME },
        { "a.", ERR_BADNAME },
        { "user", ERR_BADNAME },
        { "user.", ERR_BADNAME },
        { "dom.example!user", ERR_BADNAME },
        /* characters */
        { "user.fred.a\"b", ERR_BADNAME },
        { "user.fred.a%b", ERR_BADNAME },
        { "user.fred.a*b", ERR_BADNAME },
        { "user.fred.a/b", ERR_BADNAME },
        { "user.fred.a;b", ERR_BADNAME },
        { "user.fred.a<b", ERR_BADNAME },
        { "user.fred.a>b", ERR_BADNAME },
        { "user.fred.a\\b", ERR_BADNAME },
        { "user.fred.a`b", ERR_BADNAME },
        { "user.fred.a{b", ERR_BADNAME },
        { "user.fred.a|b", ERR_BADNAME },
        { "user.fred.a}b", ERR_BADNAME },
        { "user.fred.a\tb", ERR_BADNAME },
        { "user.fred.a\r\nb", ERR_BADNAME },
        { "user.fred.a\x7f", ERR_BADNAME },
        { "user.fred.caf\xc3\xa9", ERR_BADNAME },
        /* modified UTF-7 */
        { "user.fred.x&AGE-", ERR_BADNAME },
        { "user.fred.&abc", ERR_BADNAME },
        { "user.fred.&AAA-", ERR_BADNAME },
        { "user.fred.&AAc-", ERR_BADNAME },         /* BEL */
        { "user.fred.&AIU-", ERR_BADNAME },         /* C1 control */
        { "user.fred.&AC8-", ERR_BADNAME },         /* slash */
        { "user.fred.&2D0-", ERR_BADNAME },         /* half a surrogate pair */
        /* reserved */
        { "DELETED.user.x", ERR_BADNAME },
        { "DELETED", ERR_BADNAME },
        { "dom.example!DELETED.x", ERR_BADNAME },
        /* domains */
        { "!user.ann", ERR_BADNAME },
        { "a b!user.ann", ERR_BADNAME },
        { ".dom!user.ann", ERR_BADNAME },
        { "a!b!user.ann", ERR_BADNAME },
    };

    instance_conf("");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_CHECK_ROW(i, mbname_check_new(slice_cstr(rows[i].name)) == rows[i].want);
    conf_unload();
}

static void test_length(void)
{
    char name[MBNAME_MAX + 2];

    instance_conf("");
    memset(name, 'x', sizeof name);
    memcpy(name, "user.f.", 7);
    CU_ASSERT_EQUAL(mbname_check_new(slice_make(name, MBNAME_MAX)), ERR_OK);
    CU_ASSERT_EQUAL(mbname_check_new(slice_make(name, MBNAME_MAX + 1)), ERR_LIMIT);
    conf_unload();
}

static void test_database_name(void)
{
    static const struct {
        const char *internal, *stored;
    } rows[] = {
        { "user.fred", "user\x1f" "fred" },
        { "user.j^doe", "user\x1fj.doe" },
        { "dom.example!user.ann.Sub", "dom.example\x1duser\x1f" "ann\x1fSub" },
        { "dom.example!", "dom.example\x1d" },
        { "shared.a b", "shared\x1f" "a b" },
        { "", "" },
    };
    struct buf out = BUF_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mbname_to_db(slice_cstr(rows[i].internal), &out);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].stored));
        mbname_from_db(slice_cstr(rows[i].stored), &out);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].internal));
    }
    buf_fini(&out);
}

struct owner_row {
    const char *name, *owner;           /* owner NULL: nobody */
};

static void check_owners(const struct owner_row *rows, size_t n)
{
    struct buf out = BUF_INIT;

    for (size_t i = 0; i < n; i++) {
        struct slice name = slice_cstr(rows[i].name);

        CU_CHECK_ROW(i, mbname_owner(name, &out) == (rows[i].owner != NULL));
        if (rows[i].owner) {
            CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].owner));
            CU_CHECK_ROW(i, mbname_owned_by(name, slice_cstr(rows[i].owner)));
        }
        CU_CHECK_ROW(i, !mbname_owned_by(name, SLICE_LIT("")));
        CU_CHECK_ROW(i, !mbname_owned_by(name, SLICE_LIT("somebody")));
    }
    buf_fini(&out);
}

static void test_owner(void)
{
    static const struct owner_row rows[] = {
        { "user.fred", "fred" },
        { "user.fred.a.b", "fred" },
        { "user.j^doe.x", "j.doe" },
        { "DELETED.user.fred.6B0177B7", "fred" },
        { "DELETED.user.fred.Gone.6B0177B7", "fred" },
        { "DELETED.shared.6B0177B7", NULL },
        { "DELETED.user.fred", NULL },              /* the last level is no time */
        { "user", NULL },
        { "userx.fred", NULL },
        { "shared.user.fred", NULL },
        { "dom.example!user.ann.x", "ann@dom.example" },
        { "dom.example!shared", NULL },
    };

    instance_conf("virtdomains: userid\ndefaultdomain: def.example");
    check_owners(rows, sizeof rows / sizeof *rows);
    CU_ASSERT(!mbname_owned_by(SLICE_LIT("user.anna"), SLICE_LIT("ann")));
    CU_ASSERT(!mbname_owned_by(SLICE_LIT("dom.example!user.ann"), SLICE_LIT("ann")));
    CU_ASSERT(mbname_owned_by(SLICE_LIT("user.ann"), SLICE_LIT("ann@def.example")));
    conf_unload();
}

static void test_inbox(void)
{
    static const struct {
        bool virtual_domains;
        const char *userid, *inbox;
    } rows[] = {
        { false, "fred", "user.fred" },
        { false, "j.doe", "user.j^doe" },
        { false, "ann@dom.example", "user.ann@dom^example" },
        { true, "ann@dom.example", "dom.example!user.ann" },
        { true, "ann@def.example", "user.ann" },
        { true, "ann@DEF.example", "user.ann" },
        { true, "a@b@dom.example", "dom.example!user.a@b" },
        { true, "fred", "user.fred" },
    };
    struct buf out = BUF_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        instance_conf(rows[i].virtual_domains ? "virtdomains: userid\ndefaultdomain: def.example"
                                              : "");
        mbname_inbox(slice_cstr(rows[i].userid), &out);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].inbox));
        CU_CHECK_ROW(i, mbname_is_inbox(buf_slice(&out)));
    }
    CU_ASSERT(!mbname_is_inbox(SLICE_LIT("user.fred.x")));
    CU_ASSERT(!mbname_is_inbox(SLICE_LIT("user")));
    CU_ASSERT(!mbname_is_inbox(SLICE_LIT("user.")));
    CU_ASSERT(!mbname_is_inbox(SLICE_LIT("shared")));
    buf_fini(&out);
    conf_unload();
}

static void test_parts(void)
{
    static const struct {
        const char *name, *domain, *local, *parent, *last;
    } rows[] = {
        { "user.fred.x", "", "user.fred.x", "user.fred", "x" },
        { "shared", "", "shared", "", "shared" },
        { "dom!shared", "dom", "shared", "", "shared" },
        { "dom!user.a.b", "dom", "user.a.b", "dom!user.a", "b" },
        { "", "", "", "", "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice name = slice_cstr(rows[i].name);

        CU_CHECK_ROW(i, slice_eqs(mbname_domain(name), rows[i].domain));
        CU_CHECK_ROW(i, slice_eqs(mbname_local(name), rows[i].local));
        CU_CHECK_ROW(i, slice_eqs(mbname_parent(name), rows[i].parent));
        CU_CHECK_ROW(i, slice_eqs(mbname_last(name), rows[i].last));
    }
}

static void test_below(void)
{
    static const struct {
        const char *name, *ancestor;
        bool want;
    } rows[] = {
        { "user.fred.x", "user.fred", true },
        { "user.fred.x", "user", true },
        { "user.fred", "user.fred", false },
        { "user.freda", "user.fred", false },
        { "user.fred", "user.fred.x", false },
        { "dom!user.a", "dom!", true },
        { "dom!user.a", "", true },
        { "user.a", "", true },
        { "user.a", "dom!", false },
        { "user.bob.example!x", "user.bob", false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_CHECK_ROW(i, mbname_is_below(slice_cstr(rows[i].name), slice_cstr(rows[i].ancestor)) ==
                            rows[i].want);
}

static void test_deleted(void)
{
    static const struct {
        const char *name;
        bool want;
    } rows[] = {
        { "DELETED.user.fred.Gone.6B0177B7", true },
        { "DELETED.shared.6B0177B7", true },
        { "dom!DELETED.shared.6B0177B7", true },
        { "DELETED.6B0177B7", false },              /* two levels only */
        { "DELETED.shared.xyz", false },
        { "DELETED.shared.11112222333344445", false },
        { "deleted.shared.6B0177B7", false },
        { "user.fred.6B0177B7", false },
        { "DELETED", false },
    };
    struct buf out = BUF_INIT;

    instance_conf("");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CU_CHECK_ROW(i, mbname_is_deleted(slice_cstr(rows[i].name)) == rows[i].want);
    mbname_make_deleted(SLICE_LIT("user.fred.Gone"), 0x6b0177b7, &out);
    CU_ASSERT(slice_eqs(buf_slice(&out), "DELETED.user.fred.Gone.6B0177B7"));
    mbname_make_deleted(SLICE_LIT("dom!user.a"), 0xABC, &out);
    CU_ASSERT(slice_eqs(buf_slice(&out), "dom!DELETED.user.a.ABC"));
    buf_fini(&out);
    conf_unload();
}

TEST_SUITE("mbname", { "check_new", test_check_new }, { "length", test_length },
           { "database_name", test_database_name }, { "owner", test_owner },
           { "inbox", test_inbox }, { "parts", test_parts }, { "below", test_below },
           { "deleted", test_deleted })

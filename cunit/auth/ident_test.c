/* ident_test.c - names and groups
 * covers: AU-18 AU-23 AU-30
 */
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "cunit/auth/auth_test.h"
#include "cunit/test.h"
#include "lib/auth/ident.h"
#include "lib/conf/conf.h"

#define LONG64 "0123456789012345678901234567890123456789012345678901234567890123"

static const struct {
    const char *conf, *in;
    err_t err;
    const char *out;
} rows[] = {
    { "", "alice", ERR_OK, "alice" },
    { "", "Alice", ERR_OK, "alice" },
    { "", " alice ", ERR_OK, "alice" },
    { "", "a.b", ERR_OK, "a.b" },
    { "", "a+b", ERR_OK, "a+b" },
    { "", "a^b ~'!$-c", ERR_OK, "a^b ~'!$-c" },
    { "username_tolower: no\n", "Alice", ERR_OK, "Alice" },
    { "", "", ERR_BADNAME, NULL },
    { "", "   ", ERR_BADNAME, NULL },
    { "", "a/b", ERR_BADNAME, NULL },
    { "", "../x", ERR_BADNAME, NULL },
    { "", "..", ERR_BADNAME, NULL },
    { "", ".", ERR_BADNAME, NULL },
    { "", "a%b", ERR_BADNAME, NULL },
    { "", "a*b", ERR_BADNAME, NULL },
    { "", "a&b", ERR_BADNAME, NULL },
    { "", "a:b", ERR_BADNAME, NULL },
    { "", "a?b", ERR_BADNAME, NULL },
    { "", "group:x", ERR_BADNAME, NULL },
    { "", "a\tb", ERR_BADNAME, NULL },
    { "", "a\x01", ERR_BADNAME, NULL },
    { "", "a\x7f", ERR_BADNAME, NULL },
    { "", "a\xc3\xa4", ERR_BADNAME, NULL },
    { "", "anyone", ERR_BADNAME, NULL },
    { "", "Anonymous", ERR_BADNAME, NULL },
    { "", LONG64 LONG64 LONG64 LONG64, ERR_OK, LONG64 LONG64 LONG64 LONG64 },
    { "", LONG64 LONG64 LONG64 LONG64 "x", ERR_BADNAME, NULL },
    /* realms without virtual domains */
    { "", "alice@localhost", ERR_DENIED, NULL },
    { "loginrealms: example.org other.org\n", "alice@example.org", ERR_OK, "alice@example.org" },
    { "loginrealms: example.org other.org\n", "alice@EXAMPLE.org", ERR_OK, "alice@example.org" },
    { "loginrealms: example.org other.org\n", "zed@third.org", ERR_DENIED, NULL },
    { "loginrealms: example.org\n", "@example.org", ERR_BADNAME, NULL },
    { "loginrealms: example.org\n", "a@", ERR_BADNAME, NULL },
    { "loginrealms: c\n", "a@b@c", ERR_BADNAME, NULL },
    /* virtual domains */
    { "virtdomains: userid\ndefaultdomain: example.org\n", "alice", ERR_OK, "alice" },
    { "virtdomains: userid\ndefaultdomain: example.org\n", "alice@example.org", ERR_OK, "alice" },
    { "virtdomains: userid\ndefaultdomain: example.org\n", "alice@Other.ORG", ERR_OK, "alice@other.org" },
    { "virtdomains: userid\ndefaultdomain: example.org\n", "alice%other.org", ERR_OK, "alice@other.org" },
    { "virtdomains: userid\ndefaultdomain: example.org\n", "a%b@other.org", ERR_BADNAME, NULL },
    { "virtdomains: userid\nusername_tolower: no\n", "Alice@Other.ORG", ERR_OK, "Alice@other.org" },
    { "virtdomains: userid\nloginrealms: foo.org\n", "alice@foo.org", ERR_OK, "alice@foo.org" },
    { "virtdomains: userid\nloginrealms: foo.org\n", "alice@bar.org", ERR_DENIED, NULL },
    { "virtdomains: on\ndefaultdomain: example.org\n", "alice", ERR_OK, "alice@conn.org" },
    { "virtdomains: on\ndefaultdomain: conn.org\n", "alice", ERR_OK, "alice" },
    { "virtdomains: userid\ndefaultdomain: example.org\n", "bob", ERR_OK, "bob" },
};

static void test_canonify(void)
{
    struct buf out = BUF_INIT;

    ident_set_local_domain(SLICE_LIT("conn.org"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        auth_conf(rows[i].conf);
        err_t err = ident_canonify(slice_cstr(rows[i].in), &out);
        CU_CHECK_ROW(i, err == rows[i].err);
        if (err == ERR_OK)
            CU_CHECK_ROW(i, rows[i].out && slice_eqs(buf_slice(&out), rows[i].out));
    }
    CU_ASSERT_EQUAL(ident_canonify(slice_make("a\0b", 3), &out), ERR_BADNAME);
    ident_set_local_domain(SLICE_NULL);
    buf_fini(&out);
}

static void test_parts(void)
{
    CU_ASSERT(slice_eqs(ident_domain(SLICE_LIT("a@b.c")), "b.c"));
    CU_ASSERT(slice_eqs(ident_local(SLICE_LIT("a@b.c")), "a"));
    CU_ASSERT(slice_eqs(ident_domain(SLICE_LIT("a")), ""));
    CU_ASSERT(slice_eqs(ident_local(SLICE_LIT("a")), "a"));
}

static void test_matches(void)
{
    auth_conf("admins: root Admin@example.org group:nosuchgroup\n"
              "virtdomains: userid\ndefaultdomain: example.org\n");
    struct ident *id = ident_new(SLICE_LIT("alice")), *nobody = ident_new_anonymous();
    CU_ASSERT_EQUAL(ident_matches(id, SLICE_LIT("anyone")), 1);
    CU_ASSERT_EQUAL(ident_matches(id, SLICE_LIT("alice")), 3);
    CU_ASSERT_EQUAL(ident_matches(id, SLICE_LIT("bob")), 0);
    CU_ASSERT_EQUAL(ident_matches(id, SLICE_LIT("anonymous")), 0);
    CU_ASSERT_EQUAL(ident_matches(id, SLICE_LIT("group:nosuchgroup")), 0);
    CU_ASSERT_EQUAL(ident_matches(nobody, SLICE_LIT("anonymous")), 3);
    CU_ASSERT_EQUAL(ident_matches(nobody, SLICE_LIT("anyone")), 1);
    CU_ASSERT(ident_is_anonymous(nobody) && !ident_is_anonymous(id));
    CU_ASSERT_FALSE(ident_is_admin(id));
    CU_ASSERT_FALSE(ident_is_admin(nobody));
    struct ident *admin = ident_new(SLICE_LIT("admin"));    /* by its long name in the option */
    CU_ASSERT(ident_is_admin(admin));
    CU_ASSERT(ident_in_words(admin, "x admin"));
    CU_ASSERT_FALSE(ident_in_words(admin, "anyone"));
    CU_ASSERT_FALSE(ident_in_words(admin, NULL));
    ident_free(&id);
    ident_free(&nobody);
    ident_free(&admin);
    ident_free(&admin);
}

/* The account that runs the tests is in its own primary group. */
static void test_groups(void)
{
    struct passwd *pw = getpwuid(getuid());
    struct group *gr = pw ? getgrgid(pw->pw_gid) : NULL;
    char identifier[300];

    if (!gr)
        return;                                 /* a machine without this account has no groups */
    snprintf(identifier, sizeof identifier, "group:%s", gr->gr_name);
    auth_conf("");
    struct ident *id = ident_new(slice_cstr(pw->pw_name));
    CU_ASSERT_EQUAL(ident_matches(id, slice_cstr(identifier)), 2);
    CU_ASSERT(ident_in_words(id, identifier));
    ident_free(&id);
    auth_conf("unix_group_enable: no\n");
    id = ident_new(slice_cstr(pw->pw_name));
    CU_ASSERT_EQUAL(ident_matches(id, slice_cstr(identifier)), 0);
    ident_free(&id);
}

static void test_absent_modules(void)
{
    struct buf why = BUF_INIT;

    auth_conf("auth_mech: unix\n");
    CU_ASSERT_EQUAL(ident_start(&why), ERR_OK);
    auth_conf("auth_mech: pts\n");
    CU_ASSERT_EQUAL(ident_start(&why), ERR_UNSUPPORTED);
    CU_ASSERT(strstr(buf_cstr(&why), "auth_mech: pts") != NULL);
    auth_conf("auth_mech: krb\n");
    CU_ASSERT_EQUAL(ident_start(&why), ERR_UNSUPPORTED);
    auth_conf("auth_mech: krb5\n");
    CU_ASSERT_EQUAL(ident_start(&why), ERR_UNSUPPORTED);
    buf_fini(&why);
}

TEST_SUITE("ident", { "canonify", test_canonify }, { "parts", test_parts },
           { "matches", test_matches }, { "groups", test_groups },
           { "absent modules", test_absent_modules })

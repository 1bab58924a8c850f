/* namespace_test.c - what users see of the names; the rows were measured on Cyrus 3.6.1 where it is
 * not said otherwise
 *
 * covers: NS-02 NS-06 NS-10 NS-11 NS-12 NS-13 NS-14 NS-15 NS-16 NS-17 NS-19 NS-21 NS-22 NS-23 NS-24
 */
#include "imap/store/namespace.h"

#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "lib/conf/conf.h"

#define VIRT "virtdomains: userid\ndefaultdomain: defdomain\n"
#define UNIX "unixhierarchysep: yes\n"
#define ALT "altnamespace: yes\n"
#define CROSS "crossdomains: yes\n"

/* ---- there and back ---- */

static const struct {
    const char *conf, *userid;
    bool admin;
    const char *internal, *external;            /* external NULL: has no name for this user */
} both_ways[] = {
    /* standard */
    { "", "bob", false, "user.bob", "INBOX" },
    { "", "bob", false, "user.bob.work", "INBOX.work" },
    { "", "bob", false, "user.bob.INBOX", "INBOX.INBOX" },
    { "", "bob", false, "user.bob.inbox", "INBOX.inbox" },
    { "", "bob", false, "user.bob.user", "INBOX.user" },
    { "", "bob", false, "user.ann", "user.ann" },
    { "", "bob", false, "user.bobby.x", "user.bobby.x" },
    { "", "bob", false, "shared.news", "shared.news" },
    { "", "bob", false, "user.j^doe", "user.j^doe" },
    { "", "j.doe", false, "user.j^doe.x", "INBOX.x" },
    { "", "bob", false, "DELETED.user.bob.x.6B0177B7", NULL },
    { "", "", false, "user.bob", "user.bob" },
    { "", "", false, "shared", "shared" },
    /* unix separator */
    { UNIX, "bob", false, "user.bob.work", "INBOX/work" },
    { UNIX, "bob", false, "user.bob.v1^2", "INBOX/v1.2" },
    { UNIX, "bob", false, "user.k^doe", "user/k.doe" },
    { UNIX, "bob", false, "shared.news", "shared/news" },
    /* alternate */
    { ALT, "bob", false, "user.bob", "INBOX" },
    { ALT, "bob", false, "user.bob.work", "work" },
    { ALT, "bob", false, "user.bob.user", "user" },
    { ALT, "bob", false, "user.ann.sub", "Other Users.ann.sub" },
    { ALT, "bob", false, "shared.news", "Shared Folders.shared.news" },
    { ALT UNIX, "bob", false, "user.bob.INBOX", "Alt Folders/INBOX" },
    { ALT UNIX, "bob", false, "user.bob.inbox", "Alt Folders/inbox" },
    { ALT UNIX, "bob", false, "user.bob.INBOX.sub", "INBOX/sub" },
    { ALT UNIX, "bob", false, "user.bob.INBOXx", "INBOXx" },
    { ALT UNIX, "bob", false, "user.ann", "Other Users/ann" },
    { ALT UNIX, "bob", false, "shared", "Shared Folders/shared" },
    { ALT UNIX, "bob", false, "user.bob.a^b", "a.b" },
    /* 3.6.1 shows these under a name that it then reads as another */
    { ALT UNIX, "bob", false, "user.bob.InBoX.sub", "Alt Folders/InBoX/sub" },
    { ALT UNIX, "bob", false, "user.bob.Other Users", "Alt Folders/Other Users" },
    { ALT UNIX, "bob", false, "user.bob.Shared Folders.x", "Alt Folders/Shared Folders/x" },
    { ALT UNIX, "bob", false, "user.bob.Alt Folders.y", "Alt Folders/Alt Folders/y" },
    /* other prefixes */
    { ALT UNIX "userprefix: People\nsharedprefix: Team\naltprefix: Else", "bob", false,
      "user.ann.x", "People/ann/x" },
    { ALT UNIX "userprefix: People\nsharedprefix: Team\naltprefix: Else", "bob", false, "news",
      "Team/news" },
    { ALT UNIX "userprefix: People\nsharedprefix: Team\naltprefix: Else", "bob", false,
      "user.bob.inbox", "Else/inbox" },
    /* administrators: the standard form whatever altnamespace says */
    { ALT UNIX, "admin", true, "user.bob.INBOX", "user/bob/INBOX" },
    { ALT, "admin", true, "user.bob", "user.bob" },
    { "", "admin", true, "user.admin.own", "user.admin.own" },
    { "", "admin", true, "DELETED.user.bob.x.6B0177B7", "DELETED.user.bob.x.6B0177B7" },
    /* virtual domains */
    { VIRT, "ann@dom.example", false, "dom.example!user.ann.sub", "INBOX.sub" },
    { VIRT, "ann@dom.example", false, "dom.example!user.eve", "user.eve" },
    { VIRT, "ann@dom.example", false, "dom.example!common", "common" },
    { VIRT, "ann@dom.example", false, "user.bob", NULL },
    { VIRT, "ann@dom.example", false, "shared", NULL },
    { VIRT, "zed@defdomain", false, "user.zed", "INBOX" },
    { VIRT, "zed@defdomain", false, "shared", "shared" },
    { VIRT, "bob", false, "dom.example!user.ann", NULL },
    { VIRT, "bob", false, "user.bob.a@b", "INBOX.a@b" },
    { VIRT, "admin", true, "dom.example!user.ann.sub", "user.ann.sub@dom.example" },
    { VIRT, "admin", true, "dom.example!common", "common@dom.example" },
    { VIRT, "admin", true, "user.bob", "user.bob" },
    { VIRT UNIX, "admin", true, "dom.example!user.ann.sub", "user/ann/sub@dom.example" },
    { VIRT, "admin", true, "user.bob.a@b", "user.bob.a@b@defdomain" }, /* ours: to be read back */
    { VIRT, "admin@dom.example", true, "dom.example!user.ann", "user.ann@dom.example" },
    /* ours: a domain's administrator sees that domain (3.6.1 shows everything) */
    { VIRT, "admin@dom.example", true, "user.bob", NULL },
    { VIRT, "admin@dom.example", true, "other.example!user.x", NULL },
    /* crossing domains */
    { VIRT CROSS, "bob", false, "dom.example!user.eve", "user.eve@dom^example" },
    { VIRT CROSS, "bob", false, "user.ann.sub", "user.ann@defdomain.sub" },
    { VIRT CROSS, "bob", false, "dom.example!common", NULL },
    { VIRT CROSS, "bob", false, "shared", "shared" },
    { VIRT CROSS ALT UNIX, "bob", false, "dom.example!user.ann", "Other Users/ann@dom.example" },
    { VIRT CROSS ALT UNIX, "bob", false, "user.ann.sub", "Other Users/ann@defdomain/sub" },
    { VIRT CROSS ALT UNIX, "bob", false, "dom.example!common.x",
      "Shared Folders/common@dom.example/x" },
    { VIRT CROSS ALT UNIX, "eve@dom.example", false, "dom.example!user.ann",
      "Other Users/ann@dom.example" },
    { VIRT CROSS "crossdomains_onlyother: yes", "bob", false, "user.ann", "user.ann" },
    { VIRT CROSS "crossdomains_onlyother: yes", "bob", false, "dom.example!user.ann",
      "user.ann@dom^example" },
    { VIRT CROSS "crossdomains_onlyother: yes", "eve@dom.example", false, "user.ann",
      "user.ann@defdomain" },
};

static void test_both_ways(void)
{
    struct buf out = BUF_INIT;

    for (size_t i = 0; i < sizeof both_ways / sizeof *both_ways; i++) {
        const char *external = both_ways[i].external;
        struct namespace *ns;

        instance_conf(both_ways[i].conf);
        ns = namespace_new(slice_cstr(both_ways[i].userid), both_ways[i].admin);
        namespace_to_external(ns, slice_cstr(both_ways[i].internal), &out);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), external ? external : ""));
        if (external) {
            CU_CHECK_ROW(i, namespace_to_internal(ns, slice_cstr(external), &out) == ERR_OK);
            CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), both_ways[i].internal));
        }
        namespace_free(&ns);
    }
    buf_fini(&out);
    conf_unload();
}

/* ---- in only ---- */

static const struct {
    const char *conf, *userid;
    bool admin;
    const char *external, *internal;            /* NULL: refused */
} inward[] = {
    { "", "bob", false, "inbox", "user.bob" },
    { "", "bob", false, "InBox.work", "user.bob.work" },
    { "", "bob", false, "user.bob", "user.bob" },
    { "", "bob", false, "user.bob.work", "user.bob.work" },
    { "", "bob", false, "User.ann", "User.ann" },
    { "", "bob", false, "user.caf\xc3\xa9", "user.caf\xc3\xa9" },
    { "", "bob", false, "INBOX.a*b", "user.bob.a*b" },
    { "", "bob", false, "", NULL },
    { "", "bob", false, ".", NULL },
    { "", "bob", false, "INBOX..work", NULL },
    { "", "bob", false, ".shared", NULL },
    { "", "bob", false, "shared.", NULL },
    { "", "bob", false, "user", NULL },
    { "", "bob", false, "INBOX.a/b", NULL },
    { "", "bob", false, "INBOX.a!b", NULL },
    { "", "bob", false, "dom.example!user.eve", NULL },
    { "", "bob", false, "INBOX.a\tb", NULL },
    { "", "bob", false, "DELETED.user.bob.x.6B0177B7", NULL },
    { "", "", false, "INBOX", NULL },
    { UNIX, "bob", false, "INBOX/a^b", NULL },
    { UNIX, "bob", false, "a//b", NULL },
    { ALT UNIX, "bob", false, "INBOX/work", "user.bob.INBOX.work" },
    { ALT UNIX, "bob", false, "inbox/sub2", "user.bob.INBOX.sub2" },
    { ALT UNIX, "bob", false, "Alt Folders/work", "user.bob.work" },
    { ALT UNIX, "bob", false, "Other Users/bob/work", "user.bob.work" },
    { ALT UNIX, "bob", false, "other users/ann", "user.bob.other users.ann" },
    { ALT UNIX, "bob", false, "user/bob/q", "user.bob.user.bob.q" },
    { ALT UNIX, "bob", false, "Other Usersx", "user.bob.Other Usersx" },
    { ALT UNIX, "bob", false, "Other Users", NULL },
    { ALT UNIX, "bob", false, "Shared Folders", NULL },
    { ALT UNIX, "bob", false, "Alt Folders", NULL },
    { ALT UNIX, "bob", false, "Shared Folders/user/ann", NULL },
    { ALT UNIX, "bob", false, "Shared Folders/DELETED/x", NULL },
    { ALT UNIX, "", false, "work", NULL },
    { "", "admin", true, "INBOX", "user.admin" },
    { "", "admin", true, "inbox.own", "user.admin.own" },
    { ALT UNIX, "admin", true, "own", "own" },
    { VIRT, "bob", false, "user.ann@dom.example", "user.ann@dom.example" },
    { VIRT, "admin", true, "user.ann@defdomain", "user.ann" },
    { VIRT, "admin", true, "user.ann@Dom.Example", "dom.example!user.ann" },
    { VIRT, "admin", true, "INBOX@dom.example", "dom.example!INBOX" },
    { VIRT, "admin", true, "user.bad@a b", NULL },
    { VIRT, "admin", true, "user.bad@", NULL },
    { VIRT, "admin", true, "@dom.example", NULL },
    { VIRT, "admin@dom.example", true, "user.ann", "dom.example!user.ann" },
    { VIRT, "admin@dom.example", true, "user.bob@defdomain", NULL },
    { VIRT, "admin@dom.example", true, "user.x@other.example", NULL },
    { VIRT CROSS, "bob", false, "user.ann", "user.ann" },
    { VIRT CROSS, "ann@dom.example", false, "user.bob@defdomain", "user.bob" },
    { VIRT CROSS ALT UNIX, "bob", false, "Shared Folders/shared", "shared" },
    { VIRT CROSS ALT UNIX, "bob", false, "Other Users/bob@defdomain/work", "user.bob.work" },
    { VIRT CROSS ALT UNIX, "bob", false, "Other Users/@dom.example", NULL },
    { VIRT CROSS ALT UNIX, "bob", false, "Other Users/ann@", NULL },
};

static void test_inward(void)
{
    struct buf out = BUF_INIT;

    for (size_t i = 0; i < sizeof inward / sizeof *inward; i++) {
        struct namespace *ns;
        err_t err;

        instance_conf(inward[i].conf);
        ns = namespace_new(slice_cstr(inward[i].userid), inward[i].admin);
        err = namespace_to_internal(ns, slice_cstr(inward[i].external), &out);
        CU_CHECK_ROW(i, err == (inward[i].internal ? ERR_OK : ERR_BADNAME));
        if (inward[i].internal)
            CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), inward[i].internal));
        namespace_free(&ns);
    }
    buf_fini(&out);
    conf_unload();
}

/* ---- NAMESPACE ---- */

static void test_describe(void)
{
    static const struct {
        const char *conf, *userid;
        bool admin;
        char sep;
        const char *personal, *other, *shared;  /* NULL: NIL */
    } rows[] = {
        { "", "bob", false, '.', "INBOX.", "user.", "" },
        { "", "admin", true, '.', "INBOX.", "user.", "" },
        { UNIX, "bob", false, '/', "INBOX/", "user/", "" },
        { ALT, "bob", false, '.', "", "Other Users.", "Shared Folders." },
        { ALT UNIX, "bob", false, '/', "", "Other Users/", "Shared Folders/" },
        { ALT UNIX, "admin", true, '/', "INBOX/", "user/", "" },
        { "", "", false, '.', NULL, "user.", "" },
        { "disable_user_namespace: yes", "bob", false, '.', "INBOX.", NULL, "" },
        { "disable_shared_namespace: yes", "bob", false, '.', "INBOX.", "user.", NULL },
        { "disable_user_namespace: yes", "admin", true, '.', "INBOX.", "user.", "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct namespace_view v;
        struct namespace *ns;

        instance_conf(rows[i].conf);
        ns = namespace_new(slice_cstr(rows[i].userid), rows[i].admin);
        namespace_describe(ns, &v);
        CU_CHECK_ROW(i, namespace_sep(ns) == rows[i].sep);
        CU_CHECK_ROW(i, v.has_personal == (rows[i].personal != NULL));
        CU_CHECK_ROW(i, !rows[i].personal || slice_eqs(v.personal, rows[i].personal));
        CU_CHECK_ROW(i, v.has_other == (rows[i].other != NULL));
        CU_CHECK_ROW(i, !rows[i].other || slice_eqs(v.other, rows[i].other));
        CU_CHECK_ROW(i, v.has_shared == (rows[i].shared != NULL));
        CU_CHECK_ROW(i, !rows[i].shared || slice_eqs(v.shared, rows[i].shared));
        namespace_free(&ns);
    }
    conf_unload();
}

static void test_hides(void)
{
    struct namespace *ns;

    instance_conf("disable_user_namespace: yes");
    ns = namespace_new(SLICE_LIT("bob"), false);
    CU_ASSERT(!namespace_hides(ns, SLICE_LIT("user.bob.x")));
    CU_ASSERT(namespace_hides(ns, SLICE_LIT("user.ann")));
    CU_ASSERT(!namespace_hides(ns, SLICE_LIT("shared")));
    namespace_free(&ns);
    instance_conf("disable_shared_namespace: yes");
    ns = namespace_new(SLICE_LIT("bob"), false);
    CU_ASSERT(!namespace_hides(ns, SLICE_LIT("user.ann")));
    CU_ASSERT(namespace_hides(ns, SLICE_LIT("shared")));
    namespace_free(&ns);
    ns = namespace_new(SLICE_LIT("admin"), true);
    CU_ASSERT(!namespace_hides(ns, SLICE_LIT("shared")));
    namespace_free(&ns);
    conf_unload();
}

/* ---- LIST ---- */

static void test_pattern(void)
{
    static const struct {
        const char *reference, *pattern, *want;
    } rows[] = {
        { "cmu.", ".comp.x", "cmu.comp.x" },
        { "cmu", ".comp.x", "cmu.comp.x" },
        { "cmu.", "comp.x", "cmu.comp.x" },
        { "cmu", "comp.x", "cmucomp.x" },
        { "INBOX.", "%", "INBOX.%" },
        { "", "*", "*" },
        { "", ".comp", ".comp" },
        { "cmu.", "", "cmu." },
    };
    struct buf out = BUF_INIT;
    struct namespace *ns;

    instance_conf("");
    ns = namespace_new(SLICE_LIT("bob"), false);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        namespace_pattern(ns, slice_cstr(rows[i].reference), slice_cstr(rows[i].pattern), &out);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].want));
    }
    namespace_free(&ns);
    buf_fini(&out);
    conf_unload();
}

static void test_ranges(void)
{
    static const struct {
        const char *conf, *userid;
        bool admin;
        const char *fixed, *want;               /* "|" between; "ALL": 0 ranges */
    } rows[] = {
        { "", "bob", false, "", "user.bob|user|" },
        { "", "bob", false, "INBOX", "user.bob|" },
        { "", "bob", false, "inbox.w", "user.bob|inbox" },
        { "", "bob", false, "INBOX.work.", "user.bob.work|INBOX.work" },
        { "", "bob", false, "user.ann.", "user.ann" },
        { "", "bob", false, "us", "user|" },
        { "", "bob", false, "shared.n", "shared" },
        { ALT UNIX, "bob", false, "", "user.bob|user|" },
        { ALT UNIX, "bob", false, "work/", "user.bob.work" },
        { ALT UNIX, "bob", false, "INBOX/x/", "user.bob" },
        { ALT UNIX, "bob", false, "Alt Folders/x/", "user.bob" },
        { ALT UNIX, "bob", false, "Other Users/an", "user" },
        { ALT UNIX, "bob", false, "Other Users/ann/", "user.ann" },
        { ALT UNIX, "bob", false, "Shared Folders/news/x", "news" },
        { ALT UNIX, "bob", false, "S", "user.bob|" },
        { VIRT, "ann@dom.example", false, "",
          "dom.example!user.ann|dom.example!user|dom.example!" },
        { VIRT CROSS, "bob", false, "user.ann", "ALL" },
        { "", "admin", true, "user.bob.", "user.bob" },
        { "", "admin", true, "", "" },
        { VIRT, "admin", true, "user.bob.", "ALL" },
        { VIRT, "admin@dom.example", true, "user.", "dom.example!user" },
    };
    struct buf bytes = BUF_INIT, got = BUF_INIT;
    struct slice out[4];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct namespace *ns;
        size_t n;

        instance_conf(rows[i].conf);
        ns = namespace_new(slice_cstr(rows[i].userid), rows[i].admin);
        n = namespace_scan_ranges(ns, slice_cstr(rows[i].fixed), &bytes, out, 4);
        buf_reset(&got);
        for (size_t k = 0; k < n; k++) {
            if (k)
                buf_addc(&got, '|');
            buf_add_slice(&got, out[k]);
        }
        if (n == 0)
            buf_adds(&got, "ALL");
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&got), rows[i].want));
        if (!slice_eqs(buf_slice(&got), rows[i].want))
            fprintf(stderr, "row %zu: got %s\n", i, buf_cstr(&got));
        namespace_free(&ns);
    }
    buf_fini(&bytes);
    buf_fini(&got);
    conf_unload();
}

/* A client that enabled UTF8=ACCEPT. */
static void test_utf8(void)
{
    static const struct {
        const char *conf, *internal, *external;
    } both[] = {
        { "", "user.bob.Entw&APw-rfe", "INBOX.Entw\xc3\xbcrfe" },
        { "", "user.bob.a&-b", "INBOX.a&b" },
        { "", "user.bob.&ZeVnLIqe-.x", "INBOX.\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e.x" },
        { "altnamespace: yes\nunixhierarchysep: yes\n", "user.bob.&AOQ-.b^c", "\xc3\xa4/b.c" },
        { "", "user.bob.&2D3eAA-", "INBOX.\xf0\x9f\x98\x80" },
    };
    static const char *const bad[] = { "INBOX.\xff", "INBOX.a\x01", "INBOX.\xc2\x85", "INBOX.\xe2\x80\xa8", "INBOX.\xc0\xae",
                                       "INBOX..\xc3\xa4", "INBOX.a\x7f" };
    struct buf out = BUF_INIT;
    struct slice ranges[3];
    struct namespace *ns;

    for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
        instance_conf(both[i].conf);
        ns = namespace_new(SLICE_LIT("bob"), false);
        namespace_use_utf8(ns);
        namespace_to_external(ns, slice_cstr(both[i].internal), &out);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), both[i].external));
        CU_CHECK_ROW(i, namespace_to_internal(ns, slice_cstr(both[i].external), &out) == ERR_OK);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), both[i].internal));
        namespace_free(&ns);
    }
    instance_conf("");
    ns = namespace_new(SLICE_LIT("bob"), false);
    namespace_use_utf8(ns);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CU_CHECK_ROW(i, namespace_to_internal(ns, slice_cstr(bad[i]), &out) == ERR_BADNAME);
    namespace_to_external(ns, SLICE_LIT("user.bob.&broken"), &out);
    CU_ASSERT(slice_eqs(buf_slice(&out), "INBOX.&broken"));
    /* what is walked for a pattern ends where the two spellings part */
    CU_ASSERT(namespace_scan_ranges(ns, SLICE_LIT("INBOX.a.\xc3\xa4.b."), &out, ranges, 3) > 0);
    CU_ASSERT(slice_eqs(ranges[0], "user.bob.a"));
    namespace_free(&ns);
    buf_fini(&out);
}

TEST_SUITE("namespace", { "utf8", test_utf8 }, { "both_ways", test_both_ways }, { "inward", test_inward },
           { "describe", test_describe }, { "hides", test_hides }, { "pattern", test_pattern },
           { "ranges", test_ranges })

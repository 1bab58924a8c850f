/* specialuse_test.c - special uses as users see them, and conflicts between mailboxes
 *
 * covers: SU-01 SU-02 SU-03
 */
#include "imap/store/specialuse.h"

#include "cunit/store/instance.h"
#include "cunit/test.h"
#include "imap/store/annot.h"
#include "imap/store/mbops.h"

static void make(struct store *s, const char *name, struct slice userid, const char *use)
{
    static const struct actor system = { .is_system = true };
    const struct mbop_create op = { .name = slice_cstr(name) };

    CU_ASSERT_EQUAL(mbop_create(s, &system, &op, NULL), ERR_OK);
    if (use)
        CU_ASSERT_EQUAL(mbop_annotate(s, op.name, ANNOT_SPECIALUSE, userid, slice_cstr(use)),
                        ERR_OK);
}

static void check(struct store *s, const char *name, const char *userid, bool is_admin,
                  const char *want)
{
    struct specialuse_view *v;
    struct mbentry e;

    mbentry_init(&e);
    CU_ASSERT_EQUAL(mblist_lookup(s, slice_cstr(name), &e), ERR_OK);
    CU_ASSERT_EQUAL(specialuse_open(s, slice_cstr(userid), is_admin, &v), ERR_OK);
    for (unsigned i = 0; i < 20; i++) /* by one, and as a whole */
        CU_ASSERT(slice_eqs(specialuse_of(v, &e), want));
    CU_ASSERT(!specialuse_is_empty(v));
    specialuse_close(&v);
    CU_ASSERT_PTR_NULL(v);
    mbentry_fini(&e);
}

static void check_all(struct store *s)
{
    check(s, "user.ann.Sent", "ann", false, "\\Sent \\Junk");
    check(s, "user.ann.Sent", "bob", false, "");
    check(s, "user.ann.Sent", "cyrus", true, "");
    check(s, "user.ann.Box", "ann", false, "");
    check(s, "user.ann.Box", "bob", false, "\\Archive");
    check(s, "user.ann.Box", "bob", true, "");
    check(s, "user.ann", "ann", false, "");
}

static struct store *start(void)
{
    struct store *s = instance_open("");

    make(s, "user.ann", ANNOT_OWNER, "\\Archive");
    make(s, "user.ann.Sent", ANNOT_OWNER, "\\Sent \\Junk");
    make(s, "user.ann.Box", SLICE_LIT("bob"), "\\Archive");
    return s;
}

/* Read at once, and (when there is more) one by one. */
static void test_view(void)
{
    struct store *s = start();
    static char large[60000];

    check_all(s);
    memset(large, 'x', sizeof large - 1);
    for (unsigned i = 0; i < 4; i++) {
        const char *const entries[] = { "/a", "/b", "/c", "/d" };
        CU_ASSERT_EQUAL(annot_write(s, SLICE_NULL, entries[i], SLICE_NULL, slice_cstr(large)),
                        ERR_OK);
    }
    check_all(s);
    instance_close(&s);
}

static void test_conflicts(void)
{
    static const struct {
        const char *name, *userid, *uses;
        bool taken;
    } rows[] = {
        { "user.ann.New", "[.OwNeR.]", "\\Sent", true },
        { "user.ann.New", "[.OwNeR.]", "\\Drafts \\junk", true },
        { "user.ann.New", "[.OwNeR.]", "\\Drafts", false },
        { "user.ann.Sent", "[.OwNeR.]", "\\Sent", false },   /* its own */
        { "user.ann.New", "[.OwNeR.]", "\\Archive", false }, /* INBOX does not count */
        { "user.ann.New", "bob", "\\Archive", true },
        { "user.ann.New", "bob", "\\Sent", false },
        { "shared", "bob", "\\Archive", false },
    };
    struct store *s = start();

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mbentry e;
        bool taken = !rows[i].taken;

        mbentry_init(&e);
        buf_adds(&e.name, rows[i].name);
        CU_CHECK_ROW(i, specialuse_taken(s, &e, slice_cstr(rows[i].userid),
                                         slice_cstr(rows[i].uses), &taken) == ERR_OK);
        CU_CHECK_ROW(i, taken == rows[i].taken);
        mbentry_fini(&e);
    }
    instance_close(&s);
}

TEST_SUITE("specialuse", { "view", test_view }, { "conflicts", test_conflicts })

/* header_test.c - cyrus.header in both forms (imap/store/header.h)
 *
 * covers: PT-12 PT-33
 */
#include "cunit/store/samples.h"
#include "cunit/test.h"
#include "imap/store/header.h"
#include "imap/store/header_format.h"
#include "imap/store/mblist.h"
#include "lib/base/crc32.h"

struct row {
    const char *body;                   /* behind the magic */
    const char *name, *uniqueid, *quotaroot, *acl;
    const char *flags;                  /* "0=a 5=b" */
    bool ok;
};

static const struct row rows[] = {
    { "%(T e N user.fred I de27 Q user.fred A %(fred lrs anyone lr) U (a NIL b))\n", "user.fred",
      "de27", "user.fred", "fred\tlrs\tanyone\tlr\t", "0=a 2=b", true },
    { "%(T el N NIL I x)\n", "", "x", "", "", "", true },
    { "%(T e N \"user.a b\" I x A %() U ())\n", "user.a b", "x", "", "", "", true },
    { "%(T e N n I x ZZ (new %(a b) c) Q r)\n", "n", "x", "r", "", "", true },
    { "%(T e N n I x)", "n", "x", "", "", "", true },
    { "user.fred\tabc\nOne Two  Four\nfred\tlrs\tbob\tlr\t\n", "", "abc", "user.fred",
      "fred\tlrs\tbob\tlr\t", "0=One 1=Two 3=Four", true },
    { "\tabc\n\n\n", "", "abc", "", "", "", true },
    { "\n\n\n", "", "", "", "", "", true },
    { "%(T e N n I x U (a b)\n", NULL, NULL, NULL, NULL, NULL, false },
    { "%(T e N n I x A (a b))\n%(", NULL, NULL, NULL, NULL, NULL, false },
    { "%(T e N n I x U (a (b)))\n", NULL, NULL, NULL, NULL, NULL, false },
    { "", NULL, NULL, NULL, NULL, NULL, false },
};

static void flags_text(const struct header *h, struct buf *out)
{
    buf_reset(out);
    for (unsigned i = 0; i < USER_FLAGS_MAX; i++)
        if (h->flag[i].n)
            buf_addf(out, "%s%u=%.*s", out->n ? " " : "", i, SLICE_ARG(buf_slice(&h->flag[i])));
}

static void test_parse(void)
{
    struct buf file = BUF_INIT, text = BUF_INIT;
    struct header h;

    header_init(&h);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_reset(&file);
        buf_add(&file, HEADER_MAGIC, HEADER_MAGIC_SIZE);
        buf_adds(&file, rows[i].body);
        err_t err = header_parse(buf_slice(&file), &h);
        CU_CHECK_ROW(i, (err == ERR_OK) == rows[i].ok);
        if (!rows[i].ok)
            continue;
        flags_text(&h, &text);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&h.name), rows[i].name));
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&h.uniqueid), rows[i].uniqueid));
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&h.quotaroot), rows[i].quotaroot));
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&h.acl), rows[i].acl));
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&text), rows[i].flags));
    }
    CU_ASSERT_EQUAL(header_parse(SLICE_LIT("%(T e)\n"), &h), ERR_CORRUPT);
    header_fini(&h);
    buf_fini(&file);
    buf_fini(&text);
}

/* What the real server wrote comes out of our writer byte for byte. */
static void test_round_trip(void)
{
    struct buf file = BUF_INIT, again = BUF_INIT;
    struct header h;

    header_init(&h);
    samples_unpack_versions();
    samples_load("v17/cyrus.header", &file);
    CU_ASSERT_EQUAL(header_parse(buf_slice(&file), &h), ERR_OK);
    CU_ASSERT_EQUAL(h.crc, 1669619498);
    header_format(&h, &again);
    CU_ASSERT_TRUE(slice_eq(buf_slice(&file), buf_slice(&again)));
    CU_ASSERT_EQUAL(h.crc, 1669619498);
    header_fini(&h);
    buf_fini(&file);
    buf_fini(&again);
}

static void test_entry(void)
{
    struct buf file = BUF_INIT;
    struct mbentry e;
    struct header h;

    mbentry_init(&e);
    header_init(&h);
    buf_adds(&e.name, "user.a b");
    buf_adds(&e.uniqueid, "id1");
    buf_adds(&e.acl, "a b\tlrs\t-c\tx\t");
    e.type = MBTYPE_LEGACY;
    buf_adds(&h.flag[2], "NIL");
    header_set_entry(&h, &e);
    header_format(&h, &file);
    CU_ASSERT_TRUE(slice_ends(
        buf_slice(&file),
        SLICE_LIT("%(T el N \"user.a b\" I id1 A %(\"a b\" lrs -c x) U (NIL NIL \"NIL\"))\n")));
    CU_ASSERT_EQUAL(header_parse(buf_slice(&file), &h), ERR_OK);
    CU_ASSERT_TRUE(slice_eqs(buf_slice(&h.flag[2]), "NIL"));
    CU_ASSERT_EQUAL(h.flag[0].n, 0);
    CU_ASSERT_TRUE(slice_eq(buf_slice(&h.acl), buf_slice(&e.acl)));
    mbentry_fini(&e);
    header_fini(&h);
    buf_fini(&file);
}

static void test_flags(void)
{
    static const struct { const char *name; bool ok;
    } names[] = {
        { "$Label1", true },  { "a", true },   { "", false },   { "\\Seen", false },
        { "a b", false },     { "a(", false }, { "a]", false }, { "\xc3\xa4", false },
        { "a\x01", false },   { "x*", false }, { "x%", false }, { "x\"", false },
        { "Non[Junk", true }, { "a}", true },
    };
    struct header h;

    header_init(&h);
    CU_ASSERT_EQUAL(header_flag_free(&h, 100), 0);
    for (unsigned i = 0; i < 100; i++)
        buf_addf(&h.flag[i], "flag%u", i);
    CU_ASSERT_EQUAL(header_flag_free(&h, 100), -1);
    CU_ASSERT_EQUAL(header_flag_free(&h, 128), 100);
    CU_ASSERT_EQUAL(header_flag_find(&h, SLICE_LIT("FLAG42")), 42);
    CU_ASSERT_EQUAL(header_flag_find(&h, SLICE_LIT("flag100")), -1);
    CU_ASSERT_EQUAL(header_flag_find(&h, SLICE_LIT("")), -1);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        CU_CHECK_ROW(i, header_flag_name_ok(slice_cstr(names[i].name)) == names[i].ok);
    header_fini(&h);
}

static void test_too_many(void)
{
    struct buf file = BUF_INIT;
    struct header h;

    header_init(&h);
    buf_add(&file, HEADER_MAGIC, HEADER_MAGIC_SIZE);
    buf_adds(&file, "%(T e N n I x U (");
    for (unsigned i = 0; i <= USER_FLAGS_MAX; i++)
        buf_addf(&file, "%sf%u", i ? " " : "", i);
    buf_adds(&file, "))\n");
    CU_ASSERT_EQUAL(header_parse(buf_slice(&file), &h), ERR_CORRUPT);
    header_fini(&h);
    buf_fini(&file);
}

TEST_SUITE("header", { "parse", test_parse }, { "round trip", test_round_trip },
           { "entry", test_entry }, { "flags", test_flags }, { "too many flags", test_too_many })

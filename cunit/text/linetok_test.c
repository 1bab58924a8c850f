/* linetok_test.c - words, paths and parameters of line protocols */
#include "cunit/test.h"

#include "lib/base/buf.h"
#include "lib/text/linetok.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))

static void test_words(void)
{
    struct linetok t;
    struct slice w;

    linetok_init(&t, SLICE_LIT("  TOP \t12  3 "));
    CU_ASSERT_FALSE(linetok_accept(&t, "TOPS"));
    CU_ASSERT_FALSE(linetok_accept(&t, "TO"));
    CU_ASSERT_TRUE(linetok_accept(&t, "top"));
    CU_ASSERT_TRUE(linetok_word(&t, &w) && slice_eqs(w, "12"));
    CU_ASSERT_FALSE(linetok_at_end(&t));
    CU_ASSERT_TRUE(linetok_word(&t, &w) && slice_eqs(w, "3"));
    CU_ASSERT_TRUE(linetok_at_end(&t));
    CU_ASSERT_FALSE(linetok_word(&t, &w));

    linetok_init(&t, SLICE_LIT("PASS  two  blanks "));
    CU_ASSERT_TRUE(linetok_accept_text(&t, "pass "));
    CU_ASSERT_TRUE(slice_eqs(linetok_raw(&t), " two  blanks "));
    linetok_init(&t, SLICE_LIT("USER  a b "));
    CU_ASSERT_TRUE(linetok_accept(&t, "USER"));
    CU_ASSERT_TRUE(slice_eqs(linetok_rest(&t), "a b "));
    linetok_init(&t, SLICE_LIT("MAIL FROM:<>"));
    CU_ASSERT_TRUE(linetok_accept(&t, "mail") && linetok_accept_text(&t, "from:"));
    CU_ASSERT_FALSE(linetok_accept_text(&t, "<>x"));
    linetok_init(&t, SLICE_NULL);
    CU_ASSERT_FALSE(linetok_word(&t, &w));
    CU_ASSERT_TRUE(linetok_at_end(&t));
}

enum { STRICT = 0, LENIENT = LINETOK_LENIENT, BARE = LINETOK_BARE, NUL = LINETOK_NULL,
       BIT8 = LINETOK_8BIT };

static const struct {
    const char *text;
    unsigned flags;
    bool fine;
    const char *local, *domain, *raw, *rest;
} path_rows[] = {
    { "<a@b.org>", STRICT, true, "a", "b.org", "a@b.org", "" },
    { "<a@b.org> SIZE=1", STRICT, true, "a", "b.org", "a@b.org", " SIZE=1" },
    { "<a@b>X", STRICT, false, NULL, NULL, NULL, NULL },
    { " <a@b>", STRICT, false, NULL, NULL, NULL, NULL },
    { " <a@b>", LENIENT, true, "a", "b", "a@b", "" },
    { "a@b X", LENIENT, true, "a", "b", "a@b", " X" },
    { "a@b", STRICT, false, NULL, NULL, NULL, NULL },
    { "<>", NUL, true, "", "", "", "" },
    { "<>", STRICT, false, NULL, NULL, NULL, NULL },
    { "<alice>", BARE, true, "alice", "", "alice", "" },
    { "<alice>", STRICT, false, NULL, NULL, NULL, NULL },
    { "<Postmaster>", STRICT, true, "Postmaster", "", "Postmaster", "" },
    { "<alice+folder/sub>", BARE, true, "alice+folder/sub", "", "alice+folder/sub", "" },
    { "<\"alice+My Folder\"@b>", STRICT, true, "alice+My Folder", "b", "\"alice+My Folder\"@b",
      "" },
    { "<\"a\\\"b\\\\c\"@b>", STRICT, true, "a\"b\\c", "b", "\"a\\\"b\\\\c\"@b", "" },
    { "<\"a>b\"@c>", STRICT, true, "a>b", "c", "\"a>b\"@c", "" },
    { "<\"\"@b>", STRICT, true, "", "b", "\"\"@b", "" },
    { "<\"a@b>", STRICT, false, NULL, NULL, NULL, NULL },
    { "<\"a\\", STRICT, false, NULL, NULL, NULL, NULL },
    { "<@x.org,@y:a@b>", STRICT, true, "a", "b", "a@b", "" },
    { "<@x.org a@b>", STRICT, false, NULL, NULL, NULL, NULL },
    { "<@x/y:a@b>", STRICT, false, NULL, NULL, NULL, NULL },
    { "<a@[192.0.2.1]>", STRICT, true, "a", "[192.0.2.1]", "a@[192.0.2.1]", "" },
    { "<a@[IPv6:::1]>", STRICT, true, "a", "[IPv6:::1]", "a@[IPv6:::1]", "" },
    { "<a@[]>", STRICT, false, NULL, NULL, NULL, NULL },
    { "<a@[1>", STRICT, false, NULL, NULL, NULL, NULL },
    { "<a@[1 2]>", STRICT, false, NULL, NULL, NULL, NULL },
    { "<a@>", STRICT, false, NULL, NULL, NULL, NULL },
    { "<@b>", STRICT, false, NULL, NULL, NULL, NULL },
    { "<a@b..c>", STRICT, false, NULL, NULL, NULL, NULL },
    { "<a@.b>", LENIENT, false, NULL, NULL, NULL, NULL },
    { "<a@b@c>", STRICT, false, NULL, NULL, NULL, NULL },
    { "<a@b", STRICT, false, NULL, NULL, NULL, NULL },
    { "<a..b@c>", STRICT, false, NULL, NULL, NULL, NULL },
    { "<.a@c>", STRICT, false, NULL, NULL, NULL, NULL },
    { "<a.@c>", STRICT, false, NULL, NULL, NULL, NULL },
    { "<a..b.@c>", LENIENT, true, "a..b.", "c", "a..b.@c", "" },
    { "<a b@c>", LENIENT, false, NULL, NULL, NULL, NULL },
    { "<a(b@c>", LENIENT, false, NULL, NULL, NULL, NULL },
    { "<j\xc3\xb6@c>", STRICT, false, NULL, NULL, NULL, NULL },
    { "<j\xc3\xb6@c>", BIT8, true, "j\xc3\xb6", "c", "j\xc3\xb6@c", "" },
    { "<a\tb@c>", LENIENT | BIT8, false, NULL, NULL, NULL, NULL },
    { "<a\x01@c>", LENIENT | BIT8, false, NULL, NULL, NULL, NULL },
    { "", LENIENT | BARE, false, NULL, NULL, NULL, NULL },
    { "<", LENIENT | BARE, false, NULL, NULL, NULL, NULL },
};

static void test_paths(void)
{
    for (size_t i = 0; i < ROWS(path_rows); i++) {
        struct arena *a = arena_new(0);
        struct linetok_path path;
        struct linetok t;
        const char *why = NULL;
        linetok_init(&t, slice_cstr(path_rows[i].text));
        err_t err = linetok_path(&t, a, path_rows[i].flags, &path, &why);
        CU_CHECK_ROW(i, (err == ERR_OK) == path_rows[i].fine);
        if (err) {
            CU_CHECK_ROW(i, err == ERR_SYNTAX && why && *why);
        } else if (path_rows[i].fine) {
            CU_CHECK_ROW(i, slice_eqs(path.local, path_rows[i].local));
            CU_CHECK_ROW(i, slice_eqs(path.domain, path_rows[i].domain));
            CU_CHECK_ROW(i, slice_eqs(path.text, path_rows[i].raw));
            CU_CHECK_ROW(i, slice_eqs(linetok_raw(&t), path_rows[i].rest));
            CU_CHECK_ROW(i, path.is_null == !*path_rows[i].raw);
        }
        arena_free(&a);
    }
}

static void test_path_details(void)
{
    struct arena *a = arena_new(0);
    struct linetok_path path;
    struct buf text = BUF_INIT;
    struct linetok t;

    linetok_init(&t, SLICE_LIT("<@x.org,@y:j\xc3\xb6@b>"));
    CU_ASSERT_EQUAL(linetok_path(&t, a, LINETOK_8BIT, &path, NULL), ERR_OK);
    CU_ASSERT_TRUE(slice_eqs(path.route, "@x.org,@y") && path.has_8bit);
    buf_addc(&text, '<');
    for (int i = 0; i < LINETOK_MAX_PATH; i++)
        buf_addc(&text, 'a');
    buf_adds(&text, "@b>");
    linetok_init(&t, buf_slice(&text));
    CU_ASSERT_EQUAL(linetok_path(&t, a, 0, &path, NULL), ERR_LIMIT);
    buf_fini(&text);
    arena_free(&a);
}

static void test_put_path(void)
{
    static const struct {
        const char *local, *domain, *shown;
    } rows[] = {
        { "a", "b", "a@b" },           { "a", "", "a" },
        { "a.b+c", "d", "a.b+c@d" },   { "a b", "c", "\"a b\"@c" },
        { "", "b", "\"\"@b" },         { "a\"b\\c", "", "\"a\\\"b\\\\c\"" },
        { ".a", "b", "\".a\"@b" },     { "a..b", "c", "\"a..b\"@c" },
        { "j\xc3\xb6", "c", "j\xc3\xb6@c" },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        linetok_put_path(&out, slice_cstr(rows[i].local), slice_cstr(rows[i].domain));
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].shown));
        buf_fini(&out);
    }
}

static void test_params(void)
{
    struct linetok_param p;
    struct linetok t;

    linetok_init(&t, SLICE_LIT(" SIZE=100  body=8BITMIME AUTH=<> IGNOREQUOTA X= "));
    CU_ASSERT_TRUE(linetok_param(&t, &p) == ERR_OK && slice_eqs(p.key, "SIZE") &&
                   slice_eqs(p.value, "100"));
    CU_ASSERT_TRUE(linetok_param(&t, &p) == ERR_OK && slice_eqs(p.key, "body") && p.has_value);
    CU_ASSERT_TRUE(linetok_param(&t, &p) == ERR_OK && slice_eqs(p.value, "<>"));
    CU_ASSERT_TRUE(linetok_param(&t, &p) == ERR_OK && slice_eqs(p.key, "IGNOREQUOTA") &&
                   !p.has_value);
    CU_ASSERT_TRUE(linetok_param(&t, &p) == ERR_OK && p.has_value && p.value.n == 0);
    CU_ASSERT_EQUAL(linetok_param(&t, &p), ERR_NOTFOUND);
    linetok_init(&t, SLICE_LIT(" =x"));
    CU_ASSERT_EQUAL(linetok_param(&t, &p), ERR_SYNTAX);
    linetok_init(&t, SLICE_LIT(" -a=x"));
    CU_ASSERT_EQUAL(linetok_param(&t, &p), ERR_SYNTAX);
    linetok_init(&t, SLICE_LIT(" A=x\x01"));
    CU_ASSERT_EQUAL(linetok_param(&t, &p), ERR_SYNTAX);
}

static void test_xtext(void)
{
    static const struct {
        const char *text, *plain;
    } rows[] = {
        { "", "" },           { "a@b", "a@b" },  { "a+2Bb", "a+b" },  { "+3d", "=" },
        { "a+3", NULL },      { "a+", NULL },    { "a+xy", NULL },    { "a=b", NULL },
        { "a b", NULL },      { "+00", NULL },   { "\xc3\xa4", NULL },
    };
    struct arena *a = arena_new(0);

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct slice out;
        err_t err = linetok_xtext(a, slice_cstr(rows[i].text), &out);
        CU_CHECK_ROW(i, (err == ERR_OK) == (rows[i].plain != NULL));
        CU_CHECK_ROW(i, err || slice_eqs(out, rows[i].plain));
    }
    arena_free(&a);
}

TEST_SUITE("linetok", { "words", test_words }, { "paths", test_paths },
           { "path details", test_path_details }, { "put path", test_put_path },
           { "params", test_params }, { "xtext", test_xtext })

/* dlist_test.c - dlist text: writing, both ways of reading, conversions */
#include "cunit/test.h"

#include "lib/text/dlist.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))
#define TEXT(s) { (s), sizeof(s) - 1 }

static void test_put_text(void)
{
    static const struct {
        struct slice text, shown;
    } rows[] = {
        { { NULL, 0 }, TEXT("NIL") },
        { TEXT(""), TEXT("\"\"") },
        { TEXT("abc"), TEXT("abc") },
        { TEXT("NIL"), TEXT("\"NIL\"") },
        { TEXT("nil"), TEXT("nil") },
        { TEXT("user\x1f""alice"), TEXT("user\x1f""alice") },
        { TEXT("other.org\x1d""user\x1f""dave"), TEXT("\"other.org\x1d""user\x1f""dave\"") },
        { TEXT("a b"), TEXT("\"a b\"") },
        { TEXT("a(b"), TEXT("\"a(b\"") },
        { TEXT("a)"), TEXT("\"a)\"") },
        { TEXT("a{b"), TEXT("\"a{b\"") },
        { TEXT("a*b"), TEXT("\"a*b\"") },
        { TEXT("}[]!&~+:/#.@$"), TEXT("}[]!&~+:/#.@$") },
        { TEXT("a\tb"), TEXT("\"a\tb\"") },
        { TEXT("a\x7f"), TEXT("\"a\x7f\"") },
        { TEXT("a\"b"), TEXT("{3+}\r\na\"b") },
        { TEXT("a%b"), TEXT("{3+}\r\na%b") },
        { TEXT("\\Seen"), TEXT("{5+}\r\n\\Seen") },
        { TEXT("a\r\nb"), TEXT("{4+}\r\na\r\nb") },
        { TEXT("\xc3\xa4"), TEXT("{2+}\r\n\xc3\xa4") },
        { TEXT("a\0b"), TEXT("{3+}\r\na\0b") },
    };
    struct buf out = BUF_INIT;
    char big[1100];

    for (size_t i = 0; i < ROWS(rows); i++) {
        buf_reset(&out);
        dlist_put_text(&out, rows[i].text, DLIST_PLAIN);
        CU_CHECK_ROW(i, slice_eq(buf_slice(&out), rows[i].shown));
    }
    memset(big, 'x', sizeof big);
    buf_reset(&out);
    dlist_put_text(&out, slice_make(big, 1023), DLIST_PLAIN);
    CU_ASSERT_EQUAL(out.n, 1023);
    buf_reset(&out);
    dlist_put_text(&out, slice_make(big, 1024), DLIST_SYNC_LITERAL);
    CU_ASSERT_TRUE(slice_starts(buf_slice(&out), SLICE_LIT("{1024}\r\nxx")));
    buf_fini(&out);
}

static void test_tree(void)
{
    struct arena *a = arena_new(0);
    struct buf out = BUF_INIT;
    struct guid g;
    struct dlist *d = dlist_add_kvlist(a, NULL, "MAILBOX"), *list;

    guid_of(&g, "x", 1);
    dlist_add_text(a, d, "UNIQUEID", SLICE_LIT("abc"));
    dlist_add_num(a, d, "LAST_UID", 17);
    dlist_add_hex(a, d, "ID", 0xfeedu);
    dlist_add_guid(a, d, "GUID", &g);
    dlist_add_buf(a, d, "VALUE", SLICE_LIT("my note"));
    dlist_add_text(a, d, "NONE", SLICE_NULL);
    list = dlist_add_list(a, d, "FLAGS");
    dlist_add_flag(a, list, NULL, SLICE_LIT("\\Seen"));
    dlist_add_flag(a, list, NULL, SLICE_LIT("$Junk"));
    dlist_add_list(a, list, "ignored key");
    dlist_add_kvlist(a, d, "ANNOTS");
    dlist_print(d, DLIST_PLAIN, &out);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&out),
                           "%(UNIQUEID abc LAST_UID 17 ID 000000000000feed GUID "
                           "11f6ad8ec52a2984abaafd7c3b516503785c2072 VALUE \"my note\" NONE NIL "
                           "FLAGS (\\Seen $Junk ()) ANNOTS %())");
    buf_reset(&out);
    dlist_print(d->head, DLIST_WITH_KEY, &out);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&out), "UNIQUEID abc");
    CU_ASSERT_EQUAL(d->count, 8);
    buf_fini(&out);
    arena_free(&a);
}

/* What is read and written again: NULL where it must be refused. */
static const struct {
    struct slice text;
    const char *strict, *stream;
} parse_rows[] = {
    { TEXT("abc"), "abc", "abc" },
    { TEXT("NIL"), "NIL", "NIL" },
    { TEXT("\"NIL\""), "\"NIL\"", "\"NIL\"" },
    { TEXT("nil"), "nil", "nil" },
    { TEXT("()"), "()", "()" },
    { TEXT("%()"), "%()", "%()" },
    { TEXT("(a (b c) \"d e\")"), "(a (b c) \"d e\")", "(a (b c) \"d e\")" },
    { TEXT("%(K v L (1 2) M %(X y))"), "%(K v L (1 2) M %(X y))", "%(K v L (1 2) M %(X y))" },
    { TEXT("((((a))))"), "((((a))))", "((((a))))" },
    { TEXT("(() ())"), "(() ())", "(() ())" },
    { TEXT("\"a\\\"b\""), "{3+}\r\na\"b", "{3+}\r\na\"b" },
    { TEXT("\"\\a\\b\""), "ab", "ab" },
    { TEXT("{3}\r\na b"), "\"a b\"", "\"a b\"" },
    { TEXT("{3+}\r\na b"), "\"a b\"", "\"a b\"" },
    { TEXT("({3+}\na b c)"), "(\"a b\" c)", "(\"a b\" c)" },
    { TEXT("{0}\r\n"), "\"\"", "\"\"" },
    { TEXT("(\\Seen \\Flagged kw)"), "(\\Seen \\Flagged kw)", "(\\Seen \\Flagged kw)" },
    { TEXT("(a  b)"), NULL, "(a b)" },
    { TEXT("( a b )"), NULL, "(a b)" },
    { TEXT(" (a)"), NULL, "(a)" },
    { TEXT("(a) "), NULL, "(a)" },
    { TEXT("(a)\r\n"), NULL, "(a)" },
    { TEXT("(a)\n"), NULL, "(a)" },
    { TEXT("%(K  v)"), NULL, "%(K v)" },
    { TEXT("(a)b)"), "(\"a)b\")", NULL },
    { TEXT("a)b"), "\"a)b\"", NULL },
    { TEXT("(a\"b c)"), "({3+}\r\na\"b c)", NULL },
    { TEXT(""), NULL, NULL },
    { TEXT("("), NULL, NULL },
    { TEXT(")"), NULL, NULL },
    { TEXT("(a"), NULL, NULL },
    { TEXT("(a))"), NULL, NULL },
    { TEXT("(a) b"), NULL, NULL },
    { TEXT("a b"), NULL, NULL },
    { TEXT("%(K)"), NULL, NULL },
    { TEXT("%(K v L)"), NULL, NULL },
    { TEXT("%(\"\" v)"), NULL, NULL },
    { TEXT("%"), NULL, NULL },
    { TEXT("%x"), NULL, NULL },
    { TEXT("\"abc"), NULL, NULL },
    { TEXT("\"abc\\"), NULL, NULL },
    { TEXT("\"a\nb\""), NULL, NULL },
    { TEXT("\"a\"b"), NULL, NULL },
    { TEXT("(\"a\"\"b\")"), NULL, NULL },
    { TEXT("{4}\r\nabc"), NULL, NULL },
    { TEXT("{}\r\nabc"), NULL, NULL },
    { TEXT("{3\r\nabc"), NULL, NULL },
    { TEXT("{3}abc"), NULL, NULL },
    { TEXT("{-3}\r\nabc"), NULL, NULL },
    { TEXT("{18446744073709551615}\r\nabc"), NULL, NULL },
    { TEXT("{99999999999999999999}\r\nabc"), NULL, NULL },
    { TEXT("a\0b"), NULL, NULL },
    { TEXT("(a\r\nb)"), NULL, NULL },
    { TEXT("%{default 11f6ad8ec52a2984abaafd7c3b516503785c2072 3}\r\nabc"), NULL, NULL },
};

static void check_parse(size_t i, enum dlist_mode mode, const char *want)
{
    struct arena *a = arena_new(0);
    struct buf out = BUF_INIT;
    struct dlist *d = NULL;
    err_t err = dlist_parse(a, parse_rows[i].text, mode, &d);

    CU_CHECK_ROW(i, (err == ERR_OK) == (want != NULL));
    if (!err) {
        dlist_print(d, DLIST_PLAIN, &out);
        CU_CHECK_ROW(i, want && slice_eqs(buf_slice(&out), want));
    }
    buf_fini(&out);
    arena_free(&a);
}

static void test_parse(void)
{
    for (size_t i = 0; i < ROWS(parse_rows); i++) {
        check_parse(i, DLIST_STRICT, parse_rows[i].strict);
        check_parse(i, DLIST_STREAM, parse_rows[i].stream);
    }
}

static void test_depth(void)
{
    struct arena *a = arena_new(0);
    struct buf text = BUF_INIT;
    struct dlist *d;

    for (int i = 0; i < DLIST_MAX_DEPTH; i++)
        buf_adds(&text, i % 2 ? "%(K " : "(");
    buf_adds(&text, "x");
    for (int i = 0; i < DLIST_MAX_DEPTH; i++)
        buf_addc(&text, ')');
    CU_ASSERT_EQUAL(dlist_parse(a, buf_slice(&text), DLIST_STRICT, &d), ERR_OK);
    CU_ASSERT_EQUAL(dlist_parse(a, buf_slice(&text), DLIST_STREAM, &d), ERR_OK);
    buf_reset(&text);
    for (int i = 0; i < 100000; i++)
        buf_addc(&text, '(');
    CU_ASSERT_EQUAL(dlist_parse(a, buf_slice(&text), DLIST_STRICT, &d), ERR_LIMIT);
    CU_ASSERT_EQUAL(dlist_parse(a, buf_slice(&text), DLIST_STREAM, &d), ERR_LIMIT);
    buf_fini(&text);
    arena_free(&a);
}

static void test_keyed(void)
{
    struct arena *a = arena_new(0);
    struct buf out = BUF_INIT;
    struct dlist *d;
    struct slice file =
        SLICE_LIT("MESSAGE (%{default 11f6ad8ec52a2984abaafd7c3b516503785c2072 3}\r\na)b x)\r\n");

    CU_ASSERT_EQUAL_FATAL(dlist_parse_keyed(a, SLICE_LIT("USER bob\r\n"), false, &d), ERR_OK);
    CU_ASSERT_TRUE(slice_eqs(d->key, "USER") && slice_eqs(d->text, "bob"));
    CU_ASSERT_EQUAL(dlist_parse_keyed(a, file, false, &d), ERR_UNSUPPORTED);
    CU_ASSERT_EQUAL_FATAL(dlist_parse_keyed(a, file, true, &d), ERR_OK);
    CU_ASSERT_EQUAL(d->head->kind, DLIST_FILE);
    CU_ASSERT_TRUE(slice_eqs(d->head->text, "a)b") && slice_eqs(d->head->partition, "default"));
    dlist_print(d, DLIST_WITH_KEY, &out);
    buf_adds(&out, "\r\n");
    CU_ASSERT_TRUE(slice_eq(buf_slice(&out), file));
    CU_ASSERT_EQUAL(dlist_parse_keyed(a, SLICE_LIT("USER"), false, &d), ERR_SYNTAX);
    CU_ASSERT_EQUAL(dlist_parse_keyed(a, SLICE_LIT(" bob"), false, &d), ERR_SYNTAX);
    CU_ASSERT_EQUAL(dlist_parse_keyed(a, SLICE_LIT("(a b)"), false, &d), ERR_SYNTAX);
    CU_ASSERT_EQUAL(dlist_parse_keyed(a, SLICE_LIT("M %{p nothex 1}\r\nx"), true, &d), ERR_SYNTAX);
    buf_fini(&out);
    arena_free(&a);
}

static void test_values(void)
{
    struct arena *a = arena_new(0);
    struct dlist *d;
    struct slice s = SLICE_NULL;
    struct guid g, want;
    uint64_t n = 7;
    uint32_t n32 = 7;

    CU_ASSERT_EQUAL_FATAL(dlist_parse(a, SLICE_LIT("%(A 42 B 4294967296 C 12x H 00ff G "
                                                   "11f6ad8ec52a2984abaafd7c3b516503785c2072 L (1) "
                                                   "N NIL A 43 F \\Seen E \"\" S {2}\r\n17)"),
                                      DLIST_STRICT, &d), ERR_OK);
    CU_ASSERT_TRUE(dlist_get_num(d, "A", &n) && n == 42);
    CU_ASSERT_TRUE(dlist_get_num(d, "S", &n) && n == 17);
    CU_ASSERT_TRUE(dlist_get_num(d, "B", &n) && n == UINT64_C(4294967296));
    CU_ASSERT_FALSE(dlist_get_num32(d, "B", &n32));
    CU_ASSERT_TRUE(dlist_get_num32(d, "A", &n32) && n32 == 42);
    CU_ASSERT_FALSE(dlist_get_num(d, "C", &n));
    CU_ASSERT_FALSE(dlist_get_num(d, "E", &n));
    CU_ASSERT_FALSE(dlist_get_num(d, "a", &n));
    CU_ASSERT_TRUE(dlist_get_hex(d, "H", &n) && n == 255);
    CU_ASSERT_FALSE(dlist_get_hex(d, "C", &n));
    guid_of(&want, "x", 1);
    CU_ASSERT_TRUE(dlist_get_guid(d, "G", &g) && guid_eq(&g, &want));
    CU_ASSERT_FALSE(dlist_get_guid(d, "H", &g));
    CU_ASSERT_FALSE(dlist_get_text(d, "L", &s));
    CU_ASSERT_FALSE(dlist_get_text(d, "N", &s));
    CU_ASSERT_TRUE(dlist_get_text(d, "F", &s) && slice_eqs(s, "\\Seen"));
    CU_ASSERT_TRUE(dlist_get_text(d, "E", &s) && s.n == 0 && s.p);
    CU_ASSERT_EQUAL(dlist_text(dlist_find(d, "Z"), &s), ERR_NOTFOUND);
    CU_ASSERT_EQUAL(dlist_num(dlist_find(d, "N"), &n), ERR_SYNTAX);
    CU_ASSERT_PTR_NULL(dlist_find(dlist_find(d, "L"), "1"));
    CU_ASSERT_PTR_NULL(dlist_find(NULL, "A"));
    arena_free(&a);
}

static void test_reader(void)
{
    struct dlist_reader r;
    enum dlist_event ev;

    dlist_reader_init(&r, SLICE_LIT("%(A %(x y z (1 2)) B c)"), DLIST_STRICT);
    CU_ASSERT_TRUE(dlist_read(&r, &ev) == ERR_OK && ev == DLIST_EV_KVLIST);
    CU_ASSERT_TRUE(dlist_read(&r, &ev) == ERR_OK && ev == DLIST_EV_KVLIST && slice_eqs(r.key, "A"));
    CU_ASSERT_EQUAL(dlist_skip(&r), ERR_OK);
    CU_ASSERT_TRUE(dlist_read(&r, &ev) == ERR_OK && ev == DLIST_EV_ATOM);
    CU_ASSERT_TRUE(slice_eqs(r.key, "B") && slice_eqs(r.text, "c"));
    CU_ASSERT_TRUE(dlist_read(&r, &ev) == ERR_OK && ev == DLIST_EV_CLOSE);
    CU_ASSERT_TRUE(dlist_read(&r, &ev) == ERR_OK && ev == DLIST_EV_END);
    CU_ASSERT_TRUE(dlist_read(&r, &ev) == ERR_OK && ev == DLIST_EV_END);
    dlist_reader_init(&r, SLICE_NULL, DLIST_STREAM);
    CU_ASSERT_EQUAL(dlist_read(&r, &ev), ERR_SYNTAX);
}

TEST_SUITE("dlist", { "put text", test_put_text }, { "tree", test_tree }, { "parse", test_parse },
           { "depth", test_depth }, { "keyed", test_keyed }, { "values", test_values },
           { "reader", test_reader })

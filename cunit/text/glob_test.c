/* glob_test.c - LIST patterns and wildmats
 * covers: NW-01 IM-08
 */
#include "cunit/test.h"

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/text/glob.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))

static const struct {
    const char *pattern, *name;
    bool full, child;
    size_t parent;
} list_rows[] = {
    { "*", "", true, true, 0 },
    { "*", "a.b", true, true, 1 },
    { "%", "a", true, false, 0 },
    { "%", "a.b", false, false, 1 },
    { "%", "", true, false, 0 },
    { "%.%", "a", false, true, 0 },
    { "%.%", "a.b", true, false, 0 },
    { "%.%", "a.b.c", false, false, 3 },
    { "a", "a", true, false, 0 },
    { "a", "A", false, false, 0 },
    { "a", "ab", false, false, 0 },
    { "a", "a.b", false, false, 1 },
    { "a.", "a", false, false, 0 },
    { "a.*", "a", false, true, 0 },
    { "a.*", "a.b.c", true, true, 3 },
    { "a.%", "a.b", true, false, 0 },
    { "a.%", "a.b.c", false, false, 3 },
    { "a*", "a", true, true, 0 },
    { "a*", "a.b", true, true, 1 },
    { "a%", "abc", true, false, 0 },
    { "a%", "abc.d", false, false, 3 },
    { "a%c", "abc", true, false, 0 },
    { "a%c", "ac", true, false, 0 },
    { "a%c", "a.c", false, false, 0 },
    { "a*c", "a.c", true, true, 0 },
    { "*b", "a.b", true, true, 0 },
    { "*.b", "a.b.x.b.y", false, true, 7 },
    { "*.b", "a.b.x", false, true, 3 },
    { "%b%", "abc", true, false, 0 },
    { "%*", "a.b", true, true, 1 },
    { "*%", "a.b", true, true, 1 },
    { "%%", "ab", true, false, 0 },
    { "%%", "a.b", false, false, 1 },
    { "", "", true, false, 0 },
    { "", "a", false, false, 0 },
    { "*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false, true, 0 },
    { "user.%.Sent", "user.ann", false, true, 0 },
    { "user.%.Sent", "user.ann.Sent", true, false, 0 },
    { "user.%.Sent", "user.ann.x.Sent", false, false, 0 },
    { "INBOX", "INBOX", true, false, 0 },
    { "inbox", "INBOX", true, false, 0 },
    { "iNb%", "INBOX", true, false, 0 },
    { "%x", "INBOX", true, false, 0 },
    { "inbox.sub", "INBOX.sub", true, false, 0 },
    { "inbox.sub", "INBOX.Sub", false, false, 0 },
    { "inboxes", "INBOXES", false, false, 0 },
    { "inbox.%", "INBOX", false, true, 0 },
    { "inbox", "INBOX.a", false, false, 5 },
};

static void test_list(void)
{
    struct arena *a = arena_new(0);

    for (size_t i = 0; i < ROWS(list_rows); i++) {
        struct slice name = slice_cstr(list_rows[i].name);
        struct glob *g;
        CU_CHECK_ROW(i, glob_compile(a, slice_cstr(list_rows[i].pattern), '.', GLOB_INBOX, &g) ==
                            ERR_OK);
        struct glob_match m = glob_match(g, name);
        CU_CHECK_ROW(i, m.full == list_rows[i].full);
        CU_CHECK_ROW(i, m.child == list_rows[i].child);
        CU_CHECK_ROW(i, m.parent == list_rows[i].parent);
        CU_CHECK_ROW(i, glob_matches(g, name) == m.full);
    }
    arena_free(&a);
}

static void test_separators(void)
{
    struct arena *a = arena_new(0);
    struct glob *g;

    CU_ASSERT_EQUAL_FATAL(glob_compile(a, SLICE_LIT("a/%"), '/', 0, &g), ERR_OK);
    CU_ASSERT_TRUE(glob_matches(g, SLICE_LIT("a/b.c")));
    CU_ASSERT_FALSE(glob_matches(g, SLICE_LIT("a/b/c")));
    CU_ASSERT_EQUAL_FATAL(glob_compile(a, SLICE_LIT("inbox"), '/', 0, &g), ERR_OK);
    CU_ASSERT_FALSE(glob_matches(g, SLICE_LIT("INBOX")));
    arena_free(&a);
}

static void test_prefix(void)
{
    static const struct {
        const char *pattern;
        unsigned flags;
        const char *prefix;
        bool literal;
    } rows[] = {
        { "user.a*", 0, "user.a", false },     { "%", 0, "", false },
        { "a.b", 0, "a.b", true },              { "inbox.x%", 0, "inbox.x", false },
        { "inbox.x%", GLOB_INBOX, "", false },  { "In*", GLOB_INBOX, "", false },
        { "Is*", GLOB_INBOX, "Is", false },     { "INBOX", GLOB_INBOX, "", true },
        { "inboxes", GLOB_INBOX, "", true },    { "", 0, "", true },
    };
    struct arena *a = arena_new(0);

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct glob *g;
        CU_CHECK_ROW(i, glob_compile(a, slice_cstr(rows[i].pattern), '.', rows[i].flags, &g) ==
                            ERR_OK);
        CU_CHECK_ROW(i, slice_eqs(glob_literal_prefix(g), rows[i].prefix));
        CU_CHECK_ROW(i, glob_is_literal(g) == rows[i].literal);
    }
    arena_free(&a);
}

/* The long way: tries every split.  For small inputs only. */
static bool slow_match(struct slice p, struct slice n)
{
    if (p.n == 0)
        return n.n == 0;
    if (p.p[0] != '*' && p.p[0] != '%')
        return n.n > 0 && p.p[0] == n.p[0] && slow_match(slice_skip(p, 1), slice_skip(n, 1));
    for (size_t take = 0; take <= n.n; take++) {
        if (take > 0 && p.p[0] == '%' && n.p[take - 1] == '.')
            return false;
        if (slow_match(slice_skip(p, 1), slice_skip(n, take)))
            return true;
    }
    return false;
}

static struct slice spell(char *out, const char *letters, unsigned n, unsigned code)
{
    size_t len = 0;

    for (; code > 0; code /= n + 1)
        if (code % (n + 1) > 0)
            out[len++] = letters[code % (n + 1) - 1];
    return slice_make(out, len);
}

/* All patterns and names up to five letters, against the slow one. */
static void test_exhaustive(void)
{
    struct arena *a = arena_new(0);
    char pattern[8], name[8];
    size_t wrong = 0;

    for (unsigned p = 0; p < 5 * 5 * 5 * 5 * 5; p++) {
        struct glob *g;
        struct slice ps = spell(pattern, "a.*%", 4, p);
        if (glob_compile(a, ps, '.', 0, &g))
            wrong++;
        for (unsigned n = 0; n < 3 * 3 * 3 * 3 * 3; n++) {
            struct slice ns = spell(name, "a.", 2, n);
            wrong += glob_matches(g, ns) != slow_match(ps, ns);
        }
        arena_reset(a);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    arena_free(&a);
}

static void test_long(void)
{
    struct arena *a = arena_new(0);
    struct buf pattern = BUF_INIT, name = BUF_INIT;
    struct glob *g;

    for (int i = 0; i < 1000; i++)
        buf_adds(&pattern, "*a%");
    for (int i = 0; i < 5000; i++)
        buf_addc(&name, 'a');
    uint64_t start = clock_mono_ms();
    CU_ASSERT_EQUAL_FATAL(glob_compile(a, buf_slice(&pattern), '.', 0, &g), ERR_OK);
    CU_ASSERT_TRUE(glob_matches(g, buf_slice(&name)));
    buf_addc(&pattern, 'b');
    CU_ASSERT_EQUAL_FATAL(glob_compile(a, buf_slice(&pattern), '.', 0, &g), ERR_OK);
    CU_ASSERT_FALSE(glob_matches(g, buf_slice(&name)));
    CU_ASSERT_TRUE(clock_mono_ms() - start < 5000);
    for (int i = 0; i < 400; i++)
        buf_adds(&pattern, "*a%");
    CU_ASSERT_EQUAL(glob_compile(a, buf_slice(&pattern), '.', 0, &g), ERR_LIMIT);
    CU_ASSERT_EQUAL(glob_compile(a, SLICE_LIT("a\0b"), '.', 0, &g), ERR_SYNTAX);
    buf_fini(&pattern);
    buf_fini(&name);
    arena_free(&a);
}

static void test_wildmat(void)
{
    static const struct {
        const char *list, *text;
        enum wildmat_verdict verdict;
    } rows[] = {
        { "*", "news.a", WILDMAT_MATCH },
        { "*", "", WILDMAT_MATCH },
        { "", "a", WILDMAT_NONE },
        { "news.*", "news.a", WILDMAT_MATCH },
        { "news.*", "news", WILDMAT_NONE },
        { "news.misc.*,!news.misc.private,*.test", "news.misc.private", WILDMAT_NOT },
        { "news.misc.*,!news.misc.private,*.test", "news.misc.test", WILDMAT_MATCH },
        { "news.misc.*,!news.misc.private,*.test", "x.test", WILDMAT_MATCH },
        { "!a,a", "a", WILDMAT_MATCH },
        { "a,!a", "a", WILDMAT_NOT },
        { "*,@local.*", "local.x", WILDMAT_POISON },
        { " a , b ", "b", WILDMAT_MATCH },
        { " a , b ", "a", WILDMAT_MATCH },
        { "a,,", "a", WILDMAT_MATCH },
        { "a?c", "abc", WILDMAT_MATCH },
        { "a?c", "ac", WILDMAT_NONE },
        { "a?c", "a\xc3\xa4""c", WILDMAT_MATCH },
        { "a??c", "a\xc3\xa4""c", WILDMAT_NONE },
        { "a?c", "a\xff""c", WILDMAT_MATCH },
        { "*a*b*c*", "xxaxxbxxcxx", WILDMAT_MATCH },
        { "*a*b*c*", "xxaxxcxxbxx", WILDMAT_NONE },
        { "**", "abc", WILDMAT_MATCH },
        { "ab*", "ab", WILDMAT_MATCH },
        { "*ab", "aab", WILDMAT_MATCH },
        { "*\xa4", "\xc3\xa4", WILDMAT_NONE },
        { "ABC", "abc", WILDMAT_NONE },
    };

    for (size_t i = 0; i < ROWS(rows); i++)
        CU_CHECK_ROW(i, wildmat(slice_cstr(rows[i].list), slice_cstr(rows[i].text)) ==
                            rows[i].verdict);
    CU_ASSERT_TRUE(wildmat_matches(SLICE_LIT("a*"), SLICE_LIT("ab")));
    CU_ASSERT_TRUE(wildmat_is_pattern(SLICE_LIT("a.*")));
    CU_ASSERT_FALSE(wildmat_is_pattern(SLICE_LIT("a.b-c")));
}

TEST_SUITE("glob", { "list", test_list }, { "separators", test_separators },
           { "prefix", test_prefix }, { "exhaustive", test_exhaustive }, { "long", test_long },
           { "wildmat", test_wildmat })

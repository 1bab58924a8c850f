/* imaptok_test.c - tokens of IMAP commands
 * covers: IM-19
 */
#include "cunit/test.h"

#include "lib/base/buf.h"
#include "lib/text/imaptok.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))
#define TEXT(s) { (s), sizeof(s) - 1 }

typedef err_t string_fn(struct imaptok *, struct slice *);

/* ---- strings: what is taken, or the error and its position ---- */

static const struct {
    string_fn *fn;
    struct slice text;
    unsigned flags;
    err_t err;
    const char *value;          /* NULL: NIL */
    size_t pos;                 /* of t->p afterwards */
} string_rows[] = {
    { imaptok_tag, TEXT("a001 x"), 0, ERR_OK, "a001", 4 },
    { imaptok_tag, TEXT("a]b x"), 0, ERR_OK, "a]b", 3 },
    { imaptok_tag, TEXT("a+b x"), 0, ERR_OK, "a", 1 },
    { imaptok_tag, TEXT("+ x"), 0, ERR_SYNTAX, "", 0 },
    { imaptok_tag, TEXT(""), 0, ERR_SYNTAX, "", 0 },
    { imaptok_tag, TEXT("\xc3\xa4"), 0, ERR_SYNTAX, "", 0 },
    { imaptok_atom, TEXT("abc("), 0, ERR_OK, "abc", 3 },
    { imaptok_atom, TEXT("a]"), 0, ERR_OK, "a", 1 },
    { imaptok_atom, TEXT("%"), 0, ERR_SYNTAX, "", 0 },
    { imaptok_word, TEXT("a{%]\" x"), 0, ERR_OK, "a{%]\"", 5 },
    { imaptok_word, TEXT("\r\n"), 0, ERR_SYNTAX, "", 0 },
    { imaptok_astring, TEXT("abc]d e"), 0, ERR_OK, "abc]d", 5 },
    { imaptok_astring, TEXT("NIL"), 0, ERR_OK, "NIL", 3 },
    { imaptok_astring, TEXT("caf\xc3\xa9"), 0, ERR_OK, "caf\xc3\xa9", 5 },
    { imaptok_astring, TEXT("caf\xe9"), 0, ERR_OK, "caf\xe9", 4 },
    { imaptok_astring, TEXT("caf\xe9"), IMAPTOK_UTF8, ERR_SYNTAX, "", 0 },
    { imaptok_astring, TEXT("\r\n"), 0, ERR_SYNTAX, "", 0 },
    { imaptok_astring, TEXT("%x"), 0, ERR_SYNTAX, "", 0 },
    { imaptok_astring, TEXT("\"a b\" c"), 0, ERR_OK, "a b", 5 },
    { imaptok_astring, TEXT("\"\""), 0, ERR_OK, "", 2 },
    { imaptok_astring, TEXT("~x"), 0, ERR_OK, "~x", 2 },
    { imaptok_astring, TEXT("~{3}\r\nabc"), 0, ERR_OK, "~", 1 },
    { imaptok_astring, TEXT("~{3}\r\nabc"), IMAPTOK_BINARY, ERR_OK, "abc", 9 },
    { imaptok_quoted, TEXT("\"a\\\"b\\\\c\""), 0, ERR_OK, "a\"b\\c", 9 },
    { imaptok_quoted, TEXT("\"a\\bc\""), 0, ERR_SYNTAX, "", 2 },
    { imaptok_quoted, TEXT("\"abc"), 0, ERR_SYNTAX, "", 4 },
    { imaptok_quoted, TEXT("\"abc\\\""), 0, ERR_SYNTAX, "", 6 },
    { imaptok_quoted, TEXT("\"abc\\"), 0, ERR_SYNTAX, "", 4 },
    { imaptok_quoted, TEXT("\"ab\rc\""), 0, ERR_SYNTAX, "", 3 },
    { imaptok_quoted, TEXT("\"ab\0c\""), 0, ERR_SYNTAX, "", 3 },
    { imaptok_quoted, TEXT("\"\xe9\""), 0, ERR_OK, "\xe9", 3 },
    { imaptok_quoted, TEXT("\"\xe9\""), IMAPTOK_UTF8, ERR_SYNTAX, "", 0 },
    { imaptok_quoted, TEXT("\"\xc3\xa9\""), IMAPTOK_UTF8, ERR_OK, "\xc3\xa9", 4 },
    { imaptok_quoted, TEXT("abc"), 0, ERR_SYNTAX, "", 0 },
    { imaptok_string, TEXT("{3}\r\nabc def"), 0, ERR_OK, "abc", 8 },
    { imaptok_string, TEXT("{3+}\r\nabc"), 0, ERR_OK, "abc", 9 },
    { imaptok_string, TEXT("{3}\nabc"), 0, ERR_OK, "abc", 7 },
    { imaptok_string, TEXT("{0}\r\n"), 0, ERR_OK, "", 5 },
    { imaptok_string, TEXT("{0}"), 0, ERR_OK, "", 3 },
    { imaptok_string, TEXT("{3}\r\nab"), 0, ERR_AGAIN, "", 0 },
    { imaptok_string, TEXT("{3}"), 0, ERR_AGAIN, "", 0 },
    { imaptok_string, TEXT("{3}x\r\nabc"), 0, ERR_SYNTAX, "", 3 },
    { imaptok_string, TEXT("{3\r\nabc"), 0, ERR_SYNTAX, "", 2 },
    { imaptok_string, TEXT("{}\r\nabc"), 0, ERR_SYNTAX, "", 1 },
    { imaptok_string, TEXT("{-1}\r\nabc"), 0, ERR_SYNTAX, "", 1 },
    { imaptok_string, TEXT("{4294967296}\r\nabc"), 0, ERR_LIMIT, "", 1 },
    { imaptok_string, TEXT("{99999999999999999999999}\r\nabc"), 0, ERR_LIMIT, "", 1 },
    { imaptok_string, TEXT("{3}\r\na\0b"), 0, ERR_SYNTAX, "", 0 },
    { imaptok_string, TEXT("{3}\r\na\0b"), IMAPTOK_BINARY, ERR_SYNTAX, "", 0 },
    { imaptok_string, TEXT("~{3+}\r\na\0b"), 0, ERR_SYNTAX, "", 0 },
    { imaptok_string, TEXT("NIL"), 0, ERR_SYNTAX, "", 0 },
    { imaptok_nstring, TEXT("NIL)"), 0, ERR_OK, NULL, 3 },
    { imaptok_nstring, TEXT("nil"), 0, ERR_OK, NULL, 3 },
    { imaptok_nstring, TEXT("nile"), 0, ERR_SYNTAX, "", 0 },
    { imaptok_nstring, TEXT("\"NIL\""), 0, ERR_OK, "NIL", 5 },
    { imaptok_nstring, TEXT("\"\""), 0, ERR_OK, "", 2 },
    { imaptok_list_mailbox, TEXT("a.%* x"), 0, ERR_OK, "a.%*", 4 },
    { imaptok_list_mailbox, TEXT("\"a b%\""), 0, ERR_OK, "a b%", 6 },
    { imaptok_list_mailbox, TEXT("~%"), 0, ERR_OK, "~%", 2 },
    { imaptok_list_mailbox, TEXT("()"), 0, ERR_SYNTAX, "", 0 },
    { imaptok_flag, TEXT("\\Seen)"), 0, ERR_OK, "\\Seen", 5 },
    { imaptok_flag, TEXT("$Junk "), 0, ERR_OK, "$Junk", 5 },
    { imaptok_flag, TEXT("\\*"), 0, ERR_SYNTAX, "", 1 },
    { imaptok_flag, TEXT("\\"), 0, ERR_SYNTAX, "", 1 },
    { imaptok_flag, TEXT("\"x\""), 0, ERR_SYNTAX, "", 0 },
};

static void test_strings(void)
{
    for (size_t i = 0; i < ROWS(string_rows); i++) {
        struct arena *a = arena_new(0);
        struct imaptok t;
        struct slice got = SLICE_NULL;
        imaptok_init(&t, string_rows[i].text, a, string_rows[i].flags);
        err_t err = string_rows[i].fn(&t, &got);
        CU_CHECK_ROW(i, err == string_rows[i].err);
        CU_CHECK_ROW(i, (size_t)(t.p - t.start) == string_rows[i].pos);
        if (err)
            CU_CHECK_ROW(i, *t.why);
        else if (string_rows[i].value)
            CU_CHECK_ROW(i, got.p && slice_eqs(got, string_rows[i].value));
        else
            CU_CHECK_ROW(i, !got.p);
        arena_free(&a);
    }
}

static void test_binary(void)
{
    struct imaptok t;
    struct slice got;

    imaptok_init(&t, SLICE_LIT("~{3+}\r\na\0b"), NULL, IMAPTOK_BINARY);
    CU_ASSERT_EQUAL(imaptok_string(&t, &got), ERR_OK);
    CU_ASSERT_TRUE(slice_eq(got, SLICE_LIT("a\0b")));
    CU_ASSERT_TRUE(t.lit.binary && t.lit.nonsync && t.lit.size == 3);
}

static void test_limits(void)
{
    struct imaptok t;
    struct slice got;

    imaptok_init(&t, SLICE_LIT("abcdef"), NULL, 0);
    t.max_word = 5;
    CU_ASSERT_EQUAL(imaptok_astring(&t, &got), ERR_LIMIT);
    CU_ASSERT_EQUAL(imaptok_atom(&t, &got), ERR_LIMIT);
    t.max_word = 6;
    CU_ASSERT_EQUAL(imaptok_atom(&t, &got), ERR_OK);
    imaptok_init(&t, SLICE_LIT("\"abcdef\""), NULL, 0);
    t.max_quoted = 5;
    CU_ASSERT_EQUAL(imaptok_astring(&t, &got), ERR_LIMIT);
}

/* ---- literals at the end of a line ---- */

static void test_line_literal(void)
{
    static const struct {
        const char *line;
        bool is;
        uint64_t size;
        bool nonsync, binary;
    } rows[] = {
        { "a LOGIN {5}", true, 5, false, false },
        { "a LOGIN {5+}", true, 5, true, false },
        { "{0}", true, 0, false, false },
        { "a APPEND x ~{12}", true, 12, false, true },
        { "a APPEND x (~{12+}", true, 12, true, true },
        { "a {4294967295}", true, 4294967295u, false, false },
        { "a {4294967296}", true, UINT64_MAX, false, false },
        { "a {99999999999999999999999+}", true, UINT64_MAX, true, false },
        { "a {5} ", false, 0, false, false },
        { "a {}", false, 0, false, false },
        { "a {+}", false, 0, false, false },
        { "a {5-}", false, 0, false, false },
        { "a 5}", false, 0, false, false },
        { "5}", false, 0, false, false },
        { "}", false, 0, false, false },
        { "", false, 0, false, false },
        { "a \"{5}\"", false, 0, false, false },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct imaptok_literal lit;
        bool is = imaptok_line_literal(slice_cstr(rows[i].line), &lit);
        CU_CHECK_ROW(i, is == rows[i].is);
        if (is)
            CU_CHECK_ROW(i, lit.size == rows[i].size && lit.nonsync == rows[i].nonsync &&
                         lit.binary == rows[i].binary);
    }
}

/* A command as imapd reads it: two literals collected, the third streamed. */
static void test_command(void)
{
    struct slice text =
        SLICE_LIT("t1 APPEND {5}\r\nINBOX (\\Seen $x) \" 1-Jan-2020 00:00:00 +0000\" "
                  "{1000+}\r\n");
    struct arena *a = arena_new(0);
    struct imaptok_literal lit;
    struct slice tag, name, mailbox, *flags;
    struct imaptok t;
    size_t n;
    time_t when;

    imaptok_init(&t, text, a, 0);
    CU_ASSERT_EQUAL(imaptok_tag(&t, &tag), ERR_OK);
    CU_ASSERT_EQUAL(imaptok_sp(&t), ERR_OK);
    CU_ASSERT_EQUAL(imaptok_name(&t, "", &name), ERR_OK);
    CU_ASSERT_TRUE(slice_eqs(name, "APPEND"));
    CU_ASSERT_EQUAL(imaptok_sp(&t), ERR_OK);
    CU_ASSERT_EQUAL(imaptok_astring(&t, &mailbox), ERR_OK);
    CU_ASSERT_TRUE(slice_eqs(mailbox, "INBOX"));
    CU_ASSERT_TRUE(imaptok_accept_sp(&t));
    CU_ASSERT_EQUAL(imaptok_flags(&t, false, &flags, &n), ERR_OK);
    CU_ASSERT_TRUE(n == 2 && slice_eqs(flags[0], "\\Seen") && slice_eqs(flags[1], "$x"));
    CU_ASSERT_TRUE(imaptok_accept_sp(&t));
    CU_ASSERT_EQUAL(imaptok_date_time(&t, &when), ERR_OK);
    CU_ASSERT_EQUAL(when, 1577836800);
    CU_ASSERT_TRUE(imaptok_accept_sp(&t));
    CU_ASSERT_EQUAL(imaptok_literal_head(&t, &lit), ERR_OK);
    CU_ASSERT_TRUE(lit.size == 1000 && lit.nonsync && !lit.binary);
    CU_ASSERT_TRUE(imaptok_at_end(&t));
    CU_ASSERT_EQUAL(imaptok_end(&t), ERR_OK);
    arena_free(&a);
}

/* ---- punctuation, lists ---- */

static void test_ends(void)
{
    static const struct {
        struct slice text;
        bool end;
        const char *rest;
    } rows[] = {
        { TEXT(""), true, "" },      { TEXT("\r\n"), true, "" },  { TEXT("\n"), true, "" },
        { TEXT("\r"), false, "\r" }, { TEXT("x"), false, "x" },   { TEXT(" \r\n"), false, " " },
        { TEXT("a b\r\n"), false, "a b" },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct imaptok t;
        imaptok_init(&t, rows[i].text, NULL, 0);
        CU_CHECK_ROW(i, imaptok_at_end(&t) == rows[i].end);
        if (!rows[i].end)
            CU_CHECK_ROW(i, imaptok_end(&t) == ERR_SYNTAX);
        if (i != 3)
            CU_CHECK_ROW(i, slice_eqs(imaptok_rest(&t), rows[i].rest));
    }
}

static void test_accept_word(void)
{
    struct imaptok t;

    imaptok_init(&t, SLICE_LIT("Charset UTF-8"), NULL, 0);
    CU_ASSERT_FALSE(imaptok_accept_word(&t, "CHAR"));
    CU_ASSERT_TRUE(imaptok_accept_word(&t, "CHARSET"));
    CU_ASSERT_EQUAL(imaptok_peek(&t), ' ');
    CU_ASSERT_TRUE(imaptok_accept_sp(&t));
    CU_ASSERT_TRUE(imaptok_accept_word(&t, "utf-8"));
    CU_ASSERT_EQUAL(imaptok_peek(&t), -1);
    CU_ASSERT_FALSE(imaptok_accept_word(&t, "x"));
}

/* Words of a list, nested lists in brackets: "(a (b))" -> "a[b]". */
static err_t flatten(struct imaptok *t, struct buf *out)
{
    unsigned outside = t->depth;
    struct slice word;
    bool more;
    err_t err = imaptok_open(t);

    while (!err && t->depth > outside) {
        err = imaptok_more(t, &more);
        if (err)
            break;
        if (!more) {
            buf_addc(out, ']');
        } else if (imaptok_peek(t) == '(') {
            buf_addc(out, '[');
            err = imaptok_open(t);
        } else {
            err = imaptok_atom(t, &word);
            if (!err)
                buf_add_slice(out, word);
        }
    }
    return err;
}

static void test_lists(void)
{
    static const struct {
        const char *text;
        err_t err;
        const char *flat;
    } rows[] = {
        { "()", ERR_OK, "]" },          { "(a)", ERR_OK, "a]" },
        { "(a b c)", ERR_OK, "abc]" },  { "(a (b (c)) d)", ERR_OK, "a[b[c]]d]" },
        { "(() ())", ERR_OK, "[][]]" }, { "(a  b)", ERR_SYNTAX, "" },
        { "( a)", ERR_SYNTAX, "" },     { "(a )", ERR_SYNTAX, "" },
        { "(a(b))", ERR_SYNTAX, "" },   { "(a", ERR_SYNTAX, "" },
        { "(", ERR_SYNTAX, "" },        { "a", ERR_SYNTAX, "" },
        { "(a\r\n", ERR_SYNTAX, "" },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf flat = BUF_INIT;
        struct imaptok t;
        imaptok_init(&t, slice_cstr(rows[i].text), NULL, 0);
        err_t err = flatten(&t, &flat);
        CU_CHECK_ROW(i, err == rows[i].err);
        CU_CHECK_ROW(i, err || (slice_eqs(buf_slice(&flat), rows[i].flat) && imaptok_at_end(&t)));
        buf_fini(&flat);
    }
}

static void test_depth(void)
{
    struct buf text = BUF_INIT, flat = BUF_INIT;
    struct imaptok t;

    for (int i = 0; i < IMAPTOK_MAX_DEPTH; i++)
        buf_addc(&text, '(');
    for (int i = 0; i < IMAPTOK_MAX_DEPTH; i++)
        buf_addc(&text, ')');
    imaptok_init(&t, buf_slice(&text), NULL, 0);
    CU_ASSERT_EQUAL(flatten(&t, &flat), ERR_OK);
    buf_reset(&text);
    for (int i = 0; i <= IMAPTOK_MAX_DEPTH; i++)
        buf_addc(&text, '(');
    imaptok_init(&t, buf_slice(&text), NULL, 0);
    CU_ASSERT_EQUAL(flatten(&t, &flat), ERR_LIMIT);
    imaptok_init(&t, SLICE_LIT(")"), NULL, 0);
    CU_ASSERT_EQUAL(imaptok_close(&t), ERR_SYNTAX);
    buf_fini(&text);
    buf_fini(&flat);
}

static void test_flags(void)
{
    static const struct {
        const char *text;
        bool bare;
        err_t err;
        size_t n;
    } rows[] = {
        { "()", false, ERR_OK, 0 },
        { "(\\Seen)", false, ERR_OK, 1 },
        { "(a b c d e f g h i j)", false, ERR_OK, 10 },
        { "\\Seen \\Deleted kw\r\n", true, ERR_OK, 3 },
        { "(\\Seen kw)", true, ERR_OK, 2 },
        { "\\Seen kw", false, ERR_SYNTAX, 0 },
        { "", true, ERR_SYNTAX, 0 },
        { "\\Seen \r\n", true, ERR_SYNTAX, 0 },
        { "(\\Seen \\*)", false, ERR_SYNTAX, 0 },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct arena *a = arena_new(0);
        struct imaptok t;
        struct slice *flags;
        size_t n;
        imaptok_init(&t, slice_cstr(rows[i].text), a, 0);
        err_t err = imaptok_flags(&t, rows[i].bare, &flags, &n);
        CU_CHECK_ROW(i, err == rows[i].err);
        CU_CHECK_ROW(i, err || (n == rows[i].n && imaptok_at_end(&t)));
        arena_free(&a);
    }
}

static void test_too_many_flags(void)
{
    struct arena *a = arena_new(0);
    struct buf text = BUF_INIT;
    struct slice *flags;
    struct imaptok t;
    size_t n;

    for (int i = 0; i <= IMAPTOK_MAX_FLAGS; i++)
        buf_adds(&text, i ? " k" : "(k");
    imaptok_init(&t, buf_slice(&text), a, 0);
    CU_ASSERT_EQUAL(imaptok_flags(&t, false, &flags, &n), ERR_LIMIT);
    buf_fini(&text);
    arena_free(&a);
}

/* ---- numbers, dates ---- */

static void test_numbers(void)
{
    static const struct {
        const char *text;
        err_t err32, err_nz, err64;
        uint64_t value;
    } rows[] = {
        { "0", ERR_OK, ERR_SYNTAX, ERR_OK, 0 },
        { "17 x", ERR_OK, ERR_OK, ERR_OK, 17 },
        { "007", ERR_OK, ERR_SYNTAX, ERR_OK, 7 },
        { "4294967295", ERR_OK, ERR_OK, ERR_OK, 4294967295u },
        { "4294967296", ERR_LIMIT, ERR_LIMIT, ERR_OK, 4294967296u },
        { "9223372036854775807", ERR_LIMIT, ERR_LIMIT, ERR_OK, INT64_MAX },
        { "9223372036854775808", ERR_LIMIT, ERR_LIMIT, ERR_LIMIT, 0 },
        { "99999999999999999999", ERR_LIMIT, ERR_LIMIT, ERR_LIMIT, 0 },
        { "-1", ERR_SYNTAX, ERR_SYNTAX, ERR_SYNTAX, 0 },
        { "x", ERR_SYNTAX, ERR_SYNTAX, ERR_SYNTAX, 0 },
        { "", ERR_SYNTAX, ERR_SYNTAX, ERR_SYNTAX, 0 },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct imaptok t;
        uint32_t n = 0;
        uint64_t n64 = 0;
        imaptok_init(&t, slice_cstr(rows[i].text), NULL, 0);
        CU_CHECK_ROW(i, imaptok_number(&t, &n) == rows[i].err32);
        CU_CHECK_ROW(i, rows[i].err32 || n == rows[i].value);
        CU_CHECK_ROW(i, !rows[i].err32 || t.p == t.start);
        t.p = t.start;
        CU_CHECK_ROW(i, imaptok_nz_number(&t, &n) == rows[i].err_nz);
        t.p = t.start;
        CU_CHECK_ROW(i, imaptok_number64(&t, &n64) == rows[i].err64);
        CU_CHECK_ROW(i, rows[i].err64 || n64 == rows[i].value);
    }
}

static void test_dates(void)
{
    static const struct {
        const char *text;
        bool fine;
    } rows[] = {
        { "1-Feb-1994", true },      { "\"1-Feb-1994\"", true },  { "01-feb-1994", true },
        { "31-Feb-1994", false },    { "\"1-Feb-1994", false },   { "1-Fub-1994", false },
        { "1994-02-01", false },     { "", false },
    };
    time_t zone_free[2], start, end;
    struct imaptok t;

    for (size_t i = 0; i < ROWS(rows); i++) {
        imaptok_init(&t, slice_cstr(rows[i].text), NULL, 0);
        err_t err = imaptok_date(&t, &start, &end);
        CU_CHECK_ROW(i, (err == ERR_OK) == rows[i].fine);
        CU_CHECK_ROW(i,
                     err || (end - start >= 82800 && end - start <= 90000 && imaptok_at_end(&t)));
    }
    imaptok_init(&t, SLICE_LIT("\"17-Jul-1996 02:44:25 -0700\""), NULL, 0);
    CU_ASSERT_EQUAL(imaptok_date_time(&t, &zone_free[0]), ERR_OK);
    CU_ASSERT_EQUAL(zone_free[0], 837596665);
    imaptok_init(&t, SLICE_LIT("17-Jul-1996 02:44:25 -0700"), NULL, 0);
    CU_ASSERT_EQUAL(imaptok_date_time(&t, &zone_free[1]), ERR_SYNTAX);
    imaptok_init(&t, SLICE_LIT("\"17-Jul-1996\""), NULL, 0);
    CU_ASSERT_EQUAL(imaptok_date_time(&t, &zone_free[1]), ERR_SYNTAX);
}

/* ---- sets ---- */

static const struct {
    const char *text;
    err_t err;
    uint32_t max;
    const char *members;
    uint32_t largest;
} set_rows[] = {
    { "1", ERR_OK, 10, "1", 1 },
    { "1:3,5 FLAGS", ERR_OK, 10, "1:3,5", 5 },
    { "5:3", ERR_OK, 10, "3:5", 5 },
    { "*", ERR_OK, 10, "10", 0 },
    { "*", ERR_OK, 0, "", 0 },
    { "4:*", ERR_OK, 10, "4:10", 4 },
    { "*:4", ERR_OK, 10, "4:10", 4 },
    { "20:*", ERR_OK, 10, "10:20", 20 },
    { "1:*", ERR_OK, 0, "", 1 },
    { "*:*", ERR_OK, 10, "10", 0 },
    { "9,8,7,1:2,3", ERR_OK, 10, "1:3,7:9", 9 },
    { "1:5,2:3,4:7", ERR_OK, 10, "1:7", 7 },
    { "4294967295", ERR_OK, 1, "4294967295", 4294967295u },
    { "0", ERR_SYNTAX, 0, NULL, 0 },
    { "1:0", ERR_SYNTAX, 0, NULL, 0 },
    { "01", ERR_SYNTAX, 0, NULL, 0 },
    { "", ERR_SYNTAX, 0, NULL, 0 },
    { "1,", ERR_SYNTAX, 0, NULL, 0 },
    { ",1", ERR_SYNTAX, 0, NULL, 0 },
    { "1:", ERR_SYNTAX, 0, NULL, 0 },
    { "a", ERR_SYNTAX, 0, NULL, 0 },
    { "4294967296", ERR_LIMIT, 0, NULL, 0 },
};

static void test_sets(void)
{
    for (size_t i = 0; i < ROWS(set_rows); i++) {
        struct arena *a = arena_new(0);
        struct ranges members = RANGES_INIT;
        struct buf text = BUF_INIT;
        struct imapset set;
        struct imaptok t;
        imaptok_init(&t, slice_cstr(set_rows[i].text), a, 0);
        err_t err = imaptok_set(&t, &set);
        CU_CHECK_ROW(i, err == set_rows[i].err);
        if (!err) {
            imapset_resolve(&set, set_rows[i].max, &members);
            ranges_format(&members, &text);
            CU_CHECK_ROW(i, slice_eqs(buf_slice(&text), set_rows[i].members));
            CU_CHECK_ROW(i, imapset_max(&set) == set_rows[i].largest);
            CU_CHECK_ROW(i, set.has_star == (strchr(set_rows[i].text, '*') != NULL));
        }
        ranges_fini(&members);
        buf_fini(&text);
        arena_free(&a);
    }
}

static void test_saved_set(void)
{
    struct imaptok t;
    struct imapset set;

    imaptok_init(&t, SLICE_LIT("$ x"), NULL, 0);
    CU_ASSERT_EQUAL(imaptok_set(&t, &set), ERR_OK);
    CU_ASSERT_TRUE(set.saved && set.n == 0 && imaptok_peek(&t) == ' ');
}

/* Many items, downward, must not take quadratic time; more are refused. */
static void test_large_set(void)
{
    struct arena *a = arena_new(0);
    struct ranges members = RANGES_INIT;
    struct buf text = BUF_INIT;
    struct imapset set;
    struct imaptok t;

    for (int i = IMAPTOK_MAX_SET; i > 0; i--)
        buf_addf(&text, "%d%s", 2 * i, i > 1 ? "," : "");
    imaptok_init(&t, buf_slice(&text), a, 0);
    CU_ASSERT_EQUAL(imaptok_set(&t, &set), ERR_OK);
    CU_ASSERT_EQUAL(set.n, IMAPTOK_MAX_SET);
    imapset_resolve(&set, 1, &members);
    CU_ASSERT_EQUAL(ranges_count(&members), IMAPTOK_MAX_SET);
    buf_adds(&text, ",1");
    imaptok_init(&t, buf_slice(&text), a, 0);
    CU_ASSERT_EQUAL(imaptok_set(&t, &set), ERR_LIMIT);
    ranges_fini(&members);
    buf_fini(&text);
    arena_free(&a);
}

TEST_SUITE("imaptok", { "strings", test_strings }, { "binary", test_binary },
           { "limits", test_limits }, { "line literal", test_line_literal },
           { "command", test_command }, { "ends", test_ends }, { "accept word", test_accept_word },
           { "lists", test_lists }, { "depth", test_depth }, { "flags", test_flags },
           { "too many flags", test_too_many_flags }, { "numbers", test_numbers },
           { "dates", test_dates }, { "sets", test_sets }, { "saved set", test_saved_set },
           { "large set", test_large_set })

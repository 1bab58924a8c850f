/* covers: IM-06 */
#include "imap/search/subject.h"

#include "cunit/test.h"
#include "imap/search/collate.h"
#include "imap/search/msgid.h"

static const struct {
    const char *subject, *base;
    bool is_reply;
} rows[] = {
    { "hello", "hello", false },
    { "", "", false },
    { " \t ", "", false },
    /* (1) white space */
    { "a\tb", "a b", false },
    { "a \r\n b", "a b", false },
    { "  a    b  ", "a b", false },
    /* (2) trailers */
    { "hello (fwd)", "hello", true },
    { "hello (FWD) (fwd) ", "hello", true },
    { "(fwd)", "", true },
    { "hello(fwd)x", "hello(fwd)x", false },
    /* (3) leaders */
    { "Re: hello", "hello", true },
    { "RE:hello", "hello", true },
    { "re : hello", "hello", true },
    { "Fw: hello", "hello", true },
    { "fwd: hello", "hello", true },
    { "fwdd: hello", "fwdd: hello", false },
    { "re: re: fw: hello", "hello", true },
    { "re[2]: hello", "hello", true },
    { "Re [x] : hello", "hello", true },                /* a blob takes the blanks behind it */
    { "Re [x]: hello", "hello", true },
    { "re[[x]: hello", "re[[x]: hello", false },
    { "[list] Re: hello", "hello", true },
    { "[a][b] re[c]: [d] hello", "hello", true },
    { "Re:", "", true },
    { "re", "re", false },
    { "Reply: hello", "Reply: hello", false },
    { "Aw: hello", "Aw: hello", false },
    /* (4) blobs */
    { "[list] hello", "hello", false },
    { "[a] [b] [c]", "[c]", false },
    { "[a][b]", "[b]", false },
    { "[blob]", "[blob]", false },
    { "[] x", "x", false },
    { "[", "[", false },
    { "]", "]", false },
    { "[a", "[a", false },
    { "[a[b] c", "[a[b] c", false },
    { "Re: [blob]", "[blob]", true },
    { "[a] re: [b] re: [c]", "[c]", true },
    /* (6) forwards */
    { "[fwd: hello]", "hello", true },
    { "[Fwd: Re: hello (fwd)]", "hello", true },
    { "[fwd: [fwd: hello]]", "hello", true },
    { "[fwd: ]", "", true },
    { "[fwd:]", "", true },
    { "[fwd: hello", "[fwd: hello", false },
    { "[fwd: a] b", "b", false },
    { "re: [fwd: [list] re: hello] ", "hello", true },
    { "Gr\xc3\xbc\xc3\x9f" "e: Re: x", "Gr\xc3\xbc\xc3\x9f" "e: Re: x", false },
};

static void test_table(void)
{
    struct buf b = BUF_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_reset(&b);
        buf_addc(&b, '!');                      /* it appends */
        CU_CHECK_ROW(i, subject_base(slice_cstr(rows[i].subject), &b) == rows[i].is_reply);
        if (!slice_eqs(slice_skip(buf_slice(&b), 1), rows[i].base))
            printf("row %zu: '%.*s'\n", i, SLICE_ARG(buf_slice(&b)));
        CU_CHECK_ROW(i, slice_eqs(slice_skip(buf_slice(&b), 1), rows[i].base));
    }
    buf_fini(&b);
}

/* A base subject is its own base subject, but for a blob that is all there is in a forward. */
static void test_final(void)
{
    struct buf b = BUF_INIT, again = BUF_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_reset(&b);
        buf_reset(&again);
        (void)subject_base(slice_cstr(rows[i].subject), &b);
        (void)subject_base(buf_slice(&b), &again);
        CU_CHECK_ROW(i, slice_eq(buf_slice(&b), buf_slice(&again)));
    }
    buf_fini(&b);
    buf_fini(&again);
}

/* Hostile subjects take linear time: these would run for hours otherwise. */
static void test_long(void)
{
    static const char *const units[] = { "[a]", "[fwd:", "re:", "re[", "[a] re: ", "(fwd)", "[", " ", "[fwd:]" };
    struct buf s = BUF_INIT, b = BUF_INIT;

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        buf_reset(&s);
        buf_reset(&b);
        while (s.n < 1 << 20)
            buf_adds(&s, units[i]);
        (void)subject_base(buf_slice(&s), &b);
        CU_CHECK_ROW(i, b.n <= s.n);
    }
    buf_fini(&s);
    buf_fini(&b);
}

static void test_msgid(void)
{
    static const struct {
        const char *value, *ids;                /* with a comma behind each */
    } values[] = {
        { "<a@b>", "a@b," },
        { "<a@b> <c@d>", "a@b,c@d," },
        { "<\"01KF8JCEOCBS0045PS\"@xxx.yyy.com>", "01KF8JCEOCBS0045PS@xxx.yyy.com," },   /* RFC 5256 3 */
        { "<01KF8JCEOCBS0045PS@xxx.yyy.com>", "01KF8JCEOCBS0045PS@xxx.yyy.com," },
        { "<\"a\\\"b\"@c>", "a\"b@c," },
        { "<\"a>b\"@c>", "a>b@c," },
        { "Your message of Monday <a@b> you@x", "a@b," },
        { "<a@b>\r\n\t<c@d>\r\n <e@f>", "a@b,c@d,e@f," },
        { "<a@\r\n b>", "a@b," },
        { "nothing", "" },
        { "<>", "" },
        { "<nohost>", "" },
        { "<@x>", "" },
        { "<a@b", "" },
        { "<a@<b@c>", "b@c," },
        { "<<a@b>>", "a@b," },
        { "<\"a@b> <c@d>", "c@d," },
        { "<A@b> <a@b>", "A@b,a@b," },          /* case counts */
    };
    struct buf id = BUF_INIT, all = BUF_INIT;

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct slice rest = slice_cstr(values[i].value);
        buf_reset(&all);
        while (msgid_next(&rest, &id)) {
            buf_add_slice(&all, buf_slice(&id));
            buf_addc(&all, ',');
        }
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&all), values[i].ids));
    }
    buf_fini(&id);
    buf_fini(&all);
}

/* RFC 5051 goes by titlecase: what lies between "Z" and "a" comes after both. */
static void test_collate(void)
{
    static const char *const order[] = {
        "", " a", "!", "1", "a", "A b", "ab", "Abc", "e\xcc\x81", "f", "z", "[", "]", "_", "{",
        "\xce\xb1", "\xce\xa9", "\xd0\xb0", "\xd0\xaf", "\xe3\x81\x82",
    };
    struct buf x = BUF_INIT, y = BUF_INIT;

    for (size_t i = 0; i + 1 < sizeof order / sizeof *order; i++) {
        buf_reset(&x);
        buf_reset(&y);
        collate_add(&x, slice_cstr(order[i]));
        collate_add(&y, slice_cstr(order[i + 1]));
        CU_CHECK_ROW(i, slice_cmp(buf_slice(&x), buf_slice(&y)) < 0);
    }
    buf_reset(&x);
    buf_reset(&y);
    collate_add(&x, SLICE_LIT("STRASSE \xc3\x89 \xd0\xb0"));
    collate_add(&y, SLICE_LIT("stra\xc3\x9f" "e e\xcc\x81 \xd0\x90"));
    CU_ASSERT_TRUE(slice_eq(buf_slice(&x), buf_slice(&y)));
    buf_fini(&x);
    buf_fini(&y);
}

TEST_SUITE("subject", { "base subject", test_table }, { "final", test_final }, { "linear", test_long },
           { "message ids", test_msgid }, { "order of texts", test_collate })

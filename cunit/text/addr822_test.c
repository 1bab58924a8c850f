/* addr822_test.c - address lists, written well and badly
 *
 * Many more, with what 3.6.1 made of them, are in cunit/store/facts_cases.inc.
 */
#include "cunit/test.h"

#include "lib/text/addr822.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))

/* "name|route|mailbox|domain" for each mailbox, "{name" and "}" for groups, joined by spaces. */
static void describe(struct buf *out, struct slice value)
{
    struct addr822_parser p;
    struct addr822 a;

    addr822_begin(&p, value);
    while (addr822_next(&p, &a)) {
        if (out->n > 0)
            buf_addc(out, ' ');
        if (a.kind == ADDR822_GROUP_END) {
            buf_addc(out, '}');
        } else if (a.kind == ADDR822_GROUP) {
            buf_addf(out, "{%.*s", SLICE_ARG(a.mailbox));
        } else {
            buf_addf(out, "%s%.*s|%.*s|%.*s|%.*s", a.has_name ? "" : "-", SLICE_ARG(a.name),
                     SLICE_ARG(a.route), SLICE_ARG(a.mailbox), SLICE_ARG(a.domain));
        }
    }
    addr822_fini(&p);
}

static void test_list(void)
{
    static const struct {
        const char *value, *expected;
    } rows[] = {
        { "a@b", "-||a|b" },
        { "Joe Q. Public <john.q@x>", "Joe Q. Public||john.q|x" },
        { "\"Doe, John\" <j@x>, b@y", "Doe, John||j|x -||b|y" },
        { "a@b (Joe)", "Joe||a|b" },
        { "a@b (un(nest)ed \\) x)", "un(nest)ed ) x||a|b" },
        { "(c) a@b", "-||a|b" },
        { "<@x,@y:a@b>", "-|@x,@y|a|b" },
        { "Joe <@r:a@b>", "Joe|@r|a|b" },
        { "grp: a@b, Joe <c@d>;, e@f", "{grp -||a|b Joe||c|d } -||e|f" },
        { "undisclosed-recipients:;", "{undisclosed-recipients }" },
        { "grp: a@b", "{grp -||a|b }" },
        { "alone", "-||alone|unspecified-domain" },
        { "Joe <>", "Joe||" "|unspecified-domain" },
        { "a@[1.2.3.4]", "-||a|[1.2.3.4]" },
        { "\"a b\"@c", "-||a b|c" },
        { "a . b @ c . d", "-||a . b|c.d" },
        { "a@b..c.", "-||a|b.c" },
        { "", "" },
        { " , ,", "" },
        { "a@b,,c@d", "-||a|b -||c|d" },
        { "\"unclosed <a@b>", "" },
        { "(unclosed a@b", "" },
        { "a@b <c@d>", "-||a|b -||c|d" },
        { "x\r\n\ty <a@b>,\r\n c@d", "x y||a|b -||c|d" },
        { "\"x\r\n y\" <a@b>", "x y||a|b" },
        { "a@b; c@d", "-||a|b } -||c|d" },
        { "<a@b", "-||a|b" },
        { "<<a@b>>", "-||<a|b -||>|unspecified-domain" },
        { "caf\xc3\xa9 <a@b>", "caf\xc3\xa9||a|b" },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        describe(&out, slice_cstr(rows[i].value));
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].expected));
        buf_fini(&out);
    }
}

static void test_again(void)
{
    struct addr822_parser p;
    struct addr822 a;

    addr822_begin(&p, SLICE_LIT("g: a@b"));
    CU_ASSERT(addr822_next(&p, &a) && a.kind == ADDR822_GROUP);
    addr822_again(&p, SLICE_LIT("c@d"));
    CU_ASSERT(addr822_next(&p, &a) && a.kind == ADDR822_MAILBOX);
    CU_ASSERT(slice_eqs(a.mailbox, "c"));
    CU_ASSERT(!addr822_next(&p, &a));
    addr822_fini(&p);
}

static void test_first(void)
{
    struct buf out = BUF_INIT;

    CU_ASSERT(addr822_first(SLICE_LIT("g: Joe <A@B>, c@d;"), &out));
    CU_ASSERT(slice_eqs(buf_slice(&out), "A@B"));
    buf_reset(&out);
    CU_ASSERT(addr822_first(SLICE_LIT("local"), &out));
    CU_ASSERT(slice_eqs(buf_slice(&out), "local"));
    CU_ASSERT(!addr822_first(SLICE_LIT("g:;"), &out));
    buf_fini(&out);
}

static void test_format(void)
{
    static const struct {
        const char *value, *text;
    } rows[] = {
        { "a@b", "a@b" },
        { "Joe Doe <a.b@c>", "Joe Doe <a.b@c>" },
        { "\"Doe, \\\"J\\\"\" <a@b>", "\"Doe, \\\"J\\\"\" <a@b>" },
        { "\"a b\"@c", "\"a b\"@c" },
        { "alone", "alone" },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct addr822_parser p;
        struct addr822 a;
        struct buf out = BUF_INIT;
        addr822_begin(&p, slice_cstr(rows[i].value));
        CU_CHECK_ROW(i, addr822_next(&p, &a));
        addr822_format(&out, &a);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].text));
        addr822_fini(&p);
        buf_fini(&out);
    }
}

TEST_SUITE("addr822", { "list", test_list }, { "again", test_again }, { "first", test_first },
           { "format", test_format })

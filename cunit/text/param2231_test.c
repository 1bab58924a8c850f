/* param2231_test.c - parameters of Content-Type and Content-Disposition
 *
 * Many more, with what 3.6.1 made of them, are in cunit/store/facts_cases.inc.
 */
#include "cunit/test.h"

#include "lib/text/param2231.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))

/* "type/subtype name=value|name=value" of what is well-formed. */
static void test_type(void)
{
    static const struct {
        const char *value, *expected;
    } rows[] = {
        { "text/plain", "text/plain" },
        { " Text / (c) HTML ; charset = utf-8 (c); x=\"a \\\"b\"",
          "Text/HTML charset=utf-8|x=a \"b" },
        { "text/plain;;a=b;", "text/plain a=b" },
        { "text/plain; a=b c; d", "text/plain a=b c" },
        { "text/plain; na me=x; b=c", "text/plain b=c" },
        { "text/plain; a=\"open; b=c", "text/plain" },
        { "text/plain; a=\"x\r\n y\"; b=z", "text/plain a=x y|b=z" },
        { "text/plain; a=\"\"; b=c", "text/plain a=|b=c" },
        { "text", NULL },
        { "text/", NULL },
        { "text/plain/x", NULL },
        { "text/html charset=utf-8", NULL },
        { "\"text\"/plain", NULL },
        { "", NULL },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct param2231_parser p;
        struct param2231 param;
        struct slice type, subtype;
        struct buf out = BUF_INIT;
        err_t err = param2231_begin_type(&p, slice_cstr(rows[i].value), &type, &subtype);
        CU_CHECK_ROW(i, err == (rows[i].expected ? ERR_OK : ERR_SYNTAX));
        if (!err) {
            buf_addf(&out, "%.*s/%.*s", SLICE_ARG(type), SLICE_ARG(subtype));
            for (char c = ' '; param2231_next(&p, &param); c = '|')
                buf_addf(&out, "%c%.*s=%.*s", c, SLICE_ARG(param.name), SLICE_ARG(param.value));
            CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].expected));
        }
        param2231_fini(&p);
        buf_fini(&out);
    }
}

static void test_all(void)
{
    static const struct {
        const char *value, *expected;
    } rows[] = {
        { "x; a*0=b; a*1=c; d=e", "A=bc D=e" },
        { "x; a*1=c; q=1; A*0=b", "Q=1 A=bc" },
        { "x; a*0*=utf-8''%41; a*1=\"b%c\"", "A*=utf-8''%41b%25c" },
        { "x; a*0=b; a*1*=c", "A*=''bc" },
        { "x; a*0=b; a*2=d", "A=b A*2=d" },
        { "x; a*00=b; a*01=c", "A*00=b A*01=c" },
        { "x; a*=b; a=c", "A*=b A=c" },
        { "x; a*0=b; a*0=c; a*1=d", "A=bd A=c" },
        { "x", "" },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct param2231_parser p;
        struct param2231 *params;
        struct slice token;
        struct arena *arena = arena_new(0);
        struct buf out = BUF_INIT;
        CU_CHECK_ROW(i, param2231_begin_token(&p, slice_cstr(rows[i].value), &token) == ERR_OK);
        size_t n = param2231_all(&p, arena, &params);
        for (size_t k = 0; k < n; k++)
            buf_addf(&out, "%s%.*s=%.*s", k ? " " : "", SLICE_ARG(params[k].name),
                     SLICE_ARG(params[k].value));
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].expected));
        param2231_fini(&p);
        arena_free(&arena);
        buf_fini(&out);
    }
}

static void test_get(void)
{
    static const struct {
        const char *value, *name, *expected;
    } rows[] = {
        { "attachment; filename=x.txt", "filename", "x.txt" },
        { "attachment; FileName=\"a b\"", "filename", "a b" },
        { "attachment; filename*=utf-8'en'%c3%a4%20b", "filename", "\xc3\xa4 b" },
        { "attachment; filename=old; filename*=iso-8859-1''%e4", "filename", "\xc3\xa4" },
        { "attachment; filename*1=b; filename*0=a", "filename", "ab" },
        { "attachment; filename*0*=utf-8''%c3; filename*1*=%a4; filename*2=\"%41\"", "filename",
          "\xc3\xa4%41" },
        { "attachment; filename=\"=?utf-8?q?=C3=A4?=\"", "filename", "\xc3\xa4" },
        { "text/plain; name=x", "name", "x" },
        { "attachment; filename*1=b", "filename", NULL },
        { "attachment", "filename", NULL },
        { "a b c", "filename", NULL },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        err_t err = param2231_get(slice_cstr(rows[i].value), rows[i].name, &out);
        CU_CHECK_ROW(i, err == (rows[i].expected ? ERR_OK : ERR_NOTFOUND));
        CU_CHECK_ROW(i, slice_eq(buf_slice(&out), slice_cstr(rows[i].expected)));
        buf_fini(&out);
    }
}

static void test_list(void)
{
    struct param2231_parser p;
    struct slice token;

    param2231_begin_list(&p, SLICE_LIT("en, (c) de , ,x y"));
    CU_ASSERT(param2231_next_token(&p, &token) && slice_eqs(token, "en"));
    CU_ASSERT(param2231_next_token(&p, &token) && slice_eqs(token, "de"));
    CU_ASSERT(param2231_next_token(&p, &token) && token.n == 0);
    CU_ASSERT(!param2231_next_token(&p, &token));
    param2231_fini(&p);
}

static void test_add(void)
{
    static const struct {
        const char *value, *text;
    } rows[] = {
        { "x.txt", "; filename=x.txt" },
        { "a b", "; filename=\"a b\"" },
        { "a\"b\\", "; filename=\"a\\\"b\\\\\"" },
        { "", "; filename=\"\"" },
        { "\xc3\xa4 %", "; filename*=utf-8''%C3%A4%20%25" },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT, back = BUF_INIT;
        buf_adds(&out, "attachment");
        param2231_add(&out, "filename", slice_cstr(rows[i].value));
        CU_CHECK_ROW(i, slice_eqs(slice_skip(buf_slice(&out), 10), rows[i].text));
        CU_CHECK_ROW(i, param2231_get(buf_slice(&out), "filename", &back) == ERR_OK);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&back), rows[i].value));
        buf_fini(&out);
        buf_fini(&back);
    }
}

TEST_SUITE("param2231", { "type", test_type }, { "all", test_all }, { "get", test_get },
           { "list", test_list }, { "add", test_add })

/* json_test.c - the JSON that tools print and read back
 *
 * covers: RC-23
 */
#include "imap/admin/json.h"

#include "cunit/test.h"

/* Events as text: "{a{}b[s(x)o(1)]}" - o(...) for what is no string, "!" an error, "." the end. */
static void events(struct slice text, struct buf *out)
{
    static const char *const words[] = { [JSON_END] = ".", [JSON_OBJECT] = "{", [JSON_ARRAY] = "[",
                                         [JSON_CLOSE] = ")", [JSON_STRING] = "s",
                                         [JSON_OTHER] = "o" };
    struct json_reader r;
    enum json_event ev = JSON_OTHER;
    err_t err = ERR_OK;

    json_reader_init(&r, text);
    while (!err && ev != JSON_END) {
        err = json_read(&r, &ev);
        if (err)
            buf_adds(out, err == ERR_LIMIT ? "limit" : "!");
        else if (ev == JSON_STRING || ev == JSON_OTHER)
            buf_addf(out, "%s%s<%s>", buf_cstr(&r.key), words[ev], buf_cstr(&r.text));
        else
            buf_addf(out, "%s%s", buf_cstr(&r.key), words[ev]);
    }
    json_reader_fini(&r);
}

static const struct {
    struct slice text;
    const char *want;
} rows[] = {
    { SLICE_LIT("{}"), "{)." },
    { SLICE_LIT(" [ ] \r\n"), "[)." },
    { SLICE_LIT("\"x\""), "s<x>." },
    { SLICE_LIT("{\"a\": \"b\"}"), "{as<b>)." },
    { SLICE_LIT("{\"a\":{\"b\":[1,-2.5e+7,true,null]},\"c\":\"\"}"),
      "{a{b[o<1>o<-2.5e+7>o<true>o<null>))cs<>)." },
    { SLICE_LIT("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"), "[s<\"\\/\b\f\n\r\t>)." },
    { SLICE_LIT("[\"\\u00fc\\u20AC\\ud83d\\ude00\"]"),
      "[s<\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80>)." },
    { SLICE_LIT("[\"\xc3\xbc\"]"), "[s<\xc3\xbc>)." },
    /* no JSON */
    { SLICE_LIT(""), "!" },
    { SLICE_LIT("{"), "{!" },
    { SLICE_LIT("}"), "!" },
    { SLICE_LIT("{]"), "{!" },
    { SLICE_LIT("[}"), "[!" },
    { SLICE_LIT("{} x"), "{)!" },
    { SLICE_LIT("{}{}"), "{)!" },
    { SLICE_LIT("{,}"), "{!" },
    { SLICE_LIT("{\"a\"}"), "{!" },
    { SLICE_LIT("{\"a\":}"), "{!" },
    { SLICE_LIT("{\"a\":1,}"), "{ao<1>!" },
    { SLICE_LIT("{\"a\":1 \"b\":2}"), "{ao<1>!" },
    { SLICE_LIT("{a:1}"), "{!" },
    { SLICE_LIT("{1:1}"), "{!" },
    { SLICE_LIT("[1,]"), "[o<1>!" },
    { SLICE_LIT("[1 2]"), "[o<1>!" },
    { SLICE_LIT("[\"a"), "[!" },
    { SLICE_LIT("[\"a\\"), "[!" },
    { SLICE_LIT("[\"a\\\"]"), "[!" },
    { SLICE_LIT("[\"\\x41\"]"), "[!" },
    { SLICE_LIT("[\"\\u12\"]"), "[!" },
    { SLICE_LIT("[\"\\u12g4\"]"), "[!" },
    { SLICE_LIT("[\"\\ud83d\"]"), "[!" },
    { SLICE_LIT("[\"\\ud83d\\u0041\"]"), "[!" },
    { SLICE_LIT("[\"\\ude00\"]"), "[!" },
    { SLICE_LIT("[\"a\nb\"]"), "[!" },
    { SLICE_LIT("[#]"), "[!" },
    { SLICE_LIT("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"), "[[[[[[[[[[[[[[[[o<1>))))))))))))))))." },
    { SLICE_LIT("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"), "[[[[[[[[[[[[[[[[limit" },
};

static void test_read(void)
{
    struct buf got = BUF_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_reset(&got);
        events(rows[i].text, &got);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&got), rows[i].want));
    }
    buf_fini(&got);
}

static void test_skip(void)
{
    struct slice text = SLICE_LIT("{\"a\": {\"b\": [1, {}, []]}, \"c\": \"d\",\n \"e\": [");
    struct json_reader r;
    enum json_event ev;

    json_reader_init(&r, text);
    CU_ASSERT_EQUAL(json_read(&r, &ev), ERR_OK);
    CU_ASSERT_EQUAL(json_read(&r, &ev), ERR_OK);
    CU_ASSERT_EQUAL(json_skip(&r), ERR_OK);
    CU_ASSERT_EQUAL(json_read(&r, &ev), ERR_OK);
    CU_ASSERT_EQUAL(ev, JSON_STRING);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&r.key), "c");
    CU_ASSERT_EQUAL(json_read(&r, &ev), ERR_OK);
    CU_ASSERT_EQUAL(ev, JSON_ARRAY);
    CU_ASSERT_EQUAL(json_skip(&r), ERR_SYNTAX);
    CU_ASSERT_EQUAL(r.line, 2);
    json_reader_fini(&r);
}

static void test_write(void)
{
    static const char want[] = "{\n"
                               "  \"a\\\"\\\\\": \"\\u0001\\n\\t\xc3\xbc\xef\xbf\xbd\",\n"
                               "  \"b\": [\n"
                               "    1\n"
                               "  ],\n"
                               "  \"c\": {}\n"
                               "}";
    struct json_list top, list;
    struct buf out = BUF_INIT;

    json_open(&top, &out, 0, '{');
    json_string_member(&top, "a\"\\", SLICE_LIT("\x01\n\t\xc3\xbc\xff"));
    json_member(&top, "b");
    json_open(&list, &out, 1, '[');
    json_member(&list, NULL);
    buf_addc(&out, '1');
    json_close(&list);
    json_member(&top, "c");
    json_open(&list, &out, 1, '{');
    json_close(&list);
    json_close(&top);
    CU_ASSERT_STRING_EQUAL(buf_cstr(&out), want);
    buf_fini(&out);
}

TEST_SUITE("json", { "read", test_read }, { "skip", test_skip }, { "write", test_write })

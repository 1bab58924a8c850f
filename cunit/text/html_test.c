/* html_test.c - the visible text of HTML
 */
#include "cunit/test.h"

#include "lib/text/html.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))

static const struct {
    const char *in, *out;
} rows[] = {
    { "plain text", "plain text" },
    { "<b>bold</b>er", "bolder" },
    { "<p>one</p><p>two", " one  two" },
    { "a<br>b<BR/>c", "a b c" },
    { "<a href=\"x>y\" title='<'>link</a>", "link" },
    { "x<!-- <b>no</b> -- - -->y", "xy" },
    { "<!DOCTYPE html><?xml version=\"1.0\"?>z", "z" },
    { "a<script>if (1 < 2) \"</b>\" </scripty> x</script>b", "ab" },
    { "<style type='text/css'>p > a { }</STYLE >b", "b" },
    { "&lt;b&gt; &amp;amp; &quot;&#65;&#x42;&eacute;&nbsp;&euro;",
      "<b> &amp; \"AB\xc3\xa9\xc2\xa0\xe2\x82\xac" },
    { "AT&T &unknown; &#0; &#x110000; &", "AT&T &unknown; &#0; &#x110000; &" },
    { "&copy 2023 &amp", "\xc2\xa9 2023 &" },
    { "1 < 2 <3 <", "1 < 2 <3 <" },
    { "caf\xc3\xa9", "caf\xc3\xa9" },
    { "<unclosed attribute=\"", "" },
    { "<!---->x<!-->y-->z<!>w", "xzw" },
    { "&abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz;",
      "&abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz;" },
    { "", "" },
};

static void test_text(void)
{
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        html_to_text(&out, slice_cstr(rows[i].in));
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].out));
        buf_fini(&out);
    }
}

static void test_pieces(void)
{
    struct html_text h;

    html_begin(&h);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        struct slice in = slice_cstr(rows[i].in);
        for (size_t at = 0; at < in.n; at++)
            html_push(&h, slice_cut(in, at, at + 1), &out);
        html_end(&h, &out);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].out));
        buf_fini(&out);
    }
}

TEST_SUITE("html", { "text", test_text }, { "pieces", test_pieces })

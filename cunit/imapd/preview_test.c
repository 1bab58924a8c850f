/* preview_test.c - the first words of messages of all kinds */
#include "cunit/test.h"

#include "imap/imapd/preview.h"
#include "lib/base/arena.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))
#define MULTI "Content-Type: multipart/alternative; boundary=b\r\n\r\n"

static const struct {
    const char *message, *preview;
} rows[] = {
    { "Subject: x\r\n\r\nHello\r\nworld\r\n", "Hello world" },
    { "Subject: x\r\n\r\n\r\n \t Hello  \t world \r\n\r\n\r\nagain", "Hello world again" },
    { "Subject: x\r\n\r\n> quoted\r\nanswer\r\n> more\r\nand on\r\n-- \r\nsignature\r\n", "answer and on" },
    { "Subject: x\r\n\r\n", "" },
    { "Subject: x\r\n", "" },
    { "", "" },
    { "Content-Transfer-Encoding: base64\r\n\r\nSGVs\r\nbG8=\r\n", "Hello" },
    { "Content-Transfer-Encoding: x-unknown\r\n\r\nHello\r\n", "" },
    { "Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdf" "e\r\n", "Gr\xc3\xbc\xc3\x9f" "e" },
    { "Content-Type: text/plain; charset=utf-8\r\n\r\nbad \xff byte\r\n", "bad \xef\xbf\xbd byte" },
    { "Content-Type: text/plain; charset=x-nosuch\r\n\r\nHello\r\n", "Hello" },
    { "Content-Type: text/html\r\n\r\n<html><head><title>T</title></head><BODY><style>p{}</style><p>One &amp;<br>two</p>"
      "<script>no</script></body></html>\r\n", "One & two" },
    { "Content-Type: application/pdf\r\n\r\nbytes\r\n", "" },
    { "Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\nx\r\n--b--\r\n", "" },
    { MULTI "--b\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n--b--\r\n", "plain" },
    { MULTI "--b\r\nContent-Type: text/plain\r\n\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--b--\r\n", "html" },
    { MULTI "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: i\r\n\r\ninner\r\n--b\r\n\r\nouter\r\n--b--\r\n", "outer" },
    { MULTI "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: i\r\n\r\ninner\r\n--b--\r\n", "inner" },
};

static void test_rows(void)
{
    struct arena *a = arena_new(0);

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        preview_text(slice_cstr(rows[i].message), a, &out);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].preview));
        buf_fini(&out);
    }
    arena_free(&a);
}

/* 200 characters, however many bytes each has, and the time that the front of the message takes. */
static void test_length(void)
{
    enum { N = 8 << 20 };
    struct arena *a = arena_new(0);
    struct buf in = BUF_INIT, out = BUF_INIT;

    buf_adds(&in, "Content-Type: text/plain; charset=utf-8\r\n\r\n");
    while (in.n < N)
        buf_adds(&in, "\xc3\xa4");
    preview_text(buf_slice(&in), a, &out);
    CU_ASSERT_EQUAL(out.n, 2 * PREVIEW_CHARS);
    buf_fini(&in);
    buf_fini(&out);
    arena_free(&a);
}

TEST_SUITE("preview", { "kinds of messages", test_rows }, { "length", test_length })

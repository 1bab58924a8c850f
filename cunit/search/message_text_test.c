/* covers: IM-04 */
#include "imap/search/message_text.h"

#include "cunit/test.h"
#include "imap/search/match.h"
#include "lib/base/arena.h"
#include "lib/conf/conf.h"

static const char message[] =
    "From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\n"
    "Subject: Outer\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n"
    "\r\n"
    "preamble-word\r\n"
    "--b\r\n"
    "Content-Type: text/plain; charset=iso-8859-1\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n"
    "\r\n"
    "Gr=FC=DFe aus K=F6ln, lange Zei=\r\n"
    "le\r\n"
    "--b\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "\r\n"
    "PHA+dmlz\r\naWJsZSA8Yj5ib2xkPC9iPjwvcD48IS0tIGhpZGRlbiAtLT4=\r\n"
    "--b\r\n"
    "Content-Type: application/octet-stream\r\n"
    "\r\n"
    "binaryword\r\n"
    "--b\r\n"
    "Content-Type: message/rfc822\r\n"
    "\r\n"
    "Subject: innersubject\r\n"
    "\r\n"
    "innerbody\r\n"
    "--b--\r\n";

static const struct {
    const char *needle;
    bool in_body, in_text;
} rows[] = {
    { "Gr\xc3\xbc\xc3\x9f" "e", true, true },           /* decoded from ISO-8859-1 */
    { "GR\xc3\x9cSSE", true, true },                    /* case folding, sharp s */
    { "lange zeile", true, true },                      /* soft line break undone */
    { "visible bold", true, true },                     /* base64, tags removed */
    { "hidden", false, false },                         /* HTML comment */
    { "binaryword", false, false },                     /* no text part */
    { "octet-stream", true, true },                     /* header of a part */
    { "innerbody", true, true },
    { "innersubject", true, true },                     /* header of a contained message */
    { "outer", false, true },                           /* own header: TEXT only */
    { "j\xc3\xbcrgen", false, true },                   /* encoded word */
    { "preamble-word", false, false },
    { "absent", false, false },
    { "", true, true },
};

static void configure(void)
{
    struct buf why = BUF_INIT;

    CU_ASSERT_EQUAL_FATAL(conf_load_text(SLICE_LIT("configdirectory: /c\ndefaultpartition: default\n"
                                                   "partition-default: /p\n"), NULL, &why), ERR_OK);
    buf_fini(&why);
}

static void test_has(void)
{
    struct arena *a = arena_new(0);

    configure();

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice needle;
        CU_ASSERT_EQUAL(match_needle(a, SLICE_NULL, slice_cstr(rows[i].needle), 0, &needle), ERR_OK);
        CU_CHECK_ROW(i, message_text_has(slice_cstr(message), needle, false, 0, a) == rows[i].in_body);
        CU_CHECK_ROW(i, message_text_has(slice_cstr(message), needle, true, 0, a) == rows[i].in_text);
    }
    conf_unload();
    arena_free(&a);
}

/* A multipart whose boundary never comes is searched as it is. */
static void test_no_parts(void)
{
    static const char text[] = "Content-Type: multipart/mixed; boundary=b\r\n\r\nlost words\r\n";
    struct arena *a = arena_new(0);

    configure();
    CU_ASSERT_TRUE(message_text_has(slice_cstr(text), SLICE_LIT("lost words"), false, 0, a));
    CU_ASSERT_FALSE(message_text_has(slice_cstr(text), SLICE_LIT("boundary"), false, 0, a));
    conf_unload();
    arena_free(&a);
}

/* A needle that lies across two pieces of a long part is found. */
static void test_across_pieces(void)
{
    struct arena *a = arena_new(0);
    struct buf m = BUF_INIT;

    configure();
    buf_adds(&m, "Subject: x\r\n\r\n");
    while (m.n < 32768 + 14 - 3)
        buf_addc(&m, 'a');
    buf_adds(&m, "needle");
    CU_ASSERT_TRUE(message_text_has(buf_slice(&m), SLICE_LIT("needle"), false, 0, a));
    buf_fini(&m);
    conf_unload();
    arena_free(&a);
}

static void test_header(void)
{
    struct slice block = SLICE_LIT("X-A: one\r\nX-B: =?iso-8859-1?q?=E9t=E9?=\r\nx-a: two\r\n\r\n");

    CU_ASSERT_TRUE(message_header_has(block, SLICE_LIT("x-a"), SLICE_LIT("two"), 0));
    CU_ASSERT_TRUE(message_header_has(block, SLICE_LIT("x-b"), SLICE_NULL, 0));
    CU_ASSERT_FALSE(message_header_has(block, SLICE_LIT("x-c"), SLICE_NULL, 0));
    CU_ASSERT_FALSE(message_header_has(block, SLICE_LIT("x-b"), SLICE_LIT("one"), 0));
}

TEST_SUITE("message_text", { "bodies and headers", test_has }, { "no parts", test_no_parts },
           { "across pieces", test_across_pieces },
           { "header fields", test_header })

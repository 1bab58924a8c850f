/* cte_test.c - content without its transfer encoding */
#include "cunit/test.h"

#include "lib/text/cte.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))
#define TEXT(s) { (s), sizeof(s) - 1 }

static void test_decode(void)
{
    static const struct {
        enum mime_encoding encoding;
        struct slice in;
        size_t want;
        err_t err;
        struct slice out;
    } rows[] = {
        { MIME_ENC_NONE, TEXT("a=20b"), SIZE_MAX, ERR_OK, TEXT("a=20b") },
        { MIME_ENC_NONE, TEXT("abcdef"), 3, ERR_OK, TEXT("abc") },
        { MIME_ENC_QP, TEXT("a=20b=\r\nc"), SIZE_MAX, ERR_OK, TEXT("a bc") },
        { MIME_ENC_BASE64, TEXT("AAEC\r\nAwQF\r\n"), SIZE_MAX, ERR_OK, TEXT("\0\1\2\3\4\5") },
        { MIME_ENC_BASE64, TEXT("QUJ"), SIZE_MAX, ERR_OK, TEXT("AB") },
        { MIME_ENC_BASE64, TEXT(""), SIZE_MAX, ERR_OK, TEXT("") },
        { MIME_ENC_BASE64, TEXT("QUJD"), 0, ERR_OK, TEXT("") },
        { MIME_ENC_UNKNOWN, TEXT("x"), SIZE_MAX, ERR_UNSUPPORTED, TEXT("") },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        buf_adds(&out, "before ");
        CU_CHECK_ROW(i, cte_decode(rows[i].encoding, rows[i].in, rows[i].want, &out) == rows[i].err);
        CU_CHECK_ROW(i, slice_eq(slice_skip(buf_slice(&out), 7), rows[i].out));
        buf_fini(&out);
    }
}

/* A partial of a large part does not decode all of it. */
static void test_stops(void)
{
    enum { N = 1 << 20, WANT = 1000, PIECES = 100000 };
    struct buf in = BUF_INIT, out = BUF_INIT;

    for (size_t i = 0; i < N / 4; i++)
        buf_adds(&in, "QUJD");
    CU_ASSERT_EQUAL(cte_decode(MIME_ENC_BASE64, buf_slice(&in), WANT, &out), ERR_OK);
    CU_ASSERT(out.n >= WANT && out.n < PIECES);
    buf_fini(&in);
    buf_fini(&out);
}

TEST_SUITE("cte", { "decode", test_decode }, { "stops where told", test_stops })

/* base64_test.c - strict, tolerant and streaming base64 (RFC 4648)
 */
#include "cunit/test.h"

#include "lib/text/base64.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))
#define TEXT(s) { (s), sizeof(s) - 1 }

static void test_vectors(void)
{
    static const struct {
        struct slice plain, coded;
    } rows[] = {                        /* RFC 4648 10, and bytes that use all of the alphabet */
        { TEXT(""), TEXT("") },
        { TEXT("f"), TEXT("Zg==") },
        { TEXT("fo"), TEXT("Zm8=") },
        { TEXT("foo"), TEXT("Zm9v") },
        { TEXT("foob"), TEXT("Zm9vYg==") },
        { TEXT("foobar"), TEXT("Zm9vYmFy") },
        { TEXT("\xfb\xff\xfe\0"), TEXT("+//+AA==") },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        base64_encode(&out, rows[i].plain);
        CU_CHECK_ROW(i, slice_eq(buf_slice(&out), rows[i].coded));
        buf_reset(&out);
        CU_CHECK_ROW(i, base64_decode(&out, rows[i].coded) == ERR_OK);
        CU_CHECK_ROW(i, slice_eq(buf_slice(&out), rows[i].plain));
        buf_fini(&out);
    }
}

static void test_strict(void)
{
    static const char *bad[] = { "Z", "Zg", "Zg=", "Zg= =", "Z===", "====", "Zm9v\r\n", "Zm9v=",
                                 "Zg==Zg==", "Zm-_", "Zm 9v", "=m9v", "Zm9\xe9" };
    struct buf out = BUF_INIT;

    buf_adds(&out, "kept");
    for (size_t i = 0; i < ROWS(bad); i++) {
        CU_CHECK_ROW(i, base64_decode(&out, slice_cstr(bad[i])) == ERR_SYNTAX);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), "kept"));
    }
    buf_fini(&out);
}

static void test_url(void)
{
    struct buf out = BUF_INIT;

    base64url_encode(&out, SLICE_LIT("\xfb\xff\xfe\0"));
    CU_ASSERT(slice_eqs(buf_slice(&out), "-__-AA"));
    buf_reset(&out);
    CU_ASSERT_EQUAL(base64url_decode(&out, SLICE_LIT("-__-AA")), ERR_OK);
    CU_ASSERT(slice_eq(buf_slice(&out), SLICE_LIT("\xfb\xff\xfe\0")));
    buf_reset(&out);
    CU_ASSERT_EQUAL(base64url_decode(&out, SLICE_LIT("-__-AA==")), ERR_OK);
    CU_ASSERT_EQUAL(base64url_decode(&out, SLICE_LIT("+//+AA")), ERR_SYNTAX);
    CU_ASSERT_EQUAL(base64url_decode(&out, SLICE_LIT("A")), ERR_SYNTAX);
    buf_fini(&out);
}

static void test_lines(void)
{
    struct buf in = BUF_INIT, out = BUF_INIT;

    for (int i = 0; i < 55; i++)
        buf_addc(&in, 'a');
    base64_encode_lines(&out, buf_slice(&in));
    CU_ASSERT_EQUAL(slice_find(buf_slice(&out), '\r'), BASE64_LINE);
    CU_ASSERT(slice_ends(buf_slice(&out), SLICE_LIT("YQ==\r\n")));
    buf_fini(&in);
    buf_fini(&out);
}

/* What mail has: measured on 3.6.1. */
static void test_tolerant(void)
{
    static const struct {
        struct slice text, bytes;
    } rows[] = {
        { TEXT("YWJj"), TEXT("abc") },        { TEXT("YW Jj\r\n"), TEXT("abc") },
        { TEXT("YQ==YWJj"), TEXT("aabc") },   { TEXT("YQ=YWJj"), TEXT("aabc") },
        { TEXT("YWJ"), TEXT("ab") },          { TEXT("YW"), TEXT("a") },
        { TEXT("Y"), TEXT("") },              { TEXT("Y===YWJj"), TEXT("abc") },
        { TEXT("YW!Jj"), TEXT("abc") },       { TEXT("YWJj--x"), TEXT("abc") },
        { TEXT("YW-_"), TEXT("a") },          { TEXT("=YWJj"), TEXT("abc") },
        { TEXT("Y=WJj"), TEXT("X\x98") },     { TEXT("YWJj\0YWJj"), TEXT("abcabc") },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        for (size_t piece = 1; piece < 9; piece++) {
            struct base64_dec d = BASE64_DEC_INIT;
            uint8_t out[64];
            size_t n = 0;
            for (size_t at = 0; at < rows[i].text.n; at += piece) {
                struct slice s = slice_cut(rows[i].text, at, at + piece);
                size_t got = base64_dec_push(&d, s.p, s.n, out + n);
                CU_CHECK_ROW(i, got <= BASE64_DEC_MAX(s.n));
                n += got;
            }
            n += base64_dec_end(&d, out + n);
            CU_CHECK_ROW(i, slice_eq(slice_make(out, n), rows[i].bytes));
        }
    }
}

TEST_SUITE("base64", { "vectors", test_vectors }, { "strict", test_strict }, { "url", test_url },
           { "lines", test_lines }, { "tolerant", test_tolerant })

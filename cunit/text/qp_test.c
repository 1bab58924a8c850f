/* qp_test.c - quoted-printable, as 3.6.1 decodes it for its digests
 */
#include "cunit/test.h"

#include "lib/text/qp.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))
#define TEXT(s) { (s), sizeof(s) - 1 }

static void test_decode(void)
{
    static const struct {
        struct slice in, out;
    } rows[] = {
        { TEXT("a=20b"), TEXT("a b") },        { TEXT("a=2"), TEXT("a=2") },
        { TEXT("a="), TEXT("a") },             { TEXT("a=\r\nb"), TEXT("ab") },
        { TEXT("a= \t\r\nb"), TEXT("ab") },    { TEXT("a \r\nb"), TEXT("a\r\nb") },
        { TEXT("a \t"), TEXT("a") },           { TEXT("a=\nb"), TEXT("ab") },
        { TEXT("a \nb"), TEXT("a\r\nb") },     { TEXT("a=\rb"), TEXT("a=b") },
        { TEXT("a=ZZb"), TEXT("a=ZZb") },      { TEXT("a=4=41b"), TEXT("a=4Ab") },
        { TEXT("a==41b"), TEXT("a=Ab") },      { TEXT("a=3d=3D"), TEXT("a==") },
        { TEXT("a= b"), TEXT("a= b") },        { TEXT("a \rb"), TEXT("a b") },
        { TEXT("a \r\r\nb"), TEXT("a\r\nb") }, { TEXT("a=0D=0A"), TEXT("a\r\n") },
        { TEXT("a =\r\n b"), TEXT("a  b") },   { TEXT("=4\r\n1"), TEXT("=4\r\n1") },
        { TEXT("a =20\r\nb"), TEXT("a  \r\nb") }, { TEXT("=\r\n\r\n"), TEXT("\r\n") },
        { TEXT("\xe9 x_y"), TEXT("\xe9 x_y") }, { TEXT(""), TEXT("") },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        for (size_t piece = 1; piece < 9; piece++) {
            struct qp_dec d;
            struct buf out = BUF_INIT;
            qp_dec_init(&d);
            for (size_t at = 0; at < rows[i].in.n; at += piece)
                qp_dec_push(&d, slice_cut(rows[i].in, at, at + piece), &out);
            qp_dec_end(&d, &out);
            CU_CHECK_ROW(i, slice_eq(buf_slice(&out), rows[i].out));
            buf_fini(&out);
        }
    }
}

static void test_long_blanks(void)
{
    struct buf in = BUF_INIT, out = BUF_INIT;

    for (int i = 0; i < 10 * QP_HELD; i++)
        buf_addc(&in, ' ');
    qp_decode(&out, buf_slice(&in));
    CU_ASSERT(out.n < in.n);
    buf_adds(&in, "x");
    buf_reset(&out);
    qp_decode(&out, buf_slice(&in));
    CU_ASSERT(slice_eq(buf_slice(&in), buf_slice(&out)));
    buf_fini(&in);
    buf_fini(&out);
}

static void test_encode(void)
{
    static const struct {
        struct slice in, out;
    } rows[] = {
        { TEXT("a b\r\nc"), TEXT("a b\r\nc") },
        { TEXT("a \r\nb\t"), TEXT("a=20\r\nb=09") },
        { TEXT("1=2"), TEXT("1=3D2") },
        { TEXT("\xc3\xa4\n"), TEXT("=C3=A4=0A") },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        qp_encode(&out, rows[i].in);
        CU_CHECK_ROW(i, slice_eq(buf_slice(&out), rows[i].out));
        buf_fini(&out);
    }
}

static void test_round_trip(void)
{
    struct buf in = BUF_INIT, coded = BUF_INIT, out = BUF_INIT;
    size_t line = 0;

    for (int i = 0; i < 2000; i++)
        buf_addc(&in, (char)(i * i * 7 + i));
    qp_encode(&coded, buf_slice(&in));
    for (size_t i = 0; i < coded.n; i++) {
        line = coded.p[i] == '\n' ? 0 : line + 1;
        CU_ASSERT(line <= QP_LINE + 1);
    }
    qp_decode(&out, buf_slice(&coded));
    CU_ASSERT(slice_eq(buf_slice(&in), buf_slice(&out)));
    buf_fini(&in);
    buf_fini(&coded);
    buf_fini(&out);
}

TEST_SUITE("qp", { "decode", test_decode }, { "long blanks", test_long_blanks },
           { "encode", test_encode }, { "round trip", test_round_trip })

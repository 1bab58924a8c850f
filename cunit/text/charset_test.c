/* charset_test.c - names of charsets and conversion to UTF-8
 */
#include "cunit/test.h"

#include "lib/text/charset.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))
#define TEXT(s) { (s), sizeof(s) - 1 }

static void test_names(void)
{
    static const struct {
        const char *name, *canonical;
    } rows[] = {
        { "utf-8", "UTF-8" }, { "UTF8", "UTF-8" }, { "utf_8", "UTF-8" }, { " utf-8;", "UTF-8" },
        { "x-utf-8", "UTF-8" }, { "X-x-utf8", "UTF-8" }, { "us-ascii", "US-ASCII" },
        { "ANSI_X3.4-1968", "US-ASCII" }, { "iso-8859-1", "ISO-8859-1" },
        { "ISO 8859 01", "ISO-8859-1" }, { "latin1", "ISO-8859-1" },
        { "cp1252", "windows-1252" }, { "koi8-r", "KOI8-R" }, { "big5", "Big5" },
        { "iso-8859-1,version=1", "ISO-8859-1" }, { "unknown-8bit", "windows-1252" },
        { "so-8859-1", "ISO-8859-1" }, { "win-1251", "windows-1251" },
        { "", NULL }, { "bogus", NULL }, { "x-", NULL }, { "x-bogus", NULL }, { "utf", NULL },
        { "iso-8859-16", NULL }, { "win1251", NULL }, { "8bit", NULL }, { "iso-2022", NULL },
        { "utf-8aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        const char *c = charset_canonical(slice_cstr(rows[i].name));
        CU_CHECK_ROW(i, charset_is_known(slice_cstr(rows[i].name)) == (rows[i].canonical != NULL));
        CU_CHECK_ROW(i, slice_eq(slice_cstr(c), slice_cstr(rows[i].canonical)));
    }
}

static const struct {
    const char *charset;
    struct slice in, out;
} conversions[] = {
    { "us-ascii", TEXT("a\xe4z"), TEXT("a\xef\xbf\xbdz") },
    { "utf-8", TEXT("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
      TEXT("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80") },
    { "utf-8", TEXT("\xe4z\xc3"), TEXT("\xef\xbf\xbdz\xef\xbf\xbd") },
    { "utf-8", TEXT("\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80"),
      TEXT("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd") },
    { "utf-8", TEXT("\xe2\x82" "A\xc3\xc3\xb6"), TEXT("\xef\xbf\xbd" "A\xef\xbf\xbd\xc3\xb6") },
    { "iso-8859-1", TEXT("\xe4\x80\x81\xa0"), TEXT("\xc3\xa4\xe2\x82\xac\xc2\x81\xc2\xa0") },
    { "windows-1252", TEXT("\x93x\x94"), TEXT("\xe2\x80\x9cx\xe2\x80\x9d") },
    { "iso-8859-15", TEXT("\xa4\x80"), TEXT("\xe2\x82\xac\xc2\x80") },
    { "iso-8859-2", TEXT("\xb1\xf8"), TEXT("\xc4\x85\xc5\x99") },
    { "windows-1251", TEXT("\xcf\x98"), TEXT("\xd0\x9f\xc2\x98") },
    { "koi8-r", TEXT("\xd0\xd2\xc9"), TEXT("\xd0\xbf\xd1\x80\xd0\xb8") },
    { "gb2312", TEXT("\xc4\xe3\xba\xc3\x80"), TEXT("\xe4\xbd\xa0\xe5\xa5\xbd\xe2\x82\xac") },
    { "shift_jis", TEXT("\x82\xb1"), TEXT("\xe3\x81\x93") },
    { "iso-2022-jp", TEXT("\x1b$B$3$s\x1b(Bx"), TEXT("\xe3\x81\x93\xe3\x82\x93x") },
    { "euc-kr", TEXT("\xb0\xc8"), TEXT("\xea\xb1\xb7") },
    { "big5", TEXT("\xa7\x41"), TEXT("\xe4\xbd\xa0") },
    { "utf-16", TEXT("\xfe\xff\0a"), TEXT("a") },
    { "utf-16", TEXT("\xff\xfe" "a\0"), TEXT("a") },
    { "utf-16", TEXT("\0a\xd8\x3d\xde\0"), TEXT("a\xf0\x9f\x98\x80") },
    { "utf-16le", TEXT("a\0\x3d\xd8\0\xde"), TEXT("a\xf0\x9f\x98\x80") },
    { "utf-16be", TEXT("\xd8\0\0a\0"), TEXT("\xef\xbf\xbd" "a\xef\xbf\xbd") },
};

static void test_convert(void)
{
    for (size_t i = 0; i < ROWS(conversions); i++) {
        struct buf out = BUF_INIT;
        err_t err = charset_to_utf8(slice_cstr(conversions[i].charset), conversions[i].in, &out);
        CU_CHECK_ROW(i, err == ERR_OK);
        CU_CHECK_ROW(i, slice_eq(buf_slice(&out), conversions[i].out));
        buf_fini(&out);
    }
}

/* Cut anywhere, twice with the same converter. */
static void test_pieces(void)
{
    for (size_t i = 0; i < ROWS(conversions); i++) {
        struct charset_conv *v;
        struct buf out = BUF_INIT;
        CU_ASSERT_EQUAL_FATAL(charset_conv_new(slice_cstr(conversions[i].charset), &v), ERR_OK);
        for (size_t piece = 1; piece < 6; piece++) {
            buf_reset(&out);
            for (size_t at = 0; at < conversions[i].in.n; at += piece) {
                struct slice s = slice_cut(conversions[i].in, at, at + piece);
                charset_conv_push(v, s.p, s.n, &out);
            }
            charset_conv_end(v, &out);
            CU_CHECK_ROW(i, slice_eq(buf_slice(&out), conversions[i].out));
        }
        charset_conv_push(v, "\xe2", 1, &out);
        charset_conv_reset(v);
        CU_CHECK_ROW(i, charset_conv_waiting(v) == 0);
        charset_conv_free(&v);
        CU_CHECK_ROW(i, v == NULL);
        buf_fini(&out);
    }
}

static void test_unknown(void)
{
    struct charset_conv *v;
    struct buf out = BUF_INIT;

    CU_ASSERT_EQUAL(charset_conv_new(SLICE_LIT("bogus"), &v), ERR_UNSUPPORTED);
    CU_ASSERT_EQUAL(charset_conv_new(SLICE_LIT("SCSU"), &v), ERR_UNSUPPORTED);
    CU_ASSERT_EQUAL(charset_to_utf8(SLICE_LIT("bogus"), SLICE_LIT("x"), &out), ERR_UNSUPPORTED);
    CU_ASSERT_EQUAL(out.n, 0);
    charset_to_utf8_lossy(SLICE_LIT("bogus"), SLICE_LIT("x\xe4"), &out);
    CU_ASSERT(slice_eqs(buf_slice(&out), "x\xef\xbf\xbd"));
    buf_fini(&out);
}

static void test_back(void)
{
    static const struct {
        const char *charset;
        struct slice in, out;
    } rows[] = {
        { "iso-8859-15", TEXT("\xe2\x82\xac"), TEXT("\xa4") },
        { "us-ascii", TEXT("a\xc3\xa4z"), TEXT("a?z") },
        { "koi8-r", TEXT("\xd0\xbf"), TEXT("\xd0") },
        { "iso-2022-jp", TEXT("\xe3\x81\x93"), TEXT("\x1b$B$3\x1b(B") },
        { "utf-8", TEXT("\xc3\xa4"), TEXT("\xc3\xa4") },
        { "us-ascii", TEXT(""), TEXT("") },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf out = BUF_INIT;
        CU_CHECK_ROW(i, charset_from_utf8(slice_cstr(rows[i].charset), rows[i].in, &out) == ERR_OK);
        CU_CHECK_ROW(i, slice_eq(buf_slice(&out), rows[i].out));
        buf_fini(&out);
    }
}

TEST_SUITE("charset", { "names", test_names }, { "convert", test_convert },
           { "pieces", test_pieces }, { "unknown", test_unknown }, { "back", test_back })

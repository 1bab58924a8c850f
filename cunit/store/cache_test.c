/* cache_test.c - reading cache records
 * covers: PT-14
 */
#include "cunit/test.h"

#include "imap/store/cache.h"
#include "imap/store/facts.h"
#include "lib/base/endian.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))

static const char nested[] =
    "Subject: outer\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
    "--B\r\nContent-Type: text/plain; charset=\"ISO-8859-15\"\r\n\r\none\r\ntwo\r\n"
    "--B\r\nContent-Type: multipart/alternative; boundary=C\r\n\r\n"
    "--C\r\n\r\nplain\r\n--C\r\nContent-Transfer-Encoding: base64\r\n"
    "Content-Type: image/png\r\n\r\nYWJj\r\n--C--\r\n"
    "--B\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n"
    "Content-Type: multipart/mixed; boundary=D\r\n\r\n"
    "--D\r\n\r\nfirst\r\n--D\r\n\r\nsecond\r\n--D--\r\n"
    "--B\r\nContent-Type: message/rfc822\r\n\r\nSubject: leaf\r\n\r\nleaf body\r\n--B--\r\n";

static struct facts *make(const char *message)
{
    struct facts *f = NULL;
    CU_ASSERT_EQUAL_FATAL(facts_of_bytes(slice_cstr(message), NULL, &f), ERR_OK);
    return f;
}

static void test_parse(void)
{
    struct facts *f = make("From: a@b\r\nSubject: hi\r\n\r\nbody\r\n");
    struct cache_record r;
    struct buf file = BUF_INIT;

    buf_add_slice(&file, buf_slice(&f->cache));
    buf_adds(&file, "the next record");
    struct slice at = buf_slice(&file);
    CU_ASSERT_EQUAL(cache_record_parse(at, f->cache_crc, 0, &r), ERR_OK);
    CU_ASSERT(slice_eq(r.whole, buf_slice(&f->cache)));
    CU_ASSERT(slice_eqs(r.item[CACHE_FROM], "<a@b>"));
    CU_ASSERT(slice_eqs(r.item[CACHE_SUBJECT], "\"hi\""));
    CU_ASSERT_EQUAL(cache_record_length(at), f->cache.n);
    CU_ASSERT_EQUAL(cache_record_parse(at, f->cache_crc + 1, 0, &r), ERR_CORRUPT);
    CU_ASSERT_EQUAL(cache_record_parse(at, 0, CACHE_NO_CRC, &r), ERR_OK);
    for (size_t n = 0; n < f->cache.n; n++)
        CU_CHECK_ROW(n, cache_record_parse(slice_cut(at, 0, n), 0, CACHE_NO_CRC, &r) ==
                            ERR_CORRUPT);
    be32_put(file.p, UINT32_MAX);
    CU_ASSERT_EQUAL(cache_record_parse(at, 0, CACHE_NO_CRC, &r), ERR_CORRUPT);
    CU_ASSERT_EQUAL(cache_record_length(at), 0);
    buf_fini(&file);
    facts_free(&f);
}

struct section_row {
    uint32_t part[4];
    size_t n;
    enum cache_part_kind kind;
    const char *text;                   /* NULL: ERR_NOTFOUND */
    uint32_t encoding;
    const char *charset;
};

static void check_sections(const char *message, const struct section_row *rows, size_t nrows)
{
    struct facts *f = make(message);
    struct cache_record r;
    struct cache_section s;

    CU_ASSERT_EQUAL_FATAL(cache_record_parse(buf_slice(&f->cache), f->cache_crc, 0, &r), ERR_OK);
    for (size_t i = 0; i < nrows; i++) {
        err_t err = cache_section_find(r.item[CACHE_SECTION], CACHE_VERSION, rows[i].part,
                                       rows[i].n, rows[i].kind, &s);
        CU_CHECK_ROW(i, err == (rows[i].text ? ERR_OK : ERR_NOTFOUND));
        if (err)
            continue;
        struct slice text = slice_cut(slice_cstr(message), s.offset, s.offset + s.size);
        CU_CHECK_ROW(i, slice_eqs(text, rows[i].text));
        CU_CHECK_ROW(i, s.encoding == rows[i].encoding);
        if (rows[i].charset)
            CU_CHECK_ROW(i, s.has_charset && slice_eqs(s.charset, rows[i].charset));
    }
    facts_free(&f);
}

static void test_sections(void)
{
    static const struct section_row rows[] = {
        { { 0 }, 0, CACHE_PART_HEADER,
          "Subject: outer\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n", 0, NULL },
        { { 1 }, 1, CACHE_PART_BODY, "one\r\ntwo", 0, "ISO-8859-15" },
        { { 1 }, 1, CACHE_PART_MIME,
          "Content-Type: text/plain; charset=\"ISO-8859-15\"\r\n\r\n", 0, "ISO-8859-15" },
        { { 1 }, 1, CACHE_PART_HEADER, NULL, 0, NULL },
        { { 1, 1 }, 2, CACHE_PART_BODY, NULL, 0, NULL },
        { { 2, 1 }, 2, CACHE_PART_BODY, "plain", 0, "us-ascii" },
        { { 2, 2 }, 2, CACHE_PART_BODY, "YWJj", 2, NULL },
        { { 2, 3 }, 2, CACHE_PART_BODY, NULL, 0, NULL },
        { { 2 }, 1, CACHE_PART_TEXT, NULL, 0, NULL },
        { { 3 }, 1, CACHE_PART_HEADER,
          "Subject: inner\r\nContent-Type: multipart/mixed; boundary=D\r\n\r\n", 0, NULL },
        { { 3 }, 1, CACHE_PART_TEXT, "--D\r\n\r\nfirst\r\n--D\r\n\r\nsecond\r\n--D--\r\n", 0,
          NULL },
        { { 3, 2 }, 2, CACHE_PART_BODY, "second", 0, "us-ascii" },
        { { 3, 2, 1 }, 3, CACHE_PART_BODY, NULL, 0, NULL },
        { { 4 }, 1, CACHE_PART_HEADER, "Subject: leaf\r\n\r\n", 0, NULL },
        { { 4, 1 }, 2, CACHE_PART_BODY, "leaf body", 0, "us-ascii" },
        { { 4 }, 1, CACHE_PART_BODY, "Subject: leaf\r\n\r\nleaf body", 0, NULL },
        { { 5 }, 1, CACHE_PART_BODY, NULL, 0, NULL },
        { { 0 }, 1, CACHE_PART_BODY, NULL, 0, NULL },
    };
    static const struct section_row simple[] = {
        { { 1 }, 1, CACHE_PART_BODY, "body\r\n", 0, "us-ascii" },
        { { 2 }, 1, CACHE_PART_BODY, NULL, 0, NULL },
        { { 0 }, 0, CACHE_PART_TEXT, "body\r\n", 0, NULL },
        { { 0 }, 0, CACHE_PART_HEADER, "Subject: x\r\n\r\n", 0, NULL },
    };

    check_sections(nested, rows, ROWS(rows));
    check_sections("Subject: x\r\n\r\nbody\r\n", simple, ROWS(simple));
}

static void test_section_errors(void)
{
    struct facts *f = make(nested);
    struct cache_record r;
    struct cache_section s;
    uint32_t path[CACHE_PATH_MAX + 1] = { 4, 1 };

    CU_ASSERT_EQUAL_FATAL(cache_record_parse(buf_slice(&f->cache), f->cache_crc, 0, &r), ERR_OK);
    struct slice item = r.item[CACHE_SECTION];
    CU_ASSERT_EQUAL(cache_section_find(item, 11, path, 0, CACHE_PART_BODY, &s), ERR_UNSUPPORTED);
    CU_ASSERT_EQUAL(cache_section_find(item, 11, path, 0, CACHE_PART_MIME, &s), ERR_UNSUPPORTED);
    CU_ASSERT_EQUAL(cache_section_find(item, 11, path, ROWS(path), CACHE_PART_BODY, &s),
                    ERR_LIMIT);
    for (size_t n = 0; n + 8 < item.n; n++)
        CU_CHECK_ROW(n, cache_section_find(slice_cut(item, 0, n), 11, path, 2, CACHE_PART_BODY,
                                           &s) == ERR_CORRUPT);
    facts_free(&f);
}

/* Older records lack the tail of each part. */
static void test_old_versions(void)
{
    static const char v0[] = "\0\0\0\2"
                             "\0\0\0\0" "\0\0\0\5" "\0\0\0\5" "\0\0\0\7" "\0\0\xff\xff"
                             "\0\0\0\0" "\0\0\0\5" "\0\0\0\5" "\0\0\0\7" "\0\0\0\1"
                             "\0\0\0\0";
    struct cache_section s;
    uint32_t one = 1;

    struct slice item = slice_make(v0, sizeof v0 - 1);
    CU_ASSERT_EQUAL(cache_section_find(item, 1, &one, 1, CACHE_PART_BODY, &s), ERR_OK);
    CU_ASSERT_EQUAL(s.offset, 5);
    CU_ASSERT_EQUAL(s.size, 7);
    CU_ASSERT_EQUAL(s.encoding, 1);
    CU_ASSERT_PTR_NULL(s.digest);
    CU_ASSERT_EQUAL(cache_section_find(item, 11, &one, 1, CACHE_PART_BODY, &s), ERR_CORRUPT);
}

static void test_header_since(void)
{
    static const struct {
        const char *name;
        uint32_t since;
    } rows[] = {
        { "Subject", CACHE_HEADER_NEVER }, { "to", CACHE_HEADER_NEVER }, { "X-Mailer", 1 },
        { "x-spam-score", 3 }, { "X-Spam-Flag", CACHE_HEADER_NEVER }, { "References", 0 },
        { "List-Id", 1 }, { "Reply-To", 7 }, { "X", 1 }, { "", 1 },
        { "X-Apple-Mail-Remote-Attachments", 6 }, { "arc-seal", CACHE_HEADER_NEVER },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1 },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", CACHE_HEADER_NEVER },
        { "topicbox-policy-reasoning", CACHE_HEADER_NEVER },
        { "x-universally-unique-identifier", 6 },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        CU_CHECK_ROW(i, cache_header_since(slice_cstr(rows[i].name)) == rows[i].since);
        CU_CHECK_ROW(i, cache_header_is_cached(slice_cstr(rows[i].name), 11) ==
                            (rows[i].since != CACHE_HEADER_NEVER));
    }
    CU_ASSERT(!cache_header_is_cached(SLICE_LIT("Reply-To"), 6));
    CU_ASSERT(cache_header_is_cached(SLICE_LIT("reply-to"), 7));
}

static void test_select(void)
{
    static const char block[] = "A: 1\r\nB: 2\r\n folded\r\na: 3\r\nC: 4\r\n";
    const struct slice names[] = { SLICE_LIT("a"), SLICE_LIT("C") };
    struct buf out = BUF_INIT;
    struct slice v;

    cache_headers_select(SLICE_LIT(block), names, 2, false, &out);
    CU_ASSERT(slice_eqs(buf_slice(&out), "A: 1\r\na: 3\r\nC: 4\r\n"));
    buf_reset(&out);
    cache_headers_select(SLICE_LIT(block), names, 2, true, &out);
    CU_ASSERT(slice_eqs(buf_slice(&out), "B: 2\r\n folded\r\n"));
    buf_reset(&out);
    cache_headers_select(SLICE_LIT("A: x"), names, 1, false, &out);
    CU_ASSERT(slice_eqs(buf_slice(&out), "A: x\r\n"));
    CU_ASSERT(cache_headers_find(SLICE_LIT(block), SLICE_LIT("b"), &v));
    CU_ASSERT(slice_eqs(v, " 2\r\n folded"));
    CU_ASSERT(!cache_headers_find(SLICE_LIT(block), SLICE_LIT("d"), &v));
    buf_fini(&out);
}

TEST_SUITE("cache", { "parse", test_parse }, { "sections", test_sections },
           { "section errors", test_section_errors }, { "old versions", test_old_versions },
           { "header since", test_header_since }, { "select", test_select })

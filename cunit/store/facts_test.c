/* facts_test.c - what is kept of a message, byte for byte as 3.6.1 keeps it
 * covers: PT-14 DL-17 DL-28
 */
#include "cunit/test.h"

#include <stdlib.h>
#include <time.h>

#include "imap/store/cache.h"
#include "imap/store/facts.h"
#include "lib/base/crc32.h"
#include "lib/base/digest.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))
#define TEXT(s) { (s), sizeof(s) - 1 }

enum { INTERNALDATE = 1700000000 };

static void use_zone(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
}

static struct facts *facts_in_pieces(struct slice message, size_t piece)
{
    struct facts_builder *b = facts_begin(NULL);
    struct facts *f = NULL;

    for (size_t at = 0; at < message.n; at += piece) {
        struct slice s = slice_cut(message, at, at + piece);
        facts_push(b, s.p, s.n);
    }
    CU_ASSERT_EQUAL_FATAL(facts_end(&b, &f), ERR_OK);
    CU_ASSERT_PTR_NULL(b);
    return f;
}

static struct facts *facts_of(struct slice message)
{
    struct facts *f = NULL;
    CU_ASSERT_EQUAL_FATAL(facts_of_bytes(message, NULL, &f), ERR_OK);
    return f;
}

static struct slice item(const struct facts *f, enum cache_item i)
{
    struct cache_record r;
    CU_ASSERT_EQUAL_FATAL(cache_record_parse(buf_slice(&f->cache), f->cache_crc, 0, &r), ERR_OK);
    return r.item[i];
}

static const struct {
    const char *name;
    struct slice message;
    size_t cache_n;
    uint32_t crc, header_size, sentdate, gmtime;
} messages[] = {
#include "cunit/store/facts_cases.inc"
};

/* The whole message at once, byte by byte, and in pieces that cut lines anywhere. */
static void test_as_measured(void)
{
    static const size_t pieces[] = { SIZE_MAX, 1, 7, 64 };

    use_zone("UTC");
    for (size_t i = 0; i < ROWS(messages); i++) {
        for (size_t k = 0; k < ROWS(pieces); k++) {
            size_t piece = pieces[k] < messages[i].message.n ? pieces[k] : messages[i].message.n;
            struct facts *f = facts_in_pieces(messages[i].message, piece);
            CU_CHECK_ROW(i, f->cache.n == messages[i].cache_n);
            CU_CHECK_ROW(i, f->cache_crc == messages[i].crc);
            CU_CHECK_ROW(i, f->cache_crc == crc32_of(f->cache.p, f->cache.n));
            CU_CHECK_ROW(i, f->header_size == messages[i].header_size);
            CU_CHECK_ROW(i, f->size == messages[i].message.n);
            CU_CHECK_ROW(i, (uint32_t)facts_sentdate(f, INTERNALDATE) == messages[i].sentdate);
            CU_CHECK_ROW(i, (uint32_t)facts_gmtime(f, INTERNALDATE) == messages[i].gmtime);
            facts_free(&f);
            CU_ASSERT_PTR_NULL(f);
        }
    }
}

/* INBOX uid 2 of the sample spool, in readable form. */
static void test_readable(void)
{
    static const char message[] =
        "From: bob@example.org\r\nSender: secretary@example.org\r\n"
        "Reply-To: replies@example.org\r\n"
        "To: Fred <fred@H1.example>, grp: \"Doe, John\" <j@x>;\r\n"
        "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus?=\r\n =?UTF-8?Q?_K=C3=B6ln?=\r\n"
        "Date: Tue, 03 Jan 2023 23:59:59 -0800\r\n"
        "Message-Id: <m2@example.org>\r\nIn-Reply-To: <m1@example.org>\r\n"
        "X-Mailer: tester\r\nX-Unknown: no\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=\"B1\"\r\n\r\n"
        "--B1\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe\r\n"
        "--B1\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nbody\r\n--B1--\r\n";
    static const char *expected[CACHE_NITEMS] = {
        "(\"Tue, 03 Jan 2023 23:59:59 -0800\" "
        "\"=?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus?= =?UTF-8?Q?_K=C3=B6ln?=\" "
        "((NIL NIL \"bob\" \"example.org\")) ((NIL NIL \"secretary\" \"example.org\")) "
        "((NIL NIL \"replies\" \"example.org\")) "
        "((\"Fred\" NIL \"fred\" \"H1.example\")(NIL NIL \"grp\" NIL)"
        "(\"Doe, John\" NIL \"j\" \"x\")(NIL NIL NIL NIL)) "
        "NIL NIL \"<m1@example.org>\" \"<m2@example.org>\")",
        "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"iso-8859-1\") NIL NIL \"QUOTED-PRINTABLE\" 9 0 "
        "NIL NIL NIL NIL)(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 22 "
        "(NIL \"inner\" NIL NIL NIL NIL NIL NIL NIL NIL) "
        "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 4 0 NIL NIL NIL NIL) 2 "
        "NIL NIL NIL NIL) \"MIXED\" (\"BOUNDARY\" \"B1\") NIL NIL NIL)",
        "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"iso-8859-1\") NIL NIL \"QUOTED-PRINTABLE\" 9 0)"
        "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 22 "
        "(NIL \"inner\" NIL NIL NIL NIL NIL NIL NIL NIL) "
        "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 4 0) 2) \"MIXED\")",
        NULL,
        "Sender: secretary@example.org\r\nReply-To: replies@example.org\r\nX-Mailer: tester\r\n"
        "Content-Type: multipart/mixed; boundary=\"B1\"\r\n",
        "<bob@example.org>",
        "Fred <fred@h1.example>,grp:\"Doe, John\" <j@x>;",
        "",
        "",
        "{17}\r\nGr\xc3\xbc\xc3\x9f" "e aus K\xc3\xb6ln",
    };
    struct facts *f = facts_of(SLICE_LIT(message));
    struct guid guid;

    for (size_t i = 0; i < CACHE_NITEMS; i++)
        if (expected[i])
            CU_CHECK_ROW(i, slice_eqs(item(f, (enum cache_item)i), expected[i]));
    guid_of(&guid, message, sizeof message - 1);
    CU_ASSERT(guid_eq(&guid, &f->guid));
    CU_ASSERT(slice_eqs(f->message_id, "<m2@example.org>"));
    CU_ASSERT(slice_eqs(f->in_reply_to, "<m1@example.org>"));
    CU_ASSERT(slice_eqs(f->date, "Tue, 03 Jan 2023 23:59:59 -0800"));
    CU_ASSERT_PTR_NULL(f->references.p);
    CU_ASSERT(!f->has_received && !f->has_bare_lf && !f->has_nul && !f->header_invalid);
    facts_free(&f);
}

static void test_marks(void)
{
    enum { NUL = 1, LF = 2, CR = 4, EIGHT = 8, BAD = 16, STRICT = 32 };
    static const struct {
        struct slice message;
        unsigned marks;
    } rows[] = {
        { TEXT("Subject: x\r\n\r\nbody\r\n"), 0 },
        { TEXT("Subject: x\r\n\r\nbo\0dy\r\n"), NUL },
        { TEXT("Subject: x\r\n\r\nbo\ndy\r\n"), LF },
        { TEXT("\nSubject: x\r\n"), LF },
        { TEXT("Subject: x\r\n\r\nbo\rdy\r\n"), CR },
        { TEXT("Subject: x\r\n\r\nbody\r"), CR },
        { TEXT("Subject: x\r\n\r\nbody\r\r\n"), CR },
        { TEXT("Subject: \xe9\r\n\r\nbody\r\n"), EIGHT },
        { TEXT("Subject: x\r\n\r\n\xe9\r\n"), 0 },
        { TEXT("Subject : x\r\n\r\n"), BAD },
        { TEXT("no field\r\n\r\n"), BAD | STRICT },
        { TEXT("Subject: x"), BAD },
        { TEXT(" x: y\r\n\r\n"), STRICT },
        { TEXT("x: y\r\n z\r\n\r\n"), 0 },
        { TEXT("From a@b Mon\r\nx: y\r\n\r\n"), STRICT },
        { TEXT(">From a@b Mon\r\nx: y\r\n\r\n"), BAD | STRICT },
        { TEXT("x\x7f: y\r\n\r\n"), STRICT },
        { TEXT("x: a\rb\r\n\r\n"), CR | STRICT },
        { TEXT(":y\r\n\r\n"), BAD | STRICT },
        { TEXT("\r\nbody\r\n"), 0 },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        for (size_t piece = 1; piece < 4; piece++) {
            struct facts *f = facts_in_pieces(rows[i].message, piece);
            unsigned marks = f->has_nul * NUL | f->has_bare_lf * LF | f->has_bare_cr * CR |
                             f->has_8bit_header * EIGHT | f->header_invalid * BAD |
                             f->header_invalid_strict * STRICT;
            CU_CHECK_ROW(i, marks == rows[i].marks);
            facts_free(&f);
        }
    }
}

/* sentdate is the local midnight of the day as written, whatever zone is written. */
static void test_zones(void)
{
    static const char message[] = "Date: Sun, 26 Mar 2023 23:30:00 -0800\r\n\r\n";
    static const struct {
        const char *zone;
        time_t sentdate, without_date;
    } rows[] = {
        { "UTC", 1679788800, 1699920000 },
        { "EST5EDT", 1679803200, 1699938000 },
        { "CET-1CEST,M3.5.0,M10.5.0/3", 1679785200, 1699916400 },
        { "IST-5:30", 1679769000, 1699986600 },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        use_zone(rows[i].zone);
        struct facts *f = facts_of(SLICE_LIT(message));
        CU_CHECK_ROW(i, facts_sentdate(f, INTERNALDATE) == rows[i].sentdate);
        CU_CHECK_ROW(i, facts_gmtime(f, INTERNALDATE) == 1679902200);
        facts_free(&f);
        f = facts_of(SLICE_LIT("Subject: x\r\n\r\n"));
        CU_CHECK_ROW(i, facts_sentdate(f, INTERNALDATE) == rows[i].without_date);
        CU_CHECK_ROW(i, facts_gmtime(f, INTERNALDATE) == INTERNALDATE);
        facts_free(&f);
    }
    use_zone("UTC");
}

static void add_times(struct buf *out, const char *text, size_t n)
{
    for (; n > 0; n--)
        buf_adds(out, text);
}

/* maxheaderlines counts lines, and a field that began is taken whole. */
static void test_header_lines(void)
{
    static const struct {
        size_t fields;
        uint32_t limit;
        bool last_kept;
    } rows[] = {
        { 9, 10, true }, { 10, 10, true }, { 11, 10, false }, { 999, 0, true }, { 1000, 0, true },
        { 1001, 0, false },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct facts_options opts = { .maxheaderlines = rows[i].limit };
        struct buf m = BUF_INIT;
        struct facts *f;

        add_times(&m, "Received: x\r\n", rows[i].fields);
        buf_adds(&m, "X-Mailer: y\r\n\tz\r\n\r\n");
        CU_ASSERT_EQUAL_FATAL(facts_of_bytes(buf_slice(&m), &opts, &f), ERR_OK);
        CU_CHECK_ROW(i, slice_eqs(item(f, CACHE_HEADERS),
                                  rows[i].last_kept ? "X-Mailer: y\r\n\tz\r\n" : ""));
        facts_free(&f);
        buf_fini(&m);
    }
}

/* Whatever is beyond a limit is hidden; the record stays readable and of bounded size. */
static void test_limits(void)
{
    static const struct {
        const char *once, *again;
        size_t times;
    } rows[] = {
        { "Content-Type: multipart/mixed; boundary=B\r\n\r\n", "--B\r\n\r\nx\r\n", 20000 },
        { "", "Content-Type: message/rfc822\r\n\r\n", 2000 },
        { "", "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n", 2000 },
        { "Subject: ", "aaaaaaaaa\r\n bbbbbbb", 100000 },
        { "Content-Type: text/plain", "; a*0=b", 100000 },
        { "Content-Type: multipart/mixed; boundary=B\r\n\r\n", "--B", 100000 },
        { "To: ", "((((((((((", 100000 },
        { "To: ", "\"<a@b>,(c)x:", 100000 },
        { "Subject: ", "=?utf-8?q?=?= ", 100000 },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct buf m = BUF_INIT;
        buf_adds(&m, rows[i].once);
        add_times(&m, rows[i].again, rows[i].times);
        struct facts *f = facts_of(buf_slice(&m));
        CU_CHECK_ROW(i, f->size == m.n);
        CU_CHECK_ROW(i, cache_record_length(buf_slice(&f->cache)) == f->cache.n);
        CU_CHECK_ROW(i, f->cache.n < 40 * m.n + 4096);
        facts_free(&f);
        buf_fini(&m);
    }
}

static void test_abort(void)
{
    struct facts_builder *b = facts_begin(NULL);
    facts_push(b, "Content-Type: message/rfc822\r\n\r\nSubj", 36);
    facts_abort(&b);
    CU_ASSERT_PTR_NULL(b);
    facts_abort(&b);
}

TEST_SUITE("facts", { "as measured", test_as_measured }, { "readable", test_readable },
           { "marks", test_marks }, { "zones", test_zones },
           { "header lines", test_header_lines }, { "limits", test_limits },
           { "abort", test_abort })

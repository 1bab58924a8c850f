/* dotstuff_test.c - dot-terminated text in and out
 * covers: DL-17
 */
#include "cunit/test.h"
#include "lib/base/buf.h"
#include "lib/net/dotstuff.h"
#include "lib/net/stream.h"

static err_t collect(void *arg, struct slice piece)
{
    CU_ASSERT(piece.n > 0);
    buf_add_slice(arg, piece);
    return ERR_OK;
}

static const struct row {
    const char *in;
    unsigned flags;
    const char *text;           /* what comes out */
    const char *rest;           /* what follows the end; NULL: the end does not come */
    bool lf, cr;
} rows[] = {
    { ".\r\n", 0, "", "", false, false },
    { "a\r\n.\r\nQUIT\r\n", 0, "a\r\n", "QUIT\r\n", false, false },
    { "..\r\n...x\r\n.\r\n", 0, ".\r\n..x\r\n", "", false, false },
    { ".a\r\n.\r\n", 0, "a\r\n", "", false, false },
    { "a.\r\n.\r\n", 0, "a.\r\n", "", false, false },
    { "\r\n\r\n.\r\n", 0, "\r\n\r\n", "", false, false },
    /* a bare LF is a line end of the text, never of the dialogue */
    { "a\nb\r\n.\r\n", 0, "a\r\nb\r\n", "", true, false },
    { "a\n.\r\nb\r\n.\r\n", 0, "a\r\n.\r\nb\r\n", "", true, false },
    { "a\n.\nb\r\n.\r\n", 0, "a\r\n.\r\nb\r\n", "", true, false },
    { "a\n..b\r\n.\r\n", 0, "a\r\n..b\r\n", "", true, false },
    { "a\r\n.\nb\r\n.\r\n", 0, "a\r\n\r\nb\r\n", "", true, false },
    { "\n.\n", 0, "\r\n.\r\n", NULL, true, false },
    { "\n\n\r\n.\r\n", 0, "\r\n\r\n\r\n", "", true, false },
    /* nor is anything with a bare CR */
    { "a\r.\rb\r\n.\r\n", 0, "a\r.\rb\r\n", "", false, true },
    { "a\r.\rb\r\n.\r\n", DOT_DROP_CR, "a.b\r\n", "", false, true },
    { "a\r\n.\rx\r\n.\r\n", 0, "a\r\n\rx\r\n", "", false, true },
    { "a\r\n.\r\r\nx\r\n.\r\n", DOT_DROP_CR, "a\r\n\r\nx\r\n", "", false, true },
    { "a\r\r\nb\r\n.\r\n", 0, "a\r\r\nb\r\n", "", false, true },
    { "a\r\r\nb\r\n.\r\n", DOT_DROP_CR, "a\r\nb\r\n", "", false, true },
    { "\r.\r\n.\r\n", DOT_DROP_CR, ".\r\n", "", false, true },
    { "a\r", 0, "a", NULL, false, false },
};
enum { NROWS = sizeof rows / sizeof *rows };

/* Push the input in pieces of `step` bytes. */
static void check_row(size_t i, size_t step)
{
    const struct row *row = &rows[i];
    struct slice in = slice_cstr(row->in);
    struct buf out = BUF_INIT;
    struct sink sink = { collect, &out };
    struct dot_reader r;
    size_t at = 0;

    dot_reader_init(&r, row->flags, &sink);
    while (at < in.n && r.state != DOT_END) {
        struct slice chunk = slice_cut(in, at, at + step);
        size_t used = dot_reader_push(&r, chunk);
        CU_CHECK_ROW(i, used == chunk.n || r.state == DOT_END);
        at += used;
    }
    CU_CHECK_ROW(i, (r.state == DOT_END) == (row->rest != NULL));
    CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), row->text));
    CU_CHECK_ROW(i, slice_eqs(slice_skip(in, at), row->rest ? row->rest : ""));
    CU_CHECK_ROW(i, r.facts.has_bare_lf == row->lf && r.facts.has_bare_cr == row->cr);
    CU_CHECK_ROW(i, r.facts.bytes == out.n);
    buf_fini(&out);
}

static void test_rows(void)
{
    for (size_t i = 0; i < NROWS; i++)
        for (size_t step = 1; step <= 8; step++)
            check_row(i, step);
    for (size_t i = 0; i < NROWS; i++)
        check_row(i, 1000);
}

static void test_facts(void)
{
    struct buf out = BUF_INIT;
    struct sink sink = { collect, &out };
    struct dot_reader r;

    dot_reader_init(&r, 0, &sink);
    CU_ASSERT_EQUAL(dot_reader_push(&r, slice_make("a\0b\r\nl2\nl3\r\n.\r\n", 15)), 15);
    CU_ASSERT(r.facts.has_nul && !r.facts.has_8bit);
    CU_ASSERT_EQUAL(r.facts.lines, 3);
    dot_reader_init(&r, 0, &sink);
    CU_ASSERT_EQUAL(dot_reader_push(&r, SLICE_LIT("0123456789\xe4\r\n.\r\n\0")), 16);
    CU_ASSERT(r.facts.has_8bit && !r.facts.has_nul);
    buf_fini(&out);
}

static void test_limit_keeps_step(void)
{
    struct stream *s = stream_new_mem(SLICE_LIT("0123456789\r\n0123456789\r\n.\r\nNEXT\r\n"), NULL);
    struct buf out = BUF_INIT;
    struct sink sink = { collect, &out };
    struct slice line;

    CU_ASSERT_EQUAL(dotstuff_read(s, 15, 0, &sink, NULL), ERR_LIMIT);
    CU_ASSERT(out.n <= 15);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    CU_ASSERT(slice_eqs(line, "NEXT"));
    stream_close(&s);
    buf_fini(&out);
}

static err_t refuse(void *arg, struct slice piece)
{
    (void)piece;
    ++*(int *)arg;
    return ERR_NOSPACE;
}

static void test_refusal_keeps_step(void)
{
    struct stream *s = stream_new_mem(SLICE_LIT("a\nb\nc\r\n.\r\nNEXT\r\n"), NULL);
    int calls = 0;
    struct sink sink = { refuse, &calls };
    struct dot_facts facts;
    struct slice line;

    CU_ASSERT_EQUAL(dotstuff_read(s, 1000, 0, &sink, &facts), ERR_NOSPACE);
    CU_ASSERT_EQUAL(calls, 1);
    CU_ASSERT_EQUAL(facts.bytes, 9);
    CU_ASSERT_EQUAL(stream_line(s, 100, &line), ERR_OK);
    CU_ASSERT(slice_eqs(line, "NEXT"));
    stream_close(&s);
}

static void test_closed_in_the_middle(void)
{
    struct stream *s = stream_new_mem(SLICE_LIT("a\r\n."), NULL);
    struct buf out = BUF_INIT;
    struct sink sink = { collect, &out };

    CU_ASSERT_EQUAL(dotstuff_read(s, 1000, 0, &sink, NULL), ERR_CLOSED);
    stream_close(&s);
    buf_fini(&out);
}

static const struct {
    const char *text, *wire;
} put_rows[] = {
    { "", ".\r\n" },
    { "a\r\n", "a\r\n.\r\n" },
    { "a", "a\r\n.\r\n" },
    { ".\r\n", "..\r\n.\r\n" },
    { ".a\r\n..b\r\nc.d\r\n.", "..a\r\n...b\r\nc.d\r\n..\r\n.\r\n" },
    { "a.b.c\r\n...\r\n", "a.b.c\r\n....\r\n.\r\n" },
};

static void put_in_pieces(size_t i, size_t step)
{
    struct slice text = slice_cstr(put_rows[i].text);
    struct buf wire = BUF_INIT;
    struct stream *s = stream_new_mem(SLICE_NULL, &wire);
    bool bol = true;

    for (size_t at = 0; at < text.n; at += step)
        dotstuff_put(s, slice_cut(text, at, at + step), &bol);
    dotstuff_put_end(s, bol);
    CU_ASSERT_EQUAL(stream_flush(s), ERR_OK);
    CU_CHECK_ROW(i, slice_eqs(buf_slice(&wire), put_rows[i].wire));
    stream_close(&s);
    buf_fini(&wire);
}

static void test_put(void)
{
    for (size_t i = 0; i < sizeof put_rows / sizeof *put_rows; i++)
        for (size_t step = 1; step < 20; step++)
            put_in_pieces(i, step);
}

/* What is written comes back the same, through the memory of a large buffer. */
static void test_round_trip(void)
{
    struct buf text = BUF_INIT, wire = BUF_INIT, back = BUF_INIT;
    struct sink sink = { collect, &back };
    bool bol = true;

    for (int i = 0; i < 20000; i++)
        buf_addf(&text, "%s line %d of many.\r\n", i % 7 ? "." : "", i);
    struct stream *s = stream_new_mem(SLICE_NULL, &wire);
    dotstuff_put(s, buf_slice(&text), &bol);
    dotstuff_put_end(s, bol);
    CU_ASSERT_EQUAL(stream_flush(s), ERR_OK);
    stream_close(&s);
    s = stream_new_mem(buf_slice(&wire), NULL);
    CU_ASSERT_EQUAL(dotstuff_read(s, 10 << 20, 0, &sink, NULL), ERR_OK);
    CU_ASSERT(slice_eq(buf_slice(&back), buf_slice(&text)));
    stream_close(&s);
    buf_fini(&text);
    buf_fini(&wire);
    buf_fini(&back);
}

TEST_SUITE("dotstuff", { "rows", test_rows }, { "facts", test_facts },
           { "limit", test_limit_keeps_step }, { "refusal", test_refusal_keeps_step },
           { "closed", test_closed_in_the_middle }, { "put", test_put },
           { "round trip", test_round_trip })

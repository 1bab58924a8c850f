/* mime_test.c - the structure scanner
 * covers: DL-28
 *
 * How 3.6.1 sees some hundred odd messages is in cunit/store/facts_cases.inc.
 */
#include "cunit/test.h"

#include "lib/base/buf.h"
#include "lib/text/mime.h"

#define ROWS(a) (sizeof(a) / sizeof *(a))

/* "type/subtype[body]" in document order, children in parentheses. */
static void describe(struct buf *out, const struct mime_part *p, struct slice message)
{
    const struct mime_part *parent = p->parent;

    buf_addf(out, "%.*s/%.*s", SLICE_ARG(p->type), SLICE_ARG(p->subtype));
    if (!p->child)
        buf_addf(out, "[%.*s]", SLICE_ARG(slice_cut(message, (size_t)p->body_off,
                                                    (size_t)(p->body_off + p->body_size))));
    else
        buf_addc(out, '(');
    const struct mime_part *next = mime_next(p);
    for (const struct mime_part *up = p; !p->child && up && up->parent && !up->next;
         up = up->parent)
        buf_addc(out, ')');
    if (next && !p->child)
        buf_addc(out, ' ');
    (void)parent;
}

static void test_tree(void)
{
    static const struct {
        const char *message, *tree;
    } rows[] = {
        { "Subject: x\r\n\r\nbody\r\n", "TEXT/PLAIN[body\r\n]" },
        { "Content-Type: multipart/mixed; boundary=B\r\n\r\npre\r\n--B\r\n\r\none\r\n--B\r\n"
          "Content-Type: text/html\r\n\r\ntwo\r\n--B--\r\nepi\r\n",
          "MULTIPART/MIXED(TEXT/PLAIN[one] TEXT/HTML[two])" },
        { "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n"
          "Content-Type: multipart/alternative; boundary=\"C D\"\r\n\r\n--C D\r\n\r\n1\r\n"
          "--C D--\r\n--B\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\n2\r\n--B--\r\n",
          "MULTIPART/MIXED(MULTIPART/ALTERNATIVE(TEXT/PLAIN[1]) "
          "MESSAGE/RFC822(TEXT/PLAIN[2]))" },
        { "Content-Type: multipart/digest; boundary=B\r\n\r\n--B\r\n\r\nSubject: x\r\n\r\ny\r\n"
          "--B--\r\n",
          "MULTIPART/DIGEST(MESSAGE/RFC822(TEXT/PLAIN[y]))" },
        { "Content-Type: multipart/mixed\r\n\r\n--B\r\n", "MULTIPART/MIXED[--B\r\n]" },
        { "Content-Type: multipart/mixed; boundary=B\r\n\r\nno boundary\r\n",
          "MULTIPART/MIXED(TEXT/PLAIN[])" },
        { "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: image/png\r\n"
          "--B\r\n\r\nx",
          "MULTIPART/MIXED(IMAGE/PNG[] TEXT/PLAIN[x])" },
        { "Content-Type: multipart/mixed; boundary=B\r\n\r\n--Bx\r\n--B \r\n\r\n--B\r\n",
          "MULTIPART/MIXED(TEXT/PLAIN[] TEXT/PLAIN[])" },
        { "", "TEXT/PLAIN[]" },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct arena *arena = arena_new(0);
        struct buf out = BUF_INIT;
        struct slice m = slice_cstr(rows[i].message);
        for (const struct mime_part *p = mime_parse(m, NULL, arena); p; p = mime_next(p))
            describe(&out, p, m);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&out), rows[i].tree));
        arena_free(&arena);
        buf_fini(&out);
    }
}

static void test_fields(void)
{
    static const char m[] = "Content-Type: text/html; charset=bogus; charset=utf-8; X=y\r\n"
                            "Content-Transfer-Encoding: Base64 (c)\r\n\r\nYQ==\r\n\r\n";
    struct arena *arena = arena_new(0);
    const struct mime_part *p = mime_parse(SLICE_LIT(m), NULL, arena);

    CU_ASSERT(p->has_type && p->kind == MIME_LEAF && !p->cut);
    CU_ASSERT_EQUAL(p->encoding, MIME_ENC_BASE64);
    CU_ASSERT(slice_eqs(p->encoding_name, "BASE64"));
    CU_ASSERT(slice_eqs(p->charset, "utf-8"));
    CU_ASSERT_EQUAL(p->nparams, 3);
    CU_ASSERT(slice_eqs(p->params[2].name, "X") && slice_eqs(p->params[2].value, "y"));
    CU_ASSERT_EQUAL(p->header_size, sizeof m - 1 - 8);
    CU_ASSERT_EQUAL(p->body_size, 8);
    CU_ASSERT_EQUAL(p->body_lines, 2);
    arena_free(&arena);
}

/* Counts of what the hooks see; content of the parts, one after the other. */
struct seen {
    size_t headers, ends;
    struct buf content;
};

static void on_header(void *ctx, struct mime_part *part, struct slice header)
{
    struct seen *s = ctx;
    (void)part, (void)header;
    s->headers++;
}

static void on_content(void *ctx, struct mime_part *part, const char *p, size_t n)
{
    struct seen *s = ctx;
    if (part->kind == MIME_LEAF)
        buf_add(&s->content, p, n);
}

static void on_end(void *ctx, struct mime_part *part)
{
    struct seen *s = ctx;
    (void)part;
    s->ends++;
}

static void test_hooks(void)
{
    static const char m[] = "Content-Type: multipart/mixed; boundary=B\r\n\r\n"
                            "--B\r\n\r\n-\r\n--\r\n--Bx\r\n--B\r\n\r\ntwo\r\n\r\n--B--\r\n--B\r\n";
    static const struct mime_hooks hooks = { on_header, on_content, on_end };

    for (size_t piece = 1; piece < sizeof m; piece++) {
        struct seen s = { 0, 0, BUF_INIT };
        struct arena *arena = arena_new(0);
        struct mime_scan *scan = mime_begin(NULL, &hooks, &s, arena);
        for (size_t at = 0; at < sizeof m - 1; at += piece) {
            struct slice part = slice_cut(SLICE_LIT(m), at, at + piece);
            mime_push(scan, part.p, part.n);
        }
        mime_end(scan);
        CU_CHECK_ROW(piece, !mime_was_limited(scan));
        CU_CHECK_ROW(piece, s.headers == 3 && s.ends == 3);
        CU_CHECK_ROW(piece, slice_eqs(buf_slice(&s.content), "-\r\n--\r\n--Bxtwo\r\n"));
        mime_free(&scan);
        arena_free(&arena);
        buf_fini(&s.content);
    }
}

static size_t count_parts(const struct mime_part *root, size_t *depth)
{
    size_t n = 0;

    *depth = 0;
    for (const struct mime_part *p = root; p; p = mime_next(p)) {
        size_t d = 0;
        for (const struct mime_part *up = p; up->parent; up = up->parent)
            d++;
        *depth = d > *depth ? d : *depth;
        n++;
    }
    return n;
}

static void test_limits(void)
{
    static const struct {
        const char *once, *again;
        size_t times, parts, depth;
        struct mime_options opts;
    } rows[] = {
        { "Content-Type: multipart/mixed; boundary=B\r\n\r\n", "--B\r\n\r\nx\r\n", 50, 10, 1,
          { 0, 10 } },
        { "", "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n", 50, 51, 9, { 10, 0 } },
        { "", "Content-Type: message/rfc822\r\n\r\n", 500, 101, 100, { 0, 0 } },
        { "", "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n", 500, 501, 99, { 0, 0 } },
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct arena *arena = arena_new(0);
        struct buf m = BUF_INIT;
        size_t depth;
        buf_adds(&m, rows[i].once);
        for (size_t k = 0; k < rows[i].times; k++)
            buf_adds(&m, rows[i].again);
        struct mime_scan *scan = mime_begin(&rows[i].opts, NULL, NULL, arena);
        mime_push(scan, m.p, m.n);
        struct mime_part *root = mime_end(scan);
        CU_CHECK_ROW(i, mime_was_limited(scan));
        CU_CHECK_ROW(i, count_parts(root, &depth) == rows[i].parts);
        CU_CHECK_ROW(i, depth == rows[i].depth);
        CU_CHECK_ROW(i, root->header_size + root->body_size == m.n);
        mime_free(&scan);
        arena_free(&arena);
        buf_fini(&m);
    }
}

/* Of a header beyond its limit the start is read, and the body still begins at its place. */
static void test_long_header(void)
{
    struct arena *arena = arena_new(0);
    struct buf m = BUF_INIT;

    buf_adds(&m, "Content-Type: image/png\r\n");
    while (m.n < 2 * MIME_HEADER_MAX)
        buf_adds(&m, "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n");
    buf_adds(&m, "Content-Type: text/html\r\n\r\nbody");
    const struct mime_part *p = mime_parse(buf_slice(&m), NULL, arena);
    CU_ASSERT(slice_eqs(p->subtype, "PNG"));
    CU_ASSERT_EQUAL(p->body_size, 4);
    arena_free(&arena);
    buf_fini(&m);
}

TEST_SUITE("mime", { "tree", test_tree }, { "fields", test_fields }, { "hooks", test_hooks },
           { "limits", test_limits }, { "long header", test_long_header })

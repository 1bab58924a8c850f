/* journal_record_test.c - bodies of the journal's records: what goes in comes out, and nothing else
 *
 * covers: P1 P6
 */
#include "imap/store/journal_record.h"

#include "cunit/test.h"
#include "imap/store/msgannot.h"
#include "lib/base/endian.h"
#include "lib/base/mem.h"

/* ---- made up mailboxes ---- */

static const struct journal_message messages[] = { { 7, 0, 1600000000 },
                                                   { 8, 1, 0 },
                                                   { UINT32_MAX, 0, UINT32_MAX } };
static const struct journal_write writes[] = {
    { 160, { "record", 6 } }, { UINT64_MAX, { "", 0 } }, { 0, { "\0\xff\0", 3 } }
};

static const struct msgannot_put annots[] = { { { "7\0/comment\0\0", 12 }, { "value", 5 } },
                                              { { "k", 1 }, { "\0", 1 } } };

enum { BOXES = 3 };

static struct journal_mailbox box(unsigned i)
{
    static const char *const ids[BOXES] = { "id0", "id1-longer", "" };

    return (struct journal_mailbox){
        .uniqueid = slice_cstr(ids[i]),
        .name = SLICE_LIT("user.fred"),
        .msg_dir = SLICE_LIT("/spool/uuid/i/d/id0"),
        .index_path = SLICE_LIT("/meta/cyrus.index"),
        .header_path = SLICE_LIT("/meta/cyrus.header"),
        .header = i == 1 ? SLICE_NULL : SLICE_LIT("header\0file\n"),
        .head = SLICE_LIT("index header"),
        .cache_path = i == 2 ? SLICE_NULL : SLICE_LIT("/meta/cyrus.cache"),
        .cache = i ? SLICE_NULL : SLICE_LIT("\1\2\3"),
        .cache_at = i * UINT64_C(0x100000001),
        .before = { UINT64_C(0x1122334455667788), 6, 5, 0xdeadbeef },
        .after = { UINT64_C(0x1122334455667789), 8, 7, i },
        .generation = i + 1,
        .may_link = i != 1,
        .messages = messages,
        .nmessages = i,
        .writes = writes,
        .nwrites = BOXES - i,
        .annot_path = i == 1 ? SLICE_LIT("/meta/cyrus.annotations") : SLICE_NULL,
        .annots = annots,
        .nannots = i == 1 ? 2 : 0,
    };
}

/* A body with n mailboxes that share two contents. */
static void encode(unsigned n, struct buf *out)
{
    struct vec pieces = VEC_INIT(struct slice);
    struct journal_builder b;

    journal_builder_init(&b);
    CU_ASSERT_EQUAL(journal_add_content(&b, SLICE_LIT("first message\r\n")), 0);
    CU_ASSERT_EQUAL(journal_add_content(&b, SLICE_NULL), 1);
    for (unsigned i = 0; i < n; i++) {
        const struct journal_mailbox m = box(i);
        journal_add_mailbox(&b, &m);
    }
    journal_builder_pieces(&b, &pieces);
    buf_reset(out);
    for (size_t i = 0; i < pieces.n; i++)
        buf_add_slice(out, *VEC_AT(&pieces, struct slice, i));
    CU_ASSERT_EQUAL(out->n, journal_builder_length(&b));
    vec_fini(&pieces);
    journal_builder_fini(&b);
}

/* ---- comparison ---- */

static bool same_key(const struct journal_key *a, const struct journal_key *b)
{
    return a->modseq == b->modseq && a->last_uid == b->last_uid && a->nrecords == b->nrecords &&
           a->crc == b->crc;
}

static bool same_strings(const struct journal_mailbox *a, const struct journal_mailbox *b)
{
    return slice_eq(a->uniqueid, b->uniqueid) && slice_eq(a->name, b->name) &&
           slice_eq(a->msg_dir, b->msg_dir) && slice_eq(a->index_path, b->index_path) &&
           slice_eq(a->header_path, b->header_path) && slice_eq(a->header, b->header) &&
           slice_eq(a->head, b->head) && slice_eq(a->cache_path, b->cache_path) &&
           slice_eq(a->cache, b->cache);
}

static bool same_annots(const struct journal_mailbox *a, const struct journal_mailbox *b)
{
    bool same = a->nannots == b->nannots && slice_eq(a->annot_path, b->annot_path);

    for (size_t i = 0; i < a->nannots && same; i++)
        same = slice_eq(a->annots[i].key, b->annots[i].key) &&
               slice_eq(a->annots[i].value, b->annots[i].value);
    return same;
}

static bool same_box(const struct journal_mailbox *a, const struct journal_mailbox *b)
{
    bool same = same_strings(a, b) && same_annots(a, b) && same_key(&a->before, &b->before) &&
                same_key(&a->after, &b->after) && a->generation == b->generation &&
                a->may_link == b->may_link && a->cache_at == b->cache_at &&
                a->nmessages == b->nmessages && a->nwrites == b->nwrites;

    for (size_t i = 0; same && i < a->nmessages; i++)
        same = a->messages[i].uid == b->messages[i].uid &&
               a->messages[i].time == b->messages[i].time &&
               a->messages[i].content == b->messages[i].content;
    for (size_t i = 0; same && i < a->nwrites; i++)
        same = a->writes[i].at == b->writes[i].at &&
               slice_eq(a->writes[i].bytes, b->writes[i].bytes);
    return same;
}

static void test_round_trip(void)
{
    for (unsigned n = 0; n <= BOXES; n++) {
        struct arena *a = arena_new(0);
        struct buf body = BUF_INIT;
        struct journal_change c;
        encode(n, &body);
        CU_CHECK_ROW(n, journal_change_decode(buf_slice(&body), a, &c) == ERR_OK);
        CU_CHECK_ROW(n, c.ncontents == 2 && c.nmailboxes == n);
        CU_CHECK_ROW(n, slice_eqs(c.contents[0], "first message\r\n") && !c.contents[1].n);
        for (unsigned i = 0; i < n; i++) {
            const struct journal_mailbox m = box(i);
            CU_CHECK_ROW(i, same_box(&c.mailboxes[i], &m));
        }
        buf_fini(&body);
        arena_free(&a);
    }
}

/* Nothing at all is a change, too. */
static void test_empty(void)
{
    struct vec pieces = VEC_INIT(struct slice);
    struct arena *a = arena_new(0);
    struct journal_builder b;
    struct journal_change c;
    struct buf body = BUF_INIT;

    journal_builder_init(&b);
    journal_builder_pieces(&b, &pieces);
    for (size_t i = 0; i < pieces.n; i++)
        buf_add_slice(&body, *VEC_AT(&pieces, struct slice, i));
    CU_ASSERT_EQUAL(journal_change_decode(buf_slice(&body), a, &c), ERR_OK);
    CU_ASSERT_TRUE(!c.ncontents && !c.nmailboxes);
    vec_fini(&pieces);
    journal_builder_fini(&b);
    buf_fini(&body);
    arena_free(&a);
}

/* The pieces borrow the bytes of messages: nothing is copied. */
static void test_borrowed(void)
{
    const struct slice message = SLICE_LIT("bytes of a message");
    struct vec pieces = VEC_INIT(struct slice);
    struct journal_builder b;

    journal_builder_init(&b);
    (void)journal_add_content(&b, message);
    journal_builder_pieces(&b, &pieces);
    CU_ASSERT_EQUAL(VEC_AT(&pieces, struct slice, pieces.n - 1)->p, message.p);
    vec_fini(&pieces);
    journal_builder_fini(&b);
}

/* ---- damage ---- */

static uint64_t sum;

static void touch(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        sum += (uint8_t)s.p[i];
}

/* Reads whatever the value points to. */
static void touch_box(const struct journal_mailbox *m, const struct journal_change *c)
{
    const struct slice strings[] = { m->uniqueid, m->name, m->msg_dir, m->index_path,
                                     m->header_path, m->header, m->head, m->cache_path,
                                     m->cache };

    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        touch(strings[i]);
    for (size_t i = 0; i < m->nmessages; i++)
        touch(c->contents[m->messages[i].content]);
    for (size_t i = 0; i < m->nwrites; i++)
        touch(m->writes[i].bytes);
}

/* In a block of just that size, so that reading behind it is seen. */
static err_t decode_copy(const char *p, size_t n)
{
    struct arena *a = arena_new(0);
    char *copy = mem_alloc(n ? n : 1);
    struct journal_change c;

    if (n)
        memcpy(copy, p, n);
    err_t err = journal_change_decode(slice_make(copy, n), a, &c);
    for (size_t i = 0; i < c.ncontents && !err; i++)
        touch(c.contents[i]);
    for (size_t i = 0; i < c.nmailboxes && !err; i++)
        touch_box(&c.mailboxes[i], &c);
    mem_free(copy);
    arena_free(&a);
    return err;
}

static void test_truncated(void)
{
    struct buf body = BUF_INIT;

    encode(BOXES, &body);
    CU_ASSERT_EQUAL(decode_copy(body.p, body.n), ERR_OK);
    for (size_t n = 0; n < body.n; n++)
        CU_CHECK_ROW(n, decode_copy(body.p, n) == ERR_CORRUPT);
    buf_addc(&body, '\0');
    CU_ASSERT_EQUAL(decode_copy(body.p, body.n), ERR_CORRUPT);
    buf_fini(&body);
}

static void test_flips(void)
{
    struct buf body = BUF_INIT;
    size_t refused = 0;

    encode(BOXES, &body);
    for (size_t i = 0; i < body.n; i++) {
        for (unsigned value = 0; value < 256; value++) {
            const char old = body.p[i];
            body.p[i] = (char)value;
            err_t err = decode_copy(body.p, body.n);
            CU_CHECK_ROW(i, err == ERR_OK || err == ERR_CORRUPT);
            refused += err != ERR_OK;
            body.p[i] = old;
        }
    }
    CU_ASSERT_TRUE(refused > 10000);
    buf_fini(&body);
}

/* Counts and lengths that promise much more than there is cost nothing. */
static void test_counts(void)
{
    static const uint32_t numbers[] = { 2, 100, 0x7fffffff, 0x80000000, 0xfffffffe, UINT32_MAX };
    struct buf body = BUF_INIT;

    encode(BOXES, &body);
    for (size_t at = 0; at + 4 <= body.n; at++) {
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            char old[4];
            memcpy(old, body.p + at, 4);
            be32_put(body.p + at, numbers[i]);
            err_t err = decode_copy(body.p, body.n);
            CU_CHECK_ROW(at, err == ERR_OK || err == ERR_CORRUPT);
            memcpy(body.p + at, old, 4);
        }
    }
    buf_fini(&body);
}

/* ---- void ---- */

static void test_void(void)
{
    static const struct {
        uint64_t sequence, number;
        const char *uniqueid;
    } rows[] = { { 1, 2, "uniqueid" }, { 0, 0, "" }, { UINT64_MAX, UINT64_MAX - 1, "x" } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf body = BUF_INIT;
        struct journal_void v;
        journal_void_encode(rows[i].sequence, rows[i].number, slice_cstr(rows[i].uniqueid), &body);
        CU_CHECK_ROW(i, journal_void_decode(buf_slice(&body), &v) == ERR_OK);
        CU_CHECK_ROW(i, v.sequence == rows[i].sequence && v.number == rows[i].number);
        CU_CHECK_ROW(i, slice_eqs(v.uniqueid, rows[i].uniqueid));
        for (size_t n = 0; n < body.n; n++)
            CU_CHECK_ROW(n, journal_void_decode(slice_make(body.p, n), &v) == ERR_CORRUPT);
        buf_addc(&body, 'x');
        CU_CHECK_ROW(i, journal_void_decode(buf_slice(&body), &v) == ERR_CORRUPT);
        buf_fini(&body);
    }
}

TEST_SUITE("journal record", { "round trip", test_round_trip }, { "empty", test_empty },
           { "borrowed", test_borrowed }, { "truncated", test_truncated }, { "flips", test_flips },
           { "counts", test_counts }, { "void", test_void })

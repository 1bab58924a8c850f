/* journal_file_test.c - bytes of the journal's files: what is taken for a record, and what is not
 *
 * covers: P1 P2
 */
#include "imap/store/journal_file.h"

#include "cunit/test.h"
#include "lib/base/buf.h"

enum { SEQUENCE = 7, SALT = 0x1234567, ID = 99 };

/* ---- making files ---- */

struct made {
    struct buf bytes;
    uint64_t at[20];                    /* where record i, from 1, begins */
    unsigned n;
};

static void begin_file(struct made *m, uint64_t sequence)
{
    const struct journal_head h = { .sequence = sequence, .id = ID, .salt = SALT };
    uint8_t page[JOURNAL_PAGE];

    *m = (struct made){ .bytes = BUF_INIT };
    journal_head_encode(&h, page);
    buf_add(&m->bytes, page, sizeof page);
}

static void pad(struct buf *b, size_t to)
{
    while (b->n % to)
        buf_addc(b, '\0');
}

static void add_as(struct made *m, const struct journal_record_head *wanted, struct slice body)
{
    const struct slice pieces[] = { slice_cut(body, 0, body.n / 3), slice_skip(body, body.n / 3) };
    struct journal_record_head h = *wanted;
    uint8_t head[JOURNAL_RECORD_HEAD];

    h.length = JOURNAL_RECORD_HEAD + body.n;
    journal_record_encode(&h, pieces, 2, head);
    m->at[++m->n] = m->bytes.n;
    buf_add(&m->bytes, head, sizeof head);
    buf_add_slice(&m->bytes, body);
    pad(&m->bytes, JOURNAL_PAGE);
}

/* The next record, of n bytes; all before it are known to be durable. */
static void add(struct made *m, size_t n)
{
    struct buf body = BUF_INIT;

    for (size_t i = 0; i < n; i++)
        buf_addc(&body, (char)(m->n * 31 + i));
    add_as(m, &(struct journal_record_head){ .sequence = SEQUENCE, .salt = SALT, .number = m->n + 1,
                                             .known = m->n, .kind = JOURNAL_CHANGE },
           buf_slice(&body));
    buf_fini(&body);
}

/* The same, but its writer knew of nothing durable. */
static void add_unknowing(struct made *m, size_t n)
{
    struct buf body = BUF_INIT;

    while (body.n < n)
        buf_addc(&body, 'u');
    add_as(m, &(struct journal_record_head){ .sequence = SEQUENCE, .salt = SALT, .number = m->n + 1,
                                             .kind = JOURNAL_VOID }, buf_slice(&body));
    buf_fini(&body);
}

/* The numbers that are found, as bits; bit 63: damaged. */
static uint64_t numbers(struct slice file)
{
    struct journal_scan s;
    uint64_t bits = 0;

    journal_file_scan(file, &s);
    for (size_t i = 0; i < s.n; i++)
        bits |= s.found[i].number < 63 ? UINT64_C(1) << s.found[i].number : 0;
    bits |= (uint64_t)s.damaged << 63;
    journal_scan_free(&s);
    return bits;
}

static uint64_t upto(unsigned n)
{
    return (UINT64_C(2) << n) - 2;
}

#define DAMAGED (UINT64_C(1) << 63)

/* ---- the header ---- */

static void test_head(void)
{
    static const struct journal_head rows[] = {
        { 0, 0, 0, 0 }, { 0, ID, 0, 0 }, { 1, 2, 3, 4 },
        { UINT64_MAX, UINT64_MAX, UINT64_MAX, JOURNAL_PAGE },
    };
    uint8_t page[JOURNAL_PAGE];
    struct journal_head h;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        journal_head_encode(&rows[i], page);
        const struct slice file = slice_make(page, sizeof page);
        CU_CHECK_ROW(i, journal_head_decode(file, &h) == ERR_OK);
        CU_CHECK_ROW(i, h.sequence == rows[i].sequence && h.id == rows[i].id &&
                        h.salt == rows[i].salt && h.size == rows[i].size);
        CU_CHECK_ROW(i, journal_file_sequence(file) == rows[i].sequence);
        CU_CHECK_ROW(i, numbers(file) == 0);
        for (size_t n = 0; n < sizeof page; n += 97)
            CU_CHECK_ROW(n, journal_head_decode(slice_cut(file, 0, n), &h) == ERR_CORRUPT);
    }
}

/* Any byte of the 40 that are used. */
static void test_head_flips(void)
{
    const struct journal_head good = { .sequence = SEQUENCE, .id = ID, .salt = SALT };
    uint8_t page[JOURNAL_PAGE];
    struct journal_head h;

    for (size_t i = 0; i < 40; i++) {
        journal_head_encode(&good, page);
        page[i] ^= (uint8_t)(1u << i % 8);
        CU_CHECK_ROW(i, journal_head_decode(slice_make(page, sizeof page), &h) == ERR_CORRUPT);
        CU_CHECK_ROW(i, journal_file_sequence(slice_make(page, sizeof page)) == 0);
    }
}

/* No crash makes a file shorter. */
static void test_cut(void)
{
    const struct journal_head head = { .sequence = 1, .id = ID, .salt = SALT,
                                       .size = JOURNAL_PAGE + 1 };
    uint8_t page[JOURNAL_PAGE];

    journal_head_encode(&head, page);
    CU_ASSERT_EQUAL(numbers(slice_make(page, sizeof page)), DAMAGED);
}

/* ---- whole files ---- */

static void test_round_trip(void)
{
    static const size_t sizes[] = { 0, 1, 100, JOURNAL_PAGE - JOURNAL_RECORD_HEAD,
                                    JOURNAL_PAGE - JOURNAL_RECORD_HEAD + 1, 3 * JOURNAL_PAGE,
                                    50000 };
    struct journal_scan s;
    struct made m;

    begin_file(&m, SEQUENCE);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        add(&m, sizes[i]);
    journal_file_scan(buf_slice(&m.bytes), &s);
    CU_ASSERT_FALSE(s.damaged);
    CU_ASSERT_EQUAL_FATAL(s.n, sizeof sizes / sizeof *sizes);
    for (size_t i = 0; i < s.n; i++) {
        CU_CHECK_ROW(i, s.found[i].number == i + 1 && s.found[i].sequence == SEQUENCE);
        CU_CHECK_ROW(i, s.found[i].kind == JOURNAL_CHANGE && s.found[i].body.n == sizes[i]);
        CU_CHECK_ROW(i, s.found[i].body.p == m.bytes.p + m.at[i + 1] + JOURNAL_RECORD_HEAD);
    }
    journal_scan_free(&s);
    CU_ASSERT_TRUE(s.n == 0 && !s.found);
    buf_fini(&m.bytes);
}

static void test_nothing(void)
{
    struct made m;

    CU_ASSERT_EQUAL(numbers(SLICE_NULL), 0);
    begin_file(&m, SEQUENCE);
    CU_ASSERT_EQUAL(numbers(buf_slice(&m.bytes)), 0);           /* begun, and no record yet */
    buf_fini(&m.bytes);
    begin_file(&m, 0);                                          /* clear; a record is left over */
    add(&m, 100);
    CU_ASSERT_EQUAL(numbers(buf_slice(&m.bytes)), 0);
    buf_fini(&m.bytes);
}

/* ---- the end ---- */

/* The last record reached the disk in part: all sectors up to some, or all but one. */
static void test_torn_tail(void)
{
    enum { SECTOR = 512, BODY = 2 * JOURNAL_PAGE };
    struct made m;
    struct buf torn = BUF_INIT;

    begin_file(&m, SEQUENCE);
    add(&m, 300);
    add(&m, 5000);
    add(&m, BODY);
    const uint64_t at = m.at[3], end = at + JOURNAL_RECORD_HEAD + BODY;
    for (uint64_t cut = at; cut < end; cut += SECTOR) {
        buf_reset(&torn);
        buf_add(&torn, m.bytes.p, cut);
        CU_CHECK_ROW(cut, numbers(buf_slice(&torn)) == upto(2));
        while (torn.n < m.bytes.n)
            buf_addc(&torn, '\0');
        CU_CHECK_ROW(cut, numbers(buf_slice(&torn)) == upto(2));
        buf_reset(&torn);
        buf_add_slice(&torn, buf_slice(&m.bytes));
        memset(torn.p + cut, 0, SECTOR);
        CU_CHECK_ROW(cut, numbers(buf_slice(&torn)) == upto(2));
    }
    CU_ASSERT_EQUAL(numbers(slice_cut(buf_slice(&m.bytes), 0, end)), upto(3));
    CU_ASSERT_EQUAL(numbers(slice_cut(buf_slice(&m.bytes), 0, end - 1)), upto(2));
    buf_fini(&torn);
    buf_fini(&m.bytes);
}

/* One bit of the last record: left out, and said, wherever the bit is; as its head says in three
 * places that it is one, each of them may be hit. */
static void test_flipped_tail(void)
{
    enum { BODY = 30 };
    struct journal_scan s;
    struct made m;

    begin_file(&m, SEQUENCE);
    add(&m, 300);
    add(&m, BODY);
    for (size_t at = 0; at < JOURNAL_RECORD_HEAD + BODY; at++) {
        m.bytes.p[m.at[2] + at] ^= (char)(1 << at % 8);
        journal_file_scan(buf_slice(&m.bytes), &s);
        CU_CHECK_ROW(at, s.n == 1 && s.torn && !s.damaged);
        journal_scan_free(&s);
        m.bytes.p[m.at[2] + at] ^= (char)(1 << at % 8);
    }
    buf_fini(&m.bytes);
}

/* ---- the middle ---- */

/* Record `bad` of five cannot be read; the writers of the last `knowing` knew all before theirs to
 * be durable. */
struct middle {
    unsigned bad, knowing;
    uint64_t found;
};

static const struct middle middles[] = {
    { 3, 2, DAMAGED | 0x36 },           /* 1 2 4 5 */
    { 3, 1, DAMAGED | 0x36 },
    { 1, 1, DAMAGED | 0x3c },
    { 4, 1, DAMAGED | 0x2e },
    { 3, 0, 0x06 },                     /* nobody was told of 3, 4 and 5 */
    { 1, 0, 0 },
    { 4, 0, 0x0e },
    { 5, 5, 0x1e },                     /* the tail */
    { 0, 5, 0x3e },
    { 0, 0, 0x3e },
};

static void make_middle(struct made *m, unsigned knowing)
{
    begin_file(m, SEQUENCE);
    for (unsigned i = 1; i <= 5; i++) {
        if (i > 5 - knowing)
            add(m, 5000);
        else
            add_unknowing(m, 5000);
    }
}

static void test_middle(void)
{
    static const uint64_t offsets[] = { 0, 5, 9, 20, 30, 35, 45, 50, 54, 56, 2000, 5055 };

    for (size_t i = 0; i < sizeof middles / sizeof *middles; i++) {
        for (size_t k = 0; k < sizeof offsets / sizeof *offsets; k++) {
            const struct middle *row = &middles[i];
            struct made m;
            make_middle(&m, row->knowing);
            if (row->bad)
                m.bytes.p[m.at[row->bad] + offsets[k]] ^= 0x10;
            CU_CHECK_ROW(i, numbers(buf_slice(&m.bytes)) == row->found);
            buf_fini(&m.bytes);
        }
    }
}

/* All that stood in a page, and the page after it, is gone. */
static void test_zeroed(void)
{
    struct made m;

    make_middle(&m, 5);
    memset(m.bytes.p + m.at[2], 0, m.at[4] - m.at[2]);
    CU_ASSERT_EQUAL(numbers(buf_slice(&m.bytes)), DAMAGED | 0x32);
    buf_fini(&m.bytes);
}

/* ---- strangers ---- */

struct stranger {
    const char *what;
    struct journal_record_head head;
};

static const struct stranger strangers[] = {
    { "older use", { .sequence = SEQUENCE - 2, .salt = SALT, .number = 3, .known = 2, .kind = 1 } },
    { "newer use", { .sequence = SEQUENCE + 2, .salt = SALT, .number = 3, .known = 2, .kind = 1 } },
    { "other salt", { .sequence = SEQUENCE, .salt = 1, .number = 3, .known = 2, .kind = 1 } },
    { "no salt", { .sequence = SEQUENCE, .number = 3, .known = 2, .kind = 1 } },
    { "number again", { .sequence = SEQUENCE, .salt = SALT, .number = 2, .known = 1, .kind = 1 } },
    { "number 0", { .sequence = SEQUENCE, .salt = SALT, .number = 0, .known = 1, .kind = 1 } },
};

/* A sound record behind ours that is not of this file, or not of this use of it. */
static void test_strangers(void)
{
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        struct made m;
        begin_file(&m, SEQUENCE);
        add(&m, 10);
        add(&m, 10);
        add_as(&m, &strangers[i].head, SLICE_LIT("stranger"));
        CU_CHECK_ROW(i, numbers(buf_slice(&m.bytes)) == upto(2));
        add_as(&m, &(struct journal_record_head){ .sequence = SEQUENCE, .salt = SALT, .number = 3,
                                                  .known = 2, .kind = 1 }, SLICE_LIT("ours"));
        CU_CHECK_ROW(i, numbers(buf_slice(&m.bytes)) == upto(3));
        buf_fini(&m.bytes);
    }
}

/* A message that holds a journal file at a page boundary of ours, guessing all but the salt. */
static void test_message_like_record(void)
{
    struct made inner, m;
    struct buf body = BUF_INIT;

    begin_file(&inner, SEQUENCE);
    for (unsigned i = 3; i <= 6; i++)
        add_as(&inner, &(struct journal_record_head){ .sequence = SEQUENCE, .salt = SALT ^ 1,
                                                      .number = i, .known = i - 1, .kind = 1 },
               SLICE_LIT("evil"));
    while ((body.n + JOURNAL_RECORD_HEAD) % JOURNAL_PAGE)
        buf_addc(&body, 'x');
    buf_add_slice(&body, buf_slice(&inner.bytes));
    begin_file(&m, SEQUENCE);
    add(&m, 10);
    add_as(&m, &(struct journal_record_head){ .sequence = SEQUENCE, .salt = SALT, .number = 2,
                                              .known = 1, .kind = 1 }, buf_slice(&body));
    CU_ASSERT_EQUAL(numbers(buf_slice(&m.bytes)), upto(2));
    m.bytes.p[m.at[2] + 60] ^= 1;               /* torn: its pages are looked at one by one */
    CU_ASSERT_EQUAL(numbers(buf_slice(&m.bytes)), upto(1));
    buf_fini(&inner.bytes);
    buf_fini(&body);
    buf_fini(&m.bytes);
}

/* Lengths that say too little, or more than there is. */
static void test_lengths(void)
{
    static const uint64_t lengths[] = { 0, 1, 8, JOURNAL_RECORD_HEAD - 1, JOURNAL_PAGE + 1,
                                        1 << 20, UINT32_MAX, INT64_MAX, UINT64_MAX - 4095,
                                        UINT64_MAX };

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const struct journal_record_head h = { .length = lengths[i], .sequence = SEQUENCE,
                                               .salt = SALT, .number = 2, .known = 1, .kind = 1 };
        uint8_t head[JOURNAL_RECORD_HEAD];
        struct made m;
        begin_file(&m, SEQUENCE);
        add(&m, 10);
        add(&m, 10);
        journal_record_encode(&h, NULL, 0, head);
        memcpy(m.bytes.p + m.at[2], head, sizeof head);
        CU_CHECK_ROW(i, numbers(buf_slice(&m.bytes)) == upto(1));
        buf_fini(&m.bytes);
    }
}

static void test_padded(void)
{
    CU_ASSERT_EQUAL(journal_padded(JOURNAL_RECORD_HEAD), JOURNAL_PAGE);
    CU_ASSERT_EQUAL(journal_padded(JOURNAL_PAGE), JOURNAL_PAGE);
    CU_ASSERT_EQUAL(journal_padded(JOURNAL_PAGE + 1), 2 * JOURNAL_PAGE);
}

TEST_SUITE("journal file", { "header", test_head }, { "cut", test_cut },
           { "header flips", test_head_flips }, { "round trip", test_round_trip },
           { "nothing", test_nothing }, { "torn tail", test_torn_tail },
           { "flipped tail", test_flipped_tail }, { "middle", test_middle },
           { "zeroed", test_zeroed }, { "strangers", test_strangers },
           { "message like a record", test_message_like_record }, { "lengths", test_lengths },
           { "padded", test_padded })

/* messages_test.c - status messages, also between noise */
#include "cunit/test.h"
#include "master/messages.h"

#include "lib/base/buf.h"

struct taken {
    struct protocol_status all[64];
    size_t n;
};

static bool known(void *arg, int32_t pid)
{
    (void)arg;
    return pid >= 1000 && pid < 1010;
}

static void take(void *arg, const struct protocol_status *m)
{
    struct taken *t = arg;

    if (t->n < sizeof t->all / sizeof *t->all)
        t->all[t->n] = *m;
    t->n++;
}

static void add(struct buf *b, int32_t message, int32_t pid)
{
    const struct protocol_status m = { message, pid };

    buf_add(b, &m, sizeof m);
}

static void test_plain(void)
{
    struct messages s = { .nheld = 0 };
    struct taken t = { .n = 0 };
    struct buf b = BUF_INIT;

    for (int i = 1; i <= 4; i++)
        add(&b, i, 1000 + i);
    CU_ASSERT_EQUAL(messages_feed(&s, b.p, b.n, known, take, &t), 0);
    CU_ASSERT_EQUAL_FATAL(t.n, 4);
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(t.all[i].message, i + 1);
        CU_ASSERT_EQUAL(t.all[i].pid, 1001 + i);
    }
    buf_fini(&b);
}

/* The bytes of a real exchange of the reference server. */
static void test_bytes(void)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    static const unsigned char bytes[] = { 2, 0, 0, 0, 0xe8, 3, 0, 0, 3, 0, 0, 0, 0xe8, 3, 0, 0 };
    struct messages s = { .nheld = 0 };
    struct taken t = { .n = 0 };

    CU_ASSERT_EQUAL(messages_feed(&s, bytes, sizeof bytes, known, take, &t), 0);
    CU_ASSERT_EQUAL_FATAL(t.n, 2);
    CU_ASSERT_EQUAL(t.all[0].message, PROTOCOL_UNAVAILABLE);
    CU_ASSERT_EQUAL(t.all[1].message, PROTOCOL_CONNECTION);
    CU_ASSERT_EQUAL(t.all[1].pid, 1000);
#endif
}

/* Noise of every length from 0 to 20 in front of and between messages, in pieces of every
 * size: all messages come out. */
static void test_noise(void)
{
    for (size_t noise = 0; noise <= 20; noise++) {
        for (size_t piece = 1; piece <= 9; piece++) {
            struct messages s = { .nheld = 0 };
            struct taken t = { .n = 0 };
            struct buf b = BUF_INIT;
            size_t skipped = 0;
            for (int i = 0; i < 3; i++) {
                for (size_t k = 0; k < noise; k++)
                    buf_addc(&b, 'x');
                add(&b, PROTOCOL_UNAVAILABLE, 1000 + i);
            }
            for (size_t at = 0; at < b.n; at += piece)
                skipped += messages_feed(&s, b.p + at, b.n - at < piece ? b.n - at : piece,
                                         known, take, &t);
            CU_CHECK_ROW(noise * 100 + piece, t.n == 3);
            CU_CHECK_ROW(noise * 100 + piece, skipped == 3 * noise);
            buf_fini(&b);
        }
    }
}

static void test_refused(void)
{
    static const struct protocol_status rows[] = {
        { 0, 1000 }, { 5, 1000 }, { -1, 1000 }, { 1, 0 }, { 1, -1000 }, { 1, 999 }, { 1, 1010 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct messages s = { .nheld = 0 };
        struct taken t = { .n = 0 };
        CU_CHECK_ROW(i, messages_feed(&s, &rows[i], sizeof rows[i], known, take, &t) > 0);
        CU_CHECK_ROW(i, t.n == 0);
    }
}

static void test_large(void)
{
    struct messages s = { .nheld = 0 };
    struct taken t = { .n = 0 };
    struct buf b = BUF_INIT;

    for (int i = 0; i < 10000; i++)
        buf_addc(&b, (char)i);
    add(&b, PROTOCOL_AVAILABLE, 1009);
    CU_ASSERT_EQUAL(messages_feed(&s, b.p, b.n, known, take, &t), 10000);
    CU_ASSERT_EQUAL(t.n, 1);
    buf_fini(&b);
}

TEST_SUITE("messages", { "plain", test_plain }, { "bytes", test_bytes }, { "noise", test_noise },
           { "refused", test_refused }, { "large", test_large })

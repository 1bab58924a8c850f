/* buf_test.c - growing bytes */
#include "cunit/base/death.h"
#include "cunit/test.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

#include <signal.h>

static bool is(const struct buf *b, const char *text)
{
    return slice_eqs(buf_slice(b), text);
}

static void test_add(void)
{
    struct buf b = BUF_INIT;

    buf_add(&b, NULL, 0);
    CU_ASSERT_PTR_NULL(b.p);
    buf_adds(&b, "ab");
    buf_addc(&b, 'c');
    buf_add_slice(&b, SLICE_LIT("de"));
    buf_add_u64(&b, UINT64_MAX);
    CU_ASSERT(is(&b, "abcde18446744073709551615"));
    buf_reset(&b);
    buf_add_i64(&b, INT64_MIN);
    buf_addc(&b, ' ');
    buf_add_i64(&b, -1);
    buf_addc(&b, ' ');
    buf_add_i64(&b, INT64_MAX);
    CU_ASSERT(is(&b, "-9223372036854775808 -1 9223372036854775807"));
    buf_reset(&b);
    buf_add_hex(&b, "\x00\xff\x1a", 3);
    CU_ASSERT(is(&b, "00ff1a"));
    buf_reset(&b);
    buf_add_be32(&b, 0x01020304);
    buf_add_be64(&b, 0x05060708090a0b0c);
    CU_ASSERT(slice_eq(buf_slice(&b), SLICE_LIT("\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c")));
    buf_fini(&b);
    CU_ASSERT(b.p == NULL && b.n == 0 && b.cap == 0);
}

static void test_format(void)
{
    struct buf b = BUF_INIT;
    char big[1000];

    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    for (size_t n = 0; n < 300; n++) {  /* every way to fill what was reserved */
        buf_reset(&b);
        buf_addf(&b, "%.*s|", (int)n, big);
        CU_CHECK_ROW(n, b.n == n + 1 && b.p[n] == '|');
    }
    buf_addf(&b, "%s", big);
    CU_ASSERT_EQUAL(b.n, 300 + 999);
    buf_fini(&b);
}

static void test_growth(void)
{
    struct buf b = BUF_INIT;

    for (unsigned i = 0; i < 100000; i++)
        buf_addc(&b, (char)i);
    bool same = true;
    for (unsigned i = 0; i < 100000; i++)
        same = same && b.p[i] == (char)i;
    CU_ASSERT(same && b.n == 100000);
    char *before = b.p;
    buf_reset(&b);
    buf_reserve(&b, 100000);
    CU_ASSERT_PTR_EQUAL(b.p, before);
    buf_fini(&b);
}

static void test_edit(void)
{
    struct buf b = BUF_INIT;

    buf_adds(&b, "abcdef");
    buf_truncate(&b, 5);
    buf_remove_front(&b, 2);
    buf_remove_front(&b, 0);
    CU_ASSERT(is(&b, "cde"));
    buf_remove_front(&b, 3);
    CU_ASSERT(is(&b, ""));
    buf_adds(&b, "secret");
    buf_wipe(&b);
    CU_ASSERT(b.n == 0 && b.p[0] == 0 && b.p[5] == 0);
    buf_fini(&b);
    buf_wipe(&b);
    buf_remove_front(&b, 0);
    buf_truncate(&b, 0);
    CU_ASSERT_PTR_NULL(b.p);
}

static void test_strings(void)
{
    struct buf b = BUF_INIT;

    CU_ASSERT_STRING_EQUAL(buf_cstr(&b), "");
    CU_ASSERT_EQUAL(b.n, 0);
    for (int i = 0; i < 200; i++) {     /* also when n reaches cap */
        buf_addc(&b, 'x');
        CU_ASSERT_EQUAL(strlen(buf_cstr(&b)), (size_t)i + 1);
    }
    char *s = buf_steal(&b);
    CU_ASSERT_EQUAL(strlen(s), 200);
    CU_ASSERT(b.p == NULL && b.n == 0 && b.cap == 0);
    mem_free(s);
    s = buf_steal(&b);
    CU_ASSERT_STRING_EQUAL(s, "");
    mem_free(s);
}

static void grow_too_far(void)
{
    struct buf b = BUF_INIT;

    buf_addc(&b, 'x');
    buf_reserve(&b, SIZE_MAX);
}

static void truncate_behind(void)
{
    struct buf b = BUF_INIT;

    buf_truncate(&b, 1);
}

static void remove_too_much(void)
{
    struct buf b = BUF_INIT;

    buf_addc(&b, 'x');
    buf_remove_front(&b, 2);
}

static void test_death(void)
{
    CU_ASSERT_EQUAL(death_of(grow_too_far), SIGABRT);
    CU_ASSERT_EQUAL(death_of(truncate_behind), SIGABRT);
    CU_ASSERT_EQUAL(death_of(remove_too_much), SIGABRT);
}

TEST_SUITE("buf", { "add", test_add }, { "format", test_format }, { "growth", test_growth },
           { "edit", test_edit }, { "strings", test_strings }, { "death", test_death })

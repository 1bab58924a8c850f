/* digest_test.c - checksums, digests, content names, random numbers, clock
 *
 * Expected values: RFC 3174 section 7.3, RFC 1321 appendix A.5, and the check value of
 * CRC-32/ISO-HDLC.
 */
#include "cunit/test.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/crc32.h"
#include "lib/base/digest.h"
#include "lib/base/guid.h"
#include "lib/base/num.h"
#include "lib/base/rand.h"

#include <string.h>

static void test_crc32(void)
{
    CU_ASSERT_EQUAL(crc32_of("123456789", 9), 0xcbf43926);
    CU_ASSERT_EQUAL(crc32_of("", 0), 0);
    CU_ASSERT_EQUAL(crc32_of(NULL, 0), 0);
    uint32_t crc = crc32_add(0, "1234", 4);
    CU_ASSERT_EQUAL(crc32_add(crc, NULL, 0), crc);
    CU_ASSERT_EQUAL(crc32_add(crc, "56789", 5), 0xcbf43926);
}

static const struct {
    const char *text, *sha1, *md5;
} digests[] = {
    { "abc", "a9993e364706816aba3e25717850c26c9cd0d89d", "900150983cd24fb0d6963f7d28e17f72" },
    { "", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "d41d8cd98f00b204e9800998ecf8427e" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1", "8215ef0796a20bcaaae116d3876c664a" },
};

static bool hex_is(const uint8_t *raw, size_t n, const char *expected)
{
    char text[GUID_HEX_MAX];

    num_hex(text, raw, n);
    return strcmp(text, expected) == 0;
}

static void test_digests(void)
{
    struct digest *sha1 = digest_sha1_new(), *md5 = digest_md5_new();
    uint8_t out[SHA1_SIZE];

    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
        const char *text = digests[i].text;
        sha1_of(out, text, strlen(text));
        CU_CHECK_ROW(i, hex_is(out, SHA1_SIZE, digests[i].sha1));
        md5_of(out, text, strlen(text));
        CU_CHECK_ROW(i, hex_is(out, MD5_SIZE, digests[i].md5));
        for (const char *p = text; *p; p++) {   /* byte by byte, the same objects again */
            digest_add(sha1, p, 1);
            digest_add(md5, p, 1);
        }
        digest_add(sha1, NULL, 0);
        digest_end(sha1, out);
        CU_CHECK_ROW(i, hex_is(out, SHA1_SIZE, digests[i].sha1));
        digest_end(md5, out);
        CU_CHECK_ROW(i, hex_is(out, MD5_SIZE, digests[i].md5));
    }
    digest_free(&sha1);
    digest_free(&md5);
    digest_free(&md5);
    CU_ASSERT_PTR_NULL(sha1);
}

static void test_guid(void)
{
    struct guid g, h = { { 0 } };
    char hex[GUID_HEX_MAX];

    CU_ASSERT(guid_is_null(&h));
    guid_of(&g, "abc", 3);
    guid_hex(&g, hex);
    CU_ASSERT_STRING_EQUAL(hex, digests[0].sha1);
    CU_ASSERT_FALSE(guid_eq(&g, &h) || guid_is_null(&g));
    CU_ASSERT_EQUAL(guid_parse(&h, slice_cstr(hex)), ERR_OK);
    CU_ASSERT(guid_eq(&g, &h));
    CU_ASSERT_EQUAL(guid_parse(&h, slice_make(hex, 39)), ERR_SYNTAX);
    CU_ASSERT_EQUAL(guid_parse(&h, slice_make(hex, 41)), ERR_SYNTAX);
    hex[7] = 'x';
    CU_ASSERT_EQUAL(guid_parse(&h, slice_cstr(hex)), ERR_SYNTAX);
    CU_ASSERT(guid_eq(&g, &h));
}

static void test_rand(void)
{
    char a[RAND_UNIQUEID_LEN + 1], b[RAND_UNIQUEID_LEN + 1];
    unsigned seen = 0;

    rand_uniqueid(a);
    rand_uniqueid(b);
    CU_ASSERT(strlen(a) == 24 && strcmp(a, b) != 0);
    CU_ASSERT_EQUAL(strspn(a, "0123456789abcdefghijklmnopqrstuvwxyz"), 24);
    for (int i = 0; i < 2000; i++) {
        uint32_t v = rand_below(7);
        CU_ASSERT(v < 7);
        seen |= 1u << v;
    }
    CU_ASSERT_EQUAL(seen, 0x7f);
    CU_ASSERT_EQUAL(rand_below(1), 0);
    CU_ASSERT(rand_below(UINT32_MAX) < UINT32_MAX);
    unsigned char raw[64] = { 0 };
    rand_bytes(raw, sizeof raw);
    size_t zeros = 0;
    for (size_t i = 0; i < sizeof raw; i++)
        zeros += raw[i] == 0;
    CU_ASSERT(zeros < 32);
    CU_ASSERT(rand_u32() != rand_u32() || rand_u32() != rand_u32());
}

static void test_clock(void)
{
    time_t before = time(NULL);

    CU_ASSERT(clock_now() >= before && clock_now_us() / 1000000 >= (uint64_t)before);
    clock_fake(1234567890);
    CU_ASSERT_EQUAL(clock_now(), 1234567890);
    CU_ASSERT_EQUAL(clock_now_us(), 1234567890000000);
    clock_fake(0);
    CU_ASSERT(clock_now() >= before);
    uint64_t us = clock_mono_us(), ms = clock_mono_ms();
    CU_ASSERT(ms >= us / 1000 && clock_mono_us() >= us);
}

/* RFC 2202 3. */
static void test_hmac(void)
{
    static const struct {
        const char *key, *text, *hex;
    } rows[] = {
        { "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", "Hi There",
          "b617318655057264e28bc0b6fb378c8ef146be00" },
        { "Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
    };
    uint8_t out[SHA1_SIZE];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf hex = BUF_INIT;
        hmac_sha1(out, rows[i].key, strlen(rows[i].key), rows[i].text, strlen(rows[i].text));
        buf_add_hex(&hex, out, sizeof out);
        CU_CHECK_ROW(i, slice_eqs(buf_slice(&hex), rows[i].hex));
        buf_fini(&hex);
    }
}

TEST_SUITE("digest", { "crc32", test_crc32 }, { "digests", test_digests }, { "guid", test_guid },
           { "hmac", test_hmac },
           { "rand", test_rand }, { "clock", test_clock })

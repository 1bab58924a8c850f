/* crc32.c - see crc32.h
 *
 * Where the processor multiplies without carries, 16 bytes are folded onto the next 16 at a time:
 * some 4 ns for a hundred bytes, 15 GB/s for long inputs.  Elsewhere zlib is fast on long inputs,
 * and on records of about a hundred bytes eight tables (a byte of the input each) need half of its
 * time.
 */
#include "lib/base/crc32.h"

#include <string.h>
#include <zlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define HAVE_FOLDING 1
#endif

enum { LONG_INPUT = 512, LANES = 8 };

#define POLYNOMIAL 0xedb88320u /* reflected */

/* Constant after the constructor: table[k][b] is the CRC of byte b followed by k zero bytes. */
static uint32_t table[LANES][256];

__attribute__((constructor)) static void fill_tables(void)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? POLYNOMIAL ^ (crc >> 1) : crc >> 1;
        table[0][b] = crc;
    }
    for (int k = 1; k < LANES; k++)
        for (uint32_t b = 0; b < 256; b++)
            table[k][b] = table[0][table[k - 1][b] & 0xff] ^ (table[k - 1][b] >> 8);
}

static uint32_t add_lanes(uint32_t crc, const uint8_t *p)
{
    uint32_t lo =
        crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);

    return table[7][lo & 0xff] ^ table[6][lo >> 8 & 0xff] ^ table[5][lo >> 16 & 0xff] ^
           table[4][lo >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
}

static uint32_t add_tables(uint32_t crc, const uint8_t *p, size_t n)
{
    for (; n >= LANES; n -= LANES, p += LANES)
        crc = add_lanes(crc, p);
    for (; n; n--)
        crc = table[0][(crc ^ *p++) & 0xff] ^ (crc >> 8);
    return crc;
}

#ifdef HAVE_FOLDING

enum { PIECE = 16, WIDE = 4 * PIECE };

/* Constant after the constructor. */
static bool can_fold;

__attribute__((constructor)) static void ask_processor(void)
{
    __builtin_cpu_init();
    can_fold = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

/* x moved `far` bits on, plus next: far is in k, as x^(far+32) and x^(far-32) modulo the
 * polynomial, reflected and one bit up. */
__attribute__((target("pclmul,sse4.1"))) static inline __m128i fold(__m128i x, __m128i k,
                                                                    __m128i next)
{
    __m128i low = _mm_clmulepi64_si128(x, k, 0x00), high = _mm_clmulepi64_si128(x, k, 0x11);

    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

static inline __m128i piece_at(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* n >= PIECE.  What remains of the whole pieces is 16 bytes with the same remainder. */
__attribute__((target("pclmul,sse4.1"))) static uint32_t add_folded(uint32_t crc, const uint8_t *p,
                                                                    size_t n)
{
    const __m128i by128 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
    const __m128i by512 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4);
    __m128i x = _mm_xor_si128(piece_at(p), _mm_cvtsi32_si128((int)crc));
    uint8_t rest[PIECE];

    p += PIECE, n -= PIECE;
    if (n >= WIDE - PIECE + WIDE) {
        __m128i y[3] = { piece_at(p), piece_at(p + PIECE), piece_at(p + 2 * PIECE) };
        p += 3 * PIECE, n -= 3 * PIECE;
        for (; n >= WIDE; p += WIDE, n -= WIDE) {
            x = fold(x, by512, piece_at(p));
            for (int i = 0; i < 3; i++)
                y[i] = fold(y[i], by512, piece_at(p + (i + 1) * PIECE));
        }
        for (int i = 0; i < 3; i++)
            x = fold(x, by128, y[i]);
    }
    for (; n >= PIECE; p += PIECE, n -= PIECE)
        x = fold(x, by128, piece_at(p));
    memcpy(rest, &x, PIECE);
    return add_tables(add_tables(0, rest, PIECE), p, n);
}

#endif

uint32_t crc32_of(const void *p, size_t n)
{
    return crc32_add(0, p, n);
}

uint32_t crc32_add(uint32_t crc, const void *bytes, size_t n)
{
#ifdef HAVE_FOLDING
    if (n >= 2 * PIECE && can_fold)
        return ~add_folded(~crc, bytes, n);
#endif
    if (n >= LONG_INPUT)
        return (uint32_t)crc32_z(crc, bytes, n);
    return ~add_tables(~crc, bytes, n);
}

/* The byte whose table entry has this highest byte: no two are alike. */
static uint32_t entry_with(uint32_t high)
{
    uint32_t b = 0;

    while (table[0][b] >> 24 != high)
        b++;
    return b;
}

/* A change of one byte by `mask`, with k bytes behind it, changes the checksum by table[0][mask]
 * with k zero bytes added; so zero bytes are taken away from the difference until it is such an
 * entry. */
bool crc32_correct_byte(void *bytes, size_t n, uint32_t want)
{
    uint8_t *p = bytes;
    uint32_t diff = crc32_of(p, n) ^ want;

    if (!diff)
        return false;
    for (size_t at = n; at-- > 0;) {
        const uint32_t b = entry_with(diff >> 24);
        if (table[0][b] == diff) {
            p[at] ^= (uint8_t)b;
            return true;
        }
        diff = (diff ^ table[0][b]) << 8 | b;
    }
    return false;
}

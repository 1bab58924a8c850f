/* crc32.c - see crc32.h
 *
 * zlib is fast on long inputs; a store's records are about a hundred bytes, where eight tables (a byte of
 * the input each) need less than half of its time.
 */
#include "lib/base/crc32.h"

#include <zlib.h>

enum { LONG_INPUT = 512, LANES = 8 };

#define POLYNOMIAL 0xedb88320u          /* reflected */

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
    uint32_t lo = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);

    return table[7][lo & 0xff] ^ table[6][lo >> 8 & 0xff] ^ table[5][lo >> 16 & 0xff] ^
           table[4][lo >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
}

uint32_t crc32_of(const void *p, size_t n)
{
    return crc32_add(0, p, n);
}

uint32_t crc32_add(uint32_t crc, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;

    if (n >= LONG_INPUT)
        return (uint32_t)crc32_z(crc, p, n);
    crc = ~crc;
    for (; n >= LANES; n -= LANES, p += LANES)
        crc = add_lanes(crc, p);
    for (; n; n--)
        crc = table[0][(crc ^ *p++) & 0xff] ^ (crc >> 8);
    return ~crc;
}

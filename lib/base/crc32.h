/* crc32.h - CRC-32 (IEEE 802.3, as zlib): the checksum of all store files */
#ifndef BASE_CRC32_H
#define BASE_CRC32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one piece, and of several: crc32_add(crc32_of(a), b) is that of ab. */
uint32_t crc32_of(const void *, size_t);
uint32_t crc32_add(uint32_t crc, const void *, size_t);     /* start with 0 */

/* Bytes whose checksum should be `want` and is not, because exactly one byte was damaged: put that
 * byte right.  False: not so, nothing changed.  Linear; wrong once in some 2^32 / (255 n) when more
 * was damaged, so what the bytes say is to be looked at again. */
bool crc32_correct_byte(void *p, size_t n, uint32_t want);

#endif

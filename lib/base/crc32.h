/* crc32.h - CRC-32 (IEEE 802.3, as zlib): the checksum of all store files */
#ifndef BASE_CRC32_H
#define BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Of one piece, and of several: crc32_add(crc32_of(a), b) is that of ab. */
uint32_t crc32_of(const void *, size_t);
uint32_t crc32_add(uint32_t crc, const void *, size_t);     /* start with 0 */

#endif

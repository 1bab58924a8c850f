/* rand.h - bytes and identifiers from the kernel's random source */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

void rand_bytes(void *, size_t);                /* never fails: waits or ends the process */
uint32_t rand_u32(void);
uint32_t rand_below(uint32_t n);                /* 0..n-1, unbiased; n > 0 */

/* Mailbox unique id: 24 characters from 0-9a-z, NUL terminated. */
#define RAND_UNIQUEID_LEN 24
void rand_uniqueid(char out[RAND_UNIQUEID_LEN + 1]);

#endif

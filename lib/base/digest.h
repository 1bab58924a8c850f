/* digest.h - SHA-1 and MD5, streaming (through the crypto library) */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_SIZE 20
#define MD5_SIZE 16

/* Let the crypto library fetch and set up now what it would make at the first use: a server calls
 * it at its start, so that want of memory ends a process that has promised nothing yet, and a
 * process that makes others pays for it once. */
void digest_prepare(void);

struct digest;                                  /* one running computation */

/* new: the caller frees; add: as often as there are bytes; end: the result. */
struct digest *digest_sha1_new(void);
struct digest *digest_md5_new(void);
void digest_add(struct digest *, const void *, size_t);
void digest_end(struct digest *, uint8_t *out); /* writes its size; ready for a new run */
void digest_free(struct digest **);

/* The whole in one call. */
void sha1_of(uint8_t out[SHA1_SIZE], const void *, size_t);
void md5_of(uint8_t out[MD5_SIZE], const void *, size_t);

/* HMAC-SHA1 of n bytes (RFC 2104). */
void hmac_sha1(uint8_t out[SHA1_SIZE], const void *key, size_t key_n, const void *, size_t n);

#endif

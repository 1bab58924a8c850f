/* digest.c - see digest.h
 *
 * The algorithms are fetched once per process: looking them up by name costs more
 * than hashing a short message.
 */
#include "lib/base/digest.h"
#include "lib/base/bug.h"
#include "lib/base/mem.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

struct digest {
    EVP_MD_CTX *ctx;
    const EVP_MD *md;
};

/* With the arguments given here the library fails for want of memory only. */
static void start(struct digest *d)
{
    if (EVP_DigestInit_ex2(d->ctx, d->md, NULL) != 1)
        mem_exhausted(0);
}

static void init(struct digest *d, const EVP_MD *md)
{
    d->ctx = EVP_MD_CTX_new();
    d->md = md;
    if (!d->ctx)
        mem_exhausted(0);
    start(d);
}

static const EVP_MD *fetch(const char *name)
{
    const EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);

    if (!md)
        mem_exhausted(0);
    return md;
}

static const EVP_MD *sha1_md(void)
{
    static const EVP_MD *md;

    return md ? md : (md = fetch("SHA1"));
}

static const EVP_MD *md5_md(void)
{
    static const EVP_MD *md;

    return md ? md : (md = fetch("MD5"));
}

static struct digest *new_digest(const EVP_MD *md)
{
    struct digest *d = mem_zalloc(sizeof *d);

    init(d, md);
    return d;
}

struct digest *digest_sha1_new(void)
{
    return new_digest(sha1_md());
}

struct digest *digest_md5_new(void)
{
    return new_digest(md5_md());
}

void digest_add(struct digest *d, const void *p, size_t n)
{
    if (n)
        BUG_UNLESS(EVP_DigestUpdate(d->ctx, p, n) == 1);
}

void digest_end(struct digest *d, uint8_t *out)
{
    BUG_UNLESS(EVP_DigestFinal_ex(d->ctx, out, NULL) == 1);
    start(d);
}

void digest_free(struct digest **dp)
{
    struct digest *d = *dp;

    if (!d)
        return;
    *dp = NULL;
    EVP_MD_CTX_free(d->ctx);
    mem_free(d);
}

static void whole(const EVP_MD *md, uint8_t *out, const void *p, size_t n)
{
    struct digest d;

    init(&d, md);
    digest_add(&d, p, n);
    BUG_UNLESS(EVP_DigestFinal_ex(d.ctx, out, NULL) == 1);
    EVP_MD_CTX_free(d.ctx);
}

void sha1_of(uint8_t out[SHA1_SIZE], const void *p, size_t n)
{
    whole(sha1_md(), out, p, n);
}

void md5_of(uint8_t out[MD5_SIZE], const void *p, size_t n)
{
    whole(md5_md(), out, p, n);
}

void digest_prepare(void)
{
    uint8_t sha1[SHA1_SIZE], md5[MD5_SIZE];

    sha1_of(sha1, "", 0);
    md5_of(md5, "", 0);
}

void hmac_sha1(uint8_t out[SHA1_SIZE], const void *key, size_t key_n, const void *p, size_t n)
{
    BUG_UNLESS(key_n <= INT32_MAX);
    if (!HMAC(EVP_sha1(), key, (int)key_n, p, n, out, NULL))
        mem_exhausted(0);
}

/* rand.c - see rand.h */
#include "lib/base/rand.h"
#include "lib/base/bug.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

void rand_bytes(void *dst, size_t n)
{
    char *p = dst;

    while (n) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0) {
            BUG_UNLESS(errno == EINTR);
            continue;
        }
        p += got;
        n -= (size_t)got;
    }
}

uint32_t rand_u32(void)
{
    uint32_t v;

    rand_bytes(&v, sizeof v);
    return v;
}

uint32_t rand_below(uint32_t n)
{
    BUG_UNLESS(n > 0);
    /* 2^32 mod n values at the bottom would favour the small results */
    uint32_t skip = (0 - n) % n;
    uint32_t v;

    do
        v = rand_u32();
    while (v < skip);
    return v % n;
}

void rand_uniqueid(char out[RAND_UNIQUEID_LEN + 1])
{
    static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    const unsigned letters = sizeof alphabet - 1;
    uint8_t raw[2 * RAND_UNIQUEID_LEN];
    size_t n = 0;

    while (n < RAND_UNIQUEID_LEN) {
        rand_bytes(raw, sizeof raw);
        for (size_t i = 0; i < sizeof raw && n < RAND_UNIQUEID_LEN; i++)
            if (raw[i] < 256 / letters * letters)
                out[n++] = alphabet[raw[i] % letters];
    }
    out[n] = '\0';
}

/* num.c - see num.h */
#include "lib/base/num.h"

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 16;
}

/* Every byte is looked at, so that rubbish is ERR_SYNTAX even behind an overflow. */
static err_t parse(struct slice s, unsigned base, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    err_t err = s.n ? ERR_OK : ERR_SYNTAX;

    for (size_t i = 0; i < s.n; i++) {
        unsigned d = (unsigned)digit_of(s.p[i]);
        if (d >= base)
            return ERR_SYNTAX;
        if (v > (max - d) / base || d > max)
            err = ERR_LIMIT;
        else
            v = v * base + d;
    }
    if (err == ERR_OK)
        *out = v;
    return err;
}

err_t num_u64(struct slice s, uint64_t *out)
{
    return parse(s, 10, UINT64_MAX, out);
}

static err_t parse_u32(struct slice s, unsigned base, uint32_t *out)
{
    uint64_t v = 0;
    err_t err = parse(s, base, UINT32_MAX, &v);

    if (err == ERR_OK)
        *out = (uint32_t)v;
    return err;
}

err_t num_u32(struct slice s, uint32_t *out)
{
    return parse_u32(s, 10, out);
}

err_t num_oct32(struct slice s, uint32_t *out)
{
    return parse_u32(s, 8, out);
}

err_t num_i64(struct slice s, int64_t *out)
{
    bool negative = s.n && s.p[0] == '-';
    uint64_t v = 0;
    err_t err = parse(slice_skip(s, negative), 10, (uint64_t)INT64_MAX + negative, &v);

    if (err == ERR_OK)
        *out = (int64_t)(negative ? 0 - v : v);
    return err;
}

err_t num_hex64(struct slice s, uint64_t *out)
{
    /* leading zeros count: a seventeenth digit is malformed, not large */
    return s.n > 16 ? ERR_SYNTAX : parse(s, 16, UINT64_MAX, out);
}

size_t num_put_u64(char *dst, uint64_t v)
{
    char rev[NUM_U64_MAX];
    size_t n = 0;

    do {
        rev[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    for (size_t i = 0; i < n; i++)
        dst[i] = rev[n - 1 - i];
    return n;
}

void num_hex(char *dst, const void *src, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = src;

    for (size_t i = 0; i < n; i++) {
        *dst++ = digits[p[i] >> 4];
        *dst++ = digits[p[i] & 15];
    }
    *dst = '\0';
}

err_t num_unhex(void *dst, size_t n, struct slice hex)
{
    uint8_t *p = dst;

    if (hex.n % 2 || hex.n / 2 != n)
        return ERR_SYNTAX;
    for (size_t i = 0; i < hex.n; i++)
        if (digit_of(hex.p[i]) > 15)
            return ERR_SYNTAX;
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(digit_of(hex.p[2 * i]) << 4 | digit_of(hex.p[2 * i + 1]));
    return ERR_OK;
}

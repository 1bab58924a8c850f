/* synccrc.c - see synccrc.h */
#include "imap/store/synccrc.h"

#include "imap/store/msgannot.h"
#include "lib/base/crc32.h"
#include "lib/base/num.h"
#include "lib/text/ascii.h"

/* Five numbers, a guid in hex, separators: 4 * 10 + 20 + 40 + 7 bytes at most. */
enum { BASIC_TEXT_MAX = 128 };

static uint32_t name_crc(struct slice name)
{
    uint32_t crc = 0;
    char lower[64];

    for (size_t at = 0; at < name.n; at += sizeof lower) {
        size_t n = name.n - at < sizeof lower ? name.n - at : sizeof lower;
        for (size_t i = 0; i < n; i++)
            lower[i] = ascii_lower(name.p[at + i]);
        crc = crc32_add(crc, lower, n);
    }
    return crc;
}

void synccrc_flags_set(struct synccrc_flags *f, unsigned n, struct slice name)
{
    f->user[n] = name.n ? name_crc(name) : 0;
}

void synccrc_flags_init(struct synccrc_flags *f, const struct header *h)
{
    static const char *const names[] = { "\\answered", "\\flagged", "\\deleted", "\\draft",
                                         "\\seen" };

    for (unsigned i = 0; i < 5; i++)
        f->system[i] = name_crc(slice_cstr(names[i]));
    for (unsigned i = 0; i < USER_FLAGS_MAX; i++)
        synccrc_flags_set(f, i, buf_slice(&h->flag[i]));
}

static uint32_t flag_crc(const struct record *r, const struct synccrc_flags *f)
{
    uint32_t crc = 0;

    for (uint32_t bits = r->flags & FLAG_SYSTEM_MASK; bits; bits &= bits - 1)
        crc ^= f->system[__builtin_ctz(bits)];
    for (unsigned w = 0; w < USER_FLAGS_MAX / 32; w++)
        for (uint32_t bits = r->user_flags[w]; bits; bits &= bits - 1)
            crc ^= f->user[w * 32 + (unsigned)__builtin_ctz(bits)];
    return crc;
}

static char *put_num(char *p, uint64_t v, char sep)
{
    p += num_put_u64(p, v);
    *p++ = sep;
    return p;
}

uint32_t synccrc_basic(const struct record *r, const struct synccrc_flags *f)
{
    char text[BASIC_TEXT_MAX], *p = text;

    if (r->flags & FLAG_INT_EXPUNGED)
        return 0;
    p = put_num(p, r->uid, ' ');
    p = put_num(p, r->modseq, ' ');
    p = put_num(p, r->last_updated, ' ');
    *p++ = '(';
    p = put_num(p, flag_crc(r, f), ')');
    *p++ = ' ';
    p = put_num(p, r->internaldate, ' ');
    num_hex(p, r->guid.b, sizeof r->guid.b);
    p += 2 * sizeof r->guid.b;
    return crc32_of(text, (size_t)(p - text));
}

uint32_t synccrc_annotation(uint32_t uid, struct slice entry, struct slice userid,
                            struct slice value)
{
    char num[NUM_U64_MAX + 1];
    size_t n = num_put_u64(num, uid);

    num[n++] = ' ';
    uint32_t crc = crc32_of(num, n);
    crc = crc32_add(crc, entry.p, entry.n);
    crc = crc32_add(crc, " ", 1);
    crc = crc32_add(crc, userid.p, userid.n);
    crc = crc32_add(crc, " ", 1);
    return crc32_add(crc, value.p, value.n);
}

static uint32_t virtual_decimal(uint32_t uid, struct slice entry, uint64_t v)
{
    char text[NUM_U64_MAX];

    return v ? synccrc_annotation(uid, entry, SLICE_NULL, slice_make(text, num_put_u64(text, v)))
             : 0;
}

/* Lower-case hex without leading zeros. */
static uint32_t virtual_hex(uint32_t uid, struct slice entry, uint64_t v)
{
    char text[16], *p = text + sizeof text;

    if (!v)
        return 0;
    for (; v; v >>= 4)
        *--p = "0123456789abcdef"[v & 15];
    return synccrc_annotation(uid, entry, SLICE_NULL,
                              slice_make(p, (size_t)(text + sizeof text - p)));
}

uint32_t synccrc_virtual(const struct record *r)
{
    if (r->flags & FLAG_INT_EXPUNGED)
        return 0;
    return virtual_hex(r->uid, SLICE_LIT(MSGANNOT_THRID), r->cid) ^
           virtual_decimal(r->uid, SLICE_LIT(MSGANNOT_SAVEDATE), r->savedate) ^
           virtual_decimal(r->uid, SLICE_LIT(MSGANNOT_CREATEDMODSEQ), r->createdmodseq);
}

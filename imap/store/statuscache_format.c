/* statuscache_format.c - see statuscache_format.h */
#include "imap/store/statuscache_format.h"

#include "lib/base/num.h"

/* The numbers of "<letter> 8 (<n numbers>)", one blank between them. */
static bool read_numbers(struct slice value, struct slice start, uint64_t *out, size_t n)
{
    struct slice word;

    if (!slice_starts(value, start) || value.p[value.n - 1] != ')')
        return false;
    value = slice_skip(value, start.n);
    value.n--;
    for (size_t i = 0; i < n; i++) {
        bool more = false;
        value = slice_split(value, ' ', &word, &more);
        if (num_u64(word, &out[i]) != ERR_OK || more != (i + 1 < n))
            return false;
    }
    return true;
}

static bool all_u32(const uint64_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (v[i] > UINT32_MAX)
            return false;
    return true;
}

err_t statuscache_parse_index(struct slice value, struct statuscache_index *out)
{
    uint64_t v[7];

    *out = (struct statuscache_index){ 0 };
    if (!read_numbers(value, SLICE_LIT("I 8 ("), v, 7) || !all_u32(v, 4))
        return ERR_CORRUPT;
    *out = (struct statuscache_index){ .messages = (uint32_t)v[0],
                                       .uidnext = (uint32_t)v[1],
                                       .uidvalidity = (uint32_t)v[2],
                                       .options = (uint32_t)v[3],
                                       .size = v[4],
                                       .createdmodseq = v[5],
                                       .highestmodseq = v[6] };
    return ERR_OK;
}

err_t statuscache_parse_user(struct slice value, struct statuscache_user *out)
{
    uint64_t v[3];

    *out = (struct statuscache_user){ 0 };
    if (!read_numbers(value, SLICE_LIT("S 8 ("), v, 3) || !all_u32(v, 2))
        return ERR_CORRUPT;
    *out = (struct statuscache_user){ (uint32_t)v[0], (uint32_t)v[1], v[2] };
    return ERR_OK;
}

void statuscache_format_index(const struct statuscache_index *i, struct buf *out)
{
    buf_addf(out, "I %d (%u %u %u %u %llu %llu %llu)", STATUSCACHE_VERSION, i->messages, i->uidnext,
             i->uidvalidity, i->options, (unsigned long long)i->size,
             (unsigned long long)i->createdmodseq, (unsigned long long)i->highestmodseq);
}

void statuscache_format_user(const struct statuscache_user *u, struct buf *out)
{
    buf_addf(out, "S %d (%u %u %llu)", STATUSCACHE_VERSION, u->recent, u->unseen,
             (unsigned long long)u->highestmodseq);
}

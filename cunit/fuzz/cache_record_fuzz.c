/* cache_record_fuzz.c - first bytes: version, path; a damaged record is refused, never followed */
#include "imap/store/cache.h"
#include "lib/base/bug.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { PREFIX = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct cache_record r;
    struct cache_section s;
    struct slice v;
    struct buf out = BUF_INIT;

    if (n < PREFIX)
        return 0;
    uint32_t version = data[0] % 12;
    const uint32_t path[2] = { data[1], data[2] };
    struct slice rest = slice_make(data + PREFIX, n - PREFIX);
    const struct slice names[] = { SLICE_LIT("a") };

    (void)!cache_section_find(rest, version, path, data[3] % 3,
                              (enum cache_part_kind)(data[3] / 3 % 4), &s);
    if (cache_record_parse(rest, 0, CACHE_NO_CRC, &r) == ERR_OK) {
        BUG_UNLESS(r.whole.n == cache_record_length(rest) && r.whole.n <= rest.n);
        for (int i = 0; i < CACHE_NITEMS; i++)
            BUG_UNLESS(r.item[i].p >= rest.p && r.item[i].p + r.item[i].n <= rest.p + rest.n);
        (void)!cache_section_find(r.item[CACHE_SECTION], version, path, data[3] % 3,
                                  (enum cache_part_kind)(data[3] / 3 % 4), &s);
        cache_headers_select(r.item[CACHE_HEADERS], names, 1, data[3] & 1, &out);
        (void)cache_headers_find(r.item[CACHE_HEADERS], names[0], &v);
    }
    buf_fini(&out);
    return 0;
}

/* facts_fuzz.c - any bytes have facts, the same in pieces; the record can be read again */
#include "imap/store/cache.h"
#include "imap/store/facts.h"
#include "lib/base/bug.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Sections 1, 1.1, 2, 2.1 ... that exist lie in the message. */
static void check_sections(struct slice item, size_t n)
{
    struct cache_section s;

    for (uint32_t i = 0; i < 3; i++) {
        for (uint32_t k = 0; k < 3; k++) {
            uint32_t path[2] = { i, k };
            for (int kind = CACHE_PART_BODY; kind <= CACHE_PART_MIME; kind++) {
                err_t err = cache_section_find(item, CACHE_VERSION, path, k == 0 ? 1 : 2,
                                               (enum cache_part_kind)kind, &s);
                BUG_UNLESS(err == ERR_OK || err == ERR_NOTFOUND);
                if (!err)
                    BUG_UNLESS((uint64_t)s.offset + s.size <= n);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct facts *whole, *f;
    struct facts_builder *b = facts_begin(NULL);
    struct cache_record r;
    size_t piece = 1 + n % 13;

    BUG_UNLESS(facts_of_bytes(slice_make(data, n), NULL, &whole) == ERR_OK);
    for (size_t at = 0; at < n; at += piece)
        facts_push(b, data + at, n - at < piece ? n - at : piece);
    BUG_UNLESS(facts_end(&b, &f) == ERR_OK && f->size == n);
    BUG_UNLESS(slice_eq(buf_slice(&whole->cache), buf_slice(&f->cache)));
    BUG_UNLESS(guid_eq(&whole->guid, &f->guid) && whole->has_bare_cr == f->has_bare_cr);
    BUG_UNLESS(cache_record_parse(buf_slice(&f->cache), f->cache_crc, 0, &r) == ERR_OK);
    BUG_UNLESS(r.whole.n == f->cache.n);
    check_sections(r.item[CACHE_SECTION], n);
    facts_free(&whole);
    facts_free(&f);
    return 0;
}

/* journal_file_fuzz.c - a file of the journal as bytes from anywhere
 *
 * First as it is; then with a header that is sound, and with sound checksums, sequences and salts
 * wherever a record seems to begin, so that what follows is reached.
 */
#include "imap/store/journal_file.h"
#include "lib/base/bug.h"
#include "lib/base/crc32.h"
#include "lib/base/endian.h"
#include "lib/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { SEQUENCE = 5, SALT = 77, FIXED_MAX = 64 * 1024 };

/* Records lie one behind the other in the file, their numbers rise. */
static void check(struct slice file)
{
    struct journal_scan s;
    uint64_t last = 0;
    const char *end = file.p;

    journal_file_scan(file, &s);
    BUG_UNLESS(!s.n || journal_file_sequence(file) != 0);
    for (size_t i = 0; i < s.n; i++) {
        const struct journal_found *f = &s.found[i];
        BUG_UNLESS(f->number > last && f->sequence == journal_file_sequence(file));
        BUG_UNLESS(s.damaged || f->number == i + 1);
        BUG_UNLESS(f->body.p >= end + JOURNAL_RECORD_HEAD);
        BUG_UNLESS(f->body.p + f->body.n <= file.p + file.n);
        end = f->body.p + f->body.n;
        last = f->number;
    }
    journal_scan_free(&s);
}

/* Small numbers instead of random ones, of the use that the header names. */
static void fix_record(uint8_t *p, size_t n)
{
    if (n < JOURNAL_RECORD_HEAD)
        return;
    const uint64_t length = be64_get(p + 8) % (n + 1);

    memcpy(p, "HJR1", 4);
    be64_put(p + 8, length);
    be64_put(p + 16, p[16] & 0x80 ? be64_get(p + 16) : SEQUENCE);
    be64_put(p + 24, p[31] % 16);
    be64_put(p + 32, p[39] % 16);
    be64_put(p + 40, p[40] & 0x80 ? be64_get(p + 40) : SALT);
    if (length >= 8)
        be32_put(p + 4, crc32_of(p + 8, length - 8));
}

static void fix_all(uint8_t *copy, size_t n)
{
    const struct journal_head head = { .sequence = SEQUENCE, .id = 1, .salt = SALT };

    journal_head_encode(&head, copy);
    for (size_t at = (n - 1) / JOURNAL_PAGE * JOURNAL_PAGE; at >= JOURNAL_PAGE; at -= JOURNAL_PAGE)
        fix_record(copy + at, n - at);
}

/* The input is spread out: its pieces of 64 bytes begin pages. */
static void check_fixed(const uint8_t *data, size_t n)
{
    enum { PIECE = 64 };
    const size_t pages = 1 + (n + PIECE - 1) / PIECE;
    const size_t total = pages * JOURNAL_PAGE < FIXED_MAX ? pages * JOURNAL_PAGE : FIXED_MAX;
    uint8_t *copy = mem_zalloc(total);

    for (size_t i = 0; i * PIECE < n && (i + 2) * JOURNAL_PAGE <= total; i++)
        memcpy(copy + (i + 1) * JOURNAL_PAGE, data + i * PIECE,
               n - i * PIECE < PIECE ? n - i * PIECE : PIECE);
    fix_all(copy, total);
    check(slice_make(copy, total));
    mem_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    check(slice_make(data, n));
    check_fixed(data, n);
    return 0;
}

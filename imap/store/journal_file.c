/* journal_file.c - see journal_file.h, journal.h */
#include "imap/store/journal_file.h"

#include "lib/base/crc32.h"
#include "lib/base/endian.h"
#include "lib/base/mem.h"
#include "lib/base/vec.h"

static const char file_magic[4] = { 'H', 'J', 'F', '1' };
static const char record_magic[4] = { 'H', 'J', 'R', '1' };

enum { HEAD_USED = 40, AT_CRC = 4, AT_REST = 8 };

/* ---- the header ---- */

void journal_head_encode(const struct journal_head *h, uint8_t page[JOURNAL_PAGE])
{
    memset(page, 0, JOURNAL_PAGE);
    memcpy(page, file_magic, sizeof file_magic);
    be64_put(page + 8, h->sequence);
    be64_put(page + 16, h->id);
    be64_put(page + 24, h->salt);
    be64_put(page + 32, h->size);
    be32_put(page + AT_CRC, crc32_of(page + AT_REST, HEAD_USED - AT_REST));
}

err_t journal_head_decode(struct slice file, struct journal_head *out)
{
    const uint8_t *p = (const uint8_t *)file.p;

    *out = (struct journal_head){ .sequence = 0 };
    if (file.n < JOURNAL_PAGE || memcmp(p, file_magic, sizeof file_magic) != 0 ||
        be32_get(p + AT_CRC) != crc32_of(p + AT_REST, HEAD_USED - AT_REST))
        return ERR_CORRUPT;
    out->sequence = be64_get(p + 8);
    out->id = be64_get(p + 16);
    out->salt = be64_get(p + 24);
    out->size = be64_get(p + 32);
    return ERR_OK;
}

uint64_t journal_file_sequence(struct slice file)
{
    struct journal_head h;

    return journal_head_decode(file, &h) == ERR_OK ? h.sequence : 0;
}

/* ---- records ---- */

void journal_record_encode(const struct journal_record_head *h, const struct slice *pieces,
                           size_t n, uint8_t out[JOURNAL_RECORD_HEAD])
{
    memset(out, 0, JOURNAL_RECORD_HEAD);
    memcpy(out, record_magic, sizeof record_magic);
    be64_put(out + 8, h->length);
    be64_put(out + 16, h->sequence);
    be64_put(out + 24, h->number);
    be64_put(out + 32, h->known);
    be64_put(out + 40, h->salt);
    be32_put(out + 48, h->kind);
    uint32_t crc = crc32_add(0, out + AT_REST, JOURNAL_RECORD_HEAD - AT_REST);
    for (size_t i = 0; i < n; i++)
        crc = crc32_add(crc, pieces[i].p, pieces[i].n);
    be32_put(out + AT_CRC, crc);
}

/* The head of a record of that file at `at`; whether its bytes are sound is not yet looked at. */
static bool read_head(struct slice file, uint64_t at, const struct journal_head *head,
                      struct journal_record_head *out)
{
    const uint8_t *p = (const uint8_t *)file.p + at;

    if (at > file.n || file.n - at < JOURNAL_RECORD_HEAD ||
        memcmp(p, record_magic, sizeof record_magic) != 0)
        return false;
    *out = (struct journal_record_head){ .length = be64_get(p + 8),
                                         .sequence = be64_get(p + 16),
                                         .number = be64_get(p + 24),
                                         .known = be64_get(p + 32),
                                         .salt = be64_get(p + 40),
                                         .kind = be32_get(p + 48) };
    return out->sequence == head->sequence && out->salt == head->salt &&
           out->length >= JOURNAL_RECORD_HEAD && out->length <= file.n - at;
}

/* Its first bytes were written in this use of the file: two of three say so, as the third may be
 * what was damaged. */
static bool begins_record(struct slice file, uint64_t at, const struct journal_head *head)
{
    const uint8_t *p = (const uint8_t *)file.p + at;

    return file.n - at >= JOURNAL_RECORD_HEAD &&
           (memcmp(p, record_magic, sizeof record_magic) == 0) +
                   (be64_get(p + 16) == head->sequence) + (be64_get(p + 40) == head->salt) >=
               2;
}

static bool is_sound(struct slice file, uint64_t at, const struct journal_record_head *h)
{
    const uint8_t *p = (const uint8_t *)file.p + at;

    return be32_get(p + AT_CRC) == crc32_of(p + AT_REST, h->length - AT_REST);
}

bool journal_record_follows(const uint8_t p[JOURNAL_RECORD_HEAD], uint64_t sequence, uint64_t salt,
                            uint64_t number, uint64_t *length)
{
    *length = be64_get(p + 8);
    return memcmp(p, record_magic, sizeof record_magic) == 0 && be64_get(p + 16) == sequence &&
           be64_get(p + 24) == number && be64_get(p + 40) == salt;
}

bool journal_record_is_whole(struct slice file, uint64_t at, uint64_t length)
{
    const struct journal_record_head h = { .length = length };

    return at < file.n && length >= JOURNAL_RECORD_HEAD && length <= file.n - at &&
           is_sound(file, at, &h);
}

struct scanning {
    struct vec found; /* struct journal_found */
    uint64_t known;   /* a record says that all up to this number were durable */
    bool cut;         /* the file is shorter than it was made */
    bool torn;        /* a record of this use is not whole */
};

static void take(struct scanning *s, struct slice file, uint64_t at,
                 const struct journal_record_head *h)
{
    *VEC_PUSH(&s->found, struct journal_found) = (struct journal_found){
        .sequence = h->sequence,
        .number = h->number,
        .kind = h->kind,
        .body = slice_make((const char *)file.p + at + JOURNAL_RECORD_HEAD,
                           h->length - JOURNAL_RECORD_HEAD),
    };
    if (h->known > s->known)
        s->known = h->known;
}

/* Highest number of the unbroken row from 1 on. */
static uint64_t unbroken(const struct scanning *s)
{
    uint64_t n = 0;

    for (size_t i = 0; i < s->found.n; i++) {
        if (VEC_AT(&s->found, struct journal_found, i)->number != n + 1)
            break;
        n++;
    }
    return n;
}

/* What stands behind a gap was written before its predecessors were durable, and nobody was told
 * that it is: dropped.  But if a record there says that all before the gap was durable, the gap is
 * damage, and everything that can be read is wanted. */
static void judge(struct scanning *s, struct journal_scan *out)
{
    const uint64_t row = unbroken(s);

    out->damaged = s->known > row || s->cut;
    out->torn = s->torn;
    if (s->known <= row)
        s->found.n = row;
}

void journal_file_scan(struct slice file, struct journal_scan *out)
{
    struct scanning s = { .found = VEC_INIT(struct journal_found) };
    struct journal_head head;
    struct journal_record_head h;
    uint64_t last = 0;
    const bool used = journal_head_decode(file, &head) == ERR_OK && head.sequence;

    *out = (struct journal_scan){ .n = 0 };
    s.cut = used && file.n < head.size;
    for (uint64_t at = JOURNAL_PAGE; used && at < file.n;) {
        if (read_head(file, at, &head, &h) && h.number > last && is_sound(file, at, &h)) {
            take(&s, file, at, &h);
            last = h.number;
            at += journal_padded(h.length);
        } else {
            s.torn |= begins_record(file, at, &head);
            at += JOURNAL_PAGE;
        }
    }
    judge(&s, out);
    out->n = s.found.n;
    out->found = s.found.p; /* handed over */
}

void journal_file_row(struct slice file, struct journal_scan *out)
{
    struct scanning s = { .found = VEC_INIT(struct journal_found) };
    struct journal_head head;
    struct journal_record_head h;
    uint64_t at = JOURNAL_PAGE;
    const bool used = journal_head_decode(file, &head) == ERR_OK && head.sequence;

    while (used && read_head(file, at, &head, &h) && h.number == s.found.n + 1 &&
           is_sound(file, at, &h)) {
        take(&s, file, at, &h);
        at += journal_padded(h.length);
    }
    *out = (struct journal_scan){ .found = s.found.p, .n = s.found.n }; /* handed over */
}

void journal_scan_free(struct journal_scan *s)
{
    mem_free(s->found);
    *s = (struct journal_scan){ .n = 0 };
}

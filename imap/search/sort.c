/* sort.c - see sort.h */
#include "imap/search/sort.h"

#include "imap/search/radix.h"
#include "lib/base/endian.h"
#include "lib/base/mem.h"

static const struct {
    const char *name;
    int text;                           /* enum memo_text, -1: a number */
} fields[SORT_NFIELDS] = {
    [SORT_ARRIVAL] = { "ARRIVAL", -1 },
    [SORT_DATE] = { "DATE", -1 },
    [SORT_SIZE] = { "SIZE", -1 },
    [SORT_MODSEQ] = { "MODSEQ", -1 },
    [SORT_UID] = { "UID", -1 },
    [SORT_SUBJECT] = { "SUBJECT", MEMO_SUBJECT },
    [SORT_FROM] = { "FROM", MEMO_FROM },
    [SORT_TO] = { "TO", MEMO_TO },
    [SORT_CC] = { "CC", MEMO_CC },
    [SORT_DISPLAYFROM] = { "DISPLAYFROM", MEMO_DISPLAYFROM },
    [SORT_DISPLAYTO] = { "DISPLAYTO", MEMO_DISPLAYTO },
};

int sort_field_find(struct slice name)
{
    for (int i = 0; i < SORT_NFIELDS; i++)
        if (slice_eqs_nocase(name, fields[i].name))
            return i;
    return -1;
}

static uint64_t number_key(const struct mailbox *mb, enum sort_field field, uint32_t recno)
{
    struct record r;

    if (field == SORT_UID)
        return mailbox_uid_at(mb, recno);
    if (field == SORT_MODSEQ)
        return mailbox_modseq_at(mb, recno);
    mailbox_record(mb, recno, &r);
    return field == SORT_ARRIVAL ? r.internaldate : field == SORT_DATE ? r.gmtime : r.size;
}

struct job {
    struct memo *memo;
    struct mailbox *mb;
    const struct sort_key *keys;
    size_t nkeys;
};

/* Below zero, zero, above zero: by keys from `first` on. */
static int compare(const struct job *j, size_t first, uint32_t a, uint32_t b)
{
    for (size_t i = first; i < j->nkeys; i++) {
        enum sort_field field = j->keys[i].field;
        int cmp;
        if (fields[field].text < 0) {
            uint64_t x = number_key(j->mb, field, a), y = number_key(j->mb, field, b);
            cmp = x < y ? -1 : x > y;
        } else {
            (void)memo_text(j->memo, (enum memo_text)fields[field].text, a);    /* so that both stay borrowed */
            struct slice y = memo_text(j->memo, (enum memo_text)fields[field].text, b);
            cmp = slice_cmp(memo_text(j->memo, (enum memo_text)fields[field].text, a), y);
        }
        if (cmp)
            return j->keys[i].reverse ? -cmp : cmp;
    }
    return 0;
}

int sort_compare(struct memo *memo, struct mailbox *mb, const struct sort_key *keys, size_t nkeys, uint32_t a,
                 uint32_t b)
{
    struct job j = { memo, mb, keys, nkeys };

    return compare(&j, 0, a, b);
}

/* ---- the first key, as a number that orders in the same way as far as it goes ---- */

static uint64_t text_head(struct slice s)
{
    char head[8] = { 0 };

    memcpy(head, s.p ? s.p : "", s.n < sizeof head ? s.n : sizeof head);
    return be64_get(head);
}

static void read_heads(const struct job *j, const struct sort_item *items, struct radix_row *rows, size_t n)
{
    enum sort_field field = j->keys[0].field;
    int text = fields[field].text;

    for (size_t i = 0; i < n; i++) {
        uint32_t recno = items[i].recno;
        uint64_t head = text < 0 ? number_key(j->mb, field, recno)
                                 : text_head(memo_text(j->memo, (enum memo_text)text, recno));
        rows[i].head = j->keys[0].reverse ? ~head : head;
        rows[i].recno = recno;
        rows[i].id = items[i].id;
    }
}

/* Merge sort of rows whose heads are equal, by what the heads do not say. */
static void merge_sort(const struct job *j, size_t first, struct radix_row *rows, struct radix_row *spare, size_t n)
{
    struct radix_row *from = rows, *to = spare;

    for (size_t width = 1; width < n; width *= 2) {
        for (size_t lo = 0; lo < n; lo += 2 * width) {
            size_t mid = lo + width < n ? lo + width : n, hi = mid + width < n ? mid + width : n;
            size_t a = lo, b = mid, k = lo;
            while (a < mid && b < hi)
                to[k++] = compare(j, first, from[a].recno, from[b].recno) <= 0 ? from[a++] : from[b++];
            memcpy(to + k, from + a, (mid - a) * sizeof *to);
            memcpy(to + k + (mid - a), from + b, (hi - b) * sizeof *to);
        }
        struct radix_row *t = from;
        from = to;
        to = t;
    }
    if (from != rows)
        memcpy(rows, from, n * sizeof *rows);
}

/* Runs of equal heads are put in order by the rest of the keys; a text may go on behind its head. */
static void finish(const struct job *j, struct radix_row *rows, struct radix_row *spare, size_t n)
{
    size_t first = fields[j->keys[0].field].text < 0 ? 1 : 0;

    if (first >= j->nkeys)
        return;
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && rows[end].head == rows[i].head;)
            end++;
        if (end - i > 1)
            merge_sort(j, first, rows + i, spare + i, end - i);
    }
}

void sort_items(struct memo *memo, struct mailbox *mb, const struct sort_key *keys, size_t nkeys,
                struct sort_item *items, size_t n)
{
    struct job j = { memo, mb, keys, nkeys };
    struct radix_row *rows, *spare;

    if (n < 2)
        return;
    rows = mem_rearray(NULL, n, sizeof *rows);
    spare = mem_rearray(NULL, n, sizeof *spare);
    read_heads(&j, items, rows, n);
    radix_sort(&rows, &spare, n);
    finish(&j, rows, spare, n);
    for (size_t i = 0; i < n; i++)
        items[i] = (struct sort_item){ rows[i].recno, rows[i].id };
    mem_free(rows);
    mem_free(spare);
}

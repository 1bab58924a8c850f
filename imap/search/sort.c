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
    [SORT_ANNOTATION] = { "ANNOTATION", -1 },
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

static uint64_t number_key(const struct mailbox *mb, const struct sort_key *key, uint32_t recno)
{
    switch (key->field) {
    case SORT_ANNOTATION: return key->ranks ? key->ranks[recno] : 0;
    case SORT_ARRIVAL: return mailbox_internaldate_at(mb, recno);
    case SORT_DATE: return mailbox_gmtime_at(mb, recno);
    case SORT_SIZE: return mailbox_size_at(mb, recno);
    case SORT_MODSEQ: return mailbox_modseq_at(mb, recno);
    default: return mailbox_uid_at(mb, recno);
    }
}

struct job {
    struct memo *memo;
    struct mailbox *mb;
    const struct sort_key *keys;
    size_t nkeys;
    const uint32_t *ranks[MEMO_NTEXTS];         /* in place of the texts, where it pays */
};

static enum memo_text text_of(const struct sort_key *key)
{
    return (enum memo_text)fields[key->field].text;
}

/* Is the key a number here?  Then *out is it. */
static bool as_number(const struct job *j, const struct sort_key *key, uint32_t recno, uint64_t *out)
{
    if (fields[key->field].text < 0)
        *out = number_key(j->mb, key, recno);
    else if (j->ranks[text_of(key)])
        *out = j->ranks[text_of(key)][recno];
    else
        return false;
    return true;
}

static int compare_texts(const struct job *j, enum memo_text which, uint32_t a, uint32_t b)
{
    (void)memo_text(j->memo, which, a);         /* so that both stay borrowed */
    struct slice y = memo_text(j->memo, which, b);
    return slice_cmp(memo_text(j->memo, which, a), y);
}

/* Below zero, zero, above zero: by keys from `first` on. */
static int compare(const struct job *j, size_t first, uint32_t a, uint32_t b)
{
    for (size_t i = first; i < j->nkeys; i++) {
        const struct sort_key *key = &j->keys[i];
        uint64_t x, y;
        int cmp;
        if (as_number(j, key, a, &x) && as_number(j, key, b, &y))
            cmp = x < y ? -1 : x > y;
        else
            cmp = compare_texts(j, text_of(key), a, b);
        if (cmp)
            return key->reverse ? -cmp : cmp;
    }
    return 0;
}

int sort_compare(struct memo *memo, struct mailbox *mb, const struct sort_key *keys, size_t nkeys, uint32_t a,
                 uint32_t b)
{
    struct job j = { .memo = memo, .mb = mb, .keys = keys, .nkeys = nkeys };

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
    const struct sort_key *key = &j->keys[0];

    for (size_t i = 0; i < n; i++) {
        uint32_t recno = items[i].recno;
        uint64_t head;
        if (!as_number(j, key, recno, &head))
            head = text_head(memo_text(j->memo, text_of(key), recno));
        rows[i] = (struct radix_row){ key->reverse ? ~head : head, recno, items[i].id };
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
    uint64_t number;
    size_t first = as_number(j, &j->keys[0], rows[0].recno, &number) ? 1 : 0;

    if (first >= j->nkeys)
        return;
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && rows[end].head == rows[i].head;)
            end++;
        if (end - i > 1)
            merge_sort(j, first, rows + i, spare + i, end - i);
    }
}

static void sort_by(const struct job *j, struct sort_item *items, size_t n)
{
    struct radix_row *rows, *spare;

    if (n < 2)
        return;
    rows = mem_rearray(NULL, n, sizeof *rows);
    spare = mem_rearray(NULL, n, sizeof *spare);
    read_heads(j, items, rows, n);
    radix_sort(&rows, &spare, n);
    finish(j, rows, spare, n);
    for (size_t i = 0; i < n; i++)
        items[i] = (struct sort_item){ rows[i].recno, rows[i].id };
    mem_free(rows);
    mem_free(spare);
}

/* ---- ranks: a text that was sorted once is a number the next time ---- */

static void rank_texts(const struct job *j, const struct sort_key *key)
{
    enum memo_text which = text_of(key);
    struct sort_key plain = { .field = key->field };
    struct job all = { .memo = j->memo, .mb = j->mb, .keys = &plain, .nkeys = 1 };
    struct sort_item *items = mem_rearray(NULL, memo_known(j->memo, which) + 1, sizeof *items);
    uint32_t *ranks = memo_new_ranks(j->memo, which), rank = 0;
    size_t n = 0;

    for (uint32_t recno = 1; recno <= mailbox_nrecords(j->mb); recno++)
        if (memo_is_known(j->memo, which, recno))
            items[n++].recno = recno;
    sort_by(&all, items, n);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || compare_texts(j, which, items[i - 1].recno, items[i].recno) != 0)
            rank++;
        ranks[items[i].recno] = rank;
    }
    mem_free(items);
}

/* Ranks of all texts that are known are worth it when this sort concerns a good part of them. */
static void use_ranks(struct job *j, const struct sort_key *key, const struct sort_item *items, size_t n)
{
    enum { SHARE = 4 };
    enum memo_text which = text_of(key);

    for (size_t i = 0; i < n; i++)
        (void)memo_text(j->memo, which, items[i].recno);
    if (!memo_ranks(j->memo, which) && n >= memo_known(j->memo, which) / SHARE)
        rank_texts(j, key);
    j->ranks[which] = memo_ranks(j->memo, which);
}

void sort_items(struct memo *memo, struct mailbox *mb, const struct sort_key *keys, size_t nkeys,
                struct sort_item *items, size_t n)
{
    struct job j = { .memo = memo, .mb = mb, .keys = keys, .nkeys = nkeys };

    for (size_t i = 0; i < nkeys; i++)
        if (fields[keys[i].field].text >= 0)
            use_ranks(&j, &keys[i], items, n);
    sort_by(&j, items, n);
}

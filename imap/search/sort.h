/* sort.h - messages in an order (RFC 5256 3, 5957; SORT=MODSEQ and SORT=UID as Cyrus has them)
 *
 * Keys are read once per message, from the index or from the memo; the sort is stable and takes O(n log n) steps,
 * most of them on the first eight bytes of the first key, which are put in order without comparing.
 */
#ifndef SEARCH_SORT_H
#define SEARCH_SORT_H

#include "imap/search/memo.h"
#include "lib/base/vec.h"

enum sort_field {
    SORT_ARRIVAL, SORT_DATE, SORT_SIZE, SORT_MODSEQ, SORT_UID,          /* numbers, from the index */
    SORT_ANNOTATION,                    /* a number too: the rank that the caller gave */
    SORT_SUBJECT, SORT_FROM, SORT_TO, SORT_CC, SORT_DISPLAYFROM, SORT_DISPLAYTO,        /* texts */
    SORT_NFIELDS
};

struct sort_key {
    enum sort_field field;
    bool reverse;
    const uint32_t *ranks;              /* SORT_ANNOTATION: by record number */
    struct slice entry;                 /* the caller's, like what follows */
    bool shared;
};

enum { SORT_KEYS_MAX = 64 };

/* Field by its name in the protocol, any case; -1. */
int sort_field_find(struct slice name);

struct sort_item {
    uint32_t recno;
    uint32_t id;                        /* the caller's */
};

/* Sort items; equal ones keep their order. */
void sort_items(struct memo *, struct mailbox *, const struct sort_key *, size_t nkeys, struct sort_item *, size_t n);

/* Compare two messages: <0, 0, >0.  For inserting one into a sorted list. */
int sort_compare(struct memo *, struct mailbox *, const struct sort_key *, size_t nkeys, uint32_t recno_a,
                 uint32_t recno_b);

#endif

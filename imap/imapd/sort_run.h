/* sort_run.h - putting the hits of a search in an order */
#ifndef IMAPD_SORT_RUN_H
#define IMAPD_SORT_RUN_H

#include "imap/imapd/search_run.h"
#include "imap/search/sort.h"

struct sort_order {
    struct sort_key keys[SORT_KEYS_MAX];
    size_t n;
};

/* "(" sort-criterion *(SP sort-criterion) ")" (RFC 5256 5). */
err_t sort_order_read(struct session *, struct sort_order *) NODISCARD;

/* Message numbers ascending become message numbers in that order. */
void sort_hits(struct view *, const struct sort_order *, struct vec *hits);

#endif

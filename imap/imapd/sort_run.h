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

/* Does the order depend on annotations?  Those are read at each sort_hits(). */
bool sort_has_annotation(const struct sort_order *);
/* Ranks of the values among those of the hits (message numbers), for keys of annotations; NULL for others.  The caller
 * frees each. */
void sort_rank_annotations(struct view *, struct slice userid, struct sort_order *, const struct vec *hits);
void sort_forget_ranks(struct sort_order *);

/* Message numbers ascending become message numbers in that order. */
void sort_hits(struct view *, const struct sort_order *, struct vec *hits);

#endif

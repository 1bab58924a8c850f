/* search_run.h - one searching command: what it asks to have returned, what it finds, and how that is told
 *
 * SEARCH, SORT and the multimailbox ESEARCH go the same way: search_return_read(), search_args_read(), one
 * search_collect() per mailbox (SORT then puts the hits in order), search_put_esearch() and search_keep().
 * RFC 4466, 4731, 5182, 5267, 7377, 9394.
 */
#ifndef IMAPD_SEARCH_RUN_H
#define IMAPD_SEARCH_RUN_H

#include "imap/imapd/search_args.h"
#include "imap/imapd/view.h"
#include "imap/search/match.h"
#include "lib/base/vec.h"

enum search_option {
    RETURN_MIN = 1, RETURN_MAX = 2, RETURN_ALL = 4, RETURN_COUNT = 8, RETURN_SAVE = 16, RETURN_PARTIAL = 32,
    RETURN_UPDATE = 64, RETURN_CONTEXT = 128
};

struct fetch;

struct search_return {
    bool given;                         /* RETURN stood there */
    unsigned what;                      /* enum search_option; "()" is ALL */
    uint32_t first, last;               /* PARTIAL: positions, first <= last */
    bool from_end;                      /* counted from the last result */
    struct slice range;                 /* as the client wrote it */
    const struct fetch *fetch;          /* UPDATE (...): of new messages (RFC 5465 7); command arena; NULL: none */
};

/* "RETURN (...)" SP if it is next, and nothing otherwise. */
err_t search_return_read(struct session *, struct search_return *) NODISCARD;

/* Answer a command whose arguments were not understood; after NO with SAVE, "$" is empty (RFC 5182 2.1). */
void search_refuse(struct session *, err_t, const struct search_return *);

/* Bind the tree to the mailbox of a view and begin matching there.  The caller frees. */
struct matcher *search_begin(struct view *, const struct search_args *);

/* Message numbers (uint32_t) that match, ascending.  If only the ends are asked for, only they are looked for. */
void search_collect(struct view *, const struct search_args *, const struct search_return *, struct vec *hits);

/* What an ESEARCH response tells. */
struct search_answer {
    struct view *view;                  /* that the hits belong to */
    const struct search_return *ret;
    const struct vec *hits;             /* message numbers in the order to be told */
    bool is_uid;
    bool has_modseq;                    /* the program had MODSEQ */
    struct slice mailbox;               /* for MAILBOX: an IMAP string; empty for none (RFC 7377 2.1) */
};
/* The ESEARCH response, unless SAVE alone was asked for, and what "$" stands for from now on if SAVE was (RFC 5182
 * 2.4, RFC 9394 3.1). */
void search_tell(struct session *, const struct search_answer *);
void search_put_esearch(struct session *, const struct search_answer *);

/* A list of UIDs (uint32_t) in any order as a set. */
void search_uid_set(const struct vec *, struct ranges *);

/* Hits from <= i < to as a sequence set: consecutive ones become ranges. */
void search_put_set(struct stream *, const struct view *, const struct vec *hits, size_t from, size_t to, bool is_uid);

#endif

/* memo.h - what searching, sorting and threading know of the messages of one mailbox
 *
 * Subjects, addresses and message ids are read from the cache records once, when they are first asked for, and kept in
 * the form in which they are compared.  A record number keeps its meaning until the index is repacked; then all is
 * forgotten.  Memory: proportional to the records, and to what their cache records hold; memo_end() lets go
 * what is above MEMO_KEEP.  No message file is opened unless its cache record is lost.
 */
#ifndef SEARCH_MEMO_H
#define SEARCH_MEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "imap/store/mailbox.h"
#include "lib/base/slice.h"

enum memo_text {
    MEMO_SUBJECT,                       /* base subject (RFC 5256 2.1) */
    MEMO_FROM, MEMO_TO, MEMO_CC,        /* mailbox of the first address */
    MEMO_DISPLAYFROM, MEMO_DISPLAYTO,   /* RFC 5957 3 */
    /* what search keys look into, in the search form (fold.h) */
    MEMO_FIND_FROM, MEMO_FIND_TO, MEMO_FIND_CC, MEMO_FIND_BCC, MEMO_FIND_SUBJECT,
    MEMO_FIND_HEADER,                   /* of the field asked for last: memo_header() */
    MEMO_NTEXTS
};

enum {
    MEMO_KEEP = 32 << 20,               /* bytes of text that are kept between two commands */
    MEMO_REFS_MAX = 1000                /* references of a message: the last ones count */
};

struct memo;

struct memo *memo_new(void);
void memo_free(struct memo **);         /* NULL is fine */

/* Before a command, and after it. */
void memo_begin(struct memo *, struct mailbox *);
void memo_end(struct memo *);

/* Flags of fold.h for the texts of search keys; others than before make it forget. */
void memo_set_fold(struct memo *, unsigned flags);

/* In the form that is compared (collate.h, fold.h); empty if there is none.  Borrowed until the next call. */
struct slice memo_text(struct memo *, enum memo_text, uint32_t recno);

/* Can a header field of this name be told from the cache record, given its version? */
bool memo_can_header(struct slice name, uint32_t cache_version);
/* Then its values in the search form with NUL between, borrowed until the next call; false: there is no such field.  The
 * first name of a command is remembered, if the next command asks for the same; others are read each time. */
bool memo_header(struct memo *, struct slice name, uint32_t recno, struct slice *values);

/* Places of the texts that were asked for so far among each other, by record number: smaller is before, equal is the same
 * text; 0 for those not asked for.  NULL if others have been asked for since they were written, or the memory must
 * be got anew: memo_new_ranks() then gives an array to fill. */
const uint32_t *memo_ranks(const struct memo *, enum memo_text);
uint32_t *memo_new_ranks(struct memo *, enum memo_text);
/* How many were asked for, and is this one of them? */
uint32_t memo_known(const struct memo *, enum memo_text);
bool memo_is_known(const struct memo *, enum memo_text, uint32_t recno);

/* What threading asks.  Ids are small numbers: equal ids are equal texts, 0 is none. */
struct memo_links {
    uint32_t subject;                   /* of the base subject */
    bool is_reply;                      /* or forwarded */
    uint32_t id;                        /* Message-ID */
    const uint32_t *refs;               /* ancestors, eldest first; borrowed until the next call */
    uint32_t nrefs;
};
void memo_links(struct memo *, uint32_t recno, struct memo_links *out);
/* Ids of messages given out so far are 1 to this. */
uint32_t memo_ids(const struct memo *);
uint32_t memo_subjects(const struct memo *);

#endif

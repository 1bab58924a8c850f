/* fold.h - the canonical search form of text
 *
 * Two texts match for SEARCH, SORT keys and the comparator i;unicode-casemap (RFC 5051)
 * when their folded forms do.  Folding decomposes each character (compatibility forms
 * too), folds case ("ß" -> "ss"), and on request drops combining marks (search_skipdiacrit)
 * and squeezes or drops white space (search_whitespace).  The tables (fold_tables.inc) are
 * generated from Unicode data; no locale is used.  Folding a folded text changes nothing.
 * Invalid UTF-8 becomes U+FFFD.  Marks are not reordered.
 */
#ifndef TEXT_FOLD_H
#define TEXT_FOLD_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/slice.h"

enum fold_flags {
    FOLD_SKIP_DIACRIT = 1,              /* leave combining marks out */
    FOLD_MERGE_SPACE = 2,               /* a run of white space becomes one blank */
    FOLD_SKIP_SPACE = 4                 /* white space is left out (wins over MERGE) */
};

/* What folding of a text in pieces must remember. */
struct fold_state {
    unsigned flags;                     /* enum fold_flags */
    bool in_space;                      /* last output was a blank that stands for a run */
    uint8_t npending;                   /* bytes of an unfinished sequence */
    char pending[4];
};

enum { FOLD_GROWTH = 12 };              /* output is at most that many times the input */

/* Start on a text; flags: enum fold_flags. */
void fold_begin(struct fold_state *, unsigned flags);

/* Fold the next piece of UTF-8, which may end inside a sequence; appends to out. */
void fold_push(struct fold_state *, struct slice utf8, struct buf *out);
void fold_end(struct fold_state *, struct buf *out);    /* flushes; ready for a new text */

/* Whole text at once. */
void fold_add(struct buf *out, struct slice utf8, unsigned flags);

/* Compare two UTF-8 texts by i;unicode-casemap (RFC 5051): <0, 0, >0. */
int fold_cmp(struct slice a, struct slice b);

#endif

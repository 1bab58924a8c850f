/* collate.h - text in the form whose bytes are in the order of i;unicode-casemap (RFC 5051)
 *
 * That comparator goes by titlecase, so that "[" follows "Z"; the search form (fold.h) is in lower case.  Two texts have
 * the same form here exactly if they have the same search form.
 */
#ifndef SEARCH_COLLATE_H
#define SEARCH_COLLATE_H

#include "lib/base/buf.h"
#include "lib/base/slice.h"

/* Append the form of a UTF-8 text. */
void collate_add(struct buf *out, struct slice utf8);

#endif

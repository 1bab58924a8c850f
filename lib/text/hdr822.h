/* hdr822.h - a header block cut into fields (RFC 5322 2.2), nothing copied
 *
 * Lines end with LF or CRLF; a line that starts with blank or tab continues the field
 * before it.  The block ends at the first empty line or at the end of the bytes.
 * Lines without a colon are passed over by hdr822_next() (they belong to no field).
 */
#ifndef TEXT_HDR822_H
#define TEXT_HDR822_H

#include "lib/base/buf.h"
#include "lib/base/slice.h"

struct hdr822_field {
    struct slice raw;                   /* whole field with all its line ends */
    struct slice name;                  /* before the colon, blanks in front of it cut off */
    struct slice value;                 /* behind the colon, folds inside, last line end cut */
};

struct hdr822_iter {
    struct slice rest;                  /* what was not looked at yet */
};

/* Start at the first field; the block is borrowed. */
static inline void hdr822_begin(struct hdr822_iter *it, struct slice block)
{
    it->rest = block;
}

/* Next field into *out; false at the end of the block (it->rest then starts behind the
 * empty line).  Linear over the whole block. */
bool hdr822_next(struct hdr822_iter *, struct hdr822_field *out);

/* Length of the header of a whole message, including the empty line; all of it if there
 * is no empty line. */
size_t hdr822_size(struct slice message);

/* First field (or last) with that name, any case: its value, still folded. */
bool hdr822_find(struct slice block, const char *name, struct slice *value);
bool hdr822_find_last(struct slice block, const char *name, struct slice *value);

/* Append the value without line ends (white space after them stays) and without blanks
 * and tabs in front. */
void hdr822_unfold(struct buf *out, struct slice value);

/* May this be a field name: 1 or more characters 33..126 except ':' ? */
bool hdr822_name_valid(struct slice name);

#endif

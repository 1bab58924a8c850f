/* html.h - the visible text of HTML, for searching and previews; streaming
 *
 * Tags, comments, declarations and the contents of script and style are left out; elements
 * that begin a new line give a blank, character references their characters.  Input is
 * UTF-8 (or anything whose bytes above 0x7F may be passed through).  Bounded memory, linear.
 */
#ifndef TEXT_HTML_H
#define TEXT_HTML_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/slice.h"

enum { HTML_NAME_MAX = 32 };            /* bytes of an element or entity name that are looked at */

struct html_text {
    uint8_t state;                      /* enum of html.c */
    uint8_t n;                          /* bytes in name */
    uint8_t dashes;                     /* that end a comment, seen so far */
    bool closing;                       /* the tag began with "</" */
    char quote;                         /* open quote of an attribute value */
    char name[HTML_NAME_MAX];           /* of the tag or the entity */
    char raw[8];                        /* element whose content is not text, "" none */
};

/* Start on a text. */
void html_begin(struct html_text *);

/* The next bytes; the text in them is appended. */
void html_push(struct html_text *, struct slice utf8, struct buf *out);
void html_end(struct html_text *, struct buf *out);     /* ready for a new text */

/* Whole text at once. */
void html_to_text(struct buf *out, struct slice utf8);

#endif

/* param2231.h - "value; name=value; ..." of Content-Type and Content-Disposition
 *
 * Two levels.  The pull parser gives parameters as they are written (that is what
 * BODYSTRUCTURE is made of).  param2231_get() joins the pieces of RFC 2231 (name*0,
 * name*1*, name*) and converts them to UTF-8.  Comments and folds are skipped.  Linear.
 */
#ifndef TEXT_PARAM2231_H
#define TEXT_PARAM2231_H

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

enum {
    PARAM2231_MAX = 256,                /* parameters of a field; the rest is dropped */
    PARAM2231_PIECES = 256,             /* continuations that are decoded; the rest is dropped */
    PARAM2231_COMMENT_DEPTH = 100       /* deeper parentheses are text of the comment */
};

struct param2231 {
    struct slice name;                  /* as written */
    struct slice value;                 /* unquoted; folds inside an unquoted value stay */
};

struct param2231_parser {
    struct slice in;
    size_t at;
    struct buf text;                    /* value of the current parameter when it had quotes */
};

/* Content-Type: type and subtype as written, then the parser stands before the parameters.
 * A token may be empty if something follows.  ERR_SYNTAX for anything but token "/" token
 * and then ";" or the end; end the parser in every case. */
err_t param2231_begin_type(struct param2231_parser *, struct slice value,
                           struct slice *type, struct slice *subtype) NODISCARD;

/* Content-Disposition and the like: one token first (it may be empty if ";" follows). */
err_t param2231_begin_token(struct param2231_parser *, struct slice value,
                            struct slice *token) NODISCARD;
void param2231_fini(struct param2231_parser *);

/* Next well-formed parameter; false at the end.  A malformed one is passed over, an open quote
 * ends the list.  The slices live until the next call. */
bool param2231_next(struct param2231_parser *, struct param2231 *out);

/* Tokens separated by commas (Content-Language): next into *out; false at the end or where
 * something else follows.  Start with param2231_begin_list(). */
void param2231_begin_list(struct param2231_parser *, struct slice value);
bool param2231_next_token(struct param2231_parser *, struct slice *out);

/* Is `name` a piece of a continued parameter, base*N or base*N* ?  N without leading zeros. */
bool param2231_piece(struct slice name, struct slice *base, uint32_t *number, bool *extended);

/* Read all that is left into *out (in the arena, names in upper case) and return the count,
 * at most PARAM2231_MAX.  Continued parameters are joined but stay undecoded, as
 * BODYSTRUCTURE of 3.6.1 shows them: name*0, name*1 -> NAME, and NAME* if a piece was
 * encoded; the pieces that were not are then percent-encoded. */
size_t param2231_all(struct param2231_parser *, struct arena *, struct param2231 **out);

/* Bytes of the value of an encoded parameter (name*): without charset and language, percent
 * signs undone, not converted; appended. */
void param2231_bytes(struct slice value, struct buf *out);

/* The parameter called `name` of a whole field value (type or disposition), RFC 2231
 * decoded to UTF-8 (RFC 2047 words in plain values are decoded as well: common though
 * forbidden), appended to out.  ERR_NOTFOUND if it is not there. */
err_t param2231_get(struct slice value, const char *name, struct buf *out) NODISCARD;

/* Append `; name=value` with quoting, or RFC 2231 encoding if the value is not ASCII. */
void param2231_add(struct buf *out, const char *name, struct slice utf8);

#endif

/* addr822.h - address lists of header fields (RFC 5322 3.4 and the obsolete forms)
 *
 * A pull parser: next address, group start or group end, in order, from a field value
 * that may be folded.  It accepts what mail programs write: comments (nesting counted
 * up to ADDR822_COMMENT_DEPTH), quoted strings, routes, domain literals, missing
 * domains, unquoted dots and 8-bit bytes in names.  A quoted string or a comment that is
 * not closed ends the list.  Linear; no recursion; memory: the parser's buffer.
 */
#ifndef TEXT_ADDR822_H
#define TEXT_ADDR822_H

#include "lib/base/buf.h"
#include "lib/base/slice.h"

#define ADDR822_COMMENT_DEPTH 100       /* deeper parentheses are taken as text of the comment */

enum addr822_kind { ADDR822_MAILBOX, ADDR822_GROUP, ADDR822_GROUP_END };

/* Values are unquoted and unfolded; has_* tells "absent" from "empty". */
struct addr822 {
    enum addr822_kind kind;
    bool has_name, has_route, has_mailbox, has_domain;
    struct slice name;                  /* phrase before <, or the comment; raw RFC 2047 words */
    struct slice route;                 /* "@a,@b" without the final colon */
    struct slice mailbox;               /* local part; of ADDR822_GROUP its name */
    struct slice domain;                /* "unspecified-domain" if none was written */
};

struct addr822_parser {
    struct slice in;
    size_t at;
    bool in_group;                      /* behind "name:" */
    bool end_group;                     /* ";" was read, its event is due */
    struct buf text;                    /* values of the current address */
};

#define ADDR822_NO_DOMAIN "unspecified-domain"

/* Start on the value of a field, which is borrowed until addr822_fini(). */
void addr822_begin(struct addr822_parser *, struct slice value);
void addr822_fini(struct addr822_parser *);

/* Start on another value, keeping the memory. */
void addr822_again(struct addr822_parser *, struct slice value);

/* Next event; false at the end.  The slices live until the next call. */
bool addr822_next(struct addr822_parser *, struct addr822 *out);

/* First mailbox of a list as "local@domain" appended to out (domain only if one was
 * written); false if there is none. */
bool addr822_first(struct slice value, struct buf *out);

/* "Name <local@domain>" or "local@domain", quoted as needed, appended. */
void addr822_format(struct buf *out, const struct addr822 *);

#endif

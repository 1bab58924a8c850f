/* mime.h - incremental scanner of MIME structure (RFC 2045, 2046)
 *
 * Bytes are pushed in pieces of any size; parts come out as they begin and end.  The
 * scanner keeps one header block at a time, the start of a line, and the tree of parts; it
 * never needs the message as a whole.  Offsets count from the first byte pushed.
 *
 *   message  = header empty-line body         kinds of body:
 *   MULTIPART  its parts, between boundary lines   MESSAGE  one inner message
 *   LEAF       anything else
 *
 * Where parts begin and end follows 3.6.1, because BODY[n] of a stored message must not
 * change (mailbox-store.md 10):
 * - a boundary line is "--" boundary, then white space or the end of the line or "--" (which
 *   closes the multipart), then anything; the outermost boundary that fits counts;
 * - any open boundary begins the next part of the innermost open multipart, whoever owns it;
 * - the last two bytes before a boundary line belong to it;
 * - a boundary line inside a header ends the header and the part;
 * - a multipart that ends before its first boundary has one empty part; one without a
 *   boundary parameter, or closed before its first part, has none.
 *
 * Work per line does not depend on the number of open boundaries: they are found by hash.
 *
 * Limits.  Beyond them the rest is hidden in a part that is not looked into; nothing fails.
 */
#ifndef TEXT_MIME_H
#define TEXT_MIME_H

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/slice.h"
#include "lib/text/param2231.h"

enum {
    MIME_DEPTH = 100,                   /* default of open multiparts */
    MIME_DEPTH_MAX = 1000,              /* most that boundary_limit may ask for */
    MIME_MESSAGES = 100,                /* messages inside one another */
    MIME_PARTS = 10000,                 /* parts of a message */
    MIME_HEADER_MAX = 1 << 20,          /* bytes of a header block that are looked at */
    MIME_BOUNDARY_MAX = 1000            /* bytes of a boundary that is obeyed (RFC: 70) */
};

enum mime_kind { MIME_LEAF, MIME_MULTIPART, MIME_MESSAGE };

/* Content-Transfer-Encoding, numbered as in cyrus.cache (mailbox-store.md 10). */
enum mime_encoding {
    MIME_ENC_NONE = 0,
    MIME_ENC_QP = 1,
    MIME_ENC_BASE64 = 2,
    MIME_ENC_UNKNOWN = 255
};

/* One part; in the arena of the scan.  The root is the whole message. */
struct mime_part {
    struct mime_part *parent;           /* NULL for the root */
    struct mime_part *child, *last;     /* parts of a multipart, or the inner message */
    struct mime_part *next;             /* next sibling */
    uint32_t nchildren;
    uint32_t number;                    /* 1.. among its siblings; 1 for the root */
    enum mime_kind kind;
    bool cut;                           /* the header was ended by a boundary line */
    bool has_type;                      /* a usable Content-Type was there */
    enum mime_encoding encoding;
    uint64_t header_off, header_size;   /* through the empty line */
    uint64_t body_off, body_size;       /* without the line end before a boundary */
    uint64_t body_lines;                /* line ends in the body */
    struct slice type, subtype;         /* upper case; "TEXT" "PLAIN" if none was usable
                                         * ("MESSAGE" "RFC822" in a multipart/digest) */
    struct param2231 *params;           /* of Content-Type: names in upper case */
    size_t nparams;
    struct slice charset;               /* last parameter of that name with a known charset */
    struct slice boundary;              /* of a multipart; p is NULL if there is no parameter */
    struct slice encoding_name;         /* upper case, as written; empty if absent */
    void *user;                         /* the hooks' own */
};

/* Called while bytes are pushed.  Any of them may be NULL. */
struct mime_hooks {
    /* The header block of a part is complete: its bytes (at most MIME_HEADER_MAX) are
     * valid during the call; all but body and children is set. */
    void (*header)(void *ctx, struct mime_part *, struct slice header);
    /* Next bytes of the body of a leaf, of a multipart without parts, or of a MESSAGE (all of
     * the inner message, encoded as it is). */
    void (*content)(void *ctx, struct mime_part *, const char *, size_t n);
    /* The part is complete: its children have ended, sizes and lines are set, and so is
     * body_off unless the header was cut. */
    void (*end)(void *ctx, struct mime_part *);
};

struct mime_options {
    uint32_t depth;                     /* open multiparts; 0: MIME_DEPTH; at most MIME_DEPTH_MAX */
    uint32_t parts;                     /* 0: MIME_PARTS */
};

struct mime_scan;

/* Start.  The tree is allocated in `arena`, which must outlive it.  Options may be NULL.
 * The hooks are copied. */
struct mime_scan *mime_begin(const struct mime_options *, const struct mime_hooks *, void *ctx,
                             struct arena *arena);

/* The next n bytes of the message. */
void mime_push(struct mime_scan *, const char *, size_t n);

/* End of the message: closes all parts and returns the root (in the arena).  Only
 * mime_was_limited() and mime_free() may follow. */
struct mime_part *mime_end(struct mime_scan *);
void mime_free(struct mime_scan **);            /* NULL is fine; the tree stays */

/* Tree of a message that is at hand as a whole. */
struct mime_part *mime_parse(struct slice message, const struct mime_options *, struct arena *);

/* Next part in document order, or NULL; walks without recursion. */
struct mime_part *mime_next(const struct mime_part *);

/* Was a limit met, so that some of the structure is hidden? */
bool mime_was_limited(const struct mime_scan *);

#endif

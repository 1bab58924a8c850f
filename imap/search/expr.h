/* expr.h - a search as a tree, whoever asks (RFC 3501 6.4.4)
 *
 * A tree is built without a mailbox: sets are kept as written, keywords by name.  expr_bind() says what they mean
 * in one mailbox, so that a tree can be asked of many, and again when the mailbox has changed.  Nodes live in
 * the arena they were made in.  expr_prepare() puts the cheap questions of each AND and OR first: index, then
 * cache, then message file.
 */
#ifndef SEARCH_EXPR_H
#define SEARCH_EXPR_H

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/ranges.h"
#include "lib/text/imaptok.h"

struct glob;
struct mailbox;

enum { EXPR_NODES_MAX = 2000, EXPR_DEPTH_MAX = 64 };

enum expr_op {
    EX_ALL, EX_NONE,
    EX_AND, EX_OR, EX_NOT,
    EX_NUMBER,              /* message number in `set` */
    EX_UID,                 /* UID in `set` */
    EX_FLAG,                /* system flag bits `num` */
    EX_KEYWORD,             /* user flag `name`, here `num`; UINT32_MAX: no such flag here */
    EX_SEEN, EX_RECENT,
    EX_INTERNALDATE, EX_SENTDATE, EX_SAVEDATE,      /* from <= date < to */
    EX_OLDER, EX_YOUNGER,   /* INTERNALDATE at least, at most `num` seconds ago (RFC 5032) */
    EX_LARGER, EX_SMALLER,
    EX_MODSEQ,              /* modseq >= num64 */
    EX_EMAILID,             /* GUID begins with the bytes of `text` (RFC 8474) */
    EX_THREADID,            /* conversation id is num64 */
    EX_FROM, EX_TO, EX_CC, EX_BCC, EX_SUBJECT,
    EX_HEADER,              /* field `name` holds text (empty text: field exists) */
    EX_ANNOTATION,          /* entry like `glob`, attributes `num` (enum annot_attribute), has `text`; text.p NULL:
                             * one of the attributes has no value (RFC 5257 4.8) */
    EX_BODY, EX_TEXT,
    EX_NOPS
};

struct expr {
    enum expr_op op;
    struct expr *child, *next;          /* children of AND, OR, NOT */
    struct imapset written;             /* EX_NUMBER, EX_UID: as the client wrote it */
    struct ranges *set;                 /* what that means; owned by the arena's clean-ups */
    bool frozen;                        /* expr_freeze() has settled it */
    uint32_t num;
    uint64_t num64;
    time_t from, to;
    struct slice name;                  /* EX_HEADER */
    const struct glob *glob;
    struct slice text;                  /* folded UTF-8 */
};

struct expr *expr_new(struct arena *, enum expr_op);
void expr_add(struct expr *parent, struct expr *child);         /* at the end */
/* Give a node its own, empty set of numbers, freed with the arena. */
struct ranges *expr_ranges(struct arena *, struct expr *);

/* What the numbers and names of a tree mean in one mailbox.  Borrowed during expr_bind(). */
struct expr_place {
    const struct mailbox *mb;
    uint32_t max_number, max_uid;       /* what "*" is; 0: there are no messages */
    const struct ranges *saved;         /* UIDs that "$" stands for (RFC 5182); NULL: none */
};
void expr_bind(struct expr *, const struct expr_place *);

/* Settle message numbers and "$" as UIDs for good, after expr_bind(): what a context was asked for does not move
 * when messages are expunged (RFC 5267 4.3).  UIDs, whose "*" may grow, and keywords are bound again each time.
 * uid_of gives the UID of message number 1 to max_number. */
void expr_freeze(struct expr *, uint32_t max_number, uint32_t (*uid_of)(void *arg, uint32_t msgno), void *arg);

/* Does the tree ask for annotations? */
bool expr_has(const struct expr *, enum expr_op);

/* Sort by cost.  Returns what the whole may need: */
enum expr_need { NEED_INDEX = 1, NEED_CACHE = 2, NEED_FILE = 4 };
unsigned expr_prepare(struct expr *);

#endif

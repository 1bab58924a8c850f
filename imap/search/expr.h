/* expr.h - a search as a tree, whoever asks (RFC 3501 6.4.4)
 *
 * Nodes live in the arena of the command.  expr_prepare() puts the cheap questions of each AND and OR first:
 * index, then cache, then message file.
 */
#ifndef SEARCH_EXPR_H
#define SEARCH_EXPR_H

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/ranges.h"

enum { EXPR_NODES_MAX = 2000, EXPR_DEPTH_MAX = 64 };

enum expr_op {
    EX_ALL, EX_NONE,
    EX_AND, EX_OR, EX_NOT,
    EX_NUMBER,              /* message number in ranges */
    EX_UID,                 /* UID in ranges */
    EX_FLAG,                /* system flag bits `num` */
    EX_KEYWORD,             /* user flag `num`; UINT32_MAX: no such flag here */
    EX_SEEN, EX_RECENT,
    EX_INTERNALDATE, EX_SENTDATE,       /* from <= date < to */
    EX_LARGER, EX_SMALLER,
    EX_MODSEQ,              /* modseq >= num64 */
    EX_FROM, EX_TO, EX_CC, EX_BCC, EX_SUBJECT,
    EX_HEADER,              /* field `name` holds text (empty text: field exists) */
    EX_BODY, EX_TEXT,
    EX_NOPS
};

struct expr {
    enum expr_op op;
    struct expr *child, *next;          /* children of AND, OR, NOT */
    struct ranges *set;                 /* owned by the arena's clean-ups */
    uint32_t num;
    uint64_t num64;
    time_t from, to;
    struct slice name;                  /* EX_HEADER */
    struct slice text;                  /* folded UTF-8 */
};

struct expr *expr_new(struct arena *, enum expr_op);
void expr_add(struct expr *parent, struct expr *child);         /* at the end */
/* A node's own set of numbers, freed with the arena. */
struct ranges *expr_ranges(struct arena *, struct expr *);

/* Sort by cost.  Returns what the whole may need: */
enum expr_need { NEED_INDEX = 1, NEED_CACHE = 2, NEED_FILE = 4 };
unsigned expr_prepare(struct expr *);

#endif

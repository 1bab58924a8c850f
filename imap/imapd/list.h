/* list.h - one LIST, LSUB, XLIST, RLIST or RLSUB, for list_*.c and cmd_list.c only
 *
 * list_args.c reads what is asked for, list_collect.c finds and orders the names, cmd_list.c tells
 * them.
 */
#ifndef IMAPD_LIST_H
#define IMAPD_LIST_H

#include "imap/imapd/imapd.h"
#include "imap/store/specialuse.h"
#include "lib/base/map.h"
#include "lib/base/vec.h"
#include "lib/text/glob.h"

enum { LIST_PATTERNS_MAX = 100 };

enum list_select { SEL_SUBSCRIBED = 1, SEL_REMOTE = 2, SEL_RECURSIVE = 4, SEL_SPECIAL = 8 };
enum list_return {
    RET_SUBSCRIBED = 1,
    RET_CHILDREN = 2,
    RET_STATUS = 4,
    RET_SPECIAL = 8,
    RET_MYRIGHTS = 16,
    RET_METADATA = 32,
    RET_OF_ENTRY = RET_STATUS | RET_MYRIGHTS | RET_METADATA /* told of the entry, behind LIST */
};
enum list_part { PART_OWN, PART_USERS, PART_SHARED, PART_DELETED };
enum list_kind { LIST_PLAIN, LIST_LSUB, LIST_XLIST };

struct list_item {
    struct slice ext;     /* external name, arena */
    struct slice intname; /* empty: no mailbox */
    enum list_part part;
    bool exists, subscribed;
    bool has_children;
    bool child_selected;         /* some mailbox below is what is selected */
    struct slice uses;           /* special uses, arena */
    const struct mbentry *entry; /* for what is told of it; NULL: to be looked up */
    rights_t rights;
};

struct list_run {
    struct session *s;
    struct arena *arena;
    char sep;
    enum list_kind kind;
    bool extended; /* a form of RFC 5258 */
    unsigned select, ret;
    unsigned status;     /* items of RETURN (STATUS ...) */
    struct vec metadata; /* struct metadata_want of RETURN (METADATA ...) */
    struct glob *pattern[LIST_PATTERNS_MAX];
    bool shows_levels[LIST_PATTERNS_MAX]; /* ends with "%": levels that are no mailbox are told too
                                           */
    size_t npatterns;
    bool only_root;               /* the pattern is "": only the separator is asked for */
    struct vec items;             /* struct list_item */
    struct vec entries;           /* struct mbentry *: those of the items */
    struct map *subs;             /* external name -> internal; when subscriptions matter */
    struct specialuse_view *uses; /* when special uses matter */
};

/* Reference, patterns and options. */
err_t list_read_args(struct list_run *) NODISCARD;

/* All names that could be told, in order, with what is known of their children. */
err_t list_collect(struct list_run *) NODISCARD;

/* Does the name match one of the patterns? */
bool list_matches(const struct list_run *, struct slice name);
/* Is it one of those that are selected, its children apart? */
bool list_is_selected(const struct list_run *, const struct list_item *);

#endif

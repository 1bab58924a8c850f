/* dlist.h - the tree notation of database values and of replication (formats/dlist.md)
 *
 * Three layers: a pull reader that allocates nothing, a tree in an arena, a writer.
 * There are no types on the wire: numbers, dates, GUIDs and hex are atoms, and whoever knows
 * the field converts on demand.
 *
 * DLIST_STRICT reads what a writer of this suite leaves in a database: single blanks, nothing in
 * front or behind, an unquoted text ends at a blank with any ")" at its end given back to the
 * lists.  DLIST_STREAM reads what a peer sends: more blanks are fine, and atoms end at
 * parentheses.  Both bound the depth.
 */
#ifndef TEXT_DLIST_H
#define TEXT_DLIST_H

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/guid.h"
#include "lib/base/slice.h"

enum {
    DLIST_MAX_DEPTH = 63,               /* lists within lists; with the top one bit each of 64 */
    DLIST_MAX_NODES = 4 * 1024 * 1024,  /* nodes of one tree */
    DLIST_MAX_ATOM = 1024               /* from this length on a writer uses a literal */
};

/* ---- pull reader ---- */

enum dlist_mode { DLIST_STRICT, DLIST_STREAM };

enum dlist_event {
    DLIST_EV_END,           /* the text is used up and balanced */
    DLIST_EV_NIL,
    DLIST_EV_ATOM,          /* atom or quoted */
    DLIST_EV_FLAG,          /* begins with a backslash */
    DLIST_EV_LITERAL,
    DLIST_EV_FILE,          /* DLIST_STREAM with `files` only: `text` is the content */
    DLIST_EV_LIST,          /* "(" */
    DLIST_EV_KVLIST,        /* "%(" */
    DLIST_EV_CLOSE
};

struct dlist_reader {
    const char *p, *end, *start;
    enum dlist_mode mode;
    bool files;                     /* accept %{partition guid size}; off: ERR_UNSUPPORTED */
    unsigned depth;                 /* open lists; 0 is the top level, which holds one value */
    uint64_t is_kv;                 /* bit per level: is it a kvlist */
    uint64_t has_items;             /* bit per level: something was read */

    /* of the event just read */
    struct slice key;               /* inside a kvlist; else empty with p NULL */
    struct slice text;              /* raw: see escaped */
    bool escaped;                   /* quoted with backslashes: dlist_unescape() it */
    struct slice partition, guid;   /* of a file */
};

void dlist_reader_init(struct dlist_reader *, struct slice text, enum dlist_mode);

/* Next event of exactly one value (any kind); after DLIST_EV_END it stays there.  Keys may not be
 * empty and not have escapes.  ERR_SYNTAX, ERR_LIMIT (depth), ERR_UNSUPPORTED (file); the
 * place is then r->p - r->start. */
err_t dlist_read(struct dlist_reader *, enum dlist_event *out) NODISCARD;

/* Jump over the list whose opening event was just read. */
err_t dlist_skip(struct dlist_reader *) NODISCARD;

/* Text of the event without backslashes. */
struct slice dlist_unescape(struct arena *, const struct dlist_reader *);

/* ---- tree ---- */

enum dlist_kind {
    DLIST_NIL, DLIST_ATOM, DLIST_FLAG, DLIST_NUM, DLIST_HEX, DLIST_GUID, DLIST_BUF, DLIST_FILE,
    DLIST_LIST, DLIST_KVLIST
};

struct dlist {
    enum dlist_kind kind;
    struct slice key;               /* p NULL: none */
    struct slice text;              /* ATOM FLAG BUF; FILE: content */
    uint64_t num;                   /* NUM HEX */
    struct guid guid;               /* GUID FILE */
    struct slice partition;         /* FILE */
    struct dlist *head, *tail, *next;
    size_t count;                   /* children */
};

/* Parse one whole value.  Texts point into `text` (literals, atoms) or into the arena.
 * Arrived values have kinds NIL ATOM FLAG BUF LIST KVLIST (and FILE). */
err_t dlist_parse(struct arena *, struct slice text, enum dlist_mode, struct dlist **out) NODISCARD;

/* Parse "KEY SP value" as a sync line carries it (mode DLIST_STREAM), CRLF at the end allowed. */
err_t dlist_parse_keyed(struct arena *, struct slice text, bool files,
                        struct dlist **out) NODISCARD;

/* Make nodes.  Keys and texts are borrowed: they must live as long as the arena. `parent` NULL:
 * a root.  A key is needed inside a kvlist only (or for a root that is printed with its key). */
struct dlist *dlist_new(struct arena *, enum dlist_kind, struct dlist *parent, const char *key);
struct dlist *dlist_add_text(struct arena *, struct dlist *parent, const char *key, struct slice);
struct dlist *dlist_add_flag(struct arena *, struct dlist *parent, const char *key, struct slice);
struct dlist *dlist_add_num(struct arena *, struct dlist *parent, const char *key, uint64_t);
struct dlist *dlist_add_hex(struct arena *, struct dlist *parent, const char *key, uint64_t);
struct dlist *dlist_add_guid(struct arena *, struct dlist *parent, const char *key,
                             const struct guid *);
struct dlist *dlist_add_buf(struct arena *, struct dlist *parent, const char *key, struct slice);
struct dlist *dlist_add_list(struct arena *, struct dlist *parent, const char *key);
struct dlist *dlist_add_kvlist(struct arena *, struct dlist *parent, const char *key);

/* ---- looking up ---- */

/* First child with this key (case counts); NULL: none, or not a kvlist. */
const struct dlist *dlist_find(const struct dlist *, const char *key);

/* Value of a node in the wanted form.  ERR_SYNTAX when it is not that (a list, not all digits,
 * NIL); NULL node: ERR_NOTFOUND.  dlist_text takes ATOM, FLAG and BUF. */
err_t dlist_text(const struct dlist *, struct slice *out) NODISCARD;
err_t dlist_num(const struct dlist *, uint64_t *out) NODISCARD;
err_t dlist_num32(const struct dlist *, uint32_t *out) NODISCARD;
err_t dlist_hex(const struct dlist *, uint64_t *out) NODISCARD;
err_t dlist_guid(const struct dlist *, struct guid *out) NODISCARD;

/* Find and convert in one; false when absent or of another form, *out then untouched. */
bool dlist_get_text(const struct dlist *, const char *key, struct slice *out);
bool dlist_get_num(const struct dlist *, const char *key, uint64_t *out);
bool dlist_get_num32(const struct dlist *, const char *key, uint32_t *out);
bool dlist_get_hex(const struct dlist *, const char *key, uint64_t *out);
bool dlist_get_guid(const struct dlist *, const char *key, struct guid *out);

/* ---- writing ---- */

enum dlist_print { DLIST_PLAIN = 0, DLIST_WITH_KEY = 1 << 0, DLIST_SYNC_LITERAL = 1 << 1 };

/* Append the value; DLIST_WITH_KEY puts the root's key before it; literals are "{n+}", with
 * DLIST_SYNC_LITERAL "{n}".  No CRLF behind it. */
void dlist_print(const struct dlist *, unsigned flags, struct buf *out);

/* Append one text by the rules of formats/dlist.md 3 (atom, quoted, literal); p NULL: NIL. */
void dlist_put_text(struct buf *, struct slice, unsigned flags);

#endif

/* glob.h - patterns: IMAP LIST ("%", "*") and wildmat ("?", "*", "!", ",")
 *
 * A LIST pattern is compiled to a set automaton; matching a name of n octets takes
 * n * (pattern length / 64) steps whatever the pattern, so no pattern is a trap.
 */
#ifndef TEXT_GLOB_H
#define TEXT_GLOB_H

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct glob;

enum { GLOB_MAX_PATTERN = 4096 };       /* octets of a pattern; longer ones are ERR_LIMIT */

enum glob_flags {
    GLOB_INBOX = 1 << 0     /* a first level "INBOX" of the name matches in either case */
};

/* Compile a LIST pattern into the arena: "*" stands for any octets, "%" for any but `sep`,
 * all other octets for themselves.  ERR_LIMIT: too long; ERR_SYNTAX: has a NUL. */
err_t glob_compile(struct arena *, struct slice pattern, char sep, unsigned flags,
                   struct glob **out) NODISCARD;

struct glob_match {
    bool full;          /* the name itself matches */
    bool child;         /* name + sep + something could match: descend */
    size_t parent;      /* length of the longest proper ancestor of the name that matches (the
                         * part before one of its separators), or 0 when none does; match
                         * that ancestor for the next one */
};

struct glob_match glob_match(const struct glob *, struct slice name);

/* Only the first question. */
bool glob_matches(const struct glob *, struct slice name);

/* The octets every matching name begins with: where a database walk may start; in the arena.
 * Empty with GLOB_INBOX when they could begin a spelling of INBOX. */
struct slice glob_literal_prefix(const struct glob *);

/* No wildcard in it: the pattern names one mailbox. */
bool glob_is_literal(const struct glob *);

/* ---- wildmat, RFC 3977 4 ---- */

enum wildmat_verdict {
    WILDMAT_NONE,       /* no pattern of the list matches */
    WILDMAT_MATCH,      /* the last that matches is positive */
    WILDMAT_NOT,        /* ... begins with "!" */
    WILDMAT_POISON      /* ... begins with "@" (feeds: never send) */
};

/* A comma-separated list against a text; the last matching pattern decides.  "*" any octets,
 * "?" one UTF-8 character (or one octet where the text is not UTF-8).  Blanks around a pattern
 * are ignored.  Time is bounded by pattern length times text length. */
enum wildmat_verdict wildmat(struct slice list, struct slice text);

/* wildmat() == WILDMAT_MATCH */
static inline bool wildmat_matches(struct slice list, struct slice text)
{
    return wildmat(list, text) == WILDMAT_MATCH;
}

/* Has the text a character that wildmat treats specially? */
bool wildmat_is_pattern(struct slice);

#endif

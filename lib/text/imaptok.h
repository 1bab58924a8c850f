/* imaptok.h - the tokens of IMAP commands (RFC 3501 9, RFC 9051 9), pulled one by one
 *
 * Input is one command as it came over the wire, all in one piece of memory: the line, and for
 * each literal its head "{5}" CRLF, its octets, and the line that goes on behind it.  The
 * reader of the connection collects that:
 *
 *     read a line into the arena buffer (limit)
 *     while (imaptok_line_literal(line, &lit)) {
 *         check lit.size against the limit of this command; unless lit.nonsync send "+ go on"
 *         read lit.size octets and the next line behind it
 *     }
 *
 * so that strings are slices of the buffer and nothing is copied but quoted strings that have
 * backslashes.  A literal that is to be streamed (APPEND) is not collected: the text then ends
 * with its head, and the call that wants the string returns ERR_AGAIN with t->lit filled in.
 * After the octets were streamed, imaptok_init() again on the line that follows them.
 *
 * Every function takes what it is named for and leaves t->p behind it.  On an error t->p
 * stays at the offending octet and t->why says in a few words what was wrong (for "BAD").
 *     ERR_SYNTAX  something else stands there
 *     ERR_LIMIT   too long, too deep, too many, too large a number
 *     ERR_AGAIN   a literal whose octets are not in the text: t->lit
 * The functions never look beyond t->end; the time they take is linear in the text.
 * ManageSieve (RFC 5804) and MUPDATE use the same string forms and this same tokeniser.
 */
#ifndef TEXT_IMAPTOK_H
#define TEXT_IMAPTOK_H

#include <stdint.h>
#include <time.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/ranges.h"
#include "lib/base/slice.h"

enum imaptok_flags {
    IMAPTOK_UTF8 = 1 << 0,  /* octets >= 0x80 in strings but literals must be UTF-8 (RFC 6855) */
    IMAPTOK_BINARY = 1 << 1 /* "~{n}" is a string too and may hold NUL (RFC 3516) */
};

enum {
    IMAPTOK_MAX_DEPTH = 64,     /* parentheses within parentheses */
    IMAPTOK_MAX_WORD = 131072,  /* default of max_word: option maxword */
    IMAPTOK_MAX_QUOTED = 131072, /* default of max_quoted: option maxquoted */
    IMAPTOK_MAX_SET = 65536,    /* items of a sequence set */
    IMAPTOK_MAX_FLAGS = 1024    /* flags of a list */
};

/* Head of a literal: "{size}", "{size+}" (nonsync), with "~" before it (binary).  No limit
 * but 32 bits (RFC 3501 "number") is applied here: 0 .. 4294967295. */
struct imaptok_literal {
    uint64_t size;
    bool nonsync;
    bool binary;
};

struct imaptok {
    const char *p, *end;        /* next octet, and behind the last */
    const char *start;          /* where the text began: p - start is the position */
    struct arena *arena;        /* for unescaped strings and sets */
    unsigned flags;
    unsigned depth;             /* open parentheses */
    const char *opened;         /* behind the "(" taken last: nothing of that list was read */
    size_t max_word, max_quoted;
    const char *why;            /* after an error */
    struct imaptok_literal lit; /* after ERR_AGAIN */
};

/* Begin on `text`, with or without its last CRLF.  Limits are set to the defaults above.  The arena
 * may be NULL where no string with backslashes, set or flag list is asked for. */
void imaptok_init(struct imaptok *, struct slice text, struct arena *, unsigned flags);

/* Does this line (CRLF taken off) announce a literal at its end?  A malformed head is none.  Sizes
 * beyond 32 bits are reported as UINT64_MAX. */
bool imaptok_line_literal(struct slice line, struct imaptok_literal *out);

/* ---- punctuation ---- */
int imaptok_peek(const struct imaptok *);               /* next octet 0-255, -1 at the end */
bool imaptok_accept(struct imaptok *, char c);          /* take c if it is next */
err_t imaptok_char(struct imaptok *, char c) NODISCARD; /* c must be next */
err_t imaptok_sp(struct imaptok *) NODISCARD;           /* exactly one blank */
bool imaptok_accept_sp(struct imaptok *);
bool imaptok_at_end(const struct imaptok *);            /* nothing left but CRLF */
err_t imaptok_end(struct imaptok *) NODISCARD;          /* must be at the end */

/* Take `word`, in any case, if it is next and nothing that could belong to it follows. */
bool imaptok_accept_word(struct imaptok *, const char *word);

/* "(" and ")": depth is counted and bounded. */
err_t imaptok_open(struct imaptok *) NODISCARD;
err_t imaptok_close(struct imaptok *) NODISCARD;

/* A list "(" item *(SP item) ")" with open and close taken here and the items by the caller:
 *     err = imaptok_open(t);
 *     while (!err && (err = imaptok_more(t, &more)) == ERR_OK && more)
 *         err = one item;
 * The first call after imaptok_open() wants an item or ")", later ones SP and item or ")". */
err_t imaptok_more(struct imaptok *, bool *more) NODISCARD;

/* ---- words ---- */
err_t imaptok_tag(struct imaptok *, struct slice *out) NODISCARD;      /* ASTRING-CHARs but "+" */
err_t imaptok_atom(struct imaptok *, struct slice *out) NODISCARD;     /* 1*ATOM-CHAR */
/* Letters, digits and any of `more`: names of commands, FETCH items, search keys. */
err_t imaptok_name(struct imaptok *, const char *more, struct slice *out) NODISCARD;
/* Everything up to the next SP, "(" , ")" or the end, not empty; no control characters. */
err_t imaptok_word(struct imaptok *, struct slice *out) NODISCARD;
struct slice imaptok_rest(struct imaptok *);            /* what is left, without CRLF */

/* ---- strings ----
 * *out points into the text, or into the arena when a backslash had to be undone.  A NUL is
 * ERR_SYNTAX save in "~{n}".  Octets >= 0x80 are taken in every form, as clients send them in
 * spite of the grammar: whether the value may have them is the caller's question (a mailbox
 * name may not, NO rather than BAD). */
err_t imaptok_quoted(struct imaptok *, struct slice *out) NODISCARD;
err_t imaptok_string(struct imaptok *, struct slice *out) NODISCARD;   /* quoted or literal */
err_t imaptok_astring(struct imaptok *, struct slice *out) NODISCARD;  /* atom ("]" allowed) too */
err_t imaptok_nstring(struct imaptok *, struct slice *out) NODISCARD;  /* NIL gives out->p NULL; an
                                                                          empty string does not */
/* LIST patterns: as astring, with "%" and "*" allowed in the unquoted form. */
err_t imaptok_list_mailbox(struct imaptok *, struct slice *out) NODISCARD;

/* Take a literal head "{n}" CRLF and stop before its octets (t->p is at them or at the end);
 * for whoever streams.  The octets need not be there. */
err_t imaptok_literal_head(struct imaptok *, struct imaptok_literal *out) NODISCARD;

/* ---- numbers ---- */
err_t imaptok_number(struct imaptok *, uint32_t *out) NODISCARD;       /* 0 .. 2^32-1 */
err_t imaptok_nz_number(struct imaptok *, uint32_t *out) NODISCARD;
err_t imaptok_number64(struct imaptok *, uint64_t *out) NODISCARD; /* 0 .. 2^63-1: RFC 7162, 9051 */

/* ---- sequence sets ---- */
enum { IMAPSET_STAR = 0 };          /* a bound written "*"; 0 is no number of a message */

struct imapset_item {
    uint32_t lo, hi;                /* as written, "7:3" included; IMAPSET_STAR for "*" */
};

struct imapset {
    const struct imapset_item *item;    /* in the order given; arena */
    size_t n;
    bool saved;                     /* it was "$" (RFC 5182); n is then 0 */
    bool has_star;
};

/* At most IMAPTOK_MAX_SET items; zero is refused. */
err_t imaptok_set(struct imaptok *, struct imapset *out) NODISCARD;

/* Members as numbers: "*" becomes `max`, so that "9:*" has the last one even when that is
 * below 9 (RFC 3501 6.4.8); with max 0 (empty mailbox) items with "*" give nothing.  Items are
 * added to *out, which the caller owns.  `saved` is the caller's matter. */
void imapset_resolve(const struct imapset *, uint32_t max, struct ranges *out);

/* Largest number written, STAR apart; 0 for none.  For "message number out of range". */
uint32_t imapset_max(const struct imapset *);

/* ---- flags ---- */
/* "\Seen", "\Weird" or a keyword (atom).  `out` has the backslash.  "\*" is refused. */
err_t imaptok_flag(struct imaptok *, struct slice *out) NODISCARD;

/* "(" flags ")", or, if bare_too, flags with blanks between up to the end (STORE). Array in the
 * arena, at most IMAPTOK_MAX_FLAGS. */
err_t imaptok_flags(struct imaptok *, bool bare_too, struct slice **out, size_t *n) NODISCARD;

/* ---- dates ---- (date_imap.h says in which zone) */
/* date: 1-Feb-1994 or "1-Feb-1994" (SEARCH): start of that day and of the next. */
err_t imaptok_date(struct imaptok *, time_t *start, time_t *end) NODISCARD;

/* date-time: "17-Jul-1996 02:44:25 -0700" (APPEND). */
err_t imaptok_date_time(struct imaptok *, time_t *out) NODISCARD;

#endif

/* linetok.h - words of line protocols: POP3, NNTP, LMTP and SMTP
 *
 * Works on one line without its CRLF, borrowed; results are slices of it, or of the arena
 * where quoting had to be undone.
 */
#ifndef TEXT_LINETOK_H
#define TEXT_LINETOK_H

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

struct linetok {
    const char *p, *end;
};

void linetok_init(struct linetok *, struct slice line);

/* Next word; blanks and tabs before it are skipped.  False: no more. */
bool linetok_word(struct linetok *, struct slice *out);

/* Take the word if it is the next one, in any case. */
bool linetok_accept(struct linetok *, const char *word);

/* Take the text if it stands next, in any case and up to any character ("FROM:"). */
bool linetok_accept_text(struct linetok *, const char *text);

/* All that is left, trimmed in front; or as it stands (POP3 PASS, whose blanks count). */
struct slice linetok_rest(struct linetok *);
struct slice linetok_raw(struct linetok *);
bool linetok_at_end(struct linetok *);          /* nothing left but blanks */

/* ---- paths of MAIL FROM and RCPT TO (RFC 5321 4.1.2) ---- */

enum linetok_path_flags {
    LINETOK_LENIENT = 1 << 0,   /* blanks around the path; missing <>; in the local part anything
                                 * but controls, blanks and "<>()[],;:\"" counts as atom (dots
                                 * at the ends and doubled too) */
    LINETOK_8BIT = 1 << 1,      /* octets >= 0x80 allowed (SMTPUTF8 or lmtp_strict_rfc2821: no) */
    LINETOK_NULL = 1 << 2,      /* "<>" allowed: MAIL FROM, AUTH= */
    LINETOK_BARE = 1 << 3       /* a local part without domain allowed: LMTP recipients */
};

enum { LINETOK_MAX_PATH = 1024, LINETOK_MAX_LOCAL = 512 };

struct linetok_path {
    struct slice local;         /* unquoted; empty for <> */
    struct slice domain;        /* as written, "[1.2.3.4]" included; empty when absent */
    struct slice route;         /* "@a,@b" as written; to be ignored (RFC 5321 appendix C) */
    struct slice text;          /* what stood between < and >, route left out */
    bool is_null;               /* <> */
    bool has_8bit;
};

/* Take "<...>".  ERR_SYNTAX, ERR_LIMIT (too long).  *why (may be NULL) gets words for the reply. */
err_t linetok_path(struct linetok *, struct arena *, unsigned flags, struct linetok_path *out,
                   const char **why) NODISCARD;

/* Append local[@domain] in its shortest proper spelling: quoted when it must be. */
struct buf;
void linetok_put_path(struct buf *, struct slice local, struct slice domain);

/* Next ESMTP parameter behind the path: " KEY" or " KEY=value" (RFC 5321 4.1.2, value may be
 * empty; *has_value tells).  ERR_NOTFOUND at the end of the line, ERR_SYNTAX. */
struct linetok_param {
    struct slice key, value;
    bool has_value;
};
err_t linetok_param(struct linetok *, struct linetok_param *out) NODISCARD;

/* Undo xtext (RFC 3461 4): "+2B" -> "+".  ERR_SYNTAX; NUL is refused. */
err_t linetok_xtext(struct arena *, struct slice, struct slice *out) NODISCARD;

#endif

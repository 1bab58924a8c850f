/* search_args.h - search keys of a client to an expression tree (RFC 3501 6.4.4, 5032, 7162 3.1.5, 8474, 8514)
 *
 * The tree is not yet bound to a mailbox: expr_bind().
 */
#ifndef IMAPD_SEARCH_ARGS_H
#define IMAPD_SEARCH_ARGS_H

#include "imap/imapd/imapd.h"
#include "imap/search/expr.h"

struct search_args {
    struct session *s;
    struct arena *arena;                        /* where the tree lives; NULL: the command's */
    struct slice charset;                       /* as given; empty for none */
    unsigned fold_flags;
    unsigned nodes;
    bool has_modseq;
    struct expr *root;
};

enum search_args_charset { CHARSET_OPTIONAL, CHARSET_FIRST };  /* SEARCH; SORT and THREAD (RFC 5256 3) */

/* [CHARSET name SP] or name SP, then keys up to the end; the blank before them is taken.  ERR_UNSUPPORTED: charset
 * unknown.  ERR_SYNTAX etc.: tok.why. */
err_t search_args_read(struct search_args *, enum search_args_charset) NODISCARD;

#endif

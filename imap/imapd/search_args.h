/* search_args.h - search keys of a client to an expression tree (RFC 3501 6.4.4, 5032, 5466, 7162 3.1.5, 8474, 8514)
 *
 * The tree is not yet bound to a mailbox: expr_bind().
 */
#ifndef IMAPD_SEARCH_ARGS_H
#define IMAPD_SEARCH_ARGS_H

#include "imap/imapd/imapd.h"
#include "imap/search/expr.h"

struct progress;

/* Text of a named filter, in the command arena: search_filter_find(). */
typedef err_t search_filter_fn(struct session *, struct slice name, struct slice *text_out);

enum { SEARCH_FILTERS_MAX = 8 };                /* filters within filters */

struct search_args {
    struct session *s;
    search_filter_fn *filter;                   /* NULL: there are none */
    bool names_only;                            /* FILTER is not looked up and stands for ALL */
    unsigned filters;                           /* that are being read, each within the one before */
    struct progress *progress;                  /* of a search in many mailboxes; NULL: each tells its own */
    struct expr *more;                          /* keys of a filter behind its first one, not yet in their place */
    struct arena *arena;                        /* where the tree lives; NULL: the command's */
    struct slice charset;                       /* as given; empty for none */
    unsigned fold_flags;
    unsigned nodes;
    bool has_modseq;
    struct expr *root;
};

enum search_args_charset { CHARSET_OPTIONAL, CHARSET_FIRST };  /* SEARCH; SORT and THREAD (RFC 5256 3) */

/* [CHARSET name SP] or name SP, then keys up to the end; the blank before them is taken.  ERR_UNSUPPORTED: charset
 * unknown.  ERR_NOTFOUND: a filter is, tok.why is the response code.  ERR_SYNTAX etc.: tok.why. */
err_t search_args_read(struct search_args *, enum search_args_charset) NODISCARD;

#endif

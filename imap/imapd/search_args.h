/* search_args.h - search keys of a client to an expression tree (RFC 3501 6.4.4, 7162 3.1.5) */
#ifndef IMAPD_SEARCH_ARGS_H
#define IMAPD_SEARCH_ARGS_H

#include "imap/imapd/imapd.h"
#include "imap/search/expr.h"

struct search_args {
    struct session *s;
    struct slice charset;                       /* as given; empty for none */
    unsigned fold_flags;
    unsigned nodes;
    bool has_modseq;
    struct expr *root;
};

/* Everything behind "SEARCH".  ERR_UNSUPPORTED: charset unknown. ERR_SYNTAX etc.: tok.why. */
err_t search_args_read(struct search_args *) NODISCARD;

#endif

/* create_args.h - what may follow the name in CREATE (RFC 4466 2.2, 6154; and 3.6's own)
 *
 *     CREATE name [partition | "(" PARTITION p  SERVER s  TYPE t  UIDVALIDITY n  USE (uses) ")"]
 */
#ifndef IMAPD_CREATE_ARGS_H
#define IMAPD_CREATE_ARGS_H

#include "imap/imapd/imapd.h"

struct create_args {
    struct slice partition;    /* empty: not given */
    struct slice server, type; /* empty: not given */
    uint32_t uidvalidity;      /* 0: not given */
    bool has_use;
    struct slice uses; /* words with blanks between, arena */
};

/* Up to the end of the list; ERR_SYNTAX with tok.why. */
err_t create_args_read(struct session *, struct create_args *) NODISCARD;

#endif

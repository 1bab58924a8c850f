/* match.h - does one message match?  index first, then cache, then file
 *
 * The caller says what only it knows (message numbers, this user's \Seen and \Recent) through `who`.
 */
#ifndef SEARCH_MATCH_H
#define SEARCH_MATCH_H

#include "imap/search/expr.h"
#include "imap/search/memo.h"
#include "imap/store/mailbox.h"

struct match_who {
    bool (*is_seen)(void *arg, uint32_t recno);
    bool (*is_recent)(void *arg, uint32_t recno);
    void *arg;
    struct msgannot *annotations;       /* of the mailbox; NULL: none, or not asked for */
    struct slice userid;                /* as private annotations of this user are stored */
};

struct matcher;

/* fold_flags: that the needles were folded with.  The memo is borrowed until matcher_free(), and in use meanwhile. */
struct matcher *matcher_new(struct mailbox *, struct memo *, const struct match_who *, unsigned fold_flags);
void matcher_free(struct matcher **);

/* A message that cannot be read (gone, damaged) does not match what needs it, one whose index record is
 * damaged nothing: mailbox_read_ok() tells. */
bool matcher_test(struct matcher *, const struct expr *, uint32_t msgno, uint32_t recno);

/* Fold a needle given in `charset` (empty: us-ascii/UTF-8) into the arena.  ERR_UNSUPPORTED: charset. */
err_t match_needle(struct arena *, struct slice charset, struct slice text, unsigned fold_flags, struct slice *out) NODISCARD;

#endif

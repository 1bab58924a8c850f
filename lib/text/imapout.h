/* imapout.h - writing IMAP strings, the choice of their form included
 *
 * Cached ENVELOPEs and BODYSTRUCTUREs are stored in this form (formats/mailbox-store.md 10), so
 * the rule may not change: quoted when shorter than 1024 octets and free of NUL, CR, LF, octets
 * >= 0x80, '"', '%' and '\'; a literal "{n}" CRLF otherwise.  Nothing is ever escaped.
 */
#ifndef TEXT_IMAPOUT_H
#define TEXT_IMAPOUT_H

#include "lib/base/buf.h"
#include "lib/base/slice.h"

enum { IMAPOUT_MAX_QUOTED = 1024 };     /* from this length on: literal */

enum imapout_flags {
    IMAPOUT_UTF8 = 1 << 0,      /* client enabled UTF8=ACCEPT or IMAP4rev2: UTF-8 may be quoted */
    IMAPOUT_NONSYNC = 1 << 1    /* we are the client: literals as {n+} */
};

/* What form would be taken?  For writers that queue a literal's octets without copying. */
bool imapout_may_quote(struct slice, unsigned flags);
bool imapout_may_atom(struct slice);    /* astring in the plain; not "NIL", not empty */

/* "..." or literal; an empty one is "". */
void imapout_string(struct buf *, struct slice, unsigned flags);

/* The same; NIL when s.p is NULL. */
void imapout_nstring(struct buf *, struct slice, unsigned flags);

/* Atom where it may be one, else imapout_string(): mailbox names, annotation entries, userids.
 * At least shorter than IMAPOUT_MAX_QUOTED for an atom. */
void imapout_astring(struct buf *, struct slice, unsigned flags);

/* Mailbox name: as astring, but '"', '%' and '\' do not force a literal: a name with them is
 * quoted, with backslashes where the syntax demands (many clients cannot read literals in LIST). */
void imapout_mailbox(struct buf *, struct slice, unsigned flags);

/* "{n}" CRLF or "{n+}" CRLF; binary: with "~" before it.  The octets follow by other means. */
void imapout_literal_head(struct buf *, uint64_t n, bool binary, unsigned flags);

/* "(a b c)" of raw words. */
void imapout_words(struct buf *, const struct slice *words, size_t n);

#endif

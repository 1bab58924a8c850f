/* view.h - the selected mailbox as this client knows it
 *
 * The client's message numbers run over the records that were not expunged when it was last told.  The
 * view keeps nothing per message while none is expunged (number = record); otherwise the record
 * numbers of its messages.  A message has news for the client when its modseq is above `told_modseq`.
 * This file alone decides what may be told when (RFC 3501 7.4.1: no EXPUNGE during FETCH, STORE, SEARCH).
 */
#ifndef IMAPD_VIEW_H
#define IMAPD_VIEW_H

#include "imap/imapd/imapd.h"
#include "imap/store/commit.h"
#include "imap/store/mailbox.h"
#include "imap/store/seen.h"

enum view_flags { VIEW_READONLY = 1 };          /* EXAMINE */

/* Takes over the mailbox. */
err_t view_open(struct session *, struct mailbox *, rights_t, unsigned flags, struct view **out) NODISCARD;
void view_close(struct view **);

struct mailbox *view_mailbox(struct view *);
rights_t view_rights(const struct view *);
bool view_is_readonly(const struct view *);     /* EXAMINE or no right that changes anything */

uint32_t view_exists(const struct view *);      /* as told */
uint32_t view_recent(const struct view *);
uint32_t view_first_unseen(struct view *);      /* 0: none */
uint32_t view_recno(const struct view *, uint32_t msgno);   /* 1 <= msgno <= exists */
uint32_t view_uid(const struct view *, uint32_t msgno);
uint32_t view_msgno_of_uid(const struct view *, uint32_t uid);          /* 0: not in the view */
uint32_t view_msgno_of_recno(const struct view *, uint32_t recno);      /* 0 */

/* Message numbers meant by a set.  is_uid: the set holds UIDs, those not there are left out.
 * Else a number beyond the view is ERR_SYNTAX.  ERR_CORRUPT, ERR_IO: the index is damaged
 * (mailbox_read_ok), the set may be wrong. */
err_t view_resolve(const struct view *, const struct imapset *, bool is_uid, struct ranges *msgnos) NODISCARD;

/* System flags with \Seen as this user has it, and \Recent. */
bool view_is_seen(const struct view *, uint32_t recno);
bool view_is_recent(const struct view *, uint32_t recno);
/* "(\Seen \Recent word)" appended. */
void view_flags_text(const struct view *, uint32_t recno, struct buf *out);

/* "(FLAGS (...) [UID n] [MODSEQ (n)])" of an unsolicited FETCH, as what was enabled asks for. */
void view_put_flags(struct session *, uint32_t msgno);
/* "* FLAGS" and "* OK [PERMANENTFLAGS ...]"; at SELECT and when a keyword is new. */
void view_put_flag_lists(struct session *);

/* An ALERT when a repair has lost something lately (mailbox_repaired), once for each repair. */
void view_warn(struct session *);

/* Tell the client what changed: EXPUNGE or VANISHED if may_expunge, EXISTS, RECENT, FETCH FLAGS.
 * Refreshes first.  A deleted mailbox ends the session with BYE. */
void view_tell(struct session *, bool may_expunge);

/* Write session on the selected mailbox.  Message numbers stay as told; record numbers must be asked again
 * (view_recno) after view_commit_begin().  `told`: message numbers whose new flags the client knows
 * already or asked not to be told (.SILENT); may be NULL. */
err_t view_commit_begin(struct view *, struct commit **out) NODISCARD;
err_t view_commit_end(struct view *, struct commit **, const struct ranges *told) NODISCARD;

/* The same together with another mailbox, which is not the selected one: both locked in the one order
 * that cannot deadlock, both durable or none.  On failure of begin both are NULL. */
err_t view_commit_begin_two(struct view *, struct mailbox *other, struct commit **own_out,
                            struct commit **other_out) NODISCARD;
err_t view_commit_end_two(struct view *, struct commit **own, struct commit **other) NODISCARD;

/* Is the message expunged already, though the client was not told yet? */
bool view_is_expunged(const struct view *, uint32_t msgno);

/* \Seen of these UIDs for a user whose seen state is not in the index (view_seen_is_internal false).  Durable. */
bool view_seen_is_internal(const struct view *);
err_t view_store_seen(struct view *, const struct ranges *uids, bool seen) NODISCARD;

/* Highest modseq that the client's picture includes. */
uint64_t view_modseq(const struct view *);

#endif

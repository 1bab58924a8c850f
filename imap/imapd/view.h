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

struct msgannot;

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
 * Else a number beyond the view is ERR_SYNTAX.  "$" is the saved result in both cases (RFC 5182).
 * ERR_CORRUPT, ERR_IO: the index is damaged (mailbox_read_ok), the set may be wrong. */
err_t view_resolve(const struct view *, const struct imapset *, bool is_uid, struct ranges *msgnos) NODISCARD;

/* UIDs meant by a set of UIDs, whether there are such messages or not; "$" as above.  Added to *uids. */
void view_resolve_uids(const struct view *, const struct imapset *, struct ranges *uids);

/* Those of the UIDs that are in the view, as message numbers; added to *msgnos. */
void view_msgnos(const struct view *, const struct ranges *uids, struct ranges *msgnos);

/* What searches left behind: search_state.h. */
struct search_state *view_search(const struct view *);

/* System flags with \Seen as this user has it, and \Recent. */
bool view_is_seen(const struct view *, uint32_t recno);
bool view_is_recent(const struct view *, uint32_t recno);
/* "(\Seen \Recent word)" appended. */
void view_flags_text(const struct view *, uint32_t recno, struct buf *out);

/* "* n FETCH (", or "* uid UIDFETCH (" to a client that wants no message numbers (RFC 9586), appended. */
void view_fetch_head(struct session *, uint32_t msgno, struct buf *out);
/* "(FLAGS (...) [UID n] [MODSEQ (n)])" of an unsolicited FETCH, as what was enabled asks for. */
void view_put_flags(struct session *, uint32_t msgno);
/* "* FLAGS" and "* OK [PERMANENTFLAGS ...]"; at SELECT and when a keyword is new. */
void view_put_flag_lists(struct session *);

/* An ALERT when a repair has lost something lately (mailbox_repaired), once for each repair. */
void view_warn(struct session *);

/* The annotations of the mailbox's messages as they are now, for one command; NULL: there are none.  The second
 * gives what the first has opened. */
struct msgannot *view_annotations_open(struct view *);
struct msgannot *view_annotations(const struct view *);
/* From now on the client is told which annotations others changed (SELECT (ANNOTATE), RFC 5257 4.2). */
void view_tell_annotations(struct view *);

/* Opened with EXAMINE. */
bool view_is_examined(const struct view *);

/* Tell the client what changed: EXPUNGE or VANISHED if may_expunge, EXISTS, RECENT, FETCH FLAGS.
 * Refreshes first.  NOTIFY narrows what is told; the rest waits until it does not any more.  A mailbox that was deleted is empty from now on, or ends the session
 * with BYE (disconnect_on_vanished_mailbox). */
void view_tell(struct session *, bool may_expunge);

/* This session has put these messages here: their items are not told unasked (RFC 5465 5.2). */
void view_own(struct view *, const struct ranges *uids);
/* Do expunges wait until they may be told? */
bool view_holds_news(const struct view *);

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

/* Was the message changed by others, and the client not told yet?  As of the last refresh or begin of a commit. */
bool view_has_news(const struct view *, uint32_t msgno);

/* What others have changed is seen, though not told yet.  A failure is logged; the old picture stays. */
void view_refresh(struct view *);

/* Was the mailbox deleted, though it is kept for a while (delete_mode)?  As of the last refresh. */
bool view_is_gone(const struct view *);

/* Is the message expunged already, though the client was not told yet? */
bool view_is_expunged(const struct view *, uint32_t msgno);

/* \Seen of these UIDs for a user whose seen state is not in the index (view_seen_is_internal false).  Durable. */
bool view_seen_is_internal(const struct view *);
err_t view_store_seen(struct view *, const struct ranges *uids, bool seen) NODISCARD;
/* The same state as it is now; what others changed is told in its time.  Within a commit on the mailbox no other
 * session changes \Seen of messages that were there before. */
err_t view_reread_seen(struct view *) NODISCARD;

/* Highest modseq up to which the client was told of everything: below the modseqs of its messages while the
 * news of an expunge waits (RFC 7162 6). */
uint64_t view_modseq(const struct view *);
/* False: an index too old for modseqs, which could not be upgraded (NOMODSEQ, RFC 7162 3.1.2.2). */
bool view_has_modseqs(const struct view *);

#endif

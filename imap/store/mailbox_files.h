/* mailbox_files.h - the files of a mailbox as a whole: made, described, copied, removed
 *
 * For the operations on mailboxes (mbcreate, mbdelete, mbrename), reconstruct and the like.
 * Callers hold the owner's namespace lock exclusively; the mailbox and index locks are taken here.
 * Everything is durable on ERR_OK, names included.
 */
#ifndef STORE_MAILBOX_FILES_H
#define STORE_MAILBOX_FILES_H

#include "imap/store/header.h"
#include "imap/store/mailbox.h"

/* Directories, cyrus.header and an empty cyrus.index for an entry that has name, uniqueid,
 * partition, type, acl and uidvalidity (not 0).  modseq: highest and created modseq, 0 counts as 1.
 * What a crashed attempt left there is replaced.  Options come from mailbox_default_options, flag
 * names from mailbox_initial_flags. Call it before the entry is put into the list.  ERR_IO,
 * ERR_NOSPACE, ERR_UNSUPPORTED (no such partition). */
err_t mailbox_create_files(struct store *, const struct mbentry *, uint64_t modseq,
                           struct slice quotaroot) NODISCARD;

/* Bring type, name, uniqueid and ACL of cyrus.header up to the entry, and its quota root to
 * *quotaroot (NULL: keep; empty: none).  modseq_out not NULL: highestmodseq is raised by one for
 * this change, and told (it becomes the entry's foldermodseq).  NULL: highestmodseq stays.
 * ERR_NOTFOUND, ERR_LOCKED, ERR_CORRUPT. */
err_t mailbox_set_header(struct store *, const struct mbentry *, const struct slice *quotaroot,
                         uint64_t *modseq_out) NODISCARD;

/* The same for the UIDVALIDITY of the index (administrators; a mailbox moved to another name). */
err_t mailbox_set_uidvalidity(struct store *, const struct mbentry *,
                              uint32_t uidvalidity) NODISCARD;

/* Take the mailbox out of use (option DELETED, durable), then remove all its files and its
 * directories (legacy form: also empty directories above).  Open views find ERR_NOTFOUND at their
 * next refresh.  Missing files are fine, so a crashed removal can be repeated.  Call it after the
 * list no longer shows the entry. */
err_t mailbox_delete_files(struct store *, const struct mbentry *) NODISCARD;

/* Copy the mailbox from one set of directories to another (legacy rename, other partition):
 * metadata is copied, messages are linked where possible.  Call it before the list names `to`, and
 * mailbox_delete_files(from) afterwards.  What is at `to` is replaced.  Views of `from` in this
 * process are closed to further commits by the caller's exclusive namespace lock. */
err_t mailbox_copy_files(struct store *, const struct mbentry *from,
                         const struct mbentry *to) NODISCARD;

/* Are the files there (is there a cyrus.index)? */
bool mailbox_has_files(const struct mbentry *);

/* The header of the index alone, for STATUS, quota recounts and lists of many mailboxes: three
 * system calls, one fstat when the mailbox is open in this process.  The records are not looked at,
 * not even after a power cut (recover.h); a header that shows damage or an unfinished commit is
 * repaired first.  ERR_NOTFOUND, ERR_CORRUPT. */
err_t mailbox_peek(struct store *, const struct mbentry *, struct index_head *out) NODISCARD;

/* cyrus.header alone.  ERR_NOTFOUND, ERR_CORRUPT. */
err_t mailbox_peek_header(const struct mbentry *, struct header *out) NODISCARD;

#endif

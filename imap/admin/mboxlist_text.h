/* mboxlist_text.h - entries of the mailbox list as text: what ctl_mboxlist prints and reads
 *
 *   "user.fred": {"name": "user.fred", "mtime": "1", "uidvalidity": "2", "createdmodseq": "1",
 *       "foldermodseq": "9", "mbtype": "e", "partition": "default", "acl": {"fred": "lrs"},
 *       "uniqueid": "...", "name_history": [...]}
 *
 * all on one line; numbers are strings; a tombstone has no partition.  A former name in
 * name_history has name, mtime, uidvalidity, createdmodseq, foldermodseq, mbtype and, if known,
 * partition.
 */
#ifndef ADMIN_MBOXLIST_TEXT_H
#define ADMIN_MBOXLIST_TEXT_H

#include "imap/store/mbentry.h"

/* Append one entry with its key, without a line end. */
void mboxlist_text_put(const struct mbentry *, const struct vec *history, struct buf *out);

/* Read a whole dump, or lines of older versions; struct mblist_restored are appended to *out, which
 * the caller frees with mboxlist_text_free().  What is missing in an entry is complained of, and
 * the entry taken if it can be; ERR_SYNTAX: it is no dump (complained of). */
typedef void mboxlist_complain_fn(void *arg, const char *text);
err_t mboxlist_text_parse(struct slice text, struct vec *out, mboxlist_complain_fn *,
                          void *arg) NODISCARD;
err_t mboxlist_text_parse_old(struct slice text, struct vec *out, mboxlist_complain_fn *,
                              void *arg) NODISCARD;
void mboxlist_text_free(struct vec *);

#endif

/* boxes.h - mailboxes for the store's tests: make them, fill them, and check every promise about
 * their files
 */
#ifndef CUNIT_STORE_BOXES_H
#define CUNIT_STORE_BOXES_H

#include "imap/store/commit.h"
#include "imap/store/mailbox.h"

/* Make the mailbox (files and list entry); *entry (may be NULL) is initialised here and the
 * caller's. */
void box_create(struct store *, const char *name, struct mbentry *entry);

/* Open by name; aborts the test program on failure. */
struct mailbox *box_open(struct store *, const char *name);

/* A message of its own: numbered, with a body of n bytes. */
void box_message(struct buf *out, unsigned number, size_t n);

/* Stage a text, append it in a commit of its own.  Returns the error; *uid may be NULL. */
err_t box_append_text(struct mailbox *, struct slice text, uint32_t flags, uint32_t *uid) NODISCARD;
err_t box_append(struct mailbox *, unsigned number, uint32_t flags, uint32_t *uid) NODISCARD;
/* n messages in one commit. */
err_t box_append_many(struct mailbox *, unsigned n) NODISCARD;

/* Change flags of one record in a commit of its own. */
err_t box_set_flags(struct mailbox *, uint32_t recno, uint32_t mask, uint32_t value) NODISCARD;
err_t box_expunge(struct mailbox *, uint32_t recno) NODISCARD;

/* Do the files of the mailbox keep every promise?  Read from the disk by other code than the
 * store's: checksums, order, counts, sizes, hashes of the messages, nothing left over.  NULL, or
 * what is wrong (static). */
const char *box_fault(const struct mbentry *);

/* Number of files whose name has this end, in the mailbox's directory of messages. */
unsigned box_count_files(const struct mbentry *, const char *ending);

#endif

/* journal_apply.h - the files of a mailbox as a record of the journal says; for journal*.c only
 *
 * Bytes are written where they belong, whatever is there: doing it twice changes nothing.  Nothing
 * is synced.
 */
#ifndef STORE_JOURNAL_APPLY_H
#define STORE_JOURNAL_APPLY_H

#include "imap/store/index.h"
#include "imap/store/journal_history.h"

/* cyrus.index of the mailbox: open for writing, and its path. */
struct journal_target {
    int fd;
    const char *path;
};

/* Path of a message of the mailbox: replaces what is in the buffer. */
void journal_message_path(const struct journal_mailbox *, uint32_t uid, struct buf *);

/* Everything that the step says but for the index header. */
err_t journal_apply_step(const struct journal_target *, const struct journal_step *) NODISCARD;

/* The header of the index, last of all.  unfinished: it says that somebody died at work, so that
 * the next opening of the mailbox looks for what else there is. */
err_t journal_apply_head(const struct journal_target *, const struct journal_step *,
                         bool unfinished, struct index_head *out) NODISCARD;

#endif

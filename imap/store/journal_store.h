/* journal_store.h - the journal (journal.h) as the store of mailboxes uses it */
#ifndef STORE_JOURNAL_STORE_H
#define STORE_JOURNAL_STORE_H

#include "imap/store/journal.h"
#include "imap/store/store.h"

/* Open the journal as configured (options commit_sync, journal_*) into the store; first of all
 * replay what a crash left.  On failure one sentence in *why. */
err_t journal_store_open(struct store *, struct buf *why) NODISCARD;
/* Last of all. */
void journal_store_close(struct store *);

/* journal_conf.replay: arg is the store.  The first failure is returned; the other mailboxes are
 * done all the same. */
err_t journal_replay_all(void *store, const struct journal_found *, size_t n) NODISCARD;

/* journal_conf.finish: arg is the store.  ERR_LOCKED: a mailbox was kept locked for too long. */
err_t journal_finish_dead(void *store, uint64_t sequence, const struct journal_found *,
                          size_t n) NODISCARD;

#endif

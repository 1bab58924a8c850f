/* journal_history.h - records of the journal, sorted by mailbox; for journal*.c only
 *
 * What the keys of journal_record.h say about which of them were applied is found here; writing is
 * journal_apply.h's.
 */
#ifndef STORE_JOURNAL_HISTORY_H
#define STORE_JOURNAL_HISTORY_H

#include "imap/store/journal.h"
#include "imap/store/journal_record.h"
#include "lib/base/map.h"

/* One mailbox in one record. */
struct journal_step {
    const struct journal_found *record;
    const struct journal_mailbox *box;
    const struct slice *contents;
    const struct journal_mailbox *boxes; /* all of the record */
    size_t nboxes;
    bool is_void;
};

/* All that concerns one mailbox. */
struct journal_history {
    struct vec steps; /* struct journal_step */
};

struct journal_book {
    struct arena *arena;
    struct map *by_id; /* uniqueid -> struct journal_history */
};

/* Sort n records, in their order.  The book borrows them and what they point to.  Records that are
 * not understood are logged and left out. */
void journal_book_read(struct journal_book *, const struct journal_found *, size_t n);
void journal_book_fini(struct journal_book *);

static inline struct journal_step *journal_step_at(const struct journal_history *h, size_t i)
{
    return VEC_AT(&h->steps, struct journal_step, i);
}

bool journal_key_same(const struct journal_key *, const struct journal_key *);

/* Make void what the next change did not find: it was never done.  The last step that is left, or
 * NULL. */
const struct journal_step *journal_history_judge(struct journal_history *);

/* Is a step void?  What was refused may have reached the disk before it was undone. */
bool journal_history_has_void(const struct journal_history *);

#endif

/* thread.h - messages as conversations: ORDEREDSUBJECT and REFERENCES (RFC 5256 3), REFS (draft-ietf-morg-inthread)
 *
 * thread_build() knows nothing of mailboxes; thread_load() makes its input from one.  Time is O(n log n) in messages and
 * references, whatever they say; no step recurses, so that a chain of replies may be as long as the mailbox.
 */
#ifndef SEARCH_THREAD_H
#define SEARCH_THREAD_H

#include "imap/search/memo.h"
#include "imap/search/sort.h"

enum thread_algorithm { THREAD_ORDEREDSUBJECT, THREAD_REFERENCES, THREAD_REFS, THREAD_NALGORITHMS };

/* By its name in the protocol, any case; -1. */
int thread_algorithm_find(struct slice name);

struct thread_msg {
    uint32_t num;                       /* what the client is told */
    uint32_t date;                      /* sent date (RFC 5256 2.2) */
    uint32_t received;                  /* internal date; REFS orders threads by their latest */
    struct memo_links links;            /* refs borrowed during thread_build() */
};

/* Fill msg[0..n-1] from items in mailbox order (id: the number to tell). */
void thread_load(struct memo *, struct mailbox *, const struct sort_item *items, size_t n, struct thread_msg *msg);

struct threads;

/* n messages in mailbox order; ids and subjects in their links are 1 to nids, 1 to nsubjects. */
struct threads *thread_build(enum thread_algorithm, const struct thread_msg *, uint32_t n, uint32_t nids,
                             uint32_t nsubjects);
void thread_free(struct threads **);

/* "(2)(3 6 (4 23)(44 7 96))" piece by piece. */
void thread_write(const struct threads *, void (*put)(void *arg, const char *, size_t), void *arg);

#endif

/* rewrite.h - cyrus.index and cyrus.cache written anew and put in the place of the old ones
 *
 * For repack, upgrade and the like, under exclusive mailbox and index locks.  The index is durable
 * before it gets its name; the cache is not synced (its records have checksums in the index).
 */
#ifndef STORE_REWRITE_H
#define STORE_REWRITE_H

#include "imap/store/header.h"
#include "imap/store/index.h"
#include "imap/store/mblist.h"
#include "imap/store/synccrc.h"

struct rewrite {
    struct index_head head;             /* counts and sync CRCs grow with each record */
    struct synccrc_flags flags;
    struct buf index_path, cache_path;
    struct buf index;                   /* all records */
    struct buf cache;                   /* not yet in the file */
    uint64_t cache_size;                /* with what is in the file */
    int cache_fd;
};

/* head: what the new one starts from; its counts, first_expunged and sync CRCs are set to those of
 * no record. */
err_t rewrite_begin(struct rewrite *, const struct mbentry *, const struct index_head *head,
                    const struct header *) NODISCARD;

/* The next record (UIDs ascend).  cache not empty: its cache record; offset, CRC and version 11 or
 * what r says are set in r.  Empty: r keeps what it has (archived messages). */
err_t rewrite_add(struct rewrite *, struct record *r, struct slice cache) NODISCARD;

/* ERR_OK: both files are in place and durable by name. Frees in every case. */
err_t rewrite_commit(struct rewrite *) NODISCARD;
/* Removes what was written; frees. */
void rewrite_abort(struct rewrite *);

#endif

/* journal_record.h - what a record of the journal says (journal.h)
 *
 * JOURNAL_CHANGE: everything that one commit does to one or several mailboxes.
 *   u32 length of what follows up to the contents
 *   u32 number of contents, u64 length of each
 *   u32 number of mailboxes, each:
 *     strings: uniqueid, name, directory of messages, path of cyrus.index, path of cyrus.header,
 *              bytes of cyrus.header (empty: unchanged), header of the index after the change,
 *              path of cyrus.cache, bytes written to it (may be left out: they are derived)
 *     u64 where these bytes go in cyrus.cache
 *     key before, key after: u64 highestmodseq, u32 last_uid, u32 records, u32 sync CRC
 *     u32 generation of the index, u32 1 if messages may be linked, +2 if annotations follow at the
 *     end
 *     u32 number of new messages: u32 uid, u32 content, u32 time
 *     u32 number of writes to the index: u64 offset, string
 *     only if there are any: path of cyrus.annotations, u32 number of annotations: key and value as
 *     they stand in that file
 *   the contents, one behind the other
 * JOURNAL_VOID: u64 sequence, u64 number of a record, string: uniqueid of the mailbox to which that
 * record was not applied.
 *
 * A string is a u32 length and bytes; numbers are big-endian.  The keys chain the records of a
 * mailbox: one whose key after is not the key before of the next was never applied (its process
 * died, or it failed), and is skipped.
 */
#ifndef STORE_JOURNAL_RECORD_H
#define STORE_JOURNAL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/vec.h"

struct journal_key {
    uint64_t modseq;
    uint32_t last_uid, nrecords, crc;
};

struct journal_message {
    uint32_t uid, content, time;
};

struct journal_write {
    uint64_t at;
    struct slice bytes;
};

struct msgannot_put;

struct journal_mailbox {
    struct slice uniqueid, name, msg_dir, index_path, header_path, header, head;
    struct slice cache_path, cache;
    uint64_t cache_at;
    struct journal_key before, after;
    uint32_t generation;
    bool may_link;
    const struct journal_message *messages;
    size_t nmessages;
    const struct journal_write *writes;
    size_t nwrites;
    struct slice annot_path;
    const struct msgannot_put *annots; /* msgannot.h */
    size_t nannots;
};

/* ---- writing ---- */

struct journal_builder {
    struct buf lengths, mailboxes, meta;
    struct vec contents; /* struct slice, borrowed */
    uint64_t bytes;      /* of the contents */
    uint32_t nmailboxes;
};

void journal_builder_init(struct journal_builder *);
void journal_builder_fini(struct journal_builder *);
/* Bytes of a message, borrowed until the record is written; number of the content. */
uint32_t journal_add_content(struct journal_builder *, struct slice);
void journal_add_mailbox(struct journal_builder *, const struct journal_mailbox *);
/* Bytes of the whole body. */
uint64_t journal_builder_length(const struct journal_builder *);
/* The body as pieces for journal_append(), borrowed from the builder: pieces->n of struct slice. */
void journal_builder_pieces(struct journal_builder *, struct vec *pieces);

void journal_void_encode(uint64_t sequence, uint64_t number, struct slice uniqueid,
                         struct buf *out);

/* ---- reading: linear, bounded by the length of the body ---- */

struct journal_change {
    const struct slice *contents;
    size_t ncontents;
    const struct journal_mailbox *mailboxes;
    size_t nmailboxes;
};

/* Slices point into the body, arrays are of the arena.  ERR_CORRUPT. */
err_t journal_change_decode(struct slice body, struct arena *,
                            struct journal_change *out) NODISCARD;

struct journal_void {
    uint64_t sequence, number;
    struct slice uniqueid;
};
err_t journal_void_decode(struct slice body, struct journal_void *out) NODISCARD;

#endif

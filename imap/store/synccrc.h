/* synccrc.h - the two checksums over a mailbox's state (formats/mailbox-store.md 7)
 *
 * Both are XORs over non-expunged records, so a record's share can be taken out and put in.
 * `flag_crcs` remembers the CRCs of flag names of one mailbox.
 */
#ifndef STORE_SYNCCRC_H
#define STORE_SYNCCRC_H

#include "imap/store/header.h"
#include "imap/store/record.h"

struct synccrc_flags {
    uint32_t system[5];                 /* CRC of "\answered" ... by bit number */
    uint32_t user[USER_FLAGS_MAX];      /* CRC of the lower-case name, 0 for a free slot */
};

/* CRCs of all names of a header. */
void synccrc_flags_init(struct synccrc_flags *, const struct header *);
/* A slot got a name. */
void synccrc_flags_set(struct synccrc_flags *, unsigned n, struct slice name);

/* Share of one record; 0 for an expunged one. */
uint32_t synccrc_basic(const struct record *, const struct synccrc_flags *);

/* Share of the virtual annotations of one record (thread id, savedate, createdmodseq); 0 for an
 * expunged one. */
uint32_t synccrc_virtual(const struct record *);

/* Share of one stored annotation.  userid: real id, also for the owner's private ones; empty =
 * shared. */
uint32_t synccrc_annotation(uint32_t uid, struct slice entry, struct slice userid,
                            struct slice value);

#endif

/* msgannot.h - annotations of messages, as far as the mailbox itself depends on them
 *
 * cyrus.annotations (formats/mailbox-store.md 14): key "<uid> NUL <entry> NUL <userid> NUL"; an
 * annotation of the mailbox's owner is stored under ANNOT_OWNER (annot.h) instead of the userid.
 * The values count in the sync CRC and in quota_annot_used while the message is not expunged.
 */
#ifndef STORE_MSGANNOT_H
#define STORE_MSGANNOT_H

#include "imap/store/mblist.h"

struct msgannot; /* open file */

struct msgannot_item {
    uint32_t uid;
    struct slice entry, userid; /* userid as stored */
    struct slice value;
    uint64_t modseq; /* of the change that gave the value */
    bool deleted;    /* tombstone */
};

/* ERR_NOTFOUND: no file, nothing in it, or a damaged one (logged): there are no annotations
 * then. */
err_t msgannot_open(struct store *, const struct mbentry *, struct msgannot **out) NODISCARD;
/* NULL is fine. */
void msgannot_close(struct msgannot **);

/* The empty file that comes with the first message (not synced).  An existing one is left alone. */
err_t msgannot_create(struct store *, const struct mbentry *) NODISCARD;

typedef err_t msgannot_visit_fn(void *arg, const struct msgannot_item *);
/* All annotations, or (uid not 0) those of one message.  Unreadable records are passed over. */
err_t msgannot_foreach(struct msgannot *, uint32_t uid, msgannot_visit_fn *, void *arg) NODISCARD;

/* Entries that stand for a field of the record since index version 13, 15, 16. */
#define MSGANNOT_THRID         "/vendor/cmu/cyrus-imapd/thrid"
#define MSGANNOT_SAVEDATE      "/vendor/cmu/cyrus-imapd/savedate"
#define MSGANNOT_CREATEDMODSEQ "/vendor/cmu/cyrus-imapd/createdmodseq"
/* Is it one of these? */
bool msgannot_is_field(struct slice entry);

struct msgannot_share {
    uint32_t crc;
    uint64_t bytes;
};
/* What the annotations of one message (but those that stand for fields) add to the sync CRC and to
 * the annotation quota. */
err_t msgannot_share(struct msgannot *, uint32_t uid, struct msgannot_share *out) NODISCARD;

struct msgannot_key {
    uint32_t uid;
    const char *entry; /* shared ones only */
};
/* Make these annotations tombstones, in one durable transaction. */
err_t msgannot_remove(struct msgannot *, const struct msgannot_key *, size_t n,
                      uint64_t modseq) NODISCARD;

/* ---- what a commit does (commit_annot.c); keys and values as they stand in the file ---- */

enum {
    MSGANNOT_VALUE_MAX = 65536, /* bytes of a value: what SELECT tells (RFC 5257 4.1) */
    MSGANNOT_ENTRIES_MAX = 1000 /* values of one message, tombstones apart */
};

struct msgannot_put {
    struct slice key, value; /* value.p NULL: the key goes */
};

void msgannot_key(uint32_t uid, struct slice entry, struct slice userid, struct buf *key);
/* value.p NULL: a tombstone. */
void msgannot_value(struct slice value, uint64_t modseq, struct buf *out);
/* What stands under the key.  ERR_NOTFOUND. */
err_t msgannot_raw(struct msgannot *, struct slice key, struct buf *out) NODISCARD;
/* All of them in one durable transaction; the file is made when it is missing. */
err_t msgannot_write(const char *path, const struct msgannot_put *, size_t n) NODISCARD;
/* What such an annotation adds to the checksum and the bytes. */
struct msgannot_share msgannot_share_of(struct slice owner, const struct msgannot_item *);
/* Real userid of the mailbox's owner; empty: none. */
struct slice msgannot_owner(const struct msgannot *);

/* Annotations of UIDs for which `stays` says no are removed: the messages have gone for good. */
typedef bool msgannot_stays_fn(void *arg, uint32_t uid);
err_t msgannot_sweep(struct store *, const struct mbentry *, msgannot_stays_fn *,
                     void *arg) NODISCARD;

/* Bytes of the values of the mailbox's own annotations (annotations.db). */
err_t msgannot_mailbox_bytes(struct store *, const struct mbentry *, uint64_t *out) NODISCARD;

/* Does the header of the picture count them all?  Values become durable before it does
 * (mbannotate.c).  True also when they cannot be read. */
struct mailbox;
bool msgannot_are_counted(struct mailbox *);

#endif

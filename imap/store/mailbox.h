/* mailbox.h - one open mailbox: header, index, cache, message files
 *
 * Reading takes no lock between calls: the index is mapped read-only and its header copied
 * (checksum verified) at mailbox_refresh(), the only moment when the picture changes.  Record
 * numbers (recno) run from 1 to mailbox_nrecords() in order of UID, expunged records included; they
 * change only when mailbox_refresh() reports a repack.  Writing: commit.h.  Formats:
 * formats/mailbox-store.md.
 */
#ifndef STORE_MAILBOX_H
#define STORE_MAILBOX_H

#include "imap/store/cache.h"
#include "imap/store/mblist.h"
#include "imap/store/record.h"
#include "lib/base/vec.h"

struct mailbox;

enum mailbox_options {
    MBOPT_POP3_NEW_UIDL = 1 << 0, MBOPT_SHAREDSEEN = 1 << 2, MBOPT_DUPDELIVER = 1 << 3,
    MBOPT_DELETED = (int)(1u << 31),
};

struct index_head {                             /* decoded header of cyrus.index */
    uint32_t generation, minor_version, nrecords, last_appenddate, last_uid;
    uint64_t quota_used;
    uint32_t pop3_last_login, uidvalidity, deleted, answered, flagged, options, leaked_cache;
    uint64_t highestmodseq, deletedmodseq;
    uint32_t exists, first_expunged, last_repack_time, header_file_crc;
    uint32_t sync_crc_basic, sync_crc_annot, recentuid, recenttime, pop3_show_after;
    uint32_t quota_annot_used, unseen;
    uint64_t createdmodseq;
    uint32_t changes_epoch;
};

/* ERR_NOTFOUND; ERR_CORRUPT (needs reconstruct; logged); ERR_READONLY is no error: an index of
 * an older version is upgraded on opening when it can be.  A mailbox opened twice in a process
 * gives two views, each with its own picture and news, over one set of descriptors and locks. */
err_t mailbox_open(struct store *, struct slice intname, struct mailbox **out) NODISCARD;
/* The same for an entry that was just looked up. */
err_t mailbox_open_entry(struct store *, const struct mbentry *, struct mailbox **out) NODISCARD;
/* Ends the view (kept for a while by the process); files of expunged messages may go now.  NULL is
 * fine. */
void mailbox_close(struct mailbox **);

/* Could everything be read since the last refresh?  ERR_IO (logged): the index was cut underneath
 * its map, and what was read of it may be zeros: nothing of that may be called right; ERR_CORRUPT:
 * mailbox_record_ok() has found a damaged record.  The next refresh repairs it.  One fstat. */
err_t mailbox_read_ok(struct mailbox *) NODISCARD;

enum mailbox_news {
    MAILBOX_SAME,           /* nothing changed (a few memory reads and at most one fstat) */
    MAILBOX_CHANGED,        /* records appended or changed: recnos still hold */
    MAILBOX_REPACKED,       /* recnos are new: find your messages by UID */
};
/* ERR_NOTFOUND: the mailbox was deleted (or renamed away; its name is refreshed if it still
 * exists). */
err_t mailbox_refresh(struct mailbox *, enum mailbox_news *out) NODISCARD;

/* What is known of it: borrowed until the next refresh. */
struct store *mailbox_store(const struct mailbox *);
struct slice mailbox_name(const struct mailbox *);          /* internal */
struct slice mailbox_uniqueid(const struct mailbox *);
/* Text form, acl.h. */
struct slice mailbox_acl(const struct mailbox *);
/* As it was when the mailbox was opened or its header changed. */
const struct mbentry *mailbox_entry(const struct mailbox *);
/* Header of the picture. */
const struct index_head *mailbox_head(const struct mailbox *);
struct slice mailbox_quotaroot(struct mailbox *);           /* empty: none */
/* Are the names of user flags known?  Otherwise the reason why they cannot be read for now
 * (logged): flags must not be shown then.  A damaged cyrus.header is repaired here, or by
 * mailbox_refresh(); record numbers stay, other facts may be new. */
err_t mailbox_flags_known(struct mailbox *) NODISCARD;
/* Name of user flag n, or empty when the slot is free. */
struct slice mailbox_flag_name(const struct mailbox *, unsigned n);
int mailbox_flag_find(const struct mailbox *, struct slice name);   /* without case; -1 */
/* When a repair that lost something (flags, names of flags, dates) was made here: for a day after
 * it, so that everybody who selects the mailbox can be told.  0: none. */
time_t mailbox_repaired(const struct mailbox *);

/* ---- records (1 <= recno <= mailbox_nrecords) ---- */
uint32_t mailbox_nrecords(const struct mailbox *);
/* Decode one; its checksum is not looked at (mailbox_record_ok). */
void mailbox_record(const struct mailbox *, uint32_t recno, struct record *out);
/* Cheap single fields straight from the map, for scans over many records. */
uint32_t mailbox_uid_at(const struct mailbox *, uint32_t recno);
/* System and internal flags. */
uint32_t mailbox_flags_at(const struct mailbox *, uint32_t recno);
/* INTERNALDATE; the day of the Date: header; its instant, below index version 12 that day; octets. */
uint32_t mailbox_internaldate_at(const struct mailbox *, uint32_t recno);
uint32_t mailbox_sentdate_at(const struct mailbox *, uint32_t recno);
uint32_t mailbox_gmtime_at(const struct mailbox *, uint32_t recno);
uint32_t mailbox_size_at(const struct mailbox *, uint32_t recno);
/* 0 below index version 8. */
uint64_t mailbox_modseq_at(const struct mailbox *, uint32_t recno);
/* Mapped bytes of the record, see index_format.h. */
const uint8_t *mailbox_raw_at(const struct mailbox *, uint32_t recno);
/* Checksum of the record holds?  A damaged record is logged once and must be treated as absent. */
bool mailbox_record_ok(struct mailbox *, uint32_t recno);
/* After a repack (the head's generation changed): UIDs by record number in the picture before it;
 * kept until the next repack.  For views that hold record numbers. */
uint32_t mailbox_prev_nrecords(const struct mailbox *);
/* recno from 1 to mailbox_prev_nrecords(). */
uint32_t mailbox_prev_uid_at(const struct mailbox *, uint32_t recno);
/* First recno with UID >= uid, or nrecords+1. */
uint32_t mailbox_find_uid(const struct mailbox *, uint32_t uid);

/* ---- cache and message (borrowed until the next call for the same mailbox, or refresh) ---- */
/* Parsed again from the message if the cached record is missing or damaged. */
err_t mailbox_cache(struct mailbox *, uint32_t recno, struct cache_record *out) NODISCARD;
/* Whole message, mapped.  ERR_NOTFOUND: expunged and gone meanwhile; ERR_CORRUPT: size differs. */
err_t mailbox_message(struct mailbox *, uint32_t recno, struct slice *out) NODISCARD;
/* Descriptor of the message file for stream_put_file(); the caller closes it. */
err_t mailbox_message_fd(struct mailbox *, uint32_t recno, int *fd_out) NODISCARD;
void mailbox_message_done(struct mailbox *);    /* drop the mapping */

#endif

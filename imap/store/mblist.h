/* mblist.h - the list of mailboxes (mailboxes.db; formats/mailbox-store.md 2)
 *
 * Reads take a short shared lock; changes are one transaction that writes the N and I records
 * together.  Lock order: lockorder.h.
 */
#ifndef STORE_MBLIST_H
#define STORE_MBLIST_H

#include <stdint.h>

#include "imap/store/acl.h"
#include "imap/store/store.h"
#include "lib/base/vec.h"

struct namespace;                               /* namespace.h */

enum mbtype_flags {
    MBTYPE_EMAIL = 0,           /* kind in the low byte: 'e' is 0 */
    MBTYPE_KIND_MASK = 0xff,    /* else the kind letter c a b s p f n */
    MBTYPE_DELETED = 0x100, MBTYPE_MOVING = 0x200, MBTYPE_REMOTE = 0x400, MBTYPE_RESERVED = 0x800,
    MBTYPE_INTERMEDIATE = 0x1000, MBTYPE_LEGACY = 0x2000,
};

struct mbentry {                                /* owned; mbentry_free() */
    struct buf name;                            /* internal */
    struct buf uniqueid, partition, server;
    struct buf acl;                             /* text form */
    uint32_t type;                              /* kind and flags */
    uint32_t uidvalidity;
    uint64_t createdmodseq, foldermodseq;
    time_t mtime;
};
void mbentry_init(struct mbentry *);
void mbentry_fini(struct mbentry *);
/* Local, selectable mail folder: not deleted, remote, reserved, intermediate. */
bool mbentry_is_mailbox(const struct mbentry *);
bool mbentry_is_mail(const struct mbentry *);   /* and of kind e or n: users may select it */

/* ERR_NOTFOUND: absent, a tombstone, reserved or intermediate.  ERR_CORRUPT: unreadable
 * (logged). */
err_t mblist_lookup(struct store *, struct slice intname, struct mbentry *out) NODISCARD;
err_t mblist_lookup_id(struct store *, struct slice uniqueid, struct mbentry *out) NODISCARD;
/* Tombstones, reserved and intermediate entries too. */
err_t mblist_lookup_any(struct store *, struct slice intname, struct mbentry *out) NODISCARD;
/* Append the former names of the mailbox, newest first: vec of struct mbhistory (mbentry.h). */
err_t mblist_history(struct store *, struct slice uniqueid, struct vec *out) NODISCARD;

/* All entries (MBLIST_* flags) whose internal name is prefix or below it; all for "", a domain's
 * for "dom!". Order: database key order, so that children follow their parent.  The callback may
 * read and change the list; what it returns other than ERR_OK ends the walk and is returned.
 * Without flags: live local mailboxes of all kinds outside the deleted tree.  SPECIAL adds remote
 * and reserved entries. */
enum mblist_flags {
    MBLIST_TOMBSTONES = 1,
    MBLIST_DELETED_TREE = 2,
    MBLIST_SPECIAL = 4,
    MBLIST_INTERMEDIATE = 8
};
typedef err_t mblist_visit_fn(void *arg, const struct mbentry *);
err_t mblist_foreach(struct store *, struct slice prefix, unsigned flags, mblist_visit_fn *,
                     void *arg) NODISCARD;

/* What a user may be told of (rights include l, or admin; hidden namespaces and foreign domains
 * left out; only mail folders), in the ranges given (namespace_scan_ranges; nranges 0: everything,
 * the own tree first). An entry in several ranges is visited once.  The cheap test comes first: an
 * entry whose raw ACL names neither the user, nor anyone, nor a group is skipped without being
 * parsed. */
struct mblist_seen {
    const struct mbentry *entry;
    struct slice ext;                           /* external name */
    rights_t rights;
};
typedef err_t mblist_seen_fn(void *arg, const struct mblist_seen *);
err_t mblist_visible(struct store *, const struct namespace *, const struct ident *, bool is_admin,
                     const struct slice *ranges, size_t nranges, mblist_seen_fn *,
                     void *arg) NODISCARD;
/* Has it children (of any kind that this user may see)? */
bool mblist_has_children(struct store *, struct slice intname, const struct ident *, bool is_admin);

/* Look up and effective rights in one step.  ERR_NOTFOUND also for deleted mailboxes unless
 * is_admin. */
err_t mblist_access(struct store *, struct slice intname, const struct ident *, bool is_admin,
                    struct mbentry *out, rights_t *rights_out) NODISCARD;

/* ---- changes; used by mailbox operations, replication and tools; durable on ERR_OK ---- */
err_t mblist_put(struct store *, const struct mbentry *) NODISCARD;     /* N and I; mtime is set */
err_t mblist_remove(struct store *, struct slice intname) NODISCARD;    /* tombstone */
err_t mblist_purge(struct store *, struct slice intname) NODISCARD;     /* no trace */

/* Many entries in one transaction, each with the former names it shall have: restoring a list
 * (ctl_mboxlist -u). */
struct mblist_restored {
    struct mbentry entry;
    struct vec history;                         /* struct mbhistory (mbentry.h) */
};
err_t mblist_restore(struct store *, const struct vec *) NODISCARD; /* of struct mblist_restored */

/* Tools: another database file in place of the configured mailboxes.db.  ERR_NOTFOUND: it is not
 * there. */
err_t mblist_use_file(struct store *, const char *path) NODISCARD;

/* Start-up (ctl_cyrusdb -r), in one transaction: entries of a list older than 3.6 become N and I
 * records (a missing uniqueid is taken from the mailbox, or made), reserved entries are removed,
 * missing ids are given, reverse ACL records are made or removed as the option says. */
struct mblist_repairs {
    unsigned upgraded, unreserved, given_ids, reverse_added;
};
err_t mblist_recover(struct store *, struct mblist_repairs *out) NODISCARD;

#endif

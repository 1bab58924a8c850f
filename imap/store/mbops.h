/* mbops.h - create, delete, rename and re-permit mailboxes: resumable sequences of steps
 *
 * Each checks the actor's rights itself (policy.h) and is durable on ERR_OK.  The mailbox list is
 * the truth: its one transaction per operation is the commit point.  Before it only files that
 * nothing refers to are made; what comes after it (headers, quota, files to be removed) is derived
 * from the list, and mbop_recover() makes up for it after a crash.  Listeners are told when all
 * locks are released.
 */
#ifndef STORE_MBOPS_H
#define STORE_MBOPS_H

#include "imap/store/mblist.h"

struct actor {
    const struct ident *ident;
    bool is_admin;
    bool is_system; /* autocreate, tools: no rights asked; ident may be NULL */
};

struct mbop_create {
    struct slice name;                          /* internal */
    struct slice partition;                     /* "" = inherit or default; admins only */
    struct slice acl;                           /* "" = inherit or default */
    struct slice uniqueid;                      /* "" = new */
    uint32_t uidvalidity;                       /* 0 = new */
    uint32_t type;
};
/* Missing parents become real mailboxes.  ERR_EXISTS, ERR_DENIED, ERR_NOTFOUND (may not know),
 * ERR_BADNAME, ERR_LIMIT (mailbox counts/name length), ERR_UNSUPPORTED (partition unknown),
 * ERR_OVERQUOTA. uniqueid_out may be NULL. */
err_t mbop_create(struct store *, const struct actor *, const struct mbop_create *,
                  struct buf *uniqueid_out) NODISCARD;

/* One mailbox; a user's INBOX by an administrator takes the whole tree and the user's state
 * (NS-08). Delayed (delete_mode) = rename to DELETED.  ERR_UNSUPPORTED: own INBOX.  ERR_EXISTS: it
 * has children. ERR_INUSE: its special use is protected (specialuse_protect, not for
 * administrators).  Administrators need the right x like everybody (AD-10). */
err_t mbop_delete(struct store *, const struct actor *, struct slice name) NODISCARD;

/* With children; the user's INBOX: messages move, INBOX stays (NS-31) unless an administrator
 * renames a user (allowusermoves; the user's entries in the ACLs of the tree, quota roots and state
 * move along, NS-32). from == to with a partition moves the tree to that partition.  each: called
 * per renamed mailbox (may be NULL). ERR_NOTFOUND, ERR_EXISTS (also: is on that partition already),
 * ERR_DENIED, ERR_BADNAME (also: below itself), ERR_LIMIT, ERR_UNSUPPORTED (user renames are off,
 * partition unknown, INBOX of another to no INBOX), ERR_OVERQUOTA (the root there has no room),
 * ERR_INUSE (protected special use would get another parent). */
typedef void mbop_renamed_fn(void *arg, struct slice from, struct slice to);
err_t mbop_rename(struct store *, const struct actor *, struct slice from, struct slice to,
                  struct slice partition, mbop_renamed_fn *each, void *arg) NODISCARD;

/* SETACL / DELETEACL.  Identifier is canonified by the caller, with "-" in front for negative
 * rights. ERR_DENIED (also: owners their own entry; "anyone" without anyoneuseracl),
 * ERR_UNSUPPORTED: allowsetacl is off, ERR_BADNAME: no identifier, ERR_LIMIT.  An owner keeps what
 * implicit_owner_rights say. */
err_t mbop_set_acl(struct store *, const struct actor *, struct slice name, struct slice identifier,
                   enum acl_mode, rights_t) NODISCARD;

/* Values of the mailbox's own annotations and what of its header is shown as annotations, all in one
 * change: nothing is visible before all is durable.  No rights are asked.  What is the same already
 * is no change. */
struct annot_change;
struct mbop_annotations {
    const struct annot_change *changes;         /* annot.h */
    size_t nchanges;
    uint32_t options_set, options_clear;        /* enum mailbox_options */
    const time_t *pop3_show_after;              /* NULL: leave it; 0: none */
    bool ignore_quota;
};
/* ERR_NOTFOUND: no such mailbox.  ERR_OVERQUOTA: the root's annotation limit (QUOTA_ANNOTATION). */
err_t mbop_annotate_all(struct store *, struct slice name,
                        const struct mbop_annotations *) NODISCARD;
/* One value (annot.h says what userid is; "" removes it), whatever the quota says. */
err_t mbop_annotate(struct store *, struct slice name, const char *entry, struct slice userid,
                    struct slice value) NODISCARD;

/* A user's INBOX and the autocreate_* folders, quota and subscriptions (SU-06 to SU-11).
 * by_delivery: asked by LMTP (autocreate_post).  ERR_UNSUPPORTED: autocreate is off, or not for
 * this user.  ERR_EXISTS: there is an INBOX. */
err_t mbop_autocreate(struct store *, struct slice userid, bool by_delivery) NODISCARD;

/* Start-up: finish removals that a crash interrupted, and remove the empty directories of creations
 * that never came to be; describe mailboxes whose rename was interrupted.  since: when the server
 * was last started (0: unknown, only removals are finished). */
struct mbop_repairs {
    unsigned removals, directories, names;
};
err_t mbop_recover(struct store *, time_t since, struct mbop_repairs *out) NODISCARD;

#endif

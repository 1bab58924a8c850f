/* user.h - a user's files and locks (formats/mailbox-store.md 3.4, 4)
 *
 * State that belongs to a person (seen, subscriptions, ...) lives in files below
 * <configdirectory>: in a directory named by the uniqueid of the INBOX when the INBOX has id-hashed
 * paths, else in files named by the user.  The userid "" stands for what belongs to nobody
 * (shared).
 */
#ifndef STORE_USER_H
#define STORE_USER_H

#include "imap/store/store.h"

/* Path of <suffix> ("seen", "sub", "mboxkey" ...) of a user: uuid form when the INBOX has it.
 * userid "" = shared. Replaces *path.  ERR_BADNAME: the userid cannot be part of a path. */
err_t user_file(struct store *, struct slice userid, const char *suffix,
                struct buf *path) NODISCARD;

/* Directory of the user's Sieve scripts below sievedir, named in the same two ways
 * (sieveusehomedir: ~user/sieve). userid "": that of scripts for all.  The directory need not
 * exist. */
err_t user_sieve_dir(struct store *, struct slice userid, struct buf *path) NODISCARD;

/* The namespace lock *U*<userid> ("" = shared), counted per process so that nesting is legal
 * (a shared holder may not upgrade: BUG).  ERR_LOCKED after STORE_LOCK_WAIT_MS. */
struct user_lock;
err_t user_lock(struct store *, struct slice userid, bool exclusive,
                struct user_lock **out) NODISCARD;
void user_unlock(struct user_lock **);              /* NULL is fine */

/* The lock of the user who owns a mailbox, or of the shared tree. */
err_t user_lock_owner(struct store *, struct slice intname, bool exclusive,
                      struct user_lock **out) NODISCARD;

/* The same, exclusively, unless this process holds it in either mode already: then *out is NULL and
 * ERR_OK. */
err_t user_lock_owner_if_free(struct store *, struct slice intname,
                              struct user_lock **out) NODISCARD;

/* The same for two names at once, in the order that cannot deadlock; *second is NULL when both
 * belong to the same user. */
err_t user_lock_owners(struct store *, struct slice a, struct slice b, struct user_lock **first,
                       struct user_lock **second) NODISCARD;

/* Remove all per-user files (user deletion).  inbox_id: uniqueid of the INBOX, also when its entry
 * has gone already; empty: only the files named by the user.  Missing files are fine. */
err_t user_delete_files(struct store *, struct slice userid, struct slice inbox_id) NODISCARD;
/* Give the files named by the user another user's name (rename); those named by uniqueid need
 * nothing. */
err_t user_rename_files(struct store *, struct slice from, struct slice to) NODISCARD;

#endif

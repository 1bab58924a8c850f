/* store_impl.h - the inside of struct store, for the files of imap/store only
 *
 * Global databases are opened at their first use and stay open until store_close(); databases of a
 * user stay open until store_session_end().  Handles returned here are borrowed: never db_close()
 * them. The structure is not shared between threads.
 */
#ifndef STORE_STORE_IMPL_H
#define STORE_STORE_IMPL_H

#include "imap/store/listener.h"
#include "imap/store/mailbox_pool.h"
#include "imap/store/statuscache.h"
#include "imap/store/store.h"
#include "lib/base/map.h"
#include "lib/base/vec.h"
#include "lib/db/db.h"

/* How long any lock of the store is waited for before ERR_LOCKED. */
enum { STORE_LOCK_WAIT_MS = 60 * 1000 };

/* Databases of the server. */
enum store_db {
    STORE_DB_MBOXLIST,          /* mailboxes.db */
    STORE_DB_ANNOTATIONS,       /* annotations.db */
    STORE_DB_DELIVER,           /* deliver.db: derived, never synced */
    STORE_DB_QUOTA,             /* one file per root, or quotas.db */
    STORE_DB_STATUSCACHE,       /* statuscache.db: derived, never synced; only with the option */
    STORE_NDBS
};

/* Databases of one user. */
enum store_user_db {
    STORE_USER_SEEN,            /* seen.db */
    STORE_USER_SUB,             /* sub.db */
    STORE_USER_MBOXKEY,         /* mboxkey.db */
    STORE_NUSERDBS
};

/* Options that the store asks again and again; read once by store_open(). */
struct store_conf {
    const char *configdir;      /* configdirectory */
    const char *lockdir;        /* mboxname_lockpath, or <configdirectory>/lock */
    bool legacy_dirs;           /* mailbox_legacy_dirs: new user trees get paths made of names */
    bool delayed_delete;        /* delete_mode: delayed */
    bool single_instance;       /* singleinstancestore: messages may be linked */
    bool reverse_acls;          /* reverseacls */
    bool direct;                /* commit_sync: direct */
};

/* Keys of the mailbox list outside of his own tree that may concern a user, as of a version of the
 * list (mblist_visible.c). */
struct foreign {
    bool known;
    struct buf userid;
    struct db_version version;
    struct vec keys;                /* struct buf */
};

struct store_listener {
    store_listener_fn *fn;
    void *arg;
};

struct store {
    struct store_conf conf;
    struct buf lockdir;                     /* memory behind conf.lockdir when it is the default */
    struct buf dbdir;                       /* lent to db_env_init() */
    struct db *db[STORE_NDBS];              /* NULL: not yet opened */
    struct map *user_db;                    /* path -> struct db *; owned */
    struct map *user_locks;                 /* userid -> struct user_lock * held by this process */
    struct vec listeners;                   /* struct store_listener */
    struct journal *journal;
    struct health *health;                  /* NULL: not counted */
    struct foreign foreign;
    struct statuscache statuscache;
    struct mailbox_pool *mailboxes; /* made by mailbox.c; store_close(): mailbox_pool_free() */
};

static inline const struct store_conf *store_conf(const struct store *s)
{
    return &s->conf;
}

/* Do all commits go through the journal?  With commit_sync: direct only those do that change several
 * mailboxes and must not be done in part. */
static inline bool store_journals(const struct store *s)
{
    return !s->conf.direct;
}

/* Open handle of a global database, created when missing.  ERR_IO, ERR_CORRUPT, ERR_DENIED
 * (logged). */
err_t store_db(struct store *, enum store_db, struct db **out) NODISCARD;

/* Open handle of a user's database ("" = shared scope), borrowed until store_session_end().
 * ERR_NOTFOUND: no such file, and `create` is false. */
err_t store_user_db(struct store *, struct slice userid, enum store_user_db, bool create,
                    struct db **out) NODISCARD;

/* Path of a global database as configured, and the engine it should have. */
void store_db_path(const struct store *, enum store_db, struct buf *out);
const char *store_db_engine(enum store_db);

/* What the journal still holds of a mailbox is durable in its files on ERR_OK, and will not be
 * replayed.  Under the exclusive lock of the mailbox, before its files are replaced, repaired, moved
 * or removed by anything but a commit. */
err_t store_settle(struct store *) NODISCARD;

/* Carry out what the journal says of this mailbox when its writer died before the files said it too.
 * Under the exclusive lock of its index, before a repair.  ERR_IO, ERR_NOSPACE. */
err_t store_finish_dead(struct store *, struct slice uniqueid) NODISCARD;

void foreign_forget(struct foreign *);

/* Close the handles of every database of this user (its files move or go). */
void store_forget_user(struct store *, struct slice userid);

#endif

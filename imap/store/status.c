/* status.c - see status.h */
#include "imap/store/status.h"

#include "imap/store/mailbox_files.h"
#include "imap/store/mailbox_impl.h"
#include "imap/store/mbname.h"
#include "imap/store/mbentry.h"
#include "imap/store/seen.h"
#include "imap/store/store_impl.h"

/* Does the record's own \Seen bit hold for this user?  As seen_is_internal(), before anything is
 * opened. */
static bool is_internal(const struct mbentry *e, const struct index_head *h, struct slice userid)
{
    return mbname_owned_by(buf_slice(&e->name), userid) || (h->options & MBOPT_SHAREDSEEN);
}

static void take_counts(const struct index_head *h, struct status *out)
{
    out->messages = h->exists;
    out->uidnext = h->last_uid + 1;
    out->uidvalidity = h->uidvalidity;
    out->deleted = h->deleted;
    out->size = h->quota_used;
    out->highestmodseq = h->highestmodseq;
}

static bool is_live(const struct mailbox *mb, uint32_t recno)
{
    return !(mailbox_flags_at(mb, recno) & (FLAG_INT_EXPUNGED | FLAG_INT_UNLINKED));
}

static uint32_t count_recent(const struct mailbox *mb, uint32_t last_uid)
{
    uint32_t n = 0;

    if (last_uid == UINT32_MAX)
        return 0;
    for (uint32_t r = mailbox_find_uid(mb, last_uid + 1); r <= mailbox_nrecords(mb); r++)
        n += is_live(mb, r);
    return n;
}

/* Messages less those in the seen set; both are counted over the records of the set's ranges. */
static uint32_t count_unseen(const struct mailbox *mb, const struct ranges *seen)
{
    uint32_t seen_count = 0, all = mailbox_head(mb)->exists;

    for (size_t i = 0; i < seen->n; i++) {
        uint32_t r = mailbox_find_uid(mb, seen->r[i].lo);

        for (; r <= mailbox_nrecords(mb) && mailbox_uid_at(mb, r) <= seen->r[i].hi; r++)
            seen_count += is_live(mb, r);
    }
    return seen_count < all ? all - seen_count : 0;
}

static uint64_t count_deleted(const struct mailbox *mb)
{
    uint64_t bytes = 0;
    struct record rec;

    for (uint32_t r = 1; r <= mailbox_nrecords(mb); r++) {
        if (!(mailbox_flags_at(mb, r) & FLAG_DELETED) || !is_live(mb, r))
            continue;
        mailbox_record(mb, r, &rec);
        bytes += rec.size;
    }
    return bytes;
}

static bool are_records_ok(struct mailbox *mb)
{
    bool ok = true;

    for (uint32_t r = 1; r <= mailbox_nrecords(mb); r++)
        ok &= mailbox_record_ok(mb, r);
    return ok;
}

/* Damage of any record can mislead the search for UIDs: the refresh repairs what is found. */
static err_t check_records(struct mailbox *mb)
{
    enum mailbox_news news;

    return are_records_ok(mb) ? ERR_OK : mailbox_refresh(mb, &news);
}

/* What must look at records: \Recent of anybody, unseen of those who are not the owner. */
static void take_user_counts(const struct mailbox *mb, bool internal, const struct seen *seen,
                             unsigned want, struct status *out)
{
    const struct index_head *h = mailbox_head(mb);

    if (want & STATUS_RECENT)
        out->recent = count_recent(mb, internal ? h->recentuid : seen->last_uid);
    if (want & STATUS_UNSEEN)
        out->unseen = internal ? h->unseen : count_unseen(mb, &seen->uids);
}

static err_t read_records(struct store *s, const struct mbentry *e, struct slice userid,
                          unsigned want, struct status *out)
{
    struct mailbox *mb;
    struct seen seen;
    err_t err = mailbox_open_entry(s, e, &mb);

    if (err)
        return err;
    bool internal = is_internal(e, mailbox_head(mb), userid);

    if (!internal)
        err = check_records(mb);
    take_counts(mailbox_head(mb), out);
    seen_init(&seen);
    if (!err && !internal)
        err = seen_read(s, userid, mailbox_uniqueid(mb), &seen);
    if (!err)
        take_user_counts(mb, internal, &seen, want, out);
    if (!err && (want & STATUS_DELETED_STORAGE))
        out->deleted_storage = count_deleted(mb);
    seen_fini(&seen);
    mailbox_close(&mb);
    return err;
}

static err_t read_files(struct store *s, const struct mbentry *e, struct slice userid,
                        unsigned want, struct status *out)
{
    struct index_head h;
    bool needs_records;
    err_t err = mailbox_peek(s, e, &h);

    *out = (struct status){ 0 };
    if (err)
        return err;
    needs_records = (want & (STATUS_RECENT | STATUS_UNSEEN)) && h.exists > 0;
    if (is_internal(e, &h, userid) && (!(want & STATUS_RECENT) || h.recentuid >= h.last_uid))
        needs_records = false;
    if ((want & STATUS_DELETED_STORAGE) && h.deleted > 0)
        needs_records = true;
    if (needs_records)
        return read_records(s, e, userid, want, out);
    take_counts(&h, out);
    if (want & STATUS_UNSEEN)
        out->unseen = h.exists ? h.unseen : 0;
    return ERR_OK;
}

/* ---- the status cache ---- */

enum { USERS = STATUS_RECENT | STATUS_UNSEEN };

/* A record of a mailbox that had the name before shows in its UIDVALIDITY. */
static bool read_cache(struct store *s, const struct mbentry *e, struct slice userid, unsigned want,
                       struct status *out)
{
    struct statuscache_user u = { 0, 0, 0 };
    struct statuscache_index i;

    if (!statuscache_get_index(s, buf_slice(&e->name), &i) ||
        (e->uidvalidity && e->uidvalidity != i.uidvalidity))
        return false;
    if ((want & USERS) && i.messages &&
        (!statuscache_get_user(s, buf_slice(&e->name), userid, &u) ||
         u.highestmodseq != i.highestmodseq))
        return false;
    *out = (struct status){ .messages = i.messages,
                            .recent = want & STATUS_RECENT ? u.recent : 0,
                            .unseen = want & STATUS_UNSEEN ? u.unseen : 0,
                            .uidnext = i.uidnext,
                            .uidvalidity = i.uidvalidity,
                            .size = i.size,
                            .highestmodseq = i.highestmodseq };
    return true;
}

static void keep_index(struct store *s, const struct mailbox *mb)
{
    const uint32_t passing = INDEX_OPT_NEEDS_UNLINK | INDEX_OPT_NEEDS_REPACK;
    const struct index_head *h = mailbox_head(mb);
    const struct statuscache_index i = { .messages = h->exists,
                                         .uidnext = h->last_uid + 1,
                                         .uidvalidity = h->uidvalidity,
                                         .options = h->options & ~passing,
                                         .size = h->quota_used,
                                         .createdmodseq = h->createdmodseq,
                                         .highestmodseq = h->highestmodseq };

    statuscache_put_index(s, mailbox_name(mb), &i);
}

/* A user without a seen database has none that could be held: nothing is kept of him. */
static err_t keep_user(struct store *s, const struct mailbox *mb, struct slice userid,
                       struct status *out)
{
    bool internal = seen_is_internal(mb, userid);
    struct db_txn *held = NULL;
    struct seen seen;
    err_t err = ERR_OK;

    seen_init(&seen);
    if (!internal)
        err = seen_hold(s, userid, mailbox_uniqueid(mb), &seen, &held);
    if (!err || err == ERR_NOTFOUND)
        take_user_counts(mb, internal, &seen, USERS, out);
    if (!err) {
        const struct statuscache_user u = { out->recent, out->unseen,
                                            mailbox_head(mb)->highestmodseq };
        statuscache_put_user(s, mailbox_name(mb), userid, &u);
    }
    seen_let_go(&held);
    seen_fini(&seen);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* Under the lock of the index.  ERR_AGAIN: not a state to be kept. */
static err_t read_and_keep(struct store *s, struct mailbox *mb, const struct mbentry *e,
                           struct slice userid, unsigned want, struct status *out)
{
    err_t err = view_read(mb);

    if (!err && ((mb->head.options & (INDEX_OPT_UNFINISHED | INDEX_OPT_DELETED)) ||
                 mb->layout.version != INDEX_VERSION ||
                 !slice_eq(buf_slice(&mb->entry.name), buf_slice(&e->name))))
        err = ERR_AGAIN;
    if (err)
        return err;
    take_counts(mailbox_head(mb), out);
    if ((want & USERS) && out->messages && !seen_is_internal(mb, userid) && !are_records_ok(mb))
        return ERR_AGAIN;
    if ((want & USERS) && out->messages)
        err = keep_user(s, mb, userid, out);
    if (!err)
        keep_index(s, mb);
    return err;
}

/* A writer at work is not waited for: the usual way answers with what was before. */
static err_t fill_cache(struct store *s, const struct mbentry *e, struct slice userid,
                        unsigned want, struct status *out)
{
    struct mailbox *mb;
    err_t err = mailbox_open_entry(s, e, &mb);

    *out = (struct status){ 0 };
    if (err)
        return err;
    err = core_lock_index(mb->core, LOCK_SHARED, LOCK_TRY);
    if (!err) {
        err = read_and_keep(s, mb, e, userid, want, out);
        core_unlock_index(mb->core);
    }
    mailbox_close(&mb);
    return err;
}

err_t status_read(struct store *s, const struct mbentry *e, struct slice userid, unsigned want,
                  struct status *out)
{
    if (statuscache_is_on(s) && !(want & (STATUS_DELETED | STATUS_DELETED_STORAGE)) && mbentry_is_mailbox(e) &&
        (read_cache(s, e, userid, want, out) || fill_cache(s, e, userid, want, out) == ERR_OK))
        return ERR_OK;
    return read_files(s, e, userid, want, out);
}

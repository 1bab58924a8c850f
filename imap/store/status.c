/* status.c - see status.h */
#include "imap/store/status.h"

#include "imap/store/mailbox_files.h"
#include "imap/store/mbname.h"
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

/* Damage of any record can mislead the search for UIDs: the refresh repairs what is found. */
static err_t check_records(struct mailbox *mb)
{
    enum mailbox_news news;
    bool ok = true;

    for (uint32_t r = 1; r <= mailbox_nrecords(mb); r++)
        ok &= mailbox_record_ok(mb, r);
    return ok ? ERR_OK : mailbox_refresh(mb, &news);
}

/* What must look at records: \Recent of anybody, unseen of those who are not the owner. */
static err_t take_user_counts(struct store *s, const struct mbentry *e, struct slice userid,
                              unsigned want, struct status *out)
{
    struct mailbox *mb;
    struct seen seen;
    err_t err = mailbox_open_entry(s, e, &mb);

    if (err)
        return err;
    const struct index_head *h = mailbox_head(mb);
    bool internal = is_internal(e, h, userid);

    if (!internal)
        err = check_records(mb);
    take_counts(h, out);
    seen_init(&seen);
    if (internal)
        seen.last_uid = h->recentuid;
    else if (!err)
        err = seen_read(s, userid, mailbox_uniqueid(mb), &seen);
    if (!err && (want & STATUS_RECENT))
        out->recent = count_recent(mb, seen.last_uid);
    if (!err && (want & STATUS_UNSEEN))
        out->unseen = internal ? h->unseen : count_unseen(mb, &seen.uids);
    seen_fini(&seen);
    mailbox_close(&mb);
    return err;
}

err_t status_read(struct store *s, const struct mbentry *e, struct slice userid, unsigned want,
                  struct status *out)
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
    if (needs_records)
        return take_user_counts(s, e, userid, want, out);
    take_counts(&h, out);
    if (want & STATUS_UNSEEN)
        out->unseen = h.exists ? h.unseen : 0;
    return ERR_OK;
}

/* view.c - the selected mailbox as this client knows it: numbers and state; see view.h
 *
 * What may be told when is in view_tell.c.
 */
#include "imap/imapd/view_impl.h"

#include "imap/store/mbname.h"
#include "imap/store/msgannot.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

static bool is_live(const struct mailbox *mb, uint32_t recno)
{
    return !(mailbox_flags_at(mb, recno) & FLAG_INT_EXPUNGED);
}

static void add_msg(struct view *v, uint32_t uid, uint32_t recno)
{
    *VEC_PUSH(&v->msg, struct view_msg) = (struct view_msg){ uid, recno };
}

/* First picture: every record that is not expunged. */
static void fill(struct view *v)
{
    const struct index_head *h = mailbox_head(v->mb);

    v->known = mailbox_nrecords(v->mb);
    v->same = h->exists == v->known;
    v->n = h->exists;
    if (v->same)
        return;
    vec_reserve(&v->msg, h->exists);
    for (uint32_t r = 1; r <= v->known; r++)
        if (mailbox_record_ok(v->mb, r) && is_live(v->mb, r))
            add_msg(v, mailbox_uid_at(v->mb, r), r);
    v->n = (uint32_t)v->msg.n;
}

/* The same; damage that shows is repaired first. */
static err_t fill_soundly(struct view *v)
{
    enum mailbox_news news;

    fill(v);
    if (mailbox_read_ok(v->mb) == ERR_OK)
        return ERR_OK;
    err_t err = mailbox_refresh(v->mb, &news);
    v->msg.n = 0;
    if (!err)
        fill(v);
    return err;
}

void view_materialise(struct view *v)
{
    if (!v->same)
        return;
    vec_reserve(&v->msg, v->n);
    for (uint32_t r = 1; r <= v->n; r++)
        add_msg(v, mailbox_uid_at(v->mb, r), r);
    v->same = false;
}

/* The numbers still belong to the old picture: take the UIDs from it. */
static void materialise_from_prev(struct view *v)
{
    uint32_t have = mailbox_prev_nrecords(v->mb);

    for (uint32_t r = 1; r <= v->n && r <= have; r++)
        add_msg(v, mailbox_prev_uid_at(v->mb, r), 0);
    v->n = (uint32_t)v->msg.n;
    v->same = false;
}

void view_resync(struct view *v)
{
    uint32_t generation = mailbox_head(v->mb)->generation;
    uint32_t total = mailbox_nrecords(v->mb), r = 1, last = 0;

    if (generation == v->generation)
        return;
    if (v->same)
        materialise_from_prev(v);
    for (uint32_t i = 0; i < v->n; i++) {
        struct view_msg *m = VEC_AT(&v->msg, struct view_msg, i);
        while (r <= total && mailbox_uid_at(v->mb, r) < m->uid)
            r++;
        m->recno = r <= total && mailbox_uid_at(v->mb, r) == m->uid ? r : 0;
        if (!m->recno)
            ranges_add(&v->gone, m->uid, m->uid);
        last = m->uid;
    }
    /* what lies behind the last message that was known is new */
    v->known = mailbox_find_uid(v->mb, last + 1) - 1;
    v->generation = generation;
}

/* Raise the mark "shown up to" under its lock; *floor gets what it was. */
static err_t raise_mark(struct view *v, uint32_t last_uid, uint32_t *floor)
{
    struct seen_change change = { .last_uid = last_uid, .last_uid_was = floor };
    struct commit *c;
    err_t err;

    if (!v->seen_internal)
        return view_update_seen(v, &change);
    err = view_commit_begin(v, &c);
    if (err)
        return err;
    *floor = mailbox_head(v->mb)->recentuid;
    if (*floor >= last_uid) {
        commit_abort(&c);
        return ERR_OK;
    }
    commit_recent(c, last_uid);
    return view_commit_end(v, &c, NULL);
}

void view_claim_recent(struct view *v, uint32_t last_uid)
{
    uint32_t floor = v->seen_internal ? mailbox_head(v->mb)->recentuid : v->seen.last_uid;
    err_t err = ERR_OK;

    if (floor >= last_uid)
        return;
    if (!v->readonly && (v->rights & ACL_S))
        err = raise_mark(v, last_uid, &floor);
    if (err)
        log_debug("recent state of %.*s not kept: %s", SLICE_ARG(mailbox_name(v->mb)), err_name(err));
    if (floor < last_uid)
        ranges_add(&v->recent_uids, floor + 1, last_uid);
}

err_t view_open(struct session *s, struct mailbox *mb, rights_t rights, unsigned flags,
                struct view **out)
{
    struct slice userid = ident_userid(s->base->ident);
    struct view *v = mem_zalloc(sizeof *v);
    err_t err = ERR_OK;

    v->session = s;
    v->mb = mb;
    v->rights = rights;
    v->readonly = flags & VIEW_READONLY;
    v->was_deleted = mbname_is_deleted(mailbox_name(mb));
    vec_init(&v->msg, sizeof(struct view_msg));
    seen_init(&v->seen);
    v->search = search_state_new();
    err = mailbox_flags_known(mb); /* first: a repair makes the other facts new */
    if (!err)
        err = fill_soundly(v);
    v->generation = mailbox_head(mb)->generation;
    v->told_modseq = v->whole_modseq = mailbox_head(mb)->highestmodseq;
    v->seen_internal = seen_is_internal(mb, userid);
    if (!err && !v->seen_internal)
        err = seen_read(s->base->store, userid, mailbox_uniqueid(mb), &v->seen);
    if (err) {
        view_close(&v);
        return err;
    }
    if (v->n)
        view_claim_recent(v, view_uid(v, v->n));
    *out = v;
    return ERR_OK;
}

void view_close(struct view **vp)
{
    struct view *v = *vp;

    if (!v)
        return;
    *vp = NULL;
    msgannot_close(&v->annotations);
    mailbox_close(&v->mb);
    vec_fini(&v->msg);
    ranges_fini(&v->gone);
    ranges_fini(&v->skip);
    ranges_fini(&v->unsaid);
    ranges_fini(&v->own);
    ranges_fini(&v->recent_uids);
    seen_fini(&v->seen);
    ranges_fini(&v->seen_news);
    buf_fini(&v->flags_told);
    search_state_free(&v->search);
    mem_free(v);
}

struct mailbox *view_mailbox(struct view *v)
{
    return v->mb;
}

rights_t view_rights(const struct view *v)
{
    return v->rights;
}

bool view_is_readonly(const struct view *v)
{
    return v->readonly || !(v->rights & (ACL_S | ACL_W | ACL_T | ACL_E | ACL_I | ACL_N));
}

bool view_is_examined(const struct view *v)
{
    return v->readonly;
}

struct msgannot *view_annotations_open(struct view *v)
{
    msgannot_close(&v->annotations);
    err_t err = msgannot_open(v->session->base->store, mailbox_entry(v->mb), &v->annotations);
    if (err && err != ERR_NOTFOUND)
        log_err("DBERROR: annotations of messages are not shown: mailbox=<%.*s> error=<%s>",
                SLICE_ARG(mailbox_name(v->mb)), err_name(err));
    return v->annotations;
}

struct msgannot *view_annotations(const struct view *v)
{
    return v->annotations;
}

void view_tell_annotations(struct view *v)
{
    v->tells_annotations = true;
    v->annotations_modseq = v->told_modseq;
}

uint32_t view_exists(const struct view *v)
{
    return v->n;
}

uint32_t view_recent(const struct view *v)
{
    uint32_t n = 0, floor = ranges_min(&v->recent_uids);

    for (uint32_t m = v->n; m > 0 && floor && view_uid(v, m) >= floor; m--)
        n += ranges_has(&v->recent_uids, view_uid(v, m));
    return n;
}

uint64_t view_modseq(const struct view *v)
{
    return ranges_empty(&v->gone) ? v->told_modseq : v->whole_modseq;
}

bool view_has_modseqs(const struct view *v)
{
    return mailbox_head(v->mb)->highestmodseq != 0;
}

uint32_t view_recno(const struct view *v, uint32_t msgno)
{
    return v->same ? msgno : VEC_AT(&v->msg, struct view_msg, msgno - 1)->recno;
}

uint32_t view_uid(const struct view *v, uint32_t msgno)
{
    return v->same ? mailbox_uid_at(v->mb, msgno) : VEC_AT(&v->msg, struct view_msg, msgno - 1)->uid;
}

/* First message number with UID >= uid, or n+1.  A damaged record, which could lead astray, is
 * noticed (mailbox_read_ok). */
static uint32_t lower_bound(const struct view *v, uint32_t uid)
{
    uint32_t lo = 1, hi = v->n + 1;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (v->same)
            (void)mailbox_record_ok(v->mb, mid);
        if (view_uid(v, mid) < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

uint32_t view_msgno_of_uid(const struct view *v, uint32_t uid)
{
    uint32_t m = lower_bound(v, uid);

    return m <= v->n && view_uid(v, m) == uid ? m : 0;
}

uint32_t view_msgno_of_recno(const struct view *v, uint32_t recno)
{
    if (v->same)
        return recno >= 1 && recno <= v->n ? recno : 0;
    return view_msgno_of_uid(v, mailbox_uid_at(v->mb, recno));
}

bool view_is_expunged(const struct view *v, uint32_t msgno)
{
    uint32_t recno = view_recno(v, msgno);

    return recno == 0 || !is_live(v->mb, recno);
}

uint32_t view_first_unseen(struct view *v)
{
    if (v->seen_internal && mailbox_head(v->mb)->unseen == 0)
        return 0;
    for (uint32_t m = 1; m <= v->n; m++)
        if (!view_is_seen(v, view_recno(v, m)))
            return m;
    return 0;
}

void view_msgnos(const struct view *v, const struct ranges *uids, struct ranges *msgnos)
{
    for (size_t i = 0; i < uids->n; i++) {
        uint32_t lo = lower_bound(v, uids->r[i].lo);
        uint32_t hi = uids->r[i].hi == UINT32_MAX ? v->n + 1 : lower_bound(v, uids->r[i].hi + 1);
        if (lo < hi)
            ranges_add(msgnos, lo, hi - 1);
    }
}

struct search_state *view_search(const struct view *v)
{
    return v->search;
}

void view_resolve_uids(const struct view *v, const struct imapset *set, struct ranges *uids)
{
    if (set->saved)
        ranges_union(uids, search_saved(v->search));
    else
        imapset_resolve(set, mailbox_head(v->mb)->last_uid, uids);
}

err_t view_resolve(const struct view *v, const struct imapset *set, bool is_uid, struct ranges *msgnos)
{
    struct ranges raw = RANGES_INIT;
    err_t err = ERR_OK;

    if (set->saved) {
        view_msgnos(v, search_saved(v->search), msgnos);
    } else if (is_uid) {
        imapset_resolve(set, v->n ? view_uid(v, v->n) : 0, &raw);
        view_msgnos(v, &raw, msgnos);
    } else {
        imapset_resolve(set, v->n, &raw);
        if (raw.n && (ranges_max(&raw) > v->n || ranges_min(&raw) == 0))
            err = ERR_SYNTAX;
        else
            ranges_copy(msgnos, &raw);
        if (set->has_star && v->n == 0)
            err = ERR_SYNTAX;
    }
    ranges_fini(&raw);
    return err ? err : mailbox_read_ok(v->mb);
}

bool view_seen_is_internal(const struct view *v)
{
    return v->seen_internal;
}

bool view_is_seen(const struct view *v, uint32_t recno)
{
    if (recno == 0)
        return true;
    if (v->seen_internal)
        return mailbox_flags_at(v->mb, recno) & FLAG_SEEN;
    return ranges_has(&v->seen.uids, mailbox_uid_at(v->mb, recno));
}

bool view_is_recent(const struct view *v, uint32_t recno)
{
    return recno && ranges_has(&v->recent_uids, mailbox_uid_at(v->mb, recno));
}

static const struct {
    uint32_t bit;
    const char *name;
} system_flags[] = {
    { FLAG_ANSWERED, "\\Answered" }, { FLAG_FLAGGED, "\\Flagged" }, { FLAG_DRAFT, "\\Draft" },
    { FLAG_DELETED, "\\Deleted" },
};

static void add_word(struct buf *out, size_t start, struct slice word)
{
    if (out->n > start)
        buf_addc(out, ' ');
    buf_add_slice(out, word);
}

static void add_user_flags(const struct view *v, const struct record *rec, struct buf *out, size_t start)
{
    for (unsigned w = 0; w < USER_FLAGS_MAX / 32; w++) {
        for (uint32_t bits = rec->user_flags[w]; bits; bits &= bits - 1) {
            struct slice name = mailbox_flag_name(v->mb, w * 32 + (unsigned)__builtin_ctz(bits));
            if (name.n)
                add_word(out, start, name);
        }
    }
}

void view_flags_text(const struct view *v, uint32_t recno, struct buf *out)
{
    struct record rec = { 0 };
    size_t start;

    buf_addc(out, '(');
    start = out->n;
    if (recno) {
        mailbox_record(v->mb, recno, &rec);
        if (!(v->session->enabled & ENABLED_REV2) && view_is_recent(v, recno))
            add_word(out, start, SLICE_LIT("\\Recent"));
    }
    for (size_t i = 0; i < sizeof system_flags / sizeof *system_flags; i++)
        if (rec.flags & system_flags[i].bit)
            add_word(out, start, slice_cstr(system_flags[i].name));
    if (recno && view_is_seen(v, recno))
        add_word(out, start, SLICE_LIT("\\Seen"));
    add_user_flags(v, &rec, out, start);
    buf_addc(out, ')');
}

bool view_is_gone(const struct view *v)
{
    return !v->was_deleted && mbname_is_deleted(mailbox_name(v->mb));
}

void view_refresh(struct view *v)
{
    enum mailbox_news news = MAILBOX_SAME;
    err_t err = mailbox_refresh(v->mb, &news);

    if (!err)
        view_resync(v);
    if (!err && news != MAILBOX_SAME && !v->seen_internal)
        err = view_reread_seen(v);
    if (err)
        log_debug("the picture of %.*s stays old: %s", SLICE_ARG(mailbox_name(v->mb)), err_name(err));
}

err_t view_commit_begin(struct view *v, struct commit **out)
{
    err_t err = commit_begin(v->mb, NULL, out);

    if (!err && view_is_gone(v)) {
        commit_abort(out);
        err = ERR_NOTFOUND;
    }
    if (err)
        return err;
    view_resync(v);
    v->begin_modseq = mailbox_head(v->mb)->highestmodseq;
    return ERR_OK;
}

err_t view_commit_end(struct view *v, struct commit **c, const struct ranges *told)
{
    err_t err = commit_end(c);
    uint64_t now = mailbox_head(v->mb)->highestmodseq;

    view_resync(v);
    if (err || !told || now == v->begin_modseq)
        return err;
    ranges_copy(&v->skip, told);
    v->skip_modseq = now;
    return ERR_OK;
}

err_t view_commit_begin_two(struct view *v, struct mailbox *other, struct commit **own_out,
                            struct commit **other_out)
{
    struct mailbox *const both[] = { v->mb, other };
    struct commit *c[2];
    err_t results[2];

    commit_begin_many(both, 2, NULL, c, results);
    *own_out = c[0];
    *other_out = c[1];
    if (results[0] || results[1]) {
        commit_abort(own_out);
        commit_abort(other_out);
        return results[0] ? results[0] : results[1];
    }
    if (view_is_gone(v)) {
        commit_abort(own_out);
        commit_abort(other_out);
        return ERR_READONLY;                    /* not NOTFOUND: that is said of the other */
    }
    view_resync(v);
    v->begin_modseq = mailbox_head(v->mb)->highestmodseq;
    return ERR_OK;
}

err_t view_commit_end_two(struct view *v, struct commit **own, struct commit **other)
{
    struct commit *c[] = { *other, *own };
    err_t results[2];

    *own = *other = NULL;
    commit_end_many(c, 2, results);
    view_resync(v);
    return results[0] ? results[0] : results[1];
}

/* maildrop.c - see maildrop.h */
#include "imap/pop3d/maildrop.h"

#include "imap/store/commit.h"
#include "imap/store/mbname.h"
#include "imap/store/mbops.h"
#include "imap/store/namespace.h"
#include "imap/store/policy.h"
#include "imap/store/poplock.h"
#include "imap/store/seen.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/conf.h"

enum uidl_format { UIDL_UIDONLY, UIDL_CYRUS, UIDL_DOVECOT, UIDL_COURIER };

struct pop_msg {
    uint32_t uid, size;
    bool marked, seen;
};

struct maildrop {
    struct mailbox *mb;
    rights_t rights;
    int lock;
    enum uidl_format format;
    struct vec msgs;                            /* struct pop_msg */
};

static struct pop_msg *msg(const struct maildrop *d, uint32_t number)
{
    return VEC_AT(&d->msgs, struct pop_msg, number - 1);
}

static bool is_shown(const struct maildrop *d, const struct record *rec)
{
    if (rec->flags & FLAG_INT_EXPUNGED)
        return false;
    if (conf_bool(CONF_POPUSEIMAPFLAGS) && (rec->flags & FLAG_DELETED))
        return false;
    return rec->internaldate >= mailbox_head(d->mb)->pop3_show_after;   /* pop3showafter: PT-34 */
}

static void number_messages(struct maildrop *d)
{
    struct record rec;

    for (uint32_t r = 1; r <= mailbox_nrecords(d->mb); r++) {
        if (!mailbox_record_ok(d->mb, r))
            continue;
        mailbox_record(d->mb, r, &rec);
        if (is_shown(d, &rec))
            *VEC_PUSH(&d->msgs, struct pop_msg) = (struct pop_msg){ .uid = rec.uid, .size = rec.size };
    }
}

/* A message whose record is damaged would be missing without a word: it is repaired first. */
static err_t number_soundly(struct maildrop *d)
{
    enum mailbox_news news;

    number_messages(d);
    if (mailbox_read_ok(d->mb) == ERR_OK)
        return ERR_OK;
    d->msgs.n = 0;
    err_t err = mailbox_refresh(d->mb, &news);
    if (!err)
        number_messages(d);
    return err;
}

/* INBOX, or user+folder. */
static err_t find_entry(struct store *store, const struct ident *who, struct slice folder, struct mbentry *entry)
{
    struct namespace *ns = namespace_new(ident_userid(who), false);
    struct buf name = BUF_INIT, ext = BUF_INIT;
    err_t err = ERR_OK;

    mbname_inbox(ident_userid(who), &name);
    if (folder.n) {
        char sep = namespace_sep(ns);
        struct namespace_view v;
        namespace_describe(ns, &v);
        if (v.personal.n == 0)                  /* alternate namespace: folders stand beside INBOX */
            buf_add_slice(&ext, folder);
        else
            buf_addf(&ext, "INBOX%c%.*s", sep, SLICE_ARG(folder));
        buf_reset(&name);
        err = namespace_to_internal(ns, buf_slice(&ext), &name);
        if (!err && !mbname_owned_by(buf_slice(&name), ident_userid(who)))
            err = ERR_NOTFOUND;
    }
    if (!err)
        err = mblist_lookup(store, buf_slice(&name), entry);
    if (err == ERR_NOTFOUND && folder.n == 0 && mbop_autocreate(store, ident_userid(who), false) == ERR_OK)
        err = mblist_lookup(store, buf_slice(&name), entry);
    if (!err && !mbentry_is_mail(entry))
        err = ERR_NOTFOUND;
    buf_fini(&ext);
    buf_fini(&name);
    namespace_free(&ns);
    return err == ERR_BADNAME ? ERR_NOTFOUND : err;
}

/* The time of this login is kept in the index (lastpop); popminpoll looks at the last one. */
static err_t note_login(struct maildrop *d)
{
    time_t now = clock_now(), last = (time_t)mailbox_head(d->mb)->pop3_last_login;
    int64_t wait = conf_seconds(CONF_POPMINPOLL);
    struct commit *c;
    err_t err;

    if (wait > 0 && last <= now && now - last < wait)
        return ERR_AGAIN;
    err = commit_begin(d->mb, NULL, &c);
    if (err)
        return err;
    commit_pop3_login(c, now);
    return commit_end(&c);
}

static enum uidl_format choose_format(const struct mailbox *mb)
{
    if (!(mailbox_head(mb)->options & MBOPT_POP3_NEW_UIDL))
        return UIDL_UIDONLY;
    return (enum uidl_format)conf_enum(CONF_UIDL_FORMAT);
}

static err_t open_entry(struct store *store, const struct ident *who, const struct mbentry *entry,
                        struct maildrop *d)
{
    err_t err;

    d->rights = acl_effective(buf_slice(&entry->name), buf_slice(&entry->acl), who, false);
    if (conf_bool(CONF_POPUSEACL)) {
        err = policy_check(OP_SELECT, d->rights);
        if (err)
            return err;
    }
    err = poplock_take(entry, &d->lock);
    if (!err)
        err = mailbox_open_entry(store, entry, &d->mb);
    if (!err)
        err = note_login(d);
    if (!err) {
        d->format = choose_format(d->mb);
        err = number_soundly(d);
    }
    return err;
}

err_t maildrop_open(struct store *store, const struct ident *who, struct slice folder, struct maildrop **out)
{
    struct maildrop *d = mem_zalloc(sizeof *d);
    struct mbentry entry;
    err_t err;

    d->lock = -1;
    vec_init(&d->msgs, sizeof(struct pop_msg));
    mbentry_init(&entry);
    err = find_entry(store, who, folder, &entry);
    if (!err)
        err = open_entry(store, who, &entry, d);
    mbentry_fini(&entry);
    if (err)
        maildrop_close(&d);
    *out = d;
    return err;
}

void maildrop_close(struct maildrop **dp)
{
    struct maildrop *d = *dp;

    if (!d)
        return;
    *dp = NULL;
    mailbox_close(&d->mb);
    poplock_drop(&d->lock);
    vec_fini(&d->msgs);
    mem_free(d);
}

uint32_t maildrop_count(const struct maildrop *d)
{
    return (uint32_t)d->msgs.n;
}

void maildrop_stat(const struct maildrop *d, uint32_t *n, uint64_t *bytes)
{
    *n = 0;
    *bytes = 0;
    for (uint32_t i = 1; i <= maildrop_count(d); i++) {
        if (msg(d, i)->marked)
            continue;
        ++*n;
        *bytes += msg(d, i)->size;
    }
}

bool maildrop_is_there(const struct maildrop *d, uint32_t number)
{
    return number >= 1 && number <= maildrop_count(d) && !msg(d, number)->marked;
}

uint32_t maildrop_size(const struct maildrop *d, uint32_t number)
{
    return msg(d, number)->size;
}

void maildrop_uidl(const struct maildrop *d, uint32_t number, struct buf *out)
{
    uint32_t uid = msg(d, number)->uid, validity = mailbox_head(d->mb)->uidvalidity;

    switch (d->format) {
    case UIDL_UIDONLY:
        buf_addf(out, "%u", uid);
        break;
    case UIDL_CYRUS:
        buf_addf(out, "%u.%u", validity, uid);
        break;
    case UIDL_DOVECOT:
        buf_addf(out, "%08x%08x", uid, validity);
        break;
    case UIDL_COURIER:
        buf_addf(out, "%u-%u", validity, uid);
        break;
    }
}

/* Record of a message now; 0: it has gone (repacked away by somebody else). */
static uint32_t recno_of(const struct maildrop *d, uint32_t uid)
{
    uint32_t r = mailbox_find_uid(d->mb, uid);

    return r <= mailbox_nrecords(d->mb) && mailbox_uid_at(d->mb, r) == uid ? r : 0;
}

err_t maildrop_message(struct maildrop *d, uint32_t number, struct slice *out, uint32_t *header_size)
{
    struct pop_msg *m = msg(d, number);
    uint32_t r = recno_of(d, m->uid);
    struct record rec;
    err_t err;

    if (!r)
        return ERR_NOTFOUND;
    err = mailbox_message(d->mb, r, out);
    if (err)
        return err;
    mailbox_record(d->mb, r, &rec);
    *header_size = rec.header_size;
    m->seen = true;
    return ERR_OK;
}

err_t maildrop_mark(struct maildrop *d, uint32_t number)
{
    if (conf_bool(CONF_POPUSEACL) && !(d->rights & ACL_T))
        return ERR_DENIED;
    msg(d, number)->marked = true;
    return ERR_OK;
}

void maildrop_reset(struct maildrop *d)
{
    for (uint32_t i = 1; i <= maildrop_count(d); i++)
        msg(d, i)->marked = false;
}

static bool wants_change(const struct pop_msg *m)
{
    return m->marked || (m->seen && conf_bool(CONF_POPUSEIMAPFLAGS));
}

static err_t change_one(struct maildrop *d, struct commit *c, const struct pop_msg *m, uint32_t *removed)
{
    static const struct flag_change seen = { .system_mask = FLAG_SEEN, .system_value = FLAG_SEEN };
    uint32_t r = recno_of(d, m->uid);

    if (!r || (mailbox_flags_at(d->mb, r) & FLAG_INT_EXPUNGED))
        return ERR_OK;                          /* somebody else was quicker */
    if (!m->marked)
        return commit_flags(c, r, &seen);
    ++*removed;
    return commit_expunge(c, r);
}

err_t maildrop_update(struct maildrop *d, uint32_t *removed)
{
    struct commit *c = NULL;
    err_t err = ERR_OK;

    *removed = 0;
    for (uint32_t i = 1; !err && i <= maildrop_count(d); i++) {
        if (!wants_change(msg(d, i)))
            continue;
        if (!c)
            err = commit_begin(d->mb, NULL, &c);
        if (!err)
            err = change_one(d, c, msg(d, i), removed);
    }
    if (err) {
        commit_abort(&c);
        return err;
    }
    return c ? commit_end(&c) : ERR_OK;
}

/* rcpt.c - see rcpt.h */
#include "imap/deliver/rcpt.h"

#include "imap/store/mbname.h"
#include "imap/store/mbops.h"
#include "imap/store/namespace.h"
#include "imap/store/quota.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"
#include "lib/text/ascii.h"

void rcpt_init(struct rcpt *r)
{
    memset(r, 0, sizeof *r);
    mbentry_init(&r->entry);
}

void rcpt_fini(struct rcpt *r)
{
    buf_fini(&r->address);
    buf_fini(&r->userid);
    buf_fini(&r->detail);
    mbentry_fini(&r->entry);
}

/* Local part in two: user (lower case if lmtp_downcase_rcpt) and detail. */
static void split_local(struct slice local, struct buf *user, struct rcpt *out)
{
    bool has_detail, lower = conf_bool(CONF_LMTP_DOWNCASE_RCPT);
    struct slice head, detail = slice_split(local, '+', &head, &has_detail);

    for (size_t i = 0; i < head.n; i++)
        buf_addc(user, lower ? ascii_lower(head.p[i]) : head.p[i]);
    if (has_detail)
        buf_add_slice(&out->detail, detail);
}

/* External name as an administrator would write it, to internal. */
static err_t internal_name(struct slice userid, struct slice folder, struct buf *intname)
{
    struct namespace *ns = namespace_new(SLICE_LIT(""), true);
    struct slice local = ident_local(userid), domain = ident_domain(userid);
    struct buf ext = BUF_INIT;
    char sep = namespace_sep(ns);
    err_t err;

    if (userid.n) {
        buf_adds(&ext, "user");
        buf_addc(&ext, sep);
        buf_add_slice(&ext, local);
        if (folder.n)
            buf_addc(&ext, sep);
    }
    buf_add_slice(&ext, folder);
    if (domain.n) {
        buf_addc(&ext, '@');
        buf_add_slice(&ext, domain);
    }
    err = namespace_to_internal(ns, buf_slice(&ext), intname);
    buf_fini(&ext);
    namespace_free(&ns);
    return err;
}

/* Look a mail folder up and ask for the poster's p right. */
static err_t find_posted(struct store *store, struct slice intname, const struct ident *poster,
                         struct mbentry *entry)
{
    err_t err = mblist_lookup(store, intname, entry);
    rights_t rights;

    if (err)
        return err;
    if (!mbentry_is_mail(entry))
        return ERR_NOTFOUND;
    rights = acl_effective(buf_slice(&entry->name), buf_slice(&entry->acl), poster, false);
    if (rights & ACL_P)
        return ERR_OK;
    return rights & ACL_L ? ERR_DENIED : ERR_NOTFOUND;
}

static err_t find_inbox(struct store *store, struct slice userid, struct mbentry *entry)
{
    struct buf inbox = BUF_INIT;
    err_t err;

    mbname_inbox(userid, &inbox);
    err = mblist_lookup(store, buf_slice(&inbox), entry);
    if (err == ERR_NOTFOUND && conf_bool(CONF_AUTOCREATE_POST)) {
        err = mbop_autocreate(store, userid, true);
        if (!err)
            err = mblist_lookup(store, buf_slice(&inbox), entry);
        else if (err == ERR_UNSUPPORTED || err == ERR_DENIED)
            err = ERR_NOTFOUND;
    }
    buf_fini(&inbox);
    return err || mbentry_is_mail(entry) ? err : ERR_NOTFOUND;
}

/* INBOX of the user, or of lmtp_catchall_mailbox when there is no such user. */
static err_t find_user(struct store *store, struct rcpt *out)
{
    const char *catchall = conf_string(CONF_LMTP_CATCHALL_MAILBOX);
    err_t err = find_inbox(store, buf_slice(&out->userid), &out->entry);

    if (err != ERR_NOTFOUND || !catchall || !*catchall)
        return err;
    buf_reset(&out->userid);
    err = ident_canonify(slice_cstr(catchall), &out->userid);
    return err ? err : find_inbox(store, buf_slice(&out->userid), &out->entry);
}

/* user+folder: fall back to the INBOX that was found already. */
static err_t try_folder(struct store *store, const struct ident *poster, struct rcpt *out)
{
    struct buf intname = BUF_INIT;
    struct mbentry folder;
    err_t err;

    if (out->detail.n == 0)
        return ERR_OK;
    mbentry_init(&folder);
    err = internal_name(buf_slice(&out->userid), buf_slice(&out->detail), &intname);
    if (!err)
        err = find_posted(store, buf_slice(&intname), poster, &folder);
    if (!err) {
        struct mbentry inbox = out->entry;
        out->entry = folder;
        folder = inbox;
    }
    mbentry_fini(&folder);
    buf_fini(&intname);
    return ERR_OK;
}

static err_t find_shared(struct store *store, const struct ident *poster, struct slice domain, struct rcpt *out)
{
    struct buf intname = BUF_INIT;
    err_t err = internal_name(SLICE_NULL, buf_slice(&out->detail), &intname);

    if (!err)
        err = find_posted(store, buf_slice(&intname), poster, &out->entry);
    buf_fini(&intname);
    return err == ERR_BADNAME ? ERR_NOTFOUND : err;
}

static err_t check_quota(struct store *store, const struct rcpt *r, uint64_t size)
{
    struct buf root = BUF_INIT;
    struct quota_state q;
    int64_t n = conf_bool(CONF_LMTP_STRICT_QUOTA) ? (int64_t)size : 0;
    err_t err = quota_find(store, buf_slice(&r->entry.name), &root);

    if (!err)
        err = quota_read(store, buf_slice(&root), &q);
    if (!err)
        err = quota_check(&q, QUOTA_STORAGE, n);
    if (!err)
        err = quota_check(&q, QUOTA_MESSAGE, conf_bool(CONF_LMTP_STRICT_QUOTA) ? 1 : 0);
    buf_fini(&root);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* Virtual domains: the domain belongs to the user id unless it is off. */
static err_t make_userid(struct slice user, struct slice domain, struct buf *userid)
{
    struct buf whole = BUF_INIT;
    err_t err;

    buf_add_slice(&whole, user);
    if (domain.n && conf_enum(CONF_VIRTDOMAINS) != 0) {
        buf_addc(&whole, '@');
        buf_add_slice(&whole, domain);
    }
    err = ident_canonify(buf_slice(&whole), userid);
    buf_fini(&whole);
    return err;
}

err_t rcpt_resolve(struct store *store, const struct ident *poster, struct slice local, struct slice domain,
                   bool ignore_quota, uint64_t size, struct rcpt *out)
{
    struct buf user = BUF_INIT;
    const char *postuser = conf_string(CONF_POSTUSER);
    err_t err;

    out->ignore_quota = ignore_quota;
    split_local(local, &user, out);
    if (out->detail.n && slice_eqs(buf_slice(&user), postuser ? postuser : "")) {
        err = find_shared(store, poster, domain, out);
    } else if ((err = make_userid(buf_slice(&user), domain, &out->userid)) == ERR_OK) {
        err = find_user(store, out);
        if (!err)
            err = try_folder(store, poster, out);
    } else {
        err = ERR_NOTFOUND;                     /* such a user cannot exist */
    }
    if (!err && !ignore_quota)
        err = check_quota(store, out, size);
    buf_fini(&user);
    return err;
}

/* cmd_quota.c - GETQUOTA, GETQUOTAROOT, SETQUOTA (RFC 2087, 9208), and the alert at SELECT
 *
 * Two resources have a name of 3.6 (X-...) and one of RFC 9208: both are told and taken.
 */
#include "imap/imapd/imapd.h"

#include <inttypes.h>

#include "imap/imapd/quota_alert.h"
#include "imap/imapd/view.h"
#include "imap/store/mbname.h"
#include "imap/store/quota.h"
#include "lib/conf/conf.h"
#include "lib/text/imapout.h"

/* Names of RFC 9208 5 for what 3.6 calls otherwise. */
static const char *const standard_names[QUOTA_NRES] = {
    [QUOTA_ANNOTATION] = "ANNOTATION-STORAGE", [QUOTA_FOLDERS] = "MAILBOX"
};

static void put_resource(struct buf *b, const char *name, enum quota_res r,
                         const struct quota_state *q)
{
    int64_t unit = quota_res_unit(r);

    if (b->p[b->n - 1] != '(')
        buf_addc(b, ' ');
    buf_addf(b, "%s %" PRId64 " %" PRId64, name, q->used[r] / unit, q->limit[r] / unit);
}

/* Usage in the units of the limits, rounded down as 3.6 does. */
static void put_quota(struct session *s, struct slice root, const struct quota_state *q)
{
    struct buf b = BUF_INIT;

    buf_adds(&b, "* QUOTA ");
    session_put_mailbox(s, &b, root);
    buf_adds(&b, " (");
    for (int r = 0; r < QUOTA_NRES; r++)
        if (q->limit[r] != QUOTA_UNLIMITED)
            put_resource(&b, quota_res_names[r], (enum quota_res)r, q);
    for (int r = 0; r < QUOTA_NRES; r++)
        if (q->limit[r] != QUOTA_UNLIMITED && standard_names[r])
            put_resource(&b, standard_names[r], (enum quota_res)r, q);
    buf_adds(&b, ")\r\n");
    stream_put_slice(out(s), buf_slice(&b));
    buf_fini(&b);
}

/* A root is shown to administrators and to the owner of the tree it lies in. */
static bool may_see_root(const struct session *s, struct slice root)
{
    return s->base->is_admin || mbname_owned_by(root, ident_userid(s->base->ident));
}

static bool read_name(struct session *s, struct slice *name)
{
    err_t err = imaptok_sp(&s->tok);

    if (err) {
        args_bad(s, err);
        return false;
    }
    return args_mailbox(s, name) == ERR_OK;
}

void cmd_getquota(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct quota_state q;
    struct slice root;
    err_t err;

    if (!read_name(s, &root) || args_end(s) != ERR_OK)
        return;
    if (!may_see_root(s, root)) {
        reply_err(s, ERR_DENIED);
        return;
    }
    err = quota_read(s->base->store, root, &q);
    if (err == ERR_NOTFOUND) {
        reply_no(s, "NONEXISTENT", "Quota root does not exist");
    } else if (err) {
        reply_err(s, err);
    } else {
        put_quota(s, root, &q);
        reply_ok(s, "Completed");
    }
}

void cmd_getquotaroot(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct mbentry entry;
    struct quota_state q;
    struct slice name;
    struct buf root = BUF_INIT, line = BUF_INIT;

    if (!read_name(s, &name) || args_end(s) != ERR_OK)
        return;
    mbentry_init(&entry);
    /* as 3.6: to look after quotas an administrator needs no right to read */
    if (session_access(s, name, s->base->is_admin ? OP_LOOKUP : OP_GET_QUOTAROOT, &entry, NULL) == ERR_OK) {
        bool has = quota_find(s->base->store, name, &root) == ERR_OK;
        buf_adds(&line, "* QUOTAROOT ");
        session_put_mailbox(s, &line, name);
        if (has) {
            buf_addc(&line, ' ');
            session_put_mailbox(s, &line, buf_slice(&root));
        }
        buf_adds(&line, "\r\n");
        stream_put_slice(out(s), buf_slice(&line));
        if (has && quota_read(s->base->store, buf_slice(&root), &q) == ERR_OK)
            put_quota(s, buf_slice(&root), &q);
        reply_ok(s, "Completed");
    }
    buf_fini(&root);
    buf_fini(&line);
    mbentry_fini(&entry);
}

static err_t read_limits(struct session *s, int64_t limit[QUOTA_NRES])
{
    struct imaptok *t = &s->tok;
    struct slice word;
    uint64_t value;
    bool more;
    err_t err;

    for (int r = 0; r < QUOTA_NRES; r++)
        limit[r] = QUOTA_UNLIMITED;
    if ((err = imaptok_sp(t)) == ERR_OK)
        err = imaptok_open(t);
    while (!err && (err = imaptok_more(t, &more)) == ERR_OK && more) {
        int r = 0;
        if ((err = imaptok_atom(t, &word)) != ERR_OK || (err = imaptok_sp(t)) != ERR_OK
            || (err = imaptok_number64(t, &value)) != ERR_OK)
            break;
        while (r < QUOTA_NRES && !slice_eqs_nocase(word, quota_res_names[r]) &&
               !(standard_names[r] && slice_eqs_nocase(word, standard_names[r])))
            r++;
        if (r == QUOTA_NRES)
            return ERR_UNSUPPORTED;
        if (value > INT64_MAX / 1024) {
            t->why = "Invalid quota list";
            return ERR_SYNTAX;
        }
        limit[r] = (int64_t)value * quota_res_unit((enum quota_res)r);
    }
    return err;
}

void cmd_setquota(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct quota_state q;
    struct slice root;
    int64_t limit[QUOTA_NRES];
    err_t err;

    if (!read_name(s, &root))
        return;
    err = read_limits(s, limit);
    if (err == ERR_UNSUPPORTED) {
        reply_no(s, "CANNOT", "Unsupported quota resource");
        return;
    }
    if (err) {
        args_bad(s, err);
        return;
    }
    if (args_end(s) != ERR_OK)
        return;
    err = quota_set_limits(s->base->store, root, limit);
    if (err) {
        reply_err(s, err);
        return;
    }
    /* the limits are set: that they cannot be shown is no reason to deny it */
    if (quota_read(s->base->store, root, &q) == ERR_OK)
        put_quota(s, root, &q);
    reply_ok(s, "Completed");
}

/* ---- the alert at SELECT */

static void alert_resource(struct session *s, const struct quota_state *q, enum quota_res r, int64_t only_below)
{
    int64_t used = q->used[r], limit = q->limit[r];
    const char *name = quota_res_names[r];

    if (limit == QUOTA_UNLIMITED || used <= 0)
        return;
    if (used >= limit && limit >= 0) {
        untagged(s, used > limit ? "NO [ALERT] Mailbox is over %s quota" : "NO [ALERT] Mailbox is at 100%% of %s quota",
                 name);
        return;
    }
    if (used / (limit / 100 + (limit < 100)) < conf_int(CONF_QUOTAWARN))
        return;
    if (only_below && limit - used > only_below)
        return;
    untagged(s, "NO [ALERT] Mailbox is at %d%% of %s quota", (int)((double)used * 100 / (double)limit), name);
}

void quota_alert(struct session *s)
{
    rights_t need = ACL_T | ACL_E;
    struct quota_state q;
    struct slice root;

    if ((view_rights(s->view) & need) != need)
        return;
    root = mailbox_quotaroot(view_mailbox(s->view));
    if (root.n == 0 || quota_read(s->base->store, root, &q) != ERR_OK)
        return;
    alert_resource(s, &q, QUOTA_STORAGE, conf_int(CONF_QUOTAWARNKB) * 1024);
    alert_resource(s, &q, QUOTA_MESSAGE, conf_int(CONF_QUOTAWARNMSG));
}

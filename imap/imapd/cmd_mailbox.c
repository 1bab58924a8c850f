/* cmd_mailbox.c - CREATE, DELETE, RENAME (RFC 3501 6.3.3 to 6.3.5) */
#include "imap/imapd/imapd.h"

#include "imap/imapd/view.h"
#include "imap/store/subs.h"
#include "lib/conf/conf.h"
#include "lib/text/imapout.h"

/* Optional last argument of CREATE and RENAME: a partition, for administrators (PT-03, PT-05). */
static err_t read_partition(struct session *s, struct slice *out)
{
    err_t err;

    *out = SLICE_NULL;
    if (imaptok_at_end(&s->tok))
        return ERR_OK;
    if ((err = imaptok_sp(&s->tok)) != ERR_OK || (err = imaptok_astring(&s->tok, out)) != ERR_OK) {
        args_bad(s, err);
        return err;
    }
    if (s->base->is_admin)
        return ERR_OK;
    reply_no(s, "NOPERM", "Permission denied");
    return ERR_DENIED;
}

static void create(struct session *s, struct slice name, struct slice partition)
{
    struct mbop_create op = { .name = name, .partition = partition };
    struct buf id = BUF_INIT;
    err_t err = mbop_create(s->base->store, &s->actor, &op, &id);

    if (err == ERR_UNSUPPORTED)
        reply_no(s, "CANNOT", "Unknown partition");
    else if (err)
        reply_err(s, err);
    else
        reply_ok(s, "Completed");
    buf_fini(&id);
}

void cmd_create(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct slice ext, name, partition;
    struct buf intname = BUF_INIT;
    err_t err;

    if ((err = imaptok_sp(&s->tok)) != ERR_OK || (err = imaptok_astring(&s->tok, &ext)) != ERR_OK) {
        args_bad(s, err);
        return;
    }
    if (read_partition(s, &partition) != ERR_OK || args_end(s) != ERR_OK)
        return;
    /* a separator at the end only says that there will be children: RFC 3501 6.3.3 */
    if (ext.n > 1 && ext.p[ext.n - 1] == namespace_sep(s->ns))
        ext.n--;
    err = namespace_to_internal(s->ns, ext, &intname);
    name = arena_dup(s->base->command, buf_slice(&intname));
    buf_fini(&intname);
    if (err)
        reply_err(s, ERR_BADNAME);
    else
        create(s, name, partition);
}

/* delete_unsubscribe: NS-28.  The mailbox is gone whatever becomes of it. */
static void forget_subscription(struct session *s, struct slice name)
{
    err_t err = ERR_OK;

    if (conf_bool(CONF_DELETE_UNSUBSCRIBE))
        err = subs_remove(s->base->store, ident_userid(s->base->ident), name);
    if (err && err != ERR_NOTFOUND)
        untagged(s, "NO [UNAVAILABLE] The subscription could not be removed");
    reply_ok(s, "Completed");
}

void cmd_delete(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct slice name;
    err_t err;

    if ((err = imaptok_sp(&s->tok)) != ERR_OK) {
        args_bad(s, err);
        return;
    }
    if (args_mailbox(s, &name) != ERR_OK || args_end(s) != ERR_OK)
        return;
    err = mbop_delete(s->base->store, &s->actor, name);
    if (err == ERR_EXISTS)
        reply_no(s, "HASCHILDREN", "Mailbox has inferior hierarchical names");
    else if (err)
        reply_err(s, err);
    else
        forget_subscription(s, name);
}

/* 3.6 names each mailbox that moved in an untagged OK (NS-30). */
static void renamed(void *arg, struct slice from, struct slice to)
{
    struct session *s = arg;
    struct buf b = BUF_INIT;

    buf_adds(&b, "OK rename ");
    session_put_mailbox(s, &b, from);
    buf_addc(&b, ' ');
    session_put_mailbox(s, &b, to);
    untagged(s, "%s", buf_cstr(&b));
    buf_fini(&b);
}

void cmd_rename(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct slice from, to, partition;
    err_t err;

    if ((err = imaptok_sp(&s->tok)) != ERR_OK) {
        args_bad(s, err);
        return;
    }
    if (args_mailbox(s, &from) != ERR_OK)
        return;
    if ((err = imaptok_sp(&s->tok)) != ERR_OK) {
        args_bad(s, err);
        return;
    }
    if (args_mailbox(s, &to) != ERR_OK || read_partition(s, &partition) != ERR_OK || args_end(s) != ERR_OK)
        return;
    err = mbop_rename(s->base->store, &s->actor, from, to, partition, renamed, s);
    if (err)
        reply_err(s, err);
    else
        reply_ok(s, "Completed");
}

/* cmd_subs.c - SUBSCRIBE, UNSUBSCRIBE (RFC 3501 6.3.6, 6.3.7) */
#include "imap/imapd/imapd.h"

#include "imap/imapd/notify.h"
#include "imap/store/subs.h"
#include "lib/conf/conf.h"

static bool read_name(struct session *s, struct slice *name)
{
    err_t err = imaptok_sp(&s->tok);

    if (err) {
        args_bad(s, err);
        return false;
    }
    return args_mailbox(s, name) == ERR_OK && args_end(s) == ERR_OK;
}

static void answer_subscribed(struct session *s, struct slice name)
{
    notify_subscribed(s, name);
    reply_ok(s, "Completed");
}

void cmd_subscribe(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct slice name;
    struct mbentry entry;
    rights_t rights;
    err_t err;

    if (!read_name(s, &name))
        return;
    mbentry_init(&entry);
    err = mblist_access(s->base->store, name, s->base->ident, s->base->is_admin, &entry, &rights);
    if (!err)
        err = policy_check(OP_SUBSCRIBE, rights);
    if (err == ERR_NOTFOUND && conf_bool(CONF_ALLOWALLSUBSCRIBE))
        err = ERR_OK;
    mbentry_fini(&entry);
    if (!err)
        err = subs_add(s->base->store, ident_userid(s->base->ident), name);
    if (err == ERR_NOTFOUND)
        reply_no(s, "NONEXISTENT", "Subscribe: Mailbox does not exist");
    else if (err && err != ERR_EXISTS)
        reply_err(s, err);
    else
        answer_subscribed(s, name);
}

void cmd_unsubscribe(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct slice name;
    err_t err;

    if (!read_name(s, &name))
        return;
    err = subs_remove(s->base->store, ident_userid(s->base->ident), name);
    if (err && err != ERR_NOTFOUND)             /* not being subscribed is what was asked for */
        reply_err(s, err);
    else
        reply_ok(s, "Completed");
}

/* cmd_mailbox.c - CREATE, DELETE, RENAME (RFC 3501 6.3.3 to 6.3.5) */
#include "imap/imapd/imapd.h"

#include "imap/imapd/create_args.h"
#include "imap/imapd/list_tell.h"
#include "imap/imapd/view.h"
#include "imap/store/annot.h"
#include "imap/store/annot_entry.h"
#include "imap/store/mbname.h"
#include "imap/store/specialuse.h"
#include "imap/store/subs.h"
#include "lib/base/log.h"
#include "lib/conf/conf.h"
#include "lib/text/imapout.h"
#include "lib/text/mutf7.h"
#include "lib/text/nfc.h"

/* Optional last argument of RENAME: a partition, for administrators (PT-05). */
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

/* RFC 9051 5.1: names made by who speaks UTF-8 are Net-Unicode.  What others made in modified UTF-7 stays in reach. */
static bool may_be_made(struct session *s, struct slice intname)
{
    struct buf utf8 = BUF_INIT;
    bool may = !(s->enabled & ENABLED_UTF8) || mutf7_to_utf8(intname, &utf8) != ERR_OK || nfc_is(buf_slice(&utf8));

    buf_fini(&utf8);
    if (!may)
        reply_no(s, "CANNOT", "Mailbox name is not in Unicode normalization form C");
    return may;
}

/* ---- CREATE ---- */

static const struct {
    const char *name;
    uint32_t type;
} types[] = {
    { "email", MBTYPE_EMAIL }, { "addressbook", 'a' }, { "calendar", 'c' }, { "collection", 'b' },
};

/* Are the parameters such as this user may give?  Else the NO is out. */
static bool check_args(struct session *s, const struct create_args *a, struct mbop_create *op)
{
    bool is_mail = !a->type.n || slice_eqs_nocase(a->type, "email");
    size_t i = 0;

    if (!s->base->is_admin && (a->partition.n || a->server.n || a->uidvalidity || !is_mail)) {
        reply_err(s, ERR_DENIED);
        return false;
    }
    if (a->server.n && !slice_eqs_nocase(a->server, conf_string(CONF_SERVERNAME))) {
        reply_no(s, "CANNOT", "There is no other server");
        return false;
    }
    while (a->type.n && i < sizeof types / sizeof *types && !slice_eqs_nocase(a->type, types[i].name))
        i++;
    if (i == sizeof types / sizeof *types) {
        reply_no(s, "CANNOT", "Invalid mailbox type");
        return false;
    }
    op->type = types[i].type;
    op->partition = a->partition;
    op->uidvalidity = a->uidvalidity;
    return true;
}

/* Whose special use is it: the owner's, also when an administrator makes the mailbox. */
static struct slice use_owner(struct session *s, struct slice name)
{
    struct buf owner = BUF_INIT;
    bool owned = mbname_owner(name, &owner);

    buf_fini(&owner);
    return owned && s->base->is_admin ? ANNOT_OWNER
                                      : annot_userid(name, ident_userid(s->base->ident));
}

/* RFC 6154 3: uses that cannot be given are a NO [USEATTR], and nothing is created. */
static bool check_use(struct session *s, struct slice name, struct slice uses, struct buf *out)
{
    struct mbentry entry;
    struct buf owner = BUF_INIT;
    bool taken = false;

    if (annot_uses_parse(uses, out) != ERR_OK) {
        reply_no(s, "USEATTR", "Special use is not supported");
        return false;
    }
    mbentry_init(&entry);
    buf_add_slice(&entry.name, name);
    if (out->n && (!mbname_owner(name, &owner) || mbname_is_inbox(name) ||
                   specialuse_taken(s->base->store, &entry, use_owner(s, name), buf_slice(out),
                                    &taken) != ERR_OK))
        taken = true;
    mbentry_fini(&entry);
    buf_fini(&owner);
    if (taken)
        reply_no(s, "USEATTR", "SPECIAL-USE flag conflict");
    return !taken;
}

/* The mailbox without its use is not what was asked for: it goes again. */
static err_t give_use(struct session *s, const struct mbop_create *op, struct slice uses)
{
    static const struct actor system = { .is_system = true };
    struct store *store = s->base->store;
    err_t err;

    if (!uses.n)
        return ERR_OK;
    err = mbop_annotate(store, op->name, ANNOT_SPECIALUSE, use_owner(s, op->name), uses);
    if (err && mbop_delete(store, &system, op->name) != ERR_OK)
        log_err("STOREERROR: a mailbox without its special use remains: mailbox=<%.*s>",
                SLICE_ARG(op->name));
    return err;
}

static void created(struct session *s, struct slice given, struct slice name, const char *id)
{
    struct buf ext = BUF_INIT;

    namespace_to_external(s->ns, name, &ext);
    if ((s->enabled & ENABLED_REV2) && !slice_eq(given, buf_slice(&ext)))   /* RFC 9051 6.3.4 */
        list_tell(s, name, given, 0);
    buf_fini(&ext);
    reply_ok_code(s, arena_printf(s->base->command, "MAILBOXID (%s)", id), "Completed");    /* RFC 8474 4.1 */
}

static void create(struct session *s, struct slice given, struct slice name, const struct create_args *a)
{
    struct mbop_create op = { .name = name };
    struct buf id = BUF_INIT, uses = BUF_INIT;
    err_t err;

    if (check_args(s, a, &op) && (!a->has_use || check_use(s, name, a->uses, &uses))) {
        err = mbop_create(s->base->store, &s->actor, &op, &id);
        if (!err)
            err = give_use(s, &op, buf_slice(&uses));
        if (err == ERR_UNSUPPORTED)
            reply_no(s, "CANNOT", "Unknown partition");
        else if (err)
            reply_err(s, err);
        else
            created(s, given, name, buf_cstr(&id));
    }
    buf_fini(&id);
    buf_fini(&uses);
}

void cmd_create(void *session, const struct command *cmd)
{
    struct session *s = session;
    struct create_args args;
    struct slice ext, name;
    struct buf intname = BUF_INIT;
    err_t err;

    if ((err = imaptok_sp(&s->tok)) != ERR_OK || (err = imaptok_astring(&s->tok, &ext)) != ERR_OK ||
        (err = create_args_read(s, &args)) != ERR_OK) {
        args_bad(s, err);
        return;
    }
    if (args_end(s) != ERR_OK)
        return;
    /* a separator at the end only says that there will be children: RFC 3501 6.3.3 */
    if (ext.n > 1 && ext.p[ext.n - 1] == namespace_sep(s->ns))
        ext.n--;
    err = namespace_to_internal(s->ns, ext, &intname);
    name = arena_dup(s->base->command, buf_slice(&intname));
    buf_fini(&intname);
    if (err)
        reply_err(s, ERR_BADNAME);
    else if (may_be_made(s, name))
        create(s, ext, name, &args);
}

/* ---- DELETE ---- */

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
    else if (err == ERR_INUSE)                  /* specialuse_protect */
        reply_no(s, "CANNOT", "SPECIAL-USE flag conflict");
    else if (err)
        reply_err(s, err);
    else
        forget_subscription(s, name);
}

/* ---- RENAME ---- */

/* 3.6 names each mailbox that moved in an untagged OK (NS-30); IMAP4rev2 has OLDNAME for it (RFC 9051
 * 6.3.9.7). */
static void renamed(void *arg, struct slice from, struct slice to)
{
    struct session *s = arg;
    struct buf b = BUF_INIT;

    if (s->enabled & ENABLED_REV2) {
        namespace_to_external(s->ns, from, &b);
        list_tell(s, to, buf_slice(&b), 0);
        buf_fini(&b);
        return;
    }

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
    if (args_mailbox(s, &to) != ERR_OK || read_partition(s, &partition) != ERR_OK || args_end(s) != ERR_OK
        || !may_be_made(s, to))
        return;
    err = mbop_rename(s->base->store, &s->actor, from, to, partition, renamed, s);
    if (err == ERR_INUSE)                       /* specialuse_protect */
        reply_no(s, "CANNOT", "SPECIAL-USE flag conflict");
    else if (err)
        reply_err(s, err);
    else
        reply_ok(s, "Completed");
}
